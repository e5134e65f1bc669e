"""The report of a study: numbers of the tables, words first, nothing loaded, nothing believed."""

import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.errors import StudyError
from streetview_assets.report.build import page_of, report_html, write_report
from streetview_assets.report.cells import minus, shown_table
from streetview_assets.report.database import Published
from streetview_assets.report.page import coded
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.published_query import DATABASE
from streetview_assets_tests.report.conftest import HOSTILE, chapter, chapters

VOID = {"meta", "img", "link", "br", "hr", "source"}


class Reader(HTMLParser):
    """Reads a page strictly: every tag that is opened is closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_a_page_is_well_formed_and_loads_nothing(page):
    read = Reader(page)
    assert read.tags["h1"] == 1
    assert read.tags["html"] == read.tags["main"] == 1
    anchors = {attributes.get("id") for _, attributes in read.attributes}
    for tag, attributes in read.attributes:
        for name in ("src", "srcset", "href"):
            link = attributes.get(name)
            assert link is None or link.startswith("data:image/") or link[1:] in anchors
        assert tag not in ("script", "link", "iframe", "object")
        assert tag != "img" or attributes["alt"]
    assert "url(" not in page
    assert "@import" not in page
    assert read.tags["table"] == read.tags["caption"]
    assert len(page) < 3_000_000


def test_a_phone_gets_every_map_drawn_for_it(with_tables):
    here = with_tables()
    for name in ("prediction_maps", "residual_map", "clusters_map"):
        kept = here.root / f"figures/study/{name}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (1200, 600)).save(kept)
    of_maps = ("maps", "where", "coverage", "clusters")
    made = {anchor: Reader(html) for anchor, html in chapters(here, *of_maps).items()}
    drawn = {
        anchor: [attributes for tag, attributes in read.attributes if tag == "source"]
        for anchor, read in made.items()
    }
    assert {anchor: len(found) for anchor, found in drawn.items()} == {
        "maps": 2, "where": 1, "coverage": 1, "clusters": 1,
    }  # fmt: skip
    for narrow in (one for found in drawn.values() for one in found):
        assert narrow["media"] == "(max-width: 30rem)"
        assert int(narrow["width"]) < 390
        assert narrow["srcset"].startswith("data:image/png")
    beside, missed = drawn["maps"]
    assert int(beside["height"]) > 1.5 * int(missed["height"]), "one above the other"


def test_what_is_wider_than_a_phone_keeps_its_letters_there(with_tables):
    here = with_tables()
    kept = here.root / "figures/study/scores.png"
    kept.parent.mkdir(parents=True)
    Image.new("RGB", (800, 700)).save(kept)
    image, *_ = [of for tag, of in Reader(chapter("scores", here)).attributes if tag == "img"]
    assert "moves" in image["class"].split()


def test_maps_are_the_first_figures(with_tables):
    here = with_tables()
    for name in ("prediction_maps", "residual_map"):
        kept = here.root / f"figures/study/{name}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 30)).save(kept)
    first, second, *_ = re.findall(r'alt="([^"]*)"', page_of(here))
    assert first.startswith("Two maps of")
    assert second.startswith("Map of observed minus predicted")


def test_what_is_quoted_as_code_is_set_as_code(page):
    assert "streetview explore" in page
    assert "`" not in Reader(page).text
    assert "<code>&lt;b&gt;</code>" in coded("a `<b>` of theirs")


def test_names_are_words_not_tags(page):
    assert "<script" not in page
    assert "<b>&" not in page
    assert page.count("</style>") == 1
    assert " ".join(HOSTILE.split()) in Reader(page).text


def test_the_page_holds_the_numbers_of_the_tables(page, hostile_study):
    text = Reader(page).text
    scores = hostile_study.sql("from model_scores where fold = 0 and metric in ('r2', 'rmse')")
    assert scores.height
    shown = scores.filter((pl.col("metric") == "r2") | (pl.col("model") == "tuned"))
    for value, lower, upper in shown.select("value", "lower", "upper").iter_rows():
        said = f"{value:.2f} {lower:.2f} to {upper:.2f}"
        assert minus(said) in text or said.replace("-", "−") in text
    for row in hostile_study.sql("from authority_coverage").iter_rows(named=True):
        code = row["authority_code"]
        counts = [str(row[name]) for name in ("area_count", "point_count", "image_count")]
        assert re.search(rf"{code} {counts[0]} \S+ \S+ {counts[1]} {counts[2]} ", text)


def test_the_published_file_and_the_figures_are_all_that_is_read(with_tables, tmp_path):
    here = with_tables()
    (here.root / "figures/study").mkdir(parents=True)
    for name in ("scores", "clusters_members"):
        image = Image.effect_noise((60, 40), 60).convert("RGB")
        image.save(here.root / "figures/study" / f"{name}.png")
    passed_on = tmp_path / "passed on"
    shutil.copytree(here.root / "figures", passed_on / "figures")
    shutil.copy(here.root / DATABASE, passed_on)
    page = page_of(here)
    assert page.count("image/webp") == 1
    assert report_html(OpenStudy(here.study, passed_on)) == page


def test_what_images_add_to_place_comes_first_and_in_words(page):
    short = page.split('id="short"')[1].split("</section>")[0]
    assert short.index("images add to what place tells") < short.index("random")
    assert page.index('id="short"') < page.index('id="where"')
    table_head = page.split("R² of every model under every validation")[-1].split("</thead>")[0]
    assert table_head.index("spatial blocks") < table_head.index("random folds")


def test_the_verdict_is_told_in_its_order_and_its_gains_in_a_table(with_tables):
    common = {"target": "imd_rank", "area_count": 40}
    said = ["Second <b>.", "Images take away from what place tells."]
    findings = [
        common | {"position": 2 - place, "topic": "gain", "sentence": sentence}
        for place, sentence in enumerate(said)
    ]
    gain = {"features": "place_and_images", "against": "place", "validation": "blocks"}
    measured = {"value": -0.3, "lower": -0.6, "upper": -0.1, "draws": 1000}
    published = with_tables(findings=findings, gains=[common | gain | measured])
    headline, sure, not_for, further = chapter("short", published).split("</p>")
    assert "(imd rank): Images take away from what place tells." in headline
    assert "known to lie between −0.60 and −0.10 in R²" in sure
    assert "Do not use it</strong> where a map of the neighbouring areas is at hand" in not_for
    assert "Second &lt;b&gt;." in further
    scores = chapter("scores", published)
    table = scores.split("What one adds to another")[-1].split("</tbody>")[0]
    assert "place and images" in table
    assert "−0.60 to −0.10" in table


def test_a_file_published_before_a_column_was_added_is_shown_all_the_same(
    with_tables, hostile_study
):
    quality = hostile_study.sql("from imagery_quality")
    older = quality.drop("elsewhere_share", "elsewhere_share_high")
    assert older.height
    imagery = chapter("imagery", with_tables(imagery_quality=older))
    assert "look elsewhere" in imagery


def test_a_page_tells_of_one_publication_though_another_comes_meanwhile(with_tables):
    here = with_tables()
    assert here.about["build_id"] == "build 1"
    aside = Path(shutil.copy(here.root / DATABASE, here.root / "aside.duckdb"))
    with duckdb.connect(str(aside)) as connection:
        connection.execute("update about set build_id = 'build 2'")
    aside.replace(here.root / DATABASE)
    assert here.sql("select build_id from about").item() == "build 1"
    assert Published(here.root, here.study).about["build_id"] == "build 2"


def test_a_misspelt_table_or_column_is_an_error_and_no_empty_cell(with_tables):
    here = with_tables()
    quality = here.table("imagery_quality")
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="sharpnes"):
        shown_table(quality.clear(), {"sharpness": "sharpnes .2"})
    for ask in (here.table, here.why_empty, lambda name: here.ask(name, f"from {name}")):
        with pytest.raises(KeyError, match="imagery_qualty"):
            ask("imagery_qualty")


def test_a_mart_that_was_not_published_has_its_columns(with_tables):
    here = with_tables()
    with duckdb.connect(str(here.root / DATABASE)) as connection:
        connection.execute("drop table imagery_quality")
    missing = here.table("imagery_quality")
    assert missing.is_empty()
    assert "elsewhere_share" in missing.columns


def test_areas_that_are_not_seen_are_told_with_their_reason(page):
    text = Reader(page).text
    assert "2 of 5 areas are not seen" in text
    assert "no sample point: no road of the wanted classes in it 1" in text
    assert "points, and no imagery near them 1" in text


@pytest.mark.parametrize(
    ("slope", "said"),
    [(0.0, "which may be chance"), (2.0, "Coverage leans: Images per point and imd rank have a")],
)
def test_a_leaning_of_coverage_is_told_with_its_interval(hostile_study, with_tables, slope, said):
    rng = np.random.default_rng(2)
    observed, count = rng.normal(size=(2, 80))
    one = hostile_study.table("area_profile").head(1)
    profile = pl.concat([one] * 80).with_columns(
        area_code=pl.Series([f"N{number}" for number in range(80)]),
        longitude=pl.Series(rng.uniform(size=80)),
        latitude=pl.Series(50 + rng.uniform(size=80)),
        observed=pl.Series(observed),
        image_count=pl.Series((50 + 5 * count + slope * 5 * observed).astype(int)),
        point_count=pl.lit(10, pl.Int64),
    )
    coverage = chapter("coverage", with_tables(area_profile=profile))
    assert re.search(r"of −?0\.\d+ over 80 areas \(95% interval −?0\.\d+ to −?0\.\d+", coverage)
    assert said in coverage


def test_whoever_took_the_images_is_named(page):
    attribution = page.split('id="attribution"')[1]
    assert "CC BY-SA 4.0" in attribution
    assert "© Ann" in attribution


def test_the_command_writes_a_page_of_a_study_without_targets(
    without_targets, tmp_path, monkeypatch
):
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    monkeypatch.setenv("STREETVIEW_STUDY", "")
    (tmp_path / "small").symlink_to(without_targets.root)
    output = tmp_path / "page.html"
    said = CliRunner().invoke(
        app, ["report", str(without_targets.study.path), "--output", str(output)]
    )
    assert said.exit_code == 0, said.output
    page = output.read_text(encoding="utf-8")
    read = Reader(page)
    assert "The study has no target" in read.text
    assert "Without a target there are no scores" in read.text
    assert read.tags["img"] >= 2
    assert page.count("drawn by a program") >= 4, "synthetic images are said loudly"


def test_too_few_areas_are_the_headline(published_study):
    note = "too few areas: 3, at least 10 needed"
    row = {
        "target": "imd_rank", "encoder": "colour-texture", "features": "pooled_median",
        "model": "tuned", "group_name": "all", "validation": "blocks", "repeat": 1, "fold": 0,
        "metric": "r2", "area_count": 3, "note": note,
    }  # fmt: skip
    nothing = (
        "predictions",
        "held_out_predictions",
        "held_out_scores",
        "authority_scores",
        "gains",
    )
    told = {"target": "imd_rank", "encoder": "colour-texture", "position": 1, "topic": "score"}
    sentence = {"sentence": f"There is no score that counts: {note}."}
    opened = published_study(
        model_scores=TABLES["model_scores"].frame([row]),
        findings=TABLES["findings"].frame([told | sentence]),
        **{name: TABLES[name].frame() for name in nothing},
    )
    made = chapters(Published(opened.root, opened.study), "short", "scores", "predictions")
    text = Reader("".join(made.values())).text
    assert f"imd rank: There is no score that counts: {note}." in text
    assert "There are no held-out predictions" in text


def test_transfer_and_learning_are_shown_where_they_were_made(with_tables):
    common = {
        "target": "imd_rank", "encoder": "colour-texture", "features": "pooled_median",
        "model": "ridge", "repeat": 1, "metric": "r2", "area_count": 30,
    }  # fmt: skip
    transfer = [
        {"train_authority": a, "test_authority": b, "share_added": share, "value": value,
         "train_count": 30}
        for a, b, share, value in (
            ("E01", "E01", 0.0, 0.61), ("E02", "E02", 0.0, 0.52), ("E01", "E02", 0.0, -0.37),
            ("E02", "E01", 0.0, 0.25), ("E01", "E02", 0.05, 0.44),
        )
    ]  # fmt: skip
    learning = [
        {"validation": "blocks", "train_count": count, "value": count / 400} for count in (50, 200)
    ]
    targets = [
        {"target": target, "group_name": "all", "validation": "blocks", "fold": 0,
         "value": value, "lower": value - 0.1, "upper": value + 0.1, "interval_level": 0.9}
        for target, value in (("imd_rank", 0.33), ("income_rank", 0.55))
    ]  # fmt: skip
    ordinal = [
        {"target": "imd_rank", "encoder": "colour-texture", "validation": "blocks",
         "share_added": 0.0, "group_name": "all", "unit": unit, "rule": rule, "metric": metric,
         "value": value, "unit_count": 90, "area_count": 30}
        for unit, rule, metric, value in (
            ("areas", "mean", "within_one", 0.81), ("areas", "mean", "mae", 1.25),
            ("points", "most_probable", "within_one", 0.63),
        )
    ]  # fmt: skip
    made = {"transfer_scores": transfer, "learning_curve": learning, "target_scores": targets}
    rows = {name: [common | row for row in of] for name, of in made.items()}
    own = common | {"validation": "blocks", "group_name": "all", "fold": 0}
    chosen = [
        own | {"model": name, "value": value} for name, value in (("tuned", 0.42), ("ridge", 0.4))
    ]
    rows["model_scores"] = chosen
    text = Reader(chapter("comparisons", with_tables(**rows, ordinal_scores=ordinal))).text
    assert "its one score is that of the model chosen, R² 0.42 (0.40 by ridge)" in text
    assert "West 0.25 0.52" in text
    assert "0.61 −0.37" in text
    assert "with 5% of the tested authority's areas added" in text
    assert "200 spatial blocks held out 0.50" in text
    assert text.index("income rank 30 0.55 0.45 to 0.65") < text.index("imd rank 30 0.33")
    assert "areas: mean spatial blocks held out 0.81 1.25" in text
    assert "points: most probable spatial blocks held out 0.63 –" in text
    assert "Not made in this study" not in text


def test_a_study_that_was_never_published_has_no_report(hostile_study, tmp_path):
    with pytest.raises(StudyError, match="nothing is published yet"):
        write_report(OpenStudy(hostile_study.study, tmp_path))
    assert not (tmp_path / "report.html").exists()


def test_a_table_shows_what_is_not_there_as_a_dash():
    ((_, cell),) = shown_table([["x", None]], ["a", "b"]).rows
    assert cell.text == "–"
    assert minus("-0.00") == "0.00"
    assert minus("-1.20") == "−1.20"
