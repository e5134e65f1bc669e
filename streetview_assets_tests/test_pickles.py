"""Pickles of others come in where the study trusts them, and nothing in them runs."""

import base64
import io
import os
import pickle
import subprocess
import sys
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml

from streetview_assets.areas.columns import read_source
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import StudyError
from streetview_assets.files import pickled, unpickled
from streetview_assets.points.imported.points import import_points
from streetview_assets.points.own_images.folder_walk import walk_folder
from streetview_assets.points.own_images.position_table import read_image_table
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import ImageColumns
from streetview_assets.study.points import Points
from streetview_assets.study.study_file import load_study
from streetview_assets.tables.registry import TABLES

VECTORS = np.random.default_rng(5).normal(size=(2, 4, 8)).astype(np.float32)
FILES = [
    [f"point{point}_heading{heading}.jpg" for heading in (0, 90, 180, 270)] for point in (3, 7)
]
CACHE = [
    {
        "point_id": point,
        "latitude": 53.8,
        "longitude": -1.5 - point / 100,
        "date": "2019-06",
        "image_files": files,
        "embedding": list(vectors),
    }
    for point, files, vectors in zip((3, 7), FILES, VECTORS, strict=True)
]
"""The cache of a sampling script: a dict a point, with its four files and their vectors."""

ROWS = gpd.GeoDataFrame(
    {
        "point_id": np.array([3, 3], np.int32),
        "LSOA21CD": ["E01000001", "E01000002"],
        "embedding": list(VECTORS[0, :2]),
        "image_path": FILES[0][:2],
        "scene_cluster_2": [1, 2],
        "latitude": [53.8, 53.8],
        "longitude": [-1.53, -1.53],
    },
    geometry=gpd.points_from_xy([-1.53, -1.53], [53.8, 53.8]),
    crs=4326,
)
"""A row an image, as a frame with its place and cluster."""


OF_PANDAS_1 = (
    "c-nPTOK;Oa5VjpB^o0uIDJUQgpq4|VN>zmfQt1Oq8(}06;zG4r+uQ6a_S*8=Y9ol$9@2-{8_R#;-@)wKp$?="
    "zI1}&8eBU=SJ4f!%sitKfc|FBE#G)M}8ENllI3`L?Z{ZxjG4>C&bgTwyQMxGZW=cM+yEC4XjN?eOW6W`vWJ1"
    "ZgjVK9v@5=uWE^k*6C}O_22vKq#6+C4@FCxg-G1~dYm^02Y+y~DEgwp=ug}b-4u1_{_&?BJ^yH{sbMzuwrG2"
    "TT=&VDqO2?6KbUtd05^-k3XMdwFnTX{eIt5seRd6EHrC0l7frwLcWm$!Hkr~MKkE~1<n7|@F{5+oeZiXhiqn"
    "#K{b0HX@BV-3}&?JEts*s(j#P|*jn8CIy$dH-CUpOvQ#X@66m=k5N6$Gkdgx$@8Vpa;(DWhHNpl_+LHfB?wh"
    "twSmTt^>gF<&<AAV9B9;O%btx7#;v_Yn+Z_3NSmda=J&ld2(*2v__??Mxlv9m=8r4=p(I+KCbI}Djhba=H)+"
    "XEUjkqTBDpl%dUPEe1^<17QM?e`^y)Z>9a|B9m_VES}4E)CBT<Hp)ceNC|O+@Ycu_<wal7sp|TZpTe>~QLnU"
    "pd3gL^wr>h!$ylDT^1D6v;mvoaZ<-WgC<NkIM_bJOdT7y!&(h6v#dkOGPr%{JLReBQcj$gx&91_v?v4EMKL7"
    "W_*9sLcY(yy{PvduNVq;-v9#b3HX5<(g`!@LKpfW$rtLp@@ek94`-3SM!dD>0DwC-H!il8gnas(KBc9#1aMH"
    "VlMY4Z?J7An145VsRI-P#Hv`U$BaxTR=@q8Eq^SlN=judob`g&tVtARc@jE2zQNn2S-tIAW&GOa2;??P=tK~"
    "i|7p6-2MZdd-(k"
)
"""Text, nullable numbers and vectors by `img_id`, as pandas 1.5 and numpy 1.24 wrote them."""


