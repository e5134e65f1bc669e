"""Ratings come in: what people gave images, pairs of images and places, and who they are.

Everything is matched by the names it came with, never by its row.
"""
