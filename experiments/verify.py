"""Check runs against pass rules:  python -m experiments.verify <rules.yaml> <run or sweep folder> …

Exit code 0: every rule passes. 1: one fails, or is undecided (`--undecided pass` lets those through). 2: the rules or a
run cannot be used. No model is asked, so it needs no key.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.exits import refused
from games.errors import CommonwealError

if TYPE_CHECKING:
    from experiments.junit import Suite
    from experiments.pass_figures import Figures
    from experiments.pass_judgements import Judgement
    from experiments.pass_rules import Rule


_SHOWN = 8
"""How many names an error lists."""


def main(given: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    asked = _arguments(given)
    try:
        if asked.junit:
            # Results of an earlier check must not stand for this one, however it ends.
            asked.junit.unlink(missing_ok=True)
        return _do(asked)
    except (CommonwealError, OSError) as error:
        if asked.junit:
            _write_refusal(asked, str(error))
        return refused(error)


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.verify",
        description="Check runs against pass rules. No model is asked, so it needs no key.",
        epilog="exit code: 0 every rule passes, 1 one fails or is undecided, 2 the rules or a run cannot be used",
    )
    parser.add_argument("rules", type=Path, help="YAML file of pass rules, such as docs/recorded/pass_rules.yaml")
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="run", help="folder of a run, or of a sweep: all its jobs"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML, too")
    parser.add_argument(
        "--undecided",
        choices=("fail", "pass"),
        default="fail",
        help="what an undecided rule counts as; default: %(default)s, as no evidence is no pass",
    )
    parser.add_argument("--unfinished", action="store_true", help="check runs that did not come to their end, too")
    return parser.parse_args(given)


def _write_refusal(asked: argparse.Namespace, said: str) -> None:
    """Write a JUnit file with one error, for a check that could not be made, where a file can be written at all."""
    from experiments.junit import ERROR, Case, Suite, write_junit

    case = Case("verify", "the rules and the runs can be used", ERROR, said, 0.0)
    with suppress(OSError):
        write_junit(asked.junit, [Suite("verify", {"rules": str(asked.rules)}, [case], said)], datetime.now(UTC))


def _say(words: str) -> None:
    """Print. If nobody reads any more, as after `| head`, go on: the exit code and the JUnit file are still wanted."""
    try:
        print(words, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _do(asked: argparse.Namespace) -> int:
    from experiments.junit import write_junit
    from experiments.pass_figures import Figures
    from experiments.pass_file import read_rules
    from experiments.pass_rules import Verdict
    from experiments.tables import read_tables

    rules = read_rules(asked.rules)
    folders = [folder for given in asked.runs for folder in _jobs(given, asked.unfinished)]
    checked = {folder: Figures(read_tables(folder)) for folder in folders}
    _refuse(rules, checked, asked)
    found: list[Judgement] = []
    suites = []
    for folder, figures in checked.items():
        suite, some = _suite(asked, folder, rules, figures)
        _say(suite.out)
        suites.append(suite)
        found += some
    _say(_footer(found, asked.undecided))
    if asked.junit:
        write_junit(asked.junit, suites, datetime.now(UTC))
        _say(f"JUnit: {asked.junit}")
    counts = Counter(one.verdict for one in found)
    return 1 if counts[Verdict.FAIL] or (counts[Verdict.UNDECIDED] and asked.undecided == "fail") else 0


def _jobs(given: Path, unfinished: bool) -> list[Path]:
    """The folder of a run, or those of a sweep's jobs. Raises SettingError for a sweep under way or without some."""
    from experiments.collected_jobs import find, missing
    from experiments.store import read_json
    from games.errors import SettingError

    if (given / "sweep.json").exists() and read_json(given, "sweep").get("status") == "running" and not unfinished:
        raise SettingError(f"{given}: this sweep has not ended; wait for it, or check what is there with --unfinished")
    if (lacking := missing([given], given)) and not unfinished:
        told = ", ".join(f"job {one['job']} ({one['status']})" for one in lacking)
        raise SettingError(f"{given}: no run of {told}; finish the sweep, or check what is there with --unfinished")
    return [one.folder for one in find([given], given)]


