"""Sampling until an interval is narrow enough: the interval, the rule, and runs that follow it."""

import math
import time
from dataclasses import replace
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.sequential_sampling import KINDS, simulated, student
from experiments import sequential
from experiments.catalogue import CATALOGUE
from experiments.forecast import forecast, tell
from experiments.sequential import Stop, Values, confidence_sequence, table
from experiments.setup import digest, experiment
from experiments.stopping import lines, stopping
from experiments.store import Writer, read_json, read_table
from experiments.tables import read_tables
from games.errors import BudgetError, SettingError
from games.randomness import stream
from games.rationality import attainable_angles
from games.types import Occasion, Score
from sim.participant import Member
from sim.records import Scored
from tests import faults
from tests.commands import OPTION, run, small, told
from tests.loopback import Loopback

WIDTHS = st.sampled_from([0.02, 0.05, 0.1, 0.2])
STOPS = st.builds(
    lambda width, least, more: Stop(width, min_repetitions=least, max_repetitions=least + more),
    WIDTHS,
    st.integers(1, 8),
    st.integers(0, 60),
)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 4))
SHARES = st.one_of(st.floats(0, 1), st.just(1.0), st.just(math.nan))


def done_by(stop, values):
    """After how many repetitions a run stops that would see these values, and whether it got what it wanted."""
    for done in stop.looks():
        if stop.narrow(values[:done]):
            return done, True
    return done, False


# --- the interval ----------------------------------------------------------------------------------------------------


@given(arrays(np.float64, SHAPES, elements=SHARES), WIDTHS)
def test_an_interval_lies_on_the_scale_and_holds_the_estimate(values, width):
    low, high = confidence_sequence(values, 0.95, width)
    assert 0 <= low <= high <= 1
    if np.isfinite(values).any():
        assert low - 1e-12 <= np.nanmean(values) <= high + 1e-12
    else:
        assert (low, high) == (0, 1)


@given(arrays(np.float64, SHAPES, elements=SHARES), WIDTHS)
def test_what_is_turned_round_has_the_interval_turned_round(values, width):
    low, high = confidence_sequence(values, 0.95, width)
    least, most = confidence_sequence(1 - values, 0.95, width)
    assert (1 - most, 1 - least) == pytest.approx((low, high), abs=1e-6)


def test_many_cells_at_once_have_the_intervals_that_each_has_by_itself():
    values = np.random.default_rng(1).beta(5, 2, size=(6, 20, 3))
    low, high = confidence_sequence(values, 0.9, 0.05)
    each = [confidence_sequence(one, 0.9, 0.05) for one in values]
    assert low.tolist() == pytest.approx([one[0] for one in each])
    assert high.tolist() == pytest.approx([one[1] for one in each])


def paths_of(chances, failing, repetitions):
    """All ways in which so many repetitions can go, and the probability of each; answers are 0 or 1.

    chances: of a 1, by participant.  failing: the chance that an administration gives nothing.
    """
    several = len(chances)
    outcomes = [0.0, 1.0, math.nan] if failing else [0.0, 1.0]
    paths = np.array(list(product(outcomes, repeat=repetitions * several))).reshape(-1, repetitions, several)
    of_one = np.where(paths == 1, chances, 1 - np.array(chances)) * (1 - failing)
    weights = np.where(np.isnan(paths), failing, of_one).prod(axis=(1, 2))
    assert weights.sum() == pytest.approx(1)
    return paths, weights


def ever_missed(interval, chances, failing, repetitions):
    """The exact probability that an interval misses the mean after any repetition."""
    paths, weights = paths_of(chances, failing, repetitions)
    missed, mean = np.zeros(len(paths), dtype=bool), np.mean(chances)
    for done in range(1, repetitions + 1):
        low, high = interval(paths[:, :done])
        missed |= (low > mean + 1e-9) | (high < mean - 1e-9)
    return float(weights[missed].sum())


