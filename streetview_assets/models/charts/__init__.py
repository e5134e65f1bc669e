"""The figures of the models."""
