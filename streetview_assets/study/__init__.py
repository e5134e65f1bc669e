"""The study file: its parts, and what is said where it is wrong."""
