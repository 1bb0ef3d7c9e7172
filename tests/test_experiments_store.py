"""A run's files: whole at every moment, and readable whether the run ended or not."""

import json
from dataclasses import replace
from math import isnan

import pytest

from experiments.schema import SCHEMAS
from experiments.store import Writer, read_json, read_table, write_json
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.rationality import attainable_angles
from games.slider import Slider
from games.types import Choice, Failure, Occasion, Reply, Score
from sim.participant import Member
from sim.records import Asked, Played, Scored
from sim.unanswered import Bounds


class Nobody:
    kind, model, induction, synthetic = "llm", "m", "label", False


MEMBER = Member("altruists", "altruistic", Nobody())
DECISION = PublicGoods().decisions(PublicGoods().start(0))[0]


def asked(participant, option=20, failure=None):
    reply = Reply("20" if failure is None else "?", 11, 2, 1, 0.5, "m-1", (("who?", "me"),))
    choice = Choice(option=None if failure else option, failure=failure, reply=reply)
    payoff = None if failure else 12.0
    return Asked(participant, MEMBER, DECISION, Occasion("play", 1, 99), choice, 3, payoff, payoff)


def only(writer, tmp_path, *records):
    """The rows of these records as they come back, by table."""
    writer.keep(records)
    writer.close()
    return {table: read_table(tmp_path / "run", table).to_dict("records") for table in SCHEMAS}


def test_what_a_reply_took_and_how_likely_it_was_stands_beside_it(tmp_path):
    menu = replace(Slider().decisions()[0], shown=(8, 7, 6, 5, 4, 3, 2, 1, 0))
    reply = Reply("A", earlier=((Failure.EMPTY, ""), (Failure.UNREADABLE, "\ud83d?")), keys=("ab", "cd", "ef"))
    likely = Choice(8, None, reply, (0.0, *[0.0] * 6, 1 / 3, 2 / 3), 0.97)
    plain = [Choice(8), Choice(8, None, Reply("A"))]
    records = [Asked(0, MEMBER, menu, Occasion("before", 1, 9), one, None, 85, 85) for one in (likely, *plain)]
    first, rule, once = only(Writer(tmp_path / "run"), tmp_path, *records)["decisions"]
    assert json.loads(first["probabilities"]) == [0.666666667, 0.333333333, *[0.0] * 7]
    assert (first["position"], first["readable"]) == (1, 0.97)
    assert json.loads(first["earlier"]) == [["empty", ""], ["unreadable", "\ud83d?"]]
    assert json.loads(first["keys"]) == ["ab", "cd", "ef"]
    assert (first["attempts"], rule["attempts"], once["attempts"]) == (3, 0, 1)
    for column in ("earlier", "keys", "probabilities"):
        assert isnan(rule[column])  # as pandas reads an empty cell among words
        assert isnan(once[column])


BOUNDS = ("cooperation_low", "cooperation_high", "attainment_low", "attainment_high")


def test_bounds_are_the_value_itself_or_all_that_the_menu_allows_and_empty_where_nothing_is_bounded(tmp_path):
    records = [replace(asked(0, 5), bounded=True), replace(asked(1, None, Failure.EMPTY), bounded=True), asked(2)]
    records.append(replace(records[1], member=replace(MEMBER, orientation="none")))
    records.append(replace(records[1], decision=Slider().decisions()[0]))
    unread = replace(DECISION.options[0], cooperation=None)
    records.append(replace(records[1], decision=replace(DECISION, options=(unread, *DECISION.options[1:]))))
    rows = only(Writer(tmp_path / "run"), tmp_path, *records)["decisions"]
    found = [[None if isnan(one[column]) else one[column] for column in BOUNDS] for one in rows]
    assert found == [
        [0.25, 0.25, rows[0]["attainment"], rows[0]["attainment"]],
        [0, 1, 0, 1],
        [None] * 4,
        [0, 1, None, None],
        [None, None, 0, 1],
        [None, None, 0, 1],
    ]


