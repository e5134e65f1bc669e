"""Where one score lies among the scores of all images of a study."""

from typing import Any

import numpy as np
import polars as pl

BINS = 24


def predicted_scores(image_perception: pl.DataFrame) -> dict[str, np.ndarray]:
    """Give what is predicted of the images of a study, by quality, sorted.

    Parameters
    ----------
    image_perception
        Columns `quality` and `predicted` of that table.
    """
    known = image_perception.drop_nulls("predicted")
    return {
        str(quality): np.sort(rows["predicted"].to_numpy())
        for (quality,), rows in known.group_by("quality", maintain_order=True)
    }


def place_among(score: float | None, scores: np.ndarray) -> dict[str, Any]:
    """Tell the place of a score among others, and how these are spread.

    Parameters
    ----------
    score
        None: only the others are told of.
    scores
        (n,), sorted.

    Returns
    -------
    dict
        `image_count`; `share_below`, of the others the share with a lower score, those with the
        same counting half; and `counts` in bins of equal width between `lowest` and `highest`.
        All but the first are None where there are no others, and the second where no score is.
    """
    if not len(scores):
        return {"image_count": 0} | dict.fromkeys(("share_below", "counts", "lowest", "highest"))
    share = None
    if score is not None:
        left, right = (
            np.searchsorted(scores, score, "left"),
            np.searchsorted(scores, score, "right"),
        )
        share = float(left + right) / 2 / len(scores)
    counts, edges = np.histogram(scores, BINS)
    return {
        "image_count": len(scores),
        "share_below": share,
        "counts": counts.tolist(),
        "lowest": float(edges[0]),
        "highest": float(edges[-1]),
    }
