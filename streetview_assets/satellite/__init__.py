"""What satellites see of areas, as vectors: of rasters, or as somebody else has pooled them."""
