"""What is said of a play as a whole, on tables small enough to check by hand, and in which words."""

import json
from dataclasses import asdict, replace

import pandas as pd
import pytest

from experiments.play_metrics import answers, play_metrics
from experiments.play_words import acts_told, caption, cited, metrics_line, rows
from experiments.statistics import Interval, Resampling
from games.references import references
from tests.specimens import decision, played, written

FAST = Resampling(resamples=200)
YARDSTICKS = {
    "span": "round",
    "concept": "symmetric Nash equilibria in pure acts",
    "equilibria": [{"acts": "all 0", "points": 20.0, "total": 80.0, "cooperation": 0.0}],
    "optimum": {"acts": "all 20", "points": 32.0, "total": 128.0, "cooperation": 1.0},
    "benchmark": 128.0,
    "least": 8.0,
    "most": 44.0,
    "ideal": {"prosocial": {"contribute": [20]}, "individualistic": {"contribute": [0, 1, 2]}},
    "exact": True,
    "expected": False,
}
OF_PLAY = {**YARDSTICKS, "span": "play", "benchmark": 600.0}


def found(folder, decisions=None, rounds=(), *, length=2, **about):
    decisions = [decision(0, option="10", cooperation=0.5)] if decisions is None else decisions
    about = {"yardsticks": YARDSTICKS, "matching_lasting": True, "players": 4, **about}
    tables = written(folder, decisions, rounds=rounds, **about)
    return play_metrics(replace(tables, about={**tables.about, "rounds": length}), FAST)


def group(number, *payoffs, first=0, **values):
    """A round of a group, each member of which earned so much."""
    return [played(first + seat, points, group=number, **values) for seat, points in enumerate(payoffs)]


# --- what it says of the game ----------------------------------------------------------------------------------------


def test_nothing_is_said_where_nobody_played(tmp_path):
    assert found(tmp_path, [decision(0, phase="before")]) is None


def test_what_was_played_stands_beside_what_is_known_of_it(tmp_path):
    told = found(tmp_path, conditions={"noise": 0.1})
    assert (told["game"], told["players"], told["rounds"]) == ("public_goods", 4, 2)
    assert told["conditions"] == {"noise": 0.1}
    assert told["yardsticks"] == YARDSTICKS
    assert told["references"] == [asdict(one) for one in references("public_goods")]
    assert told["references"]


# --- metrics of groups -----------------------------------------------------------------------------------------------


def test_efficiency_of_a_group_is_its_points_over_the_optimum_of_its_settled_rounds(tmp_path):
    rounds = [
        *group(0, 20, 20, 20, 20),
        *group(0, 32, 32, 32, 32, round=2),
        *group(1, 32, 32, 32, 32, first=4),
        *group(1, None, None, None, None, first=4, round=2, void=True),
    ]
    metrics = found(tmp_path, rounds=rounds)["metrics"]
    assert metrics["efficiency"]["estimate"] == pytest.approx(((80 + 128) / 256 + 1) / 2)
    assert (metrics["efficiency"]["units"], metrics["efficiency"]["unit"]) == (2, "groups")
    assert metrics["efficiency"]["low"] is None, "two groups leave no interval"


def test_equality_is_of_the_points_over_all_rounds_and_not_of_each(tmp_path):
    rounds = [*group(0, 0, 10), *group(0, 10, 0, round=2), *group(1, 0, 10, first=2)]
    metrics = found(tmp_path, rounds=rounds)["metrics"]
    # The first group is even over both rounds; of the second, Gini = 2·10 / (2·2·10) = 0.5.
    assert metrics["equality"]["estimate"] == pytest.approx((1 + 0.5) / 2)


def test_among_strangers_the_whole_population_is_one_group_without_an_interval(tmp_path):
    rounds = [*group(0, 10, 10), *group(1, 30, 30, first=2), *group(0, 10, 30, round=2)]
    metrics = found(tmp_path, rounds=rounds, matching_lasting=False)["metrics"]
    assert metrics["efficiency"] == asdict(Interval(120 / (3 * 128), None, None, 1, "populations")) | {"left_out": 0}
    assert metrics["equality"]["unit"] == "populations"


def test_six_groups_have_an_interval(tmp_path):
    rounds = [row for number in range(6) for row in group(number, 10 + number, 20, first=2 * number)]
    efficiency = found(tmp_path, rounds=rounds)["metrics"]["efficiency"]
    assert efficiency["low"] < efficiency["estimate"] < efficiency["high"]


def test_without_yardsticks_there_is_no_efficiency(tmp_path):
    metrics = found(tmp_path, rounds=group(0, 1, 2), yardsticks=None)["metrics"]
    assert set(metrics) == {"equality", "gini", "reciprocity"}


