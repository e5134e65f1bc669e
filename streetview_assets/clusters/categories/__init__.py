"""The images' own categories: how they are merged, and how well vectors tell them."""
