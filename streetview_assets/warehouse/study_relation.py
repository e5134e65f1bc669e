"""What every query may read besides tables and marts: one row of what the study file says."""

import polars as pl

from streetview_assets.study.study_file import Study
from streetview_assets.validations import VALIDATIONS

STUDY_RELATION = "study"


def study_relation(study: Study) -> pl.DataFrame:
    """Say in one row what queries need to know of the study file."""
    points, freshness = study.points, study.freshness
    evenly = points.rule == "even" and points.count is None and points.path is None
    by_road = study.roads is not None and evenly
    return pl.DataFrame(
        {
            "study": [study.name],
            "encoder": [study.encoder.slug],
            "provider": [study.images.provider],
            "synthetic": [study.is_synthetic],
            "target": [study.target.name if study.target else None],
            "validations": [[one.name for one in VALIDATIONS.values() if one.of_each_area]],
            "views": [study.encoder.views],
            "statistic": [study.pooling.statistic],
            "counts_for": [study.pooling.area],
            "method": ["kmeans"],
            "space": [study.clusters.space],
            "k": [study.clusters.k],
            "spacing_m": [study.points.spacing_m if by_road else None],
            "max_failed_share": [study.images.max_failed_share],
            "imagery_months": [freshness.imagery_months if freshness else None],
            "lookup_days": [freshness.lookup_days if freshness else None],
        },
        schema_overrides={
            "target": pl.String,
            "spacing_m": pl.Float64,
            "imagery_months": pl.Int32,
            "lookup_days": pl.Int32,
        },
    )
