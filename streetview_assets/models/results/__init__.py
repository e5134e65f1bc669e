"""Rows of results, and what they say in words."""
