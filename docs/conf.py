"""How Sphinx builds the site: `make docs`. Nothing that a page shows comes from another host."""

import json
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser

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
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "footer_start": [],
    "footer_end": [],
}


class NotebookParser(MystParser):
    """Shows a notebook as the page that its cells are; what they give is seen where it is run."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Put the cells one below the other."""
        cells = json.loads(inputstring)["cells"]
        texts = ["".join(cell["source"]) for cell in cells]
        super().parse(
            "\n\n".join(
                text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
                for cell, text in zip(cells, texts, strict=True)
            ),
            document,
        )


def setup(app: Any) -> None:
    """Read notebooks beside pages."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
