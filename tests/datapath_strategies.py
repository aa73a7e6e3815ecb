"""Random datapaths for hypothesis: nodes of every kind put together."""

from __future__ import annotations

from datapath_builder import Builder
from hypothesis import strategies as st

from lat_sr.datapath import Datapath, Kind, Table
from lat_sr.precision import Overflow, Precision, Quantization

INPUTS = ("a", "b", "c")


def precisions(max_width: int = 20) -> st.SearchStrategy[Precision]:
    return st.builds(
        Precision,
        st.integers(2, max_width),
        st.integers(-4, max_width + 2),
        st.booleans(),
        st.sampled_from(Quantization),
        st.sampled_from(Overflow),
    )


@st.composite
def datapaths(draw: st.DrawFn) -> Datapath:
    """A datapath built from random nodes of every kind."""
    precision = draw(st.builds(Precision, st.integers(2, 16), st.integers(-3, 12), st.booleans()))
    builder = Builder(precision, INPUTS)
    nodes = [builder.input(column) for column in range(len(INPUTS))]
    node = st.deferred(lambda: st.sampled_from(nodes))
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.INPUT]))
        if kind is Kind.CONSTANT:
            made = builder.constant(draw(st.integers(-(2**18), 2**18)), draw(st.integers(-3, 20)))
        elif kind is Kind.SCALE:
            made = builder.scale(draw(node), draw(st.integers(-(2**12), 2**12)), draw(st.integers(-4, 14)))
        elif kind is Kind.SELECT:
            made = builder.select(draw(node), draw(node), draw(node))
        elif kind is Kind.CAST:
            made = builder.cast(draw(node), draw(precisions()))
        elif kind is Kind.LOOKUP:
            operand = builder.cast(
                draw(node), Precision(draw(st.integers(1, 6)), draw(st.integers(-3, 6)), draw(st.booleans()))
            )
            size = builder.nodes[operand].high - builder.nodes[operand].low + 1
            words = st.integers(-(2**20), 2**20)
            seed = draw(st.tuples(words, words, st.integers(1, 9)))
            entries = tuple((seed[0] + k * seed[1]) // seed[2] % 2**20 - 2**19 for k in range(size))
            made = builder.lookup(operand, Table("random", entries, draw(st.integers(-3, 12))))
        elif kind in (Kind.NEGATE, Kind.ABSOLUTE):
            made = getattr(builder, kind.value)(draw(node))
        else:
            made = getattr(builder, kind.value)(draw(node), draw(node))
        nodes.append(made)
    outputs = draw(st.lists(node, min_size=1, max_size=3))
    return Datapath(precision, INPUTS, tuple(builder.nodes), tuple(outputs), tuple(builder.tables))
