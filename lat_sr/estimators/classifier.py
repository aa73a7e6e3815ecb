"""Classification by formulas under a latency budget."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.extmath import softmax
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from lat_sr.errors import InputError
from lat_sr.estimators.base import Arithmetic, LatencyAwareEstimator
from lat_sr.estimators.data import Floats, checked
from lat_sr.estimators.fitted import view
from lat_sr.losses import LOSSES
from lat_sr.runs.directory import prepare_run
from lat_sr.solution import Selection

__all__ = ["LatencyAwareClassifier"]


class LatencyAwareClassifier(ClassifierMixin, LatencyAwareEstimator):  # type: ignore[misc]
    """Classification by formulas that meet a latency budget on an FPGA.

    Two classes have one score, whose sign decides. More have one score each, and the largest decides; the scores are
    one circuit with shared parts. They are trained on +1 for the class and -1 for the rest, each by itself or together,
    or with ``loss="cross_entropy"`` against each other.

    Parameters
    ----------
    precision, max_latency, max_lut, max_dsp, part, clock_period, clock_uncertainty, timing_derate
        As in `LatencyAwareRegressor`.
    toolchain, profile, latency_model, implementations, unary_operators, binary_operators
        As in `LatencyAwareRegressor`.
    constraints, nested_constraints, maxsize, maxdepth, multi_output, select_k_features, guesses
        As in `LatencyAwareRegressor`.
    warm_start, engine, engine_options, timeout, max_evaluations, fixed_point, model_selection
        As in `LatencyAwareRegressor`.
    n_jobs, random_state, verbose
        As in `LatencyAwareRegressor`.
    loss : {"auto", "l2_margin", "logistic", "cross_entropy", "l2", "l1", "huber", "quantile"} or callable
        Of a score s for the target y = -1 or +1: ``(1 - y*s)**2`` (this is "auto"), ``log(1 + exp(-y*s))``, which
        gives probabilities, a regression loss, or a function as in `LatencyAwareRegressor`. "cross_entropy" is that
        of the softmax over the scores of all classes, searched together, and gives probabilities too; of two classes
        it is "logistic".
    loss_parameter : float, optional
        As in `LatencyAwareRegressor`.

    Attributes
    ----------
    classes_ : ndarray
        Class labels.
    solution_, equations_, latency_, circuit_, fronts_, selected_, selected_features_, input_names_, target_
        As in `LatencyAwareRegressor`; one output for two classes, else one for each class.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr import LatencyAwareClassifier
    >>> X = np.random.default_rng(0).uniform(-2, 2, size=(300, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    >>> model = LatencyAwareClassifier(max_latency=2, max_evaluations=20_000, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _default_loss: ClassVar[str] = "l2_margin"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **LatencyAwareEstimator._parameter_constraints,
        "loss": [StrOptions({"auto", *LOSSES}), callable],
    }

    classes_ = view("classes")

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        out: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> LatencyAwareClassifier:
        """Search the front.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Inputs; the column names of a DataFrame become the variables.
        y : array-like, shape (n_samples,)
            Class labels, at least two.
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
        LatencyAwareClassifier
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
        X, given, weights = self._check_samples(X, y, sample_weight)
        labels = checked(lambda: column_or_1d(given, warn=True))
        checked(lambda: check_classification_targets(labels))
        seen = labels if weights is None else labels[weights > 0]
        classes = np.unique(labels)
        if len(np.unique(seen)) < 2:
            raise InputError(f"y holds one class only ({classes[0]!r}); a classifier needs at least two")
        positive = classes[1:] if len(classes) == 2 else classes
        exclusive = self.loss == "cross_entropy" and len(positive) > 1
        targets = np.where(labels[:, None] == positive[None, :], 1.0, 0.0 if exclusive else -1.0)
        self._search(
            X,
            targets,
            labels,
            weights,
            [str(label) for label in positive],
            classes=classes,
            out=out,
            checkpoint=checkpoint,
        )
        return self

    def decision_function(
        self, X: ArrayLike, arithmetic: Arithmetic = "float", index: Selection | None = None
    ) -> Floats:
        """Scores of the classes.

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
        ndarray of float64, shape (n_samples,) or (n_samples, n_classes)
            With two classes the score of ``classes_[1]``.
        """
        outputs = self._outputs(X, arithmetic, index)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(
        self, X: ArrayLike, arithmetic: Arithmetic = "float", index: Selection | None = None
    ) -> NDArray[Any]:
        """Class labels.

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
        ndarray, shape (n_samples,)
            The class with the largest score, the first one of equal scores.
        """
        return self.solution_.labels(self._outputs(X, arithmetic, index))

    @available_if(lambda self: self.loss in ("logistic", "cross_entropy"))  # type: ignore[untyped-decorator]
    def predict_proba(
        self, X: ArrayLike, arithmetic: Arithmetic = "float", index: Selection | None = None
    ) -> Floats:
        """Probabilities of the classes; for the losses "logistic" and "cross_entropy" only.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Inputs.
        arithmetic : {"float", "fixed"}
            Of the scores; the logistic function or the softmax itself is computed in float64.
        index : int, str or sequence of them, default=None
            A row of the front as `select` takes it; the selected one if not given.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
            With more than two classes the softmax of "cross_entropy", or the one-vs-rest probabilities of "logistic",
            scaled to the sum 1.
        """
        scores = self._outputs(X, arithmetic, index)
        if self.loss == "cross_entropy" and len(self.classes_) > 2:
            return np.asarray(softmax(scores))
        # expit by tanh: no overflow for large scores.
        probability = 0.5 * (1.0 + np.tanh(0.5 * scores))
        if len(self.classes_) == 2:
            return np.hstack([1.0 - probability, probability])
        total = probability.sum(axis=1, keepdims=True)
        uniform = np.full_like(probability, 1.0 / probability.shape[1])
        return np.asarray(np.divide(probability, total, out=uniform, where=total > 0))
