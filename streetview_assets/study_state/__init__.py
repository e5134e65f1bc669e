"""A study that is opened: its sources, what its tables are made from, and what is out of date.

Where the study file, its source files and the lake meet. It decides what is to be made and makes
nothing: that is for `orchestration`. No Dagster here.
"""
