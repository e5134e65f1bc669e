"""A study file with a fault is refused with one line that says where and what was expected."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import load_study

SOUND = """
name: leeds
areas: {path: areas.geojson, code: lsoa, authority_code: la}
roads: {path: roads.gpkg}
images: {provider: synthetic}
"""
TARGET = "{name: imd, path: imd.csv, area_code: lsoa, value: rank, more_is: better}"


@pytest.fixture
def folder(tmp_path):
    """A folder with every file that the studies below name."""
    for name in ("areas.geojson", "roads.gpkg", "imd.csv", "lookup.csv", "cafes.osm", "votes.csv"):
        (tmp_path / name).touch()
    (tmp_path / "photos").mkdir()
    return tmp_path


def load(folder: Path, text: str):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        load(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "study.yaml")), "the message does not name the file"
    return message


def faults(message: str) -> list[str]:
    return [line.strip() for line in message.splitlines()[1:]]


def with_images(settings: str) -> str:
    return SOUND.replace("provider: synthetic", f"provider: synthetic, {settings}")


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (SOUND + "autorities: []", "autorities", "areas, authorities, categories, clusters"),
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
    with pytest.raises(StudyError, match="not readable as YAML"):
        load_study(folder / "study.yaml")


def test_a_missing_study_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(StudyError, match=r"no such study file.*streetview init"):
        load_study(tmp_path / "gone.yaml")


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
        (SOUND.replace("name: leeds", "name: Leeds"), "name", "'^[a-z0-9-]+$' (found 'Leeds')"),
        (SOUND + "points: {spacing_m: 0}", "points.spacing_m", "greater than 0"),
        (SOUND + "points: {spacing_m: .inf}", "points.spacing_m", "finite"),
        (SOUND + "points: {spacing_m: wide}", "points.spacing_m", "(found 'wide')"),
        (SOUND + "points:", "points", "expected keys: count, from, min_per_area"),
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: a\nimages: {provider: synthetic}", "no points: give `roads:`"),
        (
            f"name: a\nroads: {{path: roads.gpkg}}\nimages: {{provider: synthetic}}\n"
            f"targets: [{TARGET}]",
            "targets need areas",
        ),
        (
            "name: a\nroads: {path: roads.gpkg}\nimages: {provider: synthetic}\nauthorities: [A]",
            "authorities need areas",
        ),
        (
            "name: a\nroads: {source: overpass}\nimages: {provider: synthetic}",
            "roads from overpass need areas",
        ),
        (
            "name: a\nroads: {path: roads.gpkg}\nimages: {provider: folder, path: photos}",
            "images.provider folder needs points: {from: images}",
        ),
        (SOUND + "points: {from: images}", "needs images.provider folder"),
        (SOUND + f"targets: [{TARGET}, {TARGET}]", "two targets have the same name"),
        (SOUND + f"targets: [{TARGET}]\nmodels: {{target: other}}", "'other' is none of ['imd']"),
        (SOUND.replace("{path: roads.gpkg}", "{drivable_only: true}"), "give either a path or"),
        (
            SOUND.replace("{path: roads.gpkg}", "{path: roads.gpkg, source: overpass}"),
            "give either a path or",
        ),
        (
            SOUND.replace(
                "authority_code: la",
                "authority_code: la, lookup: {path: lookup.csv, code: a, authority_code: b}",
            ),
            "either authority_code or lookup",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(folder, text, reason):
    (fault,) = faults(refusal(folder, text))
    assert reason in fault


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("{target: income}", "ordinal.target: 'income' is none of ['imd_rank']"),
        ("{fine_tune: [0.05, 0.01]}", "give each share once, the smallest first"),
        ("{fine_tune: [1.0]}", "ordinal.fine_tune.0"),
        ("{apply: nowhere}", "no such file or folder"),
    ],
)
def test_an_ordinal_part_that_cannot_be_is_refused(folder, part, reason):
    before = "{target: imd_rank, fine_tune: [0.01, 0.05]}"
    assert before in WHOLE
    (fault,) = faults(refusal(folder, WHOLE.replace(before, part)))
    assert reason in fault


def test_all_faults_are_told_at_once(folder):
    message = refusal(folder, SOUND + "seeds: 1\npoints: {spacing: 1}")
    assert "2 fault(s)" in message
    assert len(faults(message)) == 2


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("{k: [1, 5]}", "sample_size.k.0"),
        ("{k: [5, 5]}", "give each once, the smallest first"),
        ("{k: [5, 21]}", "sample_size.k: 21: not in clusters.sweep, [2, 20]"),
        ("{sizes: [1000, 500]}", "give each once, the smallest first"),
        ("{areas: [free, free]}", "areas names one twice"),
        ("{metric: accuracy}", "sample_size.metric"),
    ],
)
def test_a_sample_size_experiment_that_cannot_be_is_refused(folder, part, reason):
    before = "{k: [5, 7], sizes: [500, 1000, 5000], repeats: 10, recipe: ridge}"
    assert before in WHOLE
    (fault,) = faults(refusal(folder, WHOLE.replace(before, part)))
    assert reason in fault


def test_the_default_numbers_of_clusters_are_those_that_the_sweep_has(folder):
    study = load(folder, SOUND + "clusters: {sweep: [4, 30, 3]}\nsample_size: {}")
    assert study.sample_size.k_of(study.clusters) == (4, 7, 10)
    message = refusal(folder, SOUND + "clusters: {sweep: [20, 30]}\nsample_size: {}")
    assert "not in clusters.sweep, [20, 30]" in message


def test_paths_are_relative_to_the_file_wherever_the_command_runs(folder, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    study = load(folder, SOUND + f"targets: [{TARGET}]")
    assert study.areas.path == folder / "areas.geojson"
    assert study.targets[0].path == folder / "imd.csv"
    assert study.path == folder / "study.yaml"


@pytest.mark.parametrize(
    ("sweep", "numbers"),
    [
        ("[2, 5]", (2, 3, 4, 5)),
        ("[3, 3]", (3,)),
        ("[2, 500, 50]", (*range(2, 500, 50), 500)),
        ("[2, 8, 3]", (2, 5, 8)),
    ],
)
def test_a_sweep_has_both_its_ends_and_may_take_steps(folder, sweep, numbers):
    assert load(folder, SOUND + f"clusters: {{sweep: {sweep}}}").clusters.numbers == numbers


def test_defaults_are_those_of_the_design(folder):
    study = load(folder, SOUND)
    assert (study.points.spacing_m, study.points.min_per_area) == (200, 1)
    assert study.images.headings_deg == (0, 90, 180, 270)
    assert (study.images.size_px, study.images.fov_deg) == ((640, 640), 90)
    assert study.encoder.name == "open_clip:ViT-B-32-quickgelu/openai"
    assert (study.clusters.k, study.clusters.sweep, study.clusters.space) == (7, (2, 20), "raw")
    assert (study.models.trials, study.models.folds, study.models.timeout_s) == (40, 5, None)
    assert (study.seed, study.authorities, study.target) == (42, None, None)


@pytest.mark.parametrize("encoder", ["{fit: tiles", "{fit: pad", "{name: colour-texture"])
def test_views_stand_side_by_side_where_an_encoder_sees_the_whole_of_them(folder, encoder):
    study = load(folder, SOUND + f"encoder: {encoder}, views: panorama}}")
    assert study.encoder.views == "panorama"


def test_a_month_is_read_as_its_first_day(folder):
    study = load(folder, with_images("captured_between: [2019-01, 2020-06-30]"))
    assert study.images.captured_between == (date(2019, 1, 1), date(2020, 6, 30))


def test_the_encoders_slug_tells_encoders_apart(folder):
    (folder / "weights.pt").touch()
    names = [
        "encoder: {name: 'timm:vgg16.tv_in1k'}",
        "encoder: {name: 'timm:vgg16.tv_in1k', checkpoint: weights.pt}",
        "encoder: {name: 'timm:vgg16.tv_in1k', options: {pad_type: same}}",
    ]
    slugs = [load(folder, SOUND + name).encoder.slug for name in names]
    assert slugs == [
        "timm-vgg16-tv-in1k",
        "timm-vgg16-tv-in1k-weights",
        "timm-vgg16-tv-in1k-pad-type-same",
    ]


def test_a_secret_in_the_study_file_is_refused(folder):
    message = refusal(folder, with_images("api_key: a-secret-key"))
    assert "images.api_key: unknown key" in message
    assert "a-secret-key" not in message


WHOLE = """
name: leeds-centre
crs: EPSG:27700
authorities: [E08000035]
areas:
  path: areas.geojson
  code: lsoa21_code
  name: lsoa21_name
  authority_code: ltla24_code
  authority_name: ltla24_name
