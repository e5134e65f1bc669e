"""Names that people give: of clusters (`cluster_names`) and of groups of their own (`user_groups`).

Both are kept in the study's folder as CSV with a row an image (`named_images`), so that a name
follows the images, whatever numbers clusters get.
"""
