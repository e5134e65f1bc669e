"""What each provider allows, and whom to name beside its images.

Facts of the providers' published terms, in plain words; they are no legal advice, and contracts
(accounts in the European Economic Area, for one) may say otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from streetview_assets.images.providers.registry import provider_class
from streetview_assets.study.images import Images

NAMES_SHOWN = 3
LONGEST_NAME = 40
NOBODY = "contributors"
"""Stands for whoever took an image, where the service does not say."""


@dataclass(frozen=True)
class Terms:
    """What a provider allows.

    Attributes
    ----------
    images
        What its images are called.
    credit
        The line for figures, and for images that name nobody.
    licence
        Under which terms its images are.
    sentence
        What a person should know before choosing.
    via, under
        What follows the names of the people whose images are shown: the service, the licence.
    owner
        How it is named as the owner of images; where all are its own, `credit` says it.
    may_store, may_download_in_bulk, may_keep_thumbnail
        Whether its terms allow to keep images, to fetch many of them, to keep them small.
    names_owners
        Whether whoever passes its images on has to name somebody.
    licence_by_image
        Whether each image is under a licence of its own, in ``panoramas.licence``.
    """

    images: str
    credit: str
    licence: str
    sentence: str
    via: str = ""
    under: str = ""
    owner: str = ""
    may_store: bool = True
    may_download_in_bulk: bool = True
    may_keep_thumbnail: bool = True
    names_owners: bool = True
    licence_by_image: bool = False

    @property
    def storage(self) -> str:
        """Say in a few words whether images may be stored."""
        if self.may_store:
            return f"yes, {self.licence}" if self.names_owners else "yes"
        bulk = "" if self.may_download_in_bulk else "; bulk download is forbidden"
        return f"only as its terms allow{bulk}"


def own_terms(images: str) -> Terms:
    """Give the terms of images of one's own, by what these are called."""
    return Terms(
        images=images,
        credit="© of the images: their authors",
        licence="as their owner says",
        sentence="The images are yours: their originals are read where they lie and are never "
        "changed or deleted. Whose they are, only you know.",
        names_owners=False,
    )


def terms_of(provider: str) -> Terms:
    """Give what a provider allows."""
    return provider_class(provider).terms


def credit(provider: str, owners: Iterable[str | None] = ()) -> str:
    """Give the line that names whose images are shown, or are behind a figure.

    Parameters
    ----------
    provider
        Who gave the images.
    owners
        Column ``copyright`` of the images that are shown; three are named, those with the most
        images first, the others counted. Without any, the provider's general line.
    """
    terms = terms_of(provider)
    images_of = Counter(filter(None, owners))  # few own many
    told = {owner: _told(owner, terms) for owner in images_of}
    counted: Counter[str] = Counter()
    for owner, (name, _) in told.items():
        if name and name != NOBODY:
            counted[name] += images_of[owner]
    if provider_class(provider).is_drawn or not set(counted) - {terms.owner}:
        return terms.credit
    names = sorted(counted, key=lambda name: (-counted[name], name))
    others = len(names) - NAMES_SHOWN
    more = f" and {others:,} more" if others > 0 else ""
    via = f" via {terms.via}" if terms.via else ""
    of_images = sorted({licence for _, licence in told.values() if licence})[:NAMES_SHOWN]
    under = " / ".join(of_images) if terms.licence_by_image else terms.under
    return f"© {', '.join(names[:NAMES_SHOWN])}{more}{via}{under and f', {under}'}"


def credit_of(images: pl.DataFrame) -> str:
    """Give the line that names whose images are shown.

    Parameters
    ----------
    images
        Rows of the table ``images``.
    """
    by_provider = images.sort("provider").group_by("provider", maintain_order=True)
    return "; ".join(credit(provider, rows["copyright"]) for (provider,), rows in by_provider)


def may_show_sample(images: Images) -> bool:
    """Say whether a sheet of images may be made of a study and stay in its folder.

    Images on a sheet are thumbnails: where pixels are deleted and thumbnails are not allowed,
    there is no sheet either.
    """
    return images.keeps_images or terms_of(images.provider).may_keep_thumbnail


def _told(owner: str, terms: Terms) -> tuple[str, str]:
    """Take name and licence out of ``© NAME via SERVICE, LICENCE``, or of any other text."""
    line = " ".join("".join(c if c.isprintable() else " " for c in owner).split())
    name = re.sub(r"^(©|\(c\)|copyright)\s*", "", line, flags=re.IGNORECASE)
    if not terms.via:
        return _short(name), ""
    name, _, licence = name.partition(f" via {terms.via}")
    return _short(name), _short(licence.lstrip(", "))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1].rstrip()}…"
