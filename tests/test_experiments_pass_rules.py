"""Pass rules: their file, the verdict on a figure, what settles an undecided one, the command and its JUnit file."""

import json
import math
import os
import shutil
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as some

from experiments.drift import drift
from experiments.junit import ERROR, Case, Suite, write_junit
from experiments.pass_figures import Figure, Figures, fewest_units
from experiments.pass_file import parsed, read_rules
from experiments.pass_intervals import scale, unseen, widened
from experiments.pass_judgements import judged, judgements
from experiments.pass_rules import QUANTITIES, Range, Rule, Verdict
from experiments.statistics import Interval, Resampling
from experiments.stopping import stopping
from experiments.tables import read_tables
from experiments.verify import _there, main
from games.errors import SettingError
from games.rationality import chance_corrected
from tests.commands import CHECKOUT, command, run

EXAMPLE = CHECKOUT / "docs" / "recorded" / "pass_rules.yaml"
TOLD = CHECKOUT / "docs" / "pass_rules.md"


def rules(text):
    return tuple(parsed(yaml.safe_load(text)))


# --- the file ------------------------------------------------------------------------------------------------------


def test_the_short_form():
    angle, failure = rules("altruistic: {angle: [50, 61.4], confidence: 0.9, max_failure: 0.02}")
    assert (angle.key, angle.quantity, angle.wanted, angle.confidence) == ("altruistic", "angle", Range(50, 61.4), 0.9)
    assert (failure.quantity, failure.wanted, failure.inferred) == ("max_failure", Range(None, 0.02), False)


def test_the_other_forms():
    first, second = rules("altruistic: [{angle: {min: 50}}, {angle: {max: 60}, phase: after}]")
    assert (first.wanted, first.phase) == (Range(50, None), "before")
    assert (second.wanted, second.phase) == (Range(None, 60), "after")
    (listed,) = rules("- {where: {orientation: [altruistic, prosocial], induction: label}, angle: [null, 60]}")
    assert listed.where == {"orientation": ("altruistic", "prosocial"), "induction": ("label",)}
    assert (listed.key, listed.wanted) == ("", Range(None, 60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("altruistic: {angel: [50, 61]}", "unknown key in altruistic 'angel'; known: .* did you mean angle?"),
        ("- {where: {inductoin: x}, angle: [50, 61]}", "did you mean induction?"),
        ("altruistic: {angle: {mn: 50}}", "did you mean min?"),
        ("altruistic: {angle: 50}", "50 is no range"),
        ("altruistic: {angle: [60, 50]}", "is empty; write the lower limit first"),
        ("altruistic: {angle: [null, null]}", "allows every value"),
        ("altruistic: {cooperation: [0, 1]}", "allows every value"),
        ("altruistic: {cooperation: [0.1, 80]}", "80 must be null or a number from 0 to 1"),
        ("altruistic: {angle: [.nan, 50]}", "nan must be null or a number"),
        ("altruistic: {angle: [true, 50]}", "True must be null or a number"),
        ("altruistic: {angle: [50, 61], confidence: 95}", "confidence=95 must be at least 0.5 and below 1"),
        ("altruistic: {angle: [50, 61], phase: play}", "unknown phase in altruistic 'play'; known: before, after"),
        ("altruistic: {max_failure: 2}", r"max_failure=2 must lie on \[0, 1\]"),
        ("altruistic: {min_participants: 0.5}", "must be a whole number of at least 1"),
        ("altruistic: {confidence: 0.9}", "it wants nothing"),
        ("altruistic:", "write a mapping such as"),
        ("- {angle: [50, 61]}", "a rule in a list needs `where`"),
        ("- {where: {}, angle: [50, 61]}", "where={} must be a mapping"),
        ("all: {angle: [50, 61]}", "write `each` for every cell by itself"),
        ("all: {cooperation: [0.1, 0.9], where: {model: x}}", "it takes no `where`"),
        ("just words", "write a mapping such as"),
    ],
)
def test_what_cannot_be_used_is_refused(text, said):
    with pytest.raises(SettingError, match=said):
        rules(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [50", "is not readable as YAML"),
        ("a: {angle: [1, 2]}\na: {angle: [1, 3]}", "duplicate key a"),
        ("", "holds no rule"),
        (None, "there is no rule file"),
    ],
)
def test_files_that_hold_no_rules_are_refused(tmp_path, text, said):
    path = tmp_path / "rules.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=said):
        read_rules(path)


