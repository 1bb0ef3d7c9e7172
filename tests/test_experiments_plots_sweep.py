"""Figures over a sweep: what is drawn where, and what every figure says."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from experiments.drawing import STYLE
from experiments.plots_sweep import Shown, heat_map, phase_curve
from experiments.sweep_figures import draw
from games.errors import SettingError


@pytest.fixture(autouse=True)
def styled():
    with mpl.rc_context(STYLE):
        yield


SHOWN = Shown("cooperation", "mean cooperation", 0.95, {})


def points(**columns):
    """One row for each condition; columns: the factors, and what differs from the usual."""
    size = len(next(iter(columns.values())))
    usual = {
        "condition": list(range(size)),
        "cell": ["all"] * size,
        "synthetic": [False] * size,
        "runs": [2] * size,
        "participants": [8] * size,
        "estimate": [number / 10 for number in range(size)],
        "low": [number / 10 - 0.05 for number in range(size)],
        "high": [number / 10 + 0.05 for number in range(size)],
        "bound_low": [np.nan] * size,
        "bound_high": [np.nan] * size,
        "units": [6] * size,
        "unit": ["groups"] * size,
        "failed_share": [0.02] * size,
        "each": [[number / 10 - 0.01, number / 10 + 0.01] for number in range(size)],
    }
    return pd.DataFrame({**usual, **columns})


def words(figure):
    """All that a figure says."""
    figure.draw_without_rendering()
    found = []
    for axes in figure.axes:
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel(), *(t.get_text() for t in axes.texts)]
        found += [t.get_text() for t in [*axes.get_xticklabels(), *axes.get_yticklabels()]]
        if axes.get_legend() is not None:
            found += [axes.get_legend().get_title().get_text(), *(t.get_text() for t in axes.get_legend().texts)]
    return "\n".join(found)


def labelled(figure, label):
    return next(line for line in figure.axes[0].lines if line.get_label() == label)


def test_the_curve_goes_through_the_means_and_the_dots_are_the_runs():
    figure = phase_curve(points(share=[0.0, 0.5, 1.0]), "share", [], SHOWN)
    line = labelled(figure, "everybody")
    assert line.get_xdata().tolist() == [0.0, 0.5, 1.0]
    assert line.get_ydata().tolist() == pytest.approx([0.0, 0.1, 0.2])
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None" and line.get_alpha() == 0.35]
    assert [dot.get_ydata().tolist() for dot in dots] == [
        pytest.approx([n / 10 - 0.01, n / 10 + 0.01]) for n in range(3)
    ]
    bars = [segment[:, 1].tolist() for c in figure.axes[0].collections for segment in c.get_segments()]
    assert bars == [pytest.approx([n / 10 - 0.05, n / 10 + 0.05]) for n in range(3)]


def test_a_curve_says_n_the_units_the_interval_and_the_share_of_failures():
    said = words(phase_curve(points(share=[0.0, 0.5, 1.0]), "share", [], SHOWN)).replace("\n", " ")
    for told in ("n = 8 participants in 2 runs", "2.0% of replies failed", "95% bootstrap intervals over 6 groups"):
        assert told in said
    few = points(share=[0.0, 1.0], low=[np.nan] * 2, high=[np.nan] * 2)
    assert "too few units: no intervals" in words(phase_curve(few, "share", [], SHOWN))
    some = points(share=[0.0, 1.0], low=[np.nan, 0.1], high=[np.nan, 0.2])
    assert "where there are enough" in words(phase_curve(some, "share", [], SHOWN)).replace("\n", " ")


def test_points_stand_in_the_order_of_the_axis_whatever_the_order_of_the_rows():
    figure = phase_curve(points(share=[1.0, 0.0, 0.5]), "share", [], SHOWN)
    assert labelled(figure, "everybody").get_ydata().tolist() == pytest.approx([0.1, 0.2, 0.0])


def test_a_second_factor_makes_a_line_for_each_level_and_null_is_a_level():
    figure = phase_curve(points(share=[0.0, 1.0] * 2, window=[1.0, 1.0, np.nan, np.nan]), "share", ["window"], SHOWN)
    for label, means in (("window 1", [0.0, 0.1]), ("window null", [0.2, 0.3])):
        assert labelled(figure, label).get_ydata().tolist() == pytest.approx(means)


def test_words_along_the_axis_are_not_joined():
    figure = phase_curve(points(induction=["label", "hvae", "maxim"]), "induction", [], SHOWN)
    assert labelled(figure, "everybody").get_linestyle() == "None"
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["hvae", "label", "maxim"]


def test_a_bounded_figure_is_a_bar_and_no_point():
    bounded = points(share=[0.0, 1.0], estimate=[np.nan, 0.5], bound_low=[0.2, 0.5], bound_high=[0.4, 0.5])
    figure = phase_curve(bounded, "share", [], SHOWN)
    assert labelled(figure, "everybody").get_ydata().tolist() == [0.5]
    assert "least to greatest" in words(figure)
    assert "0.20–0.40" in words(heat_map(bounded.assign(y="a"), "share", "y", SHOWN))


def test_theory_is_one_line_where_it_is_the_same_and_a_mark_for_each_condition_where_not():
    same = {number: {"equilibrium": [0.0], "social optimum": [1.0]} for number in range(2)}
    table = points(share=[0.0, 1.0])
    figure = phase_curve(table, "share", [], Shown("cooperation", "", 0.95, same))
    assert set(labelled(figure, "equilibrium").get_ydata()) == {0.0}
    other = {0: {"equilibrium": [0.0]}, 1: {"equilibrium": [1.0]}}
    said = words(phase_curve(table, "share", [], Shown("cooperation", "", 0.95, other)))
    assert "equilibrium, by condition" in said
    assert "social optimum" not in said


def test_lines_that_are_left_out_are_told():
    many = points(share=[0.0] * 30, other=list(range(30)))
    assert "only 24 of 30 lines are drawn" in words(phase_curve(many, "share", ["other"], SHOWN)).replace("\n", " ")


def test_a_field_of_the_heat_map_holds_the_number_of_its_two_levels():
    table = points(share=[0.0, 0.0, 1.0], rate=[1.2, 2.4, 1.2], synthetic=[False, True, False])
    figure = heat_map(table, "share", "rate", SHOWN)
    fields = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert fields[0.5, 0.5] == "0.00\n[-0.05, 0.05]\nn = 8"
    assert fields[0.5, 1.5] == "0.10 (S)\n[0.05, 0.15]\nn = 8"
    assert fields[1.5, 0.5] == "0.20\n[0.15, 0.25]\nn = 8"
    assert (1.5, 1.5) not in fields
    (image,) = figure.axes[0].collections
    assert image.get_cmap().name == "cividis"
    assert image.get_clim() == (0.0, 1.0)
    assert np.ma.getmaskarray(image.get_array())[1, 1]
    assert "mean cooperation" in words(figure)


def test_a_quantity_of_the_cells_has_a_panel_for_each():
    table = points(x=[0, 1] * 2, y=["a"] * 4, cell=["competitive"] * 2 + ["altruistic"] * 2)
    said = words(heat_map(table, "x", "y", Shown("angle", "angle (degrees)", 0.95, {})))
    assert said.index("cell altruistic") < said.index("cell competitive")


# --- which figures a sweep has ----------------------------------------------------------------------------------------


class Found:
    """A job as far as figures ask of it."""

    def __init__(self, number):
        self.number = number
        self.manifest = {"statistics": {"resamples": 200, "confidence": 0.95, "seed": 1}, "cooperation": "giving"}


def sweep(**factors):
    """What collecting a sweep returns: one job a condition."""
    size = len(next(iter(factors.values())))
    table = points(job=list(range(size)), quantity=["cooperation"] * size, phase=["play"] * size)
    varied = pd.DataFrame(factors, index=pd.Index(range(size), name="job"))
    about = {"marks": ["SYNTHETIC: nobody"]}
    people = pd.DataFrame({"job": [], "cell": [], "studied": []})
    return {
        "collected": table,
        "varied": varied,
        "people": people,
        "about": about,
        "jobs": [Found(number) for number in range(size)],
    }


PROSOCIAL, SELFISH = "population.cells.prosocial.share", "population.cells.selfish.share"


def test_the_share_of_prosocials_is_the_axis_and_what_only_follows_it_makes_no_lines(tmp_path):
    found = sweep(**{SELFISH: [1.0, 0.5, 0.0], "x": [3, 3, 3], PROSOCIAL: [0.0, 0.5, 1.0]})
    found["varied"] = found["varied"].drop(columns="x")
    (path,), notes = draw(found, tmp_path, x=None, by=None, quantity=None)
    assert path.name == "phase_curve.png"
    assert notes == []
    drawn = path.with_suffix(".svg").read_text(encoding="utf-8")
    assert "SYNTHETIC" in drawn
    assert f"against {PROSOCIAL}" in drawn


def test_two_factors_have_a_heat_map_and_what_was_asked_for_is_drawn(tmp_path):
    found = sweep(a=[1, 1, 2, 2], b=["x", "y", "x", "y"])
    files, _ = draw(found, tmp_path, x="b", by="a", quantity="cooperation")
    assert [path.name for path in files] == ["phase_curve.png", "heat_map.png"]
    assert "Cooperation over b and a" in (tmp_path / "figures" / "heat_map.svg").read_text(encoding="utf-8")


def test_what_cannot_be_drawn_is_told_or_refused(tmp_path):
    assert draw(sweep(seed=[1, 2]), tmp_path, x=None, by=None, quantity=None) == (
        [],
        ["no figure: nothing but the seed varied"],
    )
    with pytest.raises(SettingError, match="unknown factor 'c'; known: a"):
        draw(sweep(a=[1, 2]), tmp_path, x="c", by=None, quantity=None)
    with pytest.raises(SettingError, match="unknown quantity 'joy'; known: cooperation"):
        draw(sweep(a=[1, 2]), tmp_path, x=None, by=None, quantity="joy")
