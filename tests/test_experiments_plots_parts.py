"""What figures are made of: densities, survival, who met whom, and how many cells share a picture."""

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.densities import NARROWEST, density, width
from experiments.drawing import STYLE, TOGETHER, WIDE, Cell, cells_of, folded, gathered, save, settings
from experiments.plots_angles import has_distribution
from experiments.plots_leaderboard import leaderboard
from experiments.plots_measure import heat_map_rows, value_rationality_map
from experiments.plots_network import MOST, layout, meetings, sample
from experiments.plots_ring import panels_of
from experiments.plots_survival import has_collapse, kaplan_meier, lifetimes, survival_curves
from experiments.statistics import Resampling
from experiments.store import read_json, write_json
from experiments.tables import read_tables
from tests.specimens import decision, played, written
from tests.test_experiments_plots import SVG, lines

LOW, HIGH = -16.26, 61.39

# --- densities -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(LOW, HIGH), min_size=3, max_size=40))
def test_a_density_has_the_area_one_within_the_range_and_none_outside(angles):
    grid = np.linspace(LOW, HIGH, 2000)
    found = density(angles, grid, LOW, HIGH)
    # A kernel much wider than the range would leave part of its mass beyond both reflections; Silverman's is not.
    assert np.trapezoid(found, grid) == pytest.approx(1.0, abs=0.02)
    assert not density(angles, [LOW - 1, HIGH + 1], LOW, HIGH).any()


def test_equal_angles_have_a_visible_width_and_few_have_no_density():
    assert width([30.0] * 10) == NARROWEST
    assert density([30.0, 31.0], [30.0], LOW, HIGH) is None
    assert density([30.0, 31.0, np.nan], [30.0], LOW, HIGH) is None


def test_the_width_is_silvermans():
    angles = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
    assert width(angles) == pytest.approx(0.9 * min(np.std(angles, ddof=1), 20 / 1.34) * 5**-0.2)


# --- survival --------------------------------------------------------------------------------------------------------

# Remission under 6-MP in weeks, * lost to follow-up (Freireich et al. 1963, Blood 21, 699-716), the usual example of
# the estimator: S = 6/7 = 0.857 after week 6, 0.807 after 7, 0.753 after 10, 0.690, 0.627, 0.538, and 0.448 after 23.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
LOST = {3, 5, 7, 8, 11, 12, 13, 16, 17, 18, 19, 20}


def test_the_estimate_is_that_of_the_textbook_example():
    curve = kaplan_meier(WEEKS, [place not in LOST for place in range(len(WEEKS))], 0.95)
    after = dict(zip(curve.months.tolist(), curve.survival.tolist(), strict=True))
    expected = {0: 1.0, 6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448, 35: 0.448}
    assert {week: round(after[week], 3) for week in expected} == expected


def test_its_interval_is_greenwoods_on_the_log_log_scale():
    curve = kaplan_meier(WEEKS, [place not in LOST for place in range(len(WEEKS))], 0.95)
    # By hand, after week 6: S = 18/21, Greenwood's sum 3 / (21 * 18), and S ** exp(-+ z * sqrt(sum) / ln S).
    survival, spread = 18 / 21, np.sqrt(3 / (21 * 18))
    low, high = (survival ** np.exp(sign * 1.959964 * spread / -np.log(survival)) for sign in (1, -1))
    assert curve.low[1] == pytest.approx(low, abs=1e-6)
    assert curve.high[1] == pytest.approx(high, abs=1e-6)
    assert np.isnan(curve.low[0])


def test_few_groups_and_certain_survival_have_no_interval():
    assert np.isnan(kaplan_meier([1, 2, 3, 12], [True, True, True, False], 0.95).low).all()
    assert np.isnan(kaplan_meier([12] * 8, [False] * 8, 0.95).high).all()
    assert kaplan_meier([1] * 8, [True] * 8, 0.95).survival.tolist() == [1.0, 0.0]


def month(number, group, collapsed, **values):
    facts = json.dumps({"group_collapsed": collapsed, "sustainable": 50, "harvest": 1})
    return [
        played(participant, 1.0, round=number, group=group, facts=facts, game="commons", **values)
        for participant in (2 * group, 2 * group + 1)
    ]


