"""The command `streetview`: its sub-commands, what they print, and nothing that computes.

A sub-command imports what it needs when it is called, so that `--help` is quick.
"""
