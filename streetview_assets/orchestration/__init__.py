"""The upper floor: thin Dagster over the stages.

`assets/` has the assets, each registered by its decorator; `runs/` what the command does with
them, `automation/` what starts them by itself, `tracking/` MLflow, `ui/` the web server. An asset
reads, calls one function of its stage, and gives back its tables: nothing is computed here.
"""

import os
import warnings

import dagster as dg

# Data versions on outputs are in beta in Dagster 1.13; a warning at each of them helps nobody.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
# MLflow sets its log level when it is imported; what it tells at INFO is nothing a user asked for.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
