"""The same game in several framings: other words, and nothing else."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hydra.core.global_hydra import GlobalHydra

from agents.wording import Framing
from experiments.catalogue import known, member
from games.svo import Orientation
from games.types import Choice
from sim.records import Asked, Played, Scored
from tests.commands import run, small
from tests.conformance import catalogued_game, experiment_can_be_made

FRAMED = {
    "commons": ["fishery", "pasture", "pollution"],
    "prisoners_dilemma": ["community", "wall_street"],
    "public_goods": ["community", "wall_street"],
}
PAIRS = [(game, framing) for game, framings in FRAMED.items() for framing in framings]
COUNTS = {"commons": {"altruistic": 2, "competitive": 1}}
"""Participants of each orientation, where one of each does not make a group."""


@pytest.fixture(autouse=True)
def _clear():
    yield
    GlobalHydra.instance().clear()


def played(folder, game, framing):
    """Everything a small society hands out, in which replies fail now and then."""
    counts = {one.value: 1 for one in Orientation} | COUNTS.get(game, {})
    cells = [f"population.cells.{name}.count={count}" for name, count in counts.items()]
    made = experiment_can_be_made(
        [
            *(f"game={game}", f"framing={framing}", "phases=[play,after]", "game.rules.rounds=4"),
            *("measure.instrument.secondary=false", "model.chat.unreadable=0.02", "conditions.noise=0.1"),
            *(f"replies.store={folder / framing}.sqlite", *cells),
        ]
    )
    records = []
    try:
        made.run(records.extend)
    finally:
        made.terms.store.close()
    return made, records


def without_words(record):
    """What a record says apart from who it was told by and in which words."""
    if isinstance(record, Scored):
        return (record.participant, record.occasion, record.score)
    if isinstance(record, Played):
        return (record.participant, record.round, record.group, record.void, record.payoff, record.facts)
    decision = replace(record.decision, facts={}, past=())
    choice = (record.choice.option, record.choice.failure, record.carried_out)
    return (record.participant, record.occasion, decision, choice, record.payoff, record.others_payoff)


@pytest.fixture(scope="module")
def neutral(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neutral")
    return {game: played(folder / game, game, "neutral") for game in FRAMED}


@pytest.mark.parametrize(("game", "framing"), PAIRS)
def test_a_framing_changes_no_option_no_allocation_and_no_payoff(game, framing, neutral, tmp_path):
    plain, told = neutral[game][1], played(tmp_path, game, framing)[1]
    kinds = Counter(type(one) for one in told)
    assert set(kinds) == {Asked, Played, Scored}
    assert [without_words(one) for one in told] == [without_words(one) for one in plain]
    facts = [(one.decision.facts, one.decision.past) for one in told if isinstance(one, Asked)]
    assert facts == [(one.decision.facts, one.decision.past) for one in plain if isinstance(one, Asked)]


@pytest.mark.parametrize(("game", "framing"), PAIRS)
def test_a_framing_has_words_of_its_own(game, framing, neutral, tmp_path):
    plain, other = (one.prompts() for one in (neutral[game][0], played(tmp_path, game, framing)[0]))
    own = [name for name in plain if name.startswith(f"words/{game}/")]
    assert own
    for name in own:
        if name != "words/public_goods/acts":
            assert other[name] != plain[name], name
    kept = {name for name in plain if name.startswith(("words/slider/", "induction/"))}
    assert kept
    assert {name: other[name] for name in kept} == {name: plain[name] for name in kept}


def test_the_comparison_tells_another_payoff_apart(neutral):
    records = neutral["commons"][1]
    first = next(one for one in records if isinstance(one, Played) and one.payoff is not None)
    assert without_words(replace(first, payoff=first.payoff + 1)) != without_words(first)
    asked = next(one for one in records if isinstance(one, Asked))
    shorter = replace(asked.decision, options=asked.decision.options[:-1], shown=())
    assert without_words(replace(asked, decision=shorter)) != without_words(asked)


# --- numbers ---------------------------------------------------------------------------------------------------------

SETTINGS = {
    "commons": [
        {},
        {"capacity": 60, "growth": 1.5, "collapse": 7, "players": 3, "rounds": 9},
        {"allocation": "proportional", "capacity": 83},
    ],
    "prisoners_dilemma": [{}, {"row": ((7, 2), (11, 4)), "column": ((7, 11), (2, 4)), "rounds": 6}],
    "public_goods": [{}, {"players": 5, "endowment": 30, "multiplier": 3.5, "rounds": 8}],
}
FACTS = {
    "commons": ("players", "capacity", "growth", "collapse", "stock"),
    "prisoners_dilemma": (),
    "public_goods": ("players", "endowment", "multiplier", "marginal_return"),
}


def numbers(text):
    """All numbers in a text, each as often as it stands there."""
    return Counter(re.findall(r"\d+(?:\.\d+)?", text))


def spoken(data, game_name, changes):
    """The questions of a first and of a later round under a framing, each with its facts."""
    game, words = catalogued_game(game_name)
    game = replace(game, **changes)
    framing = Framing.from_data(data, {game.name: words})
    state, told = game.start(1), []
    for number in range(3):
        pending = game.decisions(state)
        told += [(framing.question(one), one.facts) for one in pending]
        state, _ = game.resolve(state, {one.key: Choice((one.player + number) % 2) for one in pending})
    return told


def states_the_numbers(data, game_name, changes):
    """What of the neutral wording's numbers, or of the facts, is missing or more under a framing; "" for nothing."""
    plain = spoken(member("framing", "neutral"), game_name, changes)
    for (text, facts), (other, _) in zip(plain, spoken(data, game_name, changes), strict=True):
        if numbers(text) != numbers(other):
            return f"{numbers(text)} in the neutral words, but {numbers(other)} in {other}"
        needed = {f"{facts[name]:g}" for name in FACTS[game_name]}
        needed |= {f"{points:g}" for row in facts.get("outcomes", ()) for points in row[2:]}
        if not needed <= set(numbers(other)):
            return f"{sorted(needed - set(numbers(other)))} not told: {other}"
    return ""


