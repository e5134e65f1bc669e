"""Who competes on some areas: models of images, what they are compared with, and who cannot."""

from dataclasses import dataclass, field

from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.candidates.baselines import PLACE_AND_IMAGES, Baseline, baselines_for
from streetview_assets.models.candidates.other_features import (
    candidates_on_others,
    others_beside_place,
    why_without,
)
from streetview_assets.models.candidates.place_and_images import place_and_images
from streetview_assets.models.candidates.preprocessing import (
    preparation_of,
    prepared,
    why_unprepared,
)
from streetview_assets.models.candidates.registry import candidates_for
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.study.models import Models


@dataclass(frozen=True)
class Competitors:
    """Who competes on some areas.

    Attributes
    ----------
    candidates, baselines
        Models of images, and what they are compared with.
    left_out
        For each who cannot compete the reason.
    others
        Candidates on other features, by the name under which the best of them counts.
    """

    candidates: list[Candidate]
    baselines: list[Baseline]
    left_out: dict[str, str]
    others: dict[str, list[Candidate]] = field(default_factory=dict)


def competitors_for(data: AreaDataset, settings: Models) -> Competitors:
    """Decide who competes, on all areas: no fold may let in whom another leaves out.

    Parameters
    ----------
    data
        All areas.
    settings
        The chapter `models` of the study file.
    """
    candidates, left_out = candidates_for(settings.candidates, len(data))
    baselines, without_input = baselines_for(data)
    left_out |= without_input
    if reason := why_unprepared(data):
        names = [*(one.name for one in candidates), PLACE_AND_IMAGES]
        return Competitors([], baselines, left_out | dict.fromkeys(names, reason))
    preparation = preparation_of(data, settings)
    rivals = [*baselines, place_and_images(preparation), *others_beside_place(data, preparation)]
    others = candidates_on_others(data, candidates, preparation)
    left_out |= why_without(data)
    return Competitors(prepared(candidates, preparation), rivals, left_out, others)
