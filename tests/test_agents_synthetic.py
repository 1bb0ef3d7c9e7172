"""The simulated respondent behind the door of a chat model."""

import hashlib
import json
import math
from collections import Counter

import numpy as np
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import ValidationError

from agents.answers import Answering, probabilities
from agents.gateway import Gateway
from agents.llm import METADATA
from agents.parse import parse, refused
from agents.received import received
from agents.request import Call, Draw
from agents.synthetic import FORMS, REFUSALS, UNREADABLE, SyntheticChatModel
from games.decision_json import as_json
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.slider import Slider
from games.svo import RING_ANGLES, Orientation, utility
from games.types import Allocation, Answer, Decision, Experience, Failure, Option

SHARP = {"spread": 0.0, "precision": 1e3, "unreadable": 0.0, "refusals": 0.0}
ANSWERING = {"unreadable": 0.0, "refusals": 0.0}


def about(decision, draw=1, agent=5, orientation="prosocial", step=0, induction="definition"):
    return {
        "decision": as_json(decision), "draw": draw, "agent": agent, "orientation": orientation, "step": step,
        "participant": 0, "phase": "play", "repetition": 1, "induction": induction,
    }  # fmt: skip


def alike(number=3, **changes):
    """Options that bring the same."""
    return Decision("g", 0, tuple(Option(n, Allocation(5, 5), 0.5) for n in range(number)), **changes)


def chosen(model, decision, **said):
    """The position as shown of the option that a reply names."""
    parsed = parse(model.reply(about(decision, **said)), decision, "stop")
    assert parsed.failure is None
    return decision.shown.index(parsed.option)


def slider_and_game():
    game = PublicGoods()
    return [*Slider().decisions(), *game.decisions(game.start(1))]


# --- replies ---------------------------------------------------------------------------------------------------------


def test_the_same_call_gets_the_same_reply_in_any_order():
    calls = [about(decision, draw) for decision in slider_and_game() for draw in range(5)]
    forwards = [SyntheticChatModel().reply(call) for call in calls]
    model = SyntheticChatModel()
    backwards = [model.reply(call) for call in reversed(calls)][::-1]
    assert forwards == backwards
    assert len(set(forwards)) > 20


def test_another_draw_is_an_independent_sample():
    model = SyntheticChatModel(precision=0.0, **ANSWERING)
    found = Counter(chosen(model, alike(), draw=draw) for draw in range(1500))
    assert all(abs(found[position] - 500) < 92 for position in range(3))  # five standard errors


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("decision", [Slider().decisions()[0], PublicGoods().decisions(PublicGoods().start(1))[0]])
def test_every_form_of_answer_is_read_back_as_the_option_it_names(form, decision):
    for label in decision.labels:
        assert parse(form.format(label=label), decision, "stop").option == decision.index_of(label)


@pytest.mark.parametrize("decision", [Slider().decisions()[0], PublicGoods().decisions(PublicGoods().start(1))[0]])
def test_what_is_meant_to_be_unreadable_or_a_refusal_is_read_as_that(decision):
    assert {parse(text, decision, "stop").failure for text in REFUSALS} == {Failure.REFUSED}
    for text in UNREADABLE:
        assert parse(text, decision, "stop").failure in {Failure.UNREADABLE, Failure.EMPTY}


def test_unreadable_replies_and_refusals_come_as_often_as_set():
    model = SyntheticChatModel(unreadable=0.2, refusals=0.1)
    decision = Slider().decisions()[0]
    failures = Counter(parse(model.reply(about(decision, draw)), decision).failure for draw in range(3000))
    assert failures[Failure.REFUSED] / 3000 == pytest.approx(0.1, abs=0.028)  # five standard errors
    assert (failures[Failure.UNREADABLE] + failures[Failure.EMPTY]) / 3000 == pytest.approx(0.2, abs=0.037)
    assert set(failures) == {None, Failure.REFUSED, Failure.UNREADABLE, Failure.EMPTY}


def test_all_or_none_of_the_replies_can_fail():
    decision = alike()
    for draw in range(200):
        assert SyntheticChatModel(unreadable=0, refusals=1).reply(about(decision, draw)) in REFUSALS
        assert SyntheticChatModel(unreadable=1, refusals=0).reply(about(decision, draw)) in UNREADABLE
        assert parse(SyntheticChatModel(**ANSWERING).reply(about(decision, draw)), decision).failure is None


