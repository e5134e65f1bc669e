"""Dagster's web UI, bound to names that it is known by."""
