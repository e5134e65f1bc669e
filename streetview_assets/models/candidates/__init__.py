"""The models that compete, the baselines beside them, and how features are prepared."""
