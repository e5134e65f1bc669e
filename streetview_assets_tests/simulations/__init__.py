"""Measures of the statistics on made-up data of known truth; each module runs by itself.

    python -m streetview_assets_tests.simulations.NAME --help

They take minutes, draw anew by each `--seed`, and print a table of what was meant and what was
reached, with its Monte Carlo error. `make test` holds the same with few draws.
"""