def test_a_preparatory_step_is_answered_in_words_that_are_no_refusal():
    said = SyntheticChatModel(refusals=1, unreadable=0).reply(about(alike(), step=2))
    assert said.strip()
    assert not refused(said)


def test_replies_in_words_are_those_that_earlier_versions_gave():
    model = SyntheticChatModel(position_bias=0.3, unreadable=0.05, refusals=0.05)
    said = [
        model.reply(about(decision, draw, orientation=orientation, step=step))
        for decision in slider_and_game()
        for draw in range(20)
        for orientation in ("prosocial", "competitive", None)
        for step in (0, 2)
    ]
    # Of version 0.1.0; another digest here makes every stored reply of the synthetic model one of the past.
    digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    assert digest == "0edabbf8fbd967e15cd67577f2d564396b3016bd3ef8a5cb21884f5d303df123"


# --- choices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", Orientation)
def test_with_large_precision_the_best_option_of_the_angle_is_taken(orientation):
    model = SyntheticChatModel(**SHARP)
    for decision in slider_and_game():
        worth = utility(
            [one.allocation.own for one in decision.options],
            [one.allocation.other for one in decision.options],
            RING_ANGLES[orientation],
        )
        taken = chosen(model, decision, orientation=orientation.value)
        assert worth[decision.shown[taken]] == pytest.approx(worth.max(), abs=1e-6)


def test_choices_follow_the_logit_rule():
    # Two options that differ by 2 points to oneself: at 0° and λ = 0.4 the odds are exp(0.8).
    menu = Decision("g", 0, (Option("a", Allocation(7, 3)), Option("b", Allocation(5, 3))))
    probabilities = SyntheticChatModel(precision=0.4).probabilities(menu, 0.0)
    assert probabilities == pytest.approx([math.exp(0.8) / (1 + math.exp(0.8)), 1 / (1 + math.exp(0.8))])
    model = SyntheticChatModel(precision=0.4, spread=0.0, **ANSWERING)
    first = sum(chosen(model, menu, draw=draw, orientation="individualistic") == 0 for draw in range(1500))
    assert first / 1500 == pytest.approx(probabilities[0], abs=0.06)


def test_without_precision_every_option_is_equally_likely():
    for decision in slider_and_game():
        assert SyntheticChatModel(precision=0).probabilities(decision, 45) == pytest.approx(1 / len(decision.options))


def test_position_bias_favours_what_is_shown_first_and_not_what_the_rules_put_first():
    model = SyntheticChatModel(position_bias=2.0, **ANSWERING)
    expected = np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum()
    for shown in ((0, 1, 2), (2, 1, 0)):
        assert model.probabilities(alike(shown=shown), 45) == pytest.approx(expected)
        assert model.probabilities(alike(shown=shown, answer=Answer.NUMBER), 45) == pytest.approx(expected)
        found = Counter(chosen(model, alike(shown=shown), draw=draw) for draw in range(1500))
        assert [found[position] / 1500 for position in range(3)] == pytest.approx(expected, abs=0.065)


def test_amounts_have_no_position():
    model = SyntheticChatModel(position_bias=9.0)
    assert model.probabilities(alike(answer=Answer.AMOUNT), 45) == pytest.approx(1 / 3)


def turning_at(degrees, past):
    """Two options; the second is the better one above this ring angle."""
    second = Allocation(10 - math.tan(math.radians(degrees)), 1)
    return Decision("g", 0, (Option("a", Allocation(10, 0)), Option("b", second)), past=past)


def lived(*levels):
    return tuple(Experience("g", "s", number, None, level, 0.0) for number, level in enumerate(levels, start=1))


@pytest.mark.parametrize(
    ("past", "degrees"),
    [
        ((), 0.0),
        (lived(()), 0.0),
        (lived((1.0,)), 10.0),
        (lived((0.0,)), -10.0),
        (lived((0.5, 0.5, 0.5)), 0.0),
        (lived((0.0, 1.0), (1.0, 1.0), ()), 20 * ((0.5 * 0.5 + 1.0) / 1.5 - 0.5)),
        (lived((1.0,), (0.0,)), 20 * (1 / 3 - 1 / 2)),  # the latest weighs twice the one before
        (lived((0.0,), (1.0,)), 20 * (2 / 3 - 1 / 2)),
    ],
)
def test_reciprocity_turns_the_angle_by_what_the_partners_did(past, degrees):
    model = SyntheticChatModel(**SHARP | {"precision": 1e6, "reciprocity": 20.0})
    for angle, taken in ((degrees - 0.1, 1), (degrees + 0.1, 0)):
        assert chosen(model, turning_at(angle, past), orientation="individualistic") == taken
    steady = SyntheticChatModel(**SHARP | {"precision": 1e6, "reciprocity": 0.0})
    assert chosen(steady, turning_at(-0.1, past), orientation="individualistic") == 1
    assert chosen(steady, turning_at(+0.1, past), orientation="individualistic") == 0


