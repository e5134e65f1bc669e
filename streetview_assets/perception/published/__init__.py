"""What percept-knn-model (Danish 2024) does, on its files: GeoJSON, demographics, vectors."""
