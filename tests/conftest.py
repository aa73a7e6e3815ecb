"""Settings of the whole test suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Shared machines make single examples slow now and then, which is no fault of the code.
settings.register_profile("lat_sr", deadline=None)
settings.load_profile("lat_sr")


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's cache out of the tests; the workers of one run share a fresh one."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    os.environ["LAT_SR_CACHE"] = str(root / "lat_sr_cache")
