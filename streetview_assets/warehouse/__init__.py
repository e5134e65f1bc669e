"""All that needs DuckDB: queries, marts, the published file and its data tests.

The SQL itself lies in `dbt_like_sql/`. DuckDB is imported in no stage; analysts' questions are
asked in a database that can neither read other files nor write any.
"""
