"""Where an area is, told by more than coordinates: outline, streets, what stands there, a code."""