roads: {path: roads.gpkg, drivable_only: true}
points: {spacing_m: 200, min_per_area: 1}
images:
  provider: google
  headings_deg: [0, 90, 180, 270]
  size_px: [640, 640]
  fov_deg: 90
  pitch_deg: 0
  radius_m: 50
  source: outdoor
  captured_between: [2019-01, null]
  requests_per_second: 50
  max_concurrent: 32
  budget_usd: 100
  keep_images: true
  base_url: null
encoder:
  name: open_clip:ViT-B-32-quickgelu/openai
  checkpoint: null
  options: {}
  batch_size: null
  precision: auto
labels: {shop: [a shop, a café], house: [a house]}
label_templates: ["a photo of {}", "{} seen from the street"]
pooling: {statistic: median}
neighbours: {count: 8}
exclusions: {words: {indoor: [a room]}, above: 0.9, categories: [garage], drop: true}
direction: {prompts: true, path: null}
clusters: {k: 7, sweep: [2, 20], pca: null, fit_on: 200000}
layout: {methods: [umap, tsne], perplexities: [5, 30], show: both}
categories: {office: work, shop: work, car park: null}
targets:
  - {name: imd_rank, path: imd.csv, area_code: lsoa21_code, value: IMD_rank, more_is: better}
models:
  target: imd_rank
  candidates: [ridge, kernel_ridge, pls, gradient_boosting]
  trials: 40
  folds: 5
  task: fill_gaps
  block_km: 2
  buffer_km: auto
  deals: 3
