"""The order of the tests, and the real data beside the checkout."""

from pathlib import Path

import pytest

FIRST = ("test_honest_scores.py", "test_killed.py", "test_materialisation.py")
"""Files that each make a study which other files take: begun together, no worker waits for one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long ones first, so that the short ones fill the end on every worker."""

    def turn(item: pytest.Item) -> tuple[int, bool]:
        name = item.path.name
        first = FIRST.index(name) if name in FIRST else len(FIRST)
        return first, "end_to_end" not in item.path.parts

    items.sort(key=turn)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data of ../shared/data."""
    folder = (Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("the real data of ../shared/data are not beside this checkout")
    return folder
