"""The chapters of the report, a file each."""
