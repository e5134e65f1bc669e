"""Clusters: kinds of scene.

`fit/` finds them and assigns images, `number/` says how many there are, `profile/` what they are,
`layout/` shows them on a plane, `categories/` holds them against the images' own, `change/`
follows them over time. Numbers of clusters begin at 1, and stay with their clusters from fit to
fit. No target is learned here: that is for `models`.
"""