def test_a_play_of_which_every_round_is_void_has_no_metric(tmp_path):
    metrics = found(tmp_path, rounds=group(0, None, None, void=True))["metrics"]
    assert metrics == {"reciprocity": asdict(Interval(None, None, None, 0, "groups")) | {"left_out": 0}}


# --- a common stock --------------------------------------------------------------------------------------------------


def month(number, harvests, *, collapsed=False, of=0, sustainable=50, void=False):
    facts = [{"harvest": one, "sustainable": sustainable, "group_collapsed": collapsed} for one in harvests]
    return [
        played(
            10 * of + seat,
            None if void else float(one["harvest"]),
            game="commons",
            round=number,
            group=of,
            void=void,
            facts=None if void else json.dumps(one),
        )
        for seat, one in enumerate(facts)
    ]


def commons(folder, *months, rounds=3, **about):
    about = {"yardsticks": {**OF_PLAY, "benchmark": 50.0 * rounds}, "players": 5, **about}
    decisions = [decision(0, game="commons", stage="harvest", option="10", cooperation=1.0)]
    return found(folder, decisions, [row for one in months for row in one], length=rounds, **about)["metrics"]


def test_the_metrics_of_a_common_stock_are_govsims(tmp_path):
    metrics = commons(tmp_path, month(1, [10] * 5), month(2, [10, 11, 12, 5, 4]), month(3, [20] * 5, collapsed=True))
    assert metrics["over-usage"]["estimate"] == pytest.approx(7 / 15)
    assert metrics["survival time"]["estimate"] == 3
    assert metrics["survival rate"]["estimate"] == 1, "what is left after the last month does not count"
    assert metrics["efficiency"]["estimate"] == 1, "192 of 150 points"
    assert metrics["equality"]["estimate"] == pytest.approx(1 - 88 / (2 * 5 * 192))


def test_survival_is_over_groups(tmp_path):
    lasting = [month(number, [10] * 5) for number in (1, 2, 3)]
    collapsing = [month(1, [20] * 5, collapsed=True, of=1)]
    metrics = commons(tmp_path, *lasting, *collapsing)
    assert metrics["survival rate"]["estimate"] == 0.5
    assert metrics["survival time"]["estimate"] == 2
    assert metrics["over-usage"]["estimate"] == pytest.approx((0 + 1) / 2)
    assert metrics["efficiency"]["estimate"] == pytest.approx((1 + 100 / 150) / 2)


SUSTAINED = [month(number, [10] * 5, of=1) for number in (1, 2, 3)]


@pytest.mark.parametrize("void", [1, 2, 3])
def test_a_void_month_leaves_no_metric_of_the_stock(void, tmp_path):
    months = [month(number, [10] * 5, void=number == void) for number in (1, 2, 3)]
    metrics = commons(tmp_path, *months, *SUSTAINED)
    for name in ("over-usage", "survival time", "survival rate", "efficiency"):
        assert metrics[name]["units"] == 1, name
    assert metrics["equality"]["units"] == 2


def test_a_play_that_was_broken_off_has_neither_survived_nor_wasted_anything(tmp_path):
    metrics = commons(tmp_path, month(1, [5] * 5), month(2, [5] * 5), *SUSTAINED)
    assert metrics["survival rate"]["estimate"] == 1
    for name in ("over-usage", "survival time", "survival rate", "efficiency"):
        assert metrics[name]["units"] == 1, name
    assert metrics["efficiency"]["estimate"] == 1


def test_a_collapse_ends_a_play_before_its_last_month(tmp_path):
    metrics = commons(tmp_path, month(1, [20] * 5, collapsed=True))
    assert metrics["survival time"]["estimate"] == 1
    assert metrics["efficiency"]["estimate"] == pytest.approx(100 / 150)


# --- reciprocity -----------------------------------------------------------------------------------------------------


def settled(*rows):
    return pd.DataFrame(rows, columns=["participant", "round", "group", "cooperation", "payoff"])


def test_answers_pair_own_cooperation_with_the_others_of_the_round_before():
    table = settled(
        (0, 1, 0, 0.0, 1.0), (1, 1, 0, 0.5, 1.0), (2, 1, 0, 1.0, 1.0),
        (0, 2, 0, 0.2, 1.0), (1, 2, 0, 0.4, 1.0), (2, 2, 0, 0.6, 1.0),
    )  # fmt: skip
    pairs = answers(table).sort_values("participant")
    assert pairs["own"].tolist() == [0.2, 0.4, 0.6]
    assert pairs["before"].tolist() == pytest.approx([0.75, 0.5, 0.25])
    assert pairs["group"].tolist() == [0, 0, 0]


