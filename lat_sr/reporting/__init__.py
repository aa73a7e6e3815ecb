"""Tables, figures and the one-page HTML report of a front and its verification."""

from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS, Column, cell, columns_frame
from lat_sr.reporting.html import render_html
from lat_sr.reporting.plots import accuracy_figure, front_figure, predicted_actual_figure, to_png

__all__ = [
    "FRONT_COLUMNS",
    "VERIFICATION_COLUMNS",
    "Column",
    "accuracy_figure",
    "cell",
    "columns_frame",
    "front_figure",
    "predicted_actual_figure",
    "render_html",
    "to_png",
]
