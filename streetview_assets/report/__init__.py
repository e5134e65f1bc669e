"""The report: one page about a study, made from its published database, to be passed on.

It reads that file and the kept figures, and the page loads nothing. A chapter is a file in
`chapters/`, which finds what there is to tell, and a template of its anchor's name, which tells it
and escapes what others wrote.
"""
