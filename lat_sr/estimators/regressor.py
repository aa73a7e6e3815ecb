"""Regression by formulas under a latency budget."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import StrOptions

from lat_sr.estimators.base import Arithmetic, LatencyAwareEstimator
from lat_sr.estimators.data import Floats
from lat_sr.losses import LOSSES
from lat_sr.runs.directory import prepare_run
from lat_sr.solution import Selection

__all__ = ["LatencyAwareRegressor"]

_LOSSES = tuple(name for name, loss in LOSSES.items() if not (loss.two_classes or loss.classes))


class LatencyAwareRegressor(RegressorMixin, LatencyAwareEstimator):  # type: ignore[misc]
    """Regression by formulas that meet a latency budget on an FPGA.

    For each output a search looks for formulas in the given operators. Every formula is costed as the circuit it
    would become; one over a budget is never kept. What remains is a front: no formula of it is beaten in loss,
    latency and LUTs at once. ``predict`` uses the formula that `model_selection` names.

    The data is used as it is. Inputs enter the circuit in the fixed-point format `precision`, so scale them to its
    range yourself (for instance with `sklearn.preprocessing.StandardScaler`); fit warns when a column leaves it.

    Parameters
    ----------
    precision : str or Precision
        Format of the circuit's inputs and outputs, as ``"ap_fixed<16,6>"``.
    max_latency : int, optional
        Most clock cycles from input to output.
    max_lut, max_dsp : int, optional
        Most look-up tables and DSP slices of the whole circuit. With several outputs each search may use an equal
        share of what the earlier ones left, or with ``multi_output="joint"`` all.
    part : str
        The FPGA, by its full part number.
    clock_period : float
        Nanoseconds.
    clock_uncertainty : float
        Nanoseconds of the period that are not for logic.
    timing_derate : float
        Factor on the delays of the toolchain's timing model.
    toolchain : str or Toolchain
        What the circuits are built with; "auto" takes the best that is installed.
    profile : OperatorProfile or path, optional
        Operator costs; the one of the store for part, clock, toolchain and precision if not given. The
        "scheduled" model does without.
    latency_model : {"scheduled", "critical_path", "additive"}
        How the latency of the front is predicted from operator costs. The search itself always schedules.
    implementations : {"table", "interp"} or dict
        How functions are made, for all or by operator name.
    unary_operators, binary_operators : sequence of str or None
        Names in `lat_sr.operators`.
    constraints, nested_constraints : dict, optional
        Limits of PySR's kind: ``{"sin": 5}`` on the size of operands, ``{"sin": {"exp": 0}}`` on nesting.
    maxsize, maxdepth : int
        Most nodes, and most nodes on a path from root to leaf. In a joint search the outputs may share the nodes of all
        unevenly.
    loss : {"auto", "l2", "l1", "huber", "quantile"} or callable
        Minimised in the mean over the samples; "auto" is "l2". A function of your own takes targets, predictions
        and weights and gives one number; it slows the search down a lot, see `SearchProblem`.
    loss_parameter : float, optional
        Threshold of "huber", 1 if not given, or the quantile of "quantile", 0.5.
    multi_output : {"auto", "separate", "joint"}
        Of several outputs: "separate" is one search for each, the formulas of which share what happens to be equal.
        "joint" is one search for all: its candidates are one circuit with all outputs, whose cost counts, the loss is
        the mean over the outputs, and a part of one formula may become one of another, which costs once. "auto" is
        "joint" for a loss of all outputs, else "separate".
    select_k_features : int, optional
        Search only over the features with the largest random-forest importance.
    guesses : sequence of str, or of sequences of str, optional
        Formulas to start from; with several outputs a sequence for each. For a joint search, each guess is a sequence
        of one formula for each output.
    warm_start : bool
        Whether another call of fit starts from the formulas of the last one, if the features are the same.
    engine : {"native", "pysr"} or Engine
        What searches, by name or as an object such as `lat_sr.search.NativeEngine`; PySR needs Julia.
    engine_options : mapping, optional
        Settings of an engine that is given by its name: those of `lat_sr.search.NativeEngine`, such as ``populations``,
        ``population_size``, ``batch_size`` and ``linear_scaling``; for PySR the further keywords of ``PySRRegressor``
        (``output_directory``, ``procs``, ``cluster_manager`` and so on) and ``tables`` of `lat_sr.search.PySREngine`.
    timeout : float, optional
        Seconds for the search, shared by all outputs. With it a result depends on the machine's speed.
    max_evaluations : int, optional
        Candidates to try for each output; 50,000 where neither this nor `timeout` is given.
    fixed_point : {"never", "archive", "always"}
        Which losses of the search are those of the hardware's results: none, those of the front, or all (several
        times slower). Needs ``latency_model="scheduled"``.
    model_selection : {"accuracy", "best", "score"} or int
        The formula to predict with: smallest loss; highest score among losses up to 1.5 times the smallest;
        highest score; or its row in the front. Set after fit, it selects another formula; see `select`.
    n_jobs : int, optional
        Threads of the search; all cores by default. Without `timeout` the result is the same for any number.
    random_state : int or RandomState, optional
        Seed.
    verbose : bool or int
        Show the progress on stderr.

    Attributes
    ----------
    solution_ : Solution
        What the search found, in one object, parts of which are the other attributes.
    equations_ : pandas.DataFrame
        The front.
    latency_ : int
        Predicted clock cycles of the selected circuit.
    circuit_ : PredictedCircuit
        The selected circuit, all outputs together, equal parts shared.
    fronts_ : tuple of Front
        Formulas, circuits and what the search reported, by output; one of all outputs after a joint search.
    selected_ : tuple of int
        The selected row of each front.
    selected_features_ : ndarray of int
        Columns that the circuit reads.
    input_names_, output_names_ : tuple of str
        Names in the formulas; features whose names no hardware language takes are renamed.
    target_ : Target
        Part, clock and toolchain.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of str
        Their names, where X had some.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr import LatencyAwareRegressor
    >>> X = np.random.default_rng(0).uniform(-2, 2, size=(200, 2))
    >>> model = LatencyAwareRegressor(max_latency=2, max_evaluations=20_000, random_state=0)
    >>> model = model.fit(X, X[:, 0] * X[:, 1] + 0.5)
    >>> model.latency_ <= 2, bool(model.score(X, X[:, 0] * X[:, 1] + 0.5) > 0.99)
    (True, True)
    """

    _default_loss: ClassVar[str] = "l2"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **LatencyAwareEstimator._parameter_constraints,
        "loss": [StrOptions({"auto", *_LOSSES}), callable],
    }

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> LatencyAwareRegressor:
        """Search the front.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Inputs; the column names of a DataFrame become the variables.
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like, shape (n_samples,), optional
            Weights of the samples in the loss.
        out : path-like, optional
            Run directory: ``model.json``, ``front.csv``, ``run.json`` and a sample of the data are written there,
            and during the search its state. A fit that was killed goes on where it was when it is called again
            with the same data and parameters.
        checkpoint : path-like, optional
            Run directory that only gets the state of the search, for callers of `lat_sr.runs.directory.write_run`.

        Returns
        -------
        LatencyAwareRegressor
            Itself.

        Raises
        ------
        InputError
            Data or a parameter is not usable, or the run directory holds an unfinished search with other ones.
        BudgetError
            No formula meets the budget.
        ProfileNotFoundError
            The store knows nothing of the part, or has no profile for a latency model that needs one.
        StorageError
            The run directory cannot be written.
        """
        for directory in (out, checkpoint):
            if directory is not None:
                prepare_run(directory)
        names = _column_names(y)
        X, y, weights = self._check_samples(X, y, sample_weight, multi_output=True, y_numeric=True)
        targets = y.reshape(len(y), -1)
        names = names or ([f"y{i}" for i in range(targets.shape[1])] if targets.shape[1] > 1 else ["y"])
        self._search(X, targets, y, weights, names, classes=None, out=out, checkpoint=checkpoint)
        return self

    def predict(
        self, X: ArrayLike, arithmetic: Arithmetic = "float", index: Selection | None = None
    ) -> Floats:
        """Values of the formulas.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Inputs.
        arithmetic : {"float", "fixed"}, default="float"
            Compute in float64, or bit for bit what the circuit gives.
        index : int, str or sequence of them, default=None
            A row of the front as `select` takes it; the selected one if not given.

        Returns
        -------
        ndarray of float64, shape (n_samples,) or (n_samples, n_outputs)
            As `y` in fit.
        """
        outputs = self._outputs(X, arithmetic, index)
        return outputs[:, 0] if self.solution_.is_vector else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _column_names(y: Any) -> list[str] | None:
    """Names of target columns, where there are some."""
    columns = getattr(y, "columns", None)
    names = [getattr(y, "name", None)] if columns is None else list(columns)
    return [str(name) for name in names] if all(isinstance(name, str) for name in names) else None
