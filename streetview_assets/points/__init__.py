"""Points: the road network and the places sampled on it.

Roads are read and clipped (`roads/`), points are sampled along them, or come from elsewhere
(`imported/`) or from images of one's own (`own_images/`). Degrees are WGS 84, lengths metres in
the study's CRS. A point is named by its place, never by a row number.
"""
