"""Running the real commands, for tests from end to end."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from games.svo import WEIGHTS, Orientation

CHECKOUT = Path(__file__).resolve().parent.parent
OPTION = re.compile(r"^([A-I]): you receive (\d+) points, the other person receives (\d+)", re.MULTILINE)


def command(module: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m module words…` in the checkout, as a person would run it."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
        check=False,
    )


def run(folder: Path, *overrides: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One run into a folder, with a reply store of its own beside it. Figures, which take long, only if asked for."""
    where = (f"hydra.run.dir={folder}", f"replies.store={store(folder)}", "figures=[]")
    return command("experiments.run", *where, *overrides, **environment)


def store(folder: Path) -> Path:
    """The reply store of a run."""
    return folder.with_name(f"{folder.name}-replies.sqlite")


def small(*overrides: str) -> tuple[str, ...]:
    """Overrides for a society that is over soon: one group, three rounds, primary items only."""
    cells = [f"population.cells.{one.value}.count=1" for one in Orientation]
    short = ("game.rules.rounds=3", "measure.instrument.secondary=false", "statistics.resamples=200", "figures=[]")
    return (*cells, *short, *overrides)


def told(body: dict[str, Any], index: int) -> str:
    """How a perfectly rational respondent answers, read off the words alone: the value in them decides."""
    del index
    words = body["messages"][0]["content"]
    orientation = next(one for one in Orientation if one.value in words)
    own, other = WEIGHTS[orientation]
    options = OPTION.findall(body["messages"][-1]["content"])
    if options:
        return max(options, key=lambda option: own * int(option[1]) + other * int(option[2]))[0]
    return "20" if orientation in {Orientation.ALTRUISTIC, Orientation.PROSOCIAL} else "0"
