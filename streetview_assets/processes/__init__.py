"""Processes and signals: one signal stops everything, and no child outlives its parent."""
