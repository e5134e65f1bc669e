"""Embeddings: images into vectors.

`encoders/` has one file a library, and vectors made elsewhere (`imported/`); here is what goes
round them: batches, shards, panoramas looked at as a whole. `similarity/` finds what looks alike,
`zero_shot/` compares with texts. Vectors are float32 of unit length. What an area is belongs to
`pooling`.
"""
