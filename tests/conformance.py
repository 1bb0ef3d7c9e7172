"""What every member of the catalogue must do: one function a rule, raising AssertionError with the remedy.

`tests/test_conformance.py` applies them to all members of `conf/`, and each of them to a broken specimen that it must
reject. A rule belongs to the kind that its name begins with.
"""

import asyncio
import copy
import json
import math
import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from numpy.typing import NDArray
from omegaconf import OmegaConf

from agents.gateway import Gateway
from agents.induction import Induction
from agents.wording import Framing, Words
from experiments.catalogue import CATALOGUE, built, known, member
from experiments.protocol import Experiment
from experiments.setup import experiment
from games.decision_json import as_json, decision_from_json
from games.errors import ChoiceError, CommonwealError, SettingError
from games.presentation import FIRSTS, LABELS, Presentation
from games.randomness import stream
from games.svo import Orientation
from games.types import (
    Agent,
    Answer,
    Choice,
    Decision,
    Failure,
    Game,
    Measure,
    Occasion,
    Outcome,
)
from sim.matching import FixedPartners, Matching, RandomStrangers
from sim.participant import Member
from sim.society import Society

GOLDEN = Path(__file__).with_name("golden")


def demand(holds: object, remedy: str) -> None:
    """Raise AssertionError with the remedy unless it holds."""
    if not holds:
        raise AssertionError(remedy)


# --- games -----------------------------------------------------------------------------------------------------------

SEEDS = range(5)
_STAGES_A_ROUND = 50


@dataclass(frozen=True)
class Stage:
    """One stage of a play: the state before it, what was pending and chosen, and what came of it."""

    state: Any
    pending: tuple[Decision, ...]
    choices: Mapping[tuple[int, int], Choice]
    following: Any
    outcomes: tuple[Outcome, ...]

    @property
    def round(self) -> int:
        """The round that it belongs to."""
        return self.pending[0].round


FEW = 11
"""Options that careful plays choose from: among the first of a menu, so that a common stock lasts for a while."""


def played(game: Game[Any], seed: int, first: int = 1) -> Iterator[Stage]:
    """A play of choices at random, fixed by the seed: from all options, and in odd plays from the first few."""
    rng = stream(seed, "conformance")
    state = game.start(seed, first=first)
    for _ in range(game.rounds * _STAGES_A_ROUND):
        pending = game.decisions(state)
        if not pending:
            return
        choices = {
            one.key: Choice(int(rng.integers(min(len(one.options), FEW) if seed % 2 else len(one.options))))
            for one in pending
        }
        following, outcomes = game.resolve(state, choices)
        yield Stage(state, pending, choices, following, outcomes)
        state = following
    raise AssertionError(
        f"{game.name}: a play is not over after {_STAGES_A_ROUND} stages a round; `decisions` must return () when the "
        f"last of the {game.rounds} rounds is resolved, and `resolve` must move on"
    )


def stages(game: Game[Any]) -> Iterator[Stage]:
    """All stages of several plays."""
    for seed in SEEDS:
        yield from played(game, seed)


def game_ends(game: Game[Any], words: Words) -> None:
    """A play has at least one decision and an end."""
    for seed in SEEDS:
        demand(
            list(played(game, seed)), f"{game.name}: nothing is ever asked; `decisions(start(seed))` must not be empty"
        )


def game_describes_its_decisions(game: Game[Any], words: Words) -> None:
    """Name, seats and number of others of every decision are those of the game."""
    for stage in stages(game):
        for one in stage.pending:
            demand(one.game == game.name, f"{game.name}: a decision says game={one.game!r}; pass `self.name`")
            demand(0 <= one.player < game.players, f"{game.name}: player={one.player} is no seat below {game.players}")
            demand(1 <= one.others < game.players, f"{game.name}: others={one.others} at a table of {game.players}")


def game_decisions_have_keys_of_their_own(game: Game[Any], words: Words) -> None:
    """No two pending decisions have the same (player, item)."""
    for stage in stages(game):
        twice = [key for key, count in Counter(one.key for one in stage.pending).items() if count > 1]
        demand(not twice, f"{game.name}: several pending decisions have the key {twice}; number them by `item` from 1")


def game_decisions_offer_a_choice(game: Game[Any], words: Words) -> None:
    """Every decision has at least two options, with acts of their own."""
    for stage in stages(game):
        for one in stage.pending:
            acts = {option.act for option in one.options}
            demand(
                len(acts) == len(one.options) >= 2, f"{game.name}: {one.stage} has no choice; give two options or more"
            )


def game_rounds_rise(game: Game[Any], words: Words) -> None:
    """Rounds are 1, 2 … `rounds`, none left out, and all that is pending belongs to one of them.

    A game in which something passes from round to round may end before its last.
    """
    for seed in SEEDS:
        rounds = []
        for stage in played(game, seed):
            at_once = {one.round for one in stage.pending}
            demand(len(at_once) == 1, f"{game.name}: rounds {sorted(at_once)} are pending at once; ask one at a time")
            rounds.append(stage.round)
        demand(rounds == sorted(rounds), f"{game.name}: rounds do not rise: {rounds}")
        last = max(rounds, default=0) if _may_end_early(game) else game.rounds
        demand(
            set(rounds) == set(range(1, last + 1)) and last <= game.rounds,
            f"{game.name}: rounds {sorted(set(rounds))} were played; a play has rounds 1 to {game.rounds}",
        )


def _may_end_early(game: Game[Any]) -> bool:
    return bool(getattr(game, "CARRIES", False))


def game_payoffs_are_finite(game: Game[Any], words: Words) -> None:
    """Payoffs are numbers, and what is remembered of them is the same number."""
    for stage in stages(game):
        for one in stage.outcomes:
            demand(math.isfinite(one.payoff), f"{game.name}: payoff {one.payoff} of player {one.player}")
            demand(one.payoff == one.experience.payoff, f"{game.name}: an experience remembers another payoff")