def test_every_key_is_documented_and_every_example_is_one():
    text = TOLD.read_text(encoding="utf-8")
    for name in (*QUANTITIES, "phase", "confidence", "measure", "where"):
        assert f"| `{name}` |" in text, name
    examples = text.split("```yaml\n")[1:]
    shown = [one.split("```")[0] for one in examples]
    assert len([rules(one) for one in shown if "runs-on" not in one]) >= 2
    copied = (CHECKOUT / "docs" / "ci" / "github_actions.yml").read_text(encoding="utf-8")
    assert [one for one in shown if "runs-on" in one] == [copied]


def selected(key, quantity="angle", where=None, *, studied=True, **cell):
    about = {"cell": "one", "orientation": "altruistic", "agent": "llm", "model": "m", "induction": "label"} | cell
    return Rule(key, key, where or {}, quantity, Range(0, 1)).selects(about, studied)


def test_what_a_rule_means():
    assert selected("altruistic")
    assert selected("altruistic/label")
    assert selected("one")
    assert not selected("altruistic/definition")
    assert not selected("prosocial")
    # Baselines and controls are meant by their own name, and where a figure says nothing of a value.
    assert not selected("altruistic", studied=False)
    assert not selected("altruistic", induction="none")
    assert selected("one", induction="none", studied=False)
    assert selected("each", "cooperation", induction="none")
    assert not selected("each", "value_rationality", induction="none")
    assert selected("", where={"orientation": ("prosocial", "altruistic")}, induction="none")
    assert not selected("altruistic", where={"model": ("other",)})


# --- verdicts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (51, 60, "pass"),
        (50, 61.4, "pass"),
        (40, 49.9, "fail"),
        (62, 70, "fail"),
        (49, 60, "undecided"),
        (40, 70, "undecided"),
    ],
)
def test_a_verdict_is_of_the_whole_interval(low, high, verdict):
    assert Range(50, 61.4).verdict(low, high) == verdict


lengths = some.floats(0.01, 20)
places = some.floats(0.02, 0.98)


@given(some.floats(-60, 60), lengths, lengths, places, some.floats(0.5, 60), some.booleans())
def test_an_interval_so_much_narrower_is_decided_and_a_wider_one_is_not(estimate, below, above, place, width, lower):
    low, high = estimate - below, estimate + above
    limit = low + place * (high - low)
    wanted = Range(limit, limit + width) if lower else Range(limit - width, limit)
    assert wanted.verdict(low, high) == Verdict.UNDECIDED
    assume(min(abs(estimate - wanted.low), abs(estimate - wanted.high)) > 1e-6)
    times = wanted.narrowing((estimate, estimate), low, high)
    assert times > 0.999

    def shrunk(by):
        return wanted.verdict(estimate - below / by, estimate + above / by)

    assert shrunk(times * 1.0001) != Verdict.UNDECIDED
    if times > 1.001:
        assert shrunk(times / 1.001) == Verdict.UNDECIDED


@given(some.integers(5, 30), places, places)
def test_so_many_more_units_decide_a_share(units, share, place):
    yes = round(share * units)

    def interval(times):
        flags = [1.0] * (yes * times) + [0.0] * ((units - yes) * times)
        return Resampling().share(flags, range(len(flags)), "participants")

    now = interval(1)
    limit = now.low + place * (now.high - now.low)
    assume(abs(yes / units - limit) > 0.02)
    wanted = Range(limit, None)
    assert wanted.verdict(now.low, now.high) == Verdict.UNDECIDED
    times = wanted.more_of_a_share(yes / units, now.low, now.high)
    assert times > 0.999
    then, before = interval(math.ceil(times * 1.001)), interval(math.floor(times * 0.999))
    assert wanted.verdict(then.low, then.high) != Verdict.UNDECIDED
    if times >= 2:
        assert wanted.verdict(before.low, before.high) == Verdict.UNDECIDED


def a_figure(estimate, low, high, units=8, bounds=None):
    return Figure(Interval(estimate, low, high, units, "participants"), bounds or (estimate, estimate), 0.0)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (a_figure(55, 49, 61, 9), "about 4 more participants would settle it"),  # (6/5)² × 9 = 12.96
        (a_figure(49, 46, 52), "about 64 more participants would settle it"),  # (3/1)² × 8 = 72
        (a_figure(50, 48, 52), "lies on the limit, so no number"),
        (a_figure(50.0001, 48, 52), "more than a million participants"),
        (a_figure(55, None, None, 3), "too few participants for an interval at 95%: at least 5, so 2 more"),
        (a_figure(None, 45, 58, bounds=(49, 55)), "failed replies leave it open"),
        (a_figure(None, 48, 58, bounds=(51, 55)), "about 64 more participants"),
        (Figure(Interval(None, None, None, 0, "participants"), None, 1.0), "no readable reply"),
    ],
)
def test_an_undecided_rule_says_what_would_settle_it(found, said):
    verdict, settles = judged(Rule("a", "a", {}, "angle", Range(50, None)), found)
    assert verdict == Verdict.UNDECIDED
    assert said in settles


