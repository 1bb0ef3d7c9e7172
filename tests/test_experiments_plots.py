"""Figures: what is drawn is labelled, has units, and says who gave the data."""

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from experiments.drawing import COLOURS, STYLE, WIDE, save
from experiments.plots import figures
from experiments.plots_play import cooperation_over_rounds
from experiments.report import redraw
from experiments.schema import SCHEMAS
from experiments.statistics import Resampling
from experiments.store import read_json, read_table, write_json
from experiments.summary import summarise
from experiments.tables import read_tables
from games.svo import Orientation
from tests.commands import run
from tests.specimens import decision, measure, menu, written
from tests.specimens import played as lived

# Enough groups for intervals, and no failures.
LARGE = (
    *[f"population.cells.{one.value}.count=5" for one in Orientation],
    "game.rules.rounds=3",
    "measure.instrument.secondary=false",
    "statistics.resamples=200",
    "estimates=false",
    "model.chat.unreadable=0",
    "model.chat.refusals=0",
    "figures=[svg]",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("plots") / "run"
    assert run(made, *LARGE).returncode == 0
    return made


@pytest.fixture(scope="module")
def built(folder):
    """How to draw each figure of the run."""
    tables, summary = read_tables(folder), read_json(folder, "summary")
    return figures(tables, summary, Resampling(200))


# The figures of such a run.
FIGURES = {
    *("svo_ring", "angle_distributions", "angle_drift", "value_rationality", "value_rationality_map"),
    *("cooperation_over_rounds", "angle_and_cooperation", "network"),
}
# Where words are looked at, other formats would only take time.
SVG = ("svg",)
TEXT = "{http://www.w3.org/2000/svg}text"


def lines(path):
    """The lines of text in an SVG, from top to bottom as they were written."""
    return ["".join(one.itertext()) for one in ElementTree.parse(path).iter(TEXT)]


def words(path):
    """All text of an SVG as one, and its colours and patterns."""
    return " ".join(lines(path)) + "\n" + path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "svo_ring",
            ["points to self − 50", "points to other − 50", "density of angles", "administrations that gave an angle"],
        ),
        ("angle_distributions", ["angle before play (degrees)", "prosocial (S) (n = 5)", "95% bootstrap over 5"]),
        ("angle_drift", ["after − before (degrees)", "n = 20 participants", "95% bootstrap over"]),
        (
            "value_rationality_map",
            ["(chance 0.71)", "before play", "95% bootstrap over", "corrected for chance"],
        ),
        (
            "network",
            ["n = 20 participants", "act, round 3", "(share of the endowment)", "without intervals"],
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
    text = " ".join(lines(folder / "figures" / f"{name}.svg"))
    for said in expected:
        assert said in text


def with_rows(folder, other, change, **about):
    """A copy of a run whose rows were changed, and what its manifest says, redrawn: the text of each figure."""
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("figures"))
    write_json(other, "manifest", {**read_json(other, "manifest"), **about})
    for table in ("decisions", "measures", "rounds"):
        rows = change(read_table(other, table))
        pq.write_table(
            pa.Table.from_pandas(rows, schema=SCHEMAS[table], preserve_index=False), other / f"{table}.parquet"
        )
    redraw(other, SVG)
    drawn = list((other / "figures").glob("*.svg"))
    assert len(drawn) == len(FIGURES)
    return [words(svg) for svg in drawn]


def test_every_figure_of_synthetic_data_is_marked(folder):
    for svg in (folder / "figures").glob("*.svg"):
        assert "SYNTHETIC" in lines(svg)


def test_no_figure_of_a_language_model_is_marked(folder, tmp_path):
    drawn = with_rows(folder, tmp_path / "run", lambda rows: rows.assign(synthetic=False))
    assert not [text for text in drawn if "SYNTHETIC" in text]


WHY = "the budget of $5 was reached, not $6_000"


@pytest.fixture(scope="module")
def mixed(folder, tmp_path_factory):
    """The texts of the run's figures, had a language model answered in all cells but one and not come to its end."""
    other = tmp_path_factory.mktemp("mixed") / "run"
    about = {"status": "incomplete", "error": WHY}
    return with_rows(folder, other, lambda rows: rows.assign(synthetic=(rows["cell"] == "prosocial")), **about)


