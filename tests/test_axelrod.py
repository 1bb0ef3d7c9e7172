"""The repeated prisoner's dilemma agrees with Axelrod 4.13.1: every move, every score, and the rates under noise.

The tables in `tests/data` were recorded by `benchmarks/axelrod/record.py`.
"""

import csv
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from scipy.stats import norm

from agents.induction import Induction
from agents.scripted import GrimTrigger, WinStayLoseShift, nearest
from agents.setting import Setting
from agents.strategies import GoByMajority, SuspiciousTitForTat, TitForTwoTats
from experiments.catalogue import built, member
from games.conditions import Conditions
from games.randomness import draw
from games.types import Occasion

DATA = Path(__file__).with_name("data")
LEVEL = 0.001
"""The nominal chance that any of all rates compared is called different although none is.

It is more in truth, as means of few plays have heavier tails than the normal distribution.
"""


def table(name):
    with (DATA / name).open(encoding="utf-8") as file:
        assert file.readline() == "# Axelrod 4.13.1, recorded by benchmarks/axelrod/record.py\n"
        return list(csv.DictReader(file))


MOVES, NOISY = table("axelrod_4_13_1.csv"), table("axelrod_4_13_1_noise.csv")
STRATEGIES = list(dict.fromkeys(row["first"] for row in MOVES))


@cache
def dilemma(rounds):
    """The prisoner's dilemma of the catalogue."""
    return built(member("game", "prisoners_dilemma")["rules"] | {"rounds": rounds}, "game")


def no_gateway():
    raise AssertionError("a scripted rule needs no model")


PLACE = Setting(0, None, 1, no_gateway, Induction("none", "s"), None)


@cache
def agent(name):
    """The strategy of the catalogue; it keeps nothing, so one serves all plays."""
    return built(member("agent", name), "agent", PLACE)


async def played(game, agents, conditions=None, seed=1):
    """The moves of both, as carried out, in C and D, and the points of both."""
    conditions = conditions or Conditions()
    state, moves, points = game.start(seed), ["", ""], [0.0, 0.0]
    while pending := game.decisions(state):
        choices = {}
        for one in pending:
            number = draw(seed, one.player, one.round)
            chosen = await agents[one.player].decide(one, Occasion("play", 1, number))
            choices[one.key] = conditions.carried_out(one, chosen, number)
            moves[one.player] += "CD"[choices[one.key].option]
        state, outcomes = game.resolve(state, choices)
        for one in outcomes:
            points[one.player] += one.payoff
    return moves, points


def pairs(rows, only=None):
    """The rows of the table, or those in which one strategy takes part."""
    return [row for row in rows if only is None or only in (row["first"], row["second"])]


def made(row, instead):
    """The agents of both seats of a pair; `instead` has makers for strategies that are replaced."""
    return [instead.get(row[seat], lambda name=row[seat]: agent(name))() for seat in ("first", "second")]


# --- move by move ----------------------------------------------------------------------------------------------------


async def disagreements(rows, instead=None, game=None):
    """The pairs whose moves or scores are not those recorded."""
    found = []
    for row in rows:
        expected = [row["first_moves"], row["second_moves"]], [float(row["first_score"]), float(row["second_score"])]
        rounds = len(row["first_moves"])
        if await played(game or dilemma(rounds), made(row, instead or {})) != expected:
            found.append((row["first"], row["second"]))
    return found


def test_all_pairs_of_at_least_ten_strategies_were_recorded():
    assert len(STRATEGIES) >= 10
    expected = [(first, second) for at, first in enumerate(STRATEGIES) for second in STRATEGIES[at:]]
    for rows in (MOVES, NOISY):
        assert [(row["first"], row["second"]) for row in rows] == expected
    assert {len(row[seat]) for row in MOVES for seat in ("first_moves", "second_moves")} == {200}


def test_every_strategy_is_told_apart_from_every_other_by_its_moves():
    for first in STRATEGIES:
        for second in STRATEGIES:
            assert first == second or any(moves_of(first, by) != moves_of(second, by) for by in STRATEGIES)


def moves_of(name, by):
    """The moves of a strategy against another."""
    for row in MOVES:
        if (row["first"], row["second"]) == (name, by):
            return row["first_moves"]
        if (row["second"], row["first"]) == (name, by):
            return row["second_moves"]
    raise KeyError((name, by))


async def test_every_pair_makes_the_same_moves_and_scores_the_same():
    assert await disagreements(MOVES) == []