def test_a_rare_confidence_needs_more_units():
    assert fewest_units(0.95) == 5
    assert fewest_units(0.99) > 5
    assert fewest_units(0.999) > fewest_units(0.99)


def alike(value, units, ends=(0.0, 1.0), confidence=0.95):
    """A figure on which all units agree, as the bootstrap has it and as rules judge it."""
    point = Interval(value, value, value, units, "participants")
    wide, agree = widened(point, (value, value), ends, confidence)
    assert agree
    return point, Figure(wide, (value, value), 0.0, ends=ends)


@given(some.integers(5, 200), some.floats(0.5, 0.999), some.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_a_rule_that_is_not_met_rarely_passes_by_units_that_happen_to_agree(units, limit, confidence):
    # Just below the limit lies the mean where all are at 1, but for a share of 1 − limit at 0.
    wanted, chance = Range(limit, None), limit**units
    point, found = alike(1.0, units, confidence=confidence)
    rule = Rule("a", "a", {}, "value_rationality", wanted, confidence=confidence)
    assert wanted.verdict(point.low, point.high) == Verdict.PASS  # what a gate must not go by
    verdict, settles = judged(rule, found)
    assert (verdict == Verdict.PASS) == (chance <= (1 - confidence) / 2)
    if verdict == Verdict.UNDECIDED:
        more = int(settles.split("about ")[1].split(" more")[0].replace(",", ""))
        assert judged(rule, alike(1.0, units + more, confidence=confidence)[1])[0] == Verdict.PASS
        assert judged(rule, alike(1.0, units + more - 1, confidence=confidence)[1])[0] == Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("value", "units", "ends", "wanted", "said"),
    [
        (
            1.0,
            5,
            (0, 1),
            Range(0.95, None),
            "all 5 participants agree, which leaves room for 52% unseen others; about 67",
        ),
        (1.0, 72, (0, 1), Range(0.95, None), ""),
        (0.5, 5, (0, 1), Range(0.9, None), ""),  # [0.24, 0.76] lies below
        (0.5, 5, (0, 1), Range(0.7, None), "about 3 more participants that agree too"),
        (0.5, 5, (0, 1), Range(None, 0.3), "about 3 more participants that agree too"),
        (0.5, 30, (0, 1), Range(0.5, None), "lies on the limit"),
        (0.5, 30, (0, 1), Range(0.5 - 1e-7, None), "more than a million"),
        (20.0, 40, (-math.inf, math.inf), Range(10, None), "has no known ends"),
    ],
)
def test_values_that_all_agree_leave_room_for_others(value, units, ends, wanted, said):
    quantity = "payoff" if ends[1] == math.inf else "value_rationality"
    verdict, settles = judged(Rule("a", "a", {}, quantity, wanted), alike(value, units, ends)[1])
    assert said in settles
    assert (verdict == Verdict.UNDECIDED) == bool(said)


def test_values_that_differ_keep_their_interval():
    found = Interval(0.8, 0.7, 0.9, 8, "participants")
    assert widened(found, (0.8, 0.8), (0, 1), 0.95) == (found, False)
    few = Interval(1.0, None, None, 3, "participants")
    assert widened(few, (1.0, 1.0), (0, 1), 0.95) == (few, False)
    # Failed replies at their least differ; at their greatest all agree, below the end of the scale.
    wide, agree = widened(replace(found, estimate=None, high=0.85), (0.8, 0.85), (0, 1), 0.95)
    assert not agree
    assert (wide.low, wide.high) == (0.7, pytest.approx(0.85 + 0.15 * unseen(8, 0.95)))


def test_the_ends_of_scales():
    def ends(quantity, orientation="prosocial"):
        return scale(Rule("", "", {}, quantity, Range(0, 1)), "slider", orientation)

    assert ends("angle") == pytest.approx((-16.26, 61.39), abs=0.01)
    assert ends("drift") == pytest.approx((-77.65, 77.65), abs=0.01)
    assert ends("value_rationality") == (0, 1)
    assert ends("value_rationality_corrected", "altruistic")[0] < 0
    assert ends("deviation", "altruistic") == pytest.approx((0, 77.65), abs=0.01)
    assert scale(Rule("", "", {}, "angle", Range(0, 1)), "ring", "none") == (-180, 180)


