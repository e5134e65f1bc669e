"""What comes before a candidate: clusters, gaps and components, learnt where the model is.

They are steps of the candidate's pipeline, so that they are fitted inside the fold, and on the
training part of the inner folds too. With nothing to prepare a candidate stays as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.base import (
    Candidate,
    Params,
    Predict,
    Size,
    fits_of,
    vectors_of,
)
from streetview_assets.models.data.cluster_features import AreaImages, ClusterFeatures
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.features import WITH_GAPS, AreaFeatures
from streetview_assets.study.models import Models

OF_COMPONENTS = (
    "components_", "explained_variance_", "explained_variance_ratio_", "singular_values_"
)  # fmt: skip


@dataclass(frozen=True)
class Preparation:
    """The steps that come first.

    Attributes
    ----------
    images
        What clusters are found in; None where no feature is made of them.
    fills_gaps
        Whether gaps are filled with the mean of the training part.
    components
        Principal components that the features, standardised, are reduced to; None: not.
    may_not_vary
        Whether the features may be the same in all areas of a training part.
    """

    images: AreaImages | None = None
    fills_gaps: bool = False
    components: int | None = None
    may_not_vary: bool = False

    def steps(self, seed: int) -> list[tuple[str, Any]]:
        """Make the unfitted steps.

        Parameters
        ----------
        seed
            Of the principal components.
        """
        steps: list[tuple[str, Any]] = []
        if self.images is not None:
            steps.append(("clusters", ClusterFeatures(self.images)))
        if self.fills_gaps:
            # A column without any value stays, as zeros, so that the width is known.
            steps.append(("fill", SimpleImputer(keep_empty_features=True)))
        if self.components is not None:
            steps += [("even", StandardScaler()), ("reduce", Components(self.components, seed))]
        return steps

    def size(self, size: Size) -> Size:
        """Say what the candidate gets of inputs of some size."""
        width = size.width
        if self.images is not None:
            width += self.images.width - 1
        if self.components is not None:
            width = min(self.components, width, size.areas)
        return Size(size.areas, width)


class OrMean(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model, or the mean where no feature varies, which not every model can be fitted to."""

    def __init__(self, model: BaseEstimator) -> None:
        self.model = model

    def fit(self, inputs: np.ndarray, observed: np.ndarray) -> "OrMean":
        """Fit the model, or take the mean, on inputs of shape (n, d).

        Parameters
        ----------
        inputs
            (n, d).
        observed
            (n,).
        """
        self.fitted_ = clone(self.model) if _varies(inputs) else DummyRegressor()
        self.fitted_.fit(inputs, observed)
        return self

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Predict values, shape (n,)."""
        return np.asarray(self.fitted_.predict(inputs)).reshape(-1)


def _varies(inputs: np.ndarray) -> bool:
    return bool((np.ptp(inputs, axis=0) > 0).any())


class Components(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """So many principal components, or as many as there are.

    Parameters
    ----------
    count
        How many.
    seed
        Of the search for them, where it is a randomised one.
    among
        They are the first of so many, if more: whatever is searched for moves the last digits.
    """

    def __init__(self, count: int, seed: int, among: int = 0) -> None:
        self.count = count
        self.seed = seed
        self.among = among

    def fit(self, inputs: np.ndarray, observed: np.ndarray | None = None) -> "Components":
        """Find them in inputs of shape (n, d)."""
        most = min(max(self.count, self.among), *inputs.shape)
        with np.errstate(invalid="ignore"):  # Shares of a variance that is nought.
            found = PCA(most, random_state=self.seed).fit(inputs)
        if self.count < most:
            found.n_components_ = self.count
            for name in OF_COMPONENTS:
                setattr(found, name, getattr(found, name)[: self.count])
        self.pca_ = found
        return self

    def transform(self, inputs: np.ndarray) -> np.ndarray:
        """Project inputs (n, d) to them."""
        return np.asarray(self.pca_.transform(inputs))


def preparation_of(data: AreaDataset, settings: Models) -> Preparation:
    """Say which steps the features need before a model.

    Areas that are held out may have gaps where those at hand have none, so that it is the kind of
    feature that decides.

    Parameters
    ----------
    data
        The areas; where features are made of clusters, with their images.
    settings
        The chapter `models` of the study file: `features`, `components`.
    """
    gaps = bool(WITH_GAPS & set(settings.features)) or bool(np.isnan(data.vectors).any())
    other = settings.features != ("pooled",)
    return Preparation(data.images, gaps, settings.components, may_not_vary=other)


def why_unprepared(data: AreaDataset) -> str | None:
    """Say why features cannot be made: too few images for clusters; None where they can."""
    reason = None if data.images is None else data.images.too_few(data.area_codes)
    return f"left out: {reason}" if reason else None


def prepared(candidates: Sequence[Candidate], preparation: Preparation) -> list[Candidate]:
    """Put the steps that the features need before those of each candidate.

    Parameters
    ----------
    candidates
        Who competes.
    preparation
        What `preparation_of` gives.
    """
    if preparation == Preparation():
        return list(candidates)
    return [
        replace(
            candidate,
            sized=preparation.size,
            build=partial(_build, candidate, preparation),
            shared=partial(_shared, candidate, preparation),
            inputs=partial(image_inputs, seen=candidate.inputs),
        )
        for candidate in candidates
    ]


def frozen_features(data: AreaDataset, seen: AreaFeatures) -> tuple[AreaDataset, AreaFeatures]:
    """Make plain numbers of features by clusters, for a model fitted to all areas of `data`.

    Parameters
    ----------
    data
        What the model is fitted to: clusters are found in these areas' images.
    seen
        All areas with a vector, those to predict.

    Returns
    -------
    tuple
        The same without images to find clusters in; as they were, where no feature needs them.
    """
    if data.images is None:
        return data, seen
    step = ClusterFeatures(data.images)
    vectors = step.fit_transform(_with_rows(data.vectors, data.area_codes, data.images))
    values = step.transform(_with_rows(seen.values, seen.area_codes, data.images))
    return replace(data, vectors=vectors, images=None), replace(seen, values=values)


def without_own_steps(fitted: Pipeline) -> Pipeline:
    """Replace this package's steps by scikit-learn's within: the model is then used without it.

    Parameters
    ----------
    fitted
        A fitted pipeline of features as `frozen_features` gives them.
    """
    return Pipeline([(name, _as_scikit_learn(step)) for name, step in fitted.steps])


def _as_scikit_learn(step: Any) -> Any:
    if isinstance(step, Components):
        return step.pca_
    if isinstance(step, OrMean):
        return _as_scikit_learn(step.fitted_)
    if isinstance(step, Pipeline):
        return without_own_steps(step)
    if isinstance(step, VotingRegressor):
        return _as_scikit_learn_stack(step)
    return step


def _as_scikit_learn_stack(step: VotingRegressor) -> VotingRegressor:
    names = [name for name, _ in step.estimators]
    members = [_as_scikit_learn(member) for member in step.estimators_]
    made = VotingRegressor(list(zip(names, members, strict=True)), weights=step.weights)
    made.estimators_ = members
    return made


def _with_rows(values: np.ndarray, area_codes: list[str], images: AreaImages) -> np.ndarray:
    return np.hstack([values, images.rows_of(area_codes)])


def image_inputs(
    data: AreaDataset, seen: Callable[[AreaDataset], np.ndarray] = vectors_of
) -> np.ndarray:
    """Give what a model sees of areas' images, (n, d), with the rows of images to cluster.

    Parameters
    ----------
    data
        The areas.
    seen
        What it sees of them beside; default: the vectors.
    """
    inputs = seen(data)
    return inputs if data.images is None else _with_rows(inputs, data.area_codes, data.images)


def _build(candidate: Candidate, preparation: Preparation, params: Params, seed: int) -> Pipeline:
    *before, (name, model) = candidate.build(params, seed).steps
    last = OrMean(model) if preparation.may_not_vary else model
    return Pipeline([*preparation.steps(seed), *before, (name, last)])


def _shared(
    candidate: Candidate,
    preparation: Preparation,
    inputs: np.ndarray,
    observed: np.ndarray,
    tested: np.ndarray,
    seed: int,
) -> Predict:
    """Take the steps that come first once, and what the candidate itself shares."""
    for _, step in preparation.steps(seed):
        inputs, tested = step.fit_transform(inputs, observed), step.transform(tested)
    if preparation.may_not_vary and not _varies(inputs):
        return lambda params: np.full(len(tested), observed.mean())
    return fits_of(candidate, inputs, observed, tested, seed)