def game_outcomes_reach_everybody(game: Game[Any], words: Words) -> None:
    """A settled stage has one outcome for each player, and every round is settled."""
    for seed in SEEDS:
        settled = set()
        for stage in played(game, seed):
            if stage.outcomes:
                seats = sorted(one.player for one in stage.outcomes)
                demand(
                    seats == list(range(game.players)),
                    f"{game.name}: outcomes for players {seats}; give one to each of the {game.players}, 0 points too",
                )
                about = {(one.round, one.experience.round, one.experience.game) for one in stage.outcomes}
                demand(about == {(stage.round, stage.round, game.name)}, f"{game.name}: outcomes are of {about}")
                settled.add(stage.round)
        last = max(settled, default=0) if settled and _may_end_early(game) else game.rounds
        demand(settled == set(range(1, last + 1)), f"{game.name}: only rounds {sorted(settled)} had outcomes")


def game_allocations_are_what_is_paid(game: Game[Any], words: Words) -> None:
    """When the others do what they did last, an option pays what it said: own points, and the SUM of the others'.

    Where something passes from round to round, an option says what comes of it until the end: asked of the last round.
    """
    for seed in SEEDS:
        last: dict[tuple[int, int, str], int | str] = {}
        for stage in played(game, seed):
            kept = {}
            for one in stage.pending:
                act = last.get((*one.key, one.stage))
                kept[one.key] = next((n for n, option in enumerate(one.options) if option.act == act), None)
            for one in stage.pending:
                alone = [other for other in stage.pending if other.player == one.player] == [one]
                others = {key: option for key, option in kept.items() if key != one.key}
                due = stage.round == game.rounds or not getattr(game, "CARRIES", False)
                if alone and due and None not in others.values():
                    _pays_what_it_says(game, stage.state, one, others)
            for one in stage.pending:
                last[*one.key, one.stage] = stage.choices[one.key].taken(one).act


