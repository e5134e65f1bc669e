"""Embeddings: images into vectors."""
