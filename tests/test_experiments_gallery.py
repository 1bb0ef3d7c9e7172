"""The gallery says what it shows, and its pictures and recorded runs are there."""

import re

import pytest

from experiments import gallery
from experiments.gallery import GALLERY, PAGE, PICTURES, RECORDED, Shown, draw, page
from games.errors import SettingError
from tests.commands import command


def missing(text):
    """Pictures that a page shows and that are not there."""
    shown = re.findall(r"\]\(gallery/([^)]+)\)", text)
    assert shown
    return [name for name in shown if not (PICTURES / name).is_file()]


def test_the_page_is_what_the_list_of_runs_gives():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m experiments.gallery"


def test_every_picture_and_every_recorded_run_is_there():
    assert missing(page()) == []
    assert [one.name for one in GALLERY if not (RECORDED / f"{one.name}.jsonl.gz").is_file()] == []


def test_a_picture_that_is_not_there_would_be_noticed():
    assert missing(page() + "![x](gallery/nothing.png)") == ["nothing.png"]


def test_no_picture_lies_about_that_the_page_does_not_show():
    named = {f"{one.name}_{figure}.png" for one in GALLERY for figure in one.figures}
    assert {path.name for path in PICTURES.iterdir()} == named


def test_every_caption_says_that_the_data_are_synthetic():
    captions = re.findall(r"!\[([^]]+)\]", page())
    assert captions
    assert all("SYNTHETIC" in caption for caption in captions)


def test_a_recorded_run_is_replayed_and_its_pictures_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "PICTURES", tmp_path / "pictures")
    (position,) = [one for one in GALLERY if one.name == "position"]
    (picture,) = draw(position, tmp_path)
    assert picture.name == "position_position_bias.png"
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_figure_that_no_run_draws_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "_command", lambda *words: None)
    monkeypatch.setattr(gallery, "PICTURES", tmp_path / "pictures")
    wrong = Shown("society", "", "", ("seed=7",), {"nothing": "no such figure"})
    with pytest.raises(SettingError, match="drew no nothing"):
        list(draw(wrong, tmp_path))


def test_an_unknown_name_is_refused_with_those_that_exist():
    done = command("experiments.gallery", "nothing")
    assert done.returncode == 2
    assert "known: society, bench" in done.stderr
