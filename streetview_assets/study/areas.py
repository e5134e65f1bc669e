"""The parts `areas` and `place` of the study file."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from streetview_assets.study.fields import Code, ExistingFile, Part

Description = Literal["outline", "streets", "points_of_interest", "geoclip"]
DESCRIPTIONS: tuple[Description, ...] = get_args(Description)


class Lookup(Part):
    """A table that says which authority an area belongs to, where the areas file does not."""

    path: ExistingFile = Field(description="CSV, Excel or Parquet; it may repeat an area")
    code: str = Field(description="column of the area codes")
    authority_code: str = Field(description="column of the authority codes")
    authority_name: str | None = Field(None, description="column of the authority names")


class Areas(Part):
    """The small areas (LSOAs or any polygons) and the columns that name them."""

    path: ExistingFile = Field(
        description="GeoPackage, GeoJSON, Shapefile, FlatGeobuf (zipped or not) or GeoParquet; or "
        "CSV of places that are labelled with areas: each is then the ground nearest to its "
        "places, 500 m from them at most"
    )
    code: str = Field(description="column of the area codes")
    name: str | None = Field(None, description="column of the area names; default: the code")
    authority_code: str | None = Field(None, description="column of the authority codes")
    authority_name: str | None = Field(None, description="column of the authority names")
    lookup: Lookup | None = None
    authority_in_name: bool = Field(
        False,
        description="whether areas are named after their authority, as `Leeds 001A` is: what "
        "stands before the last blank is its name, and its code",
    )

    @property
    def names_authorities(self) -> bool:
        """Whether something says which authority an area belongs to."""
        return bool(self.authority_code or self.lookup or self.authority_in_name)

    @model_validator(mode="after")
    def _one_source_of_authorities(self) -> Self:
        sources = (self.authority_code, self.lookup, self.authority_in_name)
        if sum(map(bool, sources)) > 1:
            raise ValueError("give one of authority_code, lookup and authority_in_name")
        if self.authority_in_name and not self.name:
            raise ValueError("authority_in_name needs `name`, the column of the areas' names")
        return self


class Place(Part):
    """Where areas are, told by more than coordinates; without this part, by these alone."""

    descriptions: tuple[Description, ...] = Field(
        ("outline",),
        min_length=1,
        description="`outline`: size, form, neighbours and how dense areas lie; `streets`: of "
        "`roads`; `points_of_interest`: how many and how near; `geoclip`: a code that a network "
        "has learned of places, which needs the extra `geoclip`",
    )
    points_of_interest: ExistingFile | None = Field(
        None,
        description="points or outlines (.gpkg .geojson .parquet .shp), or CSV with columns "
        "longitude and latitude, with a column `category`; default: those of `environment`",
    )
    category: Code | None = Field(
        None,
        description="column of the file's categories; default: the eight classes of "
        "`environment`, by tags of OpenStreetMap",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.descriptions)) < len(self.descriptions):
            raise ValueError("descriptions names one twice")
        if self.points_of_interest and "points_of_interest" not in self.descriptions:
            raise ValueError("points_of_interest is given, but not among `descriptions`: add it")
        if self.category and not self.points_of_interest:
            raise ValueError("category is a column of `points_of_interest`: give the file")
        return self