def _pays_what_it_says(game: Game[Any], state: Any, decision: Decision, others: Mapping[Any, int | None]) -> None:
    held = {key: Choice(option) for key, option in others.items()}
    for index in {0, len(decision.options) // 2, len(decision.options) - 1}:
        option = decision.options[index]
        paid = _paid(game, state, {**held, decision.key: Choice(index)})
        if not paid.size:
            return
        # Where chance decides, an option says what it brings on average, or nearly so.
        chance = paid.std(axis=0).max() > 0
        own, rest = (float(one) for one in (paid[:, decision.player].mean(), paid.sum(axis=1).mean()))
        rest -= own
        said, near = option.allocation, 1e-9
        if chance:
            near = 0.03 * abs(rest + own) + 5 * float(paid.std(axis=0).sum()) / math.sqrt(len(paid))
        demand(
            math.isclose(own, said.own, abs_tol=near) and math.isclose(rest, said.other, abs_tol=near),
            f"{game.name} {decision.stage}: option {option.act!r} says {said.own:g} and {said.other:g} but "
            f"pays {own:g} and {rest:g}; `other` is the sum over all others, whose acts are held at their last",
        )


_ALIKE = 8
"""So many outcomes alike under other seeds mean that no chance decides (or that it hardly ever does)."""


def _paid(game: Game[Any], state: Any, choices: Mapping[tuple[int, int], Choice]) -> NDArray[np.float64]:
    """Points by (seed of chance, seat): one row where the rules hold no chance; none where nothing is settled yet."""
    seeds = range(60) if hasattr(state, "seed") else (None,)
    rows = []
    for seed in seeds:
        _, outcomes = game.resolve(state if seed is None else replace(state, seed=seed), choices)
        if not outcomes:
            break
        rows.append([one.payoff for one in sorted(outcomes, key=lambda one: one.player)])
        if len(rows) == _ALIKE and len(set(map(tuple, rows))) == 1:
            break
    return np.array(rows)


def _frozen(value: Any, where: str) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        demand(
            type(value).__dataclass_params__.frozen,  # type: ignore[attr-defined]  # no stub names it
            f"{where}: {type(value).__name__} can be changed; write @dataclass(frozen=True)",
        )
        for one in fields(value):
            _frozen(getattr(value, one.name), f"{where}.{one.name}")
    elif isinstance(value, tuple):
        for one in value:
            _frozen(one, where)
    elif isinstance(value, Mapping):  # the facts of an experience
        for one in value.values():
            _frozen(one, where)
    else:
        demand(
            value is None or isinstance(value, bool | int | float | str),
            f"{where}: a {type(value).__name__} in the state; hold tuples, numbers, words and frozen dataclasses",
        )


def game_states_cannot_be_changed(game: Game[Any], words: Words) -> None:
    """A state is a frozen value, and no method changes the one it was given."""
    for stage in stages(game):
        _frozen(stage.state, f"{game.name}: state")
        before = copy.deepcopy(stage.state)
        game.decisions(stage.state)
        game.resolve(stage.state, stage.choices)
        game.void(stage.state)
        demand(stage.state == before, f"{game.name}: a state was changed in place; return a new one")


def game_states_are_json(game: Game[Any], words: Words) -> None:
    """A state can be written as JSON."""
    for stage in stages(game):
        try:
            json.dumps(asdict(stage.state), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"{game.name}: a state is no JSON ({error}); hold plain numbers and words") from error


def game_decisions_travel(game: Game[Any], words: Words) -> None:
    """A decision passes through JSON unchanged, and its facts are JSON too."""
    for stage in stages(game):
        for one in stage.pending:
            try:
                json.dumps([dict(one.facts), *[dict(lived.facts) for lived in one.past]], allow_nan=False)
                arrived = decision_from_json(json.loads(json.dumps(as_json(one), allow_nan=False)))
            except (TypeError, ValueError) as error:
                raise AssertionError(f"{game.name} {one.stage}: the decision is no JSON ({error})") from error
            past = tuple(replace(lived, facts={}) for lived in one.past)
            demand(arrived == replace(one, facts={}, past=past), f"{game.name} {one.stage}: changed on its way by JSON")


def game_replays(game: Game[Any], words: Words) -> None:
    """The same seed and choices give the same play, to the last round."""
    for seed in SEEDS:
        demand(
            list(played(game, seed)) == list(played(game, seed)),
            f"{game.name}: a play is not fixed by its seed and choices; draw from `games.randomness.stream` only",
        )


def game_refuses_bad_choices(game: Game[Any], words: Words) -> None:
    """Missing, superfluous, failed and off-menu choices are a ChoiceError in every stage; nothing is assumed."""
    for stage in played(game, 1):
        key, decision = stage.pending[0].key, stage.pending[0]
        fewer = {other: choice for other, choice in stage.choices.items() if other != key}
        bad = {
            "a missing choice": fewer,
            "a choice that was not asked for": {**stage.choices, (game.players, 0): Choice(0)},
            "a choice for an item that was not asked": {**stage.choices, (decision.player, 999): Choice(0)},
            "a failure": {**stage.choices, key: Choice(failure=Failure.UNREADABLE)},
            "a choice off the menu": {**stage.choices, key: Choice(len(decision.options))},
            "a negative choice": {**stage.choices, key: Choice(-1)},
        }
        for what, choices in bad.items():
            try:
                game.resolve(stage.state, choices)
            except ChoiceError:
                continue
            raise AssertionError(
                f"{game.name} {decision.stage}: `resolve` took {what}; use `games.types.answered`, which refuses it"
            )


def game_refuses_what_comes_late(game: Game[Any], words: Words) -> None:
    """Once the play is over, any choice is a ChoiceError, and none is too."""
    *_, last = played(game, 1)
    for what, choices in (("a choice", last.choices), ("no choices", {})):
        try:
            game.resolve(last.following, choices)
        except ChoiceError:
            continue
        raise AssertionError(f"{game.name}: `resolve` took {what} after the last round; raise ChoiceError")


def game_keeps_its_sum(game: Game[Any], words: Words) -> None:
    """Two hundred plays at random end; where the rules say that no points are made or destroyed, none are."""
    constant = getattr(game, "constant_sum", lambda: None)()
    for seed in range(200):
        for stage in played(game, seed):
            total = sum(one.payoff for one in stage.outcomes)
            demand(math.isfinite(total), f"{game.name}: seed {seed} gives {total} points in round {stage.round}")
            demand(
                constant is None or not stage.outcomes or math.isclose(total, constant, abs_tol=1e-9),
                f"{game.name}: {total:g} points in round {stage.round}; `constant_sum` says {constant}",
            )


def game_yardsticks_hold(game: Game[Any], words: Words) -> None:
    """No play leaves the range that the yardsticks give, none beats the optimum, and each equilibrium lies within."""
    if not hasattr(game, "yardsticks"):
        return
    found = game.yardsticks()
    demand(found.equilibria, f"{game.name}: `yardsticks` names no equilibrium; say under `concept` which kind there is")
    demand(set(found.ideal) == set(Orientation), f"{game.name}: `yardsticks` lacks the ideal acts of an orientation")
    edge = 1e-6
    for one in found.equilibria:
        demand(
            one.total <= found.optimum.total + edge and found.least - edge <= min(one.points) <= max(one.points),
            f"{game.name}: the equilibrium {one} is beyond the optimum or the least points",
        )
    for seed in range(20):
        earned = defaultdict[int, list[float]](list)
        for stage in played(game, seed):
            for outcome in stage.outcomes:
                earned[outcome.player].append(outcome.payoff)
        spans = [[sum(points)] for points in earned.values()] if found.span == "play" else list(earned.values())
        for points in spans:
            demand(
                found.least - edge <= min(points) and max(points) <= found.most + edge,
                f"{game.name}: points {points} lie outside the yardsticks' [{found.least:g}, {found.most:g}]",
            )
        totals = [sum(at) for at in zip(*spans, strict=True)]
        demand(
            not totals or found.expected or max(totals) <= found.optimum.total + edge,
            f"{game.name}: {max(totals, default=0):g} points together beat the optimum of {found.optimum.total:g}",
        )


def game_starts_at_any_round(game: Game[Any], words: Words) -> None:
    """`start(seed, first=k)` starts in round k, without a past, and plays on to the end."""
    for first in range(1, game.rounds + 1):
        course = list(played(game, 1, first))
        rounds = [stage.round for stage in course]
        last = max(rounds, default=0) if _may_end_early(game) else game.rounds
        demand(
            rounds and set(rounds) == set(range(first, last + 1)),
            f"{game.name}: start(seed, first={first}) plays rounds {rounds}",
        )
        past = [one.past for one in course[0].pending if one.past]
        demand(not past, f"{game.name}: start(seed, first={first}) remembers rounds that were not played at this table")


def game_void_passes_on(game: Game[Any], words: Words) -> None:
    """From any stage `void` leads to the next round, or out of the game, and the void round leaves no memory."""
    for stage in stages(game):
        after = game.decisions(game.void(stage.state))
        if stage.round == game.rounds:
            demand(not after, f"{game.name}: after a void last round something is still asked")
            continue
        rounds = {one.round for one in after}
        demand(
            rounds == {stage.round + 1} or (not rounds and _may_end_early(game)),
            f"{game.name}: void in round {stage.round} leads to {sorted(rounds)}, not the next",
        )
        kept = [e.round for one in after for e in one.past if e.round >= stage.round]
        demand(
            not kept, f"{game.name}: the void round {stage.round} is remembered; `void` must drop its earlier stages"
        )


def game_past_is_what_the_player_lived(game: Game[Any], words: Words) -> None:
    """`past` holds exactly the experiences of the player's own outcomes, oldest first."""
    for seed in SEEDS:
        lived: dict[int, list[Any]] = {seat: [] for seat in range(game.players)}
        for stage in played(game, seed):
            for one in stage.pending:
                demand(
                    list(one.past) == lived[one.player],
                    f"{game.name} round {one.round}: player {one.player}'s past is not what it lived; return the same "
                    "experiences in `past` and in the outcomes, each to its own player",
                )
            for outcome in stage.outcomes:
                lived[outcome.player].append(outcome.experience)


def _neutral(own: Mapping[str, Words]) -> Framing:
    return Framing.from_data(member("framing", "neutral"), own)


def game_words_cover_every_stage(game: Game[Any], words: Words) -> None:
    """Every decision can be put into words strictly, remembered too, and no word is for a stage that never comes."""
    framing = _neutral({game.name: words, "elsewhere": Words("", {"ask": ""})})
    asked, lived, acts = set(), set(), set()
    for stage in stages(game):
        for one in stage.pending:
            asked.add(one.stage)
            acts |= {str(option.act) for option in one.options} if one.answer is Answer.LETTER else set()
            _said(framing, one)
        for outcome in stage.outcomes:
            lived.add(outcome.stage)
            facts = {"remembered": {game.name: game.decisions(game.start(1))[0].facts}}
            options = stage.pending[0].options[:2]
            _said(framing, Decision("elsewhere", 0, options, facts, stage="ask", past=(outcome.experience,)))
    for what, given, met in (
        ("questions", words.questions, asked),
        ("past", words.past, lived),
        ("acts", words.acts, acts),
    ):
        idle = sorted(set(given) - met)
        demand(not idle, f"words of {game.name}: {what} {idle} never come in a play; take them out or mend their names")


def _said(framing: Framing, decision: Decision) -> str:
    try:
        return framing.question(decision)
    except CommonwealError as error:
        raise AssertionError(str(error)) from error


# --- measures --------------------------------------------------------------------------------------------------------


def _answers(measure: Measure, seed: int) -> list[Choice]:
    rng = stream(seed, "conformance")
    return [Choice(int(rng.integers(len(one.options)))) for one in measure.decisions()]


def measure_items_are_in_order(measure: Measure, words: Words) -> None:
    """Items of one name, with numbers of their own, put to one player without a past, the same every time."""
    asked = measure.decisions()
    demand(asked, f"{measure.name}: nothing is asked")
    demand({one.game for one in asked} == {measure.name}, f"{measure.name}: a decision has another game; pass the name")
    demand(len({one.key for one in asked}) == len(asked), f"{measure.name}: number the items apart by `item`")
    demand(all(not one.past for one in asked), f"{measure.name}: an item has a past; the society adds it, with memory")
    demand(measure.decisions() == asked, f"{measure.name}: the items differ from one administration to the next")


def measure_scores_are_readings(measure: Measure, words: Words) -> None:
    """A complete administration has finite readings, the same for the same answers."""
    for seed in SEEDS:
        answers = _answers(measure, seed)
        score = measure.score(answers)
        demand(
            (score.failed, score.asked) == (0, len(answers)),
            f"{measure.name}: counted {score} for {len(answers)} items",
        )
        for what in ("angle", "length", "index"):
            reading = getattr(score, what)
            demand(
                reading is None or math.isfinite(reading), f"{measure.name}: {what} is {reading}; None means unreadable"
            )
        demand(score == measure.score(answers), f"{measure.name}: the same answers were scored in two ways")


def measure_reads_certainty_as_a_choice(measure: Measure, words: Words) -> None:
    """Probabilities that leave no doubt have the angle, the category and the length of the choices."""
    answers = _answers(measure, 1)
    certain = []
    for one, choice in zip(measure.decisions(), answers, strict=True):
        probabilities = tuple(float(index == choice.option) for index in range(len(one.options)))
        certain.append(replace(choice, probabilities=probabilities))
    read, expected = measure.score(certain), measure.score(answers)
    demand(
        (read.angle, read.category, read.length) == (expected.angle, expected.category, expected.length),
        f"{measure.name}: reads certain probabilities as {read}, and the same choices as {expected}",
    )


def measure_failures_are_counted(measure: Measure, words: Words) -> None:
    """Failures are counted, and with nothing but failures every reading is None, never a number."""
    answers = _answers(measure, 1)
    failure = Choice(failure=Failure.REFUSED)
    for number in range(len(answers) + 1):
        score = measure.score([failure] * number + answers[number:])
        demand(score.failed == number, f"{measure.name}: {number} items failed, but the score says {score.failed}")
    nothing = measure.score([failure] * len(answers))
    readings = (nothing.angle, nothing.category, nothing.transitive, nothing.length, nothing.index)
    demand(
        readings == (None,) * 5, f"{measure.name}: read {readings} out of failures alone; a failure is never a number"
    )


def measure_refuses_bad_choices(measure: Measure, words: Words) -> None:
    """A wrong number of choices and a choice off the menu are a ChoiceError."""
    answers = _answers(measure, 1)
    for bad in (answers[:-1], [*answers, Choice(0)], [Choice(99), *answers[1:]], [Choice(-1), *answers[1:]]):
        try:
            measure.score(bad)
        except ChoiceError:
            continue
        raise AssertionError(
            f"{measure.name}: `score` took {len(bad)} choices for {len(answers)} items, or one off the menu"
        )


def measure_words_cover_every_stage(measure: Measure, words: Words) -> None:
    """Every item can be put into words strictly, and no word is for a stage that never comes."""
    framing = _neutral({measure.name: words})
    for one in measure.decisions():
        _said(framing, one)
    idle = sorted(set(words.questions) - {one.stage for one in measure.decisions()})
    demand(not idle, f"words of {measure.name}: questions {idle} never come; take them out or mend their names")


# --- what a person reads ---------------------------------------------------------------------------------------------


class Stub:
    """What every agent of the tests is told apart by; it has nothing to let go of."""

    kind, model, induction, synthetic = "stub", "none", "none", True

    def forget(self, phase: str, repetition: int) -> None:
        """Nothing was kept."""


class _Listener(Stub):
    """Chooses at random, and keeps what it was put."""

    def __init__(self) -> None:
        self.heard: list[tuple[Decision, Occasion]] = []

    async def decide(self, decision: Decision, occasion: Occasion) -> Choice:
        """Any option."""
        self.heard.append((decision, occasion))
        return Choice(int(stream(occasion.draw, "listener").integers(min(FEW, len(decision.options)))))


def _heard(game: Game[Any], matching: Matching) -> list[_Listener]:
    """What everybody was put in a play, and in each measure after it with memory."""
    crew = [_Listener() for _ in range(game.players)]
    society = Society([Member("c", "none", one) for one in crew], game, matching, seed=1)
    while society.round < game.rounds:
        society.step()
    for name in known("measure"):
        society.administer(catalogued_measure(name)[0], "after", memory=True)
    return crew


def _first_of_each_stage(game: Game[Any], crew: Sequence[_Listener], number: int) -> list[Decision]:
    heard = [one for each in crew for one, _ in each.heard if (one.game, one.round) == (game.name, number)]
    found: dict[str, Decision] = {}
    for one in sorted(heard, key=lambda one: one.key):
        found.setdefault(one.stage, one)
    return list(found.values())


def game_rendering(game: Game[Any], words: Words) -> str:
    """What players read in the first and last round, among strangers, and in each measure after play with memory."""
    crew, framing_words, measures = _heard(game, FixedPartners()), {game.name: words}, []
    for name in known("measure"):
        measure, its_words = catalogued_measure(name)
        framing_words[measure.name] = its_words
        measures.append(measure)
    framing, parts = _neutral(framing_words), []
    for number in dict.fromkeys((1, game.rounds)):
        parts += [
            _page(f"round {number}, {one.stage}, seat {one.player}", _said(framing, one))
            for one in _first_of_each_stage(game, crew, number)
        ]
    # What passes from round to round is refused among strangers.
    apart = [] if _may_end_early(game) else _heard(game, RandomStrangers())
    strangers = _first_of_each_stage(game, apart, min(2, game.rounds))
    parts += [_page(f"among strangers, round {one.round}, {one.stage}", _said(framing, one)) for one in strangers]
    for measure in measures:
        one = next(one for one, _ in crew[0].heard if one.game == measure.name)
        parts.append(_page(f"{measure.name} after play, with memory", _said(framing, one)))
    return "\n".join(parts)


def measure_rendering(measure: Measure, words: Words) -> str:
    """What a respondent reads: the first item of each block."""
    framing, asked = _neutral({measure.name: words}), measure.decisions()
    firsts = [next(one for one in asked if one.stage == stage) for stage in dict.fromkeys(one.stage for one in asked)]
    return "\n".join(_page(f"{one.stage}, item {one.item}", _said(framing, one)) for one in firsts)


def _page(title: str, text: str) -> str:
    return f"=== {title} ===\n\n{text}\n"


def golden_words_are_as_read(name: str, rendering: str) -> None:
    """The words are those that a person has read and found complete; GOLDEN=write writes them anew."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(rendering, encoding="utf-8")
    remedy = (
        "run `GOLDEN=write .venv/bin/python -m pytest tests/test_conformance.py -k golden`, and read the file as a "
        "player would: is everything there that a player needs, and nothing that it may not know?"
    )
    demand(path.exists(), f"{path.name}: nobody has read these words yet; {remedy}")
    demand(path.read_text(encoding="utf-8") == rendering, f"{path.name}: players read other words now; {remedy}")


# --- framings --------------------------------------------------------------------------------------------------------


def _spoken(data: Mapping[str, Any]) -> tuple[Framing, list[Decision]]:
    """The framing over the words of all games and measures, and every decision of a play and of an administration."""
    own: dict[str, Words] = {}
    asked: list[Decision] = []
    for name in known("game"):
        game, words = catalogued_game(name)
        own[game.name] = words
        asked += [one for stage in played(game, 1) for one in stage.pending]
    for name in known("measure"):
        measure, words = catalogued_measure(name)
        own[measure.name] = words
        asked += measure.decisions()
    try:
        return Framing.from_data(data, own), asked
    except SettingError as error:
        raise AssertionError(str(error)) from error


def _needed(framing: Framing, decision: Decision) -> list[str]:
    """What must stand in a question: amounts at both ends, or all labels, and all points where acts have no words."""
    if decision.answer is Answer.AMOUNT:
        return [f"{decision.options[0].act}", f"{decision.options[-1].act}"]
    if framing.words_of(decision.game).acts:
        return list(decision.labels)
    brought = [one.allocation for one in decision.options]
    return [f"{points:g}" for one in brought for points in (one.own, one.other)] + list(decision.labels)


def framing_renders_everything(data: Mapping[str, Any]) -> None:
    """Every decision of every game and measure can be put into words, with all labels and points or amounts in it."""
    framing, asked = _spoken(data)
    for original in asked:
        for labels in LABELS if original.answer is not Answer.AMOUNT else LABELS[:1]:
            one = Presentation(labels=labels).present(original, 1)
            text = _said(framing, one)
            missing = sorted(
                {
                    word
                    for word in _needed(framing, one)
                    if not re.search(rf"(?<![\w.]){re.escape(word)}(?![\w]|\.\d)", text)
                }
            )
            demand(not missing, f"framing {framing.name}: {one.game} {one.stage} does not show {', '.join(missing)}")


def framing_follows_the_layout(data: Mapping[str, Any]) -> None:
    """An option names own or others' points first as the layout says, and points are called as it says everywhere."""
    framing, asked = _spoken(data)
    for one in asked:
        text = _said(framing, Presentation(currency="zorkmids").present(one, 1))
        said = re.search(r"[^.\n]*\bpoints?\b[^.\n]*", text, re.I)
        demand(not said, f"framing {framing.name}: {one.game} says points whatever the currency: {said and said[0]!r}")
        if one.answer is Answer.AMOUNT or framing.words_of(one.game).acts:
            continue
        for first in FIRSTS:
            laid_out = Presentation(first=first).present(one, 1)
            lines = _said(framing, laid_out).splitlines()
            for label, option in laid_out.labelled():
                points = [f"{option.allocation.own:g}", f"{option.allocation.other:g}"]
                expected = points if first == "own" else points[::-1]
                shown = [re.findall(r"-?\d+(?:\.\d+)?", line) for line in lines if line.startswith(label)]
                found = [[number for number in line if number in points][:2] for line in shown]
                demand(
                    expected in found,
                    f"framing {framing.name}: {one.game} {label} does not name the points of {first} first: {found}",
                )


CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "partners from strangers": [{"horizon": "unknown", "lasting": lasting} for lasting in (True, False)],
    "the round": [{"horizon": "known", "round": number, "rounds": 7} for number in (2, 3)],
    "the number of rounds": [{"horizon": "known", "rounds": rounds} for rounds in (6, 7)],
    "the round where the end is unknown": [{"horizon": "unknown", "round": number} for number in (2, 3)],
    "the probability of another round": [{"horizon": "random", "continuation": chance} for chance in (0.5, 0.9)],
    "how long it may go on": [{"horizon": "unknown"}, {"horizon": "random", "continuation": 0.5}],
    "noise": [{"noise": share} for share in (0.0, 0.1, 0.2)],
}


