"""The questions asked of models: chosen, held out, alone, transferred, by group, by sample size."""
