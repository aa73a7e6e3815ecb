"""The studies of Tsoi et al., "Symbolic Regression on FPGAs for Fast Machine Learning Inference", on the shipped jets.

    python benchmarks/paper/paper.py [--minutes 50] [--engine native] [--toolchain auto] [--n-jobs 2]
        [--baseline sklearn] [--out DIR]

Three studies, each of five taggers whose largest score decides (16 features, six of them kept by random-forest
importance, standardised, labels -1 and +1, loss (1 - y*f)**2, no function inside of a function; of each front the
formula whose circuit has the smallest loss on training rows):

- plain: polynomials, and with sin, gauss or log_abs, at most 20, 40 or 80 nodes, without regard to latency;
- tables: their functions as tables and as interpolated tables;
- latency: all functions of the paper's section 3.3, without and with a latency budget at <16,6> and <18,8>. The budget
  is half of the clock cycles that the circuit without one needs.

Accuracy is relative to an MLP 64-32-32 that was trained in the same precision, by scikit-learn (`network.py`) or with
`--baseline hgq2` by HGQ2 (`network_hgq2.py`; pip install 'lat_sr[hgq2]'). Circuits of all five
outputs are built for 5 ns and simulated. Of the minutes, 40 % are for the searches, the same for each; builds for which
the rest is not enough are left out. Every finished model and build is kept: the same command goes on where a run was
stopped, and makes the builds that were left out. Tables 1-3 and figures 1-5 are written as CSV and PNG.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import latency_table, write_figures, write_tables
from network import QuantisedMLP
from network_hgq2 import HGQ2MLP
from studies import (
    LATENCY_PRECISIONS,
    SIZES,
    WIDTHS,
    Circuit,
    Found,
    Jets,
    Model,
    aware_model,
    circuits,
    datapath_of,
    plain_models,
    search,
    unaware_models,
)

from lat_sr import Target
from lat_sr.errors import LatSrError, MissingToolError
from lat_sr.files import write_atomic
from lat_sr.toolchains import build_many

SEARCH_SHARE = 0.4  # of the minutes

# Networks by the name of what trains them, and the files that keep their accuracies: models do not depend on them.
BASELINES: Mapping[str, tuple[type[QuantisedMLP], str]] = {
    "sklearn": (QuantisedMLP, "baseline.json"),
    "hgq2": (HGQ2MLP, "baseline_hgq2.json"),
}


class Results:
    """What is known so far: a file for the networks, and one for each model."""

    def __init__(self, directory: Path, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.models: dict[str, Found] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self._check(settings)
        for path in sorted((directory / "models").glob("*.json")):
            self.models[path.stem] = json.loads(path.read_text())

    def _check(self, settings: dict[str, Any]) -> None:
        path = self.directory / "settings.json"
        if path.exists() and json.loads(path.read_text()) != settings:
            raise SystemExit(
                f"{self.directory} holds results of other settings ({path.read_text().strip()}); "
                "give these again, or another --out"
            )
        write_atomic(path, json.dumps(settings) + "\n")

    def save(self, model: Model) -> None:
        """Write the results of a model."""
        path = self.directory / "models" / f"{model.key}.json"
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, json.dumps(self.models[model.key], indent=1) + "\n")

    def baseline(self, trained_by: str, jets: Jets, seed: int) -> dict[str, Any]:
        """Facts that all models share, made by the first run with this baseline."""
        network, name = BASELINES[trained_by]
        path = self.directory / name
        if not path.exists():
            write_atomic(path, json.dumps(baseline(network, jets, seed), indent=1) + "\n")
        facts: dict[str, Any] = json.loads(path.read_text())
        return facts


class Run:
    """A start of the studies, with its deadline."""

    def __init__(self, jets: Jets, results: Results, args: argparse.Namespace, searches: int) -> None:
        self.jets = jets
        self.results = results
        self.args = args
        self.started = time.monotonic()
        self.search_seconds = SEARCH_SHARE * args.minutes * 60 / searches
        self.searches_left = searches - len(results.models)

    def note(self, text: str) -> None:
        """Say on stderr what was done."""
        print(f"{time.monotonic() - self.started:6.0f} s  {text}", file=sys.stderr, flush=True)

    @property
    def has_time_to_build(self) -> bool:
        """Whether more is left than the searches still to be made will take."""
        left = self.args.minutes * 60 - (time.monotonic() - self.started)
        return left > self.searches_left * self.search_seconds

    def find(self, models: Sequence[Model]) -> None:
        """Search for the models that are not known, and evaluate their circuits."""
        for model in models:
            if model.key not in self.results.models:
                self.results.models[model.key] = search(
                    model,
                    self.jets,
                    seconds=self.search_seconds,
                    engine=self.args.engine,
                    seed=self.args.seed,
                    smaller=self._smaller(model),
                )
                self.searches_left -= 1
                self._evaluate(model)
                self.results.save(model)
                self.note(f"searched {model.key}")

    def _smaller(self, model: Model) -> Found | None:
        known = [
            found
            for found in self.results.models.values()
            if all(found[name] == getattr(model, name) for name in ("study", "name", "precision"))
            and found["maxsize"] < model.maxsize
        ]
        return max(known, key=lambda found: int(found["maxsize"]), default=None)

    def _evaluate(self, model: Model) -> None:
        """Accuracy of each circuit, bit for bit."""
        found = self.results.models[model.key]
        for circuit in circuits(model):
            entry: dict[str, Any] = {"precision": circuit.precision, "implementation": circuit.implementation}
            try:
                outputs = datapath_of(found, self.jets, circuit).evaluate(
                    self.jets.X_test[:, found["features"]]
                )
                entry["accuracy_fixed"] = self.jets.accuracy(outputs)
            except LatSrError as error:
                entry["error"] = str(error)
            found["circuits"][circuit.key] = entry

    def build(self, models: Sequence[Model]) -> None:
        """Build the circuits that are not built yet, so many at a time, until the time is over."""
        pending = [
            circuit
            for model in models
            for circuit in circuits(model)
            if circuit.built and not self._entry(circuit).keys() & {"latency_cycles", "error"}
        ]
        while pending and self.has_time_to_build:
            batch, pending = pending[: self.args.n_jobs], pending[self.args.n_jobs :]
            datapaths = [
                datapath_of(self.results.models[circuit.model.key], self.jets, circuit) for circuit in batch
            ]
            reports = build_many(datapaths, Target(), toolchain=self.args.toolchain, n_jobs=self.args.n_jobs)
            for circuit, report in zip(batch, reports, strict=True):
                if isinstance(report, LatSrError):
                    self._entry(circuit)["error"] = str(report)
                else:
                    self._entry(circuit).update(
                        latency_predicted=report.latency_predicted,
                        latency_cycles=report.latency_cycles,
                        meets_clock=report.meets_clock,
                        lut=report.lut,
                        ff=report.ff,
                        dsp=report.dsp,
                        bit_exact=report.bit_exact,
                    )
                self.results.save(circuit.model)
                self.note(f"built {circuit.model.key}, {circuit.key}")
        if pending:
            self.note(f"{len(pending)} builds are left out; start again to make them")

    def _entry(self, circuit: Circuit) -> dict[str, Any]:
        entry: dict[str, Any] = self.results.models[circuit.model.key]["circuits"][circuit.key]
        return entry

    def latency_of(self, model: Model) -> int | None:
        """Clock cycles of a model's circuit at the precision it was searched for, if it was built."""
        cycles = self.results.models[model.key]["circuits"][f"{model.precision} table"].get("latency_cycles")
        return None if cycles is None else int(cycles)


