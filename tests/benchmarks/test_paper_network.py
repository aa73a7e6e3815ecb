"""The networks that the paper's studies compare with."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import make_blobs

from lat_sr import Precision
from lat_sr.errors import MissingToolError

PAPER = Path(__file__).parents[2] / "benchmarks" / "paper"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PAPER)


def blobs() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    X, y = make_blobs(600, n_features=4, centers=3, cluster_std=0.7, random_state=3)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def check_network(network: Any, precision: str) -> None:
    """It separates the blobs with scores that the precision holds."""
    X, y = blobs()
    scores = network.fit(X[:400], y[:400]).decision_scores(X[400:])
    known = Precision.parse(precision)
    units = scores / known.lsb
    assert scores.shape == (200, 3)
    assert (units == np.round(units)).all()
    assert units.min() >= known.low and units.max() <= known.high
    assert np.mean(scores.argmax(axis=1) == y[400:]) > 0.95


@pytest.mark.parametrize("precision", ["ap_fixed<8,4>", "ap_fixed<16,6>"])
def test_scores_are_those_of_the_arithmetic(precision: str) -> None:
    from network import QuantisedMLP

    check_network(QuantisedMLP(precision, max_iter=20), precision)


def test_weights_are_rounded_to_nearest_and_saturate() -> None:
    from network import QuantisedMLP

    rounded = QuantisedMLP("ap_fixed<4,2>")._rounded(np.array([0.124, 0.125, -0.125, -0.126, 5.0, -5.0]))
    assert rounded.tolist() == [0.0, 0.25, 0.0, -0.25, 1.75, -2.0]


@pytest.mark.skipif(find_spec("hgq") is None, reason="needs pip install 'lat_sr[hgq2]'")
@pytest.mark.parametrize("precision", ["ap_fixed<8,4>", "ap_fixed<16,6>"])
def test_hgq2_trains_in_the_same_arithmetic(precision: str) -> None:
    from network_hgq2 import HGQ2MLP

    network = HGQ2MLP(precision, max_iter=20)
    check_network(network, precision)
    X, _ = blobs()
    # HGQ2's sums are in single precision: one that lies on the border of two roundings may go to the other.
    seen = network.model_.predict(network._rounded(X).astype(np.float32), verbose=0)
    difference = np.abs(seen - network.decision_scores(X)) / Precision.parse(precision).lsb
    assert np.mean(difference == 0) > 0.99


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from network_hgq2 import HGQ2MLP
    from paper import main

    monkeypatch.setitem(sys.modules, "hgq", None)
    message = r"HGQ2 cannot be loaded .*Python 3\.11 or later, by: pip install 'lat_sr\[hgq2\]'"
    with pytest.raises(MissingToolError, match=message):
        HGQ2MLP().fit(*blobs())
    monkeypatch.setattr(sys, "argv", ["paper.py", "--baseline", "hgq2", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=message):
        main()
    assert not list(tmp_path.glob("baseline*"))
