"""The providers, by the name that the study file uses: the only list of them.

What there is to say of a provider stands in its own file, which is read when a study names it. So
that the study file's model can ask for it, nothing is imported here but what the ground has.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Literal, get_args

from streetview_assets.errors import StudyError

if TYPE_CHECKING:
    from streetview_assets.images.budget.reservations import Budget
    from streetview_assets.images.providers.base import Provider
    from streetview_assets.study.study_file import Study

# The file of the same name beside this one has the provider's class as `PROVIDER`.
ProviderName = Literal[
    "google",
    "mapillary",
    "panoramax",
    "folder",
    "hdf5",
    "synthetic",
]
PROVIDERS: tuple[ProviderName, ...] = get_args(ProviderName)


def provider_class(name: str) -> "type[Provider]":
    """Give the class of a provider, which has its facts.

    Parameters
    ----------
    name
        One of `PROVIDERS`.

    Raises
    ------
    KeyError
        Where there is no such provider.
    """
    if name not in PROVIDERS:
        raise KeyError(name)
    module = import_module(f"streetview_assets.images.providers.{name}")
    found: type[Provider] = module.PROVIDER
    return found


def key_variables() -> list[str]:
    """Name the variables of the environment that hold keys of providers."""
    return [key.variable for name in PROVIDERS for key in provider_class(name).keys]


def open_provider(
    study: "Study",
    deprivation: Mapping[str, float],
    *,
    environment: Mapping[str, str] = os.environ,
    budget: "Budget | None" = None,
) -> "Provider":
    """Open the imagery provider of a study; nothing is read or fetched yet.

    Parameters
    ----------
    study
        The study; its part ``images`` names the provider.
    deprivation
        0 (least) to 1 (most deprived) by area code, by which synthetic images are drawn.
    environment
        Has the providers' keys; never shown, logged or stored.
    budget
        Pays for images, where they cost money.

    Raises
    ------
    StudyError
        Where a key that the provider needs is not set, or holds what no key does.
    """
    from streetview_assets.images.providers.base import Opening

    provider = provider_class(study.images.provider)
    keys = {key.variable: environment.get(key.variable, "") for key in provider.keys}
    for variable, is_required in provider.keys:
        value = keys[variable]
        if is_required and not value:
            raise StudyError(
                f"images.provider: {provider.name} needs the key {variable}, which is not set. "
                "Set it in the environment, or write it into a file .env here."
            )
        if is_required and (not (value.isascii() and value.isprintable()) or " " in value):
            raise StudyError(
                f"{variable} holds characters that no key has: a blank, a line's end or a letter "
                "that is not ASCII. Set it again as the provider gives it."
            )
    return provider.open(Opening(study, deprivation, keys, budget))
