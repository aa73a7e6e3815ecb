"""Whether the search charges formulas what `lat_sr.latency` predicts for them, and how long it takes to know.

    python benchmarks/search/cost_agreement.py [--trees 100000] [--rows 300] [--processes 2] [--out DIR]

Random formulas over all operators of the core, dealt out to several precisions and both implementations of tables. Each
is costed by the judge that the search engine asks (`lat_sr.latency.circuit_model.CircuitModel`), and by `lat_sr.lower`
with `lat_sr.latency.estimate_datapath`. Equal means the same cycles, picoseconds, LUT and DSP, or that both find no
circuit that meets the clock. The table is Markdown; ``cost_agreement.json`` keeps it, with every formula that differs.
"""

from __future__ import annotations

import sys
import time

from agreement import NAMES, Case, Result, run

from lat_sr import Target
from lat_sr.costs import load_library
from lat_sr.expression import Expression
from lat_sr.latency import estimate_datapath
from lat_sr.latency.circuit_model import CircuitModel

Costs = tuple[int, float, float, float]


def predicted(case: Case, formula: Expression) -> Costs | None:
    """What the latency model says; None where no circuit meets the clock."""
    datapath = case.lowered(formula)
    if datapath is None:
        return None
    estimate = estimate_datapath(datapath, Target(), load_library())
    if not estimate.meets_clock:
        return None
    return estimate.latency_cycles, estimate.delay_ps, float(estimate.lut), float(estimate.dsp)


def compare(case: Case) -> Result:
    """Agreement and times."""
    model = CircuitModel(
        precision=case.precision,
        library=load_library(),
        available_ps=Target().available_ps,
        X=case.X,
        implementations=case.implementation,
    )
    started = time.process_time()
    costs = model.costs(case.formulas, NAMES)
    core_seconds = time.process_time() - started
    differing = []
    circuits = 0
    for formula, cost in zip(case.formulas, costs, strict=True):
        found = None if cost is None else (cost.latency_cycles, cost.delay_ps, cost.lut, cost.dsp)
        expected = predicted(case, formula)
        circuits += expected is not None
        if found != expected:
            differing.append({"formula": str(formula), "search": found, "latency model": expected})
    return {
        "circuits": circuits,
        "equal": len(case.formulas) - len(differing),
        "differing": differing,
        "core_us": core_seconds / len(case.formulas) * 1e6,
    }


def main() -> int:
    """Compare and print."""
    results = run(compare, "cost_agreement", __doc__.splitlines()[0])
    print("| precision | tables | formulas | with a circuit | equal | core [us] |\n|---|---|---|---|---|---|")
    for row in results:
        print(
            f"| {row['precision']} | {row['implementation']} | {row['trees']} | {row['circuits']} "
            f"| {row['equal']} | {row['core_us']:.0f} |"
        )
    return 0 if all(row["equal"] == row["trees"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main())
