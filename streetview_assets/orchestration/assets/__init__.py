"""The assets, one file a stage."""
