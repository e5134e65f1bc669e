"""How many clusters to take, in words: what density keeps apart, and which fits have it.

A number is recommended where images fall into kinds between which density falls as chance does not
let it fall (see `density_modes`): k-means and its indices name a number for any continuum, too.
They say which fit has those kinds, and how it looks to them.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.number.density_evidence import DENSITY, HDBSCAN
from streetview_assets.text.counted import counted

APART = 0.25
CLEARLY_APART = 0.5
"""Silhouettes from which there is a weak, and a clear, structure (Kaufman and Rousseeuw, 1990)."""

COMES_BACK = 0.75
"""Agreement (adjusted Rand) of several fits from which clusters count as the same."""

FINDS = 0.95
"""Agreement (adjusted Rand) from which a fit has the kinds that density keeps apart."""

ERRORS = 2
"""Standard errors by which the gap must widen: few draws make one error a matter of luck."""

NAMES = {
    "inertia": "the elbow of the inertia",
    "silhouette": "the silhouette",
    "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin",
    "gap": "the gap statistic",
}
"""The indices that name a number, in words."""


@dataclass(frozen=True)
class Recommendation:
    """A number of clusters, or none.

    Attributes
    ----------
    k
        None where the images are a continuum, or too few, or the best number is at the end of the
        sweep or beyond.
    method, space
        Of the fit to take, as in the columns of that name; empty where there is none.
    in_short
        The number, or in two or three words why there is none.
    sentences
        The advice, and after it its reasons.
    """

    k: int | None
    method: str
    space: str
    in_short: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class _Curves:
    """Scores by number of clusters; those by seed as their mean."""

    of: dict[str, dict[int, float]]

    def __getitem__(self, score: str) -> dict[int, float]:
        return self.of.get(score, {})


def recommend(scores: pl.DataFrame, space: str) -> Recommendation:
    """Say how many clusters the images fall into, if into any, and which fit has them.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder, in every space.
    space
        The study's own, whose fit is taken where it will do.

    Returns
    -------
    Recommendation
        The number of kinds that density keeps apart, unless it is the end of the sweep or beyond.
        The fit is that of k-means in the study's own space where it agrees with them to 0.95
        (adjusted Rand), else in the other, else HDBSCAN; where none does, it is empty.
    """
    density = _curves(scores.filter(method=DENSITY))
    of_kmeans = scores.filter(method=METHOD)
    own = _curves(of_kmeans.filter(space=space))
    numbers = sorted(own["inertia"])
    if not density["share_in_kinds"] or not own["silhouette"]:
        few = "There are too few images, or too few that differ, to compare numbers of clusters."
        return Recommendation(None, "", "", "none, too few images", (few,))
    count = next(iter(density["share_in_kinds"]))
    if count == 1:
        return _no_number(density, own, scores)
    if count >= numbers[-1]:
        return _beyond(count, numbers[-1])
    fits = _fits(scores, count, space)
    method, where = next(((m, s) for m, s, agreed in fits if agreed >= FINDS), ("", ""))
    sentences = (
        _advice(count, density),
        *_outside(count, numbers),
        *_who_finds(fits, count, space),
        *_what_indices_say(own, count),
    )
    return Recommendation(count, method, where, str(count), sentences)


def find_elbow(inertias: dict[int, float]) -> int | None:
    """Find the bend of a falling curve by Kneedle (Satopää and others, 2011); None: no bend."""
    if len(inertias) < 3 or len(set(inertias.values())) < 2:
        return None
    from kneed import KneeLocator

    numbers = sorted(inertias)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a curve without a bend, which is a result
        found = KneeLocator(
            numbers,
            [inertias[k] for k in numbers],
            curve="convex",
            direction="decreasing",
        ).elbow
    return None if found is None else int(found)


def gap_number(gaps: dict[int, float], errors: dict[int, float]) -> int | None:
    """Choose the least number whose gap is within two standard errors of the widest.

    A local rule would stop at one cluster where clusters lie as far from each other as of five
    alike: parting them into two is worth little (Dudoit and Fridlyand, 2002).

    Parameters
    ----------
    gaps
        Number of clusters to its gap.
    errors
        Number of clusters to the gap's standard error.
    """
    if not gaps:
        return None
    widest = max(sorted(gaps), key=gaps.__getitem__)
    enough = gaps[widest] - ERRORS * errors.get(widest, 0.0)
    return min(k for k in gaps if gaps[k] >= enough)


def _votes(curves: _Curves) -> dict[str, int]:
    """Let each index name its number of clusters, as far as it can."""
    named: dict[str, int | None] = {"inertia": find_elbow(curves["inertia"])}
    for score in ("silhouette", "calinski_harabasz"):
        named[score] = max(sorted(curves[score]), key=curves[score].__getitem__, default=None)
    lowest = curves["davies_bouldin"]
    named["davies_bouldin"] = min(sorted(lowest), key=lowest.__getitem__, default=None)
    named["gap"] = gap_number(curves["gap"], curves["gap_error"])
    return {score: k for score, k in named.items() if k is not None}


def _curves(scores: pl.DataFrame) -> _Curves:
    return _Curves(
        {
            str(score): dict(of_score.group_by("k").agg(pl.col("value").mean()).sort("k").rows())
            for (score,), of_score in scores.drop_nulls("value").group_by("score")
        }
    )


def _no_number(density: _Curves, own: _Curves, scores: pl.DataFrame) -> Recommendation:
    needed = density["prominence_needed"][1]
    deepest = max(density["prominence"].values(), default=0.0)
    if deepest < needed:
        why = (
            f"Between the places where images lie dense, density falls to no less than "
            f"{np.exp(-deepest):.0%} of the lesser; among points without structure chance lets it "
            f"fall to {np.exp(-needed):.0%}."
        )
    else:
        why = "Places where images lie dense stand out, but most images lie between them."
    reasons = [why]
    by_hdbscan = scores.filter(method=HDBSCAN)["k"].max()
    if isinstance(by_hdbscan, int) and by_hdbscan > 1:
        reasons.append(f"HDBSCAN, which holds itself against no chance, names {by_hdbscan}.")
    votes = _votes(own)
    if votes:
        named = _listed([f"{NAMES[score]} {number}" for score, number in votes.items()])
        reasons.append(f"The indices name a number of any continuum, too: {named}.")
    return Recommendation(
        None,
        "",
        "",
        "none, a continuum",
        (
            "No number of clusters is recommended: the images form a continuum rather than "
            "separate kinds.",
            *reasons,
            "Clusters still cut the continuum into parts that can be shown and counted; into "
            "how many is then a choice, not a finding.",
        ),
    )


def _beyond(count: int, last: int) -> Recommendation:
    return Recommendation(
        None,
        "",
        "",
        f"{last} or more",
        (
            f"At least {counted(last, 'cluster')}, where the sweep ends: the best number lies at "
            f"its end or beyond. Density keeps some {counted(count, 'kind')} apart; widen "
            "`clusters.sweep` past that.",
        ),
    )


def _advice(count: int, density: _Curves) -> str:
    falls = sorted(density["prominence"].values(), reverse=True)
    share = density["share_in_kinds"][count]
    least = falls[count - 2] if len(falls) > count - 2 else density["prominence_needed"][1]
    return (
        f"{count} clusters are recommended: {count} kinds hold {share:.0%} of the images, and "
        f"between any two of them density falls to {_small(np.exp(-least))} of the lesser or below."
    )


def _outside(count: int, numbers: list[int]) -> list[str]:
    if count in numbers:
        return []
    where = "below its smallest number" if count < numbers[0] else "between its steps"
    return [f"The sweep did not try so many: that is {where}."]


def _fits(scores: pl.DataFrame, count: int, space: str) -> list[tuple[str, str, float]]:
    """Give method, space and agreement with the kinds: the study's own space first."""
    rows = scores.filter(
        pl.col("method").is_in([METHOD, HDBSCAN]),
        score="density_agreement",
        k=count,
    ).drop_nulls("value")
    order = rows.select("method", "space", "value").sort(
        pl.col("method") != METHOD, pl.col("space") != space, "space"
    )
    return order.rows()


