"""The lake: Parquet files, sealed, with the fingerprint of what they hold.

How one file is named, written aside, locked, checked and read. At the ground: it knows the
contracts of tables, and no stage, no study and no Dagster. What is out of date is for
`study_state`, what DuckDB does for `warehouse`.
"""
