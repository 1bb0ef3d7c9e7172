"""Figures: what is drawn is labelled, has units, and says who gave the data."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from experiments.plots import COLOURS
from experiments.report import redraw
from experiments.store import read_json, write_json
from games.svo import Orientation
from tests.commands import run, small


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("plots") / "run"
    assert run(made, *small("model.chat.unreadable=0", "model.chat.refusals=0")).returncode == 0
    return made


def words(path):
    """All text of an SVG, as its comments tell it (glyphs are drawn as paths)."""
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("svo_ring", ["points to self", "points to other", "ideal respondents", "participants gave an angle"]),
        ("value_rationality", ["value rationality (0 to 1)", "chance: uniformly random answers", "95% bootstrap"]),
        ("cooperation_over_rounds", ["round", "contribution (share of endowment)", "bands: 95% bootstrap", "n = 1"]),
        ("angle_and_cooperation", ["(degrees)", "mean cooperation in play (0 to 1)", "bootstrap over"]),
    ],
)
def test_a_figure_has_labels_units_counts_and_the_kind_of_interval(folder, name, expected):
    text = words(folder / "figures" / f"{name}.svg")
    for said in expected:
        assert "<!-- " in text
        assert any(said in line for line in text.splitlines() if line.strip().startswith("<!--")), said


def test_every_figure_of_synthetic_data_is_marked_and_no_other(folder, tmp_path):
    for svg in (folder / "figures").glob("*.svg"):
        assert "<!-- SYNTHETIC -->" in words(svg)
    other = tmp_path / "run"
    shutil.copytree(folder, other)
    write_json(other, "manifest", {**read_json(other, "manifest"), "synthetic": False})
    redraw(other)
    drawn = list((other / "figures").glob("*.svg"))
    assert len(drawn) == 4
    assert not [svg for svg in drawn if "SYNTHETIC" in words(svg)]


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