def dumped(held, path: Path, protocol: int = 5) -> Path:
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    return path


class Runs:
    """What a pickle can hold: a call."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 5])
def test_frames_of_pandas_and_geopandas_come_over_as_they_are(tmp_path, protocol):
    path = dumped(ROWS.set_index("LSOA21CD"), tmp_path / "rows.pkl", protocol)
    with pickled.as_parquet(path, "k") as parquet:
        frame = pl.read_parquet(parquet)
    assert frame["LSOA21CD"].to_list() == ["E01000001", "E01000002"]
    assert frame["point_id"].dtype == pl.Int32
    assert np.array_equal(np.stack(frame["embedding"].to_list()), VECTORS[0, :2])
    assert gpd.GeoSeries.from_wkb(frame["geometry"].to_list()).x.tolist() == [-1.53, -1.53]


def test_a_frame_of_older_versions_is_read_by_those_of_today(tmp_path):
    (tmp_path / "old.pkl").write_bytes(zlib.decompress(base64.b85decode(OF_PANDAS_1)))
    with pickled.as_parquet(tmp_path / "old.pkl", "k") as parquet:
        rows = pl.read_parquet(parquet).rows()
    assert rows == [(4, "E1", 3, [1.0, 2.0]), (9, None, None, [1.0, 2.0])]


def test_what_would_run_is_named_with_the_way_out_and_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = dumped([{"a": Runs(os.system, "touch ran")}], tmp_path / "x.pkl")
    with (
        pytest.raises(StudyError, match=r"k: .*asks for posix\.system\. .* Save it as Parquet"),
        pickled.as_parquet(path, f"k: {path}"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x.pkl"]


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ([{"a": Runs(pd.read_csv, "http://127.0.0.1:9/")}], "pandas.read_csv"),
        (Runs(eval, "1"), "builtins.eval"),
        (b"\x80\x04\x8c\x06pandas\x8c\x13DataFrame.to_pickle\x93.", "pandas.DataFrame.to_pickle"),
        (b"cpandas.io.common\nget_handle\n.", "pandas.io.common.get_handle"),
        (b"cnumpy.testing\nrundocs\n.", "numpy.testing.rundocs"),
    ],
)
def test_what_is_no_constructor_of_frames_is_not_found(held, asked):
    content = held if isinstance(held, bytes) else pickle.dumps(held)
    with pytest.raises(unpickled.NotAllowed, match=f"^{asked}$"):
        unpickled.FrameUnpickler(io.BytesIO(content)).load()


@pytest.mark.parametrize(
    ("held", "said"), [({"a": Runs(np.ndarray, (10**11,))}, "more memory"), (3, "it holds a int")]
)
def test_what_is_too_large_or_no_frame_says_so(tmp_path, held, said):
    path = dumped(held, tmp_path / "x.pkl")
    with pytest.raises(StudyError, match=said), pickled.as_parquet(path, "k"):
        pass


def test_it_ends_where_it_takes_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(pickled, "SECONDS", 0)
    with (
        pytest.raises(StudyError, match="took more than 0 s"),
        pickled.as_parquet(dumped(ROWS, tmp_path / "x.pkl"), "k"),
    ):
        pass


@pytest.mark.parametrize(
    "tried",
    [
        "import socket; socket.socket()",
        "import subprocess; subprocess.run(['true'])",
        "open('other', 'w')",
        "import os; os.remove('there')",
    ],
)
def test_beneath_the_list_sockets_processes_and_files_are_refused(tmp_path, tried):
    """Were the list of constructors got round, there would be nothing to be done."""
    (tmp_path / "there").touch()
    code = f"import runpy; m = runpy.run_path({unpickled.__file__!r}); m['_deny']('mine')\n{tried}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "NotAllowed" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_study_that_does_not_say_trust_names_the_key_and_the_ways_out(tmp_path):
    document = {
        "name": "x",
        "points": {"from": "images"},
        "images": {"provider": "folder", "path": ".", "positions": "rows.pkl"},
        "encoder": {"name": "import", "path": "features.h5"},
    }
    dumped(ROWS, tmp_path / "rows.pkl")
    (tmp_path / "features.h5").touch()
    path = tmp_path / "study.yaml"

    def loaded(**more):
        path.write_text(yaml.safe_dump({**document, **more}))
        return load_study(path)

    with pytest.raises(StudyError, match=r"images\.positions: rows\.pkl is a pickle.*trust: true"):
        loaded()
    assert loaded(trust=True).trust
    (tmp_path / "rows.pkl").rename(tmp_path / "features.pkl")
    (tmp_path / "rows.pkl").write_text("")
    document["images"]["positions"] = str(dumped([], tmp_path / "rows.csv"))
    with pytest.raises(StudyError, match=r"encoder\.path: features\.pkl is a pickle"):
        loaded()


def test_targets_positions_with_categories_and_points_are_read_from_pickles(tmp_path):
    path = dumped(ROWS, tmp_path / "rows.pkl")
    source = read_source(path, {"targets.area_code": "LSOA21CD", "targets.value": "point_id"})
    assert source.frame.rows() == [("E01000001", 3), ("E01000002", 3)]
    assert source.place == str(path)
    with pytest.raises(StudyError, match=r"rows\.pkl has no column 'LSOA'"):
        read_source(path, {"targets.area_code": "LSOA"})
    columns = ImageColumns(
        file="image_path", longitude="longitude", latitude="latitude", category="scene_cluster_2"
    )
    for name in FILES[0][:2]:
        (tmp_path / "images" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "images" / name).touch()
    folder = tmp_path / "images"
    taken = read_image_table(path, columns, folder, walk_folder(folder))
    assert [(one.file, one.category) for one in taken] == list(
        zip(FILES[0][:2], ("1", "2"), strict=True)
    )
    panoramas = {"pano_a": {"lat": 53.8, "lon": -1.5, "year": 2019, "month": 6}}
    points = import_points(
        Points(path=dumped(panoramas, tmp_path / "panoids.pkl")), TABLES["areas"].frame()
    ).points
    assert points["source_properties"][0] == '{"key": "pano_a", "year": "2019", "month": "6"}'


def test_vectors_of_a_cache_are_those_of_its_files_and_a_row_that_lacks_one_gives_none(tmp_path):
    short = {**CACHE[1], "embedding": CACHE[1]["embedding"][:3]}
    path = dumped([CACHE[0], short], tmp_path / "cache.pkl")
    file = load_encoder(Encoder(name="import", path=path)).file
    assert file.names["file"].to_list() == [*FILES[0], *FILES[1]]
    read = file.read(np.arange(8))
    assert np.array_equal(read[:4].astype(np.float32), VECTORS[0])
    assert np.isnan(read[4:]).all(), "nothing says which of the four files has no vector"
    assert file.path == path


def test_npz_by_location_with_pickled_labels_are_points_and_vectors(tmp_path):
    """A label frame (img_id, postcode, areas, deciles) beside a file `<img_id>.npz` each."""
    folder = tmp_path / "codes"
    folder.mkdir()
    for number, code in enumerate(VECTORS):
        np.savez(folder / f"{number}.npz", code=code)
    labels = pd.DataFrame(
        {"img_id": [0, 1], "pcd": ["SW1A 1AA", "SW1A 1AB"], "lsoa11": ["E01000001", "E01000002"]}
        | {"gsv_lat": [51.5, 51.6], "gsv_lng": [-0.1, -0.1], "income": [3, 10]}
    )
    dumped(labels, folder / "labels.pkl")
    points = import_points(Points(path=folder / "labels.pkl"), TABLES["areas"].frame()).points
    assert sorted(points["source_id"]) == ["0", "1"]
    file = load_encoder(Encoder(name="import", path=folder)).file
    assert np.array_equal(file.read(np.arange(8)).astype(np.float32), VECTORS.reshape(8, -1))
    document = {"name": "x", "points": {"path": "p.csv"}, "images": {"provider": "hdf5"}}
    document["images"]["path"] = "codes"
    (tmp_path / "p.csv").touch()
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(StudyError, match=r"images\.path: labels\.pkl is a pickle"):
        load_study(path)