def framing_tells_the_conditions(data: Mapping[str, Any]) -> None:
    """Whether partners stay, which round it is, how long it may go on, and noise: each is told where there is any."""
    framing, asked = _spoken(data)
    for one in {one.game: one for one in reversed(asked)}.values():

        def said(decision: Decision, facts: Mapping[str, Any]) -> str:
            return _said(framing, replace(decision, facts={**decision.facts, "round": 2, **facts}))

        for what, variants in CONDITIONS.items():
            told = {said(one, facts) for facts in variants}
            demand(len(told) == len(variants), f"framing {framing.name}: {one.game} does not tell {what}")
        once = {said(one, {"horizon": "known", "rounds": 1, "lasting": lasting}) for lasting in (True, False)}
        demand(len(once) == 1, f"framing {framing.name}: {one.game} tells who stays where there is a single round")


# --- matching rules --------------------------------------------------------------------------------------------------


def matching_places_everybody_once(rule: Matching) -> None:
    """Every participant is in exactly one group of the size, in every round."""
    for participants, size, number in ((2, 2, 1), (12, 4, 1), (12, 4, 7), (15, 3, 2), (6, 1, 1)):
        groups = rule.groups(participants, size, 5, number)
        seats = sorted(one for group in groups for one in group)
        demand(
            seats == list(range(participants)) and {len(group) for group in groups} == {size},
            f"{rule}: groups {groups} of {participants} participants by {size}; place everybody once",
        )


