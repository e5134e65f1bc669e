"""Candidates whose prediction is a weighted sum of the features."""

from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import (
    Candidate,
    Params,
    Setting,
    components,
    standardised,
)


def build_ridge(params: Params, seed: int) -> Pipeline:
    """Make ridge on standardised features.

    Parameters
    ----------
    params
        Its penalty, `alpha`.
    seed
        It draws nothing.
    """
    return standardised(model=Ridge(alpha=params["alpha"]))


def _build_pls(params: Params, seed: int) -> Pipeline:
    return standardised(model=PLSRegression(n_components=params["n_components"], scale=False))


RIDGE = Candidate(
    "ridge",
    build_ridge,
    (
        Setting(
            "alpha", 1.0, (1e-3, 1e3), log=True,
            drawn_as="alpha_per_feature", scaled=lambda drawn, size: size.width * drawn,
        ),
    ),
    cost_s=0.05,
)  # fmt: skip
PLS = Candidate(
    "pls", _build_pls, (Setting("n_components", 3, (1, 12), most=components),), cost_s=0.1
)
