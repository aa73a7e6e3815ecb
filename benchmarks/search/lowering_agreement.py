"""Whether the core's lowering gives Python's datapaths, and how fast it does.

    python benchmarks/search/lowering_agreement.py [--trees 100000] [--rows 300] [--processes 2] [--out DIR]

Random formulas over all operators of the core, dealt out to several precisions and both implementations of tables.
Equal means the same nodes, tables (with their names) and outputs, and the same integers on all rows. The times are mean
processor times of a formula, the core's with an empty memory of tables. The table is Markdown;
``lowering_agreement.json`` keeps it, with every formula that differs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import numpy as np
from agreement import NAMES, Case, Result, run

from lat_sr.datapath import Datapath
from lat_sr.errors import ExpressionError
from lat_sr.expression import Expression
from lat_sr.expression.postfix import tree_of
from lat_sr.search.native_lowering import NativeLowering

OUTCOMES = ("equal", "refused by both", "different", "refused by one")


def outcome_of(expected: Datapath | None, lowering: NativeLowering, formula: Expression, case: Case) -> str:
    """How the core's datapath and its values compare with Python's."""
    try:
        found = lowering.lower(formula)
    except ExpressionError:
        return "refused by both" if expected is None else "refused by one"
    if expected is None:
        return "refused by one"
    integers = expected.evaluate_integers(case.precision.from_float(case.X))
    same = found.datapath.digest() == expected.digest() and np.array_equal(found.values, integers)
    return "equal" if same else "different"


def compare(case: Case) -> Result:
    """Outcomes and times."""
    lowering = NativeLowering(case.X, case.precision, input_names=NAMES, implementations=case.implementation)
    native_trees = [tree_of(formula, NAMES) for formula in case.formulas]
    started = time.process_time()
    lowering.lowerable(native_trees)
    native_seconds = time.process_time() - started
    outcomes: Counter[str] = Counter()
    differing = []
    python_seconds = 0.0
    for formula in case.formulas:
        started = time.process_time()
        expected = case.lowered(formula)
        python_seconds += time.process_time() - started
        outcome = outcome_of(expected, lowering, formula, case)
        outcomes[outcome] += 1
        if outcome in ("different", "refused by one"):
            differing.append({"formula": str(formula), "outcome": outcome})
    return {
        "outcomes": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "differing": differing,
        "python_us": python_seconds / len(case.formulas) * 1e6,
        "core_us": native_seconds / len(case.formulas) * 1e6,
    }


def main() -> int:
    """Compare and print."""
    results = run(compare, "lowering_agreement", __doc__.splitlines()[0])
    print(f"| precision | tables | formulas | {' | '.join(OUTCOMES)} | Python [us] | core [us] |")
    print("|---|---|---" + "|---" * len(OUTCOMES) + "|---|---|")
    for row in results:
        counts = " | ".join(str(row["outcomes"][outcome]) for outcome in OUTCOMES)
        print(
            f"| {row['precision']} | {row['implementation']} | {row['trees']} | {counts} "
            f"| {row['python_us']:.0f} | {row['core_us']:.0f} |"
        )
    return 1 if any(row["differing"] for row in results) else 0


if __name__ == "__main__":
    sys.exit(main())
