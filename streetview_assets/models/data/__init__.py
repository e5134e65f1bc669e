"""What models learn from: areas with vectors, features, and how areas are split."""
