"""Protocols of a study: written before the test, carried out, compared with what was fixed."""