PAYOFF = Rule("a", "a", {}, "payoff", Range(0, 1))

# --- runs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> Path:
    """Two runs, as jobs of a sweep, of simulated respondents; the second bounds failed replies."""
    folder = tmp_path_factory.mktemp("verify") / "sweep"
    settings = ["measure.instrument.secondary=false", "game.rules.rounds=3", "statistics.resamples=200", "seed=7"]
    cells = ["population.cells.individualistic=null", "population.cells.competitive=null"]
    more = ["+population.cells.baseline={agent: tit_for_tat, count: 4}", "estimates=false"]
    plain = ["population.inductions=[label,none]", "model.chat.unreadable=0"]
    many = [f"population.cells.{who}.count=12" for who in ("altruistic", "prosocial")]
    bounded = [*many, "model.chat.unreadable=0.05", "on_failure=bound"]
    for number, own in enumerate((plain, bounded)):
        done = run(folder / str(number), *settings, *cells, *more, *own)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def verified(tmp_path, capsys):
    """The command in this process: exit code, words on stdout and on stderr, and the JUnit file's root."""

    def verify(text, *words):
        path, junit = tmp_path / "rules.yaml", tmp_path / "made" / "junit.xml"
        path.write_text(text, encoding="utf-8")
        code = main([str(path), *map(str, words), "--junit", str(junit)])
        said = capsys.readouterr()
        return code, said.out, said.err, ElementTree.parse(junit).getroot() if junit.exists() else None

    return verify


def test_rules_that_pass(sweep, verified):
    code, out, err, root = verified(
        "altruistic: {angle: [50, 61.4], max_failure: 0.1}\nall: {payoff: [1, 44]}", sweep / "0"
    )
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if line.startswith("pass ")]
    assert len(lines) == 3
    assert all("(SYNTHETIC)" in line and "wanted" in line for line in lines)
    assert "SYNTHETIC: simulated respondents" in out
    assert "altruistic/label (SYNTHETIC)  angle before: " in lines[0]
    assert "wanted 50 to 61.4° at 95%" in lines[0]
    assert "3 checks: 3 pass, 0 fail, 0 undecided" in out
    check(root)
    assert root.find("testsuite").get("failures") == "0"


def test_a_rule_that_fails_makes_the_command_fail(sweep, verified):
    code, out, _, root = verified("altruistic: {angle: [-16, 20], max_failure: 0.1}", sweep / "0")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["fail", "pass"]
    check(root)
    failed, passed = root.iter("testcase")
    assert failed.find("failure").get("type") == "failed"
    assert "wanted -16 to 20°" in failed.find("failure").get("message")
    assert len(passed) == 0
    assert "SYNTHETIC" in failed.get("name")


def test_an_undecided_rule_is_no_pass_unless_told(sweep, verified):
    folder = sweep / "0"
    found = next(judgements(Figures(read_tables(folder)), rules("altruistic: {angle: [0, 50]}")[0])).observed
    limit = float(found.split("°")[0]) - 0.01
    text = f"altruistic: {{angle: {{min: {limit}}}}}"
    code, out, _, root = verified(text, folder)
    assert code == 1
    assert "undecided  altruistic/label" in out
    assert "participants would" in out
    assert root.find("testsuite").get("failures") == "1"
    assert root.find(".//failure").get("type") == "undecided"
    code, out, _, root = verified(text, folder, "--undecided", "pass")
    assert code == 0
    assert "1 undecided (undecided counts as pass)" in out
    check(root)
    assert (root.find("testsuite").get("failures"), root.find("testsuite").get("skipped")) == ("0", "1")


def test_a_rule_fails_even_where_undecided_ones_are_let_through(sweep, verified):
    assert verified("altruistic: {angle: [-16, 20]}", sweep / "0", "--undecided", "pass")[0] == 1


def test_the_jobs_of_a_sweep_are_checked_each(sweep, verified):
    code, out, _, root = verified("altruistic: {angle: [40, 61.4]}\naltruistic/definition: {max_failure: 0.1}", sweep)
    assert code == 0, out
    assert "induction label, none · model synthetic" in out
    assert "induction definition · model synthetic" in out
    check(root)
    assert [len(suite.findall("testcase")) for suite in root] == [1, 2]


