from __future__ import annotations

import copy
import csv
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from expression_strategies import expressions
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.errors import ExpressionError, InputError, OperatorError
from lat_sr.expression import Call, Constant, Expression, Variable, evaluate, parse

DATA = Path(__file__).parents[1] / "data"
LEVELS = 5000

X, Y = Variable("x"), Variable("y")


def deep(levels: int = LEVELS) -> Expression:
    expression: Expression = Variable("x0")
    for level in range(levels):
        expression = Call("+", (expression, Constant(1.0))) if level % 2 else Call("neg", (expression,))
    return expression


def test_size_depth_variables_and_counts() -> None:
    expression = parse("sin(b * a) + b ^ 2 - 3")
    assert (expression.size, expression.depth) == (10, 5)
    assert expression.variables == ("b", "a")
    assert expression.operator_counts == {"sin": 1, "*": 1, "+": 1, "pow": 1, "-": 1}
    assert (X.size, X.depth, X.operands, X.variables) == (1, 1, (), ("x",))
    assert Constant(2).variables == ()


def test_walk() -> None:
    expression = parse("sin(x) + y * 2")
    labels = [getattr(n, "operator", None) or str(n) for n in expression.walk()]
    assert labels == ["+", "sin", "x", "*", "y", "2.0"]
    labels = [getattr(n, "operator", None) or str(n) for n in expression.walk("post")]
    assert labels == ["x", "sin", "y", "2.0", "*", "+"]
    with pytest.raises(ExpressionError, match="'pre' or 'post'"):
        next(expression.walk("in"))  # type: ignore[arg-type]


def test_pattern_matching() -> None:
    match parse("x + 2"):
        case Call("+", (Variable(name), Constant(value))):
            assert (name, value) == ("x", 2.0)
        case _:
            pytest.fail("did not match")


def test_equality_and_hash() -> None:
    assert parse("sin(x) + 1") == parse("sin( x )+1.0")
    assert hash(parse("sin(x) + 1")) == hash(parse("sin(x) + 1.0"))
    different = [X, Y, Constant(1), Constant(2), *map(parse, ("x + y", "y + x", "x - y", "sin(x)", "cos(x)"))]
    assert len(set(different)) == len(different)
    assert all((a == b) == (a is b) for a in different for b in different)
    assert parse("x") != "x"
    assert Constant(1.0) != 1.0


@given(expressions(), expressions())
def test_equality_is_that_of_the_text(a: Expression, b: Expression) -> None:
    assert (a == b) == (str(a) == str(b)) or "0.0" in str(a) + str(b)  # 0.0 == -0.0


def test_immutable() -> None:
    for expression in (X, Constant(1), parse("sin(x)")):
        with pytest.raises(AttributeError, match="immutable"):
            expression.name = "z"  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="immutable"):
            del expression._hash


@given(expressions())
def test_copies_and_pickles(expression: Expression) -> None:
    assert copy.copy(expression) is expression
    assert copy.deepcopy(expression) is expression
    again = pickle.loads(pickle.dumps(expression))
    assert again == expression
    assert str(again) == str(expression)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "one", None, 1j, 10**400])
def test_constants_are_finite_numbers(value: object) -> None:
    with pytest.raises(ExpressionError, match="constant must be"):
        Constant(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "1x", "a b", "a-b", "x.y", 3])
def test_variables_have_names(name: object) -> None:
    with pytest.raises(ExpressionError, match="cannot name a variable"):
        Variable(name)  # type: ignore[arg-type]


def test_calls_are_checked() -> None:
    with pytest.raises(OperatorError, match="'sin' takes 1 operand, not 2"):
        Call("sin", (X, Y))
    with pytest.raises(OperatorError, match=r"'\+' takes 2 operands, not 1"):
        Call("+", (X,))
    with pytest.raises(OperatorError, match="unknown operator 'foo'"):
        Call("foo", (X,))
    with pytest.raises(ExpressionError, match="must be an Expression, not 2"):
        Call("+", (X, 2))  # type: ignore[arg-type]
    for exponent in (Y, Constant(0.5)):
        with pytest.raises(ExpressionError, match="integer constant"):
            Call("pow", (X, exponent))
    assert Call("plus", [X, Y]).operator == "+"


def test_substitute() -> None:
    expression = parse("x + sin(y)")
    assert str(expression.substitute({"x": Y, "y": X})) == "y + sin(x)"
    assert str(expression.substitute({"x": 2, "z": 1})) == "2.0 + sin(y)"
    assert expression.substitute({}) is expression
    assert str(expression) == "x + sin(y)"


def test_repr_is_code() -> None:
    assert eval(repr(parse("x ^ 2 + 1"))) == parse("x ^ 2 + 1")


