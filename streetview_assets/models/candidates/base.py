"""What a candidate is: a pipeline to build, settings to draw, and the areas it can take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.data.dataset import AreaDataset

if TYPE_CHECKING:
    import optuna

Params = dict[str, Any]
Build = Callable[[Params, int], Pipeline]
Predict = Callable[[Params], np.ndarray]
"""Fit by parameters, and predict what is held out, shape (m,)."""
Shared = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Predict]
NO_LIMIT = 10_000_000
MOST_AREAS_OF_A_KERNEL = 10_000
"""A kernel matrix of so many areas takes 0.8 GB, and each fit some ten seconds."""
COSTLY_S = 0.5


@dataclass(frozen=True)
class Size:
    """What a model is fitted to at the least: so many areas of so many features."""

    areas: int
    width: int


def vectors_of(data: AreaDataset) -> np.ndarray:
    """Give the pooled vectors."""
    return data.vectors


@dataclass(frozen=True)
class Setting:
    """One parameter that is tuned.

    Attributes
    ----------
    name
        Of the parameter.
    first
        What is drawn first.
    within
        Least and most; whole numbers where only these will do.
    choices
        What it is drawn from, in place of that.
    log
        Whether it is drawn on a logarithmic scale.
    most
        The most that data of a size allow.
    drawn_as, scaled
        The name of what is drawn, and the parameter that this makes on data of a size; default:
        the parameter is drawn itself.
    """

    name: str
    first: Any
    within: tuple[float, float] = (0, 1)
    choices: tuple[Any, ...] = ()
    log: bool = False
    most: Callable[[Size], int] | None = None
    drawn_as: str | None = None
    scaled: Callable[[float, Size], float] | None = None

    @property
    def drawn(self) -> str:
        """What is drawn, as a trial names it."""
        return self.drawn_as or self.name

    def first_of(self, size: Size) -> Any:
        """Give what is drawn first on data of a size."""
        return self.first if self.most is None else max(1, min(self.first, self.most(size)))

    def draw(self, trial: "optuna.Trial", size: Size) -> Any:
        """Draw the parameter for a trial.

        Parameters
        ----------
        trial
            Of Optuna.
        size
            Of the data.
        """
        least, most = self.within
        if self.choices:
            return trial.suggest_categorical(self.drawn, list(self.choices))
        if isinstance(least, int):
            allowed = most if self.most is None else max(1, min(most, self.most(size)))
            return trial.suggest_int(self.drawn, least, int(allowed), log=self.log)
        value = trial.suggest_float(self.drawn, least, most, log=self.log)
        return value if self.scaled is None else self.scaled(value, size)


class Fittable(Protocol):
    """What makes pipelines, and may do once what fits of all parameters share."""

    @property
    def build(self) -> Build:
        """Makes the unfitted pipeline."""

    @property
    def shared(self) -> Shared | None:
        """As of `Candidate`."""


@dataclass(frozen=True)
class Candidate:
    """One kind of model.

    Attributes
    ----------
    name
        As in the study file and in the column `model`.
    build
        Makes the unfitted pipeline from parameters and a seed.
    settings
        Parameters that a search draws.
    inputs
        What the model sees of an area, shape (n, d).
    sized
        What the model gets of data of a size, after the steps that come first.
    most_areas
        Beyond so many areas it is left out.
    cost_s
        About the seconds of one fit to 1,356 areas of 512 numbers: the cheap ones go first, and
        where a fit is costly, a trial that does no better than most is given up early.
    grid
        All the settings of a recipe that prescribes them; it is searched in place of drawing.
    stacks
        Whether it is made of the other candidates.
    shared
        Does what all settings share, once: of what a fold learns from, (n, d) and (n,), what is
        seen of areas held out, (m, d), and a seed, it makes the fits of any parameters. They
        predict what pipelines of `build` do. None: nothing is shared.
    in_steps
        Whether it answers in steps: vectors that differ a little are mostly predicted alike.
    """

    name: str
    build: Build
    settings: tuple[Setting, ...] = ()
    inputs: Callable[[AreaDataset], np.ndarray] = vectors_of
    sized: Callable[[Size], Size] = lambda size: size
    most_areas: int = NO_LIMIT
    cost_s: float = 0.1
    grid: tuple[Params, ...] = ()
    stacks: bool = False
    shared: Shared | None = None
    in_steps: bool = False

    @property
    def is_costly(self) -> bool:
        """Whether a fit takes long."""
        return self.cost_s >= COSTLY_S

    def suggest(self, trial: "optuna.Trial", size: Size) -> Params:
        """Draw parameters.

        Parameters
        ----------
        trial
            Of Optuna.
        size
            Of the data, before the steps that come first.
        """
        own = self.sized(size)
        return {one.name: one.draw(trial, own) for one in self.settings}

    def default(self, size: Size) -> Params:
        """Give what is drawn first on data of a size."""
        own = self.sized(size)
        return {one.drawn: one.first_of(own) for one in self.settings}

    def allowed(self, params: Params, size: Size) -> Params:
        """Lower parameters that were chosen on more data to the most that a size allows.

        Parameters
        ----------
        params
            Of this candidate.
        size
            Of the data that it is fitted to, before the steps that come first.
        """
        own = self.sized(size)
        most = {one.name: one.most(own) for one in self.settings if one.most}
        return params | {
            name: max(1, min(params[name], count)) for name, count in most.items() if name in params
        }


def fits_of(
    model: Fittable, inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int
) -> Predict:
    """Prepare fits of any parameters to what one fold learns from.

    Parameters
    ----------
    model
        What is fitted.
    inputs, observed
        To learn from, (n, d) and (n,).
    tested
        What is seen of the areas to predict, (m, d).
    seed
        Of the fit, where the model draws anything.
    """
    if model.shared is not None:
        return model.shared(inputs, observed, tested, seed)
    return lambda params: predicted(model.build(params, seed).fit(inputs, observed), tested)


def predicted(pipeline: Pipeline, inputs: np.ndarray) -> np.ndarray:
    """Predict with a fitted pipeline; shape (n,).

    Parameters
    ----------
    pipeline
        Fitted.
    inputs
        (n, d).
    """
    return np.asarray(pipeline.predict(inputs), dtype=np.float64).reshape(-1)


def components(size: Size) -> int:
    """Say how many components there can be."""
    return min(size.areas - 1, size.width)


def standardised(*steps: tuple[str, BaseEstimator], model: BaseEstimator) -> Pipeline:
    """Make a pipeline that standardises the features first.

    Parameters
    ----------
    *steps
        What stands between.
    model
        Its last step.
    """
    return Pipeline([("scale", StandardScaler()), *steps, ("model", model)])


def scaled_alike(learned: np.ndarray, tested: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise features, and those of other areas by the same means and deviations.

    Parameters
    ----------
    learned, tested
        (n, d) and (m, d).
    """
    scaler = StandardScaler().fit(learned)
    return scaler.transform(learned), scaler.transform(tested)


def on_scaled_target(model: BaseEstimator) -> TransformedTargetRegressor:
    """Let a model learn the standardised target, and give its predictions in the target's units."""
    return TransformedTargetRegressor(model, transformer=StandardScaler(), check_inverse=False)
