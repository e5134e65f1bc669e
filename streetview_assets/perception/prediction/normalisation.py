"""How the cosines of an image's neighbours become the weights of their scores.

The rules, and their names, are those of percept-knn-model (Danish 2024), the published model of
perceived streets by nearest neighbours.
"""

from typing import Literal, get_args

import numpy as np

from streetview_assets.text.counted import counted

Normalisation = Literal["softmax10**", "softmax", "divbysum", "softmax**8", "fixed"]
"""`softmax10**` and `softmax` are of the cosines c, as 10 to the c and as they are, `softmax**8` of
their eighth powers; `divbysum` divides them by their sum; `fixed` looks at their order alone."""

NAMES: tuple[Normalisation, ...] = get_args(Normalisation)
LEAST_SUM = 1e-9
"""Of cosines, as a share of what they add up to without their signs: less is rounding."""


class CancellingCosinesError(ValueError):
    """Cosines add up to nothing or less, so that they cannot be divided by their sum."""


def weights_of(cosines: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """Give the weight of each neighbour.

    Parameters
    ----------
    cosines
        Of each image and its neighbours, the most alike first: shape (m, k), float64.
    normalisation
        The rule.

    Returns
    -------
    numpy.ndarray
        Shape (m, k); each row adds up to 1.

    Raises
    ------
    CancellingCosinesError
        With `divbysum`, where the cosines of an image are zeros, negative, or cancel.
    ValueError
        For a rule of another name.
    """
    match normalisation:
        case "softmax10**":
            return _softmax(10**cosines)
        case "softmax":
            return _softmax(cosines)
        case "softmax**8":
            return _softmax(cosines**8)
        case "fixed":
            k = cosines.shape[1]
            return _softmax(np.tile(np.arange(k - 1, -1, -1, dtype=np.float64), (len(cosines), 1)))
        case "divbysum":
            return _divided(cosines)
    raise ValueError(f"normalisation is one of {', '.join(NAMES)}, not {normalisation!r}")


def _softmax(values: np.ndarray) -> np.ndarray:
    """Give exp(values) of each row as shares of their sum; the largest first taken off."""
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _divided(cosines: np.ndarray) -> np.ndarray:
    total = cosines.sum(axis=1, keepdims=True)
    without_sum = total <= LEAST_SUM * np.abs(cosines).sum(axis=1, keepdims=True)
    if without_sum.any():
        raise CancellingCosinesError(
            f"the cosines of {int(without_sum.sum())} of {counted(len(cosines), 'image')} with "
            "their neighbours add up to nothing or less, so that they cannot be divided by their "
            "sum: take the normalisation softmax10** or softmax, or fewer neighbours"
        )
    return np.asarray(cosines / total)
