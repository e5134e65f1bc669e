"""The study file: its parts, and what is said where it is wrong.

One file a part, each key with its type, default, bounds and meaning: the reference page and the
JSON schema are made of these. What the files hold that a study names is read elsewhere.
"""