def test_a_mixed_run_says_which_cells_are_synthetic(mixed):
    for text in mixed:
        assert "PARTLY SYNTHETIC: no language model in prosocial" in text
    legends = [text for text in mixed if "prosocial (S)" in text]
    assert len(legends) == 7
    assert not [text for text in mixed if "altruistic (S)" in text]


def test_a_run_that_did_not_come_to_its_end_is_marked_beside_the_synthetic_mark(folder, mixed):
    for text in mixed:
        # Across the figure the words, above it the reason.
        for said in ("PARTLY SYNTHETIC", "INCOMPLETE", f"INCOMPLETE: {WHY}"):
            assert f">{said}</text>" in text
    for svg in (folder / "figures").glob("*.svg"):
        assert "INCOMPLETE" not in words(svg)


def test_the_rows_decide_what_is_marked_and_no_setting_does(folder, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(folder, other)
    write_json(other, "manifest", {**read_json(other, "manifest"), "synthetic": False})
    summary, _ = redraw(other, ())
    assert summary["synthetic"] is True


def test_orientations_have_one_colour_each_which_their_lines_carry(folder):
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert set(COLOURS) == {one.value for one in Orientation} | {"none"}
    for name in FIGURES - {"value_rationality_map"}:
        text = words(folder / "figures" / f"{name}.svg").lower()
        for orientation in Orientation:
            assert COLOURS[orientation].lower() in text


def test_a_figure_redrawn_from_the_same_files_is_the_same(folder, tmp_path):
    other = tmp_path / "run"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("figures"))
    redraw(other, SVG)
    drawn = sorted((folder / "figures").iterdir())
    assert [path.name for path in drawn] == sorted(f"{name}.svg" for name in FIGURES)
    for path in drawn:
        assert (other / "figures" / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_format_is_the_same_each_time_and_takes_one_drawing(built, tmp_path, monkeypatch):
    drawings = []
    draw = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda figure, renderer: drawings.append(figure) or draw(figure, renderer))
    with mpl.rc_context(STYLE):
        for folder in (tmp_path / "first", tmp_path / "second"):
            save(built["value_rationality_map"](), folder, "map", [])
    names = ["map.pdf", "map.png", "map.svg"]
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == names
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    assert len(drawings) == 2 * len(names)


def test_figures_are_of_print_size_with_letters_that_can_be_read(folder):
    for svg in (folder / "figures").glob("*.svg"):
        root = ElementTree.parse(svg).getroot()
        assert root.get("width") == "518.4pt", "7.2 inches"
        assert float(root.get("height").removesuffix("pt")) <= 9.5 * 72
        sizes = re.findall(r"font(?:-size)?: (?:[a-z0-9]+ )*([0-9.]+)px", svg.read_text(encoding="utf-8"))
        assert min(map(float, sizes)) >= 7, svg.name


def test_fonts_are_embedded_as_truetype(built, tmp_path):
    with mpl.rc_context(STYLE):
        saved = save(built["value_rationality"](), tmp_path, "one", ["SYNTHETIC: rules"], ("pdf",)).read_bytes()
        with mpl.rc_context({"pdf.fonttype": 3}):
            other = save(built["value_rationality"](), tmp_path, "other", [], ("pdf",)).read_bytes()
    assert b"/FontFile2" in saved
    assert b"/Type3" not in saved
    assert b"/Type3" in other
    assert b"CreationDate" not in saved


def beyond(figure):
    """The texts of a drawn figure that reach over its edge by more than a hair."""
    figure.set_dpi(200)
    figure.draw_without_rendering()
    over = []
    for text in [one for one in figure.findobj(Text) if one.get_visible() and one.get_text()]:
        if re.fullmatch("[−0-9.]+", text.get_text()):
            continue  # of a scale, where labels beyond its ends exist but are not drawn
        box = text.get_window_extent()
        outside = min(box.x0, box.y0, figure.bbox.width - box.x1, figure.bbox.height - box.y1)
        if outside < -2 and text.get_rotation() != 25:
            over.append((text.get_text(), round(outside)))
    return over


