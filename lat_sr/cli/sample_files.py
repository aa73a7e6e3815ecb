"""Samples read from a file: CSV, Parquet, NPZ or NPY to named inputs and targets."""

from __future__ import annotations

import hashlib
import os
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lat_sr.errors import InputError, MissingToolError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Samples", "file_digest", "read_samples"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and targets of one file.

    Parameters
    ----------
    X : pandas.DataFrame, shape (n_samples, n_features)
        Numbers, one named column for each input.
    y : ndarray, shape (n_samples,) or (n_samples, n_targets)
        Numbers, or labels.
    weights : ndarray or None, shape (n_samples,)
        Sample weights, where a column of them was named.
    """

    X: pd.DataFrame
    y: np.ndarray[Any, Any]
    weights: np.ndarray[Any, Any] | None = None

    @property
    def labelled(self) -> bool:
        """Whether the targets are labels (text or bool) rather than numbers."""
        return self.y.dtype.kind in "OUSb"


def file_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content.

    Parameters
    ----------
    path : path-like
        A file that can be read.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with Path(path).open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _named_columns(values: np.ndarray[Any, Any], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(values, columns=[str(name) for name in names])


def _read_npy(path: Path) -> pd.DataFrame:
    import pandas as pd

    array = np.load(path, allow_pickle=False)
    if array.dtype.names:
        return pd.DataFrame({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:
        raise InputError(
            f"{path} holds an array of shape {array.shape}; rows and columns (two axes) are expected"
        )
    return _named_columns(array, [f"x{column}" for column in range(array.shape[1])])


def _read_npz(path: Path) -> pd.DataFrame:
    """Columns of every one- and two-dimensional array; labels are named where ``class_names`` says how."""
    import pandas as pd

    with np.load(path, allow_pickle=False) as archive:
        arrays: dict[str, np.ndarray[Any, Any]] = {name: archive[name] for name in archive.files}
    names = arrays.pop("feature_names", None)
    classes = arrays.pop("class_names", None)
    rows = {len(array) for array in arrays.values() if array.ndim in (1, 2)}
    if len(rows) != 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(
            f"{path} holds arrays of different lengths ({shapes or 'none'}); give all the same rows"
        )
    parts = []
    for name, array in arrays.items():
        if array.ndim == 2:
            columns = [f"{name.lower()}{column}" for column in range(array.shape[1])]
            if names is not None and names.shape == (array.shape[1],):
                columns = names.tolist()
            parts.append(_named_columns(array, columns))
        elif array.ndim == 1:
            if (
                name == "y"
                and classes is not None
                and array.dtype.kind in "iu"
                and set(array) <= set(range(len(classes)))
            ):
                array = classes[array]
            parts.append(_named_columns(array[:, None], [name]))
    return pd.concat(parts, axis=1)


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, skipinitialspace=True, index_col=False)
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"{path} is ragged: its rows are longer than its first line; name every column there"
        ) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise MissingToolError(
            f"{path} is a Parquet file, which pyarrow reads; install it with: pip install 'lat_sr[parquet]'"
        ) from error


_READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
}


def _read_table(path: Path) -> pd.DataFrame:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} is of an unknown kind; give a file that ends in {', '.join(_READERS)}")
    try:
        table = reader(path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; name a file that exists") from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is not a {path.suffix} file with rows and columns: {reason}") from error
    table.columns = [str(name).strip() for name in table.columns]
    doubled = sorted({name for name in table.columns if list(table.columns).count(name) > 1})
    if doubled:
        raise InputError(f"{path} has the column {', '.join(doubled)} more than once; name every column once")
    return table


def _pick(table: pd.DataFrame, names: Sequence[str], path: Path, role: str) -> pd.DataFrame:
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(
            f"{path} has no {role} column {', '.join(missing)}; its columns are: {', '.join(table.columns)}"
        )
    return table[list(names)]


def read_samples(
    path: str | os.PathLike[str],
    targets: Sequence[str],
    *,
    features: Sequence[str] | None = None,
    weight: str | None = None,
) -> Samples:
    r"""Read inputs and targets from a table file.

    Parameters
    ----------
    path : path-like
        ``.csv`` with a header, ``.parquet``, ``.npy`` (a structured array, or two axes whose columns are
        called x0, x1, ...), or ``.npz`` (arrays of equal length; a two-dimensional one takes its names from
        the array ``feature_names``, the labels of ``y`` theirs from ``class_names``).
    targets : sequence of str
        Columns to predict.
    features : sequence of str, optional
        Input columns; every column that is neither target nor weight if not given.
    weight : str, optional
        Column with sample weights.

    Returns
    -------
    Samples

    Raises
    ------
    MissingToolError
        The file is Parquet, and pyarrow is not installed.
    InputError
        The file cannot be read, lacks a column, or an input column does not hold numbers.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from lat_sr.cli.sample_files import read_samples
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
    >>> _ = path.write_text("a,b,y\n1,2,3\n4,5,6\n")
    >>> samples = read_samples(path, ["y"])
    >>> list(samples.X.columns), samples.y.tolist()
    (['a', 'b'], [3, 6])
    """
    file = Path(path)
    table = _read_table(file)
    if not targets:
        raise InputError(f"no target column is named; the columns of {file} are: {', '.join(table.columns)}")
    y = _pick(table, targets, file, "target")
    weights = (
        None if weight is None else _pick(table, [weight], file, "weight")[weight].to_numpy(dtype=np.float64)
    )
    taken = {*targets} if weight is None else {*targets, weight}
    X = _pick(table, features or [name for name in table.columns if name not in taken], file, "input")
    if not len(table) or not len(X.columns):
        raise InputError(
            f"{file} has {len(table)} rows and {len(X.columns)} input columns; at least one of each is needed"
        )
    both = sorted(taken & set(X.columns))
    if both:
        raise InputError(f"the column {', '.join(both)} cannot be input and target at once; name it once")
    text = [name for name in X.columns if X[name].dtype.kind not in "iufb"]
    if text:
        raise InputError(
            f"the input column {', '.join(text)} of {file} does not hold numbers; leave it out or encode it"
        )
    values = y.to_numpy() if len(targets) > 1 else y[targets[0]].to_numpy()
    if values.dtype.kind == "O":
        if y.isna().to_numpy().any():
            raise InputError(f"a label of {', '.join(targets)} is missing in {file}; leave that row out")
        values = values.astype(str)
    return Samples(X.astype(np.float64), values, weights)
