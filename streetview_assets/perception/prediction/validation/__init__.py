"""How well scores are predicted: held out without leaks, and told with their uncertainty."""
