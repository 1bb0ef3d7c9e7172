"""Settings of what holds around a game and of what is measured beside the first measure, from end to end."""

import json
import re

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from experiments.catalogue import CATALOGUE
from experiments.estimates import read_estimates
from experiments.setup import experiment
from experiments.store import read_json, read_table
from games.conditions import Conditions
from games.errors import SettingError
from sim.records import Asked
from tests.commands import run, small

MEASURES = ["slider", "ring", "triple_dominance"]
ROUNDS = 10


@pytest.fixture(autouse=True)
def _clear():
    yield
    GlobalHydra.instance().clear()


def made(folder, *overrides, close=True):
    """The experiment of a command, with a store of its own; closed again unless it is to be run."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        found = experiment(compose("config", [f"replies.store={folder / 'store.sqlite'}", *overrides]))
    if close:
        found.terms.store.close()
    return found


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Three measures and a play in which acts go astray, by respondents who always answer."""
    folder = tmp_path_factory.mktemp("noisy") / "run"
    done = run(
        folder,
        *small("further_measures=[ring,triple_dominance]", "conditions.noise=0.2"),
        *(f"game.rules.rounds={ROUNDS}", "model.chat.unreadable=0", "model.chat.refusals=0"),
    )
    assert done.returncode == 0, done.stderr
    return folder, done


# --- further measures ------------------------------------------------------------------------------------------------


def test_every_measure_has_rows_before_and_after_play(noisy):
    folder, _ = noisy
    measures, decisions = read_table(folder, "measures"), read_table(folder, "decisions")
    counts = measures.groupby(["measure", "phase"]).size().to_dict()
    assert counts == {(name, phase): 4 for name in MEASURES for phase in ("before", "after")}
    asked = decisions[decisions["phase"] == "before"].groupby("game").size().to_dict()
    assert asked == {"slider": 4 * 6, "ring": 4 * 24, "triple_dominance": 4 * 9}
    assert measures[measures["measure"] == "ring"]["angle"].notna().all()
    assert measures[measures["measure"] == "triple_dominance"]["angle"].isna().all()
    assert measures["category"].notna().all()
    assert read_json(folder, "manifest")["measures"] == MEASURES


def test_value_rationality_is_of_the_slider_alone(noisy):
    folder, _ = noisy
    measures = read_table(folder, "measures")
    slider = measures["measure"] == "slider"
    assert measures.loc[slider, "value_rationality"].notna().all()
    assert (
        measures.loc[~slider, ["deviation", "value_rationality", "value_rationality_corrected"]].isna().all(axis=None)
    )
    # The cells' figures are of the first measure, not of all three.
    before = measures[slider & (measures["phase"] == "before")].set_index("cell")["angle"]
    for cell in read_json(folder, "summary")["cells"]:
        assert cell["before"]["administrations"] == 1
        assert cell["before"]["angle"]["estimate"] == pytest.approx(before[cell["cell"]])


def test_every_measure_and_the_play_are_estimated_for_everybody(noisy):
    folder, _ = noisy
    table = read_estimates(folder)
    counts = table.groupby(["phase", "game"]).size().to_dict()
    expected = {(phase, name): 4 for phase in ("before", "after") for name in MEASURES}
    assert counts == expected | {("play", "public_goods"): 4}
    assert set(table["participant"]) == {0, 1, 2, 3}
    items = table[table["phase"] == "before"].groupby("game")["choices"].unique().map(list).to_dict()
    assert items == {"slider": [6], "ring": [24], "triple_dominance": [9]}


def test_the_agents_table_has_every_measure(noisy):
    folder, done = noisy
    table = pd.read_csv(folder / "cross_measures.csv")
    assert table["participant"].tolist() == [0, 1, 2, 3]
    for name in MEASURES:
        assert {f"angle_{name}", f"category_{name}", f"ring_{name}"} <= set(table.columns)
    measures = read_table(folder, "measures")
    before = measures[measures["phase"] == "before"].set_index(["participant", "measure"])["category"]
    for row in table.to_dict("records"):
        categories = [row[f"category_{name}"] for name in MEASURES]
        assert categories == [before[row["participant"], name] for name in MEASURES]
        known = [one for one in categories if one != "unclassified"]
        pairs = [(one, other) for place, one in enumerate(known) for other in known[place + 1 :]]
        assert row["agreement"] == pytest.approx(sum(one == other for one, other in pairs) / len(pairs))
    assert "  cross_measures.csv" in done.stdout
    assert "  estimates.parquet" in done.stdout


def test_the_terminal_tells_the_agreement(noisy):
    folder, done = noisy
    told = " ".join(done.stdout.split())
    found = read_json(folder, "summary")["cross_measures"]
    mean = pd.read_csv(folder / "cross_measures.csv")["agreement"].mean()
    assert found["agreement"]["estimate"] == pytest.approx(mean)
    assert f"measures agree on the category of an agent in {mean:.2f} of pairs" in told
    assert "(4 agents, slider, ring, triple_dominance)" in told


def test_a_single_measure_has_neither_table_nor_line_and_estimates_can_be_left_out(tmp_path):
    done = run(tmp_path / "run", *small("phases=[before]", "estimates=false"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "run" / "cross_measures.csv").exists()
    assert not (tmp_path / "run" / "estimates.parquet").exists()
    assert "measures agree" not in done.stdout
    assert read_json(tmp_path / "run", "summary")["cross_measures"] is None


# --- noise -----------------------------------------------------------------------------------------------------------


def test_noise_carries_out_something_else_and_says_what(noisy):
    folder, _ = noisy
    decisions = read_table(folder, "decisions")
    play = decisions[decisions["phase"] == "play"]
    astray = play["carried_out"].notna()
    assert len(play) == 4 * ROUNDS
    assert 2 <= astray.sum() <= 18
    assert (play.loc[astray, "carried_out"] != play.loc[astray, "option"]).all()
    assert decisions.loc[decisions["phase"] != "play", "carried_out"].isna().all()


def test_points_follow_from_what_was_carried_out(noisy):
    folder, _ = noisy
    decisions, rounds = read_table(folder, "decisions"), read_table(folder, "rounds")
    play = decisions[decisions["phase"] == "play"].copy()
    play["act"] = play["carried_out"].fillna(play["option"]).astype(int)
    pot = play.groupby("round")["act"].transform("sum")
    assert play["payoff"].tolist() == pytest.approx((20 - play["act"] + 0.4 * pot).tolist())
    # What everybody remembers is what was done, and cooperation is what was chosen.
    facts = {(row.participant, row.round): json.loads(row.facts) for row in rounds.itertuples()}
    for row in play.itertuples():
        assert facts[row.participant, row.round]["act"] == row.act
        assert row.cooperation == int(row.option) / 20


def test_without_noise_nothing_goes_astray(tmp_path):
    found, records = made(tmp_path, *small(), close=False), []
    try:
        found.society(keep=records.extend).step()
    finally:
        found.terms.store.close()
    assert [one.carried_out for one in records if isinstance(one, Asked)] == [None] * 4


# --- horizon ---------------------------------------------------------------------------------------------------------


def test_a_random_end_is_drawn_from_the_seed(tmp_path):
    lengths = []
    for seed in range(1, 8):
        found = made(tmp_path, *small("conditions.horizon=random", "conditions.continuation=0.8", f"seed={seed}"))
        lengths.append(found.game.rounds)
    expected = [Conditions(horizon="random", continuation=0.8).length(3, seed) for seed in range(1, 8)]
    assert lengths == expected
    assert len(set(lengths)) > 3


def test_a_random_end_is_played_and_told_as_a_probability(tmp_path):
    done = run(
        tmp_path / "run", *small("phases=[play]", "conditions.horizon=random", "conditions.continuation=0.75", "seed=3")
    )
    assert done.returncode == 0, done.stderr
    length = Conditions(horizon="random", continuation=0.75).length(3, 3)
    assert length != 3
    rounds = read_table(tmp_path / "run", "rounds")
    assert sorted(rounds["round"].unique()) == list(range(1, length + 1))
    manifest = read_json(tmp_path / "run", "manifest")
    assert manifest["rounds"] == length
    assert (manifest["conditions"]["horizon"], manifest["conditions"]["continuation"]) == ("random", 0.75)
    found = made(tmp_path, *small("conditions.horizon=random", "conditions.continuation=0.75", "seed=3"))
    for text in texts(found, "play"):
        assert "another one with a probability of 75%" in text
        assert not re.search(rf"\bof {length}\b|\b{length} rounds\b", text)


def texts(found, *phases):
    """Every question of these phases as it would be read."""
    asked = [one for phase in phases for seat in range(found.game.players) for one in found.questions(phase, seat)]
    return [found.framing.question(found.presentation.present(one, 0)) for one in asked]


@pytest.mark.parametrize("game", ["public_goods", "prisoners_dilemma", "commons", "trust", "volunteer"])
def test_an_unknown_end_leaves_the_number_of_rounds_out_of_every_text(game, tmp_path):
    # What is told in the first rounds is the same however many come after them, so it holds no trace of the number.
    shared = [f"game={game}", "measure.instrument.secondary=false", "conditions.window=2"]
    shared += [] if game != "commons" else ["population.cells.altruistic.count=16"]
    told = {
        horizon: [
            made(tmp_path, *shared, f"conditions.horizon={horizon}", f"game.rules.rounds={rounds}")
            for rounds in (4, 17)
        ]
        for horizon in ("known", "unknown")
    }

    def first(found):
        return [
            found.framing.question(found.presentation.present(one, 0))
            for one in found.questions("play")
            if one.round <= 4
        ]

    shorter, longer = (first(found) for found in told["unknown"])
    assert shorter == longer
    assert all("You are not told how many rounds there are." in text for text in shorter)
    shorter, longer = (first(found) for found in told["known"])
    assert all(one != other for one, other in zip(shorter, longer, strict=True))
    for text in texts(told["unknown"][1], "play", "after"):
        assert not re.search(r"\bof 17\b|\b17 (rounds|months|times)\b", text)


def test_a_measure_after_play_does_not_tell_the_number_of_rounds_either(tmp_path):
    found = made(tmp_path, *small("conditions.horizon=unknown", "game.rules.rounds=17", "conditions.window=3"))
    after = texts(found, "after")
    assert all("Round 17" in text for text in after), "it reminds of the last rounds"
    assert not any(re.search(r"\bof 17\b|\b17 rounds\b", text) for text in after)


# --- settings that cannot be used ------------------------------------------------------------------------------------

WRONG = [
    (["conditions.history=all"], "unknown conditions.history 'all'; known: group, own, none"),
    (["conditions.partners=secret"], "unknown conditions.partners 'secret'; known: anonymous, named"),
    (["conditions.horizon=forever"], "unknown conditions.horizon 'forever'; known: known, unknown, random"),
    (["conditions.horizon=[known]"], "unknown conditions.horizon"),
    (["conditions.window=0"], "conditions: window=0 must be a whole number of at least 1"),
    (["conditions.window=1.5"], "conditions: window=1.5 must be a whole number of at least 1"),
    (["conditions.continuation=1"], "conditions: continuation=1 must lie above 0 and be at most 0.99"),
    (["conditions.continuation=0"], "continuation=0 must lie above 0"),
    (["conditions.continuation=often"], "continuation=often must lie above 0"),
    (["conditions.noise=1"], "conditions: noise=1 must lie on [0, 1)"),
    (["conditions.noise=-0.1"], "conditions: noise=-0.1 must lie on [0, 1)"),
    (["conditions.noise=true"], "conditions: noise=True must lie on [0, 1)"),
    (["conditions.noise=null"], "conditions: noise=None must lie on [0, 1)"),
    (["conditions=null"], "must hold continuation, history, horizon, noise, partners, window and nothing else"),
    (["~conditions.noise"], "must hold continuation, history, horizon, noise, partners, window and nothing else"),
    (["+conditions.weather=fine"], "and nothing else"),
    (
        ["conditions.partners=named", "matching=random_strangers"],
        "conditions: partners=named needs groups that stay together; take matching=fixed_partners",
    ),
    (
        ["game=commons", "matching=random_strangers", "population.cells.altruistic.count=16"],
        "in commons something passes from round to round, so groups must stay together; take matching=fixed_partners",
    ),
    (["further_measures=ring"], "further_measures=ring must be a list such as [ring,triple_dominance], none twice"),
    (["further_measures=null"], "further_measures=None must be a list such as [ring,triple_dominance], none twice"),
    (["further_measures=[ring,ring]"], "must be a list such as [ring,triple_dominance], none twice"),
    (["further_measures=[slider]"], "further_measures=['slider']: slider is administered already"),
    (["further_measures=[magic]"], "unknown measure 'magic'; known: decomposed_games, ring, slider, triple_dominance"),
    (["further_measures=[{use: ring, radius: 9}]"], "measure ring: Key 'radius'"),
    (["further_measures=[{use: ring, instrument: {radius: 0}}]"], "ring: radius=0"),
    (["further_measures=[ring,{use: ring}]"], "ring is administered already"),
    (["estimates=maybe"], "run: estimates=maybe must be true or false"),
    (["estimates=null"], "run: estimates=None must be true or false"),
]


@pytest.mark.parametrize(("overrides", "told"), WRONG, ids=lambda one: " ".join(one) if isinstance(one, list) else "")
def test_a_setting_that_cannot_be_used_is_refused_and_the_message_says_what_to_write(overrides, told, tmp_path):
    with pytest.raises(SettingError) as refused:
        made(tmp_path, *overrides)
    assert told in str(refused.value)


def test_the_command_says_it_in_one_line(tmp_path):
    done = run(tmp_path / "run", *small("further_measures=[rnig]"))
    assert done.returncode == 2
    known = "decomposed_games, ring, slider, triple_dominance"
    assert done.stderr == f"error: unknown measure 'rnig'; known: {known}\n"
    assert not (tmp_path / "run").exists()
