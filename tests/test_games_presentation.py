"""How options are laid out: order, labels, whose points come first, currency; and how lists are counterbalanced."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.errors import SettingError
from games.presentation import FIRSTS, LABELS, ORDERS, Presentation
from games.public_goods import PublicGoods
from games.slider import Slider
from games.types import Allocation, Answer, Decision, Layout, Option

MENU = Decision("g", 0, tuple(Option(act, Allocation(0, 0)) for act in "abc"))


def test_without_settings_the_decision_is_left_as_it_is():
    assert Presentation().present(MENU, 5) is MENU
    assert Presentation("original").present(MENU, 5, 3) is MENU


def test_reversed_turns_the_order_round_and_back():
    turned = Presentation("reversed").present(MENU, 5)
    assert turned.shown == (2, 1, 0)
    assert turned.layout == Layout("reversed")
    assert Presentation("reversed").present(turned, 6).shown == (0, 1, 2)


def test_a_shuffle_is_fixed_by_the_draw_and_differs_between_draws():
    shuffled = Presentation("shuffled")
    assert shuffled.present(MENU, 5) == shuffled.present(MENU, 5)
    found = Counter(shuffled.present(MENU, draw).shown for draw in range(1200))
    assert len(found) == 6
    assert all(abs(count - 200) < 65 for count in found.values())  # five standard errors


def test_number_labels_are_places_and_are_turned_back_into_letters():
    numbered = Presentation("reversed", "numbers").present(MENU, 5)
    assert (numbered.answer, numbered.labels) == (Answer.NUMBER, ("1", "2", "3"))
    assert numbered.options[numbered.index_of("1")].act == "c"
    assert Presentation().present(numbered, 5).answer is Answer.LETTER


@pytest.mark.parametrize(("order", "labels", "first"), list(product(ORDERS, LABELS, FIRSTS)))
def test_a_layout_is_recorded_and_never_changes_what_the_options_bring(order, labels, first):
    for decision in Slider().decisions():
        shown = Presentation(order, labels, first, "coins").present(decision, 5)
        assert shown.layout == Layout(order, labels, first, "coins")
        assert shown.options == decision.options
        assert sorted(shown.shown) == list(range(9))


@pytest.mark.parametrize("order", ORDERS)
def test_amounts_are_never_reordered_or_relabelled(order):
    game = PublicGoods()
    for decision in game.decisions(game.start(1)):
        assert Presentation(order, "numbers").present(decision, 5) == decision
        told = Presentation(order, "numbers", "other", "coins").present(decision, 5)
        assert told == replace(decision, layout=Layout("original", "letters", "other", "coins"))


def test_more_options_than_letters_need_numbers():
    options = tuple(Option(act, Allocation(0, 0)) for act in range(40))
    many = Decision("g", 0, options, answer=Answer.NUMBER)
    assert Presentation(labels="numbers").present(many, 1).labels[-1] == "40"
    with pytest.raises(SettingError, match=r"g: 40 options .*presentation\.labels=numbers"):
        Presentation().present(many, 1)


# --- counterbalancing ------------------------------------------------------------------------------------------------

LEVELS = st.fixed_dictionaries(
    {
        "order": st.lists(st.sampled_from(ORDERS), min_size=1, unique=True),
        "labels": st.lists(st.sampled_from(LABELS), min_size=1, unique=True),
        "first": st.lists(st.sampled_from(FIRSTS), min_size=1, unique=True),
        "currency": st.lists(st.sampled_from(["points", "coins", "crowns"]), min_size=1, unique=True),
    }
)


@given(LEVELS, st.integers(0, 1000))
def test_every_block_of_consecutive_participants_sees_every_combination_once(levels, start):
    presentation = Presentation(**levels)
    every = presentation.layouts
    assert len(every) == len(set(every)) == len(list(product(*levels.values())))
    assert Counter(presentation.layout(start + number) for number in range(len(every))) == Counter(every)
    assert [presentation.layout(number) for number in range(len(every))] == list(every)


def test_the_levels_of_each_setting_are_crossed():
    crossed = Presentation(["original", "reversed"], ["letters", "numbers"])
    assert crossed.layouts == (
        Layout("original", "letters"),
        Layout("original", "numbers"),
        Layout("reversed", "letters"),
        Layout("reversed", "numbers"),
    )
    assert crossed.present(MENU, 1, 6).layout == Layout("reversed", "letters")


def test_a_list_is_kept_as_it_was_whatever_happens_to_it_later():
    orders = ["original", "reversed"]
    presentation = Presentation(orders)
    orders.append("alphabetical")
    assert presentation.layouts == (Layout("original"), Layout("reversed"))


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"order": "random"}, r"presentation\.order 'random'.*original, reversed, shuffled"),
        ({"order": ["original", "random"]}, r"'random'.*original, reversed, shuffled"),
        ({"labels": "roman"}, r"presentation\.labels 'roman'.*letters, numbers"),
        ({"labels": None}, r"presentation\.labels 'None'.*letters, numbers"),
        ({"first": "both"}, r"presentation\.first 'both'.*own, other"),
        ({"first": 1}, r"presentation\.first '1'.*own, other"),
        ({"order": []}, r"order=\[\] must name at least one"),
        ({"currency": []}, r"currency=\[\] must name at least one"),
        ({"labels": ["letters", "letters"]}, "none twice"),
        ({"currency": ""}, "currency='' must be one word"),
        ({"currency": "gold coins"}, "'gold coins' must be one word"),
        ({"currency": "x" * 21}, "1 to 20 letters"),
        ({"currency": "{{x}}"}, "must be one word"),
        ({"currency": 5}, "currency=5 must be one word"),
        ({"currency": ["points", "£"]}, "'£' must be one word"),
    ],
)
def test_what_is_no_level_is_refused_with_what_is(settings, told):
    with pytest.raises(SettingError, match=told):
        Presentation(**settings)


@pytest.mark.parametrize("word", ["points", "crédits", "x", "x" * 20])
def test_any_word_may_name_the_currency(word):
    assert Presentation(currency=word).present(MENU, 1).layout.currency == word
