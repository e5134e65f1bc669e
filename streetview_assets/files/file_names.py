"""Which file is meant by a name that someone else wrote: another root, another way of writing."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote

import polars as pl

IMAGE_SUFFIXES = ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif", "heic", "heif", "hif")
"""How names of images that are read end, lower case."""

_CLAIMS = pl.Schema({"row": pl.Int64(), "file": pl.String(), "root": pl.String()})


def plain_path(name: str) -> str:
    """Write a path with slashes, without what says nothing (`./`, `file://`, `a//b`)."""
    path = name.replace("\\", "/").removeprefix("file://")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/" * path.startswith("/") + "/".join(parts)


def _composed(name: str) -> str:
    """Write accents as one character (NFC), as Linux and Windows do, and macOS did not."""
    return unicodedata.normalize("NFC", plain_path(name))


def _decoded(name: str) -> str:
    """Read the `%20` of a URL."""
    return _composed(unquote(name))


def _caseless(name: str) -> str:
    return _composed(_decoded(name).casefold())


def _without_suffix(name: str) -> str:
    stem, dot, suffix = _caseless(name).rpartition(".")
    return stem if dot and suffix in IMAGE_SUFFIXES else _caseless(name)


WRITINGS: tuple[Callable[[str], str], ...] = (
    plain_path,
    _composed,
    _decoded,
    _caseless,
    _without_suffix,
)
"""Ways to write one name, each more lenient than the one before."""


def whole_paths(names: pl.DataFrame, files: Iterable[str]) -> pl.DataFrame:
    """Find the files whose whole path ends a name, which may begin elsewhere.

    `/home/x/photos/a/1.jpg` is `a/1.jpg`, and no `1.jpg` beside the folder `a`, be there an
    `a/1.jpg` or not, as long as other names are of files in `/home/x/photos`. Where no file is
    written as the name is, one that is written otherwise is meant (accents, case, `%20`,
    backslashes, `.JPG` for `.jpeg`), unless a name means it already or several could be meant.

    Parameters
    ----------
    names
        row and name.
    files
        All files there are, relative to their folder.

    Returns
    -------
    polars.DataFrame
        file, row; by file and row.
    """
    return _matched(names, files, _whole_paths).select("file", "row").sort("file", "row")


def ends_of_paths(names: pl.DataFrame, files: Iterable[str]) -> pl.DataFrame:
    """Find the one file whose path a name ends: `1.jpg` of `a/1.jpg`, if it is the only `1.jpg`.

    Parameters and what is given back are those of `whole_paths`.
    """
    return _matched(names, files, _ends_of_paths).select("file", "row").sort("file", "row")


def _matched(
    names: pl.DataFrame,
    files: Iterable[str],
    match: Callable[[pl.DataFrame, pl.DataFrame], Iterator[pl.DataFrame]],
) -> pl.DataFrame:
    """Match by each way of writing, the strictest first."""
    there = pl.DataFrame({"file": pl.Series(list(files), dtype=pl.String)}).unique()
    left, claims = names.select("row", "name"), pl.DataFrame(schema=_CLAIMS)
    for write in WRITINGS:
        if left.is_empty():
            break
        open_files = _written(there.join(claims, on="file", how="anti"), "file", write)
        lone = open_files.filter(~pl.col("written").is_duplicated())
        found = pl.concat([claims.clear(), *match(_written(left, "name", write), lone)])
        claims = pl.concat([claims, found])
        left = left.join(found, on="row", how="anti")
    return claims.filter(~pl.col("root").is_in(_roots_below_others(claims["root"])))


def _written(frame: pl.DataFrame, column: str, write: Callable[[str], str]) -> pl.DataFrame:
    written = pl.Series("written", [write(text) for text in frame[column]], dtype=pl.String)
    parts = pl.col("written").str.split("/")
    return frame.with_columns(written).with_columns(parts=parts, depth=parts.list.len())


def _whole_paths(names: pl.DataFrame, there: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give each name to the longest file whose whole path ends it."""
    for depth in sorted(there["depth"].unique(), reverse=True):
        ends = names.filter(pl.col("depth") >= depth).with_columns(end=_tail(depth))
        root = pl.col("written").str.strip_suffix(pl.col("end")).str.strip_suffix("/")
        claimed = ends.join(
            there.filter(depth=depth), left_on="end", right_on="written", how="inner"
        ).select("row", "file", root=root.str.to_lowercase())
        yield claimed
        names = names.join(claimed, on="row", how="anti")


def _ends_of_paths(names: pl.DataFrame, there: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give each name to the one file whose path it ends."""
    for depth in sorted(names["depth"].unique()):
        ends = there.filter(pl.col("depth") > depth).with_columns(end=_tail(depth))
        lone = ends.filter(~pl.col("end").is_duplicated())
        yield (
            names.filter(depth=depth)
            .join(lone, left_on="written", right_on="end", how="inner")
            .select("row", "file", root=pl.lit(""))
        )


def _roots_below_others(roots: pl.Series) -> list[str]:
    """List the folders that lie in another one of the list.

    Where files lie in `/x`, a name `/x/z/1.jpg` is of `z/1.jpg` and of no `1.jpg`, be `z` there or
    not.
    """
    known = set(roots)
    return [
        root
        for root in known
        if root and known & {"", *(root[:at] for at, sign in enumerate(root) if sign == "/" and at)}
    ]


def _tail(depth: int) -> pl.Expr:
    return pl.col("parts").list.tail(depth).list.join("/")
