import numpy as np
import pandas as pd

from lat_sr.reporting.plots import accuracy_figure, front_figure, predicted_actual_figure, to_png


def test_front_figure_draws_every_point_and_the_budget(front):
    axes = front_figure(front, max_latency=3).axes[0]
    np.testing.assert_allclose(axes.collections[0].get_offsets(), [[1, 0.5], [2, 0.01]])
    assert axes.collections[0].get_sizes()[1] > axes.collections[0].get_sizes()[0]
    assert any(list(line.get_xdata()) == [3, 3] for line in axes.lines)
    assert axes.get_yscale() == "log"


def test_front_figure_separates_outputs(front):
    both = pd.concat([front.assign(output="g"), front.assign(output="q")])
    axes = front_figure(both).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["g", "q"]


def test_front_figure_of_an_empty_front(front):
    assert to_png(front_figure(front.iloc[:0])).startswith(b"\x89PNG")


def test_predicted_actual_figure_counts_equal_points(verification):
    axes = predicted_actual_figure(verification).axes
    assert [a.get_title() for a in axes] == ["latency [cycles]", "LUT", "DSP"]
    assert axes[0].texts[0].get_text() == "equal: 1 of 2"
    assert axes[2].texts[0].get_text() == "equal: 2 of 2"


def test_predicted_actual_figure_skips_points_without_a_build(verification):
    verification["latency_actual"] = verification["latency_actual"].astype(float)
    verification.loc[1, "latency_actual"] = None
    assert predicted_actual_figure(verification).axes[0].texts[0].get_text() == "equal: 1 of 1"


def test_accuracy_figure_shows_both_arithmetics(verification):
    axes = accuracy_figure(verification).axes[0]
    heights = [collection.get_offsets()[:, 1].tolist() for collection in axes.collections[1:]]
    assert heights == [[0.95, 0.95], [0.94, 0.94]]


def test_equal_figures_give_equal_files(verification):
    assert to_png(accuracy_figure(verification)) == to_png(accuracy_figure(verification))
