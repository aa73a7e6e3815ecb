"""The demonstration: a top tagger for three clock cycles, from the shipped jets to a verified front."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import lat_sr
from lat_sr.datasets import load_jets
from lat_sr.runs.directory import prepare_run, read_run, write_report, write_run, write_verification
from lat_sr.toolchains import Toolchain
from lat_sr.verification import VerificationReport

__all__ = ["DemoResult", "run_demo"]

PRECISION = "ap_fixed<16,6>"
MAX_LATENCY = 3  # clock cycles of 5 ns
MOST_POINTS = 8  # circuits to build: half a minute each on one core
FEATURES = 6  # kept by random-forest importance, as in the paper


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demonstration left.

    Parameters
    ----------
    model : LatencyAwareClassifier
        The fitted top tagger.
    verification : VerificationReport
        The points that were built.
    report : Path
        The HTML page.
    """

    model: lat_sr.LatencyAwareClassifier
    verification: VerificationReport
    report: Path


def run_demo(
    out: str | os.PathLike[str],
    *,
    timeout: float = 30.0,
    random_state: int = 0,
    limit: int = MOST_POINTS,
    toolchain: str | Toolchain = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> DemoResult:
    """Tag top jets within three clock cycles of 5 ns, and build what was found.

    Parameters
    ----------
    out : path-like
        Run directory; it also gets ``report.html``.
    timeout : float, default=30.0
        Seconds of the search.
    random_state : int, default=0
        Seed of the split and the search.
    limit : int
        Most formulas to build.
    toolchain : str or Toolchain
        What builds them.
    progress : callable, optional
        Called with the number of circuits done and their total.

    Returns
    -------
    DemoResult

    Raises
    ------
    StorageError
        The directory cannot be written.
    ToolError
        The toolchain is missing.
    """
    import pandas as pd
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    prepare_run(out)
    jets = load_jets()
    top = np.where(jets.y == jets.class_names.index("t"), "t", "other")
    X_train, X_test, y_train, y_test = train_test_split(
        jets.X.astype(np.float64), top, test_size=0.2, random_state=random_state, stratify=top
    )
    scaler = StandardScaler().fit(X_train)
    train, test = (
        pd.DataFrame(scaler.transform(X), columns=list(jets.feature_names)) for X in (X_train, X_test)
    )
    model = lat_sr.LatencyAwareClassifier(
        precision=PRECISION,
        max_latency=MAX_LATENCY,
        toolchain=toolchain,
        select_k_features=FEATURES,
        timeout=timeout,
        max_evaluations=None,
        random_state=random_state,
        n_jobs=-1,
        verbose=1,
    ).fit(train, y_train)
    data = {
        "path": "lat_sr.datasets.load_jets()",
        "rows": len(jets.X),
        "rows_fitted": len(train),
        "seed": random_state,
    }
    write_run(model, out, sample=(test, y_test), held_out=True, data=data)
    report = model.verify(test, y_test, limit=limit, toolchain=toolchain, progress=progress)
    write_verification(out, report.table)
    return DemoResult(
        model, report, write_report(read_run(out), title=f"Top tagger in {MAX_LATENCY} cycles of 5 ns")
    )
