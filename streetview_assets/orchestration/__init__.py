"""The upper floor: thin Dagster over the stages."""

import warnings

import dagster as dg

# Data versions on outputs are in beta in Dagster 1.13; a warning at each of them helps nobody.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
