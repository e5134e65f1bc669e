"""Labels in words: how much an image is like a text, and what is left out by it."""