def test_a_round_says_who_left_and_between_what_it_would_have_ended(tmp_path):
    void = Played(0, MEMBER, "public_goods", 1, 3, True, None, None, True)
    bounded = replace(void, left=False, bounds=Bounds((1.5, 8.0), (0.0, 1.0)))
    unread = replace(void, left=False, bounds=Bounds((1.5, 8.0), None))
    rows = only(Writer(tmp_path / "run"), tmp_path, void, bounded, unread)["rounds"]
    columns = ("payoff_low", "payoff_high", "cooperation_low", "cooperation_high")
    found = [[None if isnan(one[column]) else one[column] for column in columns] for one in rows]
    assert [one["left"] for one in rows] == [True, False, False]
    assert found == [[None] * 4, [1.5, 8, 0, 1], [1.5, 8, None, None]]


def test_a_measure_says_what_its_angle_was_computed_from(tmp_path):
    likely = replace(scored(30.0), score=Score(30.0, "prosocial", None, 40.0, None, 0, 6, "probabilities", 4.5))
    rows = only(Writer(tmp_path / "run"), tmp_path, likely, scored(30.0), scored(None))["measures"]
    assert [one["obtained"] for one in rows][:2] == ["probabilities", "choices"]
    assert isnan(rows[2]["obtained"])
    assert rows[0]["spread"] == 4.5
    assert isnan(rows[1]["spread"])


def scored(angle):
    score = Score(angle, "altruistic" if angle else None, True if angle else None, 50.0, None, 0 if angle else 1, 6)
    return Scored(0, MEMBER, "slider", Occasion("before", 2, 7), score)


def test_rows_come_back_as_they_were_kept(tmp_path):
    writer = Writer(tmp_path / "run")
    writer.keep([asked(0), asked(1, failure=Failure.AMBIGUOUS), scored(attainable_angles()[1]), scored(None)])
    writer.keep([Played(0, MEMBER, "public_goods", 1, 3, True, None, 0.5)])
    writer.close()
    decisions = read_table(tmp_path / "run", "decisions").to_dict("records")
    assert decisions[0]["option"] == "20"
    assert decisions[0]["cooperation"] == 1.0
    assert decisions[0]["attainment"] == 1.0
    assert decisions[0]["position"] == 21
    assert json.loads(decisions[0]["options"])[20][1] == 20
    assert json.loads(decisions[0]["preparation"]) == [["who?", "me"]]
    assert decisions[1]["failure"] == "ambiguous"
    assert decisions[1]["reply"] == "?"
    for column in ("option", "own", "cooperation", "attainment", "payoff"):
        assert decisions[1][column] is None or decisions[1][column] != decisions[1][column]
    measures = read_table(tmp_path / "run", "measures")
    assert measures["value_rationality"].tolist()[0] == pytest.approx(1)
    assert measures["angle"].isna().tolist() == measures["value_rationality"].isna().tolist() == [False, True]
    assert read_table(tmp_path / "run", "rounds")["void"].tolist() == [True]


def test_an_unfinished_run_is_read_from_its_parts(tmp_path):
    writer = Writer(tmp_path / "run")
    for number in range(3):
        writer.keep([asked(number)])
        writer.flush()
    (tmp_path / "run" / "decisions" / "unfinished").write_bytes(b"cut off in the middle of writing")
    assert read_table(tmp_path / "run", "decisions")["participant"].tolist() == [0, 1, 2]


def test_closing_makes_one_file_of_each_table_in_order(tmp_path):
    writer = Writer(tmp_path / "run")
    for number in range(12):
        writer.keep([asked(number)])
        writer.flush()
    writer.close()
    assert not (tmp_path / "run" / "decisions").exists()
    assert read_table(tmp_path / "run", "decisions")["participant"].tolist() == list(range(12))
    for table, schema in SCHEMAS.items():
        assert list(read_table(tmp_path / "run", table).columns) == schema.names


def test_a_folder_that_holds_a_run_is_refused(tmp_path):
    Writer(tmp_path / "run").close()
    with pytest.raises(
        SettingError, match=r"already holds a finished run, or one of other settings; name another folder"
    ):
        Writer(tmp_path / "run")


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(SettingError, match="holds no run"):
        read_table(tmp_path, "decisions")
    with pytest.raises(SettingError, match=r"holds no summary\.json"):
        read_json(tmp_path, "summary")
    (tmp_path / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingError, match="not readable as JSON"):
        read_json(tmp_path, "summary")


def test_a_number_that_is_not_finite_never_reaches_a_file(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path, "summary", {"angle": float("nan")})
    assert not (tmp_path / "summary.json").exists()
