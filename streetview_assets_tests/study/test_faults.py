"""A study file with a fault is refused with one line that says where and what was expected."""

import pytest
import yaml

from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import load_study
from streetview_assets_tests.study.study_text import (
    SOUND,
    TARGET,
    faults,
    load,
    refusal,
    with_images,
)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (SOUND + "autorities: []", "autorities", "areas, authorities, categories, "),
        (SOUND + "points: {spacing: 100}", "points.spacing", "spacing_m"),
        (SOUND + f"targets: [{TARGET[:-1]}, unit: x}}]", "targets.0.unit", "more_is"),
        (
            SOUND.replace(
                "authority_code: la", "lookup: {path: lookup.csv, code: a, authority_code: b, c: d}"
            ),
            "areas.lookup.c",
            "authority_name",
        ),
        (with_images("columns: {lon: x}"), "images.columns.lon", "longitude"),
    ],
)
def test_an_unknown_key_is_refused_with_the_keys_that_exist(folder, text, key, expected):
    (fault,) = faults(refusal(folder, text))
    assert fault.startswith(f"{key}: unknown key")
    assert expected in fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: leeds", "images: missing; this key is required"),
        (SOUND.replace("code: lsoa, ", ""), "areas.code: missing; this key is required"),
        (
            SOUND + f"targets: [{TARGET.replace(', more_is: better', '')}]",
            "targets.0.more_is: missing; this key is required",
        ),
    ],
)
def test_a_missing_key_is_named(folder, text, fault):
    assert faults(refusal(folder, text)) == [fault]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("areas.geojson", "gone.geojson", "areas.path"),
        ("roads.gpkg", "gone.gpkg", "roads.path"),
        ("areas.geojson", "photos", "areas.path"),
    ],
)
def test_a_missing_file_is_named_with_its_whole_path(folder, old, new, key):
    fault = f"{key}: no such file: {folder / new}"
    assert faults(refusal(folder, SOUND.replace(old, new))) == [fault]


def test_a_missing_folder_of_images_is_named(folder):
    text = "name: a\npoints: {from: images}\nimages: {provider: folder, path: images}"
    (fault,) = faults(refusal(folder, text))
    assert fault.startswith(f"images.path: no such file or folder: {folder / 'images'}")


@pytest.mark.parametrize("code", ["8000035", "07000035", "1.5", "yes", "2019-01-01"])
def test_a_code_that_yaml_does_not_read_as_text_is_to_be_quoted(folder, code):
    (fault,) = faults(refusal(folder, SOUND + f"authorities: [E08000035, {code}]"))
    assert fault.startswith("authorities.1: YAML read this code as the ")
    assert fault.endswith("put it in quotes")
    assert load(folder, SOUND + f'authorities: ["{code}"]').authorities == (code,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the study file is empty"),
        ("# all in comments\n", "the study file is empty"),
        ("- name\n", "a study file is a mapping of keys, not a list"),
        ("leeds\n", "a study file is a mapping of keys, not a str"),
        ("name: [leeds\n", "not readable as YAML"),
        ("name:\n\t- leeds\n", "not readable as YAML"),
        ("name: !!python/object:os.system x\n", "not readable as YAML"),
        (with_images("captured_between: [2019-13-01, null]"), "not readable as YAML"),
        (SOUND + "seed: 1\nseed: 2\n", "the key 'seed' is given twice"),
    ],
)
def test_what_is_no_study_at_all_is_refused(folder, text, reason):
    assert reason in refusal(folder, text)


def test_a_file_that_is_not_utf_8_is_refused(folder):
    (folder / "study.yaml").write_bytes("name: Straße".encode("latin-1"))
    with pytest.raises(StudyError, match="not readable as YAML: byte 11 is no text in UTF-8; save"):
        load_study(folder / "study.yaml")


