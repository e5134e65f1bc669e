"""Prediction: scores of images that nobody rated, from those of images that people rated."""