def baseline(network: type[QuantisedMLP], jets: Jets, seed: int) -> dict[str, Any]:
    """Accuracy of the networks."""
    precisions = dict.fromkeys((*(f"ap_fixed<{width},6>" for width in WIDTHS), *LATENCY_PRECISIONS))
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "classes": jets.classes,
        "mlp_accuracy": {
            precision: jets.accuracy(
                network(precision, random_state=seed).fit(jets.X, jets.y).decision_scores(jets.X_test)
            )
            for precision in precisions
        },
    }


def main() -> int:
    """Run or continue the studies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=50.0, help="of this start, 40 %% of them for searches"
    )
    parser.add_argument("--n-jobs", type=int, default=os.cpu_count(), help="builds at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="native")
    parser.add_argument("--toolchain", default="auto")
    parser.add_argument("--baseline", choices=list(BASELINES), default="sklearn", help="what trains the MLP")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "paper")
    args = parser.parse_args()

    jets = Jets.load()
    settings = {name: getattr(args, name) for name in ("minutes", "seed", "engine", "toolchain", "sizes")}
    results = Results(args.out, settings)
    try:
        facts = results.baseline(args.baseline, jets, args.seed)
    except MissingToolError as error:
        raise SystemExit(str(error)) from error
    plain, unaware = plain_models(args.sizes), unaware_models(args.sizes)
    run = Run(jets, results, args, searches=len(plain) + 2 * len(unaware))
    # The latency study first: its second half needs the builds of its first.
    run.find(unaware)
    run.build(unaware)
    aware = [aware_model(model, cycles) for model in unaware if (cycles := run.latency_of(model)) is not None]
    run.find(aware)
    run.build(aware)
    run.find(plain)
    run.build(plain)
    write_tables(args.out, facts, results.models)
    write_figures(args.out, facts, results.models, jets)
    print(latency_table(facts, results.models))
    run.note(f"tables and figures are in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
