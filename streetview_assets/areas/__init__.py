"""Areas: outlines, authorities and targets.

Reads boundary files and tables of targets, mends outlines, joins values to areas by code. Geometry
comes out as WKB in EPSG:4326; the study's own CRS, in metres, is used inside. What goes wrong in a
file is a `StudyError` that names it. No file of a study's own is written here.
"""