def matching_is_fixed_by_the_seed(rule: Matching) -> None:
    """The same seed and round give the same groups."""
    for number in (1, 2, 3):
        demand(
            rule.groups(24, 4, 5, number) == rule.groups(24, 4, 5, number),
            f"{rule}: the same seed gives other groups; draw from `games.randomness.stream(seed, …)` only",
        )


def matching_keeps_its_word_on_lasting(rule: Matching) -> None:
    """A rule that says that groups last gives the same ones in every round."""
    demand(isinstance(rule.lasting, bool), f"{rule}: `lasting` is True or False")
    found = {rule.groups(24, 4, 5, number) for number in range(1, 8)}
    demand(len(found) == 1 or not rule.lasting, f"{rule}: says that groups last, and gives others in later rounds")


def matching_refuses_what_does_not_divide(rule: Matching) -> None:
    """A population that does not divide into groups is a SettingError."""
    for participants in (0, 3, 7):
        try:
            groups = rule.groups(participants, 4, 5, 1)
        except SettingError:
            continue
        raise AssertionError(f"{rule}: made {groups} of {participants} participants by 4; raise SettingError")


# --- agents ----------------------------------------------------------------------------------------------------------

type Make = Callable[[], Agent]


def everything_asked() -> list[Decision]:
    """Decisions of every game, early and late, and of every measure."""
    asked: list[Decision] = []
    for name in known("game"):
        game, _ = catalogued_game(name)
        asked += [one for stage in played(game, 3) for one in stage.pending][:24]
    for name in known("measure"):
        asked += catalogued_measure(name)[0].decisions()
    return asked


