"""Table ``perception_relations``: how qualities of areas go with the targets."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from streetview_assets.clusters.profile.join_counts import on_the_sphere
from streetview_assets.clusters.profile.target_profile import EARTH_RADIUS_M, spearman
from streetview_assets.perception.agreement.group_differences import holm
from streetview_assets.tables.registry import TABLES


def perception_relations(
    perceived: pl.DataFrame,
    targets: pl.DataFrame,
    areas: pl.DataFrame,
    others: Sequence[dict[str, Any]] = (),
) -> pl.DataFrame:
    """Correlate the ranks of each quality's means of areas with those of each target.

    Near areas are alike: intervals and p-values are those of as many independent areas as would be
    as uncertain (Clifford, Richardson and Hémon 1989); p-values are told for their number, too.

    Parameters
    ----------
    perceived
        Table ``area_perception``, of all authorities.
    targets
        Table ``targets``, likewise.
    areas
        Table ``areas``, likewise: where an area is.
    others
        Rows of the same table by other measures: `direction_cosines`, `gains_over_place`.

    Returns
    -------
    polars.DataFrame
        Table ``perception_relations``, by its key.
    """
    placed = areas.select("area_code", "longitude", "latitude").unique("area_code")
    means = perceived.drop_nulls("mean").join(placed, on="area_code")
    rows = list(others)
    for quality, encoder in perceived.select("quality", "encoder").unique().sort(pl.all()).rows():
        own = means.filter(quality=quality, encoder=encoder)
        for target in targets["target"].unique().sort():
            values = targets.filter(target=target).drop_nulls("value").unique("area_code")
            both = own.join(values.select("area_code", "value"), on="area_code").sort("area_code")
            key = {"quality": quality, "encoder": encoder, "target": target}
            rows.append(key | {"measure": "spearman"} | _tested(both))
    table = TABLES["perception_relations"]
    frame = pl.DataFrame(rows, schema={**table.schema})
    known = frame.filter(pl.col("p_value").is_not_null())
    adjusted = known.with_columns(
        pl.Series("p_adjusted", holm(known["p_value"].to_numpy()), pl.Float64)
    )
    return pl.concat([adjusted, frame.filter(pl.col("p_value").is_null())]).sort(table.key)


def _tested(both: pl.DataFrame) -> dict[str, Any]:
    place_m = EARTH_RADIUS_M * on_the_sphere(
        both["longitude"].to_numpy(), both["latitude"].to_numpy()
    )
    found = spearman(both["mean"].to_numpy()[:, None], both["value"].to_numpy(), place_m)[0]
    found["area_count"] = found.pop("unit_count", both.height)
    return found
