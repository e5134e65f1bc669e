"""Files: how foreign ones are read, and how ours are named and written."""
