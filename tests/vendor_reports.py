"""Reports of Vivado, of ``export_design`` and of co-simulation as the versions write them, for tests."""

from __future__ import annotations

from collections.abc import Sequence

VERSIONS = ("2018.2", "2019.2", "2020.1", "2020.2", "2022.1", "2024.2")

_RULE = "-" * 96 + "\n"


def _has_prohibited(version: str) -> bool:
    """The column came with 2020.3."""
    return version >= "2020.3"


def _head(version: str, command: str, device: str, state: str, width: int, top: str = "top") -> str:
    facts = {
        "Tool Version": f"Vivado v.{version} (lin64) Build 1234567 Tue Jan  1 00:00:00 MST 2019",
        "Date": "Wed Jan  2 03:04:05 2019",
        "Host": "machine running 64-bit Linux",
        "Command": f"{command} -file report.rpt",
        "Design": top,
        "Device": device,
    }
    if state:
        facts["Design State"] = state
    lines = "".join(f"| {name:<{width}} : {value}\n" for name, value in facts.items())
    return f"Copyright 1986-2019 Xilinx, Inc. All Rights Reserved.\n{'-' * 120}\n{lines}{'-' * 120}\n\n"


def framed(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in a frame."""
    cells = [list(names), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(names))]
    border = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |\n"
        for row in cells
    ]
    return border + lines[0] + border + "".join(lines[1:]) + border


def utilization(
    version: str = "2022.1",
    *,
    series7: bool = False,
    state: str = "Routed",
    device: str = "xcvu9p-flga2577-2-e",
    top: str = "top",
    lut: object = 1234,
    ff: object = 321,
    dsp: object = 7,
    ramb36: object = 1,
    ramb18: object = 2,
    uram: object = 0,
    carry: object = 11,
) -> str:
    """What ``report_utilization`` writes for UltraScale+ or the 7 series."""
    logic, star = ("Slice" if series7 else "CLB"), ("*" if state == "Synthesized" else "")
    block = "4" if series7 else "8"

    def sites(*rows: tuple[str, object]) -> str:
        names = ["Site Type", "Used", "Fixed", "Available", "Util%"]
        table: list[list[object]] = [[name, used, 0, 1000000, "0.10"] for name, used in rows]
        if _has_prohibited(version):
            names.insert(3, "Prohibited")
            for row in table:
                row.insert(3, 0)
        return framed(names, table)

    registers = framed(["Total", "Clock Enable", "Synchronous"], [[0, "_", "-"], [ff, "Yes", "Reset"]])
    memory = [
        ("Block RAM Tile", 2.5),
        ("  RAMB36/FIFO*", ramb36),
        ("    RAMB36E2 only", ramb36),
        ("  RAMB18", ramb18),
    ]
    if not series7:
        memory.append(("URAM", uram))
    primitives = [
        ["FDRE", ff, "Register"],
        ["LUT6", lut, "CLB"],
        [f"CARRY{block}", carry, "CLB"],
    ]
    sections = {
        f"1. {logic} Logic": sites(
            (f"{logic} LUTs{star}", lut),
            ("  LUT as Logic", lut),
            ("  LUT as Memory", 0),
            (f"{logic} Registers", ff),
            ("  Register as Flip Flop", ff),
            *(() if series7 else (("CARRY8", carry),)),
        ),
        "1.1 Summary of Registers by Type": registers,
        f"2. {logic} Logic Distribution": sites(("LUT as Logic", lut), (f"{logic} Registers", ff)),
        "3. Memory": sites(*memory),
        "4. DSP": sites(("DSPs", dsp), ("  DSP48E2 only", dsp)),
        "5. Clocking": sites(("BUFGCE", 0)),
        "6. Primitives": framed(["Ref Name", "Used", "Functional Category"], primitives),
        "7. Black Boxes": framed(["Ref Name", "Used"], []),
        "8. Instantiated Netlists": framed(["Ref Name", "Used"], [["logic0", 1]]),
    }
    contents = "".join(f"{title}\n" for title in sections)
    body = "".join(f"{title}\n{'-' * len(title)}\n\n{text}\n\n" for title, text in sections.items())
    return (
        _head(version, "report_utilization", device, state, 12, top)
        + f"Utilization Design Information\n\nTable of Contents\n-----------------\n{contents}\n{body}"
    )


def timing_summary(
    version: str = "2022.1",
    *,
    device: str = "xcvu9p-flga2577",
    top: str = "top",
    state: str = "",
    period: str = "5.000",
    frequency: str = "200.000",
    unit: str = "ns",
    setup: str = "0.521",
    hold: str = "0.057",
    pulse_width: str = "2.225",
    verdict: str = "All user specified timing constraints are met.",
) -> str:
    """What ``report_timing_summary`` writes for a design with one clock."""

    def section(title: str, text: str) -> str:
        return f"{_RULE}| {title}\n| {'-' * len(title)}\n{_RULE}\n{text}\n\n"

    names = []
    for short in ("WNS", "WHS", "WPWS"):
        total = short.replace("W", "T", 1)
        names += [f"{short}({unit})", f"{total}({unit})", f"{total} Failing Endpoints"]
        names.append(f"{total} Total Endpoints")
    values = [value for slack in (setup, hold, pulse_width) for value in (slack, "0.000", "0", "1696")]
    columns = [
        (name, "-" * len(name), value.rjust(len(name))) for name, value in zip(names, values, strict=True)
    ]
    table = "\n".join("    " + "  ".join(line) + "  " for line in zip(*columns, strict=True))
    clock = (
        f"Clock  Waveform({unit})         Period({unit})      Frequency(MHz)\n"
        "-----  ------------         ----------      --------------\n"
        f"clk    {{0.000 2.500}}        {period}           {frequency}         \n"
    )
    return (
        _head(version, "report_timing_summary", device, state, 17, top)
        + "Timing Summary Report\n\n"
        + section("Timer Settings", "  Enable Multi Corner Analysis               :  Yes\n")
        + "check_timing report\n\nTable of Contents\n-----------------\n1. checking no_clock (0)\n\n\n"
        + section("Design Timing Summary", f"{table}\n\n\n{verdict}\n")
        + section("Clock Summary", clock)
        + section("Intra Clock Table", f"Clock  WNS({unit})\n-----  -------\nclk      {setup}\n")
        + section("Timing Details", f"Slack (MET) :             {setup}ns  (required time - arrival time)\n")
    )


def export(
    version: str = "2022.1",
    *,
    run: str = "impl",
    period: str = "5.000",
    achieved: str = "3.311",
    routed: str | None = None,
    lut: object = 1234,
    ff: object = 321,
    dsp: object = 7,
    bram: object = 4,
    uram: object = 0,
) -> str:
    """What ``export_design -flow`` leaves: a short document up to 2020.1, a longer one since."""
    resources = f"<LUT>{lut}</LUT>\n<FF>{ff}</FF>\n<DSP>{dsp}</DSP>\n<BRAM>{bram}</BRAM>\n<SRL>0</SRL>\n"
    area = "<AvailableResources>\n<LUT>1182240</LUT>\n</AvailableResources>\n</AreaReport>\n"
    clock = (
        f"<TargetClockPeriod>{period}</TargetClockPeriod>\n"
        f"<AchievedClockPeriod>{achieved}</AchievedClockPeriod>\n"
    )
    if version <= "2020.1":
        return (
            f"<profile>\n\n<AreaReport>\n<Resources>\n<SLICE>99</SLICE>\n{resources}</Resources>\n{area}\n"
            f"<TimingReport>\n{clock}</TimingReport>\n\n</profile>\n"
        )
    return (
        f"<profile>\n<RunData>\n  <RUN_TYPE>{run}</RUN_TYPE>\n  <VIVADO_VERSION>v.{version}</VIVADO_VERSION>\n"
        f"</RunData>\n<TimingReport>\n{clock}  <CP_FINAL>{achieved}</CP_FINAL>\n"
        f"  <CP_ROUTE>{achieved if routed is None else routed}</CP_ROUTE>\n  <CP_TARGET>{period}</CP_TARGET>\n"
        f"  <TIMING_MET>TRUE</TIMING_MET>\n</TimingReport>\n<AreaReport>\n<Resources>\n<CLB>99</CLB>\n{resources}"
        f"<URAM>{uram}</URAM>\n</Resources>\n{area}<RtlModules>\n</RtlModules>\n</profile>\n"
    )


def cosim(
    version: str = "2022.1",
    *,
    status: str = "Pass",
    latency: tuple[object, object, object] = (3, 4, 5),
    interval: tuple[object, object, object] = (1, 1, 1),
    unit: str = "Clock Cycles",
    vhdl: str = "NA",
) -> str:
    """What ``cosim_design`` leaves: without units and total time in the versions of Vivado HLS."""
    old = version <= "2020.1"
    wide, narrow = 47, 15
    groups = ["Latency", "Interval"] if old else [f"Latency({unit})", f"Interval({unit})"]

    def row(language: str, result: str, figures: Sequence[object], total: object) -> str:
        cells = [language.rjust(10), result.rjust(10), *(str(figure).rjust(narrow) for figure in figures)]
        return "|" + "|".join(cells if old else [*cells, str(total).rjust(22)]) + "|\n"

    total = (
        ["", "", "", ""]
        if old
        else ["-" * 22 + "+", " Total Execution Time |", "    (Clock Cycles)    +", " " * 22 + "|"]
    )
    names = "|".join(name.center(narrow) for name in ["min", "avg", "max"] * 2)
    border = f"+----------+----------+{'-' * wide}+{'-' * wide}+{total[0]}\n"
    return (
        "\nReport time       : Wed Jan  2 03:04:05 UTC 2019.\nSolution          : solution.\n"
        "Simulation tool   : xsim.\n\n"
        + border
        + f"|          |          |{groups[0].center(wide)}|{groups[1].center(wide)}|{total[1]}\n"
        + f"+   RTL    +  Status  +{'-' * wide}+{'-' * wide}+{total[2]}\n"
        + f"|          |          |{names}|{total[3]}\n"
        + border
        + row("VHDL", vhdl, ["NA"] * 6, "NA")
        + row("Verilog", status, [*latency, *interval], 1030)
        + border
        + "\n"
    )
