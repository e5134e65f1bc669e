"""Areas: outlines, authorities and targets."""
