"""Parsing of formulas: PySR's and Julia's text, sympy's text, plain infix.

An operator-precedence parser with explicit stacks: it neither evaluates code nor recurses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NoReturn

import numpy as np

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression.tree import Call, Constant, Expression, Variable, arity_message, evaluate
from lat_sr.operators import OPERATORS, Operator, closest_names, get_operator
from lat_sr.operators.declaration import PREFIX

__all__ = ["parse"]

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eEfF][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<symbol>\*\*|[-+*/^(),])"
    r"|(?P<unknown>.)"
)
_POWER_SYMBOLS = ("^", "**")
_NAMED_CONSTANTS = {"pi": math.pi}
# Characters of the text shown on each side of an error.
_CONTEXT = 60


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


@dataclass(slots=True)
class _Pending:
    """An operator or an opened bracket that waits for its operands."""

    kind: str  # "infix", "prefix", "bracket" or "call"
    token: _Token
    operator: Operator | None = None
    first_operand: int = 0
    commas: int = 0

    @property
    def precedence(self) -> int:
        if self.kind == "prefix":
            return PREFIX
        return self.operator.precedence if self.kind == "infix" and self.operator else -1


class _Parser:
    """One run over one text."""

    def __init__(self, text: str, variables: Sequence[str] | None) -> None:
        self.text = text
        self.variables = None if variables is None else tuple(variables)
        self.infix = {o.infix: o for o in OPERATORS.values() if o.infix}
        self.infix["**"] = self.infix["^"]
        self.operands: list[Expression] = []
        self.pending: list[_Pending] = []

    def fail(self, message: str, position: int, error: type[ExpressionError | OperatorError]) -> NoReturn:
        start = max(0, position - _CONTEXT)
        shown = self.text[start : position + _CONTEXT].replace("\n", " ").replace("\t", " ")
        raise error(f"{message}\n  {shown}\n  {' ' * (position - start)}^")

    def wrong(self, message: str, position: int) -> NoReturn:
        self.fail(message, position, ExpressionError)

    def tokens(self) -> list[_Token]:
        found = []
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup or "unknown"
            if kind == "unknown":
                self.wrong(
                    f"unexpected character {match.group()!r}: allowed are numbers, names, brackets (), "
                    "commas and + - * / ^ **",
                    match.start(),
                )
            if kind != "space":
                found.append(_Token(kind, match.group(), match.start()))
        return [*found, _Token("end", "", len(self.text.rstrip()))]

    def run(self) -> Expression:
        tokens = self.tokens()
        if len(tokens) == 1:
            self.wrong("the expression is empty: write for example sin(x0) * 2", 0)
        index, operand_next = 0, True
        while index < len(tokens):
            token, following = tokens[index], tokens[min(index + 1, len(tokens) - 1)]
            if operand_next:
                used, operand_next = self.start_operand(token, following, tokens, index)
            else:
                used, operand_next = self.continue_after_operand(token, tokens[index - 1])
            index += used
        return self.operands.pop()

    def start_operand(
        self, token: _Token, following: _Token, tokens: list[_Token], index: int
    ) -> tuple[int, bool]:
        """Take a token where an operand must begin; give the tokens used, and whether one is still due."""
        if token.kind == "number":
            self.operands.append(self.number(token))
            return 1, False
        if token.kind == "name":
            if following.text == "(":
                self.open_call(token)
                return 2, True
            self.operands.append(self.variable(token))
            return 1, False
        if token.text == "(":
            self.pending.append(_Pending("bracket", token, first_operand=len(self.operands)))
            return 1, True
        if token.text == "+":
            return 1, True
        if token.text == "-":
            # -2 is a constant, but -2 ^ 2 is -(2 ^ 2), in Julia as in Python.
            if following.kind == "number" and tokens[index + 2].text not in _POWER_SYMBOLS:
                self.operands.append(self.number(following, negative=True))
                return 2, False
            self.pending.append(_Pending("prefix", token))
            return 1, True
        what = "the expression ends" if token.kind == "end" else f"{token.text!r} stands"
        self.wrong(f"{what} where a number, a variable, a function or '(' is expected", token.position)

    def continue_after_operand(self, token: _Token, previous: _Token) -> tuple[int, bool]:
        """Take a token after a complete operand; give the tokens used, and whether an operand is due."""
        if token.text in self.infix:
            operator = self.infix[token.text]
            self.reduce(operator.precedence, right_associative=token.text in _POWER_SYMBOLS)
            self.pending.append(_Pending("infix", token, operator))
            return 1, True
        if token.text in (",", ")") or token.kind == "end":
            self.reduce(0)
            opened = self.pending[-1] if self.pending else None
            if token.kind == "end":
                if opened is not None:
                    of_what = (
                        f"the bracket of {opened.token.text}" if opened.kind == "call" else "this bracket"
                    )
                    self.wrong(f"{of_what} is never closed: add ')'", opened.token.position)
            elif opened is None:
                hint = (
                    "unmatched ')': remove it" if token.text == ")" else "a comma may only separate operands"
                )
                self.wrong(hint, token.position)
            elif token.text == ")":
                self.pending.pop()
                if opened.kind == "call":
                    self.close_call(opened)
            elif opened.kind == "bracket":
                self.wrong("a comma may only separate the operands of a function", token.position)
            else:
                opened.commas += 1
                return 1, True
            return 1, False
        self.wrong(
            f"an operator is missing between {previous.text!r} and {token.text!r}: "
            f"write {previous.text} * {token.text}"
            if previous.text != ")" or token.text != "("
            else "an operator is missing between ')' and '(': write ) * (",
            token.position,
        )

    def number(self, token: _Token, *, negative: bool = False) -> Expression:
        value = float(re.sub("[fF]", "e", token.text))
        if math.isinf(value):
            self.wrong(
                f"the number {token.text} is too large for a float64 (at most 1.8e308)", token.position
            )
        return Constant(-value if negative else value)

    def variable(self, token: _Token) -> Expression:
        name = token.text
        if self.variables is not None:
            if name in self.variables:
                return Variable(name)
            if name not in _NAMED_CONSTANTS:
                self.wrong(
                    f"unknown variable {name!r}{closest_names(name, self.variables)} "
                    f"The variables are: {', '.join(self.variables) or 'none'}",
                    token.position,
                )
        if name in _NAMED_CONSTANTS:
            return Constant(_NAMED_CONSTANTS[name])
        if name in OPERATORS:
            self.wrong(
                f"{name} is an operator and needs its operands in brackets; "
                "if a feature has this name, give the variables' names to parse",
                token.position,
            )
        if name.lower() in ("inf", "nan", "oo", "zoo", "infinity"):
            self.wrong(f"{name} is not a finite number: constants must be finite", token.position)
        return Variable(name)

    def open_call(self, token: _Token) -> None:
        try:
            operator = get_operator(token.text)
        except OperatorError as error:
            if self.variables is not None and token.text in self.variables:
                self.wrong(
                    f"{token.text!r} is a variable, not a function: write {token.text} * (", token.position
                )
            self.fail(str(error), token.position, OperatorError)
        self.pending.append(_Pending("call", token, operator, first_operand=len(self.operands)))

    def close_call(self, opened: _Pending) -> None:
        operator = opened.operator
        assert operator is not None
        operands = self.operands[opened.first_operand :]
        del self.operands[opened.first_operand :]
        if operator.name in ("min", "max") and len(operands) > 2:
            self.operands.append(reduce(lambda a, b: Call(operator.name, (a, b)), operands))
        elif len(operands) != operator.arity:
            self.fail(
                arity_message(operator.name, operator.arity, len(operands)),
                opened.token.position,
                OperatorError,
            )
        else:
            self.operands.append(self.build(operator, operands, opened.token.position))

    def reduce(self, precedence: int, *, right_associative: bool = False) -> None:
        """Build the waiting calls that bind at least as tightly."""
        while self.pending and self.pending[-1].precedence >= max(precedence, 1):
            top = self.pending[-1]
            if right_associative and top.precedence == precedence:
                return
            self.pending.pop()
            right = self.operands.pop()
            if top.kind == "prefix":
                self.operands.append(Call("neg", (right,)))
            else:
                assert top.operator is not None
                left = self.operands.pop()
                self.operands.append(self.build(top.operator, [left, right], top.token.position))

    def build(self, operator: Operator, operands: list[Expression], position: int) -> Expression:
        if operator.name != "pow":
            return Call(operator.name, operands)
        base, exponent = operands
        if exponent.variables:
            self.wrong(
                "the exponent must be a constant: write exp(y * log(x)) for x ^ y with a variable y", position
            )
        value = float(evaluate(exponent, np.empty((1, 0)))[0])
        if value.is_integer():
            return Call("pow", (base, Constant(value)))
        if (2 * value).is_integer():
            root = Call("sqrt", (base,))
            return root if value == 0.5 else Call("pow", (root, Constant(2 * value)))
        self.wrong(
            f"the exponent is {value:g} but must be an integer or a half: write exp({value:g} * log(x))",
            position,
        )


def parse(text: str, variables: Sequence[str] | None = None) -> Expression:
    """Parse a formula.

    Understood are the equations of PySR, the text of sympy expressions, and plain infix: numbers, variables,
    ``+ - * / ^ **``, brackets, and the functions of `lat_sr.operators.OPERATORS` by name or alias. ``pi`` is
    a constant unless it is among the variables. Nothing is simplified.

    Parameters
    ----------
    text : str
        The formula.
    variables : sequence of str, optional
        The variables that may occur; by default any name that is not an operator.

    Returns
    -------
    Expression
        The tree as written.

    Raises
    ------
    ExpressionError
        The text is not a formula, or has an unknown variable; the message points at the place.
    OperatorError
        It uses an unknown function, or one with the wrong number of operands.

    Examples
    --------
    >>> parse("(j_multiplicity + -1.5) * 0.25")
    parse('(j_multiplicity + -1.5) * 0.25')
    >>> parse("x0**2").size
    3
    """
    if not isinstance(text, str):
        raise ExpressionError(f"a formula must be text, not {type(text).__name__}; from_sympy takes sympy's")
    if isinstance(variables, str):
        raise ExpressionError(f"variables must be a sequence of names, not the text {variables!r}")
    return _Parser(text, variables).run()
