"""Kriging of more areas than a matrix of all of them allows."""
