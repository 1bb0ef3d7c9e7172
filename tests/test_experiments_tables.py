"""Reading a run's tables: only what is needed, once, and older tables are refused with what to do."""

import pyarrow.parquet as pq
import pytest

from experiments import report, store
from experiments.store import read_json, read_pieces, read_table, write_json
from experiments.tables import counted, read_tables, studied
from games.errors import SettingError
from tests.specimens import decision, measure, played, written


def specimen(folder, **about):
    decisions = [decision(0, phase="before", group=None), decision(0, cooperation=0.5), decision(1, failure="empty")]
    written(folder, decisions, [measure(0, 40.0)], [played(0, 5.0)], **about)
    return folder


def test_named_columns_come_in_their_order_with_words_as_categories(tmp_path):
    found = read_table(specimen(tmp_path), "decisions", ["phase", "participant", "failure"])
    assert list(found.columns) == ["phase", "participant", "failure"]
    assert found["phase"].dtype == "category"
    assert found["phase"].tolist() == ["before", "play", "play"]
    assert found["failure"].isna().tolist() == [True, True, False]
    assert list(read_table(tmp_path, "decisions")["phase"]) == ["before", "play", "play"]


def test_one_phase_is_read_alone_from_one_file_and_from_parts(tmp_path):
    folder = specimen(tmp_path)
    columns = ["participant", "group", "cell"]
    whole = read_table(folder, "decisions", columns, phase="play")
    assert whole["participant"].tolist() == [0, 1]
    # Groups have a number in every row of play, and stay whole numbers.
    assert whole["group"].dtype.kind == "i"
    rows = pq.read_table(folder / "decisions.parquet")
    (folder / "decisions.parquet").unlink()
    (folder / "decisions").mkdir()
    for number in range(3):
        pq.write_table(rows.slice(number, 1), folder / "decisions" / f"part-{number:06d}.parquet")
    assert read_table(folder, "decisions", columns, phase="play").equals(whole)


def test_menus_come_in_pieces_as_text(tmp_path):
    pieces = list(read_pieces(specimen(tmp_path), "decisions", ["options", "cell"]))
    assert [piece.num_rows for piece in pieces] == [0, 3]
    assert str(pieces[1].schema.field("options").type) == "string"
    assert str(pieces[1].schema.field("cell").type).startswith("dictionary")


def test_a_table_of_an_older_version_is_refused_with_what_to_do(tmp_path):
    folder = specimen(tmp_path)
    rows = pq.read_table(folder / "decisions.parquet")
    pq.write_table(rows.drop_columns(["attempts", "keys"]), folder / "decisions.parquet")
    write_json(folder, "manifest", {**read_json(folder, "manifest"), "schema": 1})
    for columns in (None, ["attempts"]):
        with pytest.raises(SettingError, match=r"no column attempts.*older version \(schema 1 .*Run it again"):
            read_table(folder, "decisions", columns)
    # What it has, it has.
    assert len(read_table(folder, "decisions", ["participant"])) == 3


def test_the_report_refuses_it_in_one_line(tmp_path, capsys):
    folder = specimen(tmp_path)
    pq.write_table(pq.read_table(folder / "rounds.parquet").drop_columns("left"), folder / "rounds.parquet")
    assert report.main([str(folder)]) == 2
    said = capsys.readouterr().err
    assert "the table rounds has no column left" in said
    assert said.count("\n") == 1


def test_a_damaged_table_is_told(tmp_path):
    folder = specimen(tmp_path)
    (folder / "rounds.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(SettingError, match="the table rounds is damaged"):
        read_tables(folder)


def test_no_text_is_held_and_no_column_is_read_twice_but_to_tell_whose_row_it_is(tmp_path, monkeypatch):
    read, kept = [], store.pq.ParquetFile.iter_batches

    def note(file, size, columns, **settings):
        read.extend(
            name for name in columns if name in file.schema_arrow.names and "attempts" in file.schema_arrow.names
        )
        return kept(file, size, columns=columns, **settings)

    folder = specimen(tmp_path, on_failure="bound")
    monkeypatch.setattr(store.pq.ParquetFile, "iter_batches", note)
    report.redraw(folder)
    assert not {"reply", "earlier", "preparation", "keys"} & set(read)
    again = {name for name in read if read.count(name) > 1}
    assert again <= {"participant", "cell", "orientation", "model", "synthetic", "phase", "failure", "game"}
    assert not {"options", "probabilities"} & set(read_tables(folder).decisions.columns)


def test_categories_that_do_not_occur_are_not_counted(tmp_path):
    failures = read_tables(specimen(tmp_path)).decisions["failure"]
    assert counted(failures) == {"empty": 1}
    assert counted(failures[failures.isna()]) == {}


def test_rules_and_simulated_respondents_are_studied_only_where_there_is_nobody_else(tmp_path):
    rule, simulated = {"model": "none", "synthetic": True}, {"synthetic": True}
    for mixture, whose in (([{}, rule, simulated], [0]), ([rule, simulated], [1]), ([rule, rule], [0, 1])):
        table = written(tmp_path, [decision(number, **one) for number, one in enumerate(mixture)]).decisions
        assert table.loc[studied(table), "participant"].tolist() == whose
