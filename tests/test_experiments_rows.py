"""What of a record reaches its row: the layout of a menu, what noise carried out, and what only one measure has."""

from dataclasses import replace

import pytest

from experiments.rows import row
from experiments.schema import COLUMNS
from games.presentation import Presentation
from games.public_goods import PublicGoods
from games.slider import Slider
from games.types import Choice, Layout, Occasion, Score
from sim.participant import Member
from sim.records import Asked, Scored
from tests.conformance import Stub

MEMBER = Member("c", "prosocial", Stub())
MENU = Slider().decisions()[0]
AMOUNTS = PublicGoods().decisions(PublicGoods().start(0))[0]
LAYOUT = ("order", "labels", "first", "currency")


def asked(decision, **values):
    record = Asked(0, MEMBER, decision, Occasion("play", 1, 1), Choice(2), None, None, None)
    table, found = row("run", replace(record, **values))
    assert table == "decisions"
    assert set(found) <= set(COLUMNS["decisions"])
    return found


def scored(measure="slider", layout=None, **values):
    score = Score(40.0, "prosocial", True, 40.0, None, 0, 6, **values)
    table, found = row("run", Scored(0, MEMBER, measure, Occasion("before", 1, 1), score, layout))
    assert table == "measures"
    assert set(found) <= set(COLUMNS["measures"])
    return found


@pytest.mark.parametrize(
    ("presentation", "decision", "told"),
    [
        (Presentation(), MENU, ("original", "letters", "own", "points")),
        (Presentation("reversed", "numbers", "other", "coins"), MENU, ("reversed", "numbers", "other", "coins")),
        (Presentation("shuffled", "numbers", "other", "coins"), AMOUNTS, ("original", "amounts", "other", "coins")),
    ],
)
def test_a_decision_has_the_layout_that_was_shown(presentation, decision, told):
    assert tuple(map(asked(presentation.present(decision, 1)).get, LAYOUT)) == told


def test_number_labels_stand_among_the_options_and_the_position_is_the_number():
    found = asked(Presentation("reversed", "numbers").present(MENU, 1))
    assert found["options"].startswith('[["1", 9,')
    assert found["position"] == 7


def test_the_act_that_noise_put_in_the_place_of_the_chosen_one_stands_beside_it():
    found = asked(AMOUNTS, carried_out=17)
    assert (found["option"], found["carried_out"]) == ("2", "17")
    assert "carried_out" not in asked(AMOUNTS)


def test_an_administration_has_the_layout_of_its_items_and_its_own_check():
    found = scored(layout=Layout("reversed", "numbers", "other", "coins"), consistency=0.75)
    assert tuple(map(found.get, LAYOUT)) == ("reversed", "numbers", "other", "coins")
    assert found["consistency"] == 0.75
    assert not set(LAYOUT) & set(scored())


def test_only_the_sliders_angles_are_set_against_its_ideal_respondents():
    derived = {"deviation", "value_rationality", "value_rationality_corrected"}
    assert derived <= set(scored())
    assert not derived & set(scored("ring"))
    assert scored("ring")["angle"] == 40.0
