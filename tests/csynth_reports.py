"""Synthesis reports as the versions of the vendor's tools write them, for tests."""

from __future__ import annotations

# Names that changed over the versions: of the DSP blocks, and whether there is a line of URAM.
DIALECTS = {
    "2018.2": {"dsp": "DSP48E", "uram": False},
    "2019.2": {"dsp": "DSP48E", "uram": True},
    "2020.1": {"dsp": "DSP48E", "uram": True},
    "2020.2": {"dsp": "DSP", "uram": True},
    "2023.2": {"dsp": "DSP", "uram": True},
    "2024.2": {"dsp": "DSP", "uram": True},
}


def csynth(version: str = "2023.2", **figures: object) -> str:
    """Text of a report; figures replace those given here."""
    dialect = DIALECTS[version]
    f = {
        "part": "xcvu9p-flga2577-2-e",
        "clock": "5.00",
        "uncertainty": "0.62",
        "unit": "ns",
        "estimated": "4.316",
        "best": 3,
        "average": 4,
        "worst": 5,
        "interval": 1,
        "bram": 2,
        "dsp": 7,
        "ff": 321,
        "lut": 1234,
        "uram": 1,
        **figures,
    }
    dsp = f"<{dialect['dsp']}>{f['dsp']}</{dialect['dsp']}>"
    uram = f"<URAM>{f['uram']}</URAM>" if dialect["uram"] else ""
    available = f"<{dialect['dsp']}>6840</{dialect['dsp']}>"
    return f"""<profile>
<section name = "Vitis HLS Report for 'myproject'" level="0"><item name = "Date">Tue</item></section>
<ReportVersion><Version>{version}</Version></ReportVersion>
<UserAssignments>
<unit>{f["unit"]}</unit>
<ProductFamily>virtexuplus</ProductFamily>
<Part>{f["part"]}</Part>
<TopModelName>myproject</TopModelName>
<TargetClockPeriod>{f["clock"]}</TargetClockPeriod>
<ClockUncertainty>{f["uncertainty"]}</ClockUncertainty>
<FlowTarget>vivado</FlowTarget>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>function</PipelineType>
<SummaryOfTimingAnalysis>
<unit>{f["unit"]}</unit>
<EstimatedClockPeriod>{f["estimated"]}</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>{f["best"]}</Best-caseLatency>
<Average-caseLatency>{f["average"]}</Average-caseLatency>
<Worst-caseLatency>{f["worst"]}</Worst-caseLatency>
<Best-caseRealTimeLatency>15.000 ns</Best-caseRealTimeLatency>
<Interval-min>{f["interval"]}</Interval-min>
<Interval-max>{f["interval"]}</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources><BRAM_18K>{f["bram"]}</BRAM_18K>{dsp}<FF>{f["ff"]}</FF><LUT>{f["lut"]}</LUT>{uram}</Resources>
<AvailableResources><BRAM_18K>4320</BRAM_18K>{available}<FF>2364480</FF><LUT>1182240</LUT></AvailableResources>
</AreaEstimates>
</profile>
"""
