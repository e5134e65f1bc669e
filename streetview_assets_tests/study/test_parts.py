"""The parts of a study file: what each may say, what fits together, and what holds by default."""

from datetime import date

import pytest
import yaml

from streetview_assets_tests.study.study_text import (
    SOUND,
    TARGET,
    faults,
    load,
    refusal,
    with_images,
)


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
        (SOUND + "freshness: {}", "give imagery_months, lookup_days or both"),
        (SOUND + "place: {descriptions: [outline, outline]}", "names one twice"),
        (
            SOUND + "place: {descriptions: [points_of_interest]}",
            "`points_of_interest` needs a file",
        ),
        (SOUND + "place: {points_of_interest: roads.gpkg}", "not among `descriptions`"),
        (SOUND + "place: {category: kind}", "category is a column of `points_of_interest`"),
        (SOUND + f"targets: [{TARGET}, {TARGET}]", "two targets have the same name"),
        (
            SOUND + f"targets: [{TARGET}]\nmodels: {{target: other}}",
            "'other' is no target; there are: imd",
        ),
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
            "give one of authority_code, lookup and authority_in_name",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(folder, text, reason):
    (fault,) = faults(refusal(folder, text))
    assert reason in fault


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("{target: income}", "ordinal.target: 'income' is no target; there are: imd_rank"),
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


def test_names_and_groups_beside_the_study_file_are_taken_up(folder):
    study = load(folder, SOUND)
    assert (study.clusters.names, study.user_groups) == (None, None)
    assert study.cluster_names_file == folder.resolve() / "cluster_names.csv"
    for name in ("cluster_names.csv", "user_groups.csv"):
        (folder / name).touch()
    study = load(folder, SOUND + "clusters: {k: 3}\ncategories_from: user_groups")
    assert study.clusters.names == study.cluster_names_file
    assert study.user_groups == study.user_groups_file == folder.resolve() / "user_groups.csv"
    message = refusal(folder, SOUND + "user_groups: null\ncategories_from: user_groups")
    assert "categories_from `user_groups` needs `user_groups`" in message
    assert load(folder, SOUND + "clusters: {names: null}").clusters.names is None


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("{tiles: {url: 'https://t.org/{z}/{y}.png', attribution: x}}", "url has no {x}"),
        ("{tiles: {url: 'javascript:{z}{x}{y}', attribution: x}}", "explorer.tiles.url"),
        ("{tiles: {url: 'https://t.org\"/{z}/{x}/{y}', attribution: x}}", "explorer.tiles.url"),
        ("{words: [a Shop, a shop]}", "words names one twice"),
    ],
)
def test_an_explorer_that_cannot_be_is_refused(folder, part, reason):
    (fault,) = faults(refusal(folder, SOUND + f"explorer: {part}"))
    assert reason in fault


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("{formats: [jpeg]}", "figures.formats"),
        ("{dpi: 20}", "figures.dpi"),
        ("{title: true}", "figures.title"),
    ],
)
def test_figures_that_cannot_be_are_refused(folder, part, reason):
    (fault,) = faults(refusal(folder, SOUND + f"figures: {part}"))
    assert reason in fault


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
engine: {name: ray, address: "10.0.0.5:6379", options: {num_gpus: 0.5}}
satellite: {path: [photos], encoder: own, statistic: median, sampled: points, attribution: them}
place:
  descriptions: [outline, streets, points_of_interest]
  points_of_interest: cafes.osm
  category: kind
freshness: {imagery_months: 24, lookup_days: 35}
exclusions: {words: {indoor: [a room]}, above: 0.9, categories: [garage], drop: true}
direction: {prompts: true, path: null}
clusters: {k: 7, sweep: [2, 20], pca: null, fit_on: 200000}
layout: {methods: [umap, tsne], perplexities: [5, 30], show: both}
categories: {office: work, shop: work, car park: null}
categories_from: images
user_groups: null
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
group_models: {model: chosen}
sample_size: {k: [5, 7], sizes: [500, 1000, 5000], repeats: 10, recipe: ridge}
ordinal: {target: imd_rank, fine_tune: [0.01, 0.05]}
environment: {points_of_interest: cafes.osm, radii_m: [100, 300]}
perception:
  comparisons: votes.csv
  columns: {left: img_1, right: img_2, quality: perception}
  qualities: [safety]
  groups: {age: ["18-29", "50+"], gender: true, region: [NL]}
explanations: {images: 1}
owners: [ana@example.org, "team:places"]
publish: {keep: 5}
explorer: {words: [a shop], tiles: {url: "https://t.org/{z}/{x}/{y}.png", attribution: them}}
figures: {formats: [png, svg, pdf], dpi: 300, titles: true}
seed: 42
trust: true
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
        ("labels: scenes", "labels: has to be 'scene_classes' (found 'scenes')"),
        ("labels: [shop, house]", "labels: expected names with a value each, {name: …}"),
        ("labels: {shop: [a shop]}", "give two at least"),
        ("labels: {shop: [], house: [a house]}", "labels.shop: the list is empty"),
        ("labels: {shop: a shop, house: [a house]}", "labels.shop: expected a list"),
        ("labels: {shop: [' '], house: [a house]}", "labels.shop.0: the text is empty"),
        ("labels: {NO: [a shop], house: [a house]}", "put it in quotes"),
        ("label_templates: [a photo]", "label_templates.0: a template holds one `{}`"),
        ("label_templates: ['{} and {}']", "label_templates.0: a template holds one `{}`"),
        ("label_templates: []", "label_templates: the list is empty"),
        ("engine: {name: dask}", "engine.name"),
        ("engine: {name: ray, address: 'ray://head:10001'}", "engine.address"),
        ("engine: {name: ray, options: {num_gpus: half}}", "options.num_gpus: 'half' is no number"),
        ("encoder: {name: colour-texture, options: x}", "encoder.options: expected names"),
    ],
)
def test_labels_that_cannot_be_are_refused(folder, text, fault):
    (found,) = faults(refusal(folder, f"{SOUND}{text}\n"))
    assert fault in found


@pytest.mark.parametrize(
    ("features", "fault"),
    [
        ("[pooled, colour]", "models.features.1: has to be 'pooled', 'pooled_unit'"),
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
        ("block_km: big", "models.block_km: has to be a valid number"),
        ("buffer_km: -1", "models.buffer_km: has to be greater than or equal to 0"),
        ("trails: 3", "models.trails: unknown key (did you mean trials?); expected one of: "),
        ("deals: 0", "models.deals: has to be greater than 0"),
        ("task: elsewhere", "models.task: has to be 'fill gaps' or 'new town'"),
    ],
)
def test_a_validation_that_cannot_be_is_refused_in_one_line(folder, models, fault):
    (found,) = faults(refusal(folder, f"{SOUND}models: {{{models}}}\n"))
    assert fault in found


def test_a_form_that_a_key_has_is_told_in_words_not_as_a_pattern(folder):
    (found,) = faults(refusal(folder, f"{SOUND}encoder: {{name: timm/resnet18}}\n"))
    assert "encoder.name: is not of the form that it has: `colour-texture`" in found
    assert "`library:model`, or `import` (found 'timm/resnet18')" in found


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
