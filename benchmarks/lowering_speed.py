"""Time of one `lat_sr.lower`: the median over the golden cases without data.

    python benchmarks/lowering_speed.py [--repeats 5]

The cases are those of ``tests/datapath/golden_datapaths.jsonl`` that have neither data nor a refusal. Parsing is not
timed; the time of a case is the shortest of the repeats.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lat_sr import lower, parse
from lat_sr.datapath import ExplicitTable, WidthLimits

sys.path.append(str(Path(__file__).parents[1] / "tests" / "datapath"))

import golden


def call_of(case: dict[str, Any]) -> Callable[[], object]:
    """The case's `lower`, with everything but the lowering done."""
    settings: dict[str, Any] = {"input_names": case["inputs"]}
    if "ranges" in case:
        settings["ranges"] = {name: tuple(ends) for name, ends in case["ranges"].items()}
    if "limits" in case:
        settings["limits"] = WidthLimits(*case["limits"])
    if "tolerance" in case:
        settings["table_tolerance"] = case["tolerance"]
    if "constant_fraction" in case:
        settings["constant_fraction"] = case["constant_fraction"]
    implementations = case.get("implementations", "table")
    if isinstance(implementations, dict):
        implementations = {
            name: ExplicitTable(*chosen) if isinstance(chosen, list) else chosen
            for name, chosen in implementations.items()
        }
    formulas = [parse(text) for text in case["formulas"]]
    return partial(lower, formulas, case["precision"], implementations=implementations, **settings)


def seconds(call: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with golden.user_operators():
        cases = [case for case in golden.cases() if "data" not in case and "refused" not in case["outcome"]]
        times = sorted(seconds(call_of(case), arguments.repeats) for case in cases)
    print(
        f"{len(times)} datapaths without data: median {1e3 * statistics.median(times):.3f} ms, "
        f"90 % within {1e3 * times[len(times) * 9 // 10]:.3f} ms"
    )


if __name__ == "__main__":
    main()
