"""Data to try things on."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lat_sr.errors import FormatError, InputError, StorageError
from lat_sr.files import cache_directory

__all__ = ["Dataset", "fetch_lhc_jets", "invariant_mass", "load_jets", "make_dimuon"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with their target.

    Parameters
    ----------
    X : ndarray of float, shape (n, f)
        One row a sample.
    y : ndarray, shape (n,) or (n, outputs)
        Target; for classes their numbers, which index `class_names`.
    feature_names : tuple of str
        Names of the columns of `X`.
    class_names : tuple of str
        Names of the classes; empty where the target is a number.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()


def load_jets() -> Dataset:
    """Load 20,000 simulated LHC jets: gluon, light quark, top, W and Z, 4,000 of each.

    They are this project's own Pythia 8 simulation (``benchmarks/jets``), with the features of the public
    "hls4ml LHC jets" but not its rows, and harder to tell apart.

    Returns
    -------
    Dataset
        `X` float32, shape (20000, 16), in GeV where a feature has a unit; `y` int64; classes g, q, t, w, z.

    Examples
    --------
    >>> jets = load_jets()
    >>> jets.X.shape, jets.class_names
    ((20000, 16), ('g', 'q', 't', 'w', 'z'))
    """
    path = Path(__file__).parent / "jets.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Dataset(
                arrays["X"],
                arrays["y"].astype(np.int64),
                tuple(map(str, arrays["feature_names"])),
                tuple(map(str, arrays["class_names"])),
            )
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise StorageError(f"cannot read the shipped jets ({error}); install lat_sr again") from error


def fetch_lhc_jets(*, data_home: str | os.PathLike[str] | None = None) -> Dataset:
    """Download the public "hls4ml LHC jets" data set (OpenML ``hls4ml_lhc_jets_hlf``, 830,000 jets).

    It is kept on disk: only the first call needs the network.

    Parameters
    ----------
    data_home : path-like, optional
        Where to keep it; the default is in `lat_sr.files.cache_directory`.

    Returns
    -------
    Dataset
        `X` float64, shape (n, 16), with the columns of `load_jets`; `y` int64; classes g, q, t, w, z.

    Raises
    ------
    StorageError
        The data is neither on disk nor within reach.
    FormatError
        What was downloaded are not the 16 features and 5 classes.
    """
    from sklearn.datasets import fetch_openml

    home = Path(data_home) if data_home is not None else cache_directory() / "openml"
    try:
        bunch = fetch_openml(
            "hls4ml_lhc_jets_hlf",
            version=1,
            as_frame=True,
            parser="pandas",
            data_home=str(home),
            n_retries=1,
        )
    except (OSError, ValueError, KeyError, HTTPException) as error:
        raise StorageError(
            f"cannot fetch hls4ml_lhc_jets_hlf from OpenML ({error}); connect to the network once, "
            f"or use load_jets(), which needs none"
        ) from error
    # OpenML lists the features without the j_ that the papers print.
    frame = bunch.data.rename(columns=lambda name: name if name.startswith("j_") else f"j_{name}")
    shipped = load_jets()
    missing = [name for name in shipped.feature_names if name not in frame]
    labels = np.asarray(bunch.target, dtype=str)
    unknown = sorted(set(labels) - set(shipped.class_names))
    if missing or unknown:
        raise FormatError(f"OpenML's hls4ml_lhc_jets_hlf lacks {missing} and has classes {unknown} too many")
    return Dataset(
        frame[list(shipped.feature_names)].to_numpy(np.float64),
        np.searchsorted(shipped.class_names, labels).astype(np.int64),
        shipped.feature_names,
        shipped.class_names,
    )


def invariant_mass(
    pt1: NDArray[np.float64],
    eta1: NDArray[np.float64],
    phi1: NDArray[np.float64],
    pt2: NDArray[np.float64],
    eta2: NDArray[np.float64],
    phi2: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the mass of two particles whose own masses are negligible.

    ``sqrt(2 pt1 pt2 (cosh(eta1 - eta2) - cos(phi1 - phi2)))``, in the unit of the momenta.

    Parameters
    ----------
    pt1, pt2 : array-like of float, shape (n,)
        Transverse momenta.
    eta1, eta2 : array-like of float, shape (n,)
        Pseudorapidities.
    phi1, phi2 : array-like of float, shape (n,)
        Azimuths in radians.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    difference = np.cosh(np.subtract(eta1, eta2)) - np.cos(np.subtract(phi1, phi2))
    return np.asarray(np.sqrt(2.0 * np.multiply(pt1, pt2) * difference))


def make_dimuon(n: int = 10_000, seed: int = 0, noise: float = 0.0) -> Dataset:
    """Make pairs of unrelated muons, with the invariant mass of each pair as the target.

    Transverse momenta are 20 GeV plus an exponential of mean 20 GeV; directions are flat in eta (up to 2.4)
    and phi.

    Parameters
    ----------
    n : int
        Number of pairs.
    seed : int
        The same seed gives the same data.
    noise : float
        Relative standard deviation of a Gaussian resolution on the mass.

    Returns
    -------
    Dataset
        `X` float64, shape (n, 6), columns pt1, eta1, phi1, pt2, eta2, phi2; `y` float64 in GeV.

    Raises
    ------
    InputError
        `n` is no positive integer or `noise` is negative.

    Examples
    --------
    >>> data = make_dimuon(100, seed=1)
    >>> bool(np.allclose(data.y, invariant_mass(*data.X.T)))
    True
    """
    if not isinstance(n, (int, np.integer)) or n < 1:
        raise InputError(f"n is {n!r}; a positive number of pairs is expected")
    if not 0.0 <= noise < np.inf:
        raise InputError(f"noise is {noise!r}; a finite relative deviation of 0 or more is expected")
    rng = np.random.default_rng(seed)
    muons = [
        column
        for _ in range(2)
        for column in (
            20.0 + rng.exponential(20.0, n),
            rng.uniform(-2.4, 2.4, n),
            rng.uniform(-np.pi, np.pi, n),
        )
    ]
    mass = invariant_mass(*muons) * (1.0 + noise * rng.standard_normal(n))
    return Dataset(np.stack(muons, axis=1), mass, ("pt1", "eta1", "phi1", "pt2", "eta2", "phi2"))
