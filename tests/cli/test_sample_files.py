import hashlib
import sys

import numpy as np
import pandas as pd
import pytest

from lat_sr.cli.sample_files import file_digest, read_samples
from lat_sr.errors import InputError, MissingToolError

FRAME = pd.DataFrame(
    {"pt": [1.0, 2.0, 3.0], "eta": [0.5, -0.5, 0.0], "m": [4.0, 5.0, 6.0], "kind": ["t", "q", "t"]}
)


@pytest.fixture(params=["csv", "parquet", "npy"])
def table(request, tmp_path):
    path = tmp_path / f"data.{request.param}"
    if request.param == "csv":
        FRAME.to_csv(path, index=False)
    elif request.param == "parquet":
        FRAME.to_parquet(path)
    else:
        np.save(path, np.rec.fromrecords(FRAME.to_numpy().tolist(), names=list(FRAME.columns)))
    return path


def test_every_format_gives_the_same_samples(table):
    samples = read_samples(table, ["m"], features=["pt", "eta"])
    np.testing.assert_array_equal(samples.X, FRAME[["pt", "eta"]])
    np.testing.assert_array_equal(samples.y, FRAME["m"])
    assert not samples.labelled


def test_text_targets_are_labels(table):
    samples = read_samples(table, ["kind"])
    assert samples.labelled
    assert samples.y.tolist() == ["t", "q", "t"]
    assert list(samples.X.columns) == ["pt", "eta", "m"]


def test_several_targets(table):
    samples = read_samples(table, ["m", "eta"], features=["pt"])
    assert samples.y.shape == (3, 2)


def test_weight_column_is_no_input(tmp_path):
    FRAME.drop(columns="kind").to_csv(tmp_path / "data.csv", index=False)
    samples = read_samples(tmp_path / "data.csv", ["m"], weight="pt")
    assert list(samples.X.columns) == ["eta"]
    np.testing.assert_array_equal(samples.weights, FRAME["pt"])


def test_plain_npy_columns_are_numbered(tmp_path):
    np.save(tmp_path / "data.npy", np.arange(6.0).reshape(2, 3))
    samples = read_samples(tmp_path / "data.npy", ["x2"])
    assert list(samples.X.columns) == ["x0", "x1"]
    assert samples.y.tolist() == [2, 5]


def test_npz_takes_feature_and_class_names(tmp_path):
    np.savez(
        tmp_path / "jets.npz",
        X=np.arange(6.0).reshape(3, 2),
        y=np.array([0, 2, 1]),
        feature_names=np.array(["a", "b"]),
        class_names=np.array(["g", "q", "t"]),
    )
    samples = read_samples(tmp_path / "jets.npz", ["y"])
    assert list(samples.X.columns) == ["a", "b"]
    assert samples.y.tolist() == ["g", "t", "q"]


def test_npz_without_names_numbers_the_columns(tmp_path):
    np.savez(tmp_path / "data.npz", X=np.arange(6.0).reshape(3, 2), y=np.array([1, 2, 3]))
    samples = read_samples(tmp_path / "data.npz", ["y"])
    assert list(samples.X.columns) == ["x0", "x1"]
    assert samples.y.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.xlsx", b"", "ends in .csv"),
        ("data.csv", b"", "not a .csv file"),
        ("data.csv", b"a,y\n1,2\n1,2,3,4\n", "not a .csv file"),
        ("data.csv", b"a,y\n1,2,3\n4,5,6\n", "ragged"),
        ("data.csv", b"a,y\n1,t\n4,\n", "a label of y is missing"),
        ("data.csv", b"a,y\n", "0 rows"),
        ("data.csv", b"y\n1\n", "0 input columns"),
        ("data.csv", b"a,b\n1,2\n", "no target column y; its columns are: a, b"),
        ("data.csv", b"a,y\nred,2\n", "a of .* does not hold numbers"),
        ("data.csv", b"\xff\xfe\xfa,y\n1,2\n", "not a .csv file"),
        ("data.npz", b"PK nonsense", "not a .npz file"),
        ("data.npy", b"nonsense", "not a .npy file"),
        ("data.parquet", b"nonsense", "not a .parquet file"),
    ],
)
def test_unusable_files_are_refused_in_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_samples(tmp_path / name, ["y"])


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    for reader in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, reader, None)
    with pytest.raises(MissingToolError, match=r"pip install 'lat_sr\[parquet\]'"):
        read_samples(tmp_path / "data.parquet", ["y"])


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="name a file that exists"):
        read_samples(tmp_path / "absent.csv", ["y"])


def test_arrays_of_different_lengths(tmp_path):
    np.savez(tmp_path / "data.npz", X=np.zeros((3, 2)), y=np.zeros(4))
    with pytest.raises(InputError, match="different lengths"):
        read_samples(tmp_path / "data.npz", ["y"])


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "data.npy", np.array([[{"a": 1}]], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"not a \.npy file"):
        read_samples(tmp_path / "data.npy", ["y"])


def test_column_named_twice_in_the_roles(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(InputError, match="input and target at once"):
        read_samples(tmp_path / "data.csv", ["m"], features=["m", "pt"])


def test_file_digest_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc" * 1000).hexdigest()
