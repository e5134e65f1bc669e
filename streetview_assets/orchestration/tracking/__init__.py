"""MLflow: runs, models, and the one that bears the alias."""
