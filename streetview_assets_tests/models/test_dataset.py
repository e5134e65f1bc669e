from datetime import date

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.models.data.dataset import COLOUR_COLUMNS, assemble, reasons, unseen
from streetview_assets.tables.registry import TABLES

CODES = ["A3", "A1", "A2", "A4"]
CHOICE = {"target": "imd", "statistic": "median", "encoder": "enc", "crs": "EPSG:27700"}


def areas():
    squares = [shapely.box(x, 0, x + 800, 800) for x in (430_000, 431_000, 432_000, 433_000)]
    outlines = gpd.GeoSeries(squares, crs="EPSG:27700").to_crs("EPSG:4326")
    return TABLES["areas"].frame(
        [
            {
                "area_code": code, "area_name": code, "authority_code": "E1",
                "authority_name": "Town", "longitude": shape.centroid.x,
                "latitude": shape.centroid.y, "area_km2": 0.64, "geometry": shapely.to_wkb(shape),
            }
            for code, shape in zip(CODES, outlines, strict=True)
        ]
    )  # fmt: skip


def targets(values=(1.0, 2.0, None, 4.0)):
    return TABLES["targets"].frame(
        [
            {"authority_code": "E1", "area_code": code, "target": target, "value": value,
             "more_is": "worse", "is_decile": False}
            for target, shift in (("imd", 0), ("other", 100))
            for code, value in zip(
                CODES, [None if v is None else v + shift for v in values], strict=True
            )
        ]
    )  # fmt: skip


def pooled(codes=("A1", "A2", "A3"), encoder="enc"):
    return TABLES["area_embeddings"].frame(
        [
            {"authority_code": "E1", "area_code": code, "encoder": encoder,
             "statistic": statistic, "image_count": 4 * int(code[1]),
             "embedding": [float(code[1]), shift]}
            for code in codes
            for statistic, shift in (("median", 0.5), ("mean", 0.25))
        ]
    )  # fmt: skip


def images():
    rows = []
    for number, code in enumerate(["A1", "A1", "A3"]):
        rows.append(
            {"authority_code": "E1", "image_id": f"i{number}", "point_id": "p", "area_code": code,
             "provider": "synthetic", "panorama_id": "x", "captured_on": date(2024, 1, 1),
             "status": "ok", "is_current": True}
            | dict.fromkeys(COLOUR_COLUMNS, 0.2 * number)
        )  # fmt: skip
    failed = rows[0] | {"image_id": "i9", "status": "failed"} | dict.fromkeys(COLOUR_COLUMNS)
    return TABLES["images"].frame([*rows, failed])


def test_only_areas_with_a_vector_and_a_value_come_in_sorted_by_code():
    data = assemble(areas(), targets(), pooled(), images(), **CHOICE)
    assert data.area_codes == ["A1", "A3"]
    assert data.observed.tolist() == [2.0, 1.0]
    assert data.vectors.tolist() == [[1.0, 0.5], [3.0, 0.5]]
    assert data.vectors.dtype == np.float64
    assert data.image_counts.tolist() == [4, 12]
    assert np.allclose(data.mean_colour, [[0.1] * 6, [0.4] * 6])
    assert np.allclose(data.place_m, [[431_400, 400], [430_400, 400]], atol=0.1)
    assert data.geometry[0].area == pytest.approx(640_000, rel=1e-5)


def test_the_order_of_every_input_is_indifferent():
    first = assemble(areas(), targets(), pooled(), images(), **CHOICE)
    second = assemble(
        areas().reverse(), targets().reverse(), pooled().reverse(), images().reverse(), **CHOICE
    )
    assert first.area_codes == second.area_codes
    assert np.array_equal(first.mean_colour, second.mean_colour)
    assert np.array_equal(first.vectors, second.vectors)


def test_the_others_are_named_with_their_reason():
    assert reasons(areas(), targets(), {"A4": "no imagery"}, "imd") == {
        "A2": "no value of the target",
        "A4": "no imagery",
    }
    assert reasons(areas(), targets((1.0, float("nan"), 2.0, 3.0)), {}, "imd") == {
        "A1": "no value of the target"
    }


def test_an_area_without_a_vector_is_named_with_the_step_it_missed():
    assert len(CODES) == 4
    points = pl.DataFrame({"area_code": [*CODES[1:], None]})
    images = pl.DataFrame(
        {"area_code": [CODES[2], CODES[3], CODES[3], None], "status": ["failed", "ok", "ok", "ok"]}
    ).with_columns(is_current=True)
    vectors = pl.DataFrame({"area_code": [CODES[3]]})
    steps = [
        "no sample point in the area",
        "no imagery",
        "no image of the area could be had",
    ]
    expected = dict(sorted(zip(CODES[:3], steps, strict=True)))
    assert unseen(areas(), points, images, vectors) == expected
    without = unseen(areas(), points, images, vectors.clear())
    assert without[CODES[3]] == "no image of the area has a vector"
    aside = images.with_columns(is_current=pl.lit(False))
    without = unseen(areas(), points, images, vectors.clear(), taking_part=aside)
    assert without == expected | {CODES[3]: "all images of the area are excluded"}


def test_older_captures_have_no_part_in_colours_and_reasons():
    older = (
        images()
        .with_columns(pl.lit(0.9).alias(name) for name in COLOUR_COLUMNS)
        .with_columns(image_id="older " + pl.col("image_id"), is_current=pl.lit(False))
    )
    both = pl.concat([images(), older])
    data = assemble(areas(), targets(), pooled(), both, **CHOICE)
    assert np.allclose(data.mean_colour, [[0.1] * 6, [0.4] * 6])
    points = pl.DataFrame({"area_code": CODES})
    why = unseen(areas(), points, older, pooled().clear())
    assert set(why.values()) == {"no imagery"}


def test_images_without_colours_leave_them_unknown():
    bare = images().with_columns(pl.lit(None, pl.Float64).alias(name) for name in COLOUR_COLUMNS)
    data = assemble(areas(), targets(), pooled(), bare, **CHOICE)
    assert np.isnan(data.mean_colour).all()


def test_no_area_with_both_is_an_empty_dataset():
    data = assemble(areas(), targets(), pooled(()), images(), **CHOICE)
    assert len(data) == 0
    assert data.by_area_code().area_codes == []
    assert len(data.take([])) == 0


def test_vectors_of_another_encoder_come_along_for_the_same_areas():
    extra = {"colour-texture": pooled(encoder="colour-texture")}
    data = assemble(areas(), targets(), pooled(), images(), **CHOICE, extra=extra)
    assert data.extra["colour-texture"][:, 0].tolist() == [1.0, 3.0]
    assert data.take(np.array([False, True])).extra["colour-texture"].tolist() == [[3.0, 0.5]]
    with pytest.raises(StudyError, match=r"no vector of 1 area, the first A3"):
        assemble(areas(), targets(), pooled(), images(), **CHOICE, extra={"other": pooled(("A1",))})
