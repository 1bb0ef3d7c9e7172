"""How much of a measure's variance is the value, how much the phrasing:  python -m experiments.variance <run or sweep>.

Writes `variance.csv` and `variance.json` into the folder. `experiments.variance_components` says how it is computed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.exits import refused
from games.errors import CommonwealError, SettingError

if TYPE_CHECKING:
    from experiments.statistics import Resampling
    from experiments.variance_components import Component
    from experiments.variance_design import Design

_SAME_DRAWS = ": simulated respondents of one number and seed draw the same answers in every job, whatever the wording"


def variance(design: "Design", quantity: str, resampling: "Resampling") -> dict[str, Any]:
    """The decomposition of a design as it goes into `variance.json`.

    groups, components: name, kind, factors, variance (squared unit, unbiased, so it may be below 0), sd, share (an
    interval; cut to [0, 1]). The components add to `total`, and so do the groups.
    """
    from experiments.variance_components import decompose

    found = decompose(design.answers, resampling, groups=design.groups, unit=design.unit)
    notes = list(design.notes)
    if constant := [one.name for one in found.components if one.constant]:
        notes.append(
            f"No interval for {', '.join(constant)}: exactly 0 in every resample, as answers never differed. That is "
            f"no proof of no effect{_SAME_DRAWS if design.synthetic else ''}."
        )
    return {
        "quantity": quantity,
        "measure": design.measure,
        "phase": design.phase,
        "synthetic": design.synthetic,
        "confidence": resampling.confidence,
        "administrations": design.administrations,
        "failed_share": design.failed_share,
        "levels": design.answers.levels,
        "total": found.total,
        "groups": [_row(one, one.name) for one in found.groups],
        "components": [_row(one, _kind(one, design)) for one in found.components],
        "notes": notes,
    }


def _kind(component: "Component", design: "Design") -> str:
    """The group that a component is part of: the first that has one of its factors."""
    if not component.factors:
        return "respondents"
    return next(name for name, factors in design.groups.items() if set(factors) & set(component.factors))


def _row(component: "Component", kind: str) -> dict[str, Any]:
    return {
        "name": component.name,
        "kind": kind,
        "factors": list(component.factors),
        "variance": component.variance,
        "sd": component.sd,
        "share": asdict(component.share),
    }


def table_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of `variance.csv`: components, then the groups that they add to."""
    return [
        {
            "part": one["name"],
            "of": "component" if part == "components" else "group",
            "kind": one["kind"],
            "variance": one["variance"],
            "sd": one["sd"],
            **{name: one["share"][name] for name in ("estimate", "low", "high", "units", "unit")},
            "quantity": found["quantity"],
            "synthetic": found["synthetic"],
        }
        for part in ("components", "groups")
        for one in found[part]
    ]


def show(found: dict[str, Any]) -> None:
    """Tell a decomposition at the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from experiments.variance_design import QUANTITIES

    sign = QUANTITIES[found["quantity"]]
    units = found["components"][0]["share"]
    title = (
        f"{'SYNTHETIC respondents · ' if found['synthetic'] else ''}variance of the {found['measure']}'s "
        f"{found['quantity'].replace('_', ' ')}, {found['phase']} play · {found['administrations']} administrations, "
        f"{found['failed_share']:.1%} without a value · {units['units']} {units['unit']}, "
        f"{found['confidence']:.0%} intervals"
    )
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    made.add_column("part", no_wrap=True)
    for name in ("share", "interval", f"sd {sign}".strip()):
        made.add_column(name, justify="right", no_wrap=True)
    form = ".1f" if sign else ".3f"
    for part in ("groups", "components"):
        for one in found[part]:
            share = one["share"]
            limits = "–" if share["low"] is None else f"{_percent(share['low'])} to {_percent(share['high'])}"
            style = "bold" if part == "groups" else ""
            made.add_row(one["name"], _percent(share["estimate"]), limits, f"{one['sd']:{form}}", style=style)
        if part == "groups":
            made.add_section()
    console = Console(highlight=False)
    console.print(made)
    levels = "; ".join(f"{name}: {', '.join(of)}" for name, of in found["levels"].items())
    for line in (f"Levels ({levels}) weigh the same, and shares are of these levels alone.", *found["notes"]):
        console.print(line, markup=False, soft_wrap=True)
    if any(one["variance"] < 0 for one in found["components"]):
        console.print("Shares whose estimate is below 0 are shown as 0; variance.csv has the estimates.", markup=False)


def _percent(share: float) -> str:
    """A share to one decimal; what would be rounded to nothing is told as little."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def write(found: dict[str, Any], folder: Path) -> list[Path]:
    """Write `variance.csv` and `variance.json` into a folder."""
    import pandas as pd

    from experiments.store import write_json

    path = folder / "variance.csv"
    pd.DataFrame(table_rows(found)).to_csv(path, index=False)
    return [path, write_json(folder, "variance", found)]


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m experiments.variance", description=(__doc__ or "").split("\n\n")[0])
    made.add_argument("folder", type=Path, help="folder of a run, or of a sweep")
    made.add_argument(
        "--factors", help="names with commas: orientation,model,wording,language,induction,framing,order,…"
    )
    made.add_argument("--without", action="append", default=[], metavar="FACTOR=LEVEL,…", help="leave levels out")
    made.add_argument(
        "--mix", default="", metavar="KINDS", help="allow jobs to differ: code, models, prompts, schema, or all"
    )
    made.add_argument("--quantity", default="angle", help="angle, deviation, value_rationality, …_corrected")
    made.add_argument("--phase", help="before or after; before if there is one")
    made.add_argument("--resamples", type=int, default=2000, help="bootstrap resamples")
    made.add_argument("--confidence", type=float, default=0.95, help="of the intervals")
    made.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    return made


def _without(given: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        name, equals, levels = one.partition("=")
        if not equals or not levels:
            raise SettingError(f"--without {one}: write factor=level, such as induction=hvae")
        found.setdefault(name, []).extend(levels.split(","))
    return found


def main(arguments: Sequence[str]) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    from experiments.agreement import mixed
    from experiments.statistics import Resampling
    from experiments.variance_design import design

    try:
        resampling = Resampling(given.resamples, given.confidence, given.seed)
        factors = given.factors.split(",") if given.factors else None
        made = design(given.folder, given.quantity, factors, _without(given.without), given.phase, mixed(given.mix))
        found = variance(made, given.quantity, resampling)
        show(found)
        for path in write(found, given.folder):
            print(path)
    except CommonwealError as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
