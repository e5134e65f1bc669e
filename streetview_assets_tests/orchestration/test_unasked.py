"""Only what a study asks for is built; the published file has every table all the same."""

import pytest

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.study_state.lineage import specs, specs_for, written_by
from streetview_assets.study_state.open_study import open_study
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.marts import marts

PARTS = {
    "exclusions: {}": {"image_exclusions"},
    "exclusions: {rectangles: []}": {"image_exclusions", "exclusion_layout"},
    "labels: {shop: [a shop], field: [a field]}": {"label_scores", "label_shares"},
    "encoder: {name: colour-texture, views: mean}": {"panorama_embeddings"},
    "images: {provider: synthetic, headings_deg: [0], size_px: [64, 64], keep_images: false}": {
        "image_retention"
    },
    "layout: {}": {"image_layout"},
    "user_groups: study.yaml": {"user_groups"},
    "clusters: {k: 2, sweep: [2, 3], names: study.yaml}": {"cluster_names"},
    "sample_size: {k: [2]}": {"sample_size_experiment"},
    "explorer: {}": {"thumbnails_atlas"},
    "explanations: {}": {"image_influences"},
    "ordinal: {}": {"ordinal_model"},
    "environment: {points_of_interest: study.yaml}": {"environment_variables"},
    "satellite: {path: study.yaml}": {"satellite_embeddings", "target_gains"},
    "place: {}": {"place_descriptions", "target_gains"},
    "perception: {comparisons: study.yaml}": {
        *("ratings", "image_ratings", "rating_agreement", "perception_model", "image_perception"),
        *("area_perception", "perception_relations"),
    },
}
OF_OWN_IMAGES = {"image_files", "category_scores"}


def with_line(path, line):
    """Write the study file anew with one line more, or another one in place of its own."""
    key = line.split(":")[0]
    lines = [old for old in path.read_text().splitlines() if not old.startswith(f"{key}:")]
    other = path.with_name("other.yaml")
    other.write_text("\n".join([*lines, line]))
    return open_study(other)


@pytest.mark.parametrize("line", PARTS)
def test_a_part_of_the_study_file_brings_its_assets(unmade_town, line):
    opened = unmade_town.opened
    assert not PARTS[line] & set(opened.assets)
    asked = with_line(opened.study.path, line)
    assert set(asked.assets) - set(opened.assets) == PARTS[line]
    assert set(opened.assets) <= set(asked.assets)


def test_no_other_assets_are_left_out(unmade_town):
    """One with no test above would be left out of every study without a word."""
    left_out = set(specs()) - set(unmade_town.opened.assets)
    assert left_out == set().union(OF_OWN_IMAGES, *PARTS.values())
    study = unmade_town.opened.study
    own = {
        "images": study.images.model_copy(update={"provider": "folder"}),
        "points": study.points.model_copy(update={"origin": "images"}),
    }
    asked = specs_for(study.model_copy(update=own))
    assert set(asked) >= OF_OWN_IMAGES


def test_the_asset_graph_and_the_status_have_what_is_asked_for_alone(unmade_town):
    asked = set(unmade_town.opened.assets)
    graph = unmade_town.definitions.resolve_asset_graph()
    built = {key.to_user_string() for key in graph.materializable_asset_keys}
    sources = {key.to_user_string() for key in graph.get_all_asset_keys()} - built
    assert sources == {f"source/{name}" for name in ("areas", "roads", "targets", "study_file")}
    assert built == asked | {f"mart/{mart.name}" for mart in marts()} | {"published_database"}
    checked = {key.asset_key.to_user_string() for key in graph.asset_check_keys}
    assert checked <= built
    assert {state.asset for state in study_status(unmade_town.opened)} == asked


def test_the_published_file_has_every_table_with_its_columns_and_comments(finished_town):
    opened = finished_town.opened
    said = opened.sql("select table_name, comment from duckdb_tables()")
    comments = dict(said.iter_rows())
    columns = opened.sql("select table_name, column_name, comment from duckdb_columns()")
    for table in TABLES.values():
        assert comments[table.name], table.name
        of_table = dict(columns.filter(table_name=table.name).drop("table_name").iter_rows())
        assert list(of_table) == list(table.published_columns), table.name
        assert all(of_table.values()), table.name
        if table.name in written_by() and written_by()[table.name] not in opened.assets:
            assert opened.table(table.name).is_empty(), table.name


def test_what_a_study_asks_for_no_longer_is_gone_with_the_next_run(town):
    path = town.opened.study.path
    text = path.read_text()
    path.write_text(f"{text}\nlayout: {{methods: [tsne], perplexities: [5], iterations: 250}}\n")
    asked = open_study(path)
    assert not run_study(asked, only=frozenset({"image_layout"})).failures
    assert asked.read("image_layouts").height
    path.write_text(text)
    assert not run_study(open_study(path)).failures
    assert asked.read("image_layouts").is_empty()
    assert asked.table("image_layouts").is_empty()
