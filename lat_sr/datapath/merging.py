"""Several datapaths as one, whose equal parts are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lat_sr.datapath.graph import Datapath, Kind, Node, Table

__all__ = ["merge"]


def merge(datapaths: Sequence[Datapath]) -> Datapath:
    """Put the outputs of several datapaths into one, as if they had been lowered together.

    Parameters
    ----------
    datapaths : sequence of Datapath
        At least one; all have the same input ports and the same precision.

    Returns
    -------
    Datapath
        Every output keeps its bits; nodes and tables that are equal exist once.

    Examples
    --------
    >>> from lat_sr import lower, parse
    >>> parts = [lower(parse(text), "ap_fixed<12,6>", input_names=["x0", "x1"]) for text in ("x0*x1", "x0*x1 + 1")]
    >>> merge(parts).digest() == lower([parse("x0*x1"), parse("x0*x1 + 1")], "ap_fixed<12,6>").digest()
    True
    """
    places: dict[Node, int] = {}
    tables: dict[Table, int] = {}
    labels: list[str] = []
    slices: set[int] = set()
    outputs: list[int] = []
    for datapath in datapaths:
        moved: list[int] = []
        for position, node in enumerate(datapath.nodes):
            index = node.index
            if node.kind is Kind.LOOKUP:
                index = tables.setdefault(datapath.tables[index], len(tables))
            same = replace(node, operands=tuple(moved[i] for i in node.operands), index=index)
            if same not in places:
                places[same] = len(places)
                labels.append(datapath.labels[position] if datapath.labels else "")
                if position in datapath.slices:
                    slices.add(places[same])
            moved.append(places[same])
        outputs += (moved[i] for i in datapath.outputs)
    return replace(
        datapaths[0],
        nodes=tuple(places),
        outputs=tuple(outputs),
        tables=tuple(tables),
        labels=tuple(labels),
        slices=frozenset(slices),
    )
