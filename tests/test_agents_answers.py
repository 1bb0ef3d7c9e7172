"""The ways in which a model is asked for its answer, and what its reply then chooses."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.answers import READABLE, Answering, Form, probabilities
from agents.received import Received
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.slider import Slider
from games.types import Allocation, Answer, Decision, Failure, Option


def letters(number=3, shown=()):
    return Decision("g", 0, tuple(Option(f"act {n}", Allocation(n, 0)) for n in range(number)), shown=shown)


def amounts(*acts, shown=()):
    options = tuple(Option(act, Allocation(act, 0)) for act in acts)
    return Decision("g", 0, options, answer=Answer.AMOUNT, shown=shown)


def numbers(number=3, shown=()):
    return replace(letters(number, shown), answer=Answer.NUMBER)


def likely(**shares):
    """Tokens as an endpoint gives them, from their probabilities."""
    return tuple((token, math.log(share)) for token, share in shares.items())


def tokens(*pairs):
    return tuple((token, math.log(share)) for token, share in pairs)


def reply(text="B", top=None, reason="stop"):
    return Received(text, reason, 1, 1, 0.1, "m", top)


# --- settings --------------------------------------------------------------------------------------------------------


ABLE = {
    "openai": "text, schema, probabilities",
    "llama_cpp": "text, schema, probabilities",
    "ollama": "text, schema",
    None: "text",
}


@pytest.mark.parametrize("dialect", ABLE)
@pytest.mark.parametrize("form", list(Form))
def test_a_form_is_known_where_the_dialect_has_fields_for_it(form, dialect):
    able = ABLE[dialect]
    if form in able:
        assert Answering(form, dialect).form is form
    else:
        with pytest.raises(SettingError, match=f"model m cannot be asked with answer={form}; it can with: {able}$"):
            Answering(form, dialect, "m")


def test_an_unknown_form_or_dialect_is_told_with_the_known_ones():
    with pytest.raises(SettingError, match="model m: answer 'voice'; known: text, schema, probabilities"):
        Answering("voice", "openai", "m")
    with pytest.raises(SettingError, match="model m: dialect 'latin'; known: openai, llama_cpp, ollama"):
        Answering("text", "latin", "m")


# --- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ABLE)
def test_text_asks_for_nothing_more(dialect):
    assert Answering("text", dialect).arguments(letters()) == {}


@pytest.mark.parametrize("dialect", ["openai", "llama_cpp"])
def test_probabilities_ask_for_one_token_and_its_likeliest_alternatives(dialect):
    asked = Answering("probabilities", dialect).arguments(letters())
    assert asked == {"logprobs": True, "top_logprobs": 20, "max_tokens": 1}


@pytest.mark.parametrize(
    ("decision", "kind", "answers"),
    [
        (letters(3, (2, 0, 1)), "string", ["A", "B", "C"]),
        (amounts(0, 5, 10, shown=(2, 1, 0)), "integer", [10, 5, 0]),
        (numbers(3, (2, 0, 1)), "integer", [1, 2, 3]),
    ],
)
def test_a_schema_allows_the_labels_on_the_menu_and_nothing_else(decision, kind, answers):
    schema = {
        "type": "object",
        "properties": {"answer": {"type": kind, "enum": answers}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    wrapped = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    assert Answering("schema", "openai").arguments(decision) == {"response_format": wrapped}
    assert Answering("schema", "ollama").arguments(decision) == {"format": schema}
    own = {"response_format": {"type": "json_object", "schema": schema}}
    assert Answering("schema", "llama_cpp").arguments(decision) == own


@pytest.mark.parametrize("decision", [letters(3, (2, 0, 1)), amounts(0, 5, 10), numbers(12, (*range(11, -1, -1),))])
def test_an_answer_in_the_form_of_the_schema_is_read_as_the_option_it_names(decision):
    answering = Answering("schema", "openai")
    for label, option in decision.labelled():
        value = f'"{label}"' if decision.answer is Answer.LETTER else label
        choice = answering.choice(reply(f'{{"answer": {value}}}'), decision, 1)
        assert decision.options[choice.option] is option
        assert (choice.probabilities, choice.readable) == (None, None)


def test_text_that_cannot_be_read_is_a_failure():
    for form in ("text", "schema"):
        assert Answering(form, "openai").choice(reply("Who knows?"), letters(), 1).failure is Failure.UNREADABLE
        assert Answering(form, "openai").choice(reply("", reason="length"), letters(), 1).failure is Failure.TRUNCATED


# --- probabilities of the options ------------------------------------------------------------------------------------


def test_each_option_has_the_probability_of_its_label_in_the_order_of_the_rules():
    top = likely(A=0.5, B=0.3, C=0.1)
    assert probabilities(top, letters()) == pytest.approx([0.5, 0.3, 0.1])
    assert probabilities(top, letters(3, (2, 0, 1))) == pytest.approx([0.3, 0.1, 0.5])


def test_white_space_signs_and_small_letters_around_a_label_are_left_out():
    top = tokens((" A", 0.2), ("A", 0.1), ("a", 0.05), ('"B"', 0.2), ("**b", 0.1), ("(C)", 0.05), ("\nC.", 0.05))
    assert probabilities(top, letters()) == pytest.approx([0.35, 0.3, 0.1])


def test_what_names_no_option_counts_for_none():
    top = tokens(("D", 0.3), ("I", 0.3), ("", 0.1), ("Option", 0.1), ("AB", 0.1), (" ", 0.05))
    assert probabilities(top, letters()) == [0, 0, 0]
    assert probabilities((), letters()) == [0, 0, 0]


def test_a_digit_that_begins_a_longer_amount_counts_for_none_where_numbers_come_digit_by_digit():
    menu = amounts(*range(21))
    found = probabilities(tokens(("1", 0.5), ("2", 0.2), ("0", 0.1), ("7", 0.1)), menu)
    assert found[0] == pytest.approx(0.1)
    assert found[7] == pytest.approx(0.1)
    assert sum(found) == pytest.approx(0.2)


def test_such_a_digit_is_an_amount_where_the_model_has_whole_numbers_as_tokens():
    menu = amounts(*range(21))
    found = probabilities(tokens(("1", 0.5), ("12", 0.2), ("2", 0.1), ("20", 0.1)), menu)
    assert {index: round(one, 9) for index, one in enumerate(found) if one} == {1: 0.5, 12: 0.2, 2: 0.1, 20: 0.1}


def test_a_longer_number_that_is_not_on_the_menu_says_nothing_of_whole_numbers():
    assert sum(probabilities(tokens(("1", 0.5), ("99", 0.4)), amounts(1, 12))) == 0


def test_numbers_as_labels_are_read_as_places_in_the_order_shown():
    top = tokens((" 1", 0.4), ("2.", 0.3), ("3", 0.1), ("A", 0.1))
    assert probabilities(top, numbers(3, (2, 0, 1))) == pytest.approx([0.3, 0.1, 0.4])


def test_among_ten_options_or_more_a_one_may_begin_a_ten():
    top = tokens(("1", 0.5), ("2", 0.3))
    assert probabilities(top, numbers(9))[:2] == pytest.approx([0.5, 0.3])
    assert probabilities(top, numbers(10))[:2] == pytest.approx([0, 0.3])
    assert probabilities((*top, *tokens(("10", 0.1))), numbers(10))[:2] == pytest.approx([0.5, 0.3])


def test_a_digit_that_begins_no_other_amount_always_counts():
    assert probabilities(tokens(("1", 0.5), ("5", 0.2)), amounts(1, 5, 20)) == pytest.approx([0.5, 0.2, 0])


def test_a_log_probability_that_is_no_number_counts_for_none():
    assert probabilities((("A", math.nan), ("B", math.log(0.75))), letters()) == pytest.approx([0, 0.75, 0])


TOKENS = st.sampled_from(["A", " A", "b", "B", '"C"', "C)", "D", "1", " 1", "12", "20", "2", "0", "the", "", "\n"])
MENUS = st.sampled_from([letters(), letters(3, (1, 2, 0)), amounts(0, 1, 12, 2, 20), amounts(*range(21))])


@given(st.lists(st.tuples(TOKENS, st.floats(0, 1)), max_size=20), MENUS)
@example([("A", 1.0)], letters())
def test_probabilities_are_none_below_zero_and_no_more_than_the_tokens_have(pairs, menu):
    weight = max(1.0, sum(share for _, share in pairs))
    top = [(token, math.log(share / weight) if share > 1e-9 else -math.inf) for token, share in pairs]
    found = probabilities(top, menu)
    assert len(found) == len(menu.options)
    assert all(one >= 0 for one in found)
    assert sum(found) <= 1 + 1e-9


@given(st.lists(st.tuples(TOKENS, st.floats(-50, 50)), max_size=20), MENUS)
def test_one_token_has_a_probability_of_no_more_than_one_whatever_is_told(top, menu):
    assert all(0 <= one <= len(top) for one in probabilities(top, menu))
    assert all(0 <= sum(probabilities([pair], menu)) <= 1 for pair in top)


# --- the option that is drawn ----------------------------------------------------------------------------------------

ASKED = Answering("probabilities", "openai")


def test_a_choice_holds_the_probabilities_scaled_to_one_and_how_much_was_readable():
    choice = ASKED.choice(reply("A", likely(A=0.4, B=0.2, C=0.2, The=0.2), "length"), letters(), 1)
    assert choice.probabilities == pytest.approx((0.5, 0.25, 0.25))
    assert choice.readable == pytest.approx(0.8)
    assert choice.failure is None


def test_the_option_is_drawn_from_them_and_fixed_by_the_draw():
    received = reply("A", likely(A=0.4, B=0.2, C=0.2, The=0.2))
    first = [ASKED.choice(received, letters(), draw).option for draw in range(2000)]
    assert first == [ASKED.choice(received, letters(), draw).option for draw in range(2000)]
    found = Counter(first)
    # Five standard errors around 1000, 500 and 500.
    assert abs(found[0] - 1000) < 112
    assert abs(found[1] - 500) < 97
    assert abs(found[2] - 500) < 97


def test_the_option_is_drawn_by_what_it_brings_and_not_by_where_it_is_shown():
    received = reply("A", likely(A=0.98, C=0.02))
    found = Counter(ASKED.choice(received, letters(3, (2, 0, 1)), draw).option for draw in range(300))
    assert found[2] > 270
    assert found[0] == 0


def test_certainty_is_that_option_in_every_draw():
    for decision in (Slider().decisions()[0], PublicGoods().decisions(PublicGoods().start(1))[0]):
        label = decision.labels[-1]
        choices = [ASKED.choice(reply(label, ((label, 0.0),)), decision, draw) for draw in range(20)]
        assert {one.option for one in choices} == {decision.index_of(label)}
        assert {one.readable for one in choices} == {1.0}


@pytest.mark.parametrize(
    ("top", "readable"),
    [(likely(A=0.3, B=0.1, The=0.6), 0.4), (likely(The=1.0), 0.0), ((), 0.0), (None, 0.0), (likely(A=0.499), 0.499)],
)
def test_where_most_of_the_distribution_is_something_else_the_reply_is_unreadable(top, readable):
    choice = ASKED.choice(reply("The", top), letters(), 1)
    assert choice.failure is Failure.UNREADABLE
    assert choice.readable == pytest.approx(readable)
    assert choice.probabilities is None


def test_half_of_the_distribution_is_enough():
    assert ASKED.choice(reply("A", (("A", math.log(READABLE) + 1e-12),)), letters(), 1).option == 0


def test_probabilities_that_rounding_takes_above_one_are_still_a_choice():
    choice = ASKED.choice(reply("A", (("A", math.log(0.7)), (" A", math.log(0.31)))), letters(), 1)
    assert (choice.option, choice.readable, sum(choice.probabilities)) == (0, 1.0, 1.0)


def test_a_reply_that_a_filter_stopped_is_refused_whatever_its_tokens_were():
    for top in (likely(A=1.0), None):
        assert ASKED.choice(reply("A", top, "content_filter"), letters(), 1).failure is Failure.REFUSED