def made_on_average(chances, failing, repetitions):
    """What those who bet on more and on less than the true mean have on average, of 1, after each repetition: exact."""
    paths, weights = paths_of(chances, failing, repetitions)
    mean, found = np.full(len(paths), np.mean(chances)), []
    for done in range(1, repetitions + 1):
        more, less = sequential.bets(paths[:, :done], 0.1)
        found += [float(weights @ np.exp(more.capital(mean))), float(weights @ np.exp(less.capital(1 - mean)))]
    return found


SMALL = [
    ([0.5], 0.0, 10),
    ([0.95], 0.0, 10),
    ([0.3], 0.25, 7),
    ([0.2, 0.9], 0.0, 5),
    ([0.5, 1.0], 0.0, 5),
    ([0.1, 0.8], 0.3, 3),
    ([0.05, 0.5, 0.95], 0.0, 3),
]


@pytest.mark.parametrize(("chances", "failing", "repetitions"), SMALL)
def test_nobody_gains_by_betting_against_the_true_mean(chances, failing, repetitions):
    found = made_on_average(chances, failing, repetitions)
    assert max(found) <= 1 + 1e-9
    if len(chances) == 1:
        assert found == pytest.approx([1.0] * len(found))


def test_bets_that_know_what_they_are_settled_by_would_be_noticed(monkeypatch):
    monkeypatch.setattr(sequential, "_before", lambda values: np.cumsum(values, axis=-2))
    for chances, failing, repetitions in SMALL:
        assert max(made_on_average(chances, failing, repetitions)) > 1.01


def test_stakes_that_differ_between_participants_would_be_noticed(monkeypatch):
    # Whoever answers 1 more often is bet on higher: the mean of all is then not what is bet on.
    right = sequential.bets

    def uneven(values, half_width):
        more, less = right(values, half_width)
        return replace(more, stake=more.stake * [0.1, 1.0]), less

    monkeypatch.setattr(sequential, "bets", uneven)
    assert max(made_on_average([0.2, 0.9], 0.0, 5)) > 1.01


