"""Other people's text: as a name of a file, in JSON, in a spreadsheet, in a terminal."""