sample_size: {k: [5, 7], sizes: [500, 1000, 5000], repeats: 10, recipe: ridge}
ordinal: {target: imd_rank, fine_tune: [0.01, 0.05]}
environment: {points_of_interest: cafes.osm, radii_m: [100, 300]}
perception:
  comparisons: votes.csv
  columns: {left: img_1, right: img_2, quality: perception}
  qualities: [safety]
  groups: {age: ["18-29", "50+"], gender: true, region: [NL]}
seed: 42
"""


def test_a_study_with_every_key_is_read(folder):
    study = load(folder, WHOLE)
    assert study.images.captured_between == (date(2019, 1, 1), None)
    assert study.target.name == "imd_rank"
    unset = {key for key in type(study).model_fields if key not in study.model_fields_set}
    assert not unset, "the example is to name every key"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("labels: scenes", "labels: Input should be 'scene_classes' (found 'scenes')"),
        ("labels: [shop, house]", "labels: expected names with a value each, {name: …}"),
        ("labels: {shop: [a shop]}", "give two at least"),
        ("labels: {shop: [], house: [a house]}", "labels.shop: the list is empty"),
        ("labels: {shop: a shop, house: [a house]}", "labels.shop: expected a list"),
        ("labels: {shop: [' '], house: [a house]}", "labels.shop.0: the text is empty"),
        ("labels: {NO: [a shop], house: [a house]}", "put it in quotes"),
        ("label_templates: [a photo]", "label_templates.0: a template holds one `{}`"),
        ("label_templates: ['{} and {}']", "label_templates.0: a template holds one `{}`"),
        ("label_templates: []", "label_templates: the list is empty"),
        ("encoder: {name: colour-texture, options: x}", "encoder.options: expected names"),
    ],
)
def test_labels_that_cannot_be_are_refused(folder, text, fault):
    (found,) = faults(refusal(folder, f"{SOUND}{text}\n"))
    assert fault in found


@pytest.mark.parametrize(
    ("features", "fault"),
    [
        ("[pooled, colour]", "models.features.1: Input should be 'pooled', 'pooled_unit'"),
        ("[]", "models.features: the list is empty"),
        ("[pooled, pooled]", "models.features names one twice"),
        ("[pooled, median]", "`pooled` is the median (pooling.statistic)"),
        ("[pooled, label_shares]", "label_shares needs labels: add `labels:`"),
        ("[by_label]", "by_label needs labels: add `labels:`"),
    ],
)
def test_features_that_cannot_be_are_refused(folder, features, fault):
    (found,) = faults(refusal(folder, f"{SOUND}models: {{features: {features}}}\n"))
    assert fault in found


@pytest.mark.parametrize(
    ("models", "fault"),
    [
        ("block_km: big", "models.block_km: Input should be a valid number"),
        ("buffer_km: -1", "models.buffer_km: Input should be greater than or equal to 0"),
        ("deals: 0", "models.deals: Input should be greater than 0"),
        ("task: elsewhere", "models.task: Input should be 'fill gaps' or 'new town'"),
    ],
)
def test_a_validation_that_cannot_be_is_refused_in_one_line(folder, models, fault):
    (found,) = faults(refusal(folder, f"{SOUND}models: {{{models}}}\n"))
    assert fault in found


def test_the_ready_made_labels_are_a_word(folder):
    assert load(folder, f"{SOUND}labels: scene_classes\n").labels == "scene_classes"


def test_own_images_say_where_the_points_are(folder):
    text = """
name: photos
points: {from: images}
images:
  provider: folder
  path: photos/
  positions: imd.csv
  columns: {file: file, longitude: lon, latitude: lat, captured_at: captured_at,
    heading_deg: compass_angle, category: kind}
"""
    study = load(folder, text)
    assert study.points.origin == "images"
    assert study.images.columns.heading_deg == "compass_angle"
    assert yaml.safe_load(text)["points"] == {"from": "images"}


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
