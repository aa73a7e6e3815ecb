"""The lowering gives the datapaths that it gave before; see `golden.py`."""

from __future__ import annotations

from collections.abc import Iterator

import golden
import pytest

PARTS = 8


@pytest.fixture(scope="module", autouse=True)
def _user_operators() -> Iterator[None]:
    with golden.user_operators():
        yield


@pytest.mark.parametrize("part", range(PARTS))
def test_no_datapath_has_moved(part: int) -> None:
    moved = [
        (case, outcome)
        for case in golden.cases()[part::PARTS]
        if (outcome := golden.outcome(case)) != case["outcome"]
    ]
    assert not moved
