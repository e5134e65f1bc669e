"""A study as others' programs read it: tables, stores, features, map tags, panoramas.

Everything is written aside and renamed. What a provider's terms keep back, or a spreadsheet would
run, does not go out. Readers of the same formats are in `points/imported` and
`embeddings/encoders/imported`.
"""
