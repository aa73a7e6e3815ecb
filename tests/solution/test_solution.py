import json
from dataclasses import replace

import numpy as np
import pytest

from lat_sr.costs import load_library
from lat_sr.datapath import lower
from lat_sr.errors import FormatError, InputError
from lat_sr.expression import parse
from lat_sr.solution import Budget, Front, FrontPoint, PredictedCircuit, Solution
from lat_sr.target import Target

NAMES = ("x0", "x2")
X = np.random.default_rng(2).uniform(-2, 2, size=(50, 3))


def point(text, loss=0.5):
    datapath = lower(parse(text), "ap_fixed<12,5>", input_names=NAMES)
    circuit = PredictedCircuit.scheduled(datapath, Target(), load_library())
    return FrontPoint((parse(text),), loss, circuit)


def front(*texts):
    points = tuple(point(text, 1.0 / (number + 1)) for number, text in enumerate(texts))
    return Front(points, seed=3, evaluations=10, seconds=0.5, stop_reason="timeout")


def solution(**changes):
    return Solution(
        **{
            "n_features": 3,
            "feature_names": ("a", "b", "c"),
            "selected_features": (0, 2),
            "input_names": NAMES,
            "output_names": ("y", "z"),
            "classes": None,
            "is_vector": False,
            "target": Target(clock_period=4.0),
            "latency_model": "scheduled",
            "budget": Budget(max_lut=900),
            "fronts": (front("x0", "x0*x2"), front("x2", "sin(x0)", "x0*x2 + 1")),
            "selected": (1, 2),
            "provenance": {"delays": {"part": "p"}},
            "sample": (X, X[:, :2]),
            **changes,
        }
    )


def test_values_are_those_of_formulas_and_datapaths():
    found = solution()
    product = X[:, 0] * X[:, 2]
    np.testing.assert_allclose(found.evaluate(X), np.column_stack([product, product + 1]))
    parts = [point.circuit.datapath.evaluate(X[:, [0, 2]]) for point in found.points]
    np.testing.assert_array_equal(found.evaluate(X, "fixed"), np.hstack(parts))


def test_the_circuit_of_all_outputs_shares_equal_parts():
    found = solution()
    together = lower(found.expressions, "ap_fixed<12,5>", input_names=NAMES)
    assert found.datapath.digest() == together.digest()
    assert found.circuit.dsp == 1
    assert sum(point.dsp for point in found.points) == 2


@pytest.mark.parametrize(("model", "cycles"), [("critical_path", 7), ("additive", 9)])
def test_latency_of_models_that_know_no_circuit(model, cycles):
    def alone(text, latency):
        found = point(text)
        circuit = replace(found.circuit, latency_cycles=latency)
        return replace(front(text), points=(replace(found, circuit=circuit),))

    fronts = (alone("x0", 2), alone("x2", 7))
    assert solution(fronts=fronts, selected=(0, 0), latency_model=model).latency == cycles


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (0, (0, 0)),
        (-1, (1, 2)),
        ("accuracy", (1, 2)),
        ([0, 1], (0, 1)),
        (np.array([1, 0]), (1, 0)),
        (["accuracy", np.int64(0)], (1, 0)),
    ],
)
def test_selecting_gives_another_solution(selection, rows):
    found = solution()
    other = found.select(selection)
    assert other.selected == rows
    assert found.selected == (1, 2)
    assert other.expressions == tuple(
        f.points[row].expression for f, row in zip(found.fronts, rows, strict=True)
    )


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (2, "no row 2: the front has 2 points; give 0 to 1, or one of accuracy, best, score"),
        ("fastest", "no row 'fastest'"),
        (1.0, r"no row 1\.0"),
        (None, "no row None"),
        ([0], "1 rows are given for 2 fronts; give one row for each of y, z"),
        ([0, 3], "no row 3: the front has 3 points"),
    ],
)
def test_rows_that_are_not_there(selection, message):
    with pytest.raises(InputError, match=message):
        solution().select(selection)


def test_document_holds_everything_but_the_sample():
    for found in (solution(), solution(classes=np.array(["q", "t"]), feature_names=None)):
        again = Solution.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
        for name in found.__dataclass_fields__:
            if name not in ("sample", "classes"):
                assert getattr(again, name) == getattr(found, name), name
        assert again.sample is None
        np.testing.assert_array_equal(again.classes, found.classes)
        np.testing.assert_array_equal(again.evaluate(X, "fixed"), found.evaluate(X, "fixed"))


@pytest.mark.parametrize(
    "path",
    [
        ("fronts",),
        ("input_names",),
        ("target",),
        ("fronts", 0, "points", 0, "equation"),
        ("fronts", 0, "points", 0, "loss"),
        ("fronts", 0, "points", 0, "circuit"),
        ("fronts", 0, "points", 0, "circuit", "lut"),
        ("fronts", 0, "points", 0, "circuit", "datapath"),
        ("fronts", 0, "points", 0, "circuit", "datapath", "nodes"),
    ],
)
def test_damaged_documents_name_the_place(path):
    whole = data = solution().to_dict()
    for key in path[:-1]:
        data = data[key]
    del data[path[-1]]
    with pytest.raises(FormatError, match=str(path[0])):
        Solution.from_dict(whole)


def test_parts_that_do_not_fit_together():
    with pytest.raises(InputError, match="2 fronts and 1 rows for 2 outputs"):
        solution(selected=(0,))
    with pytest.raises(InputError, match="no row 9"):
        solution(selected=(0, 9))
    with pytest.raises(InputError, match=r"\(n_samples, 3\) is expected"):
        solution().evaluate(X[:, :2])
