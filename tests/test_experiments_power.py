"""Power by simulation: respondents that are those of the product, a test that is the summary's, and known truths."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.parse import parse
from agents.synthetic import SyntheticChatModel
from experiments.comparison_tests import permutation_test
from experiments.pilot import components, pilot
from experiments.power import main
from experiments.power_simulation import needed, p_values, plan, variance_of_mean
from experiments.respondents import NormalRespondents, SliderRespondents, options, probabilities
from games.decision_json import as_json
from games.errors import SettingError
from games.rationality import value_rationality
from games.slider import PRIMARY, Slider, angle
from tests.specimens import decision, measure, played, written

ITEMS = [one for one in Slider().decisions() if one.item in PRIMARY]


# --- respondents -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ring", "precision"), [(45.0, 0.4), (-45.0, 0.1), (123.4, 2.0), (0.0, 0.0)])
def test_options_have_the_probabilities_of_the_simulated_chat_model(ring, precision):
    model = SyntheticChatModel(precision=precision)
    found = probabilities(ring, precision)
    for place, item in enumerate(ITEMS):
        assert found[place] == pytest.approx(model.probabilities(item, ring), abs=1e-12)


def answered(model, participant, repetition):
    """The slider angle of one administration, through the model's words and the parser; NaN where a reply failed."""
    about = {"agent": participant, "orientation": "prosocial", "induction": "definition", "step": 0}
    taken = []
    for place, item in enumerate(ITEMS):
        said = about | {"decision": as_json(item), "draw": 1000 * participant + 10 * repetition + place}
        read = parse(model.reply(said), item, "stop")
        taken.append(None if read.failure else item.options[read.option].act)
    return math.nan if None in taken else float(angle(taken))


def test_angles_are_distributed_as_those_of_the_simulated_chat_model():
    model = SyntheticChatModel(unreadable=0.02, refusals=0.0)
    real = np.array([[answered(model, who, once) for once in range(3)] for who in range(150)])
    ours = SliderRespondents(0.0, unreadable=0.02).draw(np.random.default_rng(1), 40, 150, 3)[0]
    missing = 1 - (1 - 0.02) ** 6
    assert np.isnan(real).mean() == pytest.approx(missing, abs=4 * math.sqrt(missing * (1 - missing) / real.size))
    assert np.isnan(ours).mean() == pytest.approx(missing, abs=0.01)
    error = by_person(ours).std() / math.sqrt(150)
    assert by_person(real).mean() == pytest.approx(by_person(ours).mean(), abs=4 * error)
    assert by_person(real).std() == pytest.approx(by_person(ours).std(), rel=0.2)
    # Respondents twice as spread, or not at all, would not pass.
    for spread in (0.0, 16.0):
        off = SliderRespondents(0.0, spread=spread).draw(np.random.default_rng(1), 40, 150, 3)[0]
        assert by_person(real).std() != pytest.approx(by_person(off).std(), rel=0.2)


