"""The part `areas` of the study file."""

from typing import Self

from pydantic import Field, model_validator

from streetview_assets.study.fields import ExistingFile, Part


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
