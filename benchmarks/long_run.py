"""`python -m benchmarks.long_run`: speed and memory of runs of growing length, first received, then replayed.

One participant of each orientation answers the slider's 15 items in so many repetitions; the simulated respondent
answers, every reply goes through the reply store, and tables are written as a run writes them. Each run has a process
of its own, whose peak of resident memory is told, without the summary and figures and with them. A replayed run makes
no call: 5,000 decisions a second are the aim, and the same memory whatever the length.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hydra import compose, initialize_config_dir

from experiments.catalogue import CATALOGUE


def one(folder: Path, repetitions: int, mode: str) -> None:
    """Do one run in this process, and print its figures as JSON."""
    from experiments.report import redraw
    from experiments.setup import experiment
    from experiments.store import Writer

    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        config = compose(
            "config",
            [
                "experiment=slider",
                f"repetitions={repetitions}",
                f"replies.store={folder}/replies.sqlite",
                f"replies.mode={mode}",
                "progress=false",
            ],
        )
    made = experiment(config)
    writer = Writer(folder / mode, made.terms.payer)
    writer.manifest(made, "running")
    wall, cpu = time.perf_counter(), time.process_time()
    made.run(writer.keep)
    writer.close()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    writer.manifest(made, "finished", None, wall)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    redraw(folder / mode)
    drawn = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": memory, "drawn": drawn}))


def compare(lengths: list[int]) -> None:
    """Run each length twice, and print the table."""
    print(f"{'decisions':>10} {'replies':<9}{'decisions/s':>12}{'CPU ms':>8}{'peak MB':>9}{'with figures':>14}")
    for length in lengths:
        repetitions = max(1, round(length / 60))
        with tempfile.TemporaryDirectory() as folder:
            for mode, words in (("live", "received"), ("replay", "replayed")):
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.long_run", "--one", folder, str(repetitions), mode],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                found = json.loads(done.stdout.splitlines()[-1])
                decisions = repetitions * 60
                speed, cpu = decisions / found["wall"], found["cpu"] / decisions * 1000
                told = f"{speed:>12,.0f}{cpu:>8.2f}{found['memory']:>9.0f}{found['drawn']:>14.0f}"
                print(f"{decisions:>10,} {words:<9}{told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Speed and memory of runs of growing length.")
    parser.add_argument("--lengths", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="decisions")
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "REPETITIONS", "MODE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(Path(given.one[0]), int(given.one[1]), given.one[2])
    else:
        compare(given.lengths)