def by_person(values):
    """The mean of each who has a value."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    return np.where(known, values, 0).sum(axis=-1)[count > 0] / count[count > 0]


@given(st.integers(0, 8), st.floats(0, 0.999))
def test_an_option_is_drawn_by_its_place_in_the_distribution(certain, uniform):
    assert options(np.eye(9)[certain], np.array(uniform)) == certain + 1
    assert options(np.full(9, 1 / 9), np.array(uniform)) == pytest.approx(np.floor(9 * uniform) + 1, abs=1)


@pytest.mark.parametrize("orientation", ["altruistic", "prosocial", "individualistic", "competitive"])
@pytest.mark.parametrize(("quantity", "difference"), [("angle", 5.0), ("value_rationality", 0.05)])
def test_the_cells_differ_by_what_was_asked_and_vary_as_the_formula_takes_it(orientation, quantity, difference):
    made = SliderRespondents(difference, quantity, orientation, unreadable=0.0)
    values = made.draw(np.random.default_rng(2), 400, 25, 2)
    first, second = values.mean(axis=(1, 2, 3))
    assert abs(first - second) == pytest.approx(difference, rel=0.08)
    within = (values[..., 0] - values[..., 1]).var() / 2
    assert within == pytest.approx(made.within, rel=0.08)
    assert values.mean(axis=3).var(axis=2, ddof=1).mean() == pytest.approx(made.between + made.within / 2, rel=0.08)


def test_value_rationality_is_that_of_the_first_cells_orientation():
    made = SliderRespondents(0.0, "value_rationality", "competitive", spread=0.0, precision=100.0, unreadable=0.0)
    found = made.draw(np.random.default_rng(0), 1, 2, 1)
    assert found == pytest.approx(float(value_rationality(-16.26, "competitive")), abs=1e-4)
    assert found != pytest.approx(float(value_rationality(-16.26, "prosocial")), abs=0.5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"difference": 80.0}, "the most is"),
        ({"difference": 5.0, "orientation": "kind"}, "orientation"),
        ({"difference": 5.0, "spread": -1.0}, "spread"),
        ({"difference": 5.0, "unreadable": 1.0}, "unreadable"),
    ],
)
def test_respondents_that_cannot_be_are_refused(wrong, told):
    with pytest.raises(SettingError, match=told):
        SliderRespondents(**wrong).draw(np.random.default_rng(0), 1, 2, 1)


# --- the test and the power ------------------------------------------------------------------------------------------


def test_all_studies_at_once_are_tested_as_the_summary_tests_one():
    rng = np.random.default_rng(5)
    # Few enough for every arrangement on both sides: the same p exactly, missing values and ties among them.
    first, second = rng.normal(size=(2, 30, 5)).round(1)
    second += np.linspace(0, 3, 30)[:, None]
    first[3, 2] = second[4, 0] = np.nan
    p = [
        permutation_test(np.r_[one, two], np.arange(10) < 5, clusters=np.arange(10)).p
        for one, two in zip(first, second, strict=True)
    ]
    assert p_values(first, second) == pytest.approx(p)
    # More: as near as 999 arrangements come.
    first, second = rng.normal(size=(2, 20, 15)) * np.array([1.0, 2.0])[:, None, None]
    second += np.linspace(0, 3, 20)[:, None]
    p = np.array(
        [
            permutation_test(np.r_[one, two], np.arange(30) < 15, clusters=np.arange(30)).p
            for one, two in zip(first, second, strict=True)
        ]
    )
    assert (np.abs(p_values(first, second) - p) <= 4 * np.sqrt(p * (1 - p) / 999) + 0.003).all()


def test_without_a_difference_the_share_of_findings_is_the_level():
    found = plan(SliderRespondents(0.0), [6, 12], [2], studies=2000, seed=3)
    # 2000 studies at 0.05 have a standard error of 0.005.
    assert all(0.035 <= one.power <= 0.065 for one in found)
    # Replies taken for units would find differences where there are none.
    values = SliderRespondents(0.0).draw(np.random.default_rng(3), 300, 8, 5)
    assert (p_values(*values.reshape(2, 300, 40)) <= 0.05).mean() > 0.15


def test_power_is_near_that_of_the_t_test_where_values_are_normal():
    from scipy.stats import nct, t

    made = NormalRespondents(1.0, 0.7, 0.6)
    (found,) = plan(made, [20], [2], studies=2000)
    shift = 1.0 / math.sqrt(2 * (0.7 + 0.3) / 20)
    limit = t.ppf(0.975, 38)
    exact = nct.sf(limit, 38, shift) + nct.cdf(-limit, 38, shift)
    assert found.low - 0.02 <= exact <= found.high + 0.02
    assert needed(made, 1.0, 2, 0.05, exact) in range(17, 22)
    # Less the level, less the power.
    assert plan(made, [20], [2], 0.05 / 6, 500)[0].power < found.power - 0.1


def test_repetitions_cannot_replace_participants():
    made = NormalRespondents(1.0, 1.0, 1.0)
    assert variance_of_mean(made, 10, 1) == pytest.approx(0.2)
    assert variance_of_mean(made, 10, 10**6) == pytest.approx(0.1)
    by_size = {(one.participants, one.repetitions): one for one in plan(made, [5, 20], [1, 40], studies=400)}
    assert by_size[5, 40].power < by_size[20, 1].power
    assert by_size[5, 1].power <= by_size[5, 40].power
    assert by_size[20, 1].sd == pytest.approx(math.sqrt(2 / 20))


def test_unreadable_replies_cost_power_and_are_no_values():
    full = plan(NormalRespondents(1.0, 0.5, 0.5), [20], [1], studies=500)[0]
    lost = plan(NormalRespondents(1.0, 0.5, 0.5, 0.6), [20], [1], studies=500)[0]
    assert lost.power < full.power - 0.2
    assert p_values(np.full((1, 4), np.nan), np.ones((1, 4))) == 1


def test_the_same_seed_gives_the_same_power_and_sizes_are_refused_where_no_study_can_be():
    made = NormalRespondents(1.0, 1.0, 1.0)
    assert plan(made, [5], [1], studies=100) == plan(made, [5], [1], studies=100)
    for wrong in ({"participants": [1]}, {"repetitions": [0]}, {"level": 1.0}, {"studies": 10}):
        with pytest.raises(SettingError, match="power"):
            plan(made, **{"participants": [5], "repetitions": [1], **wrong})


# --- pilots ----------------------------------------------------------------------------------------------------------


def nested(rng, sizes, between=3.0, within=2.0):
    """Values with these standard deviations, in cells far apart, units of unequal numbers of values."""
    rows = []
    for unit, size in enumerate(sizes):
        own = 100 * (unit % 3) + rng.normal(0, between)
        rows += [(own + rng.normal(0, within), unit % 3, unit) for _ in range(size)]
    return tuple(np.array(one) for one in zip(*rows, strict=True))


def test_variance_components_are_unbiased_though_numbers_are_unequal():
    rng = np.random.default_rng(7)
    data = [nested(rng, [1, 2, 5, 3, 3, 4, 2, 6, 1]) for _ in range(600)]
    found = np.array([components(*one) for one in data])
    error = found.std(axis=0) / math.sqrt(600)
    assert (np.abs(found.mean(axis=0) - [9.0, 4.0]) <= 4 * error).all()
    # The mean square of units' means is not the variance between units: noise is in it.
    raw = [components([values[units == unit].mean() for unit in range(9)], np.arange(9) % 3, range(9))[0]
           for values, _, units in data]  # fmt: skip
    assert abs(np.mean(raw) - 9.0) > 4 * error[0]


def test_with_one_value_each_the_parts_cannot_be_told_apart():
    between, within = components([1.0, 2.0, 3.0], [0, 0, 0], [0, 1, 2])
    assert (between, within) == (1.0, None)


def test_a_pilot_has_the_variances_failures_and_calls_of_its_cells(tmp_path):
    rows = [
        measure(who, None if (who, once) == (0, 1) else 30.0 + who + shift, repetition=once, cell="ab"[who % 2])
        for who in range(8)
        for once, shift in ((1, -1.0), (2, 1.0))
    ]
    written(tmp_path, measures=rows, measure="slider")
    found = pilot(tmp_path, "angle")
    assert (found.units, found.cells, found.unit, found.calls, found.synthetic) == (8, 2, "participants", 6.0, False)
    assert found.failed_share == pytest.approx(1 / 16)
    assert found.within == pytest.approx(2.0)
    assert found.separable
    with pytest.raises(SettingError, match="nothing was measured"):
        pilot(tmp_path, "angle", "competitive")
    with pytest.raises(SettingError, match="nobody played"):
        pilot(tmp_path, "cooperation")


def test_the_units_of_cooperation_are_groups(tmp_path):
    rounds = [
        played(2 * group + seat, 1.0, group=group, round=number, cooperation=0.1 * group + 0.02 * seat)
        for group in range(6)
        for seat in range(2)
        for number in (1, 2)
    ]
    asked = [decision(one["participant"], group=one["group"], round=one["round"]) for one in rounds]
    written(tmp_path / "fixed", asked, rounds=rounds, matching_lasting=True)
    found = pilot(tmp_path / "fixed", "cooperation")
    assert (found.units, found.unit, found.calls) == (6, "groups", 4.0)
    assert found.between == pytest.approx(np.var(0.1 * np.arange(6), ddof=1))
    written(tmp_path / "strangers", asked, rounds=rounds, matching_lasting=False)
    with pytest.raises(SettingError, match="fixed_partners"):
        pilot(tmp_path / "strangers", "cooperation")


def test_a_pilot_with_one_participant_a_cell_says_nothing(tmp_path):
    written(tmp_path, measures=[measure(0, 30.0, repetition=n) for n in (1, 2)], measure="slider")
    with pytest.raises(SettingError, match="at least two in a cell"):
        pilot(tmp_path, "angle")


def piled(folder, values):
    """A pilot with these values of eight participants, in one administration each of two cells."""
    rows = [measure(who, 30.0, cell="ab"[who % 2], value_rationality=value) for who, value in enumerate(values)]
    written(folder, measures=rows, measure="slider")
    return folder


def test_a_pilot_without_variance_is_refused(tmp_path, capsys):
    folder = piled(tmp_path / "same", [1.0, 0.9] * 4)
    assert main([*QUICK, "--pilot", str(folder), "--quantity", "value_rationality"]) == 2
    told = capsys.readouterr().err
    assert "all 8 values are the same in each cell" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("values", "share"), [([1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 0.7], 5 / 8), ([0.9 + who / 100 for who in range(8)], 0)]
)
def test_a_pilot_that_is_piled_up_is_told(tmp_path, capsys, values, share):
    folder = piled(tmp_path / "piled", values)
    assert pilot(folder, "value_rationality").piled == share
    assert main([*QUICK, "--pilot", str(folder), "--quantity", "value_rationality"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert ("are a poor stand-in" in told) == (share > 0)


# --- the command -----------------------------------------------------------------------------------------------------

QUICK = ["--simulations", "100", "--participants", "5,20", "--repetitions", "1,2"]


def test_the_command_prints_a_table_marked_as_simulated_and_writes_it(tmp_path, capsys):
    path = tmp_path / "power.csv"
    assert main([*QUICK, "--difference", "8", "--csv", str(path)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("SYNTHETIC respondents")
    assert "variance (σ_b² + σ_w² / r) / n" in " ".join(told.split())
    assert "by the normal formula" in " ".join(told.split())
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("quantity,difference,participants,repetitions,power")
    # 6 items, 20 participants, 2 repetitions.
    assert lines[-1].split(",")[-2:] == ["240", "True"]


def test_a_study_too_small_for_any_finding_is_told(capsys):
    assert main(["--simulations", "100", "--participants", "3", "--repetitions", "1"]) == 0
    assert "With 3 a cell the least p that exists is 0.1" in " ".join(capsys.readouterr().out.split())


@settings(deadline=None)
@given(st.sampled_from([["--participants", "5;6"], ["--difference", "90"], ["--quantity", "cooperation"],
                        ["--quantity", "mood"], ["--pilot", "/nowhere"], ["--power", "1"], ["--alpha", "0"],
                        ["--difference", "-5"], ["--pilot", "/nowhere", "--spread", "3"],
                        ["--orientation", "kind"], ["--unreadable", "2"]]))  # fmt: skip
def test_what_cannot_be_planned_is_said_in_one_line(wrong):
    import contextlib
    import io

    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        assert main([*QUICK, *wrong]) == 2
    assert told.getvalue().startswith("error: ")
    assert told.getvalue().count("\n") == 1
