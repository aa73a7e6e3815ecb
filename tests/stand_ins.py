"""A search engine and a toolchain that answer at once, for the tests of what is built on them."""

from __future__ import annotations

import threading

import numpy as np

from lat_sr.costs import load_library
from lat_sr.expression import evaluate, parse
from lat_sr.latency import estimate_datapath
from lat_sr.search import Point, SearchResult
from lat_sr.toolchains import BuildReport


class StandInEngine:
    """Finds the formulas it was given, whatever the problem is.

    Parameters
    ----------
    *formulas : str or sequence of str
        A sequence has one entry for each output.
    stop_reason : str
        As the search should end.
    """

    def __init__(self, *formulas, stop_reason="max_evaluations"):
        self.formulas = formulas
        self.stop_reason = stop_reason
        self.problems = []

    def search(self, problem, *, callback=None):
        number = len(self.problems)
        self.problems.append(problem)
        points = []
        for given in self.formulas:
            text = given if isinstance(given, str) else given[number % len(given)]
            expression = parse(text, problem.feature_names)
            loss = float(np.mean((evaluate(expression, problem.X, problem.feature_names) - problem.y) ** 2))
            points.append(Point((expression,), loss, expression.size, 1, 0.0, 0.0, 0.0))
        if callback is not None:
            callback(0.5, 10, points)
        return SearchResult(tuple(points), 10, 0.5, self.stop_reason, problem.seed)


class StandInToolchain:
    """Reports what was predicted, changed as asked; keeps what it was given.

    Parameters
    ----------
    change : callable, optional
        From the number of the build and its report to other fields of the report, or to an exception.
    """

    name = "stand-in"

    def __init__(self, change=lambda number, report: {}):
        self.change = change
        self.builds = []
        self._lock = threading.Lock()

    def version(self):
        return "1.2"

    def build(self, datapath, target, *, vectors=None, out=None):
        cost = estimate_datapath(datapath, target, load_library(part=target.part))
        with self._lock:
            number = len(self.builds)
            self.builds.append((datapath, target, vectors, out))
        report = BuildReport(
            toolchain=self.name,
            tool_versions={"imagination": self.version()},
            part=target.part,
            clock_ns=target.clock_period,
            clock_uncertainty_ns=target.clock_uncertainty,
            timing_derate=target.timing_derate,
            latency_cycles=cost.latency_cycles,
            slack_ns=0.25,
            critical_path_ps=cost.delay_ps,
            lut=cost.lut,
            carry=0,
            ff=cost.ff,
            dsp=cost.dsp,
            bram=0,
            vectors=1024 + (0 if vectors is None else len(vectors)),
            bit_exact=True,
            timing_source="imagination",
            stages_tried=[(cost.latency_cycles, cost.delay_ps)],
            seconds=0.0,
            digest=datapath.digest(),
        )
        changed = self.change(number, report)
        if isinstance(changed, Exception):
            raise changed
        return report.model_copy(update=changed)