def test_no_text_is_cut_off_however_long_names_are_and_however_many_cells(tmp_path):
    decisions, measures, rounds = [], [], []
    for number in range(36):
        orientation = ("altruistic", "prosocial", "individualistic", "competitive")[number % 4]
        name = f"{orientation}_participants_of_wave_{number % 12}_$x_with_a_long_name"
        who = {"cell": name, "orientation": orientation}
        for phase in ("before", "after"):
            for repetition in (1, 2):
                given = {"phase": phase, "repetition": repetition, "value_rationality": 0.8}
                measures.append(measure(number, 20.0 + number % 7, category="prosocial", **who, **given))
        decisions.append(decision(number, **who, cooperation=0.5, group=number // 4))
        rounds.append(lived(number, 1.0, **who, group=number // 4, cooperation=0.5))
    written(tmp_path, decisions, measures, rounds, matching_lasting=True)
    tables = read_tables(tmp_path)
    resampling = Resampling(200)
    with mpl.rc_context(STYLE):
        drawn = figures(tables, summarise(tables, resampling), resampling)
        assert FIGURES - {"value_rationality_map"} <= set(drawn)
        for name, draw in drawn.items():
            figure = draw()
            save(figure, tmp_path / "figures", name, ["SYNTHETIC: " + "a long reason " * 12], SVG)
            assert beyond(figure) == [], name


def test_a_text_that_is_cut_off_is_found():
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 2))
        figure.text(0.9, 0.5, "a name that is too long for this place")
        figure.text(0.5, 0.5, "a short one")
        assert [text for text, _ in beyond(figure)] == ["a name that is too long for this place"]


def test_a_rule_is_drawn_as_a_yardstick_and_is_not_among_those_studied(tmp_path):
    people = [decision(n, cell="prosocial", cooperation=0.5) for n in range(6)]
    rules = [
        decision(
            n,
            cell="tit",
            orientation="none",
            agent="tit",
            model="none",
            induction="none",
            cooperation=1.0,
            synthetic=True,
        )
        for n in (6, 7)
    ]
    written(tmp_path, [*people, *rules])
    redraw(tmp_path, SVG)
    text = lines(tmp_path / "figures" / "cooperation_over_rounds.svg")
    assert "scripted: tit (S) (n = 2)" in text
    assert "everybody studied (n = 6)" in text
    written(tmp_path / "alone", people)
    redraw(tmp_path / "alone", SVG)
    assert "everybody (n = 6)" in lines(tmp_path / "alone" / "figures" / "cooperation_over_rounds.svg")


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
    summary, _ = redraw(folder, SVG)
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


def test_the_interval_of_a_single_round_is_drawn_too(tmp_path):
    def heights(last):
        """Of upright lines in the figure of six groups of two in the first round and in a second of so many groups."""
        found = [decision(n, group=n // 2, cooperation=0.1 * (n // 2)) for n in range(12)]
        found += [decision(n, group=n // 2, round=2, cooperation=0.1 * (n // 2)) for n in range(2 * last)]
        tables = written(tmp_path / str(last), found, matching_lasting=True)
        with mpl.rc_context(STYLE):
            axes = cooperation_over_rounds(tables, None, Resampling(200)).axes[0]
        drawn = [one for one in axes.collections if isinstance(one, LineCollection)]
        return [float(np.ptp(line[:, 1])) for one in drawn for line in one.get_segments()]

    # Of the cell and of everybody; two groups leave no interval, five leave a band.
    assert len(heights(2)) == 2
    assert min(heights(2)) > 0.05
    assert heights(5) == []


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
    redraw(folder, SVG)
    for name in ("svo_ring", "value_rationality"):
        assert "angles: expectations over choice probabilities" in words(folder / "figures" / f"{name}.svg")


def test_a_summary_is_plain_json(folder):
    assert json.loads((folder / "summary.json").read_text())["synthetic"] is True
