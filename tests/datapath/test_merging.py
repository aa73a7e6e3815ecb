from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.datapath import lower
from lat_sr.datapath.merging import merge
from lat_sr.expression import parse

FORMULAS = (
    "x0",
    "x0 * x1",
    "x0 * x1 + 0.5",
    "sin(x0)",
    "sin(x0) * x1",
    "exp(-abs(x0 - x1))",
    "1 / (x1 + 3)",
    "abs(sin(x0) + 1)",
    "0.25",
)
X = np.random.default_rng(0).uniform(-20, 20, size=(500, 2))


@given(st.lists(st.sampled_from(FORMULAS), min_size=1, max_size=4))
def test_merged_datapaths_have_the_parts_of_those_lowered_together(texts):
    names = ["x0", "x1"]
    formulas = [parse(text) for text in texts]
    alone = [lower(formula, "ap_fixed<12,5>", input_names=names) for formula in formulas]
    merged, together = merge(alone), lower(formulas, "ap_fixed<12,5>", input_names=names)
    np.testing.assert_array_equal(merged.evaluate(X), np.hstack([part.evaluate(X) for part in alone]))
    # The order of nodes may differ, the nodes do not.
    figures = [
        Counter((n.kind, n.low, n.high, n.fraction, n.value, n.value_fraction, n.precision) for n in d.nodes)
        for d in (merged, together)
    ]
    assert figures[0] == figures[1]
    assert set(merged.tables) == set(together.tables)
    assert len(merged.labels) == len(merged.nodes)
    assert len(merged.slices) == len(together.slices)