# --- angles ----------------------------------------------------------------------------------------------------------


def test_without_spread_everybody_has_the_ring_angle_of_its_orientation():
    model = SyntheticChatModel(spread=0, disposition=12)
    assert {one: model.angle(3, one.value) for one in Orientation} == dict(RING_ANGLES)
    assert model.angle(3, None) == 12


def test_participants_scatter_around_the_ring_angle_and_keep_their_own():
    model = SyntheticChatModel(spread=8)
    angles = np.array([model.angle(agent, "prosocial") for agent in range(1500)])
    assert angles.mean() == pytest.approx(45, abs=1.05)  # five standard errors
    assert angles.std() == pytest.approx(8, abs=0.75)
    assert angles.tolist() == [SyntheticChatModel(spread=8).angle(agent, "prosocial") for agent in range(1500)]


def test_an_induction_carries_the_angle_as_far_as_it_is_said_to():
    model = SyntheticChatModel(spread=0, disposition=30, uptake={"label": 0.5, "motto": 0.0})
    assert model.angle(3, "altruistic", "label") == 60
    assert model.angle(3, "competitive", "motto") == 30
    assert model.angle(3, "competitive", "definition") == -45
    with pytest.raises(ValidationError, match="uptake"):
        SyntheticChatModel(uptake={"label": 1.2})


def test_temperature_flattens_the_choice_and_at_zero_leaves_the_best_alone():
    decision = Slider().decisions()[0]
    cold, plain, hot = (SyntheticChatModel(temperature=one).probabilities(decision, 80) for one in (0, None, 4))
    assert cold.max() == 1
    assert plain.max() > hot.max() > 1 / 9
    assert plain.tolist() == SyntheticChatModel(temperature=1).probabilities(decision, 80).tolist()
    assert SyntheticChatModel(temperature=0).probabilities(alike(4), 80).tolist() == [0.25] * 4


def test_without_induction_the_orientation_does_not_show():
    model = SyntheticChatModel(**SHARP | {"disposition": 90.0})
    game = PublicGoods()
    decision = game.decisions(game.start(1))[0]
    assert chosen(model, decision, orientation=None) == 20
    assert chosen(model, decision, orientation="individualistic") == 0


# --- behind the door of a chat model ---------------------------------------------------------------------------------

MESSAGES = [SystemMessage("Two words."), HumanMessage("And these are five words")]


async def test_called_as_a_chat_model_it_answers_counts_words_and_names_itself():
    model = SyntheticChatModel(**ANSWERING)
    call = about(alike())
    for message in (
        model.invoke(MESSAGES, config={"metadata": {METADATA: call}}),
        await model.ainvoke(MESSAGES, config={"metadata": {METADATA: call}}),
    ):
        assert message.content == model.reply(call)
        words = len(message.content.split())
        assert message.usage_metadata == {"input_tokens": 7, "output_tokens": words, "total_tokens": 7 + words}
        assert message.response_metadata["model_name"] == "synthetic"


async def test_free_conversation_is_refused_and_the_message_says_what_to_plug_in():
    with pytest.raises(SettingError, match="model=openai"):
        SyntheticChatModel().invoke("Hello?")
    with pytest.raises(SettingError, match="model=openai"):
        await SyntheticChatModel().ainvoke("Hello?", config={"metadata": {"another": 1}})
    gateway = Gateway("synthetic", SyntheticChatModel(), synthetic=True)
    with pytest.raises(SettingError, match="model=openai"):
        await gateway.ask(Call(MESSAGES, Draw(1, 0, "before", 1, "g", "choose", 1, 1)))


SCHEMA = Answering("schema", "openai")
LIKELY = Answering("probabilities", "openai")


async def answer(model, call, arguments):
    return await model.ainvoke(MESSAGES, config={"metadata": {METADATA: call}}, **arguments)