def commons(tmp_path):
    """Four groups over three months: a collapse in the second, none, a void second month, a collapse in the last."""
    rows = [*month(1, 0, False), *month(2, 0, True)]
    rows += [*month(1, 1, False), *month(2, 1, False), *month(3, 1, False)]
    rows += [*month(1, 2, False), *month(2, 2, True, void=True), *month(3, 2, True)]
    rows += [*month(1, 3, False), *month(2, 3, False), *month(3, 3, True)]
    decisions = [decision(n, game="commons", group=n // 2, cooperation=0.5) for n in range(8)]
    written(tmp_path, decisions, [], rows, matching_lasting=True)
    write_json(tmp_path, "manifest", {**read_json(tmp_path, "manifest"), "rounds": 3})
    return read_tables(tmp_path)


def test_a_group_is_followed_to_its_collapse_to_a_void_month_or_to_the_end(tmp_path):
    found = lifetimes(commons(tmp_path).rounds, 3)
    assert found["months"].tolist() == [2, 3, 1, 3]
    # What is left after the last month does not count.
    assert found["collapsed"].tolist() == [True, False, False, False]
    assert set(found["composition"]) == {"2 a"}


def test_the_figure_says_how_many_groups_it_follows(tmp_path):
    tables = commons(tmp_path)
    with mpl.rc_context(STYLE):
        path = save(survival_curves(tables, Resampling(200)), tmp_path, "survival", [], SVG)
    text = lines(path)
    assert "all groups (n = 4, 1 collapsed)" in text
    assert any("n = 4 groups; 1 censored early (+)" in line for line in text)
    assert any("Greenwood" in line for line in text)
    assert "groups at risk" in text


def test_games_without_a_collapse_have_no_survival(tmp_path):
    assert has_collapse(commons(tmp_path).rounds)
    assert not has_collapse(pd.DataFrame({"facts": [None, None]}))
    assert not has_collapse(pd.DataFrame({"facts": [json.dumps({"act": 1})]}))


# --- the network -----------------------------------------------------------------------------------------------------


def rounds(groups, size, number=1, shift=0):
    """The rounds of so many groups of one size; shift: by how many seats people have moved on."""
    people = groups * size
    who = [(seat, ((seat + shift) % people) // size) for seat in range(people)]
    return pd.DataFrame({"participant": [w for w, _ in who], "group": [g for _, g in who], "round": number})


def anybody(people):
    return {who: Cell("a", ("altruistic", "competitive")[who % 2], False, 0) for who in range(people)}


def test_those_of_one_group_meet_and_no_others():
    met = meetings(rounds(2, 3))
    assert met.present == set(range(6))
    assert met.pairs == {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}


def test_groups_that_stay_together_stand_apart_and_strangers_in_one_circle_by_orientation():
    where = layout(rounds(4, 3), anybody(12))
    centres = {tuple(np.round(np.mean([where[who] for who in range(g * 3, g * 3 + 3)], axis=0), 6)) for g in range(4)}
    assert len(centres) == 4
    assert len(set(where.values())) == 12
    mixed = layout(pd.concat([rounds(8, 3), rounds(8, 3, number=2, shift=1)]), anybody(24))
    distances = [np.hypot(x - 0.5, y - 0.5) for x, y in mixed.values()]
    assert np.allclose(distances, 0.5)
    # Half of them are altruistic and stand on one side.
    assert all(x <= 0.5 + 1e-9 for who, (x, _) in mixed.items() if who % 2 == 0)


def test_a_large_population_is_a_stated_sample_of_whole_groups():
    shown, told = sample(rounds(100, 4), lasting=True)
    assert len(shown) == MOST
    assert told == f" of 400: {MOST // 4} of 100 groups, drawn at random"
    assert all({4 * (who // 4) + seat for seat in range(4)} <= shown for who in shown)
    assert sample(rounds(10, 4), lasting=True) == (set(range(40)), "")


# --- which cells share a picture -------------------------------------------------------------------------------------


def population(cells):
    """One row for each cell: name, orientation, synthetic, model."""
    names = ("cell", "orientation", "synthetic", "model")
    return pd.DataFrame([dict(zip(names, cell, strict=True)) for cell in cells]).assign(participant=range(len(cells)))


def test_few_cells_stay_as_they_are_and_many_are_taken_together_by_orientation():
    few = population([(f"c{n}", "prosocial", False, "m") for n in range(TOGETHER)])
    assert gathered(few) is few
    cells = [(f"c{n}", "prosocial", n < 2, "m") for n in range(9)] + [("rule", "none", True, "none")]
    found = {cell.label: cell for cell in cells_of(gathered(population(cells)))}
    assert set(found) == {"prosocial: 7 cells", "prosocial, simulated: 2 cells (S)", "scripted: rule (S)"}


def test_a_ring_holds_no_two_cells_of_one_orientation():
    cells = [Cell("a", "altruistic", False, 0), Cell("p", "prosocial", False, 0)]
    assert list(panels_of(cells, {"a": "label", "p": "label"})) == [""]
    more = [*cells, Cell("q", "prosocial", False, 1)]
    assert list(panels_of(more, {"a": "label", "p": "label", "q": "hvae"})) == ["label", "hvae"]
    assert list(panels_of(more, {"a": "label", "p": "label", "q": "label"})) == ["a", "p", "q"]


def test_a_setting_is_named_by_what_differs():
    cells = [{"cell": name, "model": "m", "induction": name} for name in ("label", "hvae")]
    assert settings(cells) == {"label": "label", "hvae": "hvae"}
    other = [{"cell": name, "model": name, "induction": "label"} for name in ("m", "n")]
    rule = {"cell": "tit", "model": "none", "induction": "none"}
    assert settings([*other, rule]) == {"m": "m", "n": "n", "tit": "none"}


def figures(value, corrected=None, without=0):
    one = {"estimate": value, "low": None, "high": None, "units": 1, "unit": "participants"}
    counts = {"administrations": 2, "without_angle": without, "chance_level": 0.5}
    return {"value_rationality": one, "value_rationality_corrected": {**one, "estimate": corrected}, **counts}


def test_a_heat_map_has_a_row_for_each_model_induction_and_phase_and_none_where_squares_would_be_shared():
    about = {"model": "m", "synthetic": True}
    cells = [
        {"cell": f"{one}/{how}", "orientation": one, "induction": how, "before": figures(0.9), **about}
        for one in ("prosocial", "altruistic")
        for how in ("label", "hvae")
    ]
    rows = heat_map_rows(cells)
    assert list(rows) == ["label (S)", "hvae (S)"]
    assert set(rows["label (S)"]) == {"prosocial", "altruistic"}
    twice = heat_map_rows([{**one, "after": figures(0.8)} for one in cells])
    assert list(twice)[:2] == ["label (S)\nbefore play", "label (S)\nafter play"]
    assert heat_map_rows([*cells, {**cells[0], "cell": "another"}]) == {}


def test_the_heat_map_is_coloured_by_what_may_be_compared_and_writes_both_figures():
    # The prosocial square is the better one by its plain figure alone.
    row = {"prosocial": figures(0.92, 0.72), "altruistic": figures(0.9, 0.8), "competitive": figures(0.3, -0.4)}
    with mpl.rc_context(STYLE):
        figure = value_rationality_map({"label": row, "none": {"prosocial": figures(None)}}, 0.95)
    (image,) = figure.axes[0].images
    assert image.get_array().filled(np.nan)[0].tolist() == [0.8, 0.72, -0.4]
    assert image.get_clim() == (0, 1)
    squares = [text.get_text() for text in figure.axes[0].texts]
    assert squares == ["0.90\n(0.80), n = 2", "0.92\n(0.72), n = 2", "0.30\n(−0.40), n = 2", "–", "no angle", "–"]
    assert [text.get_color() for text in figure.axes[0].texts][:3] == ["black", "black", "white"]
    assert figure.axes[1].get_ylabel() == "corrected for chance\n(0: chance, or below it)"


def test_single_administrations_are_no_distribution():
    table = pd.DataFrame({"cell": list("abc"), "phase": "before", "angle": 30.0})
    assert not has_distribution(table)
    assert has_distribution(table.assign(cell="a"))
    assert not has_distribution(table.assign(cell="a", angle=[30.0, np.nan, np.nan]))


@given(st.text("ab_/- ", min_size=1, max_size=60))
def test_a_folded_name_keeps_its_letters_and_fits(name):
    lines = folded(name, 10).split("\n")
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert max(map(len, lines)) <= 11


# --- the leaderboard -------------------------------------------------------------------------------------------------


def interval(value, low=None):
    known = value is not None
    ends = {"low": value - 0.1 if low is None else low, "high": value + 0.1} if known else {"low": None, "high": None}
    return {"estimate": value, **ends, "units": 8, "unit": "participants"}


def row(rank, induction, model, values, letters="a", low=None, **taken):
    """A row of the leaderboard. values: of the orientations; low: the lower end of the row's interval."""
    mean = None if None in values.values() else sum(values.values()) / len(values)
    each = [{"orientation": one, "value_rationality_corrected": interval(value)} for one, value in values.items()]
    about = {"rank": rank, "induction": induction, "model": model, "synthetic": model == "synthetic"}
    counts = {"participants": 8, "administrations": 80, "failed_share": 0.125, "letters": letters}
    cost = {"tokens_in": None, "tokens_out": 56.0, "cost": None} | taken
    return {**about, **counts, **cost, "value_rationality_corrected": interval(mean, low), "orientations": each}


def board(*rows):
    return {"measure": "slider", "phase": "before", "confidence": 0.95, "rows": list(rows)}


GOOD = row(1, "maxim", "synthetic", {"prosocial": 0.9, "competitive": 0.9})
POOR = row(2, "hvae", "$mall_model$", {"prosocial": -0.4, "competitive": -0.4}, "b", tokens_in=1234.0, cost=0.0123)
UNREAD = row(None, "none", "broken", {"altruistic": 0.8, "prosocial": None, "competitive": 0.1}, "–")


def drawn_board(*rows):
    """The axes of a leaderboard as they are saved, with the figure."""
    figure = leaderboard(board(*rows))
    figure.draw_without_rendering()
    return figure.axes[0], figure


def test_the_leaderboard_shows_ranks_marks_letters_failures_and_cost(tmp_path):
    with mpl.rc_context(STYLE):
        figure = leaderboard(board(GOOD, POOR, UNREAD))
        assert figure.get_figwidth() == WIDE
        path = save(figure, tmp_path, "leaderboard", ["PARTLY SYNTHETIC: no language model in a"], SVG)
    text = lines(path)
    for said in ("1  maxim · synthetic (S)", "2  hvae · $mall_model$", "12.5%", "1,234 + 56", "0.0123", "a", "b"):
        assert said in text
    assert any("95% bootstrap over 8 participants" in line for line in text)
    assert "PARTLY SYNTHETIC" in text


def test_a_row_without_an_estimate_has_no_rank_and_says_which_orientation_has_no_angle(tmp_path):
    with mpl.rc_context(STYLE):
        text = lines(save(leaderboard(board(GOOD, UNREAD)), tmp_path, "leaderboard", [], SVG))
    assert "–  none · broken" in text
    assert "no angle: prosocial" in text
    assert not [line for line in text if "None" in line]


def test_the_axis_holds_what_is_drawn_and_no_more():
    # The orientations' intervals are not drawn; theirs begin 0.1 lower than their estimates.
    with mpl.rc_context(STYLE):
        axes, _ = drawn_board(GOOD, POOR)
        assert axes.get_xlim()[0] == pytest.approx(-0.55)
        wide = {**UNREAD["orientations"][0], "value_rationality_corrected": interval(0.8, low=-9.0)}
        axes, _ = drawn_board(GOOD, {**UNREAD, "orientations": [wide, *UNREAD["orientations"][1:]]})
        assert axes.get_xlim()[0] == pytest.approx(-0.1)


def test_an_interval_that_would_leave_no_room_is_cut_and_marked():
    with mpl.rc_context(STYLE):
        for low, left, marked in ((-30.0, -1.25, True), (-1.1, -1.15, False)):
            few = row(2, "hvae", "m", {"prosocial": 0.9, "competitive": -0.5}, low=low)
            axes, figure = drawn_board(GOOD, few)
            assert axes.get_xlim()[0] == pytest.approx(left)
            assert ("interval goes on" in [text.get_text() for text in figure.legends[0].get_texts()]) == marked
            assert [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "<"] == [left] * marked
        # An estimate is shown wherever it lies.
        axes, _ = drawn_board(GOOD, row(2, "hvae", "m", {"prosocial": 0.9, "competitive": -2.3}))
        assert axes.get_xlim()[0] == pytest.approx(-2.35)


def test_no_marker_of_the_leaderboard_is_cut_by_the_axis():
    values = {"altruistic": 1.0, "prosocial": 0.9, "individualistic": -0.5, "competitive": -0.2}
    with mpl.rc_context(STYLE):
        axes, figure = drawn_board(GOOD, row(2, "hvae", "m", values))
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        assert len(marks) == 2 + 2 + 4
        point = figure.dpi / 72
        for line in marks:
            x, y = axes.transData.transform(line.get_xydata())[0]
            # A diamond is as high as a square's diagonal.
            half = line.get_markersize() * np.sqrt(0.5) * point
            assert y - half > axes.bbox.y0 + 0.5 * point
            assert not line.get_clip_on() or axes.bbox.x0 < x - half < x + half < axes.bbox.x1
