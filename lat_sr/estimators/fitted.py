"""The formulas of a fitted model: their front, their values, and how they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lat_sr.errors import InputError
from lat_sr.estimators.data import Floats, check_finite, checked
from lat_sr.estimators.fitting import OutputFront
from lat_sr.expression import Expression, evaluate, to_latex, to_sympy
from lat_sr.solution.front import FrontPoint, PredictedCircuit, scores
from lat_sr.target import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedFormulas"]


class FittedFormulas(BaseEstimator):  # type: ignore[misc]
    """What an estimator has once it is fitted, and what only reads that."""

    def _feature_names(self) -> list[str]:
        numbered = [f"x{number}" for number in range(self.n_features_in_)]
        return [str(name) for name in getattr(self, "feature_names_in_", numbered)]

    def _set_fitted(
        self,
        *,
        features: NDArray[np.intp],
        input_names: tuple[str, ...],
        output_names: tuple[str, ...],
        target: Target,
        fronts: list[OutputFront],
        selected: list[int],
        circuit: PredictedCircuit,
        provenance: dict[str, Any],
    ) -> None:
        self.selected_features_ = features
        self.input_names_ = input_names
        self.output_names_ = output_names
        self.target_ = target
        self.fronts_ = fronts
        self.selected_ = selected
        self.circuit_ = circuit
        self.provenance_ = provenance

    @property
    def _chosen(self) -> list[FrontPoint]:
        """The selected point of each output."""
        return [front.points[i] for front, i in zip(self.fronts_, self.selected_, strict=True)]

    @property
    def _formulas(self) -> list[Expression]:
        """The selected formula of each output."""
        return [expression for point in self._chosen for expression in point.expressions]

    @property
    def _front_names(self) -> tuple[str, ...]:
        """Outputs of the fronts; "all" for that of several outputs together."""
        return self.output_names_ if len(self.fronts_) == len(self.output_names_) else ("all",)

    @property
    def equations_(self) -> pd.DataFrame:
        """The front: one row for each formula, with its loss and what its circuit is predicted to cost.

        Columns are ``equation``, ``loss``, ``score``, ``complexity``, ``latency_cycles``, ``delay_ps``, ``lut``,
        ``ff``, ``dsp`` and ``selected``. With several outputs ``output`` comes first; where they were searched
        together, a row is the formulas of all, with semicolons between them, and the cost is that of their one circuit.
        """
        import pandas as pd

        check_is_fitted(self, "fronts_")
        rows = [
            {
                "output": name,
                "equation": point.equation,
                "loss": point.loss,
                "score": score,
                "complexity": point.complexity,
                "latency_cycles": point.latency_cycles,
                "delay_ps": point.circuit.delay_ps,
                "lut": point.lut,
                "ff": point.circuit.ff,
                "dsp": point.dsp,
                "selected": position == selected,
            }
            for name, front, selected in zip(self._front_names, self.fronts_, self.selected_, strict=True)
            for position, (point, score) in enumerate(zip(front.points, scores(front.points), strict=True))
        ]
        table = pd.DataFrame(rows)
        return table if len(self.fronts_) > 1 else table.drop(columns="output")

    @property
    def latency_(self) -> int:
        """Predicted clock cycles of the selected circuit, all outputs together."""
        check_is_fitted(self, "circuit_")
        return self.circuit_.latency_cycles

    def _inputs(self, X: Any) -> Floats:
        """Validated columns that the circuit reads."""
        check_is_fitted(self, "circuit_")
        X = checked(lambda: validate_data(self, X, dtype=np.float64, ensure_all_finite=False, reset=False))
        check_finite(X, self._feature_names())
        return np.ascontiguousarray(X[:, self.selected_features_])

    def _outputs(self, X: Any, arithmetic: str) -> Floats:
        """Values of the selected formulas, shape (n_samples, n_outputs)."""
        inputs = self._inputs(X)
        if arithmetic == "fixed":
            return self.circuit_.datapath.evaluate(inputs)
        if arithmetic != "float":
            raise InputError(f"arithmetic is {arithmetic!r}; 'float' and 'fixed' are allowed")
        columns = [evaluate(formula, inputs, self.input_names_) for formula in self._formulas]
        return np.stack(columns, axis=1)

    def sympy(self) -> Any:
        """Selected formula as a sympy expression; a list of them with several outputs."""
        return self._each(to_sympy)

    def latex(self) -> Any:
        """Selected formula as LaTeX; a list of them with several outputs."""
        return self._each(to_latex)

    def _each(self, convert: Callable[[Expression], Any]) -> Any:
        check_is_fitted(self, "circuit_")
        converted = [convert(formula) for formula in self._formulas]
        return converted[0] if len(converted) == 1 else converted
