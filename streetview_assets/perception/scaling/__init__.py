"""From comparisons of two images to a score of each."""