CASES = [(game, framing, changes) for game, framing in PAIRS for changes in SETTINGS[game]]


@pytest.mark.parametrize(("game", "framing", "changes"), CASES, ids=str)
def test_a_framing_states_the_same_numbers_as_the_neutral_words(game, framing, changes):
    assert states_the_numbers(member("framing", framing), game, changes) == ""


@pytest.mark.parametrize(
    ("framing", "game", "stated", "instead"),
    [
        ("fishery", "commons", "{{ collapse }}", "a few"),
        ("pasture", "commons", "{{ growth | points }}", "2"),
        ("pollution", "commons", "{{ capacity }}", "100"),
        ("community", "prisoners_dilemma", "{{ own | points }}", "some"),
        ("wall_street", "public_goods", "{{ marginal_return | points }}", "a part"),
    ],
)
def test_a_framing_that_keeps_a_number_to_itself_is_noticed(framing, game, stated, instead):
    data = member("framing", framing)
    assert stated in data["words"][game]["rules"]
    data["words"][game]["rules"] = data["words"][game]["rules"].replace(stated, instead)
    assert any(states_the_numbers(data, game, changes) for changes in SETTINGS[game])


def test_a_framing_tells_how_too_much_is_divided():
    for framing in FRAMED["commons"]:
        lot, share = (
            spoken(member("framing", framing), "commons", {"allocation": allocation})[0][0]
            for allocation in ("stochastic", "proportional")
        )
        assert "drawn at random" in lot
        assert "in proportion to what each wants" in share


def test_every_framing_with_words_for_a_game_is_compared():
    found = {(game, one) for one in known("framing") for game in member("framing", one)["words"] or {}}
    assert found == set(PAIRS)


# --- a game that a framing has no words for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("framing", "games"),
    [("fishery", "commons"), ("community", "prisoners_dilemma, public_goods")],
)
def test_a_framing_without_words_for_the_game_is_refused_with_the_games_it_has(framing, games, tmp_path):
    with pytest.raises(AssertionError, match="SettingError") as refused:
        experiment_can_be_made(["game=trust", f"framing={framing}", f"replies.store={tmp_path / 's'}"])
    told = str(refused.value)
    assert f"framing {framing}: no words for trust; it has words for {games}; take one of these games" in told
    assert "framing=neutral" in told


def test_a_framing_may_be_kept_where_nothing_is_played(tmp_path):
    made = experiment_can_be_made(
        ["game=trust", "framing=fishery", "phases=[before]", f"replies.store={tmp_path / 's'}"]
    )
    made.terms.store.close()
    assert made.framing.name == "fishery"


def test_the_command_refuses_a_framing_without_words_in_one_line(tmp_path):
    done = run(tmp_path / "run", *small("framing=wall_street", "game=commons"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "error: framing wall_street: no words for commons; it has words for prisoners_dilemma, public_goods" in (
        done.stderr
    )
    assert not (tmp_path / "run").exists()
