"""Non-dominated points, by the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lat_sr.search import non_dominated

values = arrays(np.float64, st.tuples(st.integers(1, 25), st.just(3)), elements=st.integers(0, 4).map(float))


@given(values)
def test_is_the_definition(points: np.ndarray) -> None:
    keep = non_dominated(points)
    for i, point in enumerate(points):
        beaten = np.all(points <= point, axis=1) & np.any(points < point, axis=1)
        earlier_twin = np.all(points[:i] == point, axis=1).any()
        assert keep[i] == (not beaten.any() and not earlier_twin)
