"""A study as others' programs read it: tables, stores, features, map tags, panoramas."""
