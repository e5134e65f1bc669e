"""Processes, threads and signals: one signal stops everything, and no child outlives its parent.

Nothing here knows a stage, a table or a study.
"""
