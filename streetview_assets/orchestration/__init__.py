"""The upper floor: thin Dagster over the stages.

`assets/` has the assets, each registered by its decorator; `runs/` what the command does with
them, `automation/` what starts them by itself, `tracking/` MLflow, `ui/` the web server. An asset
reads, calls one function of its stage, and gives back its tables: nothing is computed here.


What an asset is can be known without Dagster, MLflow and all that an asset computes with: those are
imported by the functions that need them, since half of the commands only look at a study.
"""

import os

# MLflow sets its log level when it is imported; what it tells at INFO is nothing a user asked for.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
