"""The roof: what Dagster loads."""

from streetview_assets.orchestration.build import build_definitions

defs = build_definitions()
