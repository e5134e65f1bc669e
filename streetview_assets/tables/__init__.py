"""The contracts of all tables: one file a stage, and the registry that has them all.

Columns, types, keys, units and meanings stand here and nowhere else: the schema in polars, the
check at every write, the views, the comments in DuckDB and the reference page come from it. No
rows are made here.
"""
