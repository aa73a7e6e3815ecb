"""The immutable expression tree, its traversals, and its values in floating point.

Nothing here recurses, so trees may be as deep as memory allows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NoReturn, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import ExpressionError, InputError, OperatorError
from lat_sr.operators import Notation, Operator, closest_names, get_operator
from lat_sr.operators.declaration import CALL, PREFIX

__all__ = ["Call", "Constant", "Expression", "Variable", "evaluate"]

T = TypeVar("T")


class Expression:
    """Base of `Constant`, `Variable` and `Call`: immutable, hashable, equal when the trees are equal."""

    __slots__ = ("_depth", "_hash", "_size")

    _depth: int
    _hash: int
    _size: int

    @property
    def operands(self) -> tuple[Expression, ...]:
        """The operands of a call; empty for a leaf."""
        return ()

    @property
    def size(self) -> int:
        """Number of nodes, as PySR counts complexity when every node costs 1."""
        return self._size

    @property
    def depth(self) -> int:
        """Number of nodes on the longest way from the root to a leaf; 1 for a leaf."""
        return self._depth

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in the order of their first use."""
        return tuple({node.name: None for node in self._distinct() if isinstance(node, Variable)})

    @property
    def operator_counts(self) -> Counter[str]:
        """How often each operator is used."""
        return Counter(node.operator for node in self.walk() if isinstance(node, Call))

    def walk(self, order: Literal["pre", "post"] = "pre") -> Iterator[Expression]:
        """Visit every node, operands from left to right.

        Parameters
        ----------
        order : {"pre", "post"}
            Whether a call comes before or after its operands.

        Yields
        ------
        Expression
            Each node; a subtree used twice is visited twice.
        """
        if order not in ("pre", "post"):
            raise ExpressionError(f"order must be 'pre' or 'post', not {order!r}")
        if order == "pre":
            stack: list[Expression] = [self]
            while stack:
                node = stack.pop()
                yield node
                stack.extend(reversed(node.operands))
            return
        waiting: list[tuple[Expression, bool]] = [(self, False)]
        while waiting:
            node, below_done = waiting.pop()
            if below_done or not node.operands:
                yield node
            else:
                waiting.append((node, True))
                waiting.extend((operand, False) for operand in reversed(node.operands))

    def _distinct(self) -> Iterator[Expression]:
        """Visit every node object once, calls before their operands."""
        seen: set[int] = set()
        stack: list[Expression] = [self]
        while stack:
            node = stack.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                stack.extend(reversed(node.operands))

    def fold(self, function: Callable[[Expression, tuple[T, ...]], T]) -> T:
        """Compute a value from the leaves up, each shared node once.

        Parameters
        ----------
        function : callable
            Takes a node and the values of its operands, gives the node's value.

        Returns
        -------
        object
            The value of the root.

        Examples
        --------
        >>> from lat_sr.expression import parse
        >>> parse("sin(x) + 1").fold(lambda node, below: 1 + sum(below))
        4
        """
        values: dict[int, T] = {}
        stack: list[Expression] = [self]
        while stack:
            node = stack[-1]
            missing = [o for o in node.operands if id(o) not in values]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if id(node) not in values:
                values[id(node)] = function(node, tuple(values[id(o)] for o in node.operands))
        return values[id(self)]

    def substitute(self, mapping: Mapping[str, Expression | float]) -> Expression:
        """Put other expressions in the place of variables, all at once.

        Parameters
        ----------
        mapping : mapping of str to Expression or float
            From the names of variables; names that do not occur are ignored.

        Returns
        -------
        Expression
            The new tree; this one is unchanged.

        Examples
        --------
        >>> from lat_sr.expression import Variable, parse
        >>> print(parse("x + y").substitute({"x": Variable("y"), "y": 2.0}))
        y + 2.0
        """
        replacements = {n: e if isinstance(e, Expression) else Constant(e) for n, e in mapping.items()}

        def replace(node: Expression, operands: tuple[Expression, ...]) -> Expression:
            if isinstance(node, Variable):
                return replacements.get(node.name, node)
            return node.with_operands(operands)

        return self.fold(replace)

    def with_operands(self, operands: Sequence[Expression]) -> Expression:
        """Give this node with other operands; itself when they are the same objects."""
        if not isinstance(self, Call) or all(a is b for a, b in zip(operands, self.operands, strict=True)):
            return self
        return Call(self.operator, operands)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"expressions are immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"expressions are immutable: cannot delete {name!r}")

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        stack: list[tuple[Expression, Expression]] = [(self, other)]
        compared: set[tuple[int, int]] = set()
        while stack:
            a, b = stack.pop()
            if a is b or (id(a), id(b)) in compared:
                continue
            if a._hash != b._hash or a._label() != b._label() or len(a.operands) != len(b.operands):
                return False
            compared.add((id(a), id(b)))
            stack.extend(zip(a.operands, b.operands, strict=True))
        return True

    def _label(self) -> tuple[str, object]:
        """Give what tells this node, without its operands, from others."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Infix text with the fewest brackets; `lat_sr.parse` gives the same tree back."""
        return _text(self)

    def __repr__(self) -> str:
        return f"parse({str(self)!r})"

    def __reduce__(self) -> tuple[Callable[..., Expression], tuple[Any, ...]]:
        # A flat list: pickle would recurse along the tree. Hashes of strings differ between processes.
        return _from_postfix, ([(*node._label(), len(node.operands)) for node in self.walk("post")],)

    def __copy__(self) -> Expression:
        return self

    def __deepcopy__(self, memo: object) -> Expression:
        return self

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _finish(self) -> None:
        """Store what is computed from the operands once, so that nothing recurses later."""
        self._set("_size", 1 + sum(o._size for o in self.operands))
        self._set("_depth", 1 + max((o._depth for o in self.operands), default=0))
        self._set("_hash", hash((*self._label(), *(o._hash for o in self.operands))))


