#!/usr/bin/env python3
"""Take the jets that the package ships out of the whole simulated file.

python benchmarks/jets/make_subset.py lhc_jets_pythia8.npz lat_sr/datasets/jets.npz
"""

import argparse
from pathlib import Path

import numpy as np

ROWS_PER_CLASS = 4_000
SEED = 20240


def make_subset(source: Path, out: Path) -> None:
    """Draw the same number of rows of each class, and keep them in the (random) order of the source."""
    with np.load(source, allow_pickle=False) as arrays:
        X, y = arrays["X"], arrays["y"]
        names = {key: arrays[key] for key in ("feature_names", "class_names")}
    rng = np.random.default_rng(SEED)
    drawn = [rng.choice(np.flatnonzero(y == label), ROWS_PER_CLASS, replace=False) for label in np.unique(y)]
    rows = np.sort(np.concatenate(drawn))
    np.savez_compressed(out, X=X[rows].astype(np.float32), y=y[rows].astype(np.int8), **names)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="file written by simulate_jets.py")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    make_subset(arguments.source, arguments.out)