def test_answers_among_strangers_are_to_whom_one_met_before():
    table = settled(
        (0, 1, 0, 0.0, 1.0), (1, 1, 0, 0.3, 1.0), (2, 1, 1, 0.6, 1.0), (3, 1, 1, 1.0, 1.0),
        (0, 2, 0, 0.1, 1.0), (2, 2, 0, 0.2, 1.0), (1, 2, 1, 0.3, 1.0), (3, 2, 1, 0.4, 1.0),
    )  # fmt: skip
    pairs = answers(table).sort_values("participant")
    assert pairs["before"].tolist() == pytest.approx([0.3, 0.0, 1.0, 0.6])


def test_no_answer_follows_a_round_that_was_missed_or_where_nobody_else_acted():
    table = settled((0, 1, 0, 0.5, 1.0), (1, 1, 0, 0.5, 1.0), (0, 3, 0, 0.5, 1.0), (1, 3, 0, 0.5, 1.0))
    assert answers(table).empty
    table = settled((0, 1, 0, 0.5, 1.0), (1, 1, 0, None, 1.0), (0, 2, 0, 0.5, 1.0), (1, 2, 0, 0.1, 1.0))
    assert answers(table)["participant"].tolist() == [1]


def test_who_did_not_act_has_met_those_who_did():
    # A dictator and a receiver who take turns: each act answers the one before.
    table = settled((0, 1, 0, 0.2, 1.0), (1, 1, 0, None, 1.0), (0, 2, 0, None, 1.0), (1, 2, 0, 0.4, 1.0))
    pairs = answers(table)
    assert pairs[["participant", "own", "before"]].to_numpy().tolist() == [[1, 0.4, 0.2]]


def reciprocating(slope, groups=6):
    """Pairs over four rounds: the first of each acts on its own, the second answers it by the slope."""
    acts = [0.0, 1.0, 0.5, 0.25]
    told = []
    for number in range(groups):
        for place, act in enumerate(acts):
            before = acts[place - 1] if place else 0.5
            told += [
                played(2 * number, 1.0, group=number, round=place + 1, cooperation=0.5),
                played(2 * number + 1, 1.0, group=number, round=place + 1, cooperation=act),
            ]
            told[-2]["cooperation"] = 0.3 + slope * (before - 0.5)
    return told


@pytest.mark.parametrize("slope", [0.4, -0.4])
def test_reciprocity_is_the_slope_within_participants(slope, tmp_path):
    from games.metrics import reciprocity

    tables = written(tmp_path, [decision(0, option="1")], rounds=reciprocating(slope), matching_lasting=True)
    found = play_metrics(tables, FAST)["metrics"]["reciprocity"]
    pairs = answers(tables.rounds)
    assert found["estimate"] == pytest.approx(reciprocity(pairs["own"], pairs["before"], pairs["participant"]))
    assert (found["units"], found["unit"]) == (6, "groups")
    # The first answers with exactly the slope; the second acts as it likes.
    mine = pairs[pairs["participant"] % 2 == 0]
    assert reciprocity(mine["own"], mine["before"], mine["participant"]) == pytest.approx(slope)


def test_reciprocity_among_strangers_resamples_participants(tmp_path):
    tables = written(tmp_path, [decision(0, option="1")], rounds=reciprocating(0.4), matching_lasting=False)
    found = play_metrics(tables, FAST)["metrics"]["reciprocity"]
    assert (found["units"], found["unit"]) == (12, "participants")


def test_there_is_no_reciprocity_where_the_others_never_change(tmp_path):
    rounds = [played(who, 1.0, group=0, round=number, cooperation=0.5) for who in (0, 1) for number in (1, 2, 3)]
    assert found(tmp_path, rounds=rounds)["metrics"]["reciprocity"]["estimate"] is None


# --- stages ----------------------------------------------------------------------------------------------------------


def test_a_stage_tells_cooperation_its_ends_and_the_share_of_every_named_act(tmp_path):
    put = {"game": "ultimatum", "stage": "respond", "group": 0}
    decisions = [
        decision(0, option="accept", cooperation=1.0, **put),
        decision(1, option="accept", cooperation=1.0, **put),
        decision(2, option="reject", cooperation=0.0, **put),
        decision(3, failure="empty", **put),
        decision(4, stage="offer", game="ultimatum", option="5", cooperation=0.5),
        decision(5, stage="offer", game="ultimatum", option="-3", cooperation=0.25),
    ]
    respond, offer = found(tmp_path, decisions)["stages"]
    assert (respond["stage"], respond["decisions"], respond["failed_share"]) == ("respond", 4, 0.25)
    assert respond["share of accept"]["estimate"] == pytest.approx(2 / 3)
    assert respond["share of reject"]["estimate"] == pytest.approx(1 / 3)
    assert respond["cooperation"]["estimate"] == pytest.approx(2 / 3)
    assert respond["share with cooperation 0"]["estimate"] == pytest.approx(1 / 3)
    assert respond["share with cooperation 0.5"]["estimate"] == 0
    assert not [name for name in offer if name.startswith("share of")], "amounts have no names"
    assert offer["share with cooperation 0.5"]["estimate"] == 0.5


