"""Finding clusters: sample, projection, k-means and where it begins, HDBSCAN, assignment."""
