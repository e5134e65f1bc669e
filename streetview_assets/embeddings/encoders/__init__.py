"""Encoders: pixels (and texts) to vectors, by library, with their weights and preprocessing."""
