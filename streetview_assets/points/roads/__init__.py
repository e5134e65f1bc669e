"""Roads: where they come from, their classes, and the streets that they make."""
