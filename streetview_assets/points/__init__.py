"""Points: the road network and the places sampled on it."""
