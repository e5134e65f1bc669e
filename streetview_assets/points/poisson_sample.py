"""Points on roads by a Poisson draw for each direction of each road, as INTEGRATE samples them."""

import numpy as np
import numpy.typing as npt
import shapely

from streetview_assets.points.network_distance import Indices, Numbers
from streetview_assets.points.roads.lines import Lines

MOST_PER_ROAD = 10
"""In one direction."""


def poisson_sample(
    lines: Lines, is_oneway: npt.NDArray[np.bool_], per_km: float, seed: int
) -> tuple[Numbers, Indices]:
    """Draw places on roads.

    On a road of length L, in each direction that it has, n places: n is drawn from Poisson(L /
    1000 · per_km) and is 10 at most; they lie at i / (n + 1) of its length, i from 1 to n. A street
    of two directions is so sampled twice, as a graph of directed edges is; where both draws put a
    place at the same spot, it is given twice.

    Parameters
    ----------
    lines
        Roads in metres, in an order of their own: the draws go by it.
    is_oneway
        Of each, whether it has one direction alone.
    per_km
        Mean number of places on a kilometre of one direction.
    seed
        Of the draws.

    Returns
    -------
    places
        Shape (n, 2), in metres: by road, then along it.
    piece
        Index of the road of each.
    """
    mean = shapely.length(lines) / 1000 * per_km
    drawn = np.random.default_rng(seed).poisson(mean[:, None], (len(lines), 2))
    counts = np.minimum(drawn, MOST_PER_ROAD) * np.column_stack(
        (np.ones_like(is_oneway), ~is_oneway)
    )
    each = counts.ravel()
    number = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each) + 1
    along = number / (np.repeat(each, each) + 1)
    piece = np.repeat(np.arange(each.size) // 2, each)
    order = np.lexsort((along, piece))
    places = shapely.line_interpolate_point(lines[piece], along, normalized=True)
    return shapely.get_coordinates(places)[order], piece[order]
