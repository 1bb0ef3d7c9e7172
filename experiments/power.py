"""How many participants and repetitions does it take to see a difference?  python -m experiments.power [--pilot …] …

Simulates the study many times with SYNTHETIC respondents, or with normal ones of a pilot's variances, and tests each.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.exits import refused
from games.errors import CommonwealError, SettingError

if TYPE_CHECKING:
    from experiments.pilot import Pilot
    from experiments.power_simulation import Planned
    from experiments.respondents import NormalRespondents, SliderRespondents

_DIFFERENCES = {"angle": 5.0, "value_rationality": 0.05, "value_rationality_corrected": 0.1, "cooperation": 0.1}
_UNITS = {"angle": "°"}
_PILED = 0.5
"""From this share of equal values on, normal ones are said to be a poor stand-in."""


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m experiments.power", description=(__doc__ or "").split("\n\n")[0])
    made.add_argument("--quantity", default="angle", help=f"{', '.join(_DIFFERENCES)}; the last two need --pilot")
    made.add_argument("--difference", type=float, help="between two cells; 5 degrees, 0.05 or 0.1 if left out")
    made.add_argument("--pilot", type=Path, metavar="RUN", help="folder of a run to take variances and failures from")
    made.add_argument("--orientation", help="of the first cell (prosocial), or of the pilot's cells (all)")
    made.add_argument("--spread", type=float, help="sd of ring angles between simulated participants, degrees (8)")
    made.add_argument("--precision", type=float, help="logit precision of simulated participants, per point (0.4)")
    made.add_argument("--unreadable", type=float, help="share of items that a simulated participant leaves open (0.01)")
    made.add_argument("--participants", default="5,10,20,40", help="in a cell, or groups; numbers with commas")
    made.add_argument("--repetitions", help="administrations to each; numbers with commas (1,3,10)")
    made.add_argument("--items", type=int, choices=(6, 15), help="of the slider: 6 without the secondary items, or 15")
    made.add_argument("--alpha", type=float, default=0.05, help="level of the test")
    made.add_argument("--comparisons", type=int, default=1, help="pairs of cells compared; alpha is divided by it")
    made.add_argument("--power", type=float, default=0.8, help="that is wanted")
    made.add_argument("--simulations", type=int, default=1000, help="simulated studies")
    made.add_argument("--seed", type=int, default=1, help="of the simulation")
    made.add_argument("--csv", type=Path, help="write the table there, too")
    return made


def _numbers(name: str, text: str) -> list[int]:
    try:
        return [int(one) for one in text.split(",")]
    except ValueError:
        raise SettingError(f"--{name} {text}: write whole numbers with commas, such as 5,10,20") from None


def _respondents(
    given: argparse.Namespace, difference: float
) -> "tuple[SliderRespondents | NormalRespondents, Pilot | None]":
    """Who is simulated, and the pilot that says so. Raises SettingError for settings that do not go together."""
    from experiments.pilot import pilot
    from experiments.respondents import QUANTITIES, NormalRespondents, SliderRespondents

    own = {name: getattr(given, name) for name in ("spread", "precision", "unreadable")}
    chosen = {name: value for name, value in own.items() if value is not None}
    if given.pilot is None:
        if given.quantity not in QUANTITIES:
            raise SettingError(f"--quantity {given.quantity} needs the variances of a real run: --pilot <run folder>")
        where = {} if given.orientation is None else {"orientation": given.orientation}
        return SliderRespondents(difference, given.quantity, **where, **chosen), None
    if chosen:
        raise SettingError(f"--{next(iter(chosen))} is of simulated respondents; with --pilot the pilot says it")
    if given.items is not None:
        raise SettingError("--items is of simulated respondents; with --pilot the pilot says how many were asked")
    found = pilot(given.pilot, given.quantity, given.orientation)
    return NormalRespondents(difference, found.between, found.within, found.failed_share), found


def rows(
    planned: "Sequence[Planned]", calls: float, difference: float, quantity: str, wanted: float
) -> list[dict[str, object]]:
    """The rows of the table, as they go into a file."""
    return [
        {
            "quantity": quantity,
            "difference": difference,
            "participants": one.participants,
            "repetitions": one.repetitions,
            "power": one.power,
            "low": one.low,
            "high": one.high,
            "enough": one.power >= wanted,
            "sd_of_mean": one.sd,
            "calls": round(calls * one.participants * one.repetitions),
            "simulated": True,
        }
        for one in planned
    ]


def _show(found: Sequence[dict[str, object]], given: argparse.Namespace, title: str, lines: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    grouped = given.quantity == "cooperation"
    sizes = ("groups a cell",) if grouped else ("participants a cell", "repetitions")
    names = (
        *sizes,
        "power",
        "simulation error",
        f"sd of a mean {_UNITS.get(given.quantity, '')}".strip(),
        "calls a cell",
    )
    for name in names:
        made.add_column(re.sub(r" (a cell|error|a mean)", r"\n\1", name), justify="right", no_wrap=True)
    made.add_column("", no_wrap=True)
    form = ".2f" if given.quantity == "angle" else ".4f"
    for row in found:
        size = [str(row["participants"])] + ([] if grouped else [str(row["repetitions"])])
        told = [f"{row['power']:.0%}", f"{row['low']:.0%} to {row['high']:.0%}", f"{row['sd_of_mean']:{form}}"]
        style = "bold" if row["enough"] else ""
        made.add_row(*size, *told, f"{row['calls']:,}", "enough" if row["enough"] else "", style=style)
    console = Console(highlight=False)
    console.print(made)
    for line in lines:
        console.print(line, markup=False)


def _least(
    found: Sequence[dict[str, object]], respondents: "SliderRespondents | NormalRespondents", given: argparse.Namespace
) -> list[str]:
    """For each number of repetitions, the least study of the table that is enough, and what the formula says."""
    from experiments.power_simulation import needed

    level = given.alpha / given.comparisons
    tried = sorted({int(str(row["participants"])) for row in found})
    lines = [
        f"With {number} a cell the least p that exists is {2 / comb(2 * number, number):.2g}, so nothing can be found."
        for number in tried
        if 2 / comb(2 * number, number) > level
    ]
    for repeated in sorted({int(str(row["repetitions"])) for row in found}):
        mine = [row for row in found if row["repetitions"] == repeated]
        enough = [row for row in mine if row["enough"]]
        formula = needed(respondents, given.difference, repeated, level, given.power)
        simulated = f"{enough[0]['participants']}" if enough else f"more than {mine[-1]['participants']}"
        by_formula = "" if formula is None else f"; {formula} by the normal formula"
        who = "Groups" if given.quantity == "cooperation" else f"With {repeated} repetition(s), participants"
        lines.append(f"{who} a cell for a power of {given.power:.0%}: {simulated}, of the numbers tried{by_formula}.")
    return lines


def _plan(given: argparse.Namespace) -> None:
    from experiments.power_simulation import plan

    if given.quantity not in _DIFFERENCES:
        raise SettingError(f"--quantity {given.quantity} is unknown; known: {', '.join(_DIFFERENCES)}")
    if given.difference is None:
        given.difference = _DIFFERENCES[given.quantity]
    if given.difference < 0:
        raise SettingError(f"--difference {given.difference:g}: its size, which is at least 0")
    if not 0 < given.power < 1 or given.comparisons < 1:
        raise SettingError("--power lies between 0 and 1, and --comparisons is at least 1")
    respondents, pilot = _respondents(given, given.difference)
    groups = given.quantity == "cooperation"
    if groups and given.repetitions not in {None, "1"}:
        raise SettingError("--repetitions: a group plays once; plan the number of groups with --participants")
    repetitions = [1] if groups else _numbers("repetitions", given.repetitions or "1,3,10")
    planned = plan(
        respondents,
        _numbers("participants", given.participants),
        repetitions,
        given.alpha / given.comparisons,
        given.simulations,
        given.seed,
    )
    calls = pilot.calls if pilot else float(given.items or 6)
    found = rows(planned, calls, given.difference, given.quantity, given.power)
    sign = _UNITS.get(given.quantity, "")
    title = (
        f"SYNTHETIC respondents · power to see a difference of {given.difference:g}{sign} in "
        f"{given.quantity.replace('_', ' ')} between two cells · level {given.alpha:g}"
        f"{f' / {given.comparisons} comparisons' if given.comparisons > 1 else ''} · "
        f"{given.simulations} simulated studies"
    )
    _show(found, given, title, [*_about(respondents, pilot, given), *_least(found, respondents, given)])
    if given.csv is not None:
        import pandas as pd

        pd.DataFrame(found).to_csv(given.csv, index=False)
        print(given.csv)


def _about(
    respondents: "SliderRespondents | NormalRespondents", pilot: "Pilot | None", given: argparse.Namespace
) -> list[str]:
    """What the simulated respondents are like, and where that is known from."""
    sign = _UNITS.get(given.quantity, "")
    between, within = respondents.between**0.5, respondents.within**0.5
    form = ".1f" if sign else ".3f"
    told = f"sd between units σ_b {between:{form}}{sign}"
    if given.quantity != "cooperation" and (pilot is None or pilot.separable):
        told += f", of one administration σ_w {within:{form}}{sign}; a cell's mean has variance (σ_b² + σ_w² / r) / n"
    if pilot is None:
        lines = [f"Respondents as model=synthetic simulates them: {told}."]
    else:
        whose = "of simulated respondents" if pilot.synthetic else "of language models"
        lines = [
            f"Normal values with the variances of {given.pilot} ({whose}; {pilot.units} {pilot.unit} in {pilot.cells} "
            f"cell(s), {pilot.failed_share:.1%} without a value): {told}."
        ]
        if pilot.units - pilot.cells < 20:
            lines.append(
                f"{pilot.units - pilot.cells} degrees of freedom say little of σ_b; plan for more than the least."
            )
        if pilot.piled >= _PILED:
            lines.append(
                f"Warning: {pilot.piled:.0%} of the pilot's values are the commonest of their cell, as at a ceiling: "
                "normal values are a poor stand-in, and its variance rests on few units; plan for more."
            )
        if not pilot.separable and given.quantity != "cooperation":
            lines.append(
                "The pilot has one administration each, so σ_w is unknown and repetitions seem to bring nothing."
            )
    return lines


def main(arguments: Sequence[str]) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        _plan(given)
    except (CommonwealError, OSError) as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
