"""The direction of deprivation among the vectors, and what lies at its ends."""
