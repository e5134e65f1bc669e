"""Other people's text: as a name of a file, in JSON, in a spreadsheet, in a terminal.

One function for each of these; no text becomes a path, a pattern or markup without it.
"""
