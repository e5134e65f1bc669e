"""Images: look-ups and images from a provider."""