class Constant(Expression):
    """A finite number.

    Parameters
    ----------
    value : float
        Its value.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("value",)
    __slots__ = ("value",)

    value: float

    def __init__(self, value: float) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ExpressionError(f"a constant must be a real number, not {value!r}") from None
        if not math.isfinite(number):
            raise ExpressionError(f"a constant must be finite, not {number}")
        self._set("value", number)
        self._finish()

    def _label(self) -> tuple[str, object]:
        return "constant", self.value


class Variable(Expression):
    """An input feature.

    Parameters
    ----------
    name : str
        Its name, an identifier.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("name",)
    __slots__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ExpressionError(
                f"{name!r} cannot name a variable: use letters, digits and underscores, "
                "not starting with a digit"
            )
        self._set("name", name)
        self._finish()

    def _label(self) -> tuple[str, object]:
        return "variable", self.name


class Call(Expression):
    """An operator with its operands.

    Parameters
    ----------
    operator : str
        Name or alias; the canonical name is kept.
    operands : iterable of Expression
        As many as the operator takes. The second operand of `pow` is an integer constant.

    Raises
    ------
    OperatorError
        The operator is unknown or takes another number of operands.
    ExpressionError
        An operand is not an expression, or the exponent of `pow` is not an integer constant.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ("operator", "operands")
    __slots__ = ("_operands", "operator")

    operator: str
    _operands: tuple[Expression, ...]

    def __init__(self, operator: str, operands: Iterable[Expression]) -> None:
        declaration = get_operator(operator)
        operands = tuple(operands)
        for operand in operands:
            if not isinstance(operand, Expression):
                raise ExpressionError(f"an operand of {operator} must be an Expression, not {operand!r}")
        if len(operands) != declaration.arity:
            raise OperatorError(arity_message(declaration.name, declaration.arity, len(operands)))
        if declaration.name == "pow" and not is_integer_constant(operands[1]):
            raise ExpressionError(
                f"the exponent of pow must be an integer constant, not {operands[1]}; "
                "write sqrt(x) for halves, exp(y * log(x)) for others"
            )
        self._set("operator", declaration.name)
        self._set("_operands", operands)
        self._finish()

    @property
    def operands(self) -> tuple[Expression, ...]:
        """The operands, from left to right."""
        return self._operands

    def _label(self) -> tuple[str, object]:
        return "call", self.operator


def is_integer_constant(expression: Expression) -> bool:
    """Tell whether an expression is a constant with an integer value."""
    return isinstance(expression, Constant) and expression.value.is_integer()


def arity_message(name: str, expected: int, given: int) -> str:
    """Say that an operator has the wrong number of operands."""
    return f"operator {name!r} takes {expected} operand{'s' * (expected != 1)}, not {given}"


def _from_postfix(nodes: Iterable[tuple[str, Any, int]]) -> Expression:
    """Build a tree from its nodes in post-order."""
    leaves: dict[str, Callable[[Any], Expression]] = {"constant": Constant, "variable": Variable}
    stack: list[Expression] = []
    for kind, value, count in nodes:
        if kind in leaves:
            stack.append(leaves[kind](value))
        else:
            operands = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(Call(value, operands))
    return stack.pop()


# Text and how tightly it binds.
Written = tuple[str, int]


def write(
    expression: Expression,
    leaf: Callable[[Expression], Written],
    notation: Callable[[Operator], Notation],
    brackets: str,
) -> str:
    """Write with brackets where an operand binds less tightly than its call's `Notation` asks for."""

    def written(node: Expression, operands: tuple[Written, ...]) -> Written:
        if not isinstance(node, Call):
            return leaf(node)
        how = notation(get_operator(node.operator))
        texts = []
        for operand, (text, precedence), least in zip(node.operands, operands, how.operands, strict=True):
            # neg(2) is not the constant -2: without brackets the sign would become the number's.
            sign_of_number = node.operator == "neg" and isinstance(operand, Constant)
            texts.append(brackets.format(text) if precedence < least or sign_of_number else text)
        return how.template.format(*texts), how.precedence

    return expression.fold(written)[0]


