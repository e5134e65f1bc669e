"""The explorer: all images of a study on one page, the layout and the map side by side.

`facts` asks the published database, `atlas` draws thumbnails into sprites, `static_site` writes
both with the page itself as a folder that any web server serves; `server` serves it on this
machine, with answers that need the encoder beside it. `page/` is what a browser runs.
"""
