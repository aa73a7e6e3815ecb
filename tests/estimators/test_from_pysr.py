from __future__ import annotations

import os
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor, from_pysr
from lat_sr.errors import FormatError, InputError

CSV = 'Complexity,Loss,Equation\n1,0.5,"x1"\n3,0.25,"x0 * x1"\n7,0.01,"sin(x0 * x1) + log_abs(x0)"\n'

# Of a real run, where the data lie beside the project.
REAL = Path(os.environ.get("LAT_SR_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "pysr_run"


def equations(*texts: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "complexity": range(1, len(texts) + 1),
            "loss": [1.0 / (n + 1) for n in range(len(texts))],
            "equation": texts,
        }
    )


def run_directory(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text)
    return tmp_path


def test_a_file_becomes_a_fitted_regressor(tmp_path: Path) -> None:
    path = run_directory(tmp_path, hall_of_fame__csv=CSV) / "hall_of_fame.csv"
    X = np.random.default_rng(0).uniform(-2, 2, (100, 2))
    model = from_pysr(path, X, precision="ap_fixed<18,6>")
    assert isinstance(model, LatencyAwareRegressor)
    assert model.equations_["equation"].tolist() == ["x1", "x0 * x1", "sin(x0 * x1) + log_abs(x0)"]
    assert model.equations_["loss"].tolist() == [0.5, 0.25, 0.01]
    truth = np.sin(X[:, 0] * X[:, 1]) + np.log(np.abs(X[:, 0]))
    np.testing.assert_allclose(model.predict(X), truth)
    assert np.median(np.abs(model.predict(X, arithmetic="fixed") - truth)) < 0.01
    saved = tmp_path / "model.json"
    model.save(saved)
    np.testing.assert_array_equal(LatencyAwareRegressor.load(saved).predict(X), model.predict(X))


def test_a_directory_with_several_outputs_becomes_a_classifier(tmp_path: Path) -> None:
    texts = ("a - b", "b - a", "0.1 * a")
    files = {
        f"hall_of_fame_output{number}__csv": f"Complexity,Loss,Equation\n3,0.1,{text}\n"
        for number, text in enumerate(texts, 1)
    }
    model = from_pysr(
        run_directory(tmp_path, **files), classes=["up", "down", "flat"], feature_names=["b", "a"]
    )
    assert isinstance(model, LatencyAwareClassifier)
    assert model.predict(np.array([[0.0, 1.0], [1.0, 0.0], [-2.0, -2.0]])).tolist() == ["up", "down", "up"]
    assert len(model.circuit_.datapath.outputs) == 3


def test_the_copy_stands_in_for_a_missing_or_cut_file(tmp_path: Path) -> None:
    cut = CSV[: CSV.index("0.01")]
    directory = run_directory(tmp_path, hall_of_fame__csv=cut, hall_of_fame__csv__bak=CSV)
    assert len(from_pysr(directory).equations_) == 3
    (directory / "hall_of_fame.csv").unlink()
    assert len(from_pysr(directory).equations_) == 3
    assert len(from_pysr(directory / "hall_of_fame.csv").equations_) == 3


def test_a_model_gives_its_own_names() -> None:
    fitted = SimpleNamespace(equations_=equations("mass * 2"), feature_names_in_=np.array(["pt", "mass"]))
    model = from_pysr(fitted, max_latency=3)
    assert model.predict(pd.DataFrame({"pt": [1.0], "mass": [3.0]})).tolist() == [6.0]
    several = SimpleNamespace(equations_=[equations("x0"), equations("x2")])
    assert from_pysr(several).predict([[1.0, 2.0, 3.0]]).tolist() == [[1.0, 3.0]]


def test_table_functions_of_a_search_are_operators() -> None:
    model = from_pysr(equations("sin_table(x0) * 2"), precision="ap_fixed<16,6>")
    np.testing.assert_allclose(model.predict([[0.5]]), 2 * np.sin(0.5))


def test_formulas_beyond_fixed_point_are_named_and_left_out() -> None:
    with pytest.warns(UserWarning, match="is left out"):
        model = from_pysr(equations("x0", "x0 * 1e30 * x1"))
    assert len(model.equations_) == 1
    with pytest.warns(UserWarning, match="left out"), pytest.raises(InputError, match="none of the 1"):
        from_pysr(equations("x0 * 1e30 * x1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column loss, equation"),
        ("Complexity,Loss,Equation\n", "has no formula yet"),
        ("Complexity,Loss,Equation\n3,0.1\n", "cut off or damaged at row 1"),
        ("Complexity,Loss,Equation\n3,x,x0\n", "cut off or damaged at row 1"),
        ("", "no hall of fame"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = run_directory(tmp_path, hall_of_fame__csv=text) / "hall_of_fame.csv"
    with pytest.raises(FormatError, match=message):
        from_pysr(path)


def test_wrong_sources_and_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no hall_of_fame"):
        from_pysr(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        from_pysr(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="a int is no result of PySR"):
        from_pysr(3)
    with pytest.raises(InputError, match="outputs \\[1, 3\\]"):
        from_pysr(run_directory(tmp_path, hall_of_fame_output1__csv=CSV, hall_of_fame_output3__csv=CSV))
    with pytest.raises(InputError, match="3 classes need 3 formula"):
        from_pysr(equations("x0"), classes=[1, 2, 3])
    with pytest.raises(InputError, match="no column names"):
        from_pysr(equations("mass"), np.ones((5, 1)))
    with pytest.raises(InputError, match=r"shape \(n_samples >= 1, 1\)"):
        from_pysr(equations("x0"), np.full((5, 1), np.nan))
    with pytest.raises(InputError, match="2 names for 1 outputs"):
        from_pysr(equations("x0"), output_names=["a", "b"])


@pytest.mark.skipif(not REAL.exists(), reason="the output of a real PySR run is not there")
@pytest.mark.parametrize(("name", "outputs"), [("top_tagger_budget12", 1), ("jets_five_output", 5)])
def test_a_real_run(name: str, outputs: int) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = from_pysr(REAL / name, precision="ap_fixed<16,6>")
    assert len(model.fronts_) == outputs
    assert model.latency_ >= 1
    # Over the whole range of the precision some exponentials leave every format: they are named, not lost.
    left_out = [
        str(warning.message) for warning in caught if "is left out: exp of values" in str(warning.message)
    ]
    rows = sum(len(pd.read_csv(path)) for path in (REAL / name).glob("*.csv"))
    assert len(model.equations_) + len(left_out) == rows