def test_a_stage_without_cooperation_tells_acts_only(tmp_path):
    (stage,) = found(tmp_path, [decision(0, option="left"), decision(1, option="right")])["stages"]
    assert stage["cooperation"]["estimate"] is None
    assert not [name for name in stage if name.startswith("share with")]
    assert stage["share of left"]["estimate"] == 0.5


def test_stages_are_of_who_is_studied(tmp_path):
    rule = {"model": "none", "agent": "tit_for_tat", "synthetic": True}
    decisions = [decision(0, option="a", cooperation=1.0), decision(1, option="b", cooperation=0.0, **rule)]
    (stage,) = found(tmp_path, decisions)["stages"]
    assert (stage["decisions"], stage["cooperation"]["estimate"]) == (1, 1)


# --- words -----------------------------------------------------------------------------------------------------------


def summary(folder, **about):
    decisions = [
        decision(0, option="0", cooperation=0.0),
        decision(1, option="20", cooperation=1.0),
        decision(2, stage="vote", option="yes"),
        decision(3, stage="vote", option="no"),
    ]
    return {"play": found(folder, decisions, group(0, 10, 20), **about)}


def test_the_table_of_yardsticks_says_what_was_seen_what_theory_says_and_what_people_did(tmp_path):
    told = rows(summary(tmp_path))
    assert told[:2] == [("seen: contribute", "", "0.50", ""), ("seen: vote", "yes 50%, no 50%", "–", "")]
    assert ("equilibrium", "all 0", "0.00", "20.0") in told
    assert ("social optimum", "all 20", "1.00", "32.0") in told
    assert ("ideal prosocial", "contribute 20", "", "") in told
    assert ("ideal individualistic", "contribute 0 … 2", "", "") in told
    assert ("least, most", "", "", "8.0, 44.0") in told
    people = [one for one in references("public_goods") if one.who == "people" and one.quantity == "cooperation"]
    mean = sum(one.value for one in people) / len(people)
    line = ("people: contribute", f"Herrmann et al. 2008, mean of {len(people)} rounds", f"{mean:.2f}", "")
    assert line in told


def test_without_play_there_is_no_row_and_no_line():
    assert rows({"play": None}) == []
    assert metrics_line({"play": None}) == ""


def test_without_yardsticks_only_what_was_seen_and_people_are_told(tmp_path):
    told = summary(tmp_path, yardsticks=None)
    assert {row[0].split(":")[0] for row in rows(told)} == {"seen", "people"}
    assert caption(told) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "points per player and round; equilibrium: symmetric Nash equilibria in pure acts"),
        ({"expected": True}, "points hang on chance as well"),
        ({"exact": False}, "over a thinner menu with both its ends"),
    ],
)
def test_the_caption_says_what_a_reader_must_know(changes, said, tmp_path):
    plain, told = (caption(summary(tmp_path / name, yardsticks=YARDSTICKS | one)) for name, one in
                   (("plain", {}), ("told", changes)))  # fmt: skip
    assert said in told
    assert not changes or said not in plain


def test_of_many_equilibria_the_first_and_the_last_are_told(tmp_path):
    many = [{"acts": f"all {act}", "points": 1.0, "cooperation": None} for act in range(9)]
    told = rows(summary(tmp_path, yardsticks={**YARDSTICKS, "equilibria": many}))
    assert [row[1:3] for row in told if row[0] == "equilibrium"] == [("all 0", "–"), ("all 8", "–")]


def test_the_line_of_metrics_leaves_out_what_has_no_number(tmp_path):
    line = metrics_line(summary(tmp_path))
    assert line.startswith("play: equality ")
    assert "efficiency 0.23" in line  # 30 of 128 points
    assert "reciprocity" not in line


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Herrmann, Thöni & Gächter 2008, Science 319", "Herrmann et al. 2008"),
        ("Johnson & Mislin 2011, Journal", "Johnson & Mislin 2011"),
        ("Engel 2011, Experimental Economics", "Engel 2011"),
        ("no year at all", "no year at all"),
    ],
)
def test_a_source_is_cited_as_texts_do(source, told):
    assert cited(source) == told


@pytest.mark.parametrize(
    ("acts", "told"),
    [([3], "3"), ([0, 1], "0 or 1"), ([0, 1, 2, 3], "0 … 3"), ([0, 2, 4], "0 … 4"), (["a", "b", "c"], "a or b or c")],
)
def test_acts_are_told_in_a_row(acts, told):
    assert acts_told(acts) == told


def test_acts_with_a_gap_are_no_run():
    assert acts_told([0, 5, 20]) == "0 or 5 or 20"
