"""The shared words: what they refuse when built, and how a decision travels."""

import json
import math
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.decision_json import as_json, decision_from_json
from games.errors import ChoiceError
from games.types import (
    Allocation,
    Answer,
    Choice,
    Decision,
    Experience,
    Failure,
    Layout,
    Option,
    Reply,
    answered,
)

settings.load_profile("ci")  # the same examples in every run, and no deadline on a busy machine

POINTS = st.floats(-1e6, 1e6, allow_nan=False)
SHARE = st.none() | st.floats(0, 1)
TEXT = st.text("aé \n", max_size=5)


def options(number, kind=str):
    return tuple(Option(kind(index), Allocation(index, -index), index / number) for index in range(number))


def menu(number=3, **changes):
    return Decision(**{"game": "g", "player": 0, "options": options(number)} | changes)


@st.composite
def decisions(draw):
    amounts = draw(st.booleans())
    act = st.integers(0, 50) if amounts else TEXT
    acts = draw(st.lists(act, min_size=2, max_size=9, unique=True))
    experiences = st.builds(
        Experience,
        TEXT,
        TEXT,
        st.integers(1, 9),
        SHARE,
        st.lists(st.floats(0, 1), max_size=3).map(tuple),
        POINTS,
        st.just({"told": 1}),
    )
    return Decision(
        game=draw(TEXT),
        player=draw(st.integers(0, 5)),
        options=tuple(Option(act, draw(st.builds(Allocation, POINTS, POINTS)), draw(SHARE)) for act in acts),
        facts={"known": "to the wording"},
        stage=draw(TEXT),
        round=draw(st.integers(1, 20)),
        item=draw(st.integers(0, 9)),
        others=draw(st.integers(1, 9)),
        answer=Answer.AMOUNT if amounts else draw(st.sampled_from([Answer.LETTER, Answer.NUMBER])),
        shown=tuple(draw(st.permutations(range(len(acts))))),
        past=tuple(draw(st.lists(experiences, max_size=3))),
        layout=draw(st.builds(Layout, TEXT, TEXT, TEXT, TEXT)),
    )


@pytest.mark.parametrize("points", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["own", "other"])
def test_an_allocation_needs_finite_points(side, points):
    with pytest.raises(ValueError, match="finite"):
        Allocation(**{"own": 0, "other": 0, side: points})


@pytest.mark.parametrize("level", [-0.01, 1.01, math.nan])
def test_cooperation_outside_the_unit_interval_is_refused(level):
    with pytest.raises(ValueError, match="cooperation"):
        Option("a", Allocation(0, 0), level)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"options": ()}, "at least two"),
        ({"options": options(1)}, "at least two"),
        ({"options": (*options(2), *options(1))}, "same act"),
        ({"shown": (0, 1)}, "no order"),
        ({"shown": (0, 1, 1)}, "no order"),
        ({"answer": Answer.AMOUNT}, "whole numbers"),
        ({"options": options(27)}, "more than there are letters"),
    ],
)
def test_a_decision_that_cannot_be_asked_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        menu(**changes)


def test_26_letters_and_any_number_of_amounts_can_be_asked():
    assert menu(26).labels[-1] == "Z"
    assert menu(options=options(101, int), answer=Answer.AMOUNT).labels[-1] == "100"


def test_a_decision_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        menu().player = 1


def test_options_are_shown_in_the_order_of_the_rules_unless_told_otherwise():
    assert menu(4).shown == (0, 1, 2, 3)


def test_letters_follow_the_order_shown_and_point_at_the_option_of_the_rules():
    decision = menu(3, shown=(2, 0, 1))
    assert decision.labels == ("A", "B", "C")
    assert [option.act for _, option in decision.labelled()] == ["2", "0", "1"]
    assert [decision.index_of(label) for label in "ABC"] == [2, 0, 1]


def test_amounts_are_their_own_labels_in_any_order():
    decision = menu(options=options(3, int), answer=Answer.AMOUNT, shown=(2, 1, 0))
    assert decision.labels == ("2", "1", "0")
    assert decision.index_of("2") == 2


@pytest.mark.parametrize("label", ["D", "a", "", "0"])
def test_a_label_that_is_not_shown_is_a_key_error(label):
    with pytest.raises(KeyError):
        menu(3).index_of(label)


@given(decisions())
def test_every_label_leads_to_the_option_shown_under_it(decision):
    for label, option in decision.labelled():
        assert decision.options[decision.index_of(label)] == option


@given(decisions())
def test_a_decision_travels_as_json_without_its_facts(decision):
    arrived = decision_from_json(json.loads(json.dumps(as_json(decision))))
    assert arrived == replace(decision, facts={}, past=tuple(replace(one, facts={}) for one in decision.past))


def test_a_choice_is_an_option_or_a_failure_never_both_never_neither():
    with pytest.raises(ValueError, match="either"):
        Choice()
    with pytest.raises(ValueError, match="either"):
        Choice(option=0, failure=Failure.EMPTY)
    assert Choice(option=0, reply=Reply("A")).failure is None


@pytest.mark.parametrize("wrong", [Choice(option=3), Choice(option=-1), Choice(failure=Failure.REFUSED)])
def test_a_choice_that_is_no_option_of_the_decision_is_not_taken(wrong):
    with pytest.raises(ChoiceError):
        wrong.taken(menu(3))
    assert Choice(option=2).taken(menu(3)).act == "2"


def test_answers_are_the_options_taken_by_player_and_item():
    pending = [menu(player=0), menu(player=1, item=1), menu(player=1, item=2)]
    taken = answered(pending, {(0, 0): Choice(2), (1, 1): Choice(0), (1, 2): Choice(1)})
    assert {key: option.act for key, option in taken.items()} == {(0, 0): "2", (1, 1): "0", (1, 2): "1"}


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({}, r"no choice .*\(0, 0\), \(1, 0\)"),
        ({(0, 0): Choice(0)}, r"no choice .*\(1, 0\)"),
        ({(0, 0): Choice(0), (1, 0): Choice(0), (2, 0): Choice(0)}, r"\(2, 0\).*not pending"),
        ({(0, 0): Choice(0), (1, 0): Choice(0), (1, 1): Choice(0)}, r"\(1, 1\).*not pending"),
        ({(0, 0): Choice(0), (1, 0): Choice(failure=Failure.EMPTY)}, "player 1 gave no answer"),
        ({(0, 0): Choice(0), (1, 0): Choice(9)}, "player 1 chose option 9"),
    ],
)
def test_choices_that_do_not_answer_what_is_pending_are_refused(choices, told):
    with pytest.raises(ChoiceError, match=told):
        answered([menu(player=0), menu(player=1)], choices)