@pytest.mark.parametrize("decision", [Slider().decisions()[0], PublicGoods().decisions(PublicGoods().start(1))[0]])
async def test_asked_for_an_object_it_answers_with_one_that_names_the_same_option(decision):
    model = SyntheticChatModel(**ANSWERING)
    for draw in range(30):
        message = await answer(model, about(decision, draw), SCHEMA.arguments(decision))
        assert set(json.loads(message.content)) == {"answer"}
        plain = parse(model.reply(about(decision, draw)), decision)
        assert SCHEMA.choice(received(message, 0.1, ""), decision, draw).option == plain.option


async def test_asked_for_an_object_it_fails_as_often_as_in_words():
    decision, model = alike(), SyntheticChatModel(unreadable=0.3, refusals=0.3)
    for draw in range(60):
        message = await answer(model, about(decision, draw), SCHEMA.arguments(decision))
        plain = parse(model.reply(about(decision, draw)), decision)
        assert parse(message.content, decision).failure == plain.failure


@pytest.mark.parametrize("losses", [{}, ANSWERING, {"unreadable": 0.2, "refusals": 0.1}])
@pytest.mark.parametrize("orientation", ["prosocial", "competitive", None])
async def test_its_log_probabilities_are_the_distribution_that_it_draws_from(losses, orientation):
    model = SyntheticChatModel(position_bias=0.5, **losses)
    lost = model.unreadable + model.refusals
    for decision in (*Slider().decisions(), alike(shown=(2, 0, 1))):
        call = about(decision, orientation=orientation)
        found = received(await answer(model, call, LIKELY.arguments(decision)), 0.1, "")
        expected = (1 - lost) * model.probabilities(decision, model.angle(5, orientation))
        assert [probabilities(found.top, decision)[index] for index in decision.shown] == pytest.approx(expected)
        assert sum(math.exp(value) for _, value in found.top) == pytest.approx(1)
        values = [value for _, value in found.top]
        assert values == sorted(values, reverse=True)
        choice = LIKELY.choice(found, decision, 1)
        assert choice.readable == pytest.approx(1 - lost)
        assert [choice.probabilities[index] for index in decision.shown] == pytest.approx(expected / (1 - lost))


async def test_of_many_amounts_the_twenty_likeliest_tokens_are_told():
    game = PublicGoods()
    decision = game.decisions(game.start(1))[0]
    model = SyntheticChatModel(**ANSWERING)
    found = received(await answer(model, about(decision), LIKELY.arguments(decision)), 0.1, "")
    assert len(found.top) == 20
    expected = model.probabilities(decision, model.angle(5, "prosocial"))
    read = probabilities(found.top, decision)
    assert sorted(read) == pytest.approx([0, *sorted(expected)[1:]])


async def test_asked_for_fewer_alternatives_it_tells_the_likeliest():
    message = await answer(SyntheticChatModel(), about(alike()), {"logprobs": True, "top_logprobs": 2})
    (first,) = message.response_metadata["logprobs"]["content"]
    assert len(first["top_logprobs"]) == 2
    assert (first["token"], first["logprob"]) == tuple(first["top_logprobs"][0].values())


async def test_a_respondent_that_mostly_declines_is_unreadable_in_probabilities_too():
    decision, model = alike(), SyntheticChatModel(unreadable=0.4, refusals=0.3)
    found = received(await answer(model, about(decision), LIKELY.arguments(decision)), 0.1, "")
    choice = LIKELY.choice(found, decision, 1)
    assert (choice.failure, choice.readable) == (Failure.UNREADABLE, pytest.approx(0.3))


async def test_not_asked_for_them_it_tells_no_log_probabilities_and_none_of_a_preparation():
    decision = alike()
    for step, arguments in ((0, {}), (0, {"logprobs": False}), (2, {"logprobs": True, "top_logprobs": 5})):
        message = await answer(SyntheticChatModel(), about(decision, step=step), arguments)
        assert received(message, 0.1, "").top is None


@pytest.mark.parametrize("setting", [{"spread": -1}, {"precision": -1}, {"unreadable": 1.1}, {"refusals": -0.1}])
def test_settings_out_of_range_are_refused_by_name(setting):
    with pytest.raises(ValidationError, match=next(iter(setting))):
        SyntheticChatModel(**setting)


def test_its_parameters_identify_it():
    assert SyntheticChatModel(spread=3.0)._identifying_params == {
        "model": "synthetic", "spread": 3.0, "disposition": 30.0, "precision": 0.4, "position_bias": 0.0,
        "reciprocity": 20.0, "unreadable": 0.01, "refusals": 0.005,
    }  # fmt: skip
