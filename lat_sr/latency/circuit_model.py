"""What the search needs to judge formulas by the very circuits that the toolchain would build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lat_sr import _engine
from lat_sr.costs import DelayLibrary
from lat_sr.datapath.lowering import lowering_settings, real_data
from lat_sr.datapath.native import cast_fields
from lat_sr.errors import InputError
from lat_sr.expression import Expression
from lat_sr.expression.postfix import tree_of
from lat_sr.latency.native import native_library
from lat_sr.precision import Precision


@dataclass(frozen=True, eq=False, kw_only=True)
class CircuitModel:
    """Precision, delays and data that decide what circuit a formula becomes.

    With it the search knows latency and resources as `lat_sr.latency` does, and the results of the hardware bit for
    bit; without it the estimates of its cost model are all it has.

    Parameters
    ----------
    precision : Precision
    library : DelayLibrary
        Delays of the part.
    available_ps : float
        Picoseconds between two registers.
    X : ndarray of float64, shape (n_samples, n_features)
        Data whose ranges decide the formats of tables and narrowing casts, in the order of the problem's rows.
    implementations : str or mapping of str to str
        How functions are made; see `lat_sr.lower`.
    constant_fraction : int, optional
        Fraction bits of constants; those of the precision if not given.
    """

    precision: Precision
    library: DelayLibrary
    available_ps: float
    X: NDArray[np.float64] = field(repr=False)
    implementations: str | Mapping[str, str] = "table"
    constant_fraction: int | None = None

    def __post_init__(self) -> None:
        if not self.available_ps > 0:
            raise InputError(
                f"available_ps is {self.available_ps}; it must be a positive number of picoseconds"
            )

    def native(self) -> _engine.CircuitModel:
        """The model in the C++ core.

        Raises
        ------
        InputError
            `X` is empty, not finite or not two-dimensional.
        """
        settings = lowering_settings(self.precision, self.implementations, self.constant_fraction)
        library = native_library(self.library)
        X = real_data(self.X)
        try:
            return _engine.CircuitModel(
                X, cast_fields(self.precision), library, self.available_ps, **settings
            )
        except ValueError as error:
            raise InputError(str(error)) from error

    def costs(
        self, expressions: Sequence[Expression | Sequence[Expression]], input_names: Sequence[str]
    ) -> list[_engine.Cost | None]:
        """Latency and resources of formulas, each as a circuit of its own.

        Parameters
        ----------
        expressions : sequence of Expression, or of sequences of Expression
            A sequence is one circuit with an output for each.
        input_names : sequence of str
            Of the columns of `X`.

        Returns
        -------
        list of lat_sr._engine.Cost or None
            None for a formula that no circuit meeting the clock computes.
        """
        return self.native().cost([tree_of(expression, input_names) for expression in expressions])

    def digest(self) -> bytes:
        """SHA-256 of all that the judgements depend on."""
        facts = [
            str(self.precision),
            repr(self.library),
            self.available_ps,
            self.implementations if isinstance(self.implementations, str) else dict(self.implementations),
            self.constant_fraction,
        ]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        digest.update(np.ascontiguousarray(self.X).data)
        return digest.digest()
