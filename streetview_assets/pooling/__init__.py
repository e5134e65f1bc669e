"""Pooling: the vectors of an area as one.

Per dimension: median, mean, max, min; and how unlike the vectors are. Of areas, or of their groups
of images. Which images count is decided before, by `images.current` and the exclusions.
"""
