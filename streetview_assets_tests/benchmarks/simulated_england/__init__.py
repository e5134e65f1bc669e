"""A study of the size of England, without pixels: made by seed, and taken through its stages."""
