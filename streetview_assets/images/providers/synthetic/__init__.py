"""A provider that paints streets: for the demo and for tests with known truth."""
