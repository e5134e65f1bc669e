"""Tuning and testing without leaks: nested cross-validation and its parts."""
