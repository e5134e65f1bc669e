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
        description="GeoPackage, GeoJSON, Shapefile, FlatGeobuf (zipped or not) or GeoParquet"
    )
    code: str = Field(description="column of the area codes")
    name: str | None = Field(None, description="column of the area names; default: the code")
    authority_code: str | None = Field(None, description="column of the authority codes")
    authority_name: str | None = Field(None, description="column of the authority names")
    lookup: Lookup | None = None

    @model_validator(mode="after")
    def _one_source_of_authorities(self) -> Self:
        if self.lookup and self.authority_code:
            raise ValueError("give either authority_code or lookup, not both")
        return self
