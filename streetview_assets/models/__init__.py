"""Models: from the look of an area to its targets."""
