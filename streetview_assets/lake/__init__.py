"""Storage: Parquet partitions, fingerprints and the published DuckDB file."""
