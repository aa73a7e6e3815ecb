"""The paper's tables and figures from the results of its studies, as CSV and PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from lat_sr import parse
from lat_sr.expression import evaluate

if TYPE_CHECKING:
    from paper import Jets

Models = Mapping[str, dict[str, Any]]

# Okabe and Ito's colours: told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^")
REFERENCE_SIZE = 40  # nodes of the formulas in tables 2 and 3 and in figure 1


def write_tables(out: Path, facts: Mapping[str, Any], models: Models) -> None:
    """Tables 1 to 3: formulas and their areas under the ROC curve."""
    classes = facts["classes"]
    smallest = min(found["maxsize"] for found in models.values())
    top = classes.index("t")
    trigonometric = [
        {"tagger": name, "formula": formula, "auc": auc}
        for found in models.values()
        if (found["name"], found["maxsize"]) == ("trigonometric", smallest)
        for name, formula, auc in zip(classes, found["formulas"], found["auc"], strict=True)
    ]
    of_reference_size = [found for found in models.values() if found["maxsize"] == REFERENCE_SIZE]
    families = [_top_row(found, top) for found in of_reference_size if found["study"] == "plain"]
    latency = [_top_row(found, top) for found in of_reference_size if found["study"] == "latency"]
    for number, rows in enumerate((trigonometric, families, latency), 1):
        pd.DataFrame(rows).to_csv(out / f"table{number}.csv", index=False)


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
    rows = pd.DataFrame(_rows(facts, models))
    _roc_curves(out, facts, models, jets)
    plain = rows[(rows.study == "plain") & (rows.implementation == "table")]
    _lines(out / "figure2", plain, "name", "width", {"relative_accuracy": "accuracy / MLP"})
    built = plain.dropna(subset=["latency_cycles"])
    resources = {"latency_cycles": "latency [cycles]", "lut": "LUT", "dsp": "DSP"}
    _lines(out / "figure3", built, "name", "width", resources)
    functions = rows[(rows.study == "plain") & (rows.name != "polynomial") & (rows.width == 16)]
    functions = functions.assign(series=functions.name + ", " + functions.implementation)
    panels = {"relative_accuracy": "accuracy / MLP", **resources}
    _lines(out / "figure4", functions, "series", "maxsize", panels, by_size=False)
    latency = rows[rows.study == "latency"]
    latency = latency.assign(series=latency.name + ", " + latency.precision.str.removeprefix("ap_fixed"))
    _lines(out / "figure5", latency, "series", "maxsize", panels, by_size=False)


def _rows(facts: Mapping[str, Any], models: Models) -> Iterator[dict[str, Any]]:
    """One row for each circuit."""
    for found in models.values():
        for circuit in found["circuits"].values():
            if "accuracy_fixed" in circuit:
                width = int(circuit["precision"].removeprefix("ap_fixed<").split(",")[0])
                yield {
                    "study": found["study"],
                    "name": found["name"],
                    "maxsize": found["maxsize"],
                    "max_latency": found["max_latency"],
                    "width": width,
                    "relative_accuracy": circuit["accuracy_fixed"] / facts["mlp_accuracy"],
                    "latency_cycles": np.nan,
                    "lut": np.nan,
                    "dsp": np.nan,
                    **circuit,
                }


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(4.2 * panels, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, panels, number + 1) for number in range(panels)]


def _lines(
    path: Path, rows: pd.DataFrame, series: str, x: str, panels: Mapping[str, str], *, by_size: bool = True
) -> None:
    """A line for each series (and number of nodes), a panel for each column."""
    rows.to_csv(path.with_suffix(".csv"), index=False)
    figure, axes = _figure(len(panels))
    label: Callable[[str], str] = {"width": "bits", "maxsize": "most nodes of a formula"}.__getitem__
    for panel, (column, title) in zip(axes, panels.items(), strict=True):
        for number, (name, group) in enumerate(rows.groupby(series, sort=False)):
            parts = group.groupby("maxsize") if by_size else [("", group)]
            for marker, (size, part) in zip(MARKERS, parts, strict=False):
                part = part.sort_values(x)
                panel.plot(
                    part[x],
                    part[column],
                    color=COLOURS[number % len(COLOURS)],
                    marker=marker,
                    markersize=4,
                    linewidth=1,
                    label=f"{name}, {size}" if by_size else str(name),
                )
        panel.set(xlabel=label(x), ylabel=title)
        panel.grid(alpha=0.3)
    axes[-1].legend(fontsize="xx-small")
    figure.savefig(path.with_suffix(".png"), dpi=150)


def _roc_curves(out: Path, facts: Mapping[str, Any], models: Models, jets: Jets) -> None:
    figure, (axes,) = _figure(1)
    curves = []
    for found in models.values():
        if (found["name"], found["maxsize"]) != ("trigonometric", REFERENCE_SIZE):
            continue
        X = jets.X_test[:, found["features"]]
        for number, (name, formula) in enumerate(zip(facts["classes"], found["formulas"], strict=True)):
            scores = evaluate(parse(formula, found["inputs"]), X, tuple(found["inputs"]))
            false, true, _ = roc_curve(jets.y_test == number, scores)
            axes.plot(true, false, color=COLOURS[number], label=f"{name}, AUC {found['auc'][number]:.3f}")
            curves.append(pd.DataFrame({"tagger": name, "true_positives": true, "false_positives": false}))
    axes.set(xlabel="signal efficiency", ylabel="background efficiency", yscale="log", ylim=(1e-3, 1))
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(out / "figure1.png", dpi=150)
    if curves:
        pd.concat(curves).to_csv(out / "figure1.csv", index=False)
