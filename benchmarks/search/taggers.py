"""Loss at a latency, ours against PyOperon, gplearn and PySR: five jet taggers and the mass of two muons.

    python benchmarks/search/taggers.py [--tasks t g q w z dimuon] [--seconds 60] [--peer-seconds 120] [--seeds 5]
        [--systems lat_sr PyOperon ...] [--threads 2] [--data lhc_jets_pythia8.npz] [--out DIR]

Every system searches once for each task and seed, one after the other: ours for ``--seconds``, the others for
``--peer-seconds``. Its fronts are kept while it runs, and judged when its time is over: by the loss on held-out rows
within 1 to 6 cycles at <16,6> and 5 ns, as `lat_sr.latency` predicts them. So all columns of the tables are moments of
the same runs. ``--data`` names the full file of jets; without it the shipped subset is taken. PySR is left out where
there is no Julia. Tables are Markdown; ``tagger_<class>.json`` and ``dimuon.json`` keep the runs, and a run that is
there is not done again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from judging import Judge, tables
from records import Records, versions
from systems import SYSTEMS
from tasks import MAXSIZE, TASKS, load_task


def main() -> int:
    """Run the comparison, or go on with one that was stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, default=list(TASKS), help="a class of jets, or dimuon"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of our searches")
    parser.add_argument("--peer-seconds", type=float, default=120.0, help="of the others")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--data", type=Path, help="lhc_jets_pythia8.npz; the shipped subset if not given")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    systems = []
    for name in args.systems:
        if missing := SYSTEMS[name].missing():
            print(f"{name} is left out: this machine lacks {missing}", file=sys.stderr)
        else:
            systems.append(name)
    peers = [name for name, system in SYSTEMS.items() if system.peer]
    for task_name in args.tasks:
        task = load_task(task_name, args.data)
        settings = {
            "task": task_name,
            "data": "full file" if args.data and task_name != "dimuon" else "shipped",
            "rows": [len(task.X), len(task.X_test)],
            "operators": " ".join(task.operators),
            "maxsize": MAXSIZE,
            "seconds": args.seconds,
            "peer_seconds": args.peer_seconds,
            "threads": args.threads,
            "versions": versions("pyoperon", "gplearn", "pysr"),
        }
        file = "dimuon.json" if task_name == "dimuon" else f"tagger_{task_name}.json"
        records = Records(args.out / file, settings)
        # Seed by seed, so that all systems see the same state of the machine.
        for seed in range(1, args.seeds + 1):
            for name in systems:
                key = f"{name}, seed {seed}"
                if key in records.results:
                    continue
                seconds = args.peer_seconds if SYSTEMS[name].peer else args.seconds
                run = SYSTEMS[name].search(task, seconds, seed, args.threads)
                judge = Judge(task)
                curve = judge.curve(run.fronts)
                records.add(
                    key, {"facts": run.facts, "curve": curve, "front": judge.front(run.fronts[-1][1])}
                )
                print(
                    task_name,
                    key,
                    curve[-1][1][0],
                    f"{run.facts['seconds']:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )
        runs = {
            name: known
            for name in SYSTEMS
            if (known := [run for key, run in records.results.items() if key.startswith(f"{name}, seed ")])
        }
        print(f"## {task_name}\n\n{tables(runs, peers, args.seconds, args.peer_seconds)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
