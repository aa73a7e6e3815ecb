"""What run files keep of an estimator, without knowing any."""

from __future__ import annotations

from typing import Any, Protocol

from lat_sr.solution import Solution

__all__ = ["FittedModel", "Model"]


class Model(Protocol):
    """Anything with parameters, fitted or not; the name of its class is kept with them."""

    def get_params(self, deep: bool = ...) -> dict[str, Any]:
        """Constructor parameters by name."""
        ...


class FittedModel(Model, Protocol):
    """A model that has found something."""

    @property
    def solution_(self) -> Solution:
        """What it found."""
        ...
