"""How many clusters to take, in words: what the scores say together, and why.

No index decides alone. Each names the number that it likes best; the number that most of them
name is held against the doubts: that the indices disagree, that the images are hardly apart,
that the clusters do not come back, and that points without structure would look the same. Where
the doubts win, the images are a continuum, and no number is recommended.
"""

import warnings
from collections import Counter
from dataclasses import dataclass

import polars as pl

APART = 0.25
CLEARLY_APART = 0.5
"""Silhouettes below which there is no substantial structure, and from which there is a clear one
(Kaufman and Rousseeuw, 1990)."""

COMES_BACK = 0.75
"""Agreement (adjusted Rand) of several fits from which clusters count as the same."""

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
        None where the images are a continuum, or too few.
    sentences
        The advice, and after it its reasons.
    """

    k: int | None
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class _Curves:
    """Scores by number of clusters; those by seed as their mean."""

    of: dict[str, dict[int, float]]

    def __getitem__(self, score: str) -> dict[int, float]:
        return self.of.get(score, {})


def recommend(scores: pl.DataFrame) -> Recommendation:
    """Say how many clusters the images fall into, if into any.

    Parameters
    ----------
    scores
        The table `cluster_scores`, of one encoder and space.

    Returns
    -------
    Recommendation
        The number that most indices name (of several, the one with the higher silhouette), unless
        the gap statistic is best at one cluster, or two of these hold: less than half of the
        indices name it, no number has a silhouette of 0.25, the fits of that number agree below
        0.75, the gap still widens where the sweep ends.
    """
    curves = _Curves(
        {
            str(score): dict(of_score.group_by("k").agg(pl.col("value").mean()).sort("k").rows())
            for (score,), of_score in scores.drop_nulls("value").group_by("score")
        }
    )
    votes = _votes(curves)
    if not curves["silhouette"] or not votes:
        few = "There are too few images, or too few that differ, to compare numbers of clusters."
        return Recommendation(None, (few,))
    tally = Counter(k for k in votes.values() if k > 1)
    k = max(tally, key=lambda number: (tally[number], curves["silhouette"].get(number, -1)))
    doubts = _doubts(curves, votes, k)
    if votes.get("gap") == 1 or len(doubts) > 1:
        return Recommendation(
            None,
            (
                "No number of clusters is recommended: the images form a continuum rather than "
                "separate kinds.",
                *doubts,
                "Clusters still cut the continuum into parts that can be shown and counted; into "
                "how many is then a choice, not a finding.",
            ),
        )
    return Recommendation(k, (_advice(k, votes), *_grounds(curves, k), *doubts))


def whether_it_differs(own: Recommendation, other: Recommendation, space: str) -> str:
    """Say in one sentence whether the advice of another space would be another.

    Parameters
    ----------
    own
        What the study's own space advises.
    other
        What the other space advises.
    space
        Name of the other space, as in the column `space`.
    """
    where = "the raw vectors" if space == "raw" else f"{space.removeprefix('pca')} components"
    if own.k == other.k:
        same = "no number" if own.k is None else f"{own.k} clusters too"
        return f"Of {where} the advice is the same: {same}."
    if other.k is None:
        return f"Of {where} no number of clusters would be recommended."
    return f"Of {where} {other.k} clusters would be recommended."


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


def _doubts(curves: _Curves, votes: dict[str, int], k: int) -> list[str]:
    doubts = []
    if 2 * sum(number == k for number in votes.values()) < len(votes):
        named = [f"{NAMES[score]} {number}" for score, number in votes.items()]
        doubts.append(f"The indices do not agree: {_listed(named)}.")
    silhouettes = curves["silhouette"]
    best = max(sorted(silhouettes), key=silhouettes.__getitem__)
    if silhouettes[best] < APART:
        doubts.append(
            f"The images are hardly apart: the best silhouette, at {best} clusters, is "
            f"{silhouettes[best]:.2f}, and below {APART} there is no substantial structure."
        )
    agreement = _agreement(curves, k)
    if agreement and min(agreement.values()) < COMES_BACK:
        doubts.append(
            f"The clusters do not come back: of {k}, {_told(agreement)} (adjusted Rand; "
            f"{COMES_BACK} would do)."
        )
    gaps = curves["gap"]
    if votes.get("gap") == 1:
        doubts.append(
            "Points without structure would look the same: the gap statistic is best at one "
            "cluster, which is none."
        )
    elif len(gaps) > 2 and max(gaps, key=gaps.__getitem__) == max(gaps) != k:
        doubts.append(
            f"No number stands out against points without structure: the gap still widens at "
            f"{max(gaps)}, where the sweep ends."
        )
    return doubts


def _advice(k: int, votes: dict[str, int]) -> str:
    for_it = [NAMES[score] for score, number in votes.items() if number == k]
    others = [f"{NAMES[score]} {number}" for score, number in votes.items() if number != k]
    against = f"; {_listed(others)}" if others else ""
    return f"{k} clusters are recommended: {_listed(for_it)} name{_s(for_it)} {k}{against}."


def _grounds(curves: _Curves, k: int) -> list[str]:
    grounds = []
    silhouette = curves["silhouette"].get(k)
    if silhouette is not None and silhouette >= APART:
        how = "clearly" if silhouette >= CLEARLY_APART else "weakly"
        grounds.append(f"They are {how} apart: their silhouette is {silhouette:.2f}.")
    agreement = _agreement(curves, k)
    if agreement and min(agreement.values()) >= COMES_BACK:
        grounds.append(f"They come back: {_told(agreement)} (adjusted Rand).")
    return grounds


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


def _s(subjects: list[str]) -> str:
    return "" if len(subjects) > 1 else "s"
