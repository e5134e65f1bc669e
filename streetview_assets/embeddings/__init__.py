"""Embeddings: pictures into vectors."""
