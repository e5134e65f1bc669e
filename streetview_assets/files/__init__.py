"""Files: how foreign ones are read, and how ours are named and written.

The borders at which whatever a library raises on a file becomes our error, with the file, the
place and a remedy. Nothing here knows a table or a study.
"""