def test_each_cell_and_all_together(sweep, verified):
    _, out, _, _ = verified(
        "each: {max_failure: 0.5}\nall: {max_failure: 0.5}\nbaseline: {max_failure: 0}", sweep / "0"
    )
    lines = [line for line in out.splitlines() if line.startswith("pass ")]
    cells = [line.split()[1] for line in lines]
    every = [
        f"{orientation}/{induction}" for orientation in ("altruistic", "prosocial") for induction in ("label", "none")
    ]
    assert cells == [*every, "all", "baseline"]
    counts = [int(line.split(" of ")[1].split()[0]) for line in lines]
    assert counts[4] == sum(counts[:4])


def test_figures_are_those_of_the_summary(sweep):
    figures = Figures(read_tables(sweep / "1"))
    summary = json.loads((sweep / "1" / "summary.json").read_text(encoding="utf-8"))
    for cell in summary["cells"][:2]:
        for name in ("angle", "deviation", "value_rationality", "value_rationality_corrected"):
            found = figures.figure(Rule("", "", {}, name, Range(0, 1), confidence=0.95), [cell["cell"]]).interval
            assert found.estimate == pytest.approx(cell["before"][name]["estimate"])
            assert found.units == cell["before"][name]["units"]
            assert found.low == pytest.approx(cell["before"][name]["low"], abs=3)
        for name in ("cooperation", "payoff", "attainment"):
            found = figures.figure(Rule("", "", {}, name, Range(0, 1)), [cell["cell"]])
            told = cell["play"][name]
            assert (found.interval.estimate, found.interval.unit) == (told["estimate"], "groups")
            assert found.bounds == (told["bounds"]["low"], told["bounds"]["high"])
            assert found.interval.low <= found.bounds[0] <= found.bounds[1] <= found.interval.high
        found = figures.figure(Rule("", "", {}, "max_failure", Range(0, 1)), [cell["cell"]])
        assert found.interval.estimate == cell["failed_share"]


def test_a_limit_that_failed_replies_reach_is_settled_by_no_number(sweep):
    figures = Figures(read_tables(sweep / "1"))
    cells = [name for name in ("altruistic", "prosocial") if len(set(figures.figure(PAYOFF, [name]).bounds)) == 2]
    assert cells
    low, high = figures.figure(PAYOFF, cells[:1]).bounds
    rule = Rule("a", cells[0], {}, "payoff", Range((low + high) / 2, None))
    (found,) = judgements(figures, rule)
    assert found.verdict == Verdict.UNDECIDED
    assert "failed replies leave it open" in found.settles
    assert f"{low:.1f} to {high:.1f} [" in found.observed


def test_a_confidence_is_the_rules_own(sweep):
    figures = Figures(read_tables(sweep / "1"))
    narrow, wide = (
        figures.figure(Rule("", "", {}, "angle", Range(0, 1), confidence=one), ["prosocial"]).interval
        for one in (0.8, 0.95)
    )
    assert narrow.estimate == wide.estimate
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_share_on_which_all_agree_is_not_certain(sweep):
    figures = Figures(read_tables(sweep / "1"))
    found = figures.figure(Rule("", "", {}, "transitive_share", Range(0.9, None)), ["altruistic"])
    assert found.interval.estimate == 1
    assert found.interval.low < 0.9
    verdict, settles = judged(Rule("", "", {}, "transitive_share", Range(0.9, None)), found)
    assert verdict == Verdict.UNDECIDED
    assert "more participants would settle it" in settles


def test_drift_is_within_participants(sweep):
    tables = read_tables(sweep / "1")
    angles = tables.measures[tables.measures["cell"] == "prosocial"].pivot_table(
        "angle", "participant", "phase", observed=True
    )
    found = Figures(tables).figure(Rule("", "", {}, "drift", Range(-5, 5)), ["prosocial"]).interval
    assert found.estimate == pytest.approx((angles["after"] - angles["before"]).mean())
    assert found.unit == "groups"


def spoilt(sweep, about=None, **columns):
    """The second run's tables with other words in its manifest, and other values in its administrations."""
    tables = read_tables(sweep / "1")
    measures = tables.all_measures.assign(**columns)
    return replace(tables, about={**tables.about, **(about or {})}, measures=measures, all_measures=measures)


def test_a_mean_on_which_all_agree_is_not_certain(sweep):
    figures = Figures(spoilt(sweep, value_rationality=1.0, angle=45.0))
    (found,) = judgements(figures, rules("prosocial: {value_rationality: {min: 0.95}}")[0])
    assert found.verdict == Verdict.UNDECIDED
    assert "1.00 [0.74, 1.00] (12 participants, all alike" in found.observed
    assert "about 60 more participants that agree too would settle it" in found.settles
    (found,) = judgements(figures, rules("prosocial: {drift: [-1, 1]}")[0])
    assert found.verdict == Verdict.UNDECIDED


