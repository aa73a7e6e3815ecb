"""Shipped, made and downloaded data."""

from __future__ import annotations

import email.message
import hashlib
import importlib.util
import io
import json
import re
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lat_sr.datasets import fetch_lhc_jets, invariant_mass, load_jets, make_dimuon
from lat_sr.errors import FormatError, InputError, StorageError

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"


# -- jets ------------------------------------------------------------------------------------------------


def test_jets_are_balanced_and_physical():
    jets = load_jets()
    assert jets.X.shape == (20_000, 16)
    assert jets.X.dtype == np.float32
    assert np.isfinite(jets.X).all()
    assert np.bincount(jets.y).tolist() == [4_000] * 5
    assert jets.class_names == ("g", "q", "t", "w", "z")
    mass = jets.X[:, jets.feature_names.index("j_mass_mmdt")]
    for name, peak in (("w", 80.4), ("z", 91.2), ("t", 172.5)):  # GeV, of the particle
        in_class = mass[jets.y == jets.class_names.index(name)]
        counts, edges = np.histogram(in_class, bins=np.arange(50, 250, 4))
        assert abs(edges[counts.argmax()] + 2 - peak) < 6


def test_jets_have_no_order_by_class():
    assert len(set(load_jets().y[:100])) == 5


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the whole simulated file")
def test_subset_script_makes_the_shipped_file(tmp_path):
    script = REPOSITORY / "benchmarks" / "jets" / "make_subset.py"
    spec = importlib.util.spec_from_file_location("make_subset", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_subset(SHARED / "lhc_jets_pythia8.npz", tmp_path / "jets.npz")
    with np.load(tmp_path / "jets.npz") as made:
        np.testing.assert_array_equal(made["X"], load_jets().X)
        np.testing.assert_array_equal(made["y"], load_jets().y)


# -- OpenML, played by a local opener --------------------------------------------------------------------


class OpenMLStandIn(urllib.request.HTTPSHandler):
    """Answer OpenML's requests from memory."""

    def __init__(self, rows, columns, *, broken_file=False):
        super().__init__()
        arff = "@RELATION jets\n"
        arff += "".join(f"@ATTRIBUTE {name} REAL\n" for name in columns)
        arff += "@ATTRIBUTE class {g,q,w,z,t}\n@DATA\n"
        arff += "".join(",".join(map(str, row)) + "\n" for row in rows)
        features = [
            {
                "index": str(i),
                "name": name,
                "data_type": "nominal" if name == "class" else "numeric",
                "is_target": str(name == "class").lower(),
                "is_ignore": "false",
                "is_row_identifier": "false",
                "number_of_missing_values": "0",
            }
            for i, name in enumerate([*columns, "class"])
        ]
        description = {
            "id": "42468",
            "name": "hls4ml_lhc_jets_hlf",
            "version": "1",
            "description": "stand-in",
            "format": "ARFF",
            "status": "active",
            "file_id": "1",
            "url": "https://api.openml.org/data/v1/download/1/jets.arff",
            "md5_checksum": hashlib.md5(arff.encode()).hexdigest(),
        }
        listed = {"data": {"dataset": [{"did": 42468, "version": 1, "status": "active"}]}}
        qualities = {"quality": [{"name": "NumberOfInstances", "value": str(len(rows))}]}
        self.requests = 0
        self.answers = {
            r"/data/list/data_name/hls4ml_lhc_jets_hlf/": json.dumps(listed),
            r"/data/features/42468$": json.dumps({"data_features": {"feature": features}}),
            r"/data/qualities/42468$": json.dumps({"data_qualities": qualities}),
            r"/json/data/42468$": json.dumps({"data_set_description": description}),
            r"/download/1/": arff[: len(arff) // 2] if broken_file else arff,
        }

    def https_open(self, request):
        self.requests += 1
        for pattern, body in self.answers.items():
            if re.search(pattern, request.full_url):
                answer = urllib.request.addinfourl(
                    io.BytesIO(body.encode()), email.message.Message(), request.full_url, 200
                )
                answer.msg = "OK"
                return answer
        raise AssertionError(f"no answer to {request.full_url}")


class NoNetwork(urllib.request.HTTPSHandler):
    def https_open(self, request):
        raise urllib.error.URLError("Name or service not known")


@pytest.fixture
def network(monkeypatch):
    def install(handler):
        monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(handler))
        return handler

    return install


def openml_rows(n=30):
    jets = load_jets()
    order = np.random.default_rng(0).permutation(16)
    columns = [jets.feature_names[i].removeprefix("j_") for i in order]
    rows = [[*map(float, x[order]), jets.class_names[y]] for x, y in zip(jets.X[:n], jets.y[:n], strict=True)]
    return rows, columns


def test_fetch_gives_the_shipped_columns_and_keeps_them(network, tmp_path):
    rows, columns = openml_rows()
    stand_in = network(OpenMLStandIn(rows, columns))
    jets = fetch_lhc_jets(data_home=tmp_path)
    assert stand_in.requests >= 5
    np.testing.assert_allclose(jets.X, load_jets().X[:30], rtol=1e-6)
    np.testing.assert_array_equal(jets.y, load_jets().y[:30])
    assert (jets.feature_names, jets.class_names) == (load_jets().feature_names, ("g", "q", "t", "w", "z"))

    network(NoNetwork())
    np.testing.assert_array_equal(fetch_lhc_jets(data_home=tmp_path).X, jets.X)


@pytest.mark.filterwarnings("ignore:A network error")
def test_fetch_without_a_network_says_so(network, tmp_path):
    network(NoNetwork())
    with pytest.raises(StorageError, match=r"connect to the network once, or use load_jets"):
        fetch_lhc_jets(data_home=tmp_path)


@pytest.mark.filterwarnings("ignore:Invalid cache")
def test_fetch_refuses_a_truncated_download(network, tmp_path):
    network(OpenMLStandIn(*openml_rows(), broken_file=True))
    with pytest.raises(StorageError, match="md5"):
        fetch_lhc_jets(data_home=tmp_path)


def test_fetch_refuses_another_table(network, tmp_path):
    rows, columns = openml_rows()
    columns[columns.index("mass_mmdt")] = "mass"
    network(OpenMLStandIn(rows, columns))
    with pytest.raises(FormatError, match="j_mass_mmdt"):
        fetch_lhc_jets(data_home=tmp_path)


# -- dimuons ---------------------------------------------------------------------------------------------


def four_vector(pt, eta, phi):
    return np.array([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])


def test_dimuon_mass_is_that_of_the_summed_four_vectors():
    data = make_dimuon(500, seed=3)
    pt1, eta1, phi1, pt2, eta2, phi2 = data.X.T
    e, px, py, pz = four_vector(pt1, eta1, phi1) + four_vector(pt2, eta2, phi2)
    np.testing.assert_allclose(data.y, np.sqrt(e**2 - px**2 - py**2 - pz**2), rtol=1e-9)


def test_dimuon_seed_and_noise():
    exact, again, noisy = make_dimuon(5_000, 1), make_dimuon(5_000, 1), make_dimuon(5_000, 1, noise=0.02)
    np.testing.assert_array_equal(exact.X, again.X)
    np.testing.assert_array_equal(exact.X, noisy.X)
    assert np.std(noisy.y / exact.y) == pytest.approx(0.02, rel=0.1)
    assert not np.array_equal(exact.X, make_dimuon(5_000, 2).X)


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 2.5}, {"noise": -0.1}, {"noise": np.nan}])
def test_dimuon_refuses(arguments):
    with pytest.raises(InputError):
        make_dimuon(**arguments)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the recorded dimuon events")
def test_recorded_dimuons_peak_at_the_z():
    events = pd.read_csv(SHARED / "Zmumu_Run2011A.csv")
    mass = invariant_mass(*(events[f"{name}{i}"] for i in (1, 2) for name in ("pt", "eta", "phi")))
    assert np.median(mass) == pytest.approx(90.28, abs=0.005)


def test_shipped_file_missing(monkeypatch, tmp_path):
    monkeypatch.setattr("lat_sr.datasets.__file__", str(tmp_path / "datasets.py"))
    with pytest.raises(StorageError, match="install lat_sr again"):
        load_jets()
