"""The paper's tables and figures from the results of its studies, as CSV and PNG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import roc_curve

from lat_sr import parse
from lat_sr.expression import evaluate

if TYPE_CHECKING:
    from studies import Jets

Models = Mapping[str, dict[str, Any]]

# Okabe and Ito's colours: told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
COLOUR_OF = {
    **dict(zip(("polynomial", "trigonometric", "exponential", "logarithmic"), COLOURS, strict=False)),
    **dict(zip(("ap_fixed<16,6>", "ap_fixed<18,8>"), COLOURS, strict=False)),
}
REFERENCE_SIZE = 40  # nodes of the formulas in tables 2 and 3 and in figure 1
DOTS_PER_INCH = 300
MLP_CYCLES = 13  # of the MLP 64-32-32 in Tsoi et al.

ORDER = ("polynomial", "trigonometric", "exponential", "logarithmic", "plain", "latency-aware")
PARTICLES = {"w": "W", "z": "Z"}

ACCURACY = {"relative_accuracy": "accuracy relative to the MLP"}
RESOURCES = {"latency_cycles": "latency [clock cycles of 5 ns]", "lut": "LUT", "dsp": "DSP"}
IMPLEMENTATIONS = {"table": "table", "interp": "interpolated"}


@dataclass(frozen=True)
class Line:
    """Points to be joined."""

    label: str
    colour: str
    style: str
    rows: pd.DataFrame


def write_tables(out: Path, facts: Mapping[str, Any], models: Models) -> None:
    """Tables 1 to 3: formulas and their areas under the ROC curve."""
    classes = facts["classes"]
    sizes = sorted({found["maxsize"] for found in models.values()})
    top = classes.index("t")
    trigonometric = [
        {"tagger": name, "formula": formula, "auc": auc}
        for found in models.values()
        if (found["name"], found["maxsize"]) == ("trigonometric", sizes[0])
        for name, formula, auc in zip(classes, found["formulas"], found["auc"], strict=True)
    ]
    reference = [found for found in models.values() if found["maxsize"] == _reference(sizes)]
    families = [_top_row(found, top) for found in reference if found["study"] == "plain"]
    latency = [_top_row(found, top) for found in reference if found["study"] == "latency"]
    for number, rows in enumerate((trigonometric, families, latency), 1):
        _write_csv(pd.DataFrame(rows), out / f"table{number}.csv")


def _reference(sizes: Sequence[int]) -> int:
    return min(sizes, key=lambda size: abs(size - REFERENCE_SIZE))


def _top_row(found: dict[str, Any], top: int) -> dict[str, Any]:
    return {
        "model": found["name"],
        "precision": found["precision"],
        "max_latency": found["max_latency"],
        "formula": found["formulas"][top],
        "auc": found["auc"][top],
    }


def write_figures(out: Path, facts: Mapping[str, Any], models: Models, jets: Jets) -> None:
    """Figures 1 to 5 with the rows they show."""
    rows = pd.DataFrame(_rows(facts, models)).sort_values(
        ["maxsize", "name", "width"],
        key=lambda column: column.map(ORDER.index) if column.name == "name" else column,
    )
    _roc_curves(out, facts, models, jets)
    plain = rows[rows.study == "plain"]
    by_width = plain[plain.implementation == "table"]
    sizes = {size: f"at most {size} nodes" for size in sorted(by_width.maxsize.unique())}
    _grid(out / "figure2", by_width, ACCURACY, sizes)
    _grid(out / "figure3", by_width.dropna(subset=["latency_cycles"]), RESOURCES, sizes)
    functions = plain[(plain.name != "polynomial") & (plain.precision == "ap_fixed<16,6>")]
    _by_size(out / "figure4", functions, ("name", "implementation"))
    latency = rows[rows.study == "latency"]
    _by_size(out / "figure5", latency, ("precision", "name"), mlp=True)


def latency_table(facts: Mapping[str, Any], models: Models) -> str:
    """Figure 5 as a Markdown table."""
    rows = pd.DataFrame(_rows(facts, models))
    lines = [
        "| nodes | precision | plain: cycles | accuracy / MLP's | budget | latency-aware: cycles | accuracy / MLP's |",
        "|---|---|---|---|---|---|---|",
    ]
    latency = rows[rows.study == "latency"]
    for (size, precision), pair in latency.groupby(["maxsize", "precision"]):
        plain, aware = (pair[pair.name == name] for name in ("plain", "latency-aware"))
        if len(plain) and len(aware):
            (before,), (after,) = plain.itertuples(), aware.itertuples()
            lines.append(
                f"| {size} | {precision} | {before.latency_cycles:g} | {before.relative_accuracy:.3f} "
                f"| {after.max_latency:g} | {after.latency_cycles:g} | {after.relative_accuracy:.3f} |"
            )
    return "\n".join(lines)


def _rows(facts: Mapping[str, Any], models: Models) -> Iterator[dict[str, Any]]:
    """One row for each circuit."""
    for found in models.values():
        for circuit in found["circuits"].values():
            if "accuracy_fixed" in circuit:
                yield {
                    "study": found["study"],
                    "name": found["name"],
                    "maxsize": found["maxsize"],
                    "max_latency": found["max_latency"],
                    "width": int(circuit["precision"].removeprefix("ap_fixed<").split(",")[0]),
                    "relative_accuracy": circuit["accuracy_fixed"]
                    / facts["mlp_accuracy"][circuit["precision"]],
                    **dict.fromkeys(RESOURCES, np.nan),
                    **circuit,
                }


def _figure(rows: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(3.6 * columns, 0.6 + 2.8 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, sharey="row", sharex=True, squeeze=False)
    return figure, [list(row) for row in axes]


def _grid(path: Path, rows: pd.DataFrame, values: Mapping[str, str], sizes: Mapping[int, str]) -> None:
    """A row of panels for each value, a column for each size, against the width in bits."""
    _write_csv(rows, path.with_suffix(".csv"))
    figure, axes = _figure(len(values), max(len(sizes), 1))
    for line_of_panels, (column, title) in zip(axes, values.items(), strict=True):
        for panel, (size, text) in zip(line_of_panels, sizes.items(), strict=False):
            _draw(panel, column, "width", _lines(rows[rows.maxsize == size], ("name",)))
            panel.set_xticks(sorted(rows.width.unique()))
            if line_of_panels is axes[0]:
                panel.set_title(text, fontsize="medium")
            if line_of_panels is axes[-1]:
                panel.set_xlabel("bits, 6 of them integer")
        line_of_panels[0].set_ylabel(title)
    _finish(figure, axes, path, legend_rows=1)


def _by_size(path: Path, rows: pd.DataFrame, series: tuple[str, str], *, mlp: bool = False) -> None:
    """A panel for each value against the size of the formulas: a colour for one key, a style for the other."""
    _write_csv(rows, path.with_suffix(".csv"))
    values = {**ACCURACY, **RESOURCES}
    figure = Figure(figsize=(7.6, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [list(row) for row in figure.subplots(2, 2)]
    sizes = sorted(rows.maxsize.unique())
    lines = _lines(rows, series)
    for panel, (column, title) in zip((p for row in axes for p in row), values.items(), strict=True):
        if mlp and column == "latency_cycles":
            panel.axhline(MLP_CYCLES, color="0.4", linestyle=":", label="MLP 64-32-32 (Tsoi et al.)")
        _draw(panel, column, "maxsize", lines)
        panel.set_xticks(sizes)
        panel.set_xlim(0.8 * sizes[0], 1.05 * sizes[-1])
        panel.set_xlabel("most nodes of a formula")
        panel.set_ylabel(title)
    _finish(figure, axes, path, legend_rows=len({line.style for line in lines}))


def _lines(rows: pd.DataFrame, series: tuple[str, ...]) -> list[Line]:
    """Lines by the first of the series in colour and by the second in style, those of a colour together."""
    styles = list(dict.fromkeys(rows[series[1]])) if len(series) > 1 else []
    colours = list(dict.fromkeys(rows[series[0]]))
    rows = rows.sort_values(series[0], key=lambda column: column.map(colours.index), kind="stable")
    return [
        Line(
            ", ".join(IMPLEMENTATIONS.get(name, name.removeprefix("ap_fixed")) for name in names),
            COLOUR_OF[names[0]],
            ("-", "--")[styles.index(names[1])] if styles else "-",
            group,
        )
        for names, group in rows.groupby(list(series), sort=False)
    ]


def _draw(panel: Axes, column: str, x: str, lines: Sequence[Line]) -> None:
    if column != "relative_accuracy":
        # A limit set here would end the scaling of all panels of the row, before the others are drawn.
        panel.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    for number, line in enumerate(lines):
        rows = line.rows.dropna(subset=[column]).sort_values(x)
        panel.plot(
            rows[x],
            rows[column],
            color=line.colour,
            linestyle=line.style,
            marker="o",
            markersize=max(7 - number, 4),  # so that points below others show
            markerfacecolor=line.colour if line.style == "-" else "white",
            linewidth=1.2,
            label=line.label,
        )
    panel.grid(alpha=0.3)
    if column != "relative_accuracy":
        panel.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True))


def _finish(figure: Figure, axes: Sequence[Sequence[Axes]], path: Path, legend_rows: int) -> None:
    """One legend below all panels, whose entries run down its columns."""
    labelled = {
        label: handle
        for row in axes
        for panel in row
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        labelled.values(),
        labelled.keys(),
        loc="outside lower center",
        ncols=-(-len(labelled) // legend_rows),
        fontsize="small",
    )
    figure.savefig(path.with_suffix(".png"), dpi=DOTS_PER_INCH)


def _roc_curves(out: Path, facts: Mapping[str, Any], models: Models, jets: Jets) -> None:
    size = _reference(sorted({found["maxsize"] for found in models.values()}))
    figure = Figure(figsize=(5.0, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    curves = []
    for found in models.values():
        if (found["name"], found["maxsize"]) != ("trigonometric", size):
            continue
        X = jets.X_test[:, found["features"]]
        for number, (name, formula) in enumerate(zip(facts["classes"], found["formulas"], strict=True)):
            scores = evaluate(parse(formula, found["inputs"]), X, tuple(found["inputs"]))
            false, true, _ = roc_curve(jets.y_test == number, scores)
            label = f"{PARTICLES.get(name, name)}, AUC {found['auc'][number]:.3f}"
            axes.plot(true, false, color=COLOURS[number], label=label)
            curves.append(pd.DataFrame({"tagger": name, "true_positives": true, "false_positives": false}))
    axes.set(
        xlabel="signal efficiency",
        ylabel="background efficiency",
        yscale="log",
        xlim=(0, 1),
        ylim=(1e-3, 1),
        title=f"trigonometric, at most {size} nodes",
    )
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3, which="both")
    figure.savefig(out / "figure1.png", dpi=DOTS_PER_INCH)
    if curves:
        _write_csv(pd.concat(curves), out / "figure1.csv")


def _write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Whole numbers without a point, also in columns with gaps."""
    rows.convert_dtypes().to_csv(path, index=False, float_format="%.5f")
