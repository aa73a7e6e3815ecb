"""Random expressions for hypothesis, for every test that needs some."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.operators import OPERATORS

BUILT_IN = tuple(OPERATORS)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def expressions(
    operators: Sequence[str] = BUILT_IN,
    *,
    variables: Sequence[str] = ("x0", "x1", "x2"),
    constants: st.SearchStrategy[float] = FINITE,
    exponents: tuple[int, int] = (-4, 6),
    max_leaves: int = 12,
) -> st.SearchStrategy[Expression]:
    """Trees of the given operators; exponents of pow are integers from the given range."""
    leaves = st.one_of(st.sampled_from(variables).map(Variable), constants.map(Constant))

    def call(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        def operands(name: str) -> st.SearchStrategy[Expression]:
            if name == "pow":
                exponent = st.integers(*exponents).map(lambda n: Constant(float(n)))
                return st.tuples(below, exponent).map(lambda pair: Call("pow", pair))
            arity = OPERATORS[name].arity
            return st.tuples(*[below] * arity).map(lambda chosen: Call(name, chosen))

        return st.sampled_from(list(operators)).flatmap(operands)

    return st.recursive(leaves, call, max_leaves=max_leaves)
