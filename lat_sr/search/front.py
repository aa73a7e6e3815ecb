"""Fronts of points to be minimised in several quantities at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def non_dominated(values: ArrayLike) -> NDArray[np.bool_]:
    """Mark the points that no other point equals or beats in every quantity and beats in one.

    Parameters
    ----------
    values : array_like, shape (n_points, n_quantities)
        Smaller is better in each. Of equal points the first is kept.

    Returns
    -------
    ndarray of bool, shape (n_points,)

    Examples
    --------
    >>> from lat_sr.search import non_dominated
    >>> non_dominated([[1, 2], [2, 1], [2, 2], [1, 2]]).tolist()
    [True, True, False, False]
    """
    points = np.asarray(values, dtype=np.float64)
    keep = np.ones(len(points), dtype=bool)
    # In lexicographic order only an earlier point can dominate a later one.
    order = np.lexsort(points.T[::-1])
    kept: list[int] = []
    for position in order:
        if any(np.all(points[other] <= points[position]) for other in kept):
            keep[position] = False
        else:
            kept.append(int(position))
    return keep
