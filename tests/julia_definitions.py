"""Julia's one-line definitions, run without Julia."""

from __future__ import annotations

import math
import re
from typing import Any


def python_of_julia(definition: str) -> tuple[str, Any]:
    """Run a Julia definition of the kinds that the table makes, translated to Python."""
    match = re.fullmatch(r"(\w+)\((x(?:, y)?)\) = (.+)", definition)
    assert match, definition
    body = match[3].replace("^", "**").replace("&&", "and")
    guarded = re.compile(r"\(x -> ([^?()]+) \? (.+?) : oftype\(x, NaN\)\)\(")
    body = guarded.sub(r"(lambda x: \2 if \1 else nan)(", body)
    body = body.replace("(x -> ", "(lambda x: ")
    names = {n: getattr(math, n) for n in dir(math) if not n.startswith("_")}
    names |= {"abs": abs, "min": min, "max": max, "sign": lambda x: (x > 0) - (x < 0), "inv": lambda x: 1 / x}
    names |= {"zero": lambda x: 0.0, "oftype": lambda x, v: v}
    return match[1], eval(f"lambda {match[2]}: {body}", names)
