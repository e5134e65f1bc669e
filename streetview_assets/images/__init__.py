"""Images: look-ups, and the pixels, from a provider.

What a provider is stands in its file in `providers/`; how it is asked, for all of them, in
`http/`; what it may cost in `budget/`. Beside them: which images are wanted and current, their
files, measures, near-duplicates, and what is deleted. Nothing here knows a vector or a model.
"""
