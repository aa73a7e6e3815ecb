"""About 2,000 datapaths of every kind by their digests, so that a change of the lowering shows what it moved.

`golden_datapaths.jsonl` holds a case a line: formulas, settings, and what comes out. ``python
tests/datapath/golden.py`` writes the digests of the present code into it; `git diff` then lists what moved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lat_sr.datapath import ExplicitTable, WidthLimits, lower
from lat_sr.errors import LatSrError
from lat_sr.expression import define_operator, parse, undefine_operator

FILE = Path(__file__).with_name("golden_datapaths.jsonl")

USER_OPERATORS = {
    "bell": "exp(-x*x)",
    "softsign": "x / (1 + abs(x))",
    "hypotenuse": "sqrt(x*x + y*y)",
}


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text().splitlines()]


@contextmanager
def user_operators() -> Iterator[None]:
    for name, text in USER_OPERATORS.items():
        define_operator(name, text)
    try:
        yield
    finally:
        for name in USER_OPERATORS:
            undefine_operator(name)


def data(case: Mapping[str, Any]) -> np.ndarray | None:
    """Rows drawn evenly from a range for each input."""
    if "data" not in case:
        return None
    drawn = case["data"]
    low, high = np.array(drawn["low"]), np.array(drawn["high"])
    return low + (high - low) * np.random.default_rng(drawn["seed"]).random((drawn["rows"], len(low)))


def outcome(case: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the datapath and of its labels and slices, or the class of the error."""
    implementations = case.get("implementations", "table")
    try:
        if isinstance(implementations, dict):
            implementations = {
                name: ExplicitTable(*chosen) if isinstance(chosen, list) else chosen
                for name, chosen in implementations.items()
            }
        datapath = lower(
            [parse(text) for text in case["formulas"]],
            case["precision"],
            input_names=case["inputs"],
            X=data(case),
            ranges={name: tuple(ends) for name, ends in case.get("ranges", {}).items()} or None,
            implementations=implementations,
            constant_fraction=case.get("constant_fraction"),
            limits=WidthLimits(*case["limits"]) if "limits" in case else None,
            **({"table_tolerance": case["tolerance"]} if "tolerance" in case else {}),
        )
    except LatSrError as error:
        return {"refused": type(error).__name__}
    notes = json.dumps([list(datapath.labels), sorted(datapath.slices)])
    return {
        "datapath": datapath.digest()[:16],
        "notes": hashlib.sha256(notes.encode()).hexdigest()[:8],
    }


def main() -> None:
    with user_operators():
        lines = [json.dumps(case | {"outcome": outcome(case)}) for case in cases()]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