def test_a_missing_study_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(StudyError, match=r"no such study file.*streetview init"):
        load_study(tmp_path / "gone.yaml")
    with pytest.raises(StudyError, match=r"is a folder\. Name the study file in it"):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (SOUND.replace("synthetic", "google"), "images", "needs `keep_images: true` or `false`"),
        (
            SOUND.replace("synthetic", "bing"),
            "images.provider",
            "'google', 'mapillary', 'panoramax', 'folder', 'hdf5'",
        ),
        (
            "name: a\npoints: {from: images}\nimages: {provider: folder}",
            "images",
            "provider folder needs `path`",
        ),
        (with_images("headings_deg: [360]"), "images.headings_deg.0", "less than 360"),
        (with_images("headings_deg: []"), "images", "at least one heading"),
        (with_images("headings_deg: [0, 0]"), "images", "names a heading twice"),
        (with_images("size_px: [640]"), "images.size_px.1", "the list is too short"),
        (with_images("captured_between: [2019-13, null]"), "images.captured_between.0", "month"),
        (with_images("captured_between: [2020-01, 2019-01]"), "images", "after the last"),
        (
            SOUND.replace("name: leeds", "name: Leeds"),
            "name",
            "a to z, 0 to 9 and `-` (found 'Leeds')",
        ),
        (SOUND + "points: {spacing_m: 0}", "points.spacing_m", "greater than 0"),
        (SOUND + "points: {spacing_m: .inf}", "points.spacing_m", "finite"),
        (SOUND + "points: {spacing_m: wide}", "points.spacing_m", "(found 'wide')"),
        (SOUND + "points:", "points", "expected keys: columns, count, from, min_per_area"),
        (SOUND + "authorities: E08000035", "authorities", "expected a list"),
        (SOUND + "authorities: []", "authorities", "the list is empty"),
        (SOUND + "authorities: [A, A]", "(the whole file)", "names one twice"),
        (SOUND + "encoder: {name: resnet}", "encoder.name", "(found 'resnet')"),
        (SOUND + "encoder: {views: panorama}", "encoder", "needs `fit: tiles` or `fit: pad`"),
        (
            SOUND + "encoder: {name: import, path: areas.geojson, views: panorama}",
            "encoder",
            "`views: mean` takes the mean of their vectors",
        ),
        (SOUND + "clusters: {sweep: [9, 2]}", "clusters", "the smallest k comes first"),
        (SOUND + "clusters: {sweep: [1, 9]}", "clusters", "the smallest k is 2 or more"),
        (SOUND + "clusters: {sweep: [2]}", "clusters", "the smallest k, the largest, and a step"),
        (SOUND + "layout: {perplexities: [5, 60]}", "layout.perplexities.1", "or equal to 50"),
        (SOUND + "layout: {methods: [tsne, tsne]}", "layout", "methods names one twice"),
        (SOUND + "layout: {image_px: 200, figure_px: 400}", "layout", "a quarter of figure_px"),
        (SOUND + "categories: {shop: [work]}", "categories.shop", "a valid string"),
        (SOUND + "exclusions: {words: {}}", "exclusions", "give `words` or `categories`"),
        (SOUND + "exclusions: {above: 0}", "exclusions.above", "greater than 0"),
        (SOUND + "direction: {path: nowhere.csv}", "direction.path", "nowhere.csv"),
        (SOUND + "seed: -1", "seed", "greater than or equal to 0"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(folder, text, key, reason):
    (fault,) = faults(refusal(folder, text))
    assert fault.startswith(f"{key}: ")
    assert reason in fault


def test_all_faults_are_told_at_once(folder):
    message = refusal(folder, SOUND + "seeds: 1\npoints: {spacing: 1}")
    assert "2 faults in the study file" in message
    assert len(faults(message)) == 2


def test_paths_are_relative_to_the_file_wherever_the_command_runs(folder, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    study = load(folder, SOUND + f"targets: [{TARGET}]")
    assert study.areas.path == folder / "areas.geojson"
    assert study.targets[0].path == folder / "imd.csv"
    assert study.path == folder / "study.yaml"


def test_a_secret_in_the_study_file_is_refused(folder):
    message = refusal(folder, with_images("api_key: a-secret-key"))
    assert "images.api_key: unknown key" in message
    assert "a-secret-key" not in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("images.base_url", "https://ann:hush-hush@maps.example"),
        ("images.base_url", "https://hush-hush@maps.example:8080"),
        ("images.base_url", "https://maps.example/?key=hush-hush"),
        ("images.base_url", "https://maps.example/?t=hush-hush"),
        ("images.base_url", "https://maps.example/#hush-hush"),
        ("images.base_url", "ann:hush-hush@maps.example"),
        ("images.base_url", "maps.example?access_token=hush-hush"),
        ("encoder.name", "timm:https://ann:hush-hush@hub.example/weights"),
        ("points.path", "https://ann:hush-hush@files.example/points.csv"),
        ("points.path", "https://files.example/points.csv?sig=hush-hush"),
        ("encoder.options.source", "https://files.example/weights?token=hush-hush"),
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_shown(tmp_path, key, value):
    first, *parts = key.split(".")
    inner = value
    for part in reversed(parts):
        inner = {part: inner}
    document = {"name": "s", "images": {"provider": "synthetic"}, "points": {"path": "p.csv"}}
    document[first] = {**document.get(first, {}), **inner}
    (tmp_path / "p.csv").write_text("lat,lon\n53.8,-1.5\n")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(StudyError) as refused:
        load_study(tmp_path / "study.yaml")
    assert key in str(refused.value)
    assert "hush" not in str(refused.value)
    if "?t=" not in value and "#" not in value and not value.startswith("ann"):
        assert "environment" in str(refused.value)


def test_a_file_that_is_no_yaml_is_quoted_without_its_secrets(tmp_path):
    text = "images: {base_url: https://ann:hush-hush@maps.example?key=hush-hush: : ]"
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(StudyError, match="not readable as YAML") as refused:
        load_study(tmp_path / "study.yaml")
    assert "hush" not in str(refused.value)
