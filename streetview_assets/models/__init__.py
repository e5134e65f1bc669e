"""Models: from the look of an area to its targets.

`data/` assembles areas and splits them, `candidates/` are who competes, `validation/` tunes and
tests without leaks, `evaluations/` are the questions that are asked, `metrics/` says how good
answers are, `results/` makes rows and sentences of them, `charts/` draws. `direction/` and
`ordinal/` stand by themselves. No function reads a file of the lake or knows MLflow: frames come
in, frames go out.
"""
