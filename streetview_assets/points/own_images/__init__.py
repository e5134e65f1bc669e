"""Images of one's own: where and when they were taken."""