def _refuse(rules: "Sequence[Rule]", checked: "dict[Path, Figures]", asked: argparse.Namespace) -> None:
    """Raise SettingError for a run that did not come to its end, and for a rule or a selector that means no cell."""
    from experiments.pass_file import near
    from games.errors import SettingError

    for folder, figures in checked.items():
        if figures.status != "finished" and not asked.unfinished:
            raise SettingError(
                f"{folder}: this run is {figures.status}, so its figures may change; "
                "start its command again, or check it as it is with --unfinished"
            )
    cells = {name: cell for figures in checked.values() for name, cell in figures.cells.items()}
    for rule in rules:
        if idle := rule.idle(cell for figures in checked.values() for cell in figures.cells.values()):
            name, word, known = idle
            means = f"{asked.rules}: {rule.name} where {_where(rule)}: {name} {word} means no cell"
            raise SettingError(f"{means}; {_there(near(word, known), known)}")
        if not any(figures.selected(rule) for figures in checked.values()):
            meant = f"{rule.name}{f' where {_where(rule)}' if rule.where else ''}"
            orientations = dict.fromkeys(str(cell["orientation"]) for cell in cells.values())
            asks = near(rule.key, [*orientations, *cells]) if rule.key else ""
            raise SettingError(f"{asked.rules}: {meant} means no cell; {_there(asks, list(cells))}")


def _where(rule: "Rule") -> str:
    return ", ".join(f"{name} is {' or '.join(words)}" for name, words in rule.where.items())


def _there(asks: str, names: "Sequence[str]") -> str:
    """The names that there are, the nearest first; not all of many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{asks}{' ' * bool(asks)}There are {', '.join(names[:_SHOWN])}{more}"


def _suite(
    asked: argparse.Namespace, folder: Path, rules: "Sequence[Rule]", figures: "Figures"
) -> "tuple[Suite, list[Judgement]]":
    """What is said of one run, and the judgements."""
    from experiments.junit import Case, Suite
    from experiments.pass_rules import Verdict

    head = [f"{folder}: {figures.title}", *figures.marks()]
    kinds = {
        Verdict.PASS: "passed",
        Verdict.FAIL: "failed",
        Verdict.UNDECIDED: "undecided" if asked.undecided == "fail" else "skipped",
    }
    timed = list(_timed(rules, figures))
    cases = [
        Case(f"{figures.experiment}.{one.rule.name}", f"{one.what}; {one.wanted}", kinds[one.verdict], one.line, took)
        for one, took in timed
    ]
    properties = {
        "rules": str(asked.rules),
        "run": str(folder),
        "experiment": figures.experiment,
        "status": figures.status,
        "synthetic": figures.synthetic,
        "undecided counts as": asked.undecided,
    }
    lines = [one.line for one, _ in timed]
    return Suite(str(folder), properties, cases, "\n".join([*head, *lines])), [one for one, _ in timed]


def _timed(rules: "Sequence[Rule]", figures: "Figures") -> "Iterator[tuple[Judgement, float]]":
    """The judgements of a run, each with the seconds that it took."""
    from time import perf_counter

    from experiments.pass_judgements import judgements

    for rule in rules:
        begun = perf_counter()
        for one in judgements(figures, rule):
            yield one, perf_counter() - begun
            begun = perf_counter()


def _footer(found: "Sequence[Judgement]", undecided: str) -> str:
    """How many rules passed, and how often so many would go wrong."""
    from experiments.pass_rules import Verdict

    counts = Counter(one.verdict for one in found)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    said = [f"{len(found)} {'check' if len(found) == 1 else 'checks'}: {told}"]
    if counts[Verdict.UNDECIDED]:
        said[0] += f" (undecided counts as {undecided})"
    inferred = [one.rule for one in found if one.rule.inferred]
    if inferred:
        wrongly = max((1 - rule.confidence) / 2 for rule in inferred)
        falsely = min(1.0, sum(rule.wanted.limits * (1 - rule.confidence) / 2 for rule in inferred))
        said += [
            f"all pass although one is not met: at most {wrongly:.1%}, however many rules (intersection-union test, "
            "Berger 1982)",
            f"one fails although all are met: at most {falsely:.1%}",
            "both as far as the intervals keep their confidence, which few units strain",
        ]
    return "\n".join(said)


if __name__ == "__main__":
    sys.exit(main())