@dataclass(frozen=True)
class Forgiving(GrimTrigger):
    """A grim trigger that looks back ten rounds and no further."""

    async def decide(self, decision, occasion):
        betrayed = any(seen < self.threshold for one in decision.past[-10:] for seen in one.others)
        return nearest(decision, 0.0 if betrayed else 1.0)


@dataclass(frozen=True)
class Impatient(TitForTwoTats):
    """A tit for two tats that defects after any two defections, in a row or not."""

    async def decide(self, decision, occasion):
        return nearest(decision, 0.0 if sum(one.others == (0.0,) for one in decision.past[-3:]) > 1 else 1.0)


@dataclass(frozen=True)
class Hard(GoByMajority):
    """A majority rule that defects where it is exactly half."""

    async def decide(self, decision, occasion):
        seen = [one.others[0] for one in decision.past]
        return nearest(decision, 1.0 if sum(seen) > len(seen) / 2 or not seen else 0.0)


@pytest.mark.parametrize(
    ("name", "specimen"),
    [
        ("tit_for_tat", SuspiciousTitForTat),
        ("grim_trigger", Forgiving),
        ("tit_for_two_tats", Impatient),
        ("go_by_majority", Hard),
    ],
)
async def test_a_strategy_that_is_subtly_wrong_is_told_apart(name, specimen):
    assert await disagreements(pairs(MOVES, name), {name: lambda: specimen(PLACE)})


async def test_points_that_go_to_the_wrong_player_are_told_apart():
    exploited = [row for row in MOVES if row["first_score"] != row["second_score"]]
    transposed = replace(dilemma(200), column=((3, 0), (5, 1)))
    assert len(await disagreements(exploited[:3], game=transposed)) == 3


# --- rates under noise -----------------------------------------------------------------------------------------------


async def deviations(rows, repetitions, instead=None, noise=None):
    """How many standard errors our rates of cooperation are from those recorded.

    By (strategy, partner, seat); and by (strategy,) over its partners, whose plays are independent of each other.
    """
    found, together = {}, defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        conditions = Conditions(noise=float(row["noise"]) if noise is None else noise)
        game, recorded = dilemma(int(row["turns"])), int(row["repetitions"])
        moves = [
            (await played(game, made(row, instead or {}), conditions, draw(1, row["first"], row["second"], number)))[0]
            for number in range(repetitions)
        ]
        for at, (seat, other) in enumerate((("first", "second"), ("second", "first"))):
            rate = sum(both[at].count("C") for both in moves) / (repetitions * game.rounds)
            difference = rate - float(row[f"{seat}_rate"])
            # The spread of a single play is better known from the many recorded than from our few.
            variance = float(row[f"{seat}_error"]) ** 2 * (recorded / repetitions + 1)
            found[row[seat], row[other], seat] = difference / math.sqrt(variance)
            if seat == "first" or row["first"] != row["second"]:
                together[row[seat]][0] += difference
                together[row[seat]][1] += variance
    return found | {(name,): total / math.sqrt(variance) for name, (total, variance) in together.items()}


def different(found):
    """The rates that are further off than chance explains, corrected for their number (Bonferroni)."""
    bound = norm.isf(LEVEL / 2 / len(found))
    return {which: round(z, 2) for which, z in found.items() if abs(z) > bound}


async def test_under_noise_every_pair_cooperates_at_the_same_rates():
    found = await deviations(NOISY, 16)
    assert len(found) == 2 * len(NOISY) + len(STRATEGIES)
    assert different(found) == {}


async def test_half_the_noise_is_told_apart():
    assert ("always_cooperate",) in different(await deviations(pairs(NOISY, "always_cooperate"), 20, noise=0.025))


@dataclass(frozen=True)
class Intending(WinStayLoseShift):
    """A win-stay, lose-shift that goes by what it meant to do, not by what was carried out."""

    meant: list[float] = field(default_factory=lambda: [1.0])

    async def decide(self, decision, occasion):
        if decision.past and decision.past[-1].others == (0.0,):
            self.meant.append(1.0 - self.meant[-1])
        return nearest(decision, self.meant[-1])


async def test_a_strategy_that_overlooks_its_own_slips_is_told_apart_under_noise_alone():
    name = "win_stay_lose_shift"
    instead = {name: lambda: Intending(PLACE)}
    assert await disagreements(pairs(MOVES, name), instead) == []
    among_its_like = [row for row in NOISY if row["first"] == row["second"] == name]
    assert (name,) in different(await deviations(among_its_like, 200, instead))
    assert different(await deviations(among_its_like, 200)) == {}
