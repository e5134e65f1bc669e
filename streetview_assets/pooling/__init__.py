"""Pooling: the vectors of an area as one."""