def test_drift_of_a_single_participant_is_that_of_the_summary(sweep):
    table = read_tables(sweep / "1").all_measures
    mine = table[(table["cell"] == "prosocial") & table["angle"].notna()].copy()
    mine["repetition"] = mine.groupby("phase", observed=True).cumcount() + 1
    mine["participant"] = 1
    tables = replace(read_tables(sweep / "1"), measures=mine, all_measures=mine)
    tables = replace(tables, about={**tables.about, "memory": False})
    (told,) = drift(tables, Resampling(**tables.about["statistics"]))
    found = Figures(tables).figure(Rule("", "", {}, "drift", Range(-5, 5)), ["prosocial"]).interval
    assert (found.units, found.unit) == (told["angle"]["units"], "administrations")
    assert found.units >= 5
    assert found.estimate == told["angle"]["estimate"]
    assert found.low == pytest.approx(told["angle"]["low"], abs=2)


STOP = {
    "stop": {
        "half_width": 0.1,
        "confidence": 0.95,
        "max_repetitions": 9,
        "min_repetitions": 1,
        "quantity": "value_rationality",
    }
}


def test_sampling_until_narrow_enough_has_its_own_interval(sweep):
    tables = spoilt(sweep, {**STOP, "memory": False})
    repeated = pd.concat([tables.measures.assign(repetition=number) for number in range(1, 5)], ignore_index=True)
    tables = replace(tables, measures=repeated, all_measures=repeated)
    told = next(one for one in stopping(tables) if (one["cell"], one["phase"]) == ("prosocial", "before"))
    figures = Figures(tables)

    def figure(quantity, confidence=0.95):
        return figures.figure(Rule("", "", {}, quantity, Range(0, 1), confidence=confidence), ["prosocial"])

    found = figure("value_rationality")
    assert (found.interval.low, found.interval.high) == (told["low"], told["high"])
    assert (found.interval.units, found.interval.unit) == (4, "repetitions")
    assert "however sampling stopped" in found.note
    assert 0 < figure("value_rationality", 0.99).interval.low < told["low"]
    corrected = figure("value_rationality_corrected").interval
    assert corrected.low == pytest.approx(chance_corrected(told["low"], "prosocial"))
    (line,) = judgements(figures, rules("prosocial: {value_rationality: {min: 0.94}}")[0])
    assert "as wide would settle it: lower stop.half_width" in line.settles
    # The number of participants is none that stopping chose: their interval stays, with a word of warning.
    for quantity in ("angle", "in_category_share"):
        assert "not valid under stopping" in figure(quantity).note
        assert figure(quantity).interval.low is not None
    assert figure("cooperation").note == ""
    (line,) = judgements(figures, rules("prosocial: {drift: [-9, 9]}")[0])
    assert "too few participants" in line.settles
    read = Figures(spoilt(sweep, {**STOP, "memory": False}, angle=45.0))
    assert "not valid under stopping" in read.figure(Rule("", "", {}, "drift", Range(-5, 5)), ["prosocial"]).note
    alone = Figures(spoilt(sweep, {**STOP, "memory": False}, participant=1, repetition=range(1, 57)))
    (line,) = judgements(alone, rules("prosocial: {in_category_share: {min: 0.01}}")[0])
    assert line.verdict == Verdict.UNDECIDED
    assert "no interval over its administrations is valid" in line.settles


def test_an_index_that_nobody_has_is_said_to_be_undefined(sweep):
    tables = spoilt(sweep, asked=15, failed=0, index=float("nan"))
    (line,) = judgements(Figures(tables), rules("altruistic: {index: [0, 0.5]}")[0])
    assert line.verdict == Verdict.UNDECIDED
    assert "the index is defined only where" in line.line
    assert "no readable reply" not in line.line
    with pytest.raises(SettingError, match="slider has no consistency as it was answered in altruistic"):
        list(judgements(Figures(tables), rules("altruistic: {consistency: {min: 0.5}}")[0]))


