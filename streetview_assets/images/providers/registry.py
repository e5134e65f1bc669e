"""The providers, by the name that the study file uses."""

from collections.abc import Mapping

from streetview_assets.errors import StudyError
from streetview_assets.images.budget.reservations import Budget
from streetview_assets.images.providers.base import Provider
from streetview_assets.images.providers.folder import FolderProvider
from streetview_assets.study.secrets import Secrets, secrets_from_environment
from streetview_assets.study.study_file import Study

REMOTE = frozenset({"google", "mapillary", "panoramax"})
"""Providers that are asked over the network: their look-ups and images share a limit of rate."""


def open_provider(
    study: Study,
    deprivation: Mapping[str, float],
    *,
    secrets: Secrets | None = None,
    budget: Budget | None = None,
) -> Provider:
    """Open the imagery provider of a study; nothing is read or fetched yet.

    Parameters
    ----------
    study
        The study; its part ``images`` names the provider.
    deprivation
        0 (least) to 1 (most deprived) by area code, by which synthetic images are drawn.
    secrets
        The providers' keys; default: those of the environment.
    budget
        Pays for images, where they cost money.

    Raises
    ------
    StudyError
        Where the key that the provider needs is not set.
    """
    images = study.images
    secrets = secrets or secrets_from_environment()
    match images.provider:
        case "google":
            from streetview_assets.images.providers.google import GoogleKey, GoogleProvider

            api_key = _set(secrets.google_maps_api_key, "GOOGLE_MAPS_API_KEY", study)
            key = GoogleKey(api_key, secrets.google_maps_signing_secret or None)
            return GoogleProvider(images, key, budget)
        case "mapillary":
            from streetview_assets.images.providers.mapillary import MapillaryProvider

            return MapillaryProvider(
                images, _set(secrets.mapillary_token, "MAPILLARY_TOKEN", study)
            )
        case "panoramax":
            from streetview_assets.images.providers.panoramax import PanoramaxProvider

            return PanoramaxProvider(images)
        case "hdf5":
            from streetview_assets.images.providers.hdf5 import Hdf5Provider

            return Hdf5Provider(images)
        case "folder":
            return FolderProvider(images)
        case "synthetic":
            from streetview_assets.images.providers.synthetic.provider import SyntheticProvider

            return SyntheticProvider(images, study.seed, deprivation)


def _set(value: str | None, name: str, study: Study) -> str:
    if not value:
        raise StudyError(
            f"images.provider: {study.images.provider} needs the key {name}, which is not set. "
            "Set it in the environment, or write it into a file .env here."
        )
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise StudyError(
            f"{name} holds characters that no key has: a blank, a line's end or a letter that is "
            "not ASCII. Set it again as the provider gives it."
        )
    return value
