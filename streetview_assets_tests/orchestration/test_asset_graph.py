"""The asset graph as a text: an accidental rename or a lost dependency is a visible diff."""

import os
from pathlib import Path

import dagster as dg
import pytest

from streetview_assets.orchestration.build import build_definitions
from streetview_assets.study_state.open_study import DEMO_STUDY

SNAPSHOT = Path(__file__).parent / "asset_graph.txt"
STAGES = [
    *(
        "source",
        "areas",
        "points",
        "images",
        "embeddings",
        "pooling",
        "clusters",
        "models",
        "perception",
    ),
    "marts",
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(tmp_path_factory.mktemp("data")))
        yield build_definitions(DEMO_STUDY).resolve_asset_graph()


def drawn(graph) -> str:
    """Draw the graph, an asset a paragraph, in the order of the stages."""
    checks = {key: [] for key in graph.materializable_asset_keys}
    for check in graph.asset_check_keys:
        blocking = " (blocking)" if graph.get(check).blocking else ""
        checks[check.asset_key].append(f"{check.name}{blocking}")
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    nodes.sort(key=lambda node: (STAGES.index(node.group_name), node.key.to_user_string()))
    lines = []
    for node in nodes:
        read = sorted(_as_read(node, graph.get(key)) for key in node.parent_keys)
        lines += [
            f"{node.group_name}: {node.key.to_user_string()}",
            f"  partitions: {'authority' if node.partitions_def else 'none'}",
            f"  reads: {', '.join(read)}",
            f"  started by: {node.automation_condition.get_label()}",
            f"  pool: {', '.join(sorted(node.pools or ())) or 'none'}",
            f"  checks: {', '.join(sorted(checks[node.key])) or 'none'}",
            "",
        ]
    return "\n".join(lines)


def _as_read(node, parent) -> str:
    """Name what an asset reads; of the study file, the keys."""
    name = parent.key.to_user_string()
    if name != "source/study_file":
        return name
    return f"{name} ({', '.join(node.partition_mappings[parent.key].partition_keys)})"


def test_the_asset_graph_is_the_one_that_was_agreed(graph):
    now = drawn(graph)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8"), (
        "the asset graph has changed; where that is meant, write the snapshot anew with "
        "UPDATE_SNAPSHOTS=1 and look at its diff"
    )


def test_every_asset_says_what_it_is(graph):
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert len(node.description or "") > 30, key
        assert node.kinds, key
        assert node.group_name in STAGES, key
        if key.path == ["published_database"]:
            continue
        schema = node.metadata["dagster/column_schema"]
        assert schema.columns, key
        assert all(column.description for column in schema.columns), key


def test_every_asset_of_a_stage_has_a_code_version(graph):
    for key in graph.materializable_asset_keys:
        if graph.get(key).group_name != "marts":
            assert graph.get(key).code_version, key


def test_a_table_beside_the_first_shows_its_columns_too(graph):
    node = graph.get(dg.AssetKey("model_selection"))
    columns = [column.name for column in node.metadata["columns of predictions"].columns]
    assert {"area_code", "observed", "predicted"} <= set(columns)


def test_the_stages_stand_in_their_order(graph):
    for key in graph.materializable_asset_keys:
        mine = STAGES.index(graph.get(key).group_name)
        for parent in graph.get(key).parent_keys:
            assert STAGES.index(graph.get(parent).group_name) <= mine, (parent, key)
