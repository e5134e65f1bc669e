"""The same view at other times: images beside the one of a place and direction that counts."""

import polars as pl

from streetview_assets.report.database import Published

SAME_WAY_DEG = 30
"""Two images of a point look the same way where their headings differ by no more."""

_OTHERS = f"""
select
    other.image_id, other.path, other.sha256, other.captured_on, other.copyright,
    shown.image_id as shown_id
from images as other
inner join images as shown using (authority_code, point_id)
where
    other.status = 'ok' and not other.is_current
    and shown.status = 'ok' and shown.is_current
    and abs((other.heading_deg - shown.heading_deg + 540) % 360 - 180) <= {SAME_WAY_DEG}
qualify row_number() over (
    partition by other.image_id
    order by abs((other.heading_deg - shown.heading_deg + 540) % 360 - 180), shown.image_id
) = 1
order by shown_id, other.captured_on, other.image_id
"""


def other_captures(published: Published) -> pl.DataFrame:
    """List images that are kept and no longer current, each with the one that took its place.

    Parameters
    ----------
    published
        The published database.

    Returns
    -------
    pl.DataFrame
        ``image_id``, ``path``, ``sha256``, ``captured_on``, ``copyright``, and ``shown_id``: the
        current image of the same point that looks the same way.
    """
    return published.ask("images", _OTHERS)
