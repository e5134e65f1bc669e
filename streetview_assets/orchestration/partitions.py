"""The partitions: the authorities of the study.

They come from the study file or from a small list made from the boundaries once, so that a code
location with hundreds of authorities loads in seconds.
"""

import dagster as dg


def authority_partitions(codes: tuple[str, ...]) -> dg.StaticPartitionsDefinition:
    """One partition an authority."""
    return dg.StaticPartitionsDefinition(list(codes))
