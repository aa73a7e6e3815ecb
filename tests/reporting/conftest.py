import pytest

from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS, columns_frame


def front_row(row, equation, loss, latency, lut, selected=False):
    return {
        "row": row,
        "equation": equation,
        "loss": loss,
        "score": 0.1,
        "complexity": 3,
        "latency_predicted": latency,
        "delay_ps": 2100.0,
        "lut_predicted": lut,
        "ff_predicted": 16,
        "dsp_predicted": 1,
        "selected": selected,
    }


def verification_row(row, equation, latency, failure=""):
    return {
        "row": row,
        "equation": equation,
        "loss": 0.3,
        "complexity": 3,
        "latency_predicted": latency,
        "latency_actual": latency + bool(failure),
        "lut_predicted": 90,
        "lut_actual": 100,
        "ff": 20,
        "dsp_predicted": 1,
        "dsp": 1,
        "bram": 0,
        "clock_ns": 5.0,
        "slack_ns": 0.4,
        "timing_source": "yosys sta, xc7 cells, logic without routing",
        "timing_derate": 1.0,
        "vectors": 1000,
        "bit_exact": not failure,
        "metric": "r2",
        "accuracy_float": 0.95,
        "accuracy_fixed": 0.94,
        "max_error": 0.01,
        "overflow_rows": 0,
        "selected": False,
        "toolchain": "open 1",
        "seconds": 9.5,
        "cached": False,
        "failure": failure,
    }


@pytest.fixture
def front():
    return columns_frame(
        [front_row(0, "x0", 0.5, 1, 10), front_row(1, "x0*x1 < <b>", 0.01, 2, 200, selected=True)],
        FRONT_COLUMNS,
    )


@pytest.fixture
def verification():
    return columns_frame(
        [
            verification_row(0, "x0", 1),
            verification_row(1, "x0*x1", 2, "wrong bit: 3 of 1000 vectors differ"),
        ],
        VERIFICATION_COLUMNS,
    )
