"""What the vendor's HLS tools are told to do: a script in Tcl, and a test bench in C++."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lat_sr.datapath import Datapath
from lat_sr.errors import ToolFailedError
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.run.process import Cancellation, run
from lat_sr.toolchains.vectors import Integers, port_integers

TOP = "myproject"  # hls4ml's name of the top function
PROJECT, SOLUTION = "synthesis", "solution"
TEST_BENCH = "test_bench.cpp"


def synthesis_script(
    target: Target, flow: str, *, co_simulation: bool = False, implementation: bool = False
) -> str:
    """Tcl that takes the project in the current directory through the steps.

    Parameters
    ----------
    target : Target
    flow : {"vitis", "vivado"}
        Vitis HLS wants to know the flow of a solution; Vivado HLS does not know the option.
    co_simulation : bool
        Whether to simulate the RTL with the test bench.
    implementation : bool
        Whether to let Vivado place and route the RTL.

    Returns
    -------
    str
    """
    lines = [
        f"open_project -reset {PROJECT}",
        f"set_top {TOP}",
        f'add_files firmware/{TOP}.cpp -cflags "-std=c++0x"',
    ]
    if co_simulation:
        lines.append(f'add_files -tb {TEST_BENCH} -cflags "-std=c++0x"')
    lines += [
        f"open_solution -reset {SOLUTION}" + (" -flow_target vivado" if flow == "vitis" else ""),
        f"set_part {{{target.part}}}",
        f"create_clock -period {target.clock_period:g} -name default",
    ]
    if target.clock_uncertainty:
        lines.append(f"set_clock_uncertainty {target.clock_uncertainty:g}")
    lines.append("csynth_design")
    if co_simulation:
        # Wrong outputs are an error to the tool; its report says which error it was.
        lines.append("if {[catch {cosim_design -rtl verilog} message]} {puts $message}")
    if implementation:
        lines.append("export_design -flow impl -rtl verilog -format ip_catalog")
    return "\n".join([*lines, "exit"]) + "\n"


def cpp_test_bench(datapath: Datapath, vectors: Integers) -> str:
    """C++ that feeds vectors to the top function and compares every output with the datapath's.

    Parameters
    ----------
    datapath : Datapath
    vectors : ndarray of int64, shape (n_vectors, n_inputs)
        In units of the precision's last bit.

    Returns
    -------
    str
        A program that ends with exit code 1 where an output is wrong.
    """
    count, inputs = vectors.shape
    return _TEST_BENCH.format(
        top=TOP,
        wrong=_WRONG.replace("\n", "\\n"),
        count=count,
        inputs=inputs,
        outputs=len(datapath.outputs),
        stimuli=_array(vectors, datapath.precision),
        expected=_array(port_integers(datapath, vectors), datapath.precision),
    )


_WRONG = " outputs are wrong\n"
_TEST_BENCH = """\
// Feeds the vectors to the circuit and compares every output; the exit code is 1 where one is wrong.
#include "firmware/{top}.h"
#include <cstdio>

static const double stimuli[{count}][{inputs}] = {stimuli};
static const double expected[{count}][{outputs}] = {expected};

int main() {{
    int wrong = 0;
    for (int row = 0; row < {count}; ++row) {{
        input_t x[{inputs}];
        result_t y[{outputs}];
        for (int i = 0; i < {inputs}; ++i)
            x[i] = stimuli[row][i];
        {top}(x, y);
        for (int k = 0; k < {outputs}; ++k) {{
            const double seen = y[k].to_double();
            if (seen == expected[row][k])
                continue;
            if (wrong++ == 0)
                std::printf("vector %d, output %d: %.17g instead of %.17g\\n", row, k, seen, expected[row][k]);
        }}
    }}
    std::printf("%d of {count} vectors times {outputs}{wrong}", wrong);
    return wrong != 0;
}}
"""


def run_test_bench(directory: Path, *, timeout: float, cancellation: Cancellation | None = None) -> str:
    """Compile the C++ of a project with its test bench and hls4ml's headers, and run it.

    Parameters
    ----------
    directory : Path
        The project, with the test bench in it. Nothing is left there.
    timeout : float
        Seconds for the compiler and for the program.
    cancellation : Cancellation, optional

    Returns
    -------
    str
        The first wrong output in words; empty where all are right.

    Raises
    ------
    ToolError
        There is no compiler, the project does not compile, or the time is over.
    """
    project = directory.resolve()
    sources = (str(project / TEST_BENCH), str(project / "firmware" / f"{TOP}.cpp"))
    headers = ("-I", str(project), "-I", str(project / "firmware" / "ap_types"))
    with tempfile.TemporaryDirectory(prefix="lat_sr_", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        compiler = ("g++", "-std=c++11", "-w", *headers, *sources, "-o", "test_bench")
        run(compiler, scratch, timeout=timeout, cancellation=cancellation)
        try:
            run(("./test_bench",), scratch, timeout=timeout, cancellation=cancellation)
        except ToolFailedError as error:
            if not error.log.endswith(_WRONG):
                raise
            return error.log.splitlines()[0]
    return ""


def _array(values: Integers, precision: Precision) -> str:
    """Port integers as real numbers, which doubles hold exactly."""
    rows = (values * 2.0**-precision.fraction).tolist()
    return "{" + ",\n".join("{" + ", ".join(map(repr, row)) + "}" for row in rows) + "}"