def test_evaluate_needs_matching_columns() -> None:
    expression = parse("mass * 2 + mult")
    data = np.arange(6.0).reshape(3, 2)
    assert evaluate(expression, data, ["mass", "mult"]).tolist() == [1.0, 7.0, 13.0]
    assert evaluate(expression, data[:, ::-1], ["mult", "mass"]).tolist() == [1.0, 7.0, 13.0]
    with pytest.raises(ExpressionError, match=r"'mult' .* did you mean multi\? .*mass, multi"):
        evaluate(expression, data, ["mass", "multi"])
    with pytest.raises(ExpressionError, match=r"no column\. The columns are: x0, x1"):
        evaluate(expression, data)
    with pytest.raises(InputError, match="2 columns but there are 1 names"):
        evaluate(expression, data, ["mass"])
    with pytest.raises(InputError, match=r"shape \(samples, features\), not \(2,\)"):
        evaluate(expression, [1.0, 2.0], ["mass", "mult"])
    with pytest.raises(InputError, match="array of numbers"):
        evaluate(expression, [["a", "b"]], ["mass", "mult"])
    with pytest.raises(InputError, match="array of numbers"):
        evaluate(expression, [[1.0], [1.0, 2.0]], ["mass", "mult"])


def test_evaluate_constants_empty_data_and_many_rows() -> None:
    assert evaluate(Constant(2.5), np.empty((3, 0))).tolist() == [2.5] * 3
    assert evaluate(parse("x0 + 1"), np.empty((0, 1))).shape == (0,)
    data = np.random.default_rng(1).normal(size=(20_001, 2))
    assert np.array_equal(evaluate(parse("x0 * x1 - x0"), data), data[:, 0] * data[:, 1] - data[:, 0])


def test_evaluate_does_not_change_the_data() -> None:
    data = np.ones((4, 1))
    evaluate(parse("x0"), data)[:] = 7.0
    assert (data == 1).all()


def test_nan_in_the_domain_of_nothing_and_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    values = evaluate(parse("log(x0) / x0 + inv(x0) + exp(1000 * x0)"), [[-1.0], [0.0], [1.0]])
    assert np.isnan(values[:2]).all()
    assert values[2] == math.inf
    assert not recwarn.list


def test_deep_trees_do_not_recurse() -> None:
    expression = deep()
    assert (expression.size, expression.depth) == (LEVELS + LEVELS // 2 + 1, LEVELS + 1)
    assert parse(str(expression)) == expression
    assert hash(deep()) == hash(expression)
    assert deep() == expression
    assert evaluate(expression, [[0.5], [1.0]]).tolist() == [0.5, 1.0]
    assert expression.variables == ("x0",)
    assert sum(1 for _ in expression.walk("post")) == expression.size
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert expression.substitute({"x0": 1.0}).variables == ()


def test_shared_subtrees_are_computed_once() -> None:
    def doubled(levels: int) -> Expression:
        expression: Expression = Variable("x0")
        for _ in range(levels):
            expression = Call("+", (expression, expression))
        return expression

    big = doubled(200)
    assert big.size == 2**201 - 1
    assert evaluate(big, [[1.0]]) == [2.0**200]
    assert big == doubled(200)
    assert big.variables == ("x0",)


@given(expressions(), st.integers(0, 2**32 - 1))
def test_evaluation_by_rows_equals_that_of_all(expression: Expression, seed: int) -> None:
    data = np.random.default_rng(seed).normal(size=(3, 3))
    together = evaluate(expression, data)
    for row, value in zip(data, together, strict=True):
        assert evaluate(expression, [row])[0] == pytest.approx(value, rel=1e-12, nan_ok=True)


def front_rows() -> list[tuple[str, str, str]]:
    rows = []
    for path in sorted((DATA / "pysr_run").rglob("hall_of_fame*.csv")):
        with path.open() as file:
            rows += [(path.parent.name, row["Complexity"], row["Equation"]) for row in csv.DictReader(file)]
    return rows


def python_value(text: str, names: list[str], data: np.ndarray) -> np.ndarray:
    """Evaluate with Python's own parser."""
    known = {"sin": np.sin, "exp": np.exp, "log_abs": lambda x: np.log(np.abs(x)), "sinh": np.sinh}
    known |= {"gauss": lambda x: np.exp(-(x**2))} | dict(zip(names, data.T, strict=True))
    return np.broadcast_to(eval(text, known), len(data))


def test_pysr_fronts() -> None:
    rows = front_rows()
    assert len(rows) == 45
    for run, complexity, text in rows:
        expression = parse(text)
        names = sorted(expression.variables)
        data = np.random.default_rng(0).normal(size=(50, len(names)))
        assert evaluate(expression, data, names) == pytest.approx(python_value(text, names, data), rel=1e-14)
        assert parse(str(expression)) == expression
        if run == "top_tagger_budget12":  # there every node costs 1
            assert expression.size == int(complexity)


def test_expressions_of_the_paper() -> None:
    with (DATA / "paper_expressions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    for row in rows:
        expression = parse(row["expression"])
        names = sorted(expression.variables)
        data = np.random.default_rng(0).normal(size=(50, len(names)))
        expected = python_value(row["expression"], names, data)
        assert evaluate(expression, data, names) == pytest.approx(expected, rel=1e-12)
        assert parse(str(expression)) == expression
