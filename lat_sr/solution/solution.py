"""What a search found, complete: everything that predicting, building and writing it down needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from lat_sr.costs import load_library
from lat_sr.datapath import Datapath
from lat_sr.datapath.merging import merge
from lat_sr.errors import FormatError, InputError
from lat_sr.expression import Expression, equation_of, evaluate
from lat_sr.precision import Precision
from lat_sr.solution.budget import Budget
from lat_sr.solution.cost import PredictedCircuit
from lat_sr.solution.point import Front, FrontPoint
from lat_sr.solution.selection import scores, select_point
from lat_sr.target import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Selection", "Solution"]

Floats = NDArray[np.float64]
#: A row of every front or a rule, or one of these for each front.
Selection = int | str | Sequence[int | str]

# Latency of one circuit from those of its parts, for the models that know no circuit.
_JOINED: Mapping[str, Callable[[Iterable[int]], int]] = {"critical_path": max, "additive": sum}


def _read_labels(value: Any) -> NDArray[Any] | None:
    if value is None or isinstance(value, np.ndarray):
        return value
    return np.array(value["labels"], dtype=value["dtype"])


def _write_labels(labels: NDArray[Any] | None) -> dict[str, Any] | None:
    return None if labels is None else {"dtype": labels.dtype.str, "labels": labels.tolist()}


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """What a search found: formulas with their circuits, and which of them are selected.

    Parameters
    ----------
    n_features : int
        Columns of the data.
    feature_names : tuple of str or None
        Their names, where the data had some.
    selected_features : tuple of int
        Columns that the circuit reads.
    input_names : tuple of str
        Names of these columns in the formulas and at the ports.
    output_names : tuple of str
        One for each output.
    classes : ndarray or None
        Labels of a classifier: one output for two, else one for each.
    is_vector : bool
        Whether the target was one-dimensional, so that predictions are too.
    target : Target
        Part, clock and toolchain.
    latency_model : {"scheduled", "critical_path", "additive"}
        How the latency was predicted.
    budget : Budget
        What the circuit of all outputs may cost.
    fronts : tuple of Front
        One for each output, or one for all.
    selected : tuple of int
        The selected row of each front.
    provenance : dict
        Where the costs come from, in JSON's types.
    sample : tuple of ndarray, optional
        Rows of data, shape (n_samples, n_features), and their targets, for accuracies and input vectors.

    Raises
    ------
    InputError
        The parts do not fit together.
    """

    n_features: int
    feature_names: tuple[str, ...] | None
    selected_features: tuple[int, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    classes: Annotated[NDArray[Any] | None, PlainValidator(_read_labels), PlainSerializer(_write_labels)]
    is_vector: bool
    target: Target
    latency_model: str
    budget: Budget
    fronts: tuple[Front, ...]
    selected: tuple[int, ...]
    provenance: dict[str, Any]
    sample: Annotated[
        tuple[Floats, NDArray[Any]] | None, PlainValidator(lambda value: value), Field(exclude=True)
    ] = None

    def __post_init__(self) -> None:
        if len(self.fronts) not in (1, len(self.output_names)) or len(self.selected) != len(self.fronts):
            raise InputError(
                f"{len(self.fronts)} fronts and {len(self.selected)} rows for {len(self.output_names)} outputs; "
                "give one of each for all outputs together, or one for each output"
            )
        for front, row in zip(self.fronts, self.selected, strict=True):
            select_point(front.points, row)

    # ---- selecting ---------------------------------------------------------------------------------------------

    def select(self, selection: Selection) -> Solution:
        """The same with other rows selected.

        Parameters
        ----------
        selection : int, str, or sequence of them
            A row of the front, or a rule of `lat_sr.solution.MODEL_SELECTION`; of several fronts either for all, or
            one for each.

        Returns
        -------
        Solution

        Raises
        ------
        InputError
            There is no such row or rule, or not one for each front.
        """
        alone = isinstance(selection, str) or not isinstance(selection, Sequence | np.ndarray)
        each: Sequence[Any] = [selection] * len(self.fronts) if alone else list(selection)  # type: ignore[arg-type]
        if len(each) != len(self.fronts):
            raise InputError(
                f"{len(each)} rows are given for {len(self.fronts)} fronts; "
                f"give one row for each of {', '.join(self.front_names)}"
            )
        rows = tuple(select_point(front.points, row) for front, row in zip(self.fronts, each, strict=True))
        return self if rows == self.selected else replace(self, selected=rows)

    @property
    def points(self) -> tuple[FrontPoint, ...]:
        """The selected point of each front."""
        return tuple(front.points[row] for front, row in zip(self.fronts, self.selected, strict=True))

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The selected formula of each output."""
        return tuple(expression for point in self.points for expression in point.expressions)

    @property
    def equation(self) -> str:
        """The selected formulas as text, with semicolons between them."""
        return equation_of(self.expressions)

    @property
    def front_names(self) -> tuple[str, ...]:
        """Outputs of the fronts; "all" for that of several outputs together."""
        return self.output_names if len(self.fronts) == len(self.output_names) else ("all",)

    # ---- the selected circuit ----------------------------------------------------------------------------------

    @cached_property
    def datapath(self) -> Datapath:
        """What the circuit of the selected formulas computes: all outputs together, equal parts shared."""
        parts = [point.circuit.datapath for point in self.points]
        return parts[0] if len(parts) == 1 else merge(parts)

    @cached_property
    def circuit(self) -> PredictedCircuit:
        """The circuit of the selected formulas, all outputs together, and its predicted cost."""
        points = self.points
        if len(points) == 1:
            return points[0].circuit
        circuit = PredictedCircuit.scheduled(self.datapath, self.target, load_library(part=self.target.part))
        if self.latency_model not in _JOINED:
            return circuit
        cycles = _JOINED[self.latency_model](point.latency_cycles for point in points)
        return replace(circuit, latency_cycles=cycles)

    @property
    def latency(self) -> int:
        """Predicted clock cycles of the selected circuit."""
        return self.circuit.latency_cycles

    @property
    def precision(self) -> Precision:
        """Format of the ports."""
        return self.fronts[0].points[0].circuit.datapath.precision

    # ---- values ------------------------------------------------------------------------------------------------

    def inputs(self, X: Floats) -> Floats:
        """Columns that the circuit reads.

        Parameters
        ----------
        X : ndarray of float64, shape (n_samples, n_features)

        Returns
        -------
        ndarray of float64, shape (n_samples, n_inputs)

        Raises
        ------
        InputError
            The data has another number of columns.
        """
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise InputError(f"X has shape {X.shape}; (n_samples, {self.n_features}) is expected")
        return np.ascontiguousarray(X[:, list(self.selected_features)], dtype=np.float64)

    def evaluate(self, X: Floats, arithmetic: str = "float") -> Floats:
        """Values of the selected formulas.

        Parameters
        ----------
        X : ndarray of float64, shape (n_samples, n_features)
            All columns of the data.
        arithmetic : {"float", "fixed"}
            float64, or bit for bit what the circuit gives.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_outputs)

        Raises
        ------
        InputError
            The data has another number of columns, or there is no such arithmetic.
        """
        inputs = self.inputs(X)
        if arithmetic == "fixed":
            return self.datapath.evaluate(inputs)
        if arithmetic != "float":
            raise InputError(f"arithmetic is {arithmetic!r}; 'float' and 'fixed' are allowed")
        columns = [evaluate(formula, inputs, self.input_names) for formula in self.expressions]
        return np.stack(columns, axis=1)

    def labels(self, values: Floats) -> NDArray[Any]:
        """Class labels from the scores of a classifier.

        Parameters
        ----------
        values : ndarray of float64, shape (n_samples, n_outputs)

        Returns
        -------
        ndarray, shape (n_samples,)
            Of two classes the sign of the score decides, else the largest score, the first one of equal scores.
        """
        assert self.classes is not None
        if len(self.classes) == 2:
            return np.asarray(self.classes[(values[:, 0] > 0).astype(np.intp)])
        # A formula outside of its domain is no vote for its class.
        return np.asarray(self.classes[np.argmax(np.where(np.isnan(values), -np.inf, values), axis=1)])

    # ---- tables and documents ----------------------------------------------------------------------------------

    def table(self) -> pd.DataFrame:
        """All formulas with their loss and what their circuits are predicted to cost; see `equations_` of a model."""
        import pandas as pd

        rows = [
            {
                "output": name,
                "row": row,
                "equation": point.equation,
                "loss": point.loss,
                "score": score,
                "complexity": point.complexity,
                "latency_cycles": point.latency_cycles,
                "delay_ps": point.circuit.delay_ps,
                "lut": point.lut,
                "ff": point.circuit.ff,
                "dsp": point.dsp,
                "selected": row == selected,
            }
            for name, front, selected in zip(self.front_names, self.fronts, self.selected, strict=True)
            for row, (point, score) in enumerate(zip(front.points, scores(front.points), strict=True))
        ]
        table = pd.DataFrame(rows)
        return table if len(self.fronts) > 1 else table.drop(columns="output")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description without the sample, read back by `from_dict`."""
        return dict(_DOCUMENT.dump_python(self, mode="json", by_alias=True))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Solution:
        """Inverse of `to_dict`.

        Parameters
        ----------
        data : mapping
            User-defined operators in its formulas must be known.

        Returns
        -------
        Solution

        Raises
        ------
        FormatError
            The description lacks something or does not fit together; the message names the place.
        """
        try:
            return _DOCUMENT.validate_python(data, context=data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise FormatError(f"{place}: {first['msg']}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"what was found is damaged ({error!r})") from error


_DOCUMENT = TypeAdapter(Solution)
