"""Images: look-ups and pictures from a provider."""
