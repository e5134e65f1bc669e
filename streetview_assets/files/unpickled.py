"""Unpickles one file and hands it over as Parquet: a script, run in a process of its own.

`python -I unpickled.py PICKLE PARQUET MEMORY_BYTES SECONDS`. A pickle is a program; here it finds
none but the few constructors that data frames are made of, has so much memory and time, and may
neither open a socket, start a process nor write any file but the one. It imports nothing of the
platform, so that nothing of it is in reach. What is wrong goes to standard error, in a line.
"""

import os
import pickle
import resource
import sys
import threading
from typing import Any

ALLOWED = {
    "builtins": {"bytearray", "complex", "frozenset", "object", "set", "slice"},
    "_codecs": {"encode"},
    "collections": {"OrderedDict"},
    "copyreg": {"_reconstructor"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "uuid": {"UUID"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "pandas": {
        *("DataFrame", "Series", "Index", "RangeIndex", "MultiIndex", "CategoricalIndex"),
        *("DatetimeIndex", "Categorical", "NA", "Timestamp", "StringDtype", "BooleanDtype"),
        *("CategoricalDtype", "DatetimeTZDtype", "PeriodDtype", "Float32Dtype", "Float64Dtype"),
        *(f"{sign}Int{bits}Dtype" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    },
    "pandas.arrays": {
        *("ArrowStringArray", "BooleanArray", "DatetimeArray", "FloatingArray", "IntegerArray"),
        *("PeriodArray", "StringArray", "TimedeltaArray"),
    },
    "pandas._libs.arrays": {"__pyx_unpickle_NDArrayBacked"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas._libs.missing": {"NAType"},
    "pandas._libs.tslibs.nattype": {"_nat_unpickle"},
    "pandas._libs.tslibs.timestamps": {"_unpickle_timestamp"},
    "pandas.core.indexes.base": {"Index", "_new_Index"},
    "pandas.core.indexes.datetimes": {"_new_DatetimeIndex"},
    "pandas.core.internals.managers": {"BlockManager", "SingleBlockManager"},
    "pyarrow.lib": {"_restore_array", "py_buffer", "type_for_alias"},
    "pyproj.crs.crs": {"CRS"},
    "shapely.io": {"from_wkb"},
    "geopandas.array": {"GeometryArray", "GeometryDtype"},
    "geopandas.geodataframe": {"GeoDataFrame"},
    "geopandas.geoseries": {"GeoSeries"},
}
"""What frames of pandas, numpy and shapely are made by, module by module."""

_MOVED = {
    **{
        ("pandas.core.indexes.numeric", f"{kind}Index"): ("pandas", "Index")
        for kind in ("Int64", "UInt64", "Float64")
    },
    ("pandas.core.internals.blocks", "new_block"): ("pandas._libs.internals", "_unpickle_block"),
    ("shapely.lib", "from_wkb"): ("shapely.io", "from_wkb"),
}
"""What older versions called otherwise."""

_OF_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""Names that protocols up to 2 write."""

_REFUSED_EVENTS = (
    *("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.putenv", "os.kill", "shutil.", "urllib.", "http.", "ftplib."),
)


class NotAllowed(Exception):
    """The pickle asks for what is none of the constructors of frames."""


class FrameUnpickler(pickle.Unpickler):
    """Finds what is in `ALLOWED`, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Find a constructor by its module and name.

        Raises
        ------
        NotAllowed
            Where it is none of those.
        """
        asked = f"{module}.{name}"
        module = _OF_PYTHON_2.get(module, module).replace("numpy.core.", "numpy._core.", 1)
        module, name = _MOVED.get((module, name), (module, name))
        if module.startswith("pandas.") and name not in ALLOWED.get(module, ()):
            # Older versions wrote where a class is made; what is found is where it is now.
            module = "pandas" if name in ALLOWED["pandas"] else "pandas.arrays"
        if name not in ALLOWED.get(module, ()):
            raise NotAllowed(asked)
        return super().find_class(module, name)


def to_frame(held: Any) -> Any:
    """Make a data frame of what a pickle holds: a frame, a series, records, or columns.

    Parameters
    ----------
    held
        A frame or series; a list of dicts, a row each; a dict of dicts, a row each, its key in
        the column `key`; or a dict of columns. A named index becomes columns.

    Raises
    ------
    TypeError
        Where it is anything else.
    """
    import pandas as pd

    if isinstance(held, pd.Series):
        held = held.to_frame(held.name or "value")
    elif isinstance(held, list) and held and all(isinstance(row, dict) for row in held):
        held = pd.DataFrame(held)
    elif isinstance(held, dict) and held and all(isinstance(row, dict) for row in held.values()):
        held = pd.DataFrame([{"key": key, **row} for key, row in held.items()])
    elif isinstance(held, dict) and held:
        held = pd.DataFrame(held)
    if not isinstance(held, pd.DataFrame):
        raise TypeError(f"it holds a {type(held).__name__}; give a frame, records or columns")
    is_numbered = isinstance(held.index, pd.RangeIndex) and held.index.name is None
    return pd.DataFrame(held if is_numbered else held.reset_index())


def one_row_a_vector(frame: Any) -> Any:
    """Lay rows that hold lists of vectors, one for each image of a point, under one another.

    Lists beside them that are of the same length (the images' files) go along. Where a row has
    fewer vectors than files, nothing says which file lacks its own, so that none keeps any.

    Parameters
    ----------
    frame
        A frame of pandas.
    """
    import numpy as np

    nested = [name for name in frame.columns if any(map(_holds_vectors, frame[name]))]
    if not nested:
        return frame
    lists = [
        name for name in frame.columns if any(isinstance(v, (list, tuple)) for v in frame[name])
    ]
    beside = [name for name in lists if name not in nested]
    frame = frame.copy()
    for at in range(len(frame)):
        count = max((len(frame.iloc[at][name]) for name in beside), default=None)
        for name in nested:
            place = frame.columns.get_loc(name)
            vectors = frame.iat[at, place]
            if vectors is None or isinstance(vectors, float) or (count and len(vectors) != count):
                frame.iat[at, place] = [None] * (count or 1)
            else:
                frame.iat[at, place] = [np.asarray(vector).ravel() for vector in vectors]
    return frame.explode([*nested, *beside], ignore_index=True)


def _holds_vectors(cell: Any) -> bool:
    """Say whether a cell is a list of vectors, or a matrix."""
    if getattr(cell, "ndim", 0) == 2:
        return True
    return (
        isinstance(cell, (list, tuple))
        and bool(cell)
        and hasattr(cell[0], "__len__")
        and (not isinstance(cell[0], (str, bytes, dict)))
    )


def write_parquet(frame: Any, path: str) -> None:
    """Write a frame as Parquet; shapes as WKB, a column of several kinds of values as text.

    Parameters
    ----------
    frame
        A frame of pandas.
    path
        The file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    arrays = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "O":
            values = values.to_numpy(object)
        if any(isinstance(value, shapely.Geometry) for value in values):
            values = shapely.to_wkb(values)
        try:
            array = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            array = pa.array([None if _is_gap(v) else str(v) for v in values], pa.string())
        arrays[str(name)] = array
    if len(arrays) < len(frame.columns):
        raise TypeError("two of its columns have one name")
    pq.write_table(pa.table(arrays), path)


def _is_gap(value: Any) -> bool:
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or bool(isinstance(value, float) and value != value)
    )


def _bound(memory_bytes: int, seconds: int) -> None:
    """Take from this process what it does not need, before anything foreign is read."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _deny(writable: str) -> None:
    """Refuse sockets, processes and other files from now on; it cannot be taken back."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED_EVENTS):
            raise NotAllowed(f"{event}: neither the network, nor processes, nor other files")
        if event == "open" and arguments[0] != writable:
            mode, flags = arguments[1], arguments[2]
            is_read = not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if flags else mode in "rb"
            if not is_read:
                raise NotAllowed(f"to write {arguments[0]!r}")

    sys.addaudithook(hook)


def _end_with_parent() -> None:
    """End when the parent lets go of standard input, be it that it was killed."""
    os.read(0, 1)  # not by the buffered file, whose lock would stop this process from ending
    os._exit(1)


def main(path: str, output: str, memory_bytes: str, seconds: str) -> None:
    """Unpickle a file, and write it as Parquet.

    Parameters
    ----------
    path, output
        The pickle, and the file of Parquet that is made.
    memory_bytes, seconds
        What this process may have of either.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bound(int(memory_bytes), int(seconds))
    import pandas  # noqa: F401  with it numpy and pyarrow, which look about when they load
    import pyarrow.parquet  # noqa: F401
    import shapely  # noqa: F401

    _deny(output)
    with open(path, "rb") as file:  # noqa: PTH123
        held = FrameUnpickler(file).load()
    write_parquet(one_row_a_vector(to_frame(held)), output)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except MemoryError:
        sys.exit("it needs more memory than a process that unpickles may have")
    except NotAllowed as refused:
        sys.exit(f"NOT_ALLOWED {refused}")
    # The border: a foreign file makes a library raise what it likes.
    except Exception as fault:  # noqa: BLE001
        sys.exit(f"{fault or type(fault).__name__}"[:500])
