"""The bundled demo: a made-up town, as files; only the command knows it.

The program that made them, from a seed, lies beside the tests that hold them to it.
"""
