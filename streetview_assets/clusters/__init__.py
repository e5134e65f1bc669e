"""Clusters: kinds of scene."""