def _decided(agent: Agent, asked: Sequence[Decision]) -> list[Choice]:
    async def one_by_one() -> list[Choice]:
        return [await agent.decide(one, Occasion("play", 1, 1000 + number)) for number, one in enumerate(asked)]

    return asyncio.run(one_by_one())


def agent_is_told_apart(make: Make) -> None:
    """It has a kind, a model, an induction, and says whether it is synthetic."""
    try:
        agent = make()
    except CommonwealError as error:
        raise AssertionError(f"the agent cannot be made from its file and a setting: {error}") from error
    for name, kind in (("kind", str), ("model", str), ("induction", str), ("synthetic", bool)):
        value = getattr(agent, name, None)
        demand(
            isinstance(value, kind) and value != "",
            f"{type(agent).__name__}: `{name}` is {value!r}; the tables need it",
        )


def agent_answers_everything(make: Make) -> None:
    """Every decision of every game and measure gets an option on its menu or a stated failure."""
    asked = everything_asked()
    try:
        choices = _decided(make(), asked)
    except Exception as error:
        raise AssertionError(
            f"the agent raised {type(error).__name__}: {error}; what cannot be read is a Choice"
        ) from error
    for decision, choice in zip(asked, choices, strict=True):
        demand(isinstance(choice, Choice), f"the agent answered {choice!r}, which is no Choice")
        if choice.failure is None:
            try:
                choice.taken(decision)
            except ChoiceError as error:
                raise AssertionError(f"the agent chose off the menu: {error}") from error


