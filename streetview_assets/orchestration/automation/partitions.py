"""The partitions: the authorities of the study.

They come from the study file or from a small list made from the boundaries once, so that a code
location with hundreds of authorities loads in seconds. A partition key is the code itself unless
that holds what Dagster reads as something else: a slash, a bracket, a comma.
"""

import dagster as dg

from streetview_assets.text.safe_name import safe_name


def authority_partitions(codes: tuple[str, ...]) -> dg.StaticPartitionsDefinition:
    """One partition an authority."""
    return dg.StaticPartitionsDefinition([safe_name(code) for code in codes])


def authority_of(key: str, codes: tuple[str, ...]) -> str:
    """Give the code of the authority that a partition key stands for."""
    return next(code for code in codes if safe_name(code) == key)
