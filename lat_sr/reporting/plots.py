"""Figures of a front and of its verification (matplotlib, Agg; no display and no global state)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["accuracy_figure", "front_figure", "predicted_actual_figure", "to_png"]

# Okabe and Ito's colours: told apart with any colour vision.
_BLUE, _ORANGE, _GREEN, _RED, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A predicted and an actual column drawn against each other."""

    predicted: str
    actual: str
    title: str


_PAIRS = (
    _Pair("latency_predicted", "latency_actual", "latency [cycles]"),
    _Pair("lut_predicted", "lut_actual", "LUT"),
    _Pair("dsp_predicted", "dsp", "DSP"),
)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _whole_numbers(axes: Axes, *, x: bool = False, y: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    if x:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    if y:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def front_figure(front: pd.DataFrame, *, max_latency: int | None = None) -> Figure:
    """Loss against predicted latency, the size of a marker showing its LUTs.

    Parameters
    ----------
    front : pandas.DataFrame
        Columns `lat_sr.reporting.FRONT_COLUMNS`.
    max_latency : int, optional
        Latency budget in clock cycles, drawn as a line.

    Returns
    -------
    matplotlib.figure.Figure
        One axes; one series for each output.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr.reporting import front_figure
    >>> front = pd.DataFrame({"loss": [0.5, 0.3], "latency_predicted": [1, 2], "lut_predicted": [10, 200]})
    >>> len(front_figure(front).axes)
    1
    """
    figure = _figure(6.4, 3.8)
    axes = figure.add_subplot()
    groups = front.groupby("output", sort=False) if "output" in front else [("", front)]
    colours = (_BLUE, _ORANGE, _GREEN, _RED, "#CC79A7", "#56B4E9", "#F0E442", "#000000")
    most = max(float(front["lut_predicted"].max()), 1.0) if len(front) else 1.0
    for position, (name, points) in enumerate(groups):
        colour = colours[position % len(colours)]
        best = points.groupby("latency_predicted")["loss"].min().cummin()
        axes.step(best.index, best.to_numpy(), where="post", color=colour, linewidth=1, alpha=0.6)
        axes.scatter(
            points["latency_predicted"],
            points["loss"],
            s=15 + 120 * points["lut_predicted"].astype(float) / most,
            color=colour,
            edgecolor="white",
            linewidth=0.5,
            label=str(name),
        )
    if max_latency is not None:
        axes.axvline(max_latency, color=_GREY, linestyle="--", linewidth=1)
        axes.annotate(
            "budget",
            (max_latency, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-3, -3),
            textcoords="offset points",
            rotation=90,
            va="top",
            ha="right",
            color=_GREY,
        )
    losses = front["loss"].to_numpy(dtype=float)
    if losses.size and losses.min() > 0 and losses.max() > 30 * losses.min():
        axes.set_yscale("log")
    if "output" in front:
        axes.legend(title="output", fontsize="small")
    _whole_numbers(axes, x=True)
    axes.set(xlabel="latency predicted [cycles]", ylabel="loss", title="Front (area of a marker: LUT)")
    axes.grid(alpha=0.3)
    return figure


def predicted_actual_figure(verification: pd.DataFrame) -> Figure:
    """Predicted against actual latency, LUT and DSP.

    Parameters
    ----------
    verification : pandas.DataFrame
        Columns `lat_sr.reporting.VERIFICATION_COLUMNS`; rows without a build are skipped.

    Returns
    -------
    matplotlib.figure.Figure
        Three axes; equal values lie on the diagonal.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr.reporting import predicted_actual_figure
    >>> row = {"latency_predicted": 2, "latency_actual": 2, "lut_predicted": 90, "lut_actual": 100}
    >>> len(predicted_actual_figure(pd.DataFrame([row | {"dsp_predicted": 1, "dsp": 1}])).axes)
    3
    """
    figure = _figure(9.6, 3.7)
    for pair, axes in zip(_PAIRS, figure.subplots(1, 3), strict=True):
        table = verification[[pair.predicted, pair.actual]].astype(float).dropna()
        values, counts = np.unique(table.to_numpy().reshape(-1, 2), axis=0, return_counts=True)
        high = max(float(values.max()) if values.size else 0.0, 1.0) * 1.08
        axes.plot([0, high], [0, high], color=_GREY, linewidth=1, zorder=0)
        equal = values[:, 0] == values[:, 1]
        axes.scatter(
            values[:, 0], values[:, 1], s=20 + 12 * (counts - 1), c=np.where(equal, _BLUE, _ORANGE), alpha=0.8
        )
        if len(table):
            same = int((table[pair.predicted] == table[pair.actual]).sum())
            axes.annotate(
                f"equal: {same} of {len(table)}",
                (0.04, 0.94),
                xycoords="axes fraction",
                va="top",
                fontsize="small",
            )
        axes.set(
            xlabel="predicted",
            ylabel="actual",
            title=pair.title,
            xlim=(-0.05 * high, high),
            ylim=(-0.05 * high, high),
        )
        axes.set_aspect("equal")
        _whole_numbers(axes, x=True, y=True)
        axes.grid(alpha=0.3)
    return figure


def accuracy_figure(verification: pd.DataFrame) -> Figure:
    """Accuracy in float and in fixed point, point by point, against the latency that was built.

    Parameters
    ----------
    verification : pandas.DataFrame
        Columns `lat_sr.reporting.VERIFICATION_COLUMNS`.

    Returns
    -------
    matplotlib.figure.Figure
        One axes, two series.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr.reporting import accuracy_figure
    >>> row = {"metric": "r2", "accuracy_float": 0.91, "accuracy_fixed": 0.9}
    >>> accuracy_figure(pd.DataFrame([row])).axes[0].get_ylabel()
    'r2'
    """
    figure = _figure(6.4, 3.2)
    axes = figure.add_subplot()
    rows = np.arange(1, len(verification) + 1)
    in_float = verification["accuracy_float"].to_numpy(dtype=float)
    in_fixed = verification["accuracy_fixed"].to_numpy(dtype=float)
    axes.vlines(rows, in_fixed, in_float, color=_GREY, linewidth=1)
    axes.scatter(rows, in_float, color=_BLUE, marker="o", label="float64")
    axes.scatter(rows, in_fixed, color=_ORANGE, marker="x", label="fixed point")
    metrics = [str(name) for name in dict.fromkeys(verification["metric"].dropna())]
    axes.set(
        xlabel="row of the verification table", ylabel=" / ".join(metrics), title="Float against fixed point"
    )
    _whole_numbers(axes, x=True)
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    return figure


def to_png(figure: Figure, *, dpi: int = 120) -> bytes:
    """Figure as a PNG file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    dpi : int
        Pixels an inch.

    Returns
    -------
    bytes
        The file, without a date in it: equal figures give equal bytes.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr.reporting import accuracy_figure, to_png
    >>> table = pd.DataFrame([{"metric": "r2", "accuracy_float": 0.9, "accuracy_fixed": 0.9}])
    >>> to_png(accuracy_figure(table))[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