def _who_finds(fits: list[tuple[str, str, float]], count: int, space: str) -> list[str]:
    if not fits:
        return []
    told = _listed([f"{_fit_in_words(m, s)} to {agreed:.2f}" for m, s, agreed in fits])
    sentence = f"With these kinds agree fits of {count}: {told} (adjusted Rand)."
    found = [(m, s) for m, s, agreed in fits if agreed >= FINDS]
    if not found:
        return [sentence, "None of them has the kinds as they are: look at its members first."]
    if found[0] == (METHOD, space):
        return [sentence]
    table = "" if found[0][0] == METHOD else " (table `density_clusters`)"
    return [sentence, f"Take the kinds from {_fit_in_words(*found[0])}{table}."]


def _fit_in_words(method: str, space: str) -> str:
    where = "the raw vectors" if space == "raw" else f"{space.removeprefix('pca')} components"
    return f"{'k-means' if method == METHOD else 'HDBSCAN'} in {where}"


def _what_indices_say(own: _Curves, count: int) -> list[str]:
    said = []
    votes = _votes(own)
    for_it = [NAMES[score] for score, number in votes.items() if number == count]
    others = [f"{NAMES[score]} {number}" for score, number in votes.items() if number != count]
    if for_it:
        said.append(f"Of the indices {_listed(for_it)} name{_s(for_it)} {count}, too.")
    if others:
        said.append(f"Others: {_listed(others)}.")
    silhouette = own["silhouette"].get(count)
    if silhouette is not None and silhouette >= APART:
        how = "clearly" if silhouette >= CLEARLY_APART else "weakly"
        said.append(f"They are {how} apart: their silhouette is {silhouette:.2f}.")
    agreement = _agreement(own, count)
    if agreement:
        back = "come back" if min(agreement.values()) >= COMES_BACK else "do not always come back"
        said.append(f"They {back}: {_told(agreement)} (adjusted Rand).")
    return said


def _agreement(curves: _Curves, k: int) -> dict[str, float]:
    sources = {"seeds": "stability_seeds", "halves": "stability_halves"}
    return {name: curves[score][k] for name, score in sources.items() if k in curves[score]}


def _told(agreement: dict[str, float]) -> str:
    words = {"seeds": "fits from other seeds agree to", "halves": "fits to halves to"}
    if "seeds" not in agreement:
        words["halves"] = "fits to halves agree to"
    return _listed([f"{words[name]} {value:.2f}" for name, value in agreement.items()])


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _small(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"


def _s(subjects: list[str]) -> str:
    return "" if len(subjects) > 1 else "s"
