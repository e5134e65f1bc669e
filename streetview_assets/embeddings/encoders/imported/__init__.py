"""Vectors made elsewhere: the files they come in, and whose they are."""
