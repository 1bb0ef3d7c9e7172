"""The verdict of each pass rule on a run, what was observed, and what would settle an undecided one."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.pass_figures import Figure, Figures, fewest_units
from experiments.pass_intervals import REPETITIONS, unseen
from experiments.pass_rules import EVERYBODY, FARTHEST, Rule, Verdict
from experiments.statistics import FEWEST_UNITS


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule came to for one cell, or for all together.

    settles: for an undecided one, what would settle it; otherwise "".
    """

    rule: Rule
    cell: str
    synthetic: bool
    verdict: Verdict
    observed: str
    settles: str

    @property
    def what(self) -> str:
        """The cell and the quantity, with the mark of synthetic data."""
        return f"{self.cell}{' (SYNTHETIC)' if self.synthetic else ''}  {self.rule.subject}"

    @property
    def wanted(self) -> str:
        """What is wanted, in words."""
        at = f" at {100 * self.rule.confidence:g}%" if self.rule.inferred else ""
        return f"wanted {self.rule.wanted.told(self.rule.about)}{at}"

    @property
    def line(self) -> str:
        """The judgement in a line."""
        settles = f"; {self.settles}" if self.settles else ""
        return f"{self.verdict.value:<9}  {self.what}: {self.observed}; {self.wanted}{settles}"


def judgements(figures: Figures, rule: Rule) -> Iterator[Judgement]:
    """A rule's judgement of each cell that it means, or of all together; none if it means no cell.

    Raises SettingError for a rule that cannot be applied to the run.
    """
    names = figures.selected(rule)
    for cells in [names] if rule.key == EVERYBODY and names else [[name] for name in names]:
        label = EVERYBODY if rule.key == EVERYBODY else cells[0]
        found = figures.figure(rule, cells)
        verdict, settles = judged(rule, found)
        synthetic = any(bool(figures.cells[name]["synthetic"]) for name in cells)
        yield Judgement(rule, label, synthetic, verdict, _told(rule, found), settles)


def judged(rule: Rule, found: Figure) -> tuple[Verdict, str]:
    """The verdict on a figure, and what would settle an undecided one."""
    one = found.interval
    if not rule.inferred:
        assert one.estimate is not None
        return rule.wanted.verdict(one.estimate, one.estimate), ""
    if one.estimate is None and found.bounds is None:
        why = "no readable reply gives this figure" if found.failed else "it is not defined for what was answered here"
        return Verdict.UNDECIDED, found.note or why
    if one.low is None or one.high is None:
        if found.note:
            return Verdict.UNDECIDED, found.note
        fewest = FEWEST_UNITS if rule.of_a_share else fewest_units(rule.confidence)
        return Verdict.UNDECIDED, (
            f"too few {one.unit} for an interval at {100 * rule.confidence:g}%: "
            f"at least {fewest}, so {max(1, fewest - one.units)} more"
        )
    verdict = rule.wanted.verdict(one.low, one.high)
    return verdict, _settling(rule, found) if verdict == Verdict.UNDECIDED else ""


def _settling(rule: Rule, found: Figure) -> str:
    one = found.interval
    assert one.low is not None
    assert one.high is not None
    if found.bounds is not None and rule.wanted.verdict(*found.bounds) == Verdict.UNDECIDED:
        return f"failed replies leave it open: fewer of them, not more {one.unit}, would settle it"
    estimates = found.bounds or (one.estimate, one.estimate)
    assert estimates[0] is not None
    assert estimates[1] is not None
    if found.ends:
        return _agreeing(rule, found, (estimates[0], estimates[1]), found.ends)
    if rule.of_a_share:
        times = rule.wanted.more_of_a_share(estimates[0], one.low, one.high)
    else:
        times = rule.wanted.narrowing((estimates[0], estimates[1]), one.low, one.high) ** 2
    needed = one.units * times
    if not math.isfinite(needed):
        return f"the estimate lies on the limit, so no number of {one.unit} would settle it"
    if needed > FARTHEST:
        return f"the estimate lies so near the limit that more than a million {one.unit} would be needed"
    if one.unit == REPETITIONS:
        wide = math.floor(100 / math.sqrt(times))
        return f"an interval {wide}% as wide would settle it: lower stop.half_width, or raise stop.max_repetitions"
    more = max(1, math.ceil(needed) - one.units)
    return f"about {_many(more, f'more {one.unit}')} would settle it"


def _agreeing(rule: Rule, found: Figure, estimates: tuple[float, float], ends: tuple[float, float]) -> str:
    """What would settle a mean on which all units agree."""
    units, unit = found.interval.units, found.interval.unit
    agree = f"all {_many(units, unit)} agree"
    if not all(map(math.isfinite, ends)):
        return f"{agree}, and a {rule.quantity} has no known ends, so nothing says how far others may lie"
    agree += f", which leaves room for {unseen(units, rule.confidence):.0%} unseen others"
    room = rule.wanted.room(estimates, ends)
    if room == 0:
        return f"{agree}; the estimate lies on the limit, so no number of {unit} would settle it"
    needed = math.log((1 - rule.confidence) / 2) / math.log1p(-room)
    if needed > FARTHEST:
        return f"{agree}; the estimate lies so near the limit that more than a million {unit} would be needed"
    more = max(1, math.ceil(needed) - units)
    return f"{agree}; about {_many(more, f'more {unit}')} that agree too would settle it"


def _told(rule: Rule, found: Figure) -> str:
    """What was observed, in words."""
    one, about = found.interval, rule.about
    if not rule.inferred:
        assert one.estimate is not None
        said = about.told(one.estimate)
        return f"{said} ({found.counted})" if rule.quantity == "max_failure" else f"{said} {found.counted}"
    said = "–"
    if one.estimate is not None:
        said = about.told(one.estimate)
    elif found.bounds is not None:
        said = f"{about.told(found.bounds[0])} to {about.told(found.bounds[1])}"
    counted = f"{_many(one.units, one.unit)}{', all alike' if found.ends else ''}, {found.failed:.1%} failed"
    if one.low is not None and one.high is not None:
        if math.isfinite(one.high - one.low):
            said += f" [{about.told(one.low)}, {about.told(one.high)}]"
        counted += f", {found.note}" if found.note else ""
    return f"{said} ({counted})"


def _many(count: int, unit: str) -> str:
    return f"{count:,} {unit.removesuffix('s') if count == 1 else unit}"
