"""The command `streetview`: its sub-commands, what they print, and nothing that computes."""
