"""A network for deciles, trained on the images of each point."""
