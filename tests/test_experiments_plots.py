"""Figures: what is drawn is labelled, has units, and says who gave the data."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.plots import COLOURS
from experiments.report import redraw
from experiments.schema import SCHEMAS
from experiments.store import read_json, read_table, write_json
from games.svo import Orientation
from tests.commands import run

# Enough groups for intervals, and no failures.
LARGE = (
    *[f"population.cells.{one.value}.count=5" for one in Orientation],
    "game.rules.rounds=3",
    "measure.instrument.secondary=false",
    "statistics.resamples=200",
    "model.chat.unreadable=0",
    "model.chat.refusals=0",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("plots") / "run"
    assert run(made, *LARGE).returncode == 0
    return made


def words(path):
    """All text of an SVG, as its comments tell it (glyphs are drawn as paths)."""
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "svo_ring",
            ["mean points to self", "mean points to other", "ideal respondents", "administrations that gave an angle"],
        ),
        ("value_rationality", ["value rationality (0 to 1)", "chance: random answers", "95% bootstrap"]),
        (
            "cooperation_over_rounds",
            ["round", "contribution (share of the endowment)", "bands: 95% bootstrap", "n = 5"],
        ),
        ("angle_and_cooperation", ["(degrees)", "mean cooperation in play (0 to 1)", "bootstrap over"]),
    ],
)
def test_a_figure_has_labels_units_counts_and_the_kind_of_interval(folder, name, expected):
    text = words(folder / "figures" / f"{name}.svg")
    for said in expected:
        assert "<!-- " in text
        assert any(said in line for line in text.splitlines() if line.strip().startswith("<!--")), said


def with_rows(folder, other, change):
    """A copy of a run whose rows were changed, redrawn."""
    shutil.copytree(folder, other)
    for table in ("decisions", "measures", "rounds"):
        rows = change(read_table(other, table))
        pq.write_table(
            pa.Table.from_pandas(rows, schema=SCHEMAS[table], preserve_index=False), other / f"{table}.parquet"
        )
    redraw(other)
    drawn = list((other / "figures").glob("*.svg"))
    assert len(drawn) == 4
    return [words(svg) for svg in drawn]


def test_every_figure_of_synthetic_data_is_marked(folder):
    for svg in (folder / "figures").glob("*.svg"):
        assert "<!-- SYNTHETIC -->" in words(svg)


def test_no_figure_of_a_language_model_is_marked(folder, tmp_path):
    drawn = with_rows(folder, tmp_path / "run", lambda rows: rows.assign(synthetic=False))
    assert not [text for text in drawn if "SYNTHETIC" in text]


def test_a_mixed_run_says_which_cells_are_synthetic(folder, tmp_path):
    drawn = with_rows(folder, tmp_path / "run", lambda rows: rows.assign(synthetic=(rows["cell"] == "prosocial")))
    for text in drawn:
        assert "PARTLY SYNTHETIC: no language model in prosocial" in text
    legends = [text for text in drawn if "prosocial (S)" in text]
    assert len(legends) == 3
    assert not [text for text in drawn if "altruistic (S)" in text]


def test_the_rows_decide_what_is_marked_and_no_setting_does(folder, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(folder, other)
    write_json(other, "manifest", {**read_json(other, "manifest"), "synthetic": False})
    summary, _ = redraw(other)
    assert summary["synthetic"] is True


def test_orientations_have_one_colour_each_which_their_lines_carry(folder):
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert set(COLOURS) == {one.value for one in Orientation} | {"none"}
    for name in ("svo_ring", "cooperation_over_rounds", "angle_and_cooperation"):
        text = words(folder / "figures" / f"{name}.svg").lower()
        for orientation in Orientation:
            assert COLOURS[orientation].lower() in text


def test_a_figure_redrawn_from_the_same_files_is_the_same(folder, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(folder, other)
    redraw(other)
    for svg in (folder / "figures").glob("*.svg"):
        again = other / "figures" / svg.name
        assert again.read_bytes() == svg.read_bytes()
        ElementTree.parse(again)


def test_a_summary_is_plain_json(folder):
    assert json.loads((folder / "summary.json").read_text())["synthetic"] is True