def test_a_figure_of_play_that_nothing_gives_is_said_to_be_undefined(sweep):
    tables = read_tables(sweep / "0")
    tables = replace(tables, play=tables.play.assign(cooperation=float("nan"), failure=None))
    line = next(judgements(Figures(tables), rules("altruistic: {cooperation: {min: 0.5}}")[0]))
    assert (line.verdict, line.settles) == (Verdict.UNDECIDED, "it is not defined for what was answered here")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "orientation: altruistic, induction: [label, lable]",
            "induction lable means no cell; did you mean label? There",
        ),
        (
            "orientation: [altruistic, competitive]",
            "orientation competitive means no cell; There are altruistic, prosocial",
        ),
        (
            "cell: [baseline], induction: [none, label]",
            "induction label means no cell; There are none",
        ),  # elsewhere only
    ],
)
def test_every_word_of_a_selector_must_mean_a_cell(sweep, verified, where, said):
    code, _, err, _ = verified(f"- {{where: {{{where}}}, max_failure: 1}}", sweep / "0", sweep / "1")
    assert code == 2
    assert said in err


def test_a_word_of_a_selector_may_mean_a_cell_of_one_run_only(sweep, verified):
    text = "- {where: {orientation: altruistic, induction: [label, definition]}, max_failure: 1}"
    assert verified(text, sweep / "0", sweep / "1")[0] == 0
    assert verified(text, sweep / "0")[0] == 2


def test_of_many_cells_an_error_names_some():
    said = _there("", [f"cell_{number}" for number in range(24)])
    assert said.endswith("cell_7 and 16 more")
    assert len(said) < 120


def test_a_reader_who_leaves_early_changes_nothing(sweep, tmp_path, monkeypatch, capsys):
    read, write = os.pipe()
    os.close(read)
    path, junit = tmp_path / "rules.yaml", tmp_path / "junit.xml"
    path.write_text("each: {max_failure: 1}", encoding="utf-8")
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main([str(path), str(sweep), "--junit", str(junit)]) == 0
    assert capsys.readouterr().err == ""
    assert len(ElementTree.parse(junit).getroot()) == 2


def test_results_of_an_earlier_check_do_not_stand_for_one_that_could_not_be_made(sweep, verified):
    assert verified("each: {max_failure: 1}", sweep / "0")[0] == 0
    code, _, err, root = verified("each: {max_failrue: 1}", sweep / "0")
    assert code == 2
    check(root)
    (suite,) = root
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0")
    assert root.find(".//error").get("message") in err


def test_results_of_an_earlier_check_are_gone_after_a_crash(sweep, tmp_path, monkeypatch):
    path, junit = tmp_path / "rules.yaml", tmp_path / "junit.xml"
    path.write_text("each: {max_failure: 1}", encoding="utf-8")
    junit.write_text("<testsuites/>", encoding="utf-8")
    monkeypatch.setattr("experiments.pass_file.read_rules", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main([str(path), str(sweep / "0"), "--junit", str(junit)])
    assert not junit.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("competitive: {angle: [-16, 0]}", "competitive means no cell; There are altruistic/label, altruistic/none,"),
        (
            "altruistc: {angle: [-16, 0]}",
            "altruistc means no cell; did you mean altruistic? There are altruistic/label",
        ),
        ("altruistic/lable: {angle: [-16, 0]}", "did you mean altruistic/label?"),
        (
            "- {where: {induction: maxim}, angle: [0, 9]}",
            "rule 1 where induction is maxim: induction maxim means no cell",
        ),
        ("altruistic: {index: [0, 0.5]}", "run it with measure.instrument.secondary=true"),
        ("baseline: {value_rationality: {min: 0.5}}", "cell baseline was given no orientation"),
        ("altruistic: {angle: [50, 61], measure: ring}", "unknown measure in altruistic 'ring'; known: slider"),
    ],
)
def test_a_rule_that_does_not_fit_the_run_is_an_error(sweep, verified, text, said):
    code, out, err, root = verified(text, sweep / "0")
    assert (code, out) == (2, "")
    assert root.find(".//error") is not None
    assert said in err
    assert "Traceback" not in err


def test_a_run_that_did_not_end_is_refused(sweep, verified, tmp_path):
    folder = shutil.copytree(sweep / "0", tmp_path / "cut")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"status": "interrupted"}), encoding="utf-8")
    code, _, err, _ = verified("altruistic: {angle: [50, 61.4]}", folder)
    assert code == 2
    assert "this run is interrupted" in err
    code, out, _, root = verified("altruistic: {angle: [50, 61.4]}", folder, "--unfinished")
    assert code == 0
    assert "INCOMPLETE" in out
    assert {one.get("name"): one.get("value") for one in root.iter("property")}["status"] == "interrupted"


