"""What is left out of a folder of images, counted by reason in one line."""

import polars as pl


def left_out_line(left_out: pl.DataFrame) -> str:
    """Say how many image files are left out, and why; empty where none is.

    Parameters
    ----------
    left_out
        The path of each within its folder, and `reason`.

    Returns
    -------
    str
        Such as ``3 image files left out: 2 × no position in its EXIF; 1 × link that leads nowhere
        (old.jpg)``: the commonest reason first, a lone file by its name.
    """
    if left_out.is_empty():
        return ""
    path = left_out.columns[0]
    counted = left_out.group_by("reason").agg(pl.len().alias("count"), pl.col(path).first())
    parts = [
        f"{count:,} × {reason}" + (f" ({file})" if count == 1 else "")
        for reason, count, file in counted.sort("count", "reason", descending=[True, False]).rows()
    ]
    noun = "image file" if left_out.height == 1 else "image files"
    return f"{left_out.height:,} {noun} left out: {'; '.join(parts)}"
