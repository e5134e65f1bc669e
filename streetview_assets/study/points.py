"""The parts `roads` and `points` of the study file."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from streetview_assets.study.fields import Code, ExistingFile, Part

RoadClass = Literal[
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "motorway_link",
    "trunk_link",
    "primary_link",
    "secondary_link",
    "tertiary_link",
    "residential",
    "unclassified",
    "living_street",
    "road",
    "service",
    "track",
    "pedestrian",
    "footway",
    "cycleway",
    "bridleway",
    "path",
    "steps",
]
"""Ways of OpenStreetMap's `highway` that are there and can be used."""


class Roads(Part):
    """Where the road network comes from."""

    path: ExistingFile | None = Field(
        None, description="lines (.gpkg .geojson .parquet .shp), .osm, .osm.pbf or .graphml"
    )
    source: Literal["overpass"] | None = Field(None, description="fetch from OpenStreetMap")
    drivable_only: bool = Field(True, description="leave out paths, steps and cycleways")
    classes: dict[Code, RoadClass | None] = Field(
        default_factory=dict,
        description="classes of the file that are neither OpenStreetMap's nor those of OS Open "
        "Roads: which of OpenStreetMap's each is; null leaves it out",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.source is None):
            raise ValueError("give either a path or `source: overpass`")
        return self


_WITHOUT_COLUMNS = (".json", ".geojson", ".h5", ".hdf5", ".hdf")


class PointColumns(Part):
    """Columns of a table of points that have no usual names."""

    longitude: Code | None = Field(None, description="default: lng, lon, longitude, gsv_lng, x, …")
    latitude: Code | None = Field(None, description="default: lat, latitude, gsv_lat, y, …")
    id: Code | None = Field(None, description="default: id, point_id, img_id, new_imgid, …")
    panorama_id: Code | None = Field(None, description="default: panoid or pano_id")


class Points(Part):
    """How sample points are placed, or where they come from."""

    spacing_m: float = Field(
        200,
        gt=0,
        description="one point on so much road; wider where streets lie too close for points half "
        "of it apart",
    )
    min_per_area: int = Field(1, ge=0, description="where the area has road and room for it")
    count: int | None = Field(None, gt=0, description="or so many points, drawn by the seed")
    rule: Literal["even", "poisson"] = Field(
        "even",
        description="how they are placed: one on every `spacing_m`, or `poisson`, as INTEGRATE "
        "draws them: on each road, in each direction that it has, a number drawn by the seed",
    )
    per_km: float = Field(
        0.3, gt=0, description="of rule `poisson`: mean number on a kilometre of a direction"
    )
    path: ExistingFile | None = Field(
        None,
        description="points of one's own: map-generator JSON, CSV, Parquet, GeoJSON, a pickle "
        "(`trust`), a store of street data or features.h5 with its labels beside it",
    )
    columns: PointColumns = Field(
        PointColumns(), description="columns of such a table, where they have no usual names"
    )
    origin: Literal["images"] | None = Field(
        None, alias="from", description="`images`: the images say where the points are"
    )
    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.rule == "poisson" and self.count is not None:
            raise ValueError("rule poisson draws its own number of points: leave count out")
        return self

    @model_validator(mode="after")
    def _columns_are_of_a_table(self) -> Self:
        named = self.columns != PointColumns()
        if named and (self.path is None or self.path.suffix.lower() in _WITHOUT_COLUMNS):
            raise ValueError(
                "columns are those of a table (CSV, Parquet, a pickle): give its `path`, or leave "
                "columns out"
            )
        return self
