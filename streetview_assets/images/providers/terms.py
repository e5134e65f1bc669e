"""What each provider allows, and whom to name beside its pictures.

Facts of the providers' published terms, in plain words; they are no legal advice, and contracts
(accounts in the European Economic Area, for one) may say otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.study.model import Images, ProviderName

NAMES_SHOWN = 3
LONGEST_NAME = 40
NOBODY = "contributors"
"""Stands for whoever took a picture, where the service does not say."""


@dataclass(frozen=True)
class Terms:
    """What a provider allows.

    Attributes
    ----------
    pictures
        What its pictures are called.
    credit
        The line for figures, and for pictures that name nobody.
    via, under
        What follows the names of the people whose pictures are shown: the service, the licence.
    licence
        Under which terms its pictures are.
    may_store, may_download_in_bulk, may_keep_thumbnail
        Whether its terms allow to keep pictures, to fetch many of them, to keep them small.
    sentence
        What a person should know before choosing.
    key
        Environment variable that holds its key; None where it needs none.
    names_owners
        Whether whoever passes its pictures on has to name somebody.
    licence_by_picture
        Whether each picture is under a licence of its own, in ``panoramas.licence``.
    """

    pictures: str
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
    licence_by_picture: bool = False

    @property
    def storage(self) -> str:
        """Say in a few words whether pictures may be stored."""
        if self.may_store:
            return f"yes, {self.licence}" if self.names_owners else "yes"
        bulk = "" if self.may_download_in_bulk else "; bulk download is forbidden"
        return f"only as its terms allow{bulk}"


def _own(pictures: str) -> Terms:
    return Terms(
        pictures=pictures,
        credit="© of the pictures: their authors",
        via="",
        under="",
        licence="as their owner says",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="The pictures are yours: their originals are read where they lie and are never "
        "changed or deleted. Whose they are, only you know.",
        names_owners=False,
    )


TERMS: dict[ProviderName, Terms] = {
    "google": Terms(
        pictures="Google Street View pictures",
        credit="Imagery © Google",
        via="Google Street View",
        under="",
        licence="Google Maps Platform terms of service, which restrict storage and passing on; "
        "show the attribution beside every picture",
        may_store=False,
        may_download_in_bulk=False,
        may_keep_thumbnail=False,
        sentence="Google's policies forbid to pre-fetch, cache or store its content except as its "
        "terms allow, name the bulk download of Street View pictures as forbidden, and restrict "
        "what is derived from them; panorama ids may be stored. What your account allows stands "
        "in your contract; accounts in the European Economic Area have terms of their own.",
        key="GOOGLE_MAPS_API_KEY",
    ),
    "mapillary": Terms(
        pictures="Mapillary pictures",
        credit="Imagery © Mapillary contributors, CC BY-SA 4.0",
        via="Mapillary",
        under="CC BY-SA 4.0",
        licence="CC BY-SA 4.0",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Pictures are under CC BY-SA 4.0: they may be kept, changed and passed on under "
        "the same licence, with their creators named.",
        key="MAPILLARY_TOKEN",
    ),
    "panoramax": Terms(
        pictures="Panoramax pictures",
        credit="Imagery © Panoramax contributors, each picture under its own licence",
        via="Panoramax",
        under="",
        licence="each under its own, mostly Etalab 2.0 or CC BY-SA 4.0",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Each picture has its own licence, mostly Etalab 2.0 or CC BY-SA 4.0: both let "
        "it be kept and passed on with its author named, the second under the same licence. It "
        "stands in `panoramas.licence`.",
        licence_by_picture=True,
    ),
    "folder": _own("pictures of a folder"),
    "hdf5": _own("pictures of an HDF5 store"),
    "synthetic": Terms(
        pictures="synthetic pictures",
        credit=SYNTHETIC_NOTE,
        via="",
        under="",
        licence="made by this program, free of rights",
        may_store=True,
        may_download_in_bulk=True,
        may_keep_thumbnail=True,
        sentence="Pictures are drawn by this program and show no real place; every picture and "
        "figure says so.",
        names_owners=False,
    ),
}


def credit(provider: ProviderName, owners: Iterable[str | None] = ()) -> str:
    """Give the line that names whose pictures are shown, or are behind a figure.

    Parameters
    ----------
    provider
        Who gave the pictures.
    owners
        Column ``copyright`` of the pictures that are shown; three are named, those with the most
        pictures first, the others counted. Without any, the provider's general line.
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
    of_pictures = sorted({licence for _, licence in told if licence})[:NAMES_SHOWN]
    under = " / ".join(of_pictures) if terms.licence_by_picture else terms.under
    return f"© {', '.join(names[:NAMES_SHOWN])}{more}{via}{under and f', {under}'}"


def credit_of(pictures: pl.DataFrame) -> str:
    """Give the line that names whose pictures are shown.

    Parameters
    ----------
    pictures
        Rows of the table ``images``.
    """
    by_provider = pictures.sort("provider").group_by("provider", maintain_order=True)
    return "; ".join(credit(provider, rows["copyright"]) for (provider,), rows in by_provider)


def may_show_sample(images: Images) -> bool:
    """Say whether a sheet of pictures may be made of a study and stay in its folder.

    Pictures on a sheet are thumbnails: where pixels are deleted and thumbnails are not allowed,
    there is no sheet either.
    """
    return images.keeps_pictures or TERMS[images.provider].may_keep_thumbnail


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