def agent_is_fixed_by_the_draw(make: Make) -> None:
    """The same draws get the same choices from an agent made anew."""
    asked = everything_asked()
    once, again = ([(choice.option, choice.failure) for choice in _decided(make(), asked)] for _ in range(2))
    demand(once == again, "the same draws get other choices; use `occasion.draw` for chance")


def agent_begins_anew_after_forgetting(make: Make) -> None:
    """An occasion that it was told to forget begins anew; one that never was may be forgotten too."""
    asked, agent = everything_asked(), make()

    async def twice() -> list[list[tuple[int | None, Failure | None]]]:
        rounds = []
        for _ in range(2):
            try:
                agent.forget("play", 1)
            except Exception as error:
                raise AssertionError(f"`forget` raised {type(error).__name__}: {error}") from error
            choices = [await agent.decide(one, Occasion("play", 1, 1000 + n)) for n, one in enumerate(asked)]
            rounds.append([(choice.option, choice.failure) for choice in choices])
        return rounds

    once, again = asyncio.run(twice())
    demand(once == again, "after `forget` the agent still answers by what went before; let go of what was kept")


# --- inductions ------------------------------------------------------------------------------------------------------

LENGTHS = 0.25
"""How far an orientation's text may be from the mean of the four, as a share of it."""

SOCIAL_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    he she his her hers him himself herself man men woman women boy boys girl girls male female masculine feminine
    gender mr mrs ms sir madam lady gentleman guy guys father mother son daughter brother sister husband wife king
    queen rich richer poor poorer wealth wealthy income salary millionaire billionaire luxury luxurious poverty
    money fortune alice anna bob charlie david emily emma frank george grace henry jack james jane jennifer john
    kevin laura linda lisa maria mark mary michael olivia paul peter robert sarah susan thomas tom william
        """,
    )
)
"""Names, gender and wealth: with one of them in the wording, it is no longer the value alone that is induced."""

_STEMS = {
    Orientation.ALTRUISTIC: r"altruis",
    Orientation.PROSOCIAL: r"pro-?\s?social",
    Orientation.INDIVIDUALISTIC: r"individualis",
    Orientation.COMPETITIVE: r"competiti|competitor|rivalr",
}


def _induction(data: Mapping[str, Any]) -> Induction:
    try:
        return Induction.from_data(data)
    except SettingError as error:
        raise AssertionError(str(error)) from error


def _text(induction: Induction, orientation: Orientation) -> str:
    one = induction.worded(orientation)
    return "\n".join([one.system, *[step.ask for step in one.steps], one.reminder])


def induction_is_complete(data: Mapping[str, Any]) -> None:
    """It has a name and a source, and words for all four orientations, with no variable left over or missing."""
    made = _induction(data)
    demand(made.name and made.source, f"induction {made.name!r}: say under `source` where the wording comes from")
    for orientation in Orientation:
        open_places = set(re.findall(r"\{\{\s*(\w+)", _text(made, orientation)))
        saved = {step.save for step in made.steps}
        demand(open_places <= saved, f"induction {made.name}: {open_places - saved} stay open for {orientation}")
        early = re.findall(r"\{\{\s*(\w+)", made.worded(orientation).system)
        demand(
            not early, f"induction {made.name}: {', '.join(early)} is saved only after the system message has gone out"
        )


def induction_differs_in_the_value_only(data: Mapping[str, Any]) -> None:
    """With the values blanked the four texts are the same, and the wording does not look at them."""
    made = _induction(data)
    marked = {
        name: {variable: f"⟦{value}⟧" for variable, value in values.items()} for name, values in made.values.items()
    }
    wrapped = replace(made, values=marked)
    blanked = set()
    for orientation in Orientation:
        text = _text(wrapped, orientation)
        demand(
            re.sub("[⟦⟧]", "", text) == _text(made, orientation),
            f"induction {made.name}: the wording depends on the value of {orientation} by more than showing it; use "
            "plain {{ variables }}",
        )
        blanked.add(re.sub("⟦.*?⟧", "□", text))
    demand(
        len(blanked) == 1, f"induction {made.name}: orientations differ in more than their values: {sorted(blanked)}"
    )


def induction_texts_are_of_like_length(data: Mapping[str, Any]) -> None:
    """No orientation's text is far longer or shorter than the mean of the four."""
    made = _induction(data)
    lengths = {orientation: len(_text(made, orientation)) for orientation in Orientation}
    mean = sum(lengths.values()) / len(lengths)
    for orientation, length in lengths.items():
        demand(
            abs(length - mean) <= LENGTHS * mean,
            f"induction {made.name}: {orientation} has {length} characters, the mean is {mean:.0f}; word them alike, "
            "or length is confounded with the value",
        )


def induction_words_no_person(data: Mapping[str, Any]) -> None:
    """No names, no gender, no wealth."""
    made = _induction(data)
    for orientation in Orientation:
        found = sorted(SOCIAL_WORDS & set(re.findall(r"[a-z]+", _text(made, orientation).lower())))
        demand(
            not found, f"induction {made.name}: {', '.join(found)} for {orientation}; word the value without a person"
        )


def induction_labels_do_not_leak(data: Mapping[str, Any]) -> None:
    """No orientation's name stands in another's text."""
    made = _induction(data)
    for orientation in Orientation:
        text = _text(made, orientation).lower()
        leaked = [name.value for name, stem in _STEMS.items() if name is not orientation and re.search(stem, text)]
        demand(not leaked, f"induction {made.name}: {orientation} is told of {', '.join(leaked)}")


# --- models ----------------------------------------------------------------------------------------------------------

_SECRET = re.compile(r"\b(?:sk|pk|hf|gsk|xai|key)[-_][A-Za-z0-9_-]{8,}|AIza[\w-]{20,}|\b[A-Za-z0-9]{32,}\b|Bearer \S+")
_SIMULATED = "agents.synthetic."


