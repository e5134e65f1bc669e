"""Chapters "Methods and limits", "Made from" and "Attribution": the study in plain words."""

from typing import Any

from streetview_assets.images.providers.registry import provider_class
from streetview_assets.report.database import Published
from streetview_assets.tables.registry import TABLES

CANDIDATES = {
    "ridge": "ridge regression",
    "kernel_ridge": "kernel ridge regression",
    "pls": "partial least squares",
    "gradient_boosting": "gradient boosting",
    "svr": "support vector regression",
    "gaussian_process": "a Gaussian process",
    "nearest_neighbours": "nearest neighbours",
    "random_forest": "a random forest",
    "xgboost": "XGBoost",
    "published": "XGBoost by the published recipe",
    "stack": "a weighted mean of the others",
}


def methods(published: Published) -> dict[str, Any]:
    """Find what the study file does not say of how it was done."""
    encoders = published.of_encoder("encoders")
    return {
        "as_taken": provider_class(published.study.images.provider).as_taken,
        "dimension": encoders["dimension"][0] if encoders.height else None,
        "candidates": [
            CANDIDATES.get(name, name.replace("_", " "))
            for name in published.study.models.candidates
        ],
    }


def made_from(published: Published) -> dict[str, Any]:
    """Find what the page was made from: versions, hashes, dates, rows."""
    there = [name for name in TABLES if name in published.names]
    counts = " union all ".join(f"select '{name}', count(*) from {name}" for name in there)
    found = dict(published.sql(counts).iter_rows()) if there else {}
    sources = published.table("targets").select("target", "source").drop_nulls().unique()
    return {
        "rows": [[name, TABLES[name].meaning, found[name]] for name in there],
        "sources": sources.sort("target", "source"),
    }


def attribution(published: Published) -> dict[str, Any]:
    """Find the files whose publishers are to be named."""
    study = published.study
    sources = [*study.targets, study.areas, study.roads]
    files = {source.path.name for source in sources if source and source.path}
    return {"files": sorted(files)}
