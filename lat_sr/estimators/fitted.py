"""What a fitted estimator can do: select a formula, read it, build it, write it down."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lat_sr.errors import FormatError
from lat_sr.estimators.data import Floats, check_finite, checked
from lat_sr.expression import to_latex, to_sympy
from lat_sr.runs.directory import read_run
from lat_sr.runs.model_file import read_model, write_model
from lat_sr.solution import Selection, Solution
from lat_sr.toolchains import Toolchain
from lat_sr.toolchains.exporting import export
from lat_sr.verification import VerificationReport, verify

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedEstimator", "view"]

_Estimator = TypeVar("_Estimator", bound="FittedEstimator")


def view(name: str) -> Any:
    """A fitted attribute that is a part of the solution."""
    return property(lambda self: getattr(self.solution_, name))


class FittedEstimator(BaseEstimator):  # type: ignore[misc]
    """What an estimator has once it holds a solution, and all that only reads it.

    The selected rows are those of the last `fit`, `select` or `load` as long as the parameter `model_selection` is what
    it was then. Set to something else, it decides.
    """

    model_selection: str | int
    _found: Solution
    # The parameter when the rows of `_found` were selected.
    _selected_under: str | int

    def _hold(self, solution: Solution) -> None:
        """Become the fitted model of a solution."""
        self.n_features_in_ = solution.n_features
        if solution.feature_names is not None:
            self.feature_names_in_ = np.asarray(solution.feature_names, dtype=object)
        self._found = solution
        self._selected_under = self.model_selection

    @property
    def solution_(self) -> Solution:
        """What the search found, with the selected rows."""
        check_is_fitted(self, "_found")
        if self.model_selection == self._selected_under:
            return self._found
        return self._found.select(self.model_selection)

    fronts_ = view("fronts")
    selected_ = view("selected")
    circuit_ = view("circuit")
    latency_ = view("latency")
    input_names_ = view("input_names")
    output_names_ = view("output_names")
    target_ = view("target")
    provenance_ = view("provenance")
    sample_ = view("sample")

    @property
    def selected_features_(self) -> Any:
        """Columns that the circuit reads."""
        return np.asarray(self.solution_.selected_features, dtype=np.intp)

    @property
    def equations_(self) -> pd.DataFrame:
        """The front: one row for each formula, with its loss and what its circuit is predicted to cost.

        Columns are ``row``, ``equation``, ``loss``, ``score``, ``complexity``, ``latency_cycles``, ``delay_ps``,
        ``lut``, ``ff``, ``dsp`` and ``selected``. With several outputs ``output`` comes first and each counts its own
        rows; where they were searched together, a row is the formulas of all, with semicolons between them, and the
        cost is that of their one circuit. `select` and ``index=`` take what stands in ``row``.
        """
        return self.solution_.table()

    def select(self: _Estimator, row_or_rule: Selection) -> _Estimator:
        """Use another formula of the front from now on.

        Predictions, exports and files follow. It stays selected until the next `fit` or `select`, or until the
        parameter `model_selection` is set to something else.

        Parameters
        ----------
        row_or_rule : int, str, or sequence of them
            A ``row`` of `equations_`, or "accuracy", "best" or "score"; of several outputs that were searched one by
            one either for all, or one for each.

        Returns
        -------
        estimator
            Itself.

        Raises
        ------
        InputError
            There is no such row or rule, or not one for each output.

        Examples
        --------
        >>> import pandas as pd
        >>> from lat_sr import from_pysr
        >>> found = pd.DataFrame({"loss": [0.5, 0.1], "equation": ["x0", "x0 * x1"]})
        >>> model = from_pysr(found)
        >>> float(model.predict([[2.0, 3.0]])[0]), float(model.select(0).predict([[2.0, 3.0]])[0])
        (6.0, 2.0)
        """
        self._hold(self.solution_.select(row_or_rule))
        return self

    def _at(self, index: Selection | None) -> Solution:
        return self.solution_ if index is None else self.solution_.select(index)

    def _feature_names(self) -> list[str]:
        numbered = [f"x{number}" for number in range(self.n_features_in_)]
        return [str(name) for name in getattr(self, "feature_names_in_", numbered)]

    def _features(self, X: Any) -> Floats:
        """Data as scikit-learn wants it, all columns."""
        check_is_fitted(self, "_found")
        X = checked(lambda: validate_data(self, X, dtype=np.float64, ensure_all_finite=False, reset=False))
        check_finite(X, self._feature_names())
        return np.asarray(X)

    def _outputs(self, X: Any, arithmetic: str, index: Selection | None) -> Floats:
        """Values of the formulas, shape (n_samples, n_outputs)."""
        features = self._features(X)
        return self._at(index).evaluate(features, arithmetic)

    # ---- formulas ----------------------------------------------------------------------------------------------

    def sympy(self, index: Selection | None = None) -> Any:
        """Formula as a sympy expression; a list of them with several outputs.

        Parameters
        ----------
        index : int, str or sequence of them, default=None
            A row of the front as `select` takes it; the selected one if not given.
        """
        return self._each(to_sympy, index)

    def latex(self, index: Selection | None = None) -> Any:
        """Formula as LaTeX; a list of them with several outputs.

        Parameters
        ----------
        index : int, str or sequence of them, default=None
            A row of the front as `select` takes it; the selected one if not given.
        """
        return self._each(to_latex, index)

    def _each(self, convert: Callable[[Any], Any], index: Selection | None) -> Any:
        converted = [convert(formula) for formula in self._at(index).expressions]
        return converted[0] if len(converted) == 1 else converted

    # ---- hardware ----------------------------------------------------------------------------------------------

    def verify(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        index: Selection | None = None,
        limit: int | None = None,
        n_jobs: int | None = None,
        toolchain: str | Toolchain | None = None,
        progress: Callable[[int, int], None] | None = None,
        log: Callable[[int, str], object] | None = None,
    ) -> VerificationReport:
        """Build the points of the front and compare them with what was predicted.

        Parameters
        ----------
        X, y : array-like, optional
            Data for accuracy and input vectors, best held-out. If they are not given, the model's own sample is used; a
            model that was loaded without its run directory has none, and then there are no accuracies.
        index : int, str or sequence of them, default=None
            Build only this row of the front, given as `select` takes it.
        limit : int, optional
            Build at most so many points (an equal share for each output), spread over the front and always with the
            selected one; all by default.
        n_jobs : int, optional
            Number of builds at the same time; one for each core by default.
        toolchain : str or Toolchain, optional
            Another toolchain than the model's.
        progress : callable, optional
            Called with the number of circuits done and their total.
        log : callable, optional
            Called with the number of a circuit and a line that a tool has just printed for it.

        Returns
        -------
        VerificationReport
            A failed build is a failure of its row; the others are built all the same.
        """
        return verify(
            self.solution_,
            None if X is None else self._features(X),
            y,
            index=index,
            limit=limit,
            n_jobs=n_jobs,
            toolchain=toolchain,
            progress=progress,
            log=log,
        )

    def export(
        self,
        directory: str | os.PathLike[str],
        flavor: str | None = None,
        *,
        kind: str = "rtl",
        index: Selection | None = None,
        **options: Any,
    ) -> list[str]:
        """Write the circuit of a formula, all outputs together, as a project.

        Parameters
        ----------
        directory : path-like
            Made if it does not exist.
        flavor : str, optional
            ``"verilog"`` or ``"vhdl"`` of RTL; ``"vitis"`` or ``"vivado"`` of an HLS project. The first by default.
        kind : {"rtl", "vivado", "hls", "hls4ml"}, default="rtl"
            RTL with a self-checking test bench and constraints; the same with a script for Vivado, the results of which
            `lat_sr.read_vivado_reports` reads back; C++ with the exact bits of the circuit and its tables; or hls4ml's
            own kind of project, with the vendor's math functions.
        index : int, str or sequence of them, default=None
            A row of the front as `select` takes it; the selected one if not given.
        **options
            For ``"hls4ml"``: `tables`, a mapping of operator name to `lat_sr.datapath.ExplicitTable`, whose
            functions are written as tables of that range and size in place of the vendor's; `input_precisions`, a
            mapping of feature to its own format; and `result_precision`. See
            `lat_sr.toolchains.hls.math.write_hls4ml_project`.

        Returns
        -------
        list of str
            Paths of the project's files.

        Raises
        ------
        InputError
            An unknown kind, flavor or row, an option that the kind does not have, or a table that cannot work in the
            model's precision.
        StorageError
            The directory cannot be written.

        Examples
        --------
        With a sine of 512 entries, 2**-6 apart, in an hls4ml project:

        >>> from lat_sr.datapath import ExplicitTable
        >>> table = ExplicitTable(start=-4, stop=4, size=512)
        >>> files = model.export("project", kind="hls4ml", tables={"sin": table})  # doctest: +SKIP
        """
        return export(self._at(index), directory, flavor, kind=kind, **options)

    # ---- files -------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model as versioned JSON.

        The file holds parameters, front and circuits, but not the sample of the training data.

        Parameters
        ----------
        path : path-like
            The file to make or replace.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        check_is_fitted(self, "_found")
        write_model(self, path)

    @classmethod
    def load(cls: type[_Estimator], path: str | os.PathLike[str]) -> _Estimator:
        """Read a model that `save` wrote, or that of a run directory.

        Parameters
        ----------
        path : path-like
            The file, or the directory, which gives the model its sample for `verify`.

        Returns
        -------
        estimator
            It predicts the same, in both arithmetics, with every row of the front.

        Raises
        ------
        FormatError
            The file is corrupt, of another version, or holds another kind of model.
        StorageError
            The file cannot be read.
        """
        saved = read_run(path).model if Path(path).is_dir() else read_model(path)
        if saved.estimator != cls.__name__:
            raise FormatError(f"{path} holds a {saved.estimator}; load it with {saved.estimator}.load")
        try:
            model = cls(**saved.parameters)
        except TypeError as error:
            raise FormatError(f"{path} is damaged ({error}); fit and save the model again") from error
        model._hold(saved.solution)
        return model
