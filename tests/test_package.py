"""What ``import lat_sr`` gives and what it costs."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

import lat_sr

HEAVY = [
    "alkaid",
    "hls4ml",
    "numpy",
    "juliacall",
    "matplotlib",
    "optuna",
    "pandas",
    "pysr",
    "sklearn",
    "sympy",
]


@pytest.mark.parametrize("name", lat_sr.__all__)
def test_every_public_name_is_there(name):
    assert getattr(lat_sr, name) is not None
    assert name in dir(lat_sr)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"lat_sr.*sleep"):
        _ = lat_sr.sleep


def test_version_is_the_distribution_s():
    assert lat_sr.__version__ == importlib.metadata.version("lat_sr")


def test_import_loads_nothing_heavy():
    program = (
        f"import json, sys, lat_sr; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
