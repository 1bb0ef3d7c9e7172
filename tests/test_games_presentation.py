"""The order in which options are laid out."""

from collections import Counter

import pytest

from games.errors import SettingError
from games.presentation import ORDERS, Presentation
from games.public_goods import PublicGoods
from games.slider import Slider
from games.types import Allocation, Decision, Option

MENU = Decision("g", 0, tuple(Option(act, Allocation(0, 0)) for act in "abc"))


def test_original_leaves_the_decision_as_it_is():
    assert Presentation().present(MENU, 5) is MENU
    assert Presentation("original").present(MENU, 5) is MENU


def test_reversed_turns_the_order_round_and_back():
    turned = Presentation("reversed").present(MENU, 5)
    assert turned.shown == (2, 1, 0)
    assert Presentation("reversed").present(turned, 6).shown == (0, 1, 2)


def test_a_shuffle_is_fixed_by_the_draw_and_differs_between_draws():
    shuffled = Presentation("shuffled")
    assert shuffled.present(MENU, 5) == shuffled.present(MENU, 5)
    found = Counter(shuffled.present(MENU, draw).shown for draw in range(1200))
    assert len(found) == 6
    assert all(abs(count - 200) < 65 for count in found.values())  # five standard errors


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_never_changes_what_the_options_bring(order):
    for decision in Slider().decisions():
        shown = Presentation(order).present(decision, 5)
        assert shown.options == decision.options
        assert sorted(shown.shown) == list(range(9))


@pytest.mark.parametrize("order", ORDERS)
def test_amounts_are_never_reordered(order):
    game = PublicGoods()
    for decision in game.decisions(game.start(1)):
        assert Presentation(order).present(decision, 5) == decision


def test_another_word_is_refused_with_the_words_that_are_known():
    with pytest.raises(SettingError, match=r"random.*original, reversed, shuffled"):
        Presentation("random")
