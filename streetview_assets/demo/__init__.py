"""The bundled demo: a made-up town.

Its files are made by the modules here, from a seed; only the command knows it.
"""
