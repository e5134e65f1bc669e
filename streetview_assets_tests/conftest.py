"""The order of the tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long ones first, so that the short ones fill the end on every worker."""
    items.sort(key=lambda item: "end_to_end" not in item.path.parts)
