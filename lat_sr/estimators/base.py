"""What the regressor and the classifier share: parameters, search, selection, projects, files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lat_sr.errors import FormatError, InputError, LatSrError
from lat_sr.estimators.data import (
    Floats,
    check_finite,
    check_samples,
    checked,
    important_features,
    warn_of_overflow,
)
from lat_sr.estimators.fitted import FittedFormulas
from lat_sr.estimators.fitting import Formulas, SearchSettings, fit_fronts
from lat_sr.expression import parse
from lat_sr.hardware import Hardware
from lat_sr.losses import LOSSES, UserLoss
from lat_sr.port_names import port_names
from lat_sr.precision import Precision
from lat_sr.search.problem import FIXED_POINT
from lat_sr.solution.front import MODEL_SELECTION, Budget, select_point

if TYPE_CHECKING:
    from lat_sr.costs import OperatorProfile
    from lat_sr.search import Engine
    from lat_sr.toolchains import Toolchain
    from lat_sr.verification import VerificationReport

__all__ = ["Arithmetic", "LatencyAwareEstimator"]

Arithmetic = Literal["float", "fixed"]
_Estimator = TypeVar("_Estimator", bound="LatencyAwareEstimator")

# Rows of the training data that a fitted model keeps, for verify() without data of its own.
_SAMPLE_ROWS = 2000

_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_LIMIT = Interval(Integral, 0, None, closed="left")


def _seed(generator: np.random.RandomState) -> int:
    return int(generator.randint(2**31 - 1))


class LatencyAwareEstimator(FittedFormulas):
    """What the regressor and the classifier share: parameters, search, selection, circuit."""

    # The loss that "auto" means.
    _default_loss: ClassVar[str]

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "precision": [str, Precision],
        "max_latency": [_LIMIT, None],
        "max_lut": [_LIMIT, None],
        "max_dsp": [_LIMIT, None],
        "part": [str],
        "clock_period": [_POSITIVE],
        "clock_uncertainty": [Interval(Real, 0, None, closed="left")],
        "timing_derate": [_POSITIVE],
        "toolchain": [str, HasMethods(["build"])],
        "profile": [str, os.PathLike, HasMethods(["complexity_map"]), None],
        "latency_model": [StrOptions({"additive", "critical_path", "scheduled"})],
        "implementations": [str, Mapping],
        "unary_operators": ["array-like", None],
        "binary_operators": ["array-like", None],
        "constraints": [Mapping, None],
        "nested_constraints": [Mapping, None],
        "maxsize": [_COUNT],
        "maxdepth": [_COUNT],
        "loss_parameter": [_POSITIVE, None],
        "multi_output": [StrOptions({"auto", "separate", "joint"})],
        "select_k_features": [_COUNT, None],
        "guesses": ["array-like", None],
        "warm_start": ["boolean"],
        "engine": [StrOptions({"native", "pysr"}), HasMethods(["search"])],
        "pysr_options": [Mapping, None],
        "timeout": [_POSITIVE, None],
        "max_evaluations": [_COUNT, None],
        "populations": [_COUNT],
        "population_size": [Interval(Integral, 2, None, closed="left")],
        "batch_size": [_COUNT, None],
        "fixed_point": [StrOptions(set(FIXED_POINT))],
        "parsimony": [Interval(Real, 0, None, closed="left")],
        "linear_scaling": ["boolean"],
        "model_selection": [StrOptions(set(MODEL_SELECTION)), Integral],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        precision: str | Precision = "ap_fixed<16,6>",
        max_latency: int | None = None,
        max_lut: int | None = None,
        max_dsp: int | None = None,
        part: str = "xcvu9p-flga2577-2-e",
        clock_period: float = 5.0,
        clock_uncertainty: float = 0.0,
        timing_derate: float = 1.0,
        toolchain: str | Toolchain = "auto",
        profile: OperatorProfile | str | os.PathLike[str] | None = None,
        latency_model: str = "scheduled",
        implementations: str | Mapping[str, str] = "table",
        unary_operators: Sequence[str] | None = ("sin", "exp"),
        binary_operators: Sequence[str] | None = ("+", "-", "*"),
        constraints: Mapping[str, Any] | None = None,
        nested_constraints: Mapping[str, Mapping[str, int]] | None = None,
        maxsize: int = 30,
        maxdepth: int = 10,
        loss: str | UserLoss = "auto",
        loss_parameter: float | None = None,
        multi_output: str = "auto",
        select_k_features: int | None = None,
        guesses: Sequence[str] | Sequence[Sequence[str]] | None = None,
        warm_start: bool = False,
        engine: str | Engine = "native",
        pysr_options: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_evaluations: int | None = None,
        populations: int = 8,
        population_size: int = 500,
        batch_size: int | None = None,
        fixed_point: str = "never",
        parsimony: float = 0.0,
        linear_scaling: bool = False,
        model_selection: str | int = "accuracy",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
    ) -> None:
        self.precision = precision
        self.max_latency = max_latency
        self.max_lut = max_lut
        self.max_dsp = max_dsp
        self.part = part
        self.clock_period = clock_period
        self.clock_uncertainty = clock_uncertainty
        self.timing_derate = timing_derate
        self.toolchain = toolchain
        self.profile = profile
        self.latency_model = latency_model
        self.implementations = implementations
        self.unary_operators = unary_operators
        self.binary_operators = binary_operators
        self.constraints = constraints
        self.nested_constraints = nested_constraints
        self.maxsize = maxsize
        self.maxdepth = maxdepth
        self.loss = loss
        self.loss_parameter = loss_parameter
        self.multi_output = multi_output
        self.select_k_features = select_k_features
        self.guesses = guesses
        self.warm_start = warm_start
        self.engine = engine
        self.pysr_options = pysr_options
        self.timeout = timeout
        self.max_evaluations = max_evaluations
        self.populations = populations
        self.population_size = population_size
        self.batch_size = batch_size
        self.fixed_point = fixed_point
        self.parsimony = parsimony
        self.linear_scaling = linear_scaling
        self.model_selection = model_selection
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # ---- fitting -----------------------------------------------------------------------------------------------

    def _check_samples(
        self, X: Any, y: Any, sample_weight: Any, **options: Any
    ) -> tuple[Floats, NDArray[Any], Floats | None]:
        """Validate parameters and data, in scikit-learn's way."""
        checked(self._validate_params)
        X, y = checked(
            lambda: validate_data(self, X, y, dtype=np.float64, ensure_all_finite=False, **options)
        )
        check_finite(X, self._feature_names())
        if sample_weight is None:
            return X, y, None
        weights = checked(lambda: _check_sample_weight(sample_weight, X, dtype=np.float64))
        if (weights < 0).any() or not weights.any():
            raise InputError("sample weights must be 0 or more, and at least one must be positive")
        return X, y, weights

    def _search(
        self,
        X: Floats,
        targets: Floats,
        labels: NDArray[Any],
        weights: Floats | None,
        output_names: Sequence[str],
        *,
        classify: bool,
        out: str | os.PathLike[str] | None,
        checkpoint: str | os.PathLike[str] | None,
    ) -> None:
        """Set what every fitted model has, and write it; the forest of `select_k_features` looks at `labels`."""
        from lat_sr.runs.checkpoint import checkpoint_of
        from lat_sr.runs.directory import checkpoint_writer, write_run

        place = out if checkpoint is None else checkpoint
        kept = None if place is None else checkpoint_of(self, place, X, targets, weights, output_names)
        generator = check_random_state(self.random_state if kept is None else kept.seed)
        features = self._feature_names()
        check_samples(X, targets, features, output_names)
        settings = self._settings(len(output_names))
        hardware = self._hardware(settings.operators)
        columns = np.arange(X.shape[1])
        if self.select_k_features is not None:
            columns = important_features(
                X, labels, self.select_k_features, classify=classify, seed=_seed(generator)
            )
        inputs = np.ascontiguousarray(X[:, columns])
        names = port_names([features[column] for column in columns])
        searches = 1 if settings.joint else len(output_names)
        guesses = self._guesses(names, searches, len(output_names) // searches)
        warn_of_overflow(inputs, names, hardware.precision, "feature")
        warn_of_overflow(targets, output_names, hardware.precision, "target")
        try:
            fronts = fit_fronts(
                inputs,
                targets,
                weights,
                names=names,
                output_names=output_names,
                hardware=hardware,
                budget=self._budget(),
                settings=settings,
                engine=self._engine(hardware),
                guesses=guesses,
                seeds=[_seed(generator) for _ in range(searches)],
                report=None if place is None else checkpoint_writer(place),
                checkpoint=kept,
            )
        except LatSrError:
            if kept is not None:
                kept.remove_if_empty()
            raise
        selected = [select_point(front.points, self.model_selection) for front in fronts]
        chosen = [front.points[position] for front, position in zip(fronts, selected, strict=True)]
        self._set_fitted(
            features=columns,
            input_names=names,
            output_names=tuple(output_names),
            target=hardware.target,
            fronts=fronts,
            selected=selected,
            provenance=hardware.provenance,
            circuit=chosen[0].circuit
            if len(chosen) == 1
            else hardware.circuit([point.expression for point in chosen], names, inputs),
        )
        rows = np.sort(generator.permutation(len(X))[:_SAMPLE_ROWS])
        self.sample_ = (X[rows], labels[rows])
        if out is not None:
            write_run(self, out)

    def _hardware(self, operators: Sequence[str]) -> Hardware:
        return Hardware.resolve(
            precision=self.precision,
            part=self.part,
            clock_period=self.clock_period,
            clock_uncertainty=self.clock_uncertainty,
            timing_derate=self.timing_derate,
            toolchain=self.toolchain,
            profile=self.profile,
            latency_model=self.latency_model,
            implementations=self.implementations,
            operators=operators,
        )

    def _guesses(self, names: Sequence[str], searches: int, outputs: int) -> list[list[Formulas]]:
        """Formulas to start from, a list for each search: those given, and with `warm_start` those found before.

        Each holds one for each of the search's outputs.
        """
        given: list[Any] = list(self.guesses or ())
        if outputs > 1:
            if any(isinstance(guess, str) or len(guess) != outputs for guess in given):
                raise InputError(f"each of guesses must hold a formula for each of the {outputs} outputs")
            guesses = [[tuple(parse(text, names) for text in guess) for guess in given]]
        else:
            if searches == 1 and all(isinstance(guess, str) for guess in given):
                given = [given]
            if given and (len(given) != searches or any(isinstance(part, str) for part in given)):
                raise InputError(f"guesses must hold a list of formulas for each of the {searches} outputs")
            guesses = [[(parse(text, names),) for text in part] for part in given] or [
                [] for _ in range(searches)
            ]
        before = getattr(self, "fronts_", ())
        if self.warm_start and len(before) == searches and tuple(self.input_names_) == tuple(names):
            for part, front in zip(guesses, before, strict=True):
                part.extend(p.expressions for p in front.points if len(p.expressions) == outputs)
        return guesses

    def _engine(self, hardware: Hardware) -> Engine:
        from lat_sr.search import NativeEngine
        from lat_sr.search.pysr.engine import PySREngine

        if not isinstance(self.engine, str):
            return self.engine
        if self.engine == "native":
            return NativeEngine()
        return PySREngine(hardware.profile, self.latency_model, self.pysr_options or {})

    def _budget(self) -> Budget:
        return Budget(self.max_latency, self.max_lut, self.max_dsp)

    def _settings(self, outputs: int) -> SearchSettings:
        loss = self._default_loss if self.loss == "auto" else self.loss
        classes = isinstance(loss, str) and LOSSES[loss].classes
        if classes and outputs > 1 and self.multi_output == "separate":
            raise InputError(
                f'the loss {loss} is one of all outputs; give multi_output="joint", or another loss to search the '
                "outputs one by one"
            )
        return SearchSettings(
            joint=outputs > 1 and (self.multi_output == "joint" or (classes and self.multi_output == "auto")),
            # Of one score it is this one.
            loss="logistic" if classes and outputs == 1 else loss,
            loss_parameter=self.loss_parameter,
            operators=(*(self.unary_operators or ()), *(self.binary_operators or ())),
            constraints=self.constraints or {},
            nested_constraints=self.nested_constraints or {},
            maxsize=self.maxsize,
            maxdepth=self.maxdepth,
            timeout=self.timeout,
            max_evaluations=self.max_evaluations,
            populations=self.populations,
            population_size=self.population_size,
            batch_size=self.batch_size,
            fixed_point=self.fixed_point,
            parsimony=self.parsimony,
            linear_scaling=self.linear_scaling,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )

    # ---- hardware ----------------------------------------------------------------------------------------------

    def verify(
        self,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        limit: int | None = None,
        n_jobs: int | None = None,
        toolchain: str | Toolchain | None = None,
    ) -> VerificationReport:
        """Build the points of the front and compare them with what was predicted.

        Parameters
        ----------
        X, y : array-like, optional
            Data for accuracy and input vectors, best held-out; the sample of the training data that the model
            keeps if not given.
        limit : int, optional
            Build at most so many points, spread over the front; all by default.
        n_jobs : int, optional
            Builds at the same time; one for each core by default.
        toolchain : str or Toolchain, optional
            Another toolchain than the model's.

        Returns
        -------
        VerificationReport
        """
        from lat_sr.verification import verify

        return verify(self, X, y, limit=limit, n_jobs=n_jobs, toolchain=toolchain)

    def export(
        self,
        directory: str | os.PathLike[str],
        flavor: str | None = None,
        *,
        target: str = "rtl",
        **options: Any,
    ) -> list[str]:
        """Write the selected circuit, all outputs together, as a project.

        Parameters
        ----------
        directory : path-like
            Made if it does not exist.
        flavor : str, optional
            ``"verilog"`` or ``"vhdl"`` of RTL; ``"vitis"`` or ``"vivado"`` of an HLS project. The first by default.
        target : {"rtl", "vivado", "hls", "hls4ml"}
            RTL with a self-checking test bench and constraints; the same with a script for Vivado, the results of which
            `lat_sr.read_vivado_reports` reads back; C++ with the exact bits of the circuit and its tables; or hls4ml's
            own kind of project, with the vendor's math functions.
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
            An unknown target or flavor, an option that the target does not have, or a table that cannot work in the
            model's precision.
        StorageError
            The directory cannot be written.

        Examples
        --------
        With a sine of 512 entries, 2**-6 apart, in an hls4ml project:

        >>> from lat_sr.datapath import ExplicitTable
        >>> table = ExplicitTable(start=-4, stop=4, size=512)
        >>> files = model.export("project", target="hls4ml", tables={"sin": table})  # doctest: +SKIP
        """
        from lat_sr.toolchains.exporting import export_circuit

        check_is_fitted(self, "circuit_")
        if flavor is not None:
            options["flavor"] = flavor
        return export_circuit(self, Path(directory), target, options)

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
        from lat_sr.runs.model_file import write_model

        check_is_fitted(self, "circuit_")
        write_model(self, path)

    @classmethod
    def load(cls: type[_Estimator], path: str | os.PathLike[str]) -> _Estimator:
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        estimator
            It predicts the same, in both arithmetics.

        Raises
        ------
        FormatError
            The file is corrupt, of a newer version, or holds another kind of model.
        StorageError
            The file cannot be read.
        """
        from lat_sr.runs.model_file import read_model

        model = read_model(path)
        if not isinstance(model, cls):
            raise FormatError(
                f"{path} holds a {type(model).__name__}; load it with {type(model).__name__}.load"
            )
        return model
