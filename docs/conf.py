"""How Sphinx builds the site: `make docs`. Nothing that a page shows comes from another host."""

from streetview_assets.version import version_in_words

project = "streetview_assets"
author = "streetview_assets contributors"
version = release = version_in_words()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# A page is read on the site and where the repository is looked at: links to files beside `docs/`
# lead to the repository and are left as they are.
suppress_warnings = ["myst.xref_missing"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False

html_theme = "pydata_sphinx_theme"
html_title = "streetview_assets"
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "footer_start": [],
    "footer_end": [],
}
