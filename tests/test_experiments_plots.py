"""Figures: what is drawn is labelled, has units, and says who gave the data."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.drawing import COLOURS
from experiments.report import redraw
from experiments.schema import SCHEMAS
from experiments.store import read_json, read_table, write_json
from games.svo import Orientation
from tests.commands import run
from tests.specimens import decision, measure, menu, written

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


def specimen(folder, **about):
    """Six participants of one cell over three rounds; the first fails in the second of them, which is bounded."""
    decisions = []
    for number in range(6):
        given = json.dumps([0.4, 0.3, 0.2, 0.1])
        shown = {"options": menu(0, 1, 2, 3), "position": 1, "probabilities": given}
        decisions.append(decision(number, phase="before", game="slider", **shown))
        for played in (1, 2, 3):
            share = 0.4 + 0.02 * number
            act = {"cooperation": share, "cooperation_low": share, "cooperation_high": share}
            if (number, played) == (0, 2):
                act = {"failure": "empty", "cooperation_low": 0.0, "cooperation_high": 1.0}
            decisions.append(decision(number, round=played, **act))
    measures = [measure(number, 38.0 + number, value_rationality=1.0, category="prosocial") for number in range(6)]
    written(folder, decisions, measures, **about)
    summary, _ = redraw(folder)
    return summary, {svg.stem: words(svg) for svg in (folder / "figures").glob("*.svg")}


BOUNDED = "failed replies: least to most cooperative"


def test_what_failed_replies_leave_open_is_drawn_between_its_ends(tmp_path):
    summary, drawn = specimen(tmp_path, on_failure="bound")
    for name in ("cooperation_over_rounds", "angle_and_cooperation"):
        assert BOUNDED in drawn[name]
        assert COLOURS["prosocial"].lower() in drawn[name].lower()
    assert "<pattern" in drawn["cooperation_over_rounds"]
    low, high = summary["angle_and_cooperation"]["bounds"].values()
    assert f"r = {low:.2f}" in drawn["angle_and_cooperation"]
    assert f"{high:.2f} [" in drawn["angle_and_cooperation"]
    assert "least-squares lines of both ends" in drawn["angle_and_cooperation"]


def test_nothing_is_bounded_where_failures_are_void(tmp_path):
    _, drawn = specimen(tmp_path)
    assert not [name for name, text in drawn.items() if BOUNDED in text or "<pattern" in text]


def test_position_bias_says_the_order_and_whether_content_could_be_the_reason(tmp_path):
    _, drawn = specimen(tmp_path / "shuffled", presentation="shuffled")
    for said in (
        "Position bias, slider, 4 options; order: shuffled",
        "1/4: no bias",
        "mean probability",
        "6 decisions",
    ):
        assert said in drawn["position_bias"]
    assert "95% bootstrap over 6 participants" in drawn["position_bias"]
    assert "confounded" not in drawn["position_bias"]
    _, drawn = specimen(tmp_path / "original", presentation="original")
    assert "order: original, so content and position are confounded" in drawn["position_bias"]


def test_angles_of_probabilities_are_told(tmp_path):
    folder = tmp_path / "run"
    measures = [measure(number, 38.0, value_rationality=1.0, obtained="probabilities", spread=4.0) for number in (0, 1)]
    written(folder, [decision(0, phase="before"), decision(1, phase="before")], measures)
    redraw(folder)
    for name in ("svo_ring", "value_rationality"):
        assert "angles: expectations over choice probabilities" in words(folder / "figures" / f"{name}.svg")


def test_a_run_that_did_not_come_to_its_end_is_marked_beside_the_synthetic_mark(folder, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(folder, other)
    about = {"status": "incomplete", "error": "the budget of $5 was reached, not $6_000"}
    write_json(other, "manifest", {**read_json(other, "manifest"), **about})
    redraw(other)
    for svg in (other / "figures").glob("*.svg"):
        for said in ("<!-- SYNTHETIC -->", "<!-- INCOMPLETE -->", f"INCOMPLETE: {about['error']}"):
            assert said in words(svg)
    for svg in (folder / "figures").glob("*.svg"):
        assert "INCOMPLETE" not in words(svg)


def test_a_summary_is_plain_json(folder):
    assert json.loads((folder / "summary.json").read_text())["synthetic"] is True
