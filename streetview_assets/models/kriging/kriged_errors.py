"""What a model is short of around: its errors in other areas, kriged over place.

Regression kriging (Hengl, Heuvelink and Rossiter 2007, Computers & Geosciences 33: 1301-1315), of
errors in areas that the model did not learn from. Authorities differ by a level of their own, which
would pass for a field that reaches from one into the next: it is taken off first, shrunk as Fay and
Herriot do, and counts in the authority alone. So the spatial model of small-area statistics is made
of levels and of a field (Pratesi and Salvati 2008, Statistical Methods & Applications 17: 113-141).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from streetview_assets.models.candidates.place_process import PlaceProcess, estimated
from streetview_assets.models.data.splits import Split
from streetview_assets.models.towns.fay_herriot import fay_herriot


@dataclass(frozen=True)
class KrigedErrors:
    """Errors of areas that were held out, as they are predicted of others.

    Attributes
    ----------
    levels
        By authority; what is left of them is kriged.
    of_others
        The level of an authority that has none.
    process
        Fitted to what is left.
    """

    levels: Mapping[str, float]
    of_others: float
    process: PlaceProcess

    @classmethod
    def of(
        cls,
        errors: np.ndarray,
        place_m: np.ndarray,
        authority_codes: Sequence[str],
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn of errors.

        Parameters
        ----------
        errors
            Values less what was predicted of areas by what did not learn from them, (n,).
        place_m
            Easting and northing, metres, (n, 2).
        authority_codes
            Of the areas.
        params
            Of the process; default: estimated on these areas.
        seed
            Of the areas that they are estimated on, where there are many.
        """
        levels, of_others = _levels(errors, np.array(authority_codes))
        left = errors - _told(levels, of_others, authority_codes)
        found = estimated(place_m, left, seed) if params is None else params
        return cls(levels, of_others, PlaceProcess(**found).fit(place_m, left))

    @property
    def params(self) -> dict[str, Any]:
        """What was estimated of the process."""
        return {name: getattr(self.process, name) for name in ("ranges_m", "reach", "variances")}

    def predict(self, place_m: np.ndarray, authority_codes: Sequence[str]) -> np.ndarray:
        """Say how short predictions of areas will be, (n,).

        Parameters
        ----------
        place_m, authority_codes
            Of the areas.
        """
        levels = _told(self.levels, self.of_others, authority_codes)
        return np.asarray(levels + self.process.predict(place_m))

    def out_of_fold(
        self,
        errors: np.ndarray,
        place_m: np.ndarray,
        authority_codes: Sequence[str],
        splits: Sequence[Split],
    ) -> np.ndarray:
        """Say the same of the areas that all was learned from, by those of other folds; (n,).

        Parameters
        ----------
        errors, place_m, authority_codes
            As `of` takes them.
        splits
            The folds; each area is held out in one.
        """
        codes, made = np.array(authority_codes), np.empty(len(errors))
        for one in splits:
            learned, held_out = one.learning, one.held_out
            seen = errors[learned], place_m[learned], codes[learned]
            fitted = KrigedErrors.of(*seen, self.params)
            made[held_out] = fitted.predict(place_m[held_out], codes[held_out])
        return made


def _levels(errors: np.ndarray, codes: np.ndarray) -> tuple[dict[str, float], float]:
    """Give the level of each authority, and of one that is not there."""
    every, mine, counts = np.unique(codes, return_inverse=True, return_counts=True)
    means = np.bincount(mine, errors) / counts
    within = float(np.square(errors - means[mine]).sum()) / max(len(errors) - len(every), 1)
    if len(every) < 2 or within <= 0:
        return {}, float(errors.mean())
    found = fay_herriot(means, within / counts)
    levels = {str(code): float(one) for code, one in zip(every, found.estimates, strict=True)}
    return levels, float(found.coefficients[0])


def _told(levels: Mapping[str, float], of_others: float, codes: Sequence[str]) -> np.ndarray:
    return np.array([levels.get(str(code), of_others) for code in codes])
