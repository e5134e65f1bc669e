"""Finding clusters: sample, projection, k-means, HDBSCAN, and which image is in which cluster."""
