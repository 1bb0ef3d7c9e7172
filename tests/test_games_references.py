"""Reference figures: readable, each with its source, and as the sources have them."""

import math
from collections import Counter

import pytest

from games.references import references

GAMES = ("public_goods", "public_goods_punishment", "dictator", "ultimatum", "trust", "commons")
EVERY = [one for game in GAMES for one in references(game)]

# Mean contributions of 20 by period (Herrmann, Thöni & Gächter 2008, aggregate data).
ALONE = (10.58, 10.63, 10.41, 9.81, 9.31, 8.45, 7.84, 7.38, 6.39, 4.38)
PUNISHED = (10.64, 11.96, 12.66, 12.97, 13.33, 13.5, 13.58, 13.64, 13.57, 12.87)


def test_a_game_without_figures_has_none():
    assert references("volunteer") == ()
    assert references("no such game") == ()


@pytest.mark.parametrize("game", GAMES)
def test_every_game_has_its_own_figures_only(game):
    found = references(game)
    assert found
    assert {one.game for one in found} == {game}


def test_every_figure_says_whose_it_is_where_it_is_from_and_how_sure_we_are():
    for one in EVERY:
        assert math.isfinite(one.value)
        assert one.stage
        assert one.quantity
        assert one.who == "people" or one.who.startswith("language model ")
        assert any(year in one.source for year in ("2004", "2008", "2011", "2024"))
        assert one.certainty.split(";")[0] in {"read in the source", "agreed in two sources", "second-hand"}
        assert one.round is None or one.round >= 1


def test_shares_lie_between_nothing_and_all():
    for one in EVERY:
        if one.quantity != "survival time":
            assert 0 <= one.value <= 1, one
        else:
            assert 1 <= one.value <= 12


def test_no_figure_stands_twice():
    assert set(Counter((one.game, one.stage, one.quantity, one.round, one.who) for one in EVERY).values()) == {1}


@pytest.mark.parametrize(("game", "contributions"), [("public_goods", ALONE), ("public_goods_punishment", PUNISHED)])
def test_contributions_are_shares_of_the_endowment_of_20(game, contributions):
    found = {one.round: one.value for one in references(game) if one.quantity == "cooperation" and one.round}
    assert found == {number: pytest.approx(points / 20) for number, points in enumerate(contributions, start=1)}


@pytest.mark.parametrize(
    ("game", "stage", "quantity", "value"),
    [
        ("dictator", "give", "cooperation", 0.2835),
        ("dictator", "give", "share with cooperation 0", 0.3611),
        ("dictator", "give", "share with cooperation 0.5", 0.1674),
        ("ultimatum", "offer", "cooperation", 0.40),
        ("ultimatum", "reply", "share of reject", 0.16),
        ("trust", "send", "cooperation", 0.509),
        ("trust", "return", "cooperation", 0.365),
    ],
)
def test_the_figures_of_the_meta_analyses(game, stage, quantity, value):
    (found,) = [one for one in references(game) if (one.stage, one.quantity) == (stage, quantity)]
    assert (found.value, found.who) == (value, "people")


def test_a_model_that_empties_the_stock_in_the_first_month_has_one_twelfth_of_twice_the_stock():
    # Gains of 100 in all against 12 months of 50 are an efficiency of 1/6.
    models = {one.who for one in references("commons")}
    assert len(models) == 13
    for model in models:
        figures = {one.quantity: one.value for one in references("commons") if one.who == model}
        assert set(figures) == {"survival time", "survival rate", "efficiency", "equality", "over-usage"}
        if figures["survival time"] == 1:
            assert figures["efficiency"] == pytest.approx(1 / 6, abs=5e-4)
            assert figures["survival rate"] == 0
