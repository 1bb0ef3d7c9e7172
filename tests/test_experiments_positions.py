"""Position bias: the share of each place of a list, by hand."""

import json

import pandas as pd
import pytest

from experiments.positions import menu_sizes, positions, telling
from experiments.statistics import Resampling
from tests.specimens import AMOUNTS, decision, menu, written

FAST = Resampling(resamples=200)


def answer(participant, position, given=None, **values):
    """An answer to a list of four options, by place, or by the probabilities of the places."""
    shown = {"phase": "before", "game": "slider", "options": menu(3, 1, 0, 2), "position": position}
    return decision(participant, **shown, probabilities=None if given is None else json.dumps(given)) | values


def test_a_list_has_as_many_places_as_options_and_a_range_of_amounts_has_none():
    numbered = json.dumps([[str(act), act, 85.0, 50.0] for act in (1, 2, 3, 4)])
    menus = pd.Series([menu(0, 1, 2), menu("volunteer", "wait"), AMOUNTS, numbered, numbered])
    labels = pd.Series(["letters", "letters", "amounts", "numbers", "amounts"])
    assert menu_sizes(menus, labels).tolist() == [3, 2, 0, 4, 0]


def test_shares_of_choices_where_there_are_no_probabilities(tmp_path):
    rows = [answer(number, place) for number, place in enumerate([1, 1, 1, 2, 4, 4])]
    rows += [answer(6, None, failure="empty"), decision(7), answer(8, 1, model="none")]
    (found,) = positions(written(tmp_path, rows, presentation="shuffled"), FAST)
    assert (found["model"], found["game"], found["options"], found["decisions"]) == ("m", "slider", 4, 6)
    assert (found["obtained"], found["order"], found["confounded"]) == ("choices", "shuffled", False)
    assert found["expected"] == 0.25
    assert [one["estimate"] for one in found["positions"]] == pytest.approx([3 / 6, 1 / 6, 0, 2 / 6])
    assert [one["position"] for one in found["positions"]] == [1, 2, 3, 4]
    expected = FAST.mean([1, 1, 1, 0, 0, 0], range(6), "participants")
    assert (found["positions"][0]["low"], found["positions"][0]["high"]) == pytest.approx((expected.low, expected.high))
    assert (found["positions"][0]["units"], found["positions"][0]["unit"]) == (6, "participants")
    assert telling(found)


def test_probabilities_are_averaged_over_decisions_with_participants_resampled_whole(tmp_path):
    given = [[0.7, 0.1, 0.1, 0.1], [0.4, 0.2, 0.2, 0.2], [0.1, 0.5, 0.2, 0.2]]
    rows = [answer(0, 1, given[0]), answer(0, 1, given[1]), answer(1, 2, given[2]), answer(2, 3)]
    (found,) = positions(written(tmp_path, rows, presentation="original"), FAST)
    assert (found["obtained"], found["decisions"]) == ("probabilities", 3)
    assert [one["estimate"] for one in found["positions"]] == pytest.approx([0.4, 0.8 / 3, 0.5 / 3, 0.5 / 3])
    assert {one["units"] for one in found["positions"]} == {2}
    assert found["confounded"]
    assert telling(found)


def test_numbers_as_labels_have_positions_as_letters_have(tmp_path):
    numbered = json.dumps([[str(place), place, 85.0, 50.0] for place in (1, 2, 3, 4)])
    rows = [answer(0, 3, options=numbered, labels="numbers"), answer(1, 1)]
    (found,) = positions(written(tmp_path, rows), FAST)
    assert found["decisions"] == 2
    assert [one["estimate"] for one in found["positions"]] == [0.5, 0, 0.5, 0]


def in_orders(tmp_path, size, *orders):
    rows = [answer(number, 1, options=menu(*range(size)), order=order) for number, order in enumerate(orders)]
    (found,) = positions(written(tmp_path, rows), FAST)
    return found["order"], found["confounded"]


def test_counterbalanced_orders_are_told_apart_from_one_order(tmp_path):
    assert in_orders(tmp_path / "1", 4, "original", "reversed") == ("mixed", True)
    assert in_orders(tmp_path / "2", 2, "original", "reversed") == ("mixed", False)
    assert in_orders(tmp_path / "3", 2, "original", "reversed", "original") == ("mixed", True)
    assert in_orders(tmp_path / "4", 2, "reversed") == ("reversed", True)
    assert in_orders(tmp_path / "5", 4, "shuffled", "shuffled") == ("shuffled", False)
    assert in_orders(tmp_path / "6", 4, "shuffled", "original") == ("mixed", True)


def test_an_order_counts_where_it_was_put_whatever_came_back(tmp_path):
    rows = [answer(0, 1, options=menu(0, 1), order="original")]
    rows += [answer(1, None, options=menu(0, 1), order="reversed", failure="empty")]
    (found,) = positions(written(tmp_path, rows), FAST)
    assert (found["order"], found["confounded"], found["decisions"]) == ("mixed", False, 1)


def test_models_games_and_menu_sizes_stand_apart(tmp_path):
    rows = [answer(0, 1), answer(1, 2, model="k"), answer(2, 1, game="dictator"), answer(3, 2)]
    rows[-1]["options"] = menu(0, 1)
    found = positions(written(tmp_path, rows), FAST)
    told = {(one["model"], one["game"], one["options"]) for one in found}
    assert told == {("m", "slider", 4), ("k", "slider", 4), ("m", "dictator", 4), ("m", "slider", 2)}


def test_choices_in_an_order_that_never_changes_tell_nothing_of_positions(tmp_path):
    for order in ("original", "reversed", None):
        (found,) = positions(written(tmp_path, [answer(0, 1)], presentation=order), FAST)
        assert found["confounded"]
        assert not telling(found)
