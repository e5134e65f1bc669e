"""Qualities of areas: what people see in them, and how that goes with the targets."""
