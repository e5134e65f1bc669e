"""What is said in a terminal: other people's text is shown, and steers nothing."""

from typing import Any

from rich.console import Console
from rich.text import Text

from streetview_assets.text.visible_text import visible


class PlainConsole(Console):
    """A console that takes text as text: `[red]` and `:name:` are not its markup."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Show each text, of tables too, with nothing in it that steers."""
        return super().render_str(visible(text), **options)
