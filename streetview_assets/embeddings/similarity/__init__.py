"""The images most like an image, exactly or approximately, and sheets of them."""