def _text(expression: Expression) -> str:
    exponents = {
        id(n.operands[1]) for n in expression._distinct() if isinstance(n, Call) and n.operator == "pow"
    }

    def leaf(node: Expression) -> Written:
        if isinstance(node, Variable):
            return node.name, CALL
        assert isinstance(node, Constant)
        text = repr(node.value)
        if id(node) in exponents and text.endswith(".0"):
            text = text[:-2]
        return text, PREFIX if text.startswith("-") else CALL

    return write(expression, leaf, lambda operator: operator.text, "({})")


# Rows evaluated at a time: the intermediate arrays then stay in the processor's cache.
_ROWS_AT_ONCE = 8192


def evaluate(expression: Expression, X: ArrayLike, names: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Evaluate in floating point.

    Parameters
    ----------
    expression : Expression
        What to evaluate.
    X : array_like of float, shape (n, f)
        One sample a row, one variable a column.
    names : sequence of str, optional
        Names of the columns; ``x0``, ``x1``, ... by default.

    Returns
    -------
    ndarray of float64, shape (n,)
        The values; NaN where an operator is outside of its domain.

    Raises
    ------
    InputError
        `X` has the wrong shape or is not numeric, or there are not as many names as columns.
    ExpressionError
        A variable has no column.

    Examples
    --------
    >>> from lat_sr.expression import parse
    >>> evaluate(parse("2 * x0 - log(x1)"), [[1.0, 1.0], [3.0, -1.0]])
    array([ 2., nan])
    """
    try:
        data = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("X must be an array of numbers with one sample a row") from None
    if data.ndim != 2:
        raise InputError(f"X must have the shape (samples, features), not {data.shape}")
    columns = [f"x{i}" for i in range(data.shape[1])] if names is None else list(names)
    if len(columns) != data.shape[1]:
        raise InputError(f"X has {data.shape[1]} columns but there are {len(columns)} names: {columns}")
    position = {name: i for i, name in enumerate(columns)}
    for name in expression.variables:
        if name not in position:
            raise ExpressionError(
                f"variable {name!r} of the expression has no column{closest_names(name, columns)} "
                f"The columns are: {', '.join(columns) or 'none'}"
            )
    result = np.empty(data.shape[0], dtype=np.float64)
    for start in range(0, data.shape[0], _ROWS_AT_ONCE):
        rows = data[start : start + _ROWS_AT_ONCE]

        def value(
            node: Expression, operands: tuple[NDArray[Any], ...], rows: NDArray[np.float64] = rows
        ) -> NDArray[Any]:
            if isinstance(node, Constant):
                return np.asarray(node.value)
            if isinstance(node, Variable):
                return rows[:, position[node.name]]
            assert isinstance(node, Call)
            return get_operator(node.operator).numpy(*operands)

        result[start : start + _ROWS_AT_ONCE] = expression.fold(value)
    return result