def test_a_job_without_a_run_is_not_passed_over(sweep, verified, tmp_path):
    folder = shutil.copytree(sweep, tmp_path / "sweep")
    (folder / "jobs").mkdir()
    (folder / "jobs" / "2.json").write_text("{}", encoding="utf-8")
    code, _, err, _ = verified("altruistic: {angle: [50, 61.4]}", folder)
    assert code == 2
    assert f"{folder}: no run of job 2 (missing)" in err
    shutil.rmtree(folder / "jobs")
    (folder / "sweep.json").write_text('{"status": "running"}', encoding="utf-8")
    code, _, err, _ = verified("altruistic: {angle: [50, 61.4]}", folder)
    assert code == 2
    assert "this sweep has not ended" in err


def test_the_command_needs_no_key_and_speaks_in_lines(sweep, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("altruistic: {angle: [-16, 20]}", encoding="utf-8")
    done = command("experiments.verify", str(path), str(sweep / "1"), OPENAI_API_KEY="")
    assert done.returncode == 1, done.stderr
    assert "fail       altruistic (SYNTHETIC)" in done.stdout


def test_a_folder_without_a_run_is_an_error(verified, tmp_path):
    code, _, err, _ = verified("altruistic: {angle: [-16, 20]}", tmp_path)
    assert code == 2
    assert err.startswith("error: ")


def test_the_example_of_the_recorded_run_is_a_file_of_rules():
    found = read_rules(EXAMPLE)
    assert {one.key for one in found} >= {"each", "all", "altruistic"}
    assert any(one.quantity == "max_failure" for one in found)


# --- JUnit ---------------------------------------------------------------------------------------------------------

SUITE = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}


def check(root):
    """Refuse what the schema of Apache Ant refuses, and counts that are not those of the cases."""
    assert root.tag == "testsuites"
    for number, suite in enumerate(root):
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == SUITE
        assert suite.get("id") == str(number)
        datetime.strptime(suite.get("timestamp"), "%Y-%m-%dT%H:%M:%S")
        kinds = [child.tag for child in suite]
        cases = suite.findall("testcase")
        assert kinds == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        for case in cases:
            assert set(case.attrib) == {"classname", "name", "time"}
            assert float(case.get("time")) >= 0
            assert len(case) <= 1
            assert {child.tag for child in case} <= {"failure", "skipped", "error"}
            assert all(child.get("type") for child in case.iter("error"))
            assert all(child.get("type") for child in case.iter("failure"))
        for one in (suite, *cases):
            for name in ("name", "classname"):
                assert one.get(name, "-") == " ".join(one.get(name, "-").split())
        assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
        found = (suite.findall(f"testcase/{kind}") for kind in ("failure", "error", "skipped"))
        counted = [len(cases), *map(len, found)]
        assert [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")] == counted
        assert sum(float(case.get("time")) for case in cases) == pytest.approx(float(suite.get("time")), abs=0.01)


def written(path, *cases):
    write_junit(path, [Suite("a\nsuite", {"run": "x\x00y"}, cases, "out\x1b[1m")], datetime(2026, 1, 2, 3, 4, 5))
    return ElementTree.parse(path).getroot()


def test_junit_is_valid_whatever_the_names_hold(tmp_path):
    nasty = 'a <b> & "c"\x00\x0b\ud800\ufffe\n  d'
    cases = [
        Case(nasty, f"{nasty}{kind}", kind, nasty, 0.25) for kind in ("passed", "skipped", "failed", "undecided", ERROR)
    ]
    root = written(tmp_path / "deep" / "junit.xml", *cases)
    check(root)
    assert root[0].get("failures") == "2"
    assert root.find(".//testcase").get("classname") == 'a <b> & "c"\ufffd\ufffd\ufffd\ufffd d'
    assert root.find(".//property").get("value") == "x\ufffdy"
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "junit.xml"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda suite: suite.set("failures", "0"),
        lambda suite: suite.set("errors", "1"),
        lambda suite: suite.attrib.pop("hostname"),
        lambda suite: suite.remove(suite.find("system-err")),
        lambda suite: suite.set("timestamp", "2026-01-02T03:04:05+00:00"),
        lambda suite: suite.find("testcase").append(ElementTree.Element("properties")),
        lambda suite: suite.append(suite.find("testcase")),
    ],
)
def test_the_check_refuses_broken_junit(tmp_path, spoil):
    root = written(tmp_path / "junit.xml", Case("a", "b", "failed", "c", 0.1))
    check(root)
    spoil(root[0])
    with pytest.raises((AssertionError, ValueError)):
        check(root)
