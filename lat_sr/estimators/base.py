"""What the regressor and the classifier share: parameters and the search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from lat_sr.costs import OperatorProfile
from lat_sr.errors import InputError, LatSrError
from lat_sr.estimators.data import (
    Floats,
    check_finite,
    check_samples,
    checked,
    important_features,
    warn_of_overflow,
)
from lat_sr.estimators.fitted import FittedEstimator
from lat_sr.estimators.fitting import Formulas, SearchSettings, fit_fronts
from lat_sr.expression import parse
from lat_sr.expression.port_names import port_names
from lat_sr.hardware import Hardware
from lat_sr.losses import LOSSES, UserLoss
from lat_sr.operators import closest_names
from lat_sr.precision import Precision
from lat_sr.runs.checkpoint import checkpoint_of
from lat_sr.runs.directory import checkpoint_writer, write_run
from lat_sr.search import Engine, NativeEngine
from lat_sr.search.problem import FIXED_POINT
from lat_sr.search.pysr.engine import PySREngine
from lat_sr.solution import MODEL_SELECTION, Budget, Front, Solution
from lat_sr.toolchains import Toolchain, get_toolchain

__all__ = ["Arithmetic", "LatencyAwareEstimator"]

Arithmetic = Literal["float", "fixed"]

# Rows of the training data that a fitted model keeps, for verify() without data of its own.
_SAMPLE_ROWS = 2000

_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_LIMIT = Interval(Integral, 0, None, closed="left")


def _seed(generator: np.random.RandomState) -> int:
    return int(generator.randint(2**31 - 1))


class LatencyAwareEstimator(FittedEstimator):
    """What the regressor and the classifier share: parameters and the search."""

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
        "engine_options": [Mapping, None],
        "timeout": [_POSITIVE, None],
        "max_evaluations": [_COUNT, None],
        "fixed_point": [StrOptions(set(FIXED_POINT))],
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
        engine_options: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        max_evaluations: int | None = None,
        fixed_point: str = "never",
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
        self.engine_options = engine_options
        self.timeout = timeout
        self.max_evaluations = max_evaluations
        self.fixed_point = fixed_point
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
        classes: NDArray[Any] | None,
        out: str | os.PathLike[str] | None,
        checkpoint: str | os.PathLike[str] | None,
    ) -> None:
        """Hold what is found, and write it; the forest of `select_k_features` looks at `labels`."""
        place = out if checkpoint is None else checkpoint
        features = self._feature_names()
        kept = (
            None
            if place is None
            else checkpoint_of(
                self, place, X, targets, weights, feature_names=features, output_names=output_names
            )
        )
        generator = check_random_state(self.random_state if kept is None else kept.seed)
        check_samples(X, targets, features, output_names)
        settings = self._settings(len(output_names))
        hardware = self._hardware(settings.operators)
        columns = np.arange(X.shape[1])
        if self.select_k_features is not None:
            columns = important_features(
                X, labels, self.select_k_features, classify=classes is not None, seed=_seed(generator)
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
        rows = np.sort(generator.permutation(len(X))[:_SAMPLE_ROWS])
        found = self._solution(
            hardware,
            selected_features=tuple(columns.tolist()),
            input_names=names,
            output_names=tuple(output_names),
            classes=classes,
            is_vector=labels.ndim == 1,
            fronts=tuple(fronts),
            sample=(X[rows], labels[rows]),
        )
        self._hold(found)
        if out is not None:
            write_run(self, out)

    def _solution(self, hardware: Hardware, *, fronts: tuple[Front, ...], **parts: Any) -> Solution:
        """What was found, with the rows selected that the parameter names."""
        given = getattr(self, "feature_names_in_", None)
        return Solution(
            n_features=self.n_features_in_,
            feature_names=None if given is None else tuple(str(name) for name in given),
            target=hardware.target,
            latency_model=hardware.latency_model,
            budget=self._budget(),
            provenance=hardware.provenance,
            fronts=fronts,
            selected=(0,) * len(fronts),
            **parts,
        ).select(self.model_selection)

    def _hardware(self, operators: Sequence[str]) -> Hardware:
        toolchain = get_toolchain(self.toolchain) if isinstance(self.toolchain, str) else self.toolchain
        return Hardware.resolve(
            precision=self.precision,
            part=self.part,
            clock_period=self.clock_period,
            clock_uncertainty=self.clock_uncertainty,
            timing_derate=self.timing_derate,
            toolchain=toolchain.name,
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
        before: Solution | None = getattr(self, "_found", None)
        same = before is not None and len(before.fronts) == searches and before.input_names == tuple(names)
        if self.warm_start and before is not None and same:
            for part, front in zip(guesses, before.fronts, strict=True):
                part.extend(p.expressions for p in front.points if len(p.expressions) == outputs)
        return guesses

    def _engine(self, hardware: Hardware) -> Engine:
        options = dict(self.engine_options or {})
        if not isinstance(self.engine, str):
            if options:
                raise InputError(
                    f"engine_options ({', '.join(options)}) are given beside an engine that is made already; "
                    "give them when it is made"
                )
            return self.engine
        if self.engine == "pysr":
            tables = options.pop("tables", {})
            return PySREngine(hardware.profile, self.latency_model, options, tables)
        known = [field.name for field in fields(NativeEngine)]
        unknown = [name for name in options if name not in known]
        if unknown:
            raise InputError(
                f"the native engine has no option {unknown[0]}{closest_names(unknown[0], known)} "
                f"Its options are {', '.join(known)}."
            )
        return NativeEngine(**options)

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
            fixed_point=self.fixed_point,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )
