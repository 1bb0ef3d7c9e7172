"""What a run will take, told before any call, beside what it then took."""

import json
import math
import re

import pytest
from hydra import compose, initialize_config_dir

from experiments.catalogue import CATALOGUE
from experiments.forecast import Need, forecast, held, sum_of, tell
from experiments.setup import experiment

MEASURE = ["experiment=slider", "repetitions=1", "measure.instrument.secondary=false"]
PLAY = [f"population.cells.{one}.count=1" for one in ("altruistic", "prosocial", "individualistic", "competitive")]
PLAY += ["game.rules.rounds=3", "measure.instrument.secondary=false"]
PRICED = ["model.price.tokens_in=1e6", "model.price.tokens_out=2e6"]


@pytest.fixture
def made(tmp_path):
    """Makes experiments that share one store."""

    def make(*overrides):
        with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
            return experiment(compose("config", [f"replies.store={tmp_path / 'store.sqlite'}", *overrides]))

    return make


def ran(one):
    one.run(lambda records: None)
    return one


def taken(one):
    """What all calls of a run took together, as the store has it."""
    (paid,) = one.terms.store.paid_by(one.terms.payer).values()
    return paid


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_the_numbers_of_a_measure_are_those_that_a_hand_counts(made):
    one = made(*MEASURE, "repetitions=3", *PRICED)
    told = forecast(one)
    assert [row["cell"] for row in told["cells"]] == ["altruistic", "prosocial", "individualistic", "competitive"]
    for row, member in zip(told["cells"], one.members, strict=True):
        read = sum(len(words.content) for item in one.measure.decisions() for words in member.agent.rehearse(item))
        calls, tokens_in, tokens_out = 3 * 6, 3 * read / 4, 3 * 6 * 10
        assert (row["model"], row["calls"], row["tokens_out"]) == ("synthetic", calls, tokens_out)
        assert row["tokens_in"] == round(tokens_in)
        assert row["cost"] == pytest.approx(tokens_in + 2 * tokens_out)
        assert row["seconds"] == pytest.approx(calls / 64)
    for name in ("calls", "tokens_out", "cost"):
        assert told[name] == pytest.approx(sum(row[name] for row in told["cells"]))
    assert told["tokens_in"] == pytest.approx(sum(row["tokens_in"] for row in told["cells"]), abs=2)
    assert told["seconds"] == math.ceil(72 / 64)
    assert told["assumed"] == ["synthetic"]


@pytest.mark.parametrize("induction", ["none", "label", "definition"])
def test_a_measure_takes_exactly_the_calls_and_characters_foreseen(made, induction):
    one = made(*MEASURE, f"induction={induction}")
    told = forecast(one)
    ran(one)
    assert taken(one).replies == told["calls"]
    assert taken(one).characters == pytest.approx(4 * told["tokens_in"], abs=2)


@pytest.mark.parametrize("induction", ["label", "hvae"])
@pytest.mark.parametrize("matching", ["fixed_partners", "random_strangers"])
def test_a_whole_run_takes_the_calls_foreseen_and_about_as_many_characters(made, induction, matching):
    # All replies can be read, so that no round is void and every round is remembered.
    able = ["model.chat.unreadable=0", "model.chat.refusals=0"]
    one = made(*PLAY, f"induction={induction}", f"matching={matching}", *able)
    told = forecast(one)
    ran(one)
    assert taken(one).replies == told["calls"] == one.gateways[0].terms.store.usual("synthetic").replies
    assert told["calls"] == 4 * (6 + 3 + 6) + (0 if induction == "label" else 4 * 3 * 3)
    assert taken(one).characters == pytest.approx(4 * told["tokens_in"], rel=0.12)


@pytest.mark.parametrize("phases", ["[before]", "[play]", "[after]", "[before,play]", "[play,after]"])
def test_only_the_phases_of_the_run_are_counted(made, phases):
    one = made(*PLAY, f"phases={phases}", "memory=false")
    calls = {"before": 24, "play": 12, "after": 24}
    assert forecast(one)["calls"] == sum(calls[phase] for phase in one.phases)


def test_memory_makes_the_second_measure_longer(made):
    without, remembering = (forecast(made(*PLAY, f"memory={word}")) for word in ("false", "true"))
    assert remembering["calls"] == without["calls"]
    assert remembering["tokens_in"] > 1.2 * without["tokens_in"]


def test_cells_with_a_rule_take_nothing_and_those_with_a_model_are_counted_by_themselves(made):
    one = made(*PLAY, "+population.cells.rules={agent: random, count: 4}")
    told = forecast(one)
    assert [row["cell"] for row in told["cells"]] == ["altruistic", "prosocial", "individualistic", "competitive"]
    assert told["calls"] == 4 * (6 + 3 + 6)


def test_without_any_model_there_is_no_forecast(made, capsys, tmp_path):
    one = made("agent=random", "forecast=true")
    assert forecast(one) is None
    tell(one, tmp_path / "sweep")
    assert "no model is asked: no call, no cost" in capsys.readouterr().out
    assert not (tmp_path / "sweep").exists()


# --- prices, limits and what the store knows -------------------------------------------------------------------------


def test_without_both_prices_there_is_no_cost(made):
    for prices in ([], ["model.price.tokens_in=3"], ["model.price.tokens_out=3"]):
        told = forecast(made(*MEASURE, *prices))
        assert told["cost"] is None
        assert {row["cost"] for row in told["cells"]} == {None}


def test_one_model_without_a_price_leaves_the_whole_without_a_cost(made):
    other = "+population.cells.x={orientation: prosocial, count: 1, model: {use: synthetic, label: other}}"
    told = forecast(made(*MEASURE, *PRICED, other))
    assert [row["cost"] is None for row in told["cells"]] == [False] * 4 + [True]
    assert told["cost"] is None


def test_what_the_store_knows_of_a_model_takes_the_place_of_what_is_assumed(made):
    one = ran(made(*MEASURE))
    paid = taken(one)
    told = forecast(made(*MEASURE, "repetitions=4", *PRICED))
    assert told["assumed"] == []
    assert told["calls"] == 4 * paid.replies
    assert told["tokens_in"] == pytest.approx(4 * paid.tokens_in, abs=4)
    assert told["tokens_out"] == pytest.approx(4 * paid.tokens_out, abs=4)
    assert told["cost"] == pytest.approx(4 * (paid.tokens_in + 2 * paid.tokens_out))
    assert told["seconds"] == pytest.approx(math.ceil(96 / 64) * paid.latency / paid.replies)


def test_another_model_is_still_assumed(made):
    ran(made(*MEASURE))
    other = "+population.cells.x={orientation: prosocial, count: 1, model: {use: synthetic, label: other}}"
    assert forecast(made(*MEASURE, other))["assumed"] == ["other"]


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ([], 1),
        (["model.concurrency=5"], 5),
        (["model.concurrency=1"], 24),
        (["+model.requests_per_minute=6"], 240),
        (["+model.requests_per_minute=6000"], 1),
        (["model.concurrency=1", "+model.requests_per_minute=600"], 24),
    ],
)
def test_seconds_follow_from_the_concurrency_and_the_limits(made, settings, seconds):
    assert forecast(made(*MEASURE, *settings))["seconds"] == pytest.approx(seconds)


def test_tokens_a_minute_take_their_time(made):
    told = forecast(made(*MEASURE, "+model.tokens_per_minute=600"))
    assert told["seconds"] == pytest.approx((told["tokens_in"] + told["tokens_out"]) / 10, abs=0.5)


def test_rounds_wait_for_one_another_and_so_do_the_calls_of_a_conversation(made):
    assert forecast(made(*PLAY, "phases=[play]"))["seconds"] == 3
    assert forecast(made(*PLAY, "phases=[before]", "induction=hvae"))["seconds"] == 3 + 6
    assert forecast(made(*PLAY, "phases=[play]", "induction=hvae"))["seconds"] == 3 + 3


def test_models_answer_side_by_side(made):
    slow = (
        "+population.cells.x={orientation: prosocial, count: 1, model: {use: synthetic, label: slow, concurrency: 1}}"
    )
    assert forecast(made(*MEASURE, slow))["seconds"] == 6


# --- what is told ----------------------------------------------------------------------------------------------------


def table(text):
    """The rows of the printed table: the cell, and its numbers."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 5 and re.fullmatch(r"[\d,.]+", words[-2].replace("no", "0")):
            found[words[0]] = words[1:]
    return found


def test_it_tells_what_is_to_make_and_makes_no_call(made, capsys):
    tell(made(*MEASURE, "forecast=true", *PRICED), None)
    said = capsys.readouterr().out
    rows = table(said)
    assert rows["altruistic"][:4] == ["synthetic", "6", "0", "6"]
    assert rows["all"][:3] == ["24", "0", "24"]
    assert "forecast · slider · seed 1" in said
    assert "SYNTHETIC" in said
    assert "no call was made" in said
    assumed = "of synthetic no reply is in the store: assumed are 4 characters a token, 10 tokens and 1 s a reply"
    assert assumed in " ".join(said.split())


def test_what_the_store_holds_is_not_to_make(made, capsys):
    ran(made(*MEASURE))
    peeking = made(*MEASURE, "repetitions=4", "forecast=true")
    assert held(peeking) == dict.fromkeys(("altruistic", "prosocial", "individualistic", "competitive"), 6)
    tell(made(*MEASURE, "repetitions=4", "forecast=true"), None)
    said = capsys.readouterr().out
    assert table(said)["prosocial"][:4] == ["synthetic", "24", "6", "18"]
    assert table(said)["all"][:3] == ["96", "24", "72"]
    assert "assumed" not in said


@pytest.mark.parametrize("induction", ["label", "hvae"])
def test_of_a_run_that_is_done_nothing_is_to_make(made, capsys, induction):
    ran(made(*PLAY, f"induction={induction}", "model.chat.unreadable=0", "model.chat.refusals=0"))
    capsys.readouterr()
    again = ["model.chat.unreadable=0", "model.chat.refusals=0", f"induction={induction}", "forecast=true", *PRICED]
    tell(made(*PLAY, *again), None)
    said = capsys.readouterr().out
    assert table(said)["all"][2:] == ["0", "0", "0", "0.00", "0", "s"]


def test_a_run_that_asks_anew_has_everything_to_make_whatever_the_store_holds(made, capsys):
    ran(made(*MEASURE))
    tell(made(*MEASURE, "forecast=true", "replies.mode=refresh"), None)
    said = capsys.readouterr().out
    assert table(said)["all"][:3] == ["24", "0", "24"]
    assert "assumed" not in said


def test_a_forecast_asks_no_model_and_needs_no_key(made, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    one = made(*MEASURE, "forecast=true", "model=openai", "model.name=x")
    assert [gateway.chat for gateway in one.gateways] == [None]
    assert forecast(one)["calls"] == 24
    assert held(one) == dict.fromkeys(("altruistic", "prosocial", "individualistic", "competitive"), 0)


def test_the_jobs_of_a_sweep_add_up_in_its_folder(made, capsys, tmp_path):
    sweep = tmp_path / "a" / "sweep"
    needs = []
    for seed in (1, 2):
        one = made(*MEASURE, f"seed={seed}", "forecast=true", *PRICED)
        needs.append(forecast(one))
        tell(one, sweep, seed - 1)
    jobs = [Need(**json.loads(line)) for line in (sweep / "forecast.jsonl").read_text().splitlines()]
    assert [one.calls for one in jobs] == [24, 24]
    assert [one.cost for one in jobs] == [pytest.approx(need["cost"]) for need in needs]
    said = " ".join(capsys.readouterr().out.split())
    assert "sweep so far: 1 job, 24 calls" in said
    cost = f"{sum(need['cost'] for need in needs):,.2f}"
    assert "sweep so far: 2 jobs, 48 calls" in said
    assert f"cost {cost}, 2 s" in said


def test_needs_add_up_and_a_cost_that_is_not_known_makes_the_sum_unknown():
    one, other = Need(2, 10.0, 4.0, 1.5, 3.0), Need(1, 5.0, 1.0, None, 2.0)
    assert sum_of([]) == Need()
    assert sum_of([one, one]) == Need(4, 20, 8, 3, 6)
    assert sum_of([one, other]) == Need(3, 15, 5, None, 5)
    assert one.share(0.5) == Need(1, 5, 2, 0.75, 1.5)
    assert other.share(0).cost is None
