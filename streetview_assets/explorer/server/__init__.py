"""The explorer's server: pages and images of a study on this machine, and answers to questions.

`app` has the routes; `guard` lets through what this machine's own page asks, and nothing else;
`perception` answers for an image that is dropped in and for a place; `kept` holds the names of
clusters and the groups of images that people keep in the study's folder, the only thing written.
"""
