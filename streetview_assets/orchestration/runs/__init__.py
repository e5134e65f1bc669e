"""Runs of a study from the command: their order, their instance, their state and cost."""
