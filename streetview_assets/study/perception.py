"""The parts `perception` and `environment` of the study file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streetview_assets.study.fields import Code, ExistingFile, Part

Normalisation = Literal["softmax10**", "softmax", "divbysum"]
Combination = Literal["append", "average", "slerp"]


class Environment(Part):
    """What lies around each point: points of interest and streets; without this part, none."""

    points_of_interest: ExistingFile = Field(
        description="an extract of OpenStreetMap (.osm, .osm.pbf), or points with its tags as "
        "columns (.geojson, .gpkg, .parquet)"
    )
    radii_m: tuple[Annotated[float, Field(gt=0, le=5000)], ...] = Field(
        (100, 300), min_length=1, description="of the circles around a point that are looked at"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.radii_m)) < len(self.radii_m):
            raise ValueError("radii_m names one twice")
        return self


class RaterGroups(Part):
    """Groups of people whose ratings are looked at by themselves."""

    age: tuple[Annotated[str, Field(pattern=r"^\d+(-\d+|\+)$")], ...] = Field(
        (), description="ages from and to, both in it, such as `18-29` and `50+`"
    )
    gender: bool = Field(False, description="a group for each gender that raters gave")
    region: tuple[Code, ...] = Field(
        (), description="`NL` and `non-NL`, by the country and the postcode that raters gave"
    )
    education: bool = Field(False, description="a group for each level that raters gave")


ColumnOf = str | dict[Code, str]
"""A column, or one for each quality."""


class RatingColumns(Part):
    """Columns of the CSV files of ratings; what is not named is looked for by its usual names."""

    image: str | None = Field(
        None, description="the image: its id, its file, its URL or the provider's panorama id"
    )
    quality: str | None = Field(None, description="which quality a row is about")
    value: ColumnOf | None = Field(
        None, description="the rating or average; of a row with several, a column by quality"
    )
    spread: ColumnOf | None = Field(
        None, description="standard deviation of the ratings behind an average"
    )
    count: ColumnOf | None = Field(None, description="number of ratings behind an average")
    rater: str | None = Field(None, description="who rated")
    rating_id: str | None = Field(None, description="the file's own name of a rating or comparison")
    longitude: str | None = Field(None, description="of a rated place, degrees east, WGS 84")
    latitude: str | None = Field(None, description="of a rated place, degrees north, WGS 84")
    left: str | None = Field(None, description="of a pair, the image on the left")
    right: str | None = Field(None, description="of a pair, the image on the right")
    choice: str | None = Field(
        None,
        description="which was chosen: `left`, `right`, the id of one of the two, `equal` or `1`, "
        "`not_comparable` or `0`, `not_shown` or `2`",
    )
    age: str | None = Field(None, description="of who rated, in years")
    gender: str | None = Field(None, description="of who rated")
    country: str | None = Field(None, description="of who rated, in any words")
    postalcode: str | None = Field(
        None, description="of who rated; the region is made of it, and it is not kept"
    )
    education: str | None = Field(None, description="of who rated")


class Perception(Part):
    """What people see in images, learned from their ratings; without this part, nothing."""

    ratings: ExistingFile | None = Field(
        None,
        description="GeoJSON of averages, or CSV of ratings of images or of places, or of averages",
    )
    demographics: ExistingFile | None = Field(
        None,
        description="CSV, one row per rating: image_id, category_id, rating and who gave it; "
        "`ratings` then says which images these are",
    )
    comparisons: ExistingFile | None = Field(
        None, description="CSV, one row per pair of images: which of the two is more of a quality"
    )
    columns: RatingColumns = RatingColumns()
    qualities: tuple[Code, ...] | None = Field(
        None, min_length=1, description="which to learn; default: all that are there"
    )
    method: Literal["knn", "ridge"] = Field(
        "knn", description="what predicts: the scores of the images most alike, or ridge"
    )
    k: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (10, 20, 50), min_length=1, description="numbers of neighbours; the best is chosen"
    )
    normalisation: Normalisation = Field(
        "softmax10**", description="how the cosines of neighbours become weights"
    )
    groups: RaterGroups = RaterGroups()
    least_raters: int = Field(
        5, ge=2, description="nothing is told of a group of fewer raters of a quality"
    )
    within_m: float = Field(
        50, gt=0, le=1000, description="images so near to a rated place stand for it"
    )
    environment: Combination | None = Field(
        None,
        description="how sentences on a point's environment join its images; needs the part "
        "`environment` and an encoder with a text tower",
    )
    prompt_style: Literal[0, 1] = Field(
        0, description="of these sentences: values as they are, or five words from very low up"
    )

    @model_validator(mode="after")
    def _has_ratings(self) -> Self:
        if not (self.ratings or self.comparisons):
            raise ValueError("give `ratings`, `comparisons`, or both")
        if self.demographics and not self.ratings:
            raise ValueError("`demographics` says who gave ratings: give `ratings`")
        return self