def _named(config: Mapping[str, Any]) -> dict[str, Any]:
    """The member with what its user must give: a name and, where there is none, an address."""
    given = dict(config)
    for setting, value in (("name", "some-model"), ("base_url", "http://127.0.0.1:9/v1")):
        if setting in given and given[setting] is None and _required(given, setting):
            given[setting] = value
    found = OmegaConf.to_container(OmegaConf.create({"model": given}), resolve=True)
    assert isinstance(found, dict)
    resolved: dict[str, Any] = found["model"]
    return resolved


def _required(config: Mapping[str, Any], setting: str) -> bool:
    return config["chat"].get(setting) == f"${{model.{setting}}}"


def model_has_what_a_run_needs(config: Mapping[str, Any], text: str) -> None:
    """A label, whether it is synthetic, how many calls at once, and what to make; said truly."""
    label, synthetic, concurrency = config.get("label"), config.get("synthetic"), config.get("concurrency")
    demand(isinstance(label, str) and label, f"model: `label` is {label!r}; give the name that the tables show")
    demand(isinstance(synthetic, bool), f"model {label}: `synthetic` is {synthetic!r}; write true or false")
    demand(
        isinstance(concurrency, int) and not isinstance(concurrency, bool) and concurrency >= 1,
        f"model {label}: `concurrency` is {concurrency!r}; write a whole number of at least 1",
    )
    chat = config.get("chat")
    demand(isinstance(chat, Mapping) and "_target_" in chat, f"model {label}: `chat` needs a `_target_`")
    assert isinstance(chat, Mapping)
    simulated = str(chat["_target_"]).startswith(_SIMULATED)
    demand(synthetic == simulated, f"model {label}: synthetic: {synthetic}, but it is made by {chat['_target_']}")


def model_holds_no_secret(config: Mapping[str, Any], text: str) -> None:
    """The file names the variable that holds a key, never a key."""
    found = _SECRET.search(text)
    demand(
        found is None, f"model {config.get('label')}: what looks like a key stands in the file; name its variable only"
    )
    for name, value in {**config, **config.get("chat", {})}.items():
        if name == "key":
            right = value is None or re.fullmatch(r"[A-Z][A-Z0-9_]*", str(value))
            demand(right, f"model {config.get('label')}: `key` names an environment variable, such as OPENAI_API_KEY")
        if re.search(r"api_?key|token$|secret|password", str(name)):
            demand(
                value is None, f"model {config.get('label')}: `{name}` holds a value; keys come from the environment"
            )


def model_builds_or_says_what_to_install(config: Mapping[str, Any], text: str) -> None:
    """With a name it is made, or the error names the command that installs what it lacks."""
    chosen = _named(config)
    try:
        built(chosen["chat"], f"model {chosen['label']}")
    except SettingError as error:
        extra = chosen["chat"].get("extra")
        demand(
            extra and f"make install EXTRA={extra}" in str(error),
            f"model {chosen['label']} cannot be made, and the message does not say `make install EXTRA=…`: {error}",
        )


def model_shows_no_key(config: Mapping[str, Any], text: str, planted: str) -> None:
    """Nothing that is made of it shows a key that the environment holds."""
    chosen = _named(config)
    try:
        chat = built(chosen["chat"], "model")
    except SettingError as error:
        demand(planted not in str(error), "the error shows the key")
        return
    gateway = Gateway(chosen["label"], chat, synthetic=chosen["synthetic"])
    for what in (repr(chat), str(chat), repr(gateway), repr(vars(gateway)), repr(chosen)):
        demand(planted not in what, f"model {chosen['label']}: shows the key; hold it as pydantic's SecretStr")


# --- experiments -----------------------------------------------------------------------------------------------------


def command_of(name: str, text: str) -> list[str]:
    """The overrides of the command with which an experiment's file begins."""
    lines = text.splitlines()
    demand(lines[:1] == ["# @package _global_"], f"experiment {name}: its first line must be `# @package _global_`")
    given = lines[1] if len(lines) > 1 else ""
    demand(
        given.startswith("# python -m experiments.run "),
        f"experiment {name}: its second line must be its command: # python -m experiments.run experiment={name} …",
    )
    words = shlex.split(given)[4:]
    if not {"-m", "--multirun"} & set(words):
        return words
    # Of a sweep, the first job.
    return [word if "=[" in word or "={" in word else word.split(",")[0] for word in words if word[:1] != "-"]


def experiment_begins_with_its_command(name: str, text: str) -> None:
    """The file begins with the command that runs it."""
    overrides = command_of(name, text)
    demand(f"experiment={name}" in overrides, f"experiment {name}: its command runs another: {' '.join(overrides)}")


def experiment_can_be_made(overrides: Sequence[str]) -> Experiment:
    """The command composes and every object of the run is made."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        try:
            return experiment(compose("config", list(overrides)))
        except Exception as error:
            told = " ".join(str(error).split())
            raise AssertionError(f"{' '.join(overrides)}: {type(error).__name__}: {told}") from error


# --- the catalogue ---------------------------------------------------------------------------------------------------


def catalogued_game(name: str) -> tuple[Game[Any], Words]:
    """A game of the catalogue, and its words."""
    config = member("game", name)
    game: Game[Any] = built(config["rules"], "game")
    return game, Words.from_data(game.name, config["words"])


def catalogued_measure(name: str) -> tuple[Measure, Words]:
    """A measure of the catalogue, and its words."""
    config = member("measure", name)
    measure: Measure = built(config["instrument"], "measure")
    return measure, Words.from_data(measure.name, config["words"])


def rules_of(kind: str) -> list[Callable[..., None]]:
    """All rules for a kind of member."""
    helpers = {"game_rendering", "measure_rendering"}
    return [
        value
        for name, value in globals().items()
        if name.startswith(f"{kind}_") and name not in helpers and callable(value)
    ]
