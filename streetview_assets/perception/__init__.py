"""Perception: what people see in images, learned from their ratings, with its uncertainty.

`ratings/` reads what people said, `scaling/` makes scores of pairs, `agreement/` says how far
people agree, `prediction/` gives scores to images that nobody rated, `environment/` describes what
lies around a point. Frames come in, frames go out.
"""
