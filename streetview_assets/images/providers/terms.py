"""What each provider allows, and whom to name beside its images.

Facts of the providers' published terms, in plain words; they are no legal advice, and contracts
(accounts in the European Economic Area, for one) may say otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.study.images import Images, ProviderName

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
    via, under
        What follows the names of the people whose images are shown: the service, the licence.
    licence
        Under which terms its images are.
    may_store, may_download_in_bulk, may_keep_thumbnail
        Whether its terms allow to keep images, to fetch many of them, to keep them small.
    sentence
        What a person should know before choosing.
    key
        Environment variable that holds its key; None where it needs none.
    names_owners
        Whether whoever passes its images on has to name somebody.
    licence_by_image
        Whether each image is under a licence of its own, in ``panoramas.licence``.
    """

    images: str
    credit: str
    via: str
    under: str
    licence: str
    may_store: bool
    may_download_in_bulk: bool
    may_keep_thumbnail: bool
    sentence: str
    key: str | None = None
    names_owners: bool = True
    licence_by_image: bool = False

    @property
    def storage(self) -> str:
        """Say in a few words whether images may be stored."""
        if self.may_store:
            return f"yes, {self.licence}" if self.names_owners else "yes"
        bulk = "" if self.may_download_in_bulk else "; bulk download is forbidden"
        return f"only as its terms allow{bulk}"


def _own(images: str) -> Terms:
    return Terms(
        images=images,
        credit="© of the images: their authors",
        via="",
        under="",
        licence="as their owner says",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="The images are yours: their originals are read where they lie and are never "
        "changed or deleted. Whose they are, only you know.",
        names_owners=False,
    )


TERMS: dict[ProviderName, Terms] = {
    "google": Terms(
        images="Google Street View images",
        credit="Imagery © Google",
        via="Google Street View",
        under="",
        licence="Google Maps Platform terms of service, which restrict storage and passing on; "
        "show the attribution beside every image",
        may_store=False,
        may_download_in_bulk=False,
        may_keep_thumbnail=False,
        sentence="Google's policies forbid to pre-fetch, cache or store its content except as its "
        "terms allow, name the bulk download of Street View images as forbidden, and restrict "
        "what is derived from them; panorama ids may be stored. What your account allows stands "
        "in your contract; accounts in the European Economic Area have terms of their own.",
        key="GOOGLE_MAPS_API_KEY",
    ),
    "mapillary": Terms(
        images="Mapillary images",
        credit="Imagery © Mapillary contributors, CC BY-SA 4.0",
        via="Mapillary",
        under="CC BY-SA 4.0",
        licence="CC BY-SA 4.0",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Images are under CC BY-SA 4.0: they may be kept, changed and passed on under "
        "the same licence, with their creators named.",
        key="MAPILLARY_TOKEN",
    ),
    "panoramax": Terms(
        images="Panoramax images",
        credit="Imagery © Panoramax contributors, each image under its own licence",
        via="Panoramax",
        under="",
        licence="each under its own, mostly Etalab 2.0 or CC BY-SA 4.0",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Each image has its own licence, mostly Etalab 2.0 or CC BY-SA 4.0: both let "
        "it be kept and passed on with its author named, the second under the same licence. It "
        "stands in `panoramas.licence`.",
        licence_by_image=True,
    ),
    "folder": _own("images of a folder"),
    "hdf5": _own("images of an HDF5 store"),
    "synthetic": Terms(
        images="synthetic images",
        credit=SYNTHETIC_NOTE,
        via="",
        under="",
        licence="made by this program, free of rights",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Images are drawn by this program and show no real place; every image and "
        "figure says so.",
        names_owners=False,
    ),
}


def credit(provider: ProviderName, owners: Iterable[str | None] = ()) -> str:
    """Give the line that names whose images are shown, or are behind a figure.

    Parameters
    ----------
    provider
        Who gave the images.
    owners
        Column ``copyright`` of the images that are shown; three are named, those with the most
        images first, the others counted. Without any, the provider's general line.
    """
    terms = TERMS[provider]
    told = [_told(owner, terms) for owner in owners if owner]
    counted = Counter(name for name, _ in told if name and name != NOBODY)
    if provider == "synthetic" or not set(counted) - {"Google"}:
        return terms.credit
    names = sorted(counted, key=lambda name: (-counted[name], name))
    others = len(names) - NAMES_SHOWN
    more = f" and {others:,} more" if others > 0 else ""
    via = f" via {terms.via}" if terms.via else ""
    of_images = sorted({licence for _, licence in told if licence})[:NAMES_SHOWN]
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
    return images.keeps_images or TERMS[images.provider].may_keep_thumbnail


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
