"""A candidate with its parameters, chosen elsewhere, to be fitted afresh."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Candidate, Params, Size
from streetview_assets.models.candidates.preprocessing import Preparation, prepared
from streetview_assets.models.candidates.published_recipe import PUBLISHED, RECIPE_SETTINGS
from streetview_assets.models.candidates.registry import CANDIDATES


@dataclass(frozen=True)
class ModelSpec:
    """What is fitted: plain data, of which any process makes the pipeline.

    Attributes
    ----------
    candidate
        Its name.
    params
        Its parameters. Those that count areas or features, such as components, are lowered where
        there are fewer.
    components
        Principal components that the features are reduced to first; None: they stay.
    caveat
        What flatters a score by these parameters; None: nothing does.
    """

    candidate: str
    params: Params
    components: int | None = None
    caveat: str | None = None

    def pipeline(self, size: Size, seed: int) -> Pipeline:
        """Make the unfitted pipeline.

        Parameters
        ----------
        size
            Of the data that it is fitted to.
        seed
            Of the fit, where the model draws anything.
        """
        preparation = Preparation(components=self.components)
        (candidate,) = prepared([CANDIDATES[self.candidate]], preparation)
        return candidate.build(_allowed(candidate, self.params, size), seed)

    def predict(
        self, inputs: np.ndarray, observed: np.ndarray, new_inputs: np.ndarray, seed: int
    ) -> np.ndarray:
        """Fit to some areas and predict others, shape (m,).

        Parameters
        ----------
        inputs, observed
            To learn from: (n, d) and (n,).
        new_inputs
            (m, d).
        seed
            Of the fit, where the model draws anything.
        """
        fitted = self.pipeline(Size(*inputs.shape), seed).fit(inputs, observed)
        return np.asarray(fitted.predict(new_inputs), dtype=np.float64).reshape(-1)


PUBLISHED_SPEC = ModelSpec(
    PUBLISHED.name,
    RECIPE_SETTINGS,
    caveat="parameters that the published grid chose on Greater Manchester, of whose areas they "
    "flatter",
)
"""The published recipe with the place in its grid that was the best on the published data."""


def _allowed(candidate: Candidate, params: Params, size: Size) -> Params:
    if not candidate.stacks:
        return candidate.allowed(params, size)
    own = candidate.sized(size)
    members = {name: CANDIDATES[name].allowed(of, own) for name, of in params["members"].items()}
    return params | {"members": members}
