"""The upper floor: thin Dagster over the stages."""

import os
import warnings

import dagster as dg

# Data versions on outputs are in beta in Dagster 1.13; a warning at each of them helps nobody.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
# MLflow sets its log level when it is imported; what it tells at INFO is nothing a user asked for.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
