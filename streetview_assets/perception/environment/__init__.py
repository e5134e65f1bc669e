"""What lies around a point: places and greens in eight classes, and the streets, in circles.

An extract of OpenStreetMap (or points with its tags) is read once; `variables` measures circles.
"""