@pytest.mark.parametrize("confidence", [0.1, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(("chances", "failing", "repetitions"), SMALL)
def test_the_interval_holds_the_mean_after_every_repetition_at_once(chances, failing, repetitions, confidence):
    missed = ever_missed(lambda paths: confidence_sequence(paths, confidence, 0.1), chances, failing, repetitions)
    assert missed <= 1 - confidence


def test_an_ordinary_interval_does_not():
    assert ever_missed(student, [0.95], 0.0, 10) > 0.8


def test_the_bound_on_misses_is_not_kept_by_being_useless():
    values = np.random.default_rng(2).normal(0.7, 0.03, size=(30, 8)).clip(0, 1)
    low, high = confidence_sequence(values, 0.95, 0.02)
    assert high - low < 0.04


def test_what_participants_differ_by_is_no_noise():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.03, size=(60, 8))
    alike, different = 0.5 + noise, np.linspace(0.2, 0.8, 8) + noise
    widths = [np.subtract(*confidence_sequence(one, 0.95, 0.02)[::-1]) for one in (alike, different)]
    assert widths[1] < 1.5 * widths[0]
    # The same values without knowing whose they are.
    shuffled = np.apply_along_axis(rng.permutation, 1, different)
    assert np.subtract(*confidence_sequence(shuffled, 0.95, 0.02)[::-1]) > 1.5 * widths[1]


@pytest.mark.parametrize("wrong", [1.2, -0.1])
def test_a_value_off_the_scale_is_refused(wrong):
    with pytest.raises(ValueError, match="values lie on"):
        confidence_sequence([[0.5], [wrong]], 0.95, 0.1)


# --- the rule --------------------------------------------------------------------------------------------------------


@given(STOPS)
def test_looks_go_from_the_least_to_the_most(stop):
    looks = list(stop.looks())
    assert looks[0] == stop.min_repetitions
    assert looks[-1] == stop.max_repetitions
    assert all(1 <= later - earlier <= max(1, earlier // 10) for earlier, later in pairwise(looks))


@given(STOPS, st.data())
@settings(max_examples=60, deadline=None)
def test_a_cell_never_stops_before_the_least_nor_beyond_the_most(stop, data):
    shape = (stop.max_repetitions, data.draw(st.integers(1, 4)))
    values = data.draw(arrays(np.float64, shape, elements=SHARES))
    done, reached = done_by(stop, values)
    assert stop.min_repetitions <= done <= stop.max_repetitions
    assert reached or done == stop.max_repetitions
    assert not stop.narrow(values[: stop.min_repetitions - 1])
    if reached:
        low, high = stop.interval(values[:done])
        assert (high - low) / 2 <= stop.half_width


@given(st.integers(0, 1000), st.floats(0, 0.2), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_a_wider_interval_is_reached_no_later(seed, spread, participants):
    values = np.random.default_rng(seed).normal(0.8, spread, size=(60, participants)).clip(0, 1)
    ends = [done_by(Stop(width, max_repetitions=60), values)[0] for width in (0.03, 0.06, 0.12, 0.24)]
    assert ends == sorted(ends, reverse=True)


def test_a_first_few_values_that_agree_stop_no_cell():
    ones = np.ones((200, 1))
    low, high = student(ones[None, :5])
    assert low == high == 1, "an ordinary interval is a point"
    stop = Stop(0.02, max_repetitions=200)
    done, reached = done_by(stop, ones)
    # No interval can be narrower: with a chance of 0.96 for a 1, ones alone come up for so long.
    assert math.log(0.05) / math.log(0.96) <= done < 1.5 * math.log(40) / 0.04
    assert reached
    assert stop.fewest(1) == done
    assert Stop(0.02, max_repetitions=50).fewest(1) is None
    assert Stop(0.02, max_repetitions=50).fewest(8) <= 15


def test_cells_out_of_reach_are_named():
    stop = Stop(0.02, max_repetitions=50)
    assert stop.out_of_reach({"many": 8}) is None
    assert stop.out_of_reach({"one": 1, "many": 8, "two": 2}) == (
        "stop: half_width=0.02 is out of reach within max_repetitions=50, even if all values agree, in one, two; "
        "allow more repetitions, a wider interval or more participants"
    )


def test_an_angle_is_judged_in_degrees_of_the_slider():
    low, high = attainable_angles()
    stop = Stop(5.0, quantity="angle", max_repetitions=200)
    ends = stop.interval(np.full((200, 1), high))
    assert low < ends[0] < ends[1] == pytest.approx(high)
    same = Stop(5.0 / (high - low), max_repetitions=200)
    assert done_by(stop, np.full((200, 1), high)) == done_by(same, np.ones((200, 1)))


def test_failed_administrations_are_no_values():
    rng = np.random.default_rng(4)
    values = rng.normal(0.8, 0.05, size=(40, 6)).clip(0, 1)
    some = np.where(rng.random(values.shape) < 0.3, np.nan, values)
    stop = Stop(0.04)
    assert done_by(stop, some)[0] > done_by(stop, values)[0]
    assert stop.interval(np.full((9, 2), np.nan)) is None
    assert done_by(stop, np.full((50, 2), np.nan)) == (50, False)
    # Nothing is not a zero.
    assert stop.interval(some)[0] > 0.7


def test_in_a_simulation_the_interval_keeps_its_coverage_and_looking_at_an_ordinary_one_does_not():
    cells, covered = 250, {}
    for kind in KINDS:
        own, peeked, _ = simulated(kind, Stop(0.1, max_repetitions=80), 1, cells, stream(5, kind.name))
        assert own.coverage >= 0.95 - 2 * own.error
        covered[kind.name] = peeked.coverage
        if kind.name == "ceiling":
            assert own.repetitions.mean() < 40, "fewer than half of the most"
    assert covered["lapses"] < 0.5


# --- what is noted of a run ------------------------------------------------------------------------------------------


def scored(participant, repetition, angle, phase="before", measure="slider", orientation="prosocial"):
    member = Member("cell", orientation, SimpleNamespace())
    score = Score(angle, None, None, None, None, 0, 6)
    return Scored(participant, member, measure, Occasion(phase, repetition, 0), score)


def test_only_whole_repetitions_of_the_first_measure_in_the_phase_are_seen():
    values = Values("value_rationality", "before")
    for record in (
        scored(4, 1, 45.0),
        scored(2, 1, None),
        scored(2, 2, 61.0),
        scored(2, 3, 45.0),
        scored(4, 3, 45.0),
        scored(4, 2, 45.0, phase="after"),
        scored(4, 2, 45.0, measure="ring"),
        object(),
    ):
        values.take(record)
    assert values.of("cell").shape == (1, 2)
    assert np.isnan(values.of("cell")[0, 0])
    assert values.of("cell")[0, 1] == 1.0
    assert values.of("other").shape == (0, 0)
    values.take(scored(4, 2, -16.0))
    assert values.of("cell").shape == (3, 2)
    assert values.of("cell")[1].tolist() == pytest.approx([0.85, 0.0], abs=0.01)


def test_a_table_is_the_same_in_whatever_order_its_values_came():
    given_ = {(repetition, who): repetition + who / 10 for repetition in range(1, 5) for who in (7, 3)}
    backwards = dict(reversed(given_.items()))
    assert (table(given_) == table(backwards)).all()
    assert table(given_)[:, 0].tolist() == [1.3, 2.3, 3.3, 4.3]


# --- runs ------------------------------------------------------------------------------------------------------------

CELLS = (
    "~population.cells",
    "+population.cells={sure: {orientation: prosocial, count: 3}, unsure: {orientation: altruistic, count: 3, "
    "model: {use: synthetic, label: unsure, chat: {precision: 0.005}}}}",
)
BRIEF = ("experiment=slider", "measure.instrument.secondary=false", *CELLS)
STOP = ("stop.half_width=0.1", "stop.max_repetitions=30")


@pytest.fixture(autouse=True)
def _clear():
    yield
    GlobalHydra.instance().clear()


def made(store, *overrides):
    """The experiment of a command; its store is open."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        return experiment(compose("config", [f"replies.store={store}", *overrides]))


def ran(folder, store, *overrides):
    """A run without its figures. Returns what was told meanwhile."""
    found, lines = made(store, *overrides), []
    writer = Writer(folder, found.terms.payer)
    try:
        found.run(writer.keep, told=lines.append)
        writer.close()
        writer.manifest(found, "finished")
    finally:
        found.terms.store.close()
    return lines


def rows_of(folder):
    """What a run came to, a row for each cell and phase."""
    found = stopping(read_tables(folder))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("sequential") / "replies.sqlite"


@pytest.fixture(scope="module")
def finished(store):
    folder = store.with_name("run")
    assert ran(folder, store, *BRIEF, *STOP) == []
    return folder


def test_each_cell_is_repeated_until_its_own_interval_is_narrow_enough(finished):
    rows = {row["cell"]: row for row in rows_of(finished)}
    measures, stop = read_table(finished, "measures"), Stop(0.1, max_repetitions=30)
    for name, row in rows.items():
        cell = measures[measures["cell"] == name]
        counts = cell.groupby("participant").size()
        assert (counts == row["repetitions"]).all()
        assert sorted(cell["repetition"].unique()) == list(range(1, row["repetitions"] + 1))
        values = cell.pivot_table(
            index="repetition", columns="participant", values="value_rationality", dropna=False
        ).to_numpy()
        looks = list(stop.looks())
        assert not any(stop.narrow(values[:done]) for done in looks[: looks.index(row["repetitions"])])
        assert row["reached"] is stop.narrow(values) is True
        assert (row["low"], row["high"]) == stop.interval(values)
        assert row["low"] <= row["estimate"] <= row["high"]
        assert row["estimate"] == pytest.approx(cell["value_rationality"].mean())
        assert row["half_width"] == pytest.approx((row["high"] - row["low"]) / 2)
        assert row["half_width"] <= row["wanted"] == 0.1
        assert row["calls_saved"] == (30 - row["repetitions"]) * 3 * 6
        assert row["without_value"] == cell["angle"].isna().sum()
        assert row["synthetic"] is True
    assert rows["sure"]["repetitions"] < rows["unsure"]["repetitions"] <= 30
    assert rows["sure"]["fewest"] <= rows["sure"]["repetitions"]
    assert read_json(finished, "manifest")["stop"] == {
        "half_width": 0.1,
        "confidence": 0.95,
        "max_repetitions": 30,
        "min_repetitions": 5,
        "quantity": "value_rationality",
    }


def test_what_is_told_names_every_cell_and_who_fell_short(finished):
    rows = rows_of(finished)
    first, cells = lines(rows)
    saved = sum((30 - row["repetitions"]) * 18 for row in rows)
    assert first == (
        "value rationality sampled until ±0.1; intervals of 95% over these participants, valid however sampling stops; "
        f"{saved:,} calls saved against 30 repetitions each"
    )
    sure = rows[0]
    told_of_it = f"{sure['estimate']:.3f} [{sure['low']:.3f}, {sure['high']:.3f}] after {sure['repetitions']}"
    assert cells.startswith(f"  before: sure (S) {told_of_it}, unsure (S) ")
    short = [
        rows[0] | {"reached": False, "half_width": 0.123, "failed_share": 0.0},
        rows[1] | {"reached": False, "half_width": None, "estimate": None, "failed_share": 0.5},
    ]
    assert lines(short)[2:] == [
        f"  sure before: not reached, ±0.123 after {sure['repetitions']} repetitions",
        f"  unsure before: not reached, no value at all after {rows[1]['repetitions']} repetitions; "
        "50% of replies failed",
    ]
    assert lines(None) == lines([]) == []


def test_a_replay_asks_the_same_and_finds_the_same(finished, store, tmp_path):
    ran(tmp_path / "replayed", store, *BRIEF, *STOP, "replies.mode=replay")
    assert faults.tables(tmp_path / "replayed", "latency") == faults.tables(finished, "latency")
    assert rows_of(tmp_path / "replayed") == rows_of(finished)


def test_an_order_of_replies_changes_nothing(finished, store, tmp_path):
    ran(tmp_path / "run", tmp_path / "own.sqlite", *BRIEF, *STOP, "model.concurrency=1")
    assert faults.tables(tmp_path / "run", "latency") == faults.tables(finished, "latency")


def test_another_width_begins_with_the_same_replies_and_goes_on(finished, store, tmp_path):
    wider = ran(tmp_path / "run", store, *BRIEF, "stop.half_width=0.3", "stop.max_repetitions=30")
    assert wider == []
    rows = {row["cell"]: row for row in rows_of(tmp_path / "run")}
    before = {row["cell"]: row for row in rows_of(finished)}
    assert all(rows[cell]["repetitions"] < before[cell]["repetitions"] for cell in rows)
    assert sum(row["made"] for row in read_json(tmp_path / "run", "manifest")["accounting"]) == 0


def test_both_measures_of_a_society_stop_by_themselves_and_further_ones_are_repeated_as_set(store, tmp_path):
    ran(
        *(tmp_path / "run", store, *small("stop.half_width=20", "stop.quantity=angle", "stop.max_repetitions=20")),
        *("further_measures=[triple_dominance]", "repetitions=2"),
    )
    rows = rows_of(tmp_path / "run")
    assert [(row["cell"], row["phase"]) for row in rows] == [
        (cell, phase)
        for phase in ("before", "after")
        for cell in ("altruistic", "prosocial", "individualistic", "competitive")
    ]
    measures = read_table(tmp_path / "run", "measures")
    further = measures[measures["measure"] == "triple_dominance"].groupby(["cell", "phase"]).size()
    assert set(further) == {2}
    slider = measures[measures["measure"] == "slider"].groupby(["cell", "phase"]).size()
    assert {(row["cell"], row["phase"]): row["repetitions"] for row in rows} == slider.to_dict()
    assert all(row["quantity"] == "angle" and row["reached"] and row["repetitions"] < 20 for row in rows)


def test_a_cell_that_never_answers_is_asked_the_most_and_has_no_value(tmp_path):
    silent = ("stop.half_width=0.2", "stop.max_repetitions=6", "model.chat.refusals=1", "model.chat.unreadable=0")
    ran(tmp_path / "run", tmp_path / "own.sqlite", "experiment=slider", "measure.instrument.secondary=false", *silent)
    for row in rows_of(tmp_path / "run"):
        assert row["repetitions"] == 6
        assert row["reached"] is False
        assert [row[name] for name in ("estimate", "low", "high", "half_width")] == [None] * 4
        assert row["failed_share"] == 1
        assert row["without_value"] == 6
        assert row["calls_saved"] == 0


def test_a_run_without_it_has_nothing_to_tell(store, tmp_path):
    ran(tmp_path / "run", store, *BRIEF, "repetitions=2")
    assert stopping(read_tables(tmp_path / "run")) is None
    assert read_json(tmp_path / "run", "manifest")["stop"] is None
    assert set(read_table(tmp_path / "run", "measures")["repetition"]) == {1, 2}


def test_a_forecast_tells_the_most_and_says_so(tmp_path, capsys):
    found = made(tmp_path / "own.sqlite", *BRIEF, *STOP, "stop.half_width=0.01", "forecast=true")
    try:
        assert forecast(found)["calls"] == found.asked_in("before") == 6 * 30 * 6
        tell(found, None)
    finally:
        found.terms.store.close()
    said = " ".join(capsys.readouterr().out.split())
    assert "1,080" in said
    assert "this is the most: each cell repeats the slider 5 to 30 times, until its interval is ±0.01" in said
    assert "half_width=0.01 is out of reach within max_repetitions=30" in said
    assert "in sure, unsure; allow more repetitions" in said


def test_the_command_does_it(tmp_path):
    done = run(tmp_path / "run", *BRIEF, "stop.half_width=0.3", "estimates=false", "statistics.resamples=100")
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "run")
    assert f"measure: {sum(row['repetitions'] for row in rows) * 3 * 6} decisions" in done.stderr


# --- runs that are cut off -------------------------------------------------------------------------------------------


def unsteady(body, index):
    """Answers as told, but for one question in eight, told by its words alone; labels are shuffled, so these differ."""
    number = faults.number(body)
    options = OPTION.findall(body["messages"][-1]["content"])
    if number % 8 or not options:
        return told(body, index)
    return options[number // 8 % len(options)][0]


CUT = ("phases=[before]", "presentation.order=shuffled", "stop.half_width=0.2", "stop.max_repetitions=40")


def served(folder, server):
    """The words of a run that a server answers for, without the folder."""
    return [one for one in faults.ordered(folder, server, *CUT) if not one.startswith(("hydra", "replies"))]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A server, and a run that nothing disturbs."""
    with Loopback(unsteady, delay=0.01) as server:
        folder = tmp_path_factory.mktemp("undisturbed") / "run"
        ran(folder, faults.store(folder), *served(folder, server))
        yield server, folder


def test_a_run_that_is_killed_goes_on_to_the_same_tables_and_asks_nothing_twice(undisturbed, tmp_path):
    server, reference = undisturbed
    rows = rows_of(reference)
    assert len({row["repetitions"] for row in rows}) > 1, "cells stop at different times"
    everything, folder = len(read_table(reference, "decisions")), tmp_path / "run"
    before = server.count
    process = faults.start(folder, server, *CUT, "model.concurrency=8")
    while server.count - before < 0.7 * everything and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode < 0, "it was killed, and did not end by itself"
    held = len(faults.stored(folder))
    assert 0.5 * everything < held < everything
    before = server.count
    ran(folder, faults.store(folder), *served(folder, server))
    assert faults.tables(folder, "latency") == faults.tables(reference, "latency")
    assert rows_of(folder) == rows
    assert server.count - before == everything - held


def test_a_budget_that_ends_leaves_tables_that_can_be_told_and_go_on(undisturbed, tmp_path):
    server, reference = undisturbed
    folder, words = tmp_path / "run", served(tmp_path / "run", server)
    found = made(faults.store(folder), *words, "budget.calls=100")
    writer = Writer(folder, found.terms.payer)
    with pytest.raises(BudgetError):
        found.run(writer.keep)
    writer.close()
    writer.manifest(found, "incomplete")
    found.terms.store.close()
    cut_off = rows_of(folder)
    assert cut_off
    assert not any(row["reached"] for row in cut_off)
    ran(folder, faults.store(folder), *words)
    assert rows_of(folder) == rows_of(reference)


# --- settings --------------------------------------------------------------------------------------------------------

WRONG = [
    (["stop.half_width=0"], "stop: half_width=0 must be a number above 0"),
    (["stop.half_width=-0.1"], "half_width=-0.1 must be a number above 0"),
    (["stop.half_width=narrow"], "half_width=narrow must be a number above 0"),
    (["stop.half_width=0.5"], "no narrower than the whole scale of value_rationality, 0 to 1; take less than 0.5"),
    (["stop.half_width=40", "stop.quantity=angle"], "-16.2602 to 61.39; take less than 38.82"),
    (["stop.half_width=0.1", "stop.confidence=1.0"], "stop: confidence=1.0 must lie between 0 and 1"),
    (["stop.half_width=0.1", "stop.confidence=95"], "stop: confidence=95 must lie between 0 and 1, such as 0.95"),
    (["stop.half_width=0.1", "stop.max_repetitions=3"], "max_repetitions=3 is below min_repetitions=5"),
    (["stop.half_width=0.1", "stop.min_repetitions=0"], "min_repetitions=0 must be a whole number of at least 1"),
    (["stop.half_width=0.1", "stop.max_repetitions=many"], "max_repetitions=many must be a whole number"),
    (
        ["stop.half_width=0.1", "stop.quantity=points"],
        "unknown stop.quantity 'points'; known: value_rationality, angle",
    ),
    (["stop.half_width=0.1", "phases=[play]"], "stop: phases=['play'] repeat no measure; add before or after"),
    (["stop.half_width=0.1", "measure=ring"], "the measure is ring; take measure=slider"),
    (["stop.half_width=0.1", "presentation.first=[own,other]"], "with 2 counterbalanced layouts repetitions are not"),
    (
        ["stop.half_width=0.1", "+population.cells.rule={agent: tit_for_tat, count: 4}"],
        "stop: cell rule has no orientation, so no value rationality; take stop.quantity=angle",
    ),
    (["stop=3"], "stop=3 must be null, or hold confidence, half_width, max_repetitions, min_repetitions, quantity"),
    (["+stop.weather=fine"], "must be null, or hold confidence, half_width"),
    (["~stop.confidence"], "must be null, or hold confidence, half_width"),
]


@pytest.mark.parametrize(("overrides", "said"), WRONG, ids=lambda one: " ".join(one) if isinstance(one, list) else "")
def test_a_setting_that_cannot_be_used_is_refused_before_any_call(overrides, said, tmp_path):
    with pytest.raises(SettingError) as refused:
        made(tmp_path / "own.sqlite", *overrides)
    assert said in str(refused.value)


def test_the_mapping_as_a_whole_and_none_at_all_are_settings_too(tmp_path):
    whole = "stop={half_width: 0.02, confidence: 0.9, max_repetitions: 70}"
    found = [made(tmp_path / "own.sqlite", *small(one)) for one in (whole, "stop=null", "stop.max_repetitions=9")]
    for one in found:
        one.terms.store.close()
    assert [one.stop for one in found] == [Stop(0.02, 0.9, 70), None, None]


def test_a_run_is_another_run_only_where_it_stops_by_itself():
    off = {"half_width": None, "confidence": 0.95, "max_repetitions": 50, "min_repetitions": 5, "quantity": "angle"}
    without = digest({"seed": 1})
    assert digest({"seed": 1, "stop": off}) == digest({"seed": 1, "stop": None}) == without
    assert digest({"seed": 1, "stop": off | {"half_width": 3}}) != without
