"""Fuzzer of the expression parser: `make fuzz`, or

    python tests/fuzz_parser.py [libFuzzer options, as -max_total_time=300] [corpus]

Any text is an expression or one of the parser's own errors, and an expression is read back from its text.
"""

from __future__ import annotations

import sys

import atheris

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression import parse
from lat_sr.operators import OPERATORS

TOKENS = [
    *OPERATORS,
    *("x0", "x1", "pi", "inf", "nan", "(", ")", "(", ")", ",", "+", "-", "*", "/", "^", "**", " ", "\n"),
    *("0", "1", "2", "-2", "0.5", ".5", "1e308", "1e999", "1e-320", "3f0", "1e", "²", "é", "_"),
]


def check(data: bytes) -> None:
    """Break an assertion, or raise anything but the parser's errors, for a bug."""
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        text = provider.ConsumeUnicodeNoSurrogates(sys.maxsize)
    else:
        text = "".join(TOKENS[byte % len(TOKENS)] for byte in provider.ConsumeBytes(sys.maxsize))
    variables = ("x0", "x1") if len(data) % 2 else None
    try:
        expression = parse(text, variables)
    except (ExpressionError, OperatorError):
        return
    assert parse(str(expression), variables) == expression, text
    assert expression.size >= expression.depth >= 1, text


if __name__ == "__main__":
    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
