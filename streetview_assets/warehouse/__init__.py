"""All that needs DuckDB: queries, marts, the published file and its data tests."""
