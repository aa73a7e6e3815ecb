"""The one-page HTML report: one file, figures embedded, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS, Column, cell
from lat_sr.reporting.plots import accuracy_figure, front_figure, predicted_actual_figure, to_png

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["render_html"]


def _table(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    shown = [column for column in columns if column.shown and column.name in frame]
    rows = [
        [
            {"text": cell(value, column), "kind": "formula" if column.name == "equation" else column.name}
            for value, column in zip(record, shown, strict=True)
        ]
        for record in frame[[column.name for column in shown]].itertuples(index=False, name=None)
    ]
    return {"columns": shown, "rows": list(zip(rows, _refused(frame), strict=True))}


def _refused(frame: pd.DataFrame) -> list[bool]:
    """Rows with a named reason; a file has nothing where a table has an empty text."""
    if "failure" not in frame:
        return [False] * len(frame)
    return [isinstance(reason, str) and reason != "" for reason in frame["failure"]]


def _agreement(verification: pd.DataFrame) -> list[str]:
    """Sentences that sum up the verification table."""
    built = verification.dropna(subset=["latency_actual"])
    difference = (built["latency_predicted"].astype(float) - built["latency_actual"].astype(float)).abs()
    exact = built["bit_exact"].dropna().astype(bool)
    refused = sum(_refused(verification))
    return [
        f"{len(built)} of {len(verification)} points built.",
        f"Predicted latency equals actual for {int((difference == 0).sum())} of {len(built)}, "
        f"is within one cycle for {int((difference <= 1).sum())}.",
        f"Bit-exact: {int(exact.sum())} of {len(exact)} points simulated.",
        "No point was refused."
        if refused == 0
        else f"{refused} of {len(verification)} points refused: see the column failure.",
    ]


def render_html(
    front: pd.DataFrame,
    verification: pd.DataFrame | None = None,
    *,
    title: str = "lat_sr report",
    settings: Mapping[str, Any] | None = None,
    max_latency: int | None = None,
) -> str:
    """Report as one HTML page.

    Parameters
    ----------
    front : pandas.DataFrame
        Columns `lat_sr.reporting.FRONT_COLUMNS`.
    verification : pandas.DataFrame, optional
        Columns `lat_sr.reporting.VERIFICATION_COLUMNS`; without it the page says that nothing was built.
    title : str
        Heading of the page.
    settings : mapping, optional
        Settings and provenance, shown as a list of names and values.
    max_latency : int, optional
        Latency budget in clock cycles, drawn in the front.

    Returns
    -------
    str
        A complete page; every text in it is escaped.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr.reporting import render_html
    >>> row = {"equation": "x0", "loss": 0.5, "latency_predicted": 1, "lut_predicted": 10}
    >>> "<title>lat_sr report</title>" in render_html(pd.DataFrame([row]))
    True
    """
    figures = [("front", front_figure(front, max_latency=max_latency))]
    sources: list[str] = []
    if verification is not None and len(verification):
        figures.append(("predicted and actual", predicted_actual_figure(verification)))
        if verification["accuracy_float"].notna().any():
            figures.append(("float and fixed point", accuracy_figure(verification)))
        sources = [
            f"{source}; timing derate {derate:g}"
            for source, derate in verification[["timing_source", "timing_derate"]]
            .dropna()
            .drop_duplicates()
            .itertuples(index=False, name=None)
        ]
    environment = Environment(
        loader=PackageLoader("lat_sr.reporting"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html.j2").render(
        title=title,
        figures=[(name, base64.b64encode(to_png(figure)).decode("ascii")) for name, figure in figures],
        front=_table(front, FRONT_COLUMNS),
        verification=None if verification is None else _table(verification, VERIFICATION_COLUMNS),
        agreement=[] if verification is None else _agreement(verification),
        timing_sources=sources,
        settings=dict(settings or {}),
        columns=[*FRONT_COLUMNS, *(c for c in VERIFICATION_COLUMNS if c not in FRONT_COLUMNS)],
    )
