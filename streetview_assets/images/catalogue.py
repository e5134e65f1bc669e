"""The providers that this version has, by the name that the study file uses."""

from collections.abc import Mapping

from streetview_assets.errors import StudyError
from streetview_assets.images.folder import FolderProvider
from streetview_assets.images.provider import Provider
from streetview_assets.study import Study


def open_provider(study: Study, deprivation: Mapping[str, float]) -> Provider:
    """Open the imagery provider of a study; nothing is read or fetched yet.

    Parameters
    ----------
    study
        The study; its part ``images`` names the provider.
    deprivation
        0 (least) to 1 (most deprived) by area code, by which synthetic pictures are drawn.

    Raises
    ------
    StudyError
        Where this version has no such provider.
    """
    match study.images.provider:
        case "folder":
            return FolderProvider(study.images)
        case "synthetic":
            from streetview_assets.images.synthetic import SyntheticProvider

            return SyntheticProvider(study.images, study.seed, deprivation)
        case absent:
            raise StudyError(
                f"{study.path}: images.provider: {absent} is not in this version. "
                "Use folder (pictures of your own) or synthetic (drawn by a program)."
            )
