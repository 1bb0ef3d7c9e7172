"""A run's files: whole at every moment, and readable whether the run ended or not."""

import json

import pytest

from experiments.schema import SCHEMAS
from experiments.store import Writer, read_json, read_table, write_json
from games.errors import SettingError
from games.public_goods import PublicGoods
from games.rationality import attainable_angles
from games.types import Choice, Failure, Occasion, Reply, Score
from sim.participant import Member
from sim.records import Asked, Played, Scored


class Nobody:
    kind, model, induction, synthetic = "llm", "m", "label", False


MEMBER = Member("altruists", "altruistic", Nobody())
DECISION = PublicGoods().decisions(PublicGoods().start(0))[0]


def asked(participant, option=20, failure=None):
    reply = Reply("20" if failure is None else "?", 11, 2, 1, 0.5, "m-1", (("who?", "me"),))
    choice = Choice(option=None if failure else option, failure=failure, reply=reply)
    payoff = None if failure else 12.0
    return Asked(participant, MEMBER, DECISION, Occasion("play", 1, 99), choice, 3, payoff, payoff)


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
    with pytest.raises(SettingError, match=r"already holds a run; name another folder"):
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
