"""Variance components: unbiased where the truth is known, and refused where parts cannot be told apart."""

import csv
import json

import numpy as np
import pytest
from omegaconf import OmegaConf

from experiments.statistics import Resampling
from experiments.store import write_json
from experiments.variance import main, show, variance
from experiments.variance_components import BOTH, OTHER, PARTICIPANT, REPLY, RESPONDENTS, decompose
from experiments.variance_design import design
from experiments.variance_moments import Answers
from games.errors import SettingError
from tests.specimens import measure, written

FAST = Resampling(resamples=300, seed=3)
PARTS = np.random.default_rng(11)
TRUE = (
    np.array([18.0, 11.0, 0.0, -5.0])[:, None, None]
    + PARTS.normal(0, 2, (1, 3, 1))
    + PARTS.normal(0, 3, (4, 3, 1))
    + np.array([1.5, -1.5])
    + PARTS.normal(0, 0.5, (4, 3, 2))
)
"""True means by orientation, induction and order."""
OWN, NOISE = 4.0, 5.0


def answers(seed, people=3, repeated=1, lost=0.0, means=TRUE, own=OWN):
    """Everybody answers in one orientation and induction, under both orders."""
    rng = np.random.default_rng(seed)
    grid = np.indices((*means.shape[:2], people, means.shape[2], repeated)).reshape(5, -1)
    who = np.ravel_multi_index(tuple(grid[:3]), (*means.shape[:2], people))
    values = means[grid[0], grid[1], grid[3]] + rng.normal(0, own, who.max() + 1)[who] + rng.normal(0, NOISE, who.size)
    kept = rng.random(who.size) >= lost
    factors = {
        name: grid[axis][kept].astype(str) for name, axis in (("orientation", 0), ("induction", 1), ("order", 3))
    }
    return Answers(values[kept], factors, who[kept], who[kept])


def truth(means=TRUE):
    """By inclusion and exclusion over the cells' true means."""
    of = {
        "orientation": means.mean(axis=(1, 2)).var(),
        "induction": means.mean(axis=(0, 2)).var(),
        "order": means.mean(axis=(0, 1)).var(),
    }
    of["orientation × induction"] = means.mean(axis=2).var() - of["orientation"] - of["induction"]
    of["orientation × order"] = means.mean(axis=1).var() - of["orientation"] - of["order"]
    of[OTHER] = means.var() - sum(of.values())
    return of | {PARTICIPANT: OWN**2, REPLY: NOISE**2}


def naive(data):
    """The same without a correction for noise: components of the observed cell means."""
    code = [data.factors[name].astype(int) for name in ("orientation", "induction", "order")]
    cell = np.ravel_multi_index(code, TRUE.shape)
    return truth((np.bincount(cell, data.values) / np.bincount(cell)).reshape(TRUE.shape))


def biased(found):
    """The components whose mean over simulations is not the truth, within four standard errors."""
    expected = truth()
    return [
        name
        for name in expected
        if abs(np.mean(found[name]) - expected[name]) > 4 * np.std(found[name]) / np.sqrt(len(found[name]))
    ]


@pytest.mark.parametrize("how", [{}, {"people": 5, "repeated": 2, "lost": 0.2}])
def test_components_are_unbiased_with_equal_and_with_unequal_numbers(how):
    quick = Resampling(resamples=100)
    found = [decompose(answers(1000 + seed, **how), quick) for seed in range(150)]
    by_name = {one.name: [each.components[place].variance for each in found] for place, one in
               enumerate(found[0].components)}  # fmt: skip
    assert not biased(by_name)
    assert set(by_name) == set(truth())


def test_raw_mean_squares_would_be_taken_for_biased():
    found = [naive(answers(1000 + seed)) for seed in range(150)]
    wrong = biased({name: [one[name] for one in found] for name in truth()})
    assert {"induction", "orientation × induction", OTHER} <= set(wrong)


def test_with_equal_numbers_it_is_the_method_of_moments():
    data = answers(5, people=4)
    found = {one.name: one.variance for one in decompose(data, FAST).components}
    by_person = data.values.reshape(4, 3, 4, 2)
    cells = by_person.mean(axis=2)
    # Mean squares of a split plot: between people, and people by order.
    people = by_person.mean(axis=3)
    ms_people = 2 * ((people - people.mean(axis=2, keepdims=True)) ** 2).sum() / 36
    left = by_person - people[..., None] - cells[:, :, None] + cells.mean(axis=2)[:, :, None, None]
    ms_left = (left**2).sum() / 36
    assert found[REPLY] == pytest.approx(ms_left)
    assert found[PARTICIPANT] == pytest.approx((ms_people - ms_left) / 2)
    assert found["order"] == pytest.approx(cells.mean(axis=(0, 1)).var() - ms_left / (2 * 48))
    assert found["orientation"] == pytest.approx(cells.mean(axis=(1, 2)).var() - 3 / 4 * ms_people / 24)


def test_parts_add_to_the_total_and_so_do_groups():
    groups = {"phrasing": ["induction", "order"], "value": ["orientation"]}
    found = decompose(answers(6, lost=0.1), FAST, groups=groups)
    assert sum(one.variance for one in found.components) == pytest.approx(found.total)
    assert sum(one.variance for one in found.groups) == pytest.approx(found.total)
    assert [one.name for one in found.groups] == ["phrasing", "value", OTHER, RESPONDENTS]
    parts = {one.name: one.variance for one in found.components}
    phrasing = sum(parts[name] for name in parts if "induction" in name or "order" in name)
    assert found.groups[0].variance == pytest.approx(phrasing)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    total = sum(truth().values())
    covered = dict.fromkeys(truth(), 0)
    for seed in range(150):
        for one in decompose(answers(2000 + seed), Resampling(resamples=300, seed=seed)).components:
            covered[one.name] += one.share.low <= truth()[one.name] / total <= one.share.high
    # 0.95 nominal; 150 repetitions have a standard error of 0.018. Parts near 0 are covered more often.
    assert all(count / 150 >= 0.88 for count in covered.values()), covered
    assert np.mean(list(covered.values())) / 150 >= 0.93
    # An interval that ignores what people share would be too narrow for the value.
    apart = 0
    for seed in range(100):
        data = answers(2000 + seed, people=6, own=12.0)
        alone = Answers(data.values, data.factors, np.arange(len(data.values)), data.participants)
        share = decompose(alone, Resampling(resamples=200, seed=seed)).components[0].share
        expected = truth()["orientation"] / (total - OWN**2 + 12.0**2)
        apart += share.low <= expected <= share.high
    assert apart < 90


def test_shares_below_nothing_are_cut_and_the_estimates_kept():
    found = decompose(answers(3, means=np.zeros((4, 3, 2))), FAST)
    below = [one for one in found.components if one.variance < 0]
    assert below
    assert all((one.share.estimate, one.sd) == (0, 0) for one in below)
    assert all(0 <= one.share.low <= one.share.high <= 1 for one in found.components)


def test_one_answer_each_leaves_people_and_replies_together():
    data = answers(4)
    once = data.factors["order"] == "0"
    factors = {name: levels[once] for name, levels in data.factors.items() if name != "order"}
    found = decompose(Answers(data.values[once], factors, data.units[once], data.participants[once]), FAST)
    assert [one.name for one in found.components][-1] == BOTH
    assert sum(one.variance for one in found.components) == pytest.approx(found.total)


def test_people_that_answer_in_every_cell_are_no_noise_between_cells():
    # The same four, as in jobs of one seed: what they share cancels between cells.
    rng = np.random.default_rng(8)
    cell, who = (one.ravel() for one in np.indices((2, 8)))
    values = 50 * rng.normal(size=8)[who] + 0.1 * rng.normal(size=16) + 3.0 * cell
    crossed = decompose(Answers(values, {"induction": cell.astype(str)}, who, np.arange(16)), FAST)
    assert crossed.components[0].variance == pytest.approx(2.25, abs=0.3)
    # Taken for different people, they would bury the difference.
    apart = decompose(Answers(values, {"induction": cell.astype(str)}, np.arange(16), np.arange(16)), FAST)
    assert abs(apart.components[0].variance - 2.25) > 3


# --- runs and sweeps -------------------------------------------------------------------------------------------------


def rows(inductions=("label", "maxim"), people=3, orders=("original", "reversed"), shift=6.0, **values):
    """Administrations of both orientations; the second induction shifts the angle."""
    rng = np.random.default_rng(1)
    made, number = [], 0
    for orientation, centre in (("prosocial", 40.0), ("competitive", -5.0)):
        for place, induction in enumerate(inductions):
            for _ in range(people):
                for repetition, order in enumerate(orders, start=1):
                    about = {"orientation": orientation, "induction": induction, "order": order, "cell": orientation}
                    angle = centre + shift * place + rng.normal()
                    made.append(measure(number, angle, repetition=repetition, **about | values))
                number += 1
    return made


def run(folder, measures, overrides=(), framing="neutral", induction=None, **about):
    code = {"commit": "a" * 40, "uncommitted_changes": False}
    written(folder, measures=measures, **{"measure": "slider", "seed": 1, "code": code} | about)
    (folder / ".hydra").mkdir()
    OmegaConf.save(OmegaConf.create(list(overrides)), folder / ".hydra" / "overrides.yaml")
    OmegaConf.save(
        OmegaConf.create({"framing": {"name": framing}, "induction": induction}), folder / ".hydra" / "config.yaml"
    )
    return folder


def shares(made):
    return {one["name"]: one["share"]["estimate"] for one in variance(made, "angle", FAST)["components"]}


def test_the_factors_of_a_run_are_what_varied(tmp_path):
    made = design(run(tmp_path / "run", rows()))
    assert made.answers.levels == {
        "orientation": ["competitive", "prosocial"], "induction": ["label", "maxim"], "order": ["original", "reversed"],
    }  # fmt: skip
    assert (made.unit, made.phase, made.notes, made.synthetic) == ("participants", "before", (), False)
    found = shares(made)
    assert found["orientation"] > 0.9
    assert 0.005 < found["induction"] < 0.05
    assert found["order"] < 0.005


def test_a_language_is_what_the_induction_declares(tmp_path):
    own = {"name": "mine_zh", "language": "de", "translation_of": "label"}
    declared = design(run(tmp_path / "own", rows(("label", "mine_zh")), induction=own)).answers.levels
    assert declared["language"] == ["English", "German"]
    assert "wording" not in declared
    silent = design(run(tmp_path / "silent", rows(("label", "mine_zh"))), factors=["orientation", "language"])
    assert silent.answers.levels["language"] == ["English", "unknown"]


def test_every_wording_in_every_language_are_two_factors_and_what_is_not_fully_crossed_is_one_factor(tmp_path):
    made = design(run(tmp_path / "full", rows(("label", "label_zh", "maxim", "maxim_zh"))))
    assert made.answers.levels["wording"] == ["label", "maxim"]
    assert made.answers.levels["language"] == ["Chinese", "English"]
    part = design(run(tmp_path / "part", rows(("label", "label_zh", "self_goal"))))
    assert part.answers.levels["induction"] == ["label", "label_zh", "self_goal"]
    assert "one factor" in part.notes[0]
    # In one wording, the language alone varies.
    assert "wording" not in design(run(tmp_path / "one", rows(("label", "label_es")))).answers.levels


def test_jobs_of_a_sweep_are_one_design_and_the_same_person_in_each_is_one_unit(tmp_path):
    for job, (induction, framing) in enumerate((i, f) for i in ("label", "maxim") for f in ("neutral", "fishery")):
        made = rows((induction,), shift=0.0)
        run(tmp_path / str(job), made, [f"induction={induction}", f"framing={framing}", "+x.y=3"], framing)
    made = design(tmp_path)
    assert set(made.answers.factors) == {"orientation", "induction", "framing", "order"}
    assert len(set(made.answers.units.tolist())) == 6
    assert len(set(made.answers.participants.tolist())) == 24
    assert made.groups["phrasing"] == ["induction", "framing", "order"]


def test_a_setting_that_varied_can_be_named_and_is_told_otherwise(tmp_path):
    for job, multiplier in enumerate((1.2, 1.8)):
        run(tmp_path / str(job), rows(), [f"game.rules.multiplier={multiplier}"])
    assert "game.rules.multiplier" in " ".join(design(tmp_path).notes)
    made = design(tmp_path, factors=["orientation", "game.rules.multiplier"])
    assert made.groups["models and settings"] == ["game.rules.multiplier"]


def test_jobs_that_were_not_made_alike_are_refused_and_what_is_not_there_is_named(tmp_path, capsys):
    run(tmp_path / "0", rows(), ["seed=1"])
    other = {"commit": "b" * 40, "uncommitted_changes": False}
    run(tmp_path / "1", rows(), ["seed=2"], seed=2, code=other, status="interrupted")
    write_json(tmp_path, "sweep", {"jobs": 3, "status": "finished"})
    assert main([str(tmp_path)]) == 2
    assert f"job 1 made by commit {'b' * 12}; add --mix code" in capsys.readouterr().err
    assert main([str(tmp_path), "--mix", "cod"]) == 2
    assert "unknown --mix" in capsys.readouterr().err
    assert main([str(tmp_path), "--mix", "code", "--resamples", "200"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Mixed: code: job 0 made by commit" in told
    assert "INCOMPLETE: job 2 is missing: no run in it." in told
    assert "INCOMPLETE: job 1 is interrupted." in told


def test_what_never_differed_has_no_interval_and_a_note(tmp_path):
    for job, induction in enumerate(("label", "maxim")):
        run(tmp_path / str(job), rows((induction,), people=4, synthetic=True), [f"induction={induction}"])
    found = variance(design(tmp_path), "angle", FAST)
    shares = {one["name"]: one["share"] for one in [*found["components"], *found["groups"]]}
    assert (shares["induction"]["estimate"], shares["induction"]["low"], shares["induction"]["high"]) == (0, None, None)
    assert shares["value"]["low"] is not None
    assert found["notes"][-1].startswith("No interval for induction, orientation × induction")
    assert "simulated respondents" in found["notes"][-1]
    # A difference of one respondent is one.
    (tmp_path / "differs").mkdir()
    for job, induction in enumerate(("label", "maxim")):
        made = rows((induction,), people=4)
        made[0]["angle"] += job
        run(tmp_path / "differs" / str(job), made, [f"induction={induction}"])
    differs = variance(design(tmp_path / "differs"), "angle", FAST)
    assert all(one["share"]["low"] is not None for one in differs["components"])
    assert not any("No interval" in note for note in differs["notes"])


def test_a_share_that_is_small_is_not_printed_as_none(tmp_path, capsys):
    found = variance(design(run(tmp_path / "run", rows(people=5))), "angle", FAST)
    found["groups"][0]["share"] |= {"estimate": 0.0004, "low": 0.0, "high": 0.0006}
    show(found)
    assert "phrasing <0.1% 0.0% to 0.1%" in " ".join(capsys.readouterr().out.split())


def test_failed_replies_the_control_and_unfinished_jobs_are_told(tmp_path):
    made = rows(("label", "maxim", "none"), people=4)
    made[0] |= {"angle": None, "failed": 1}
    found = design(run(tmp_path / "run", made, status="interrupted"))
    assert found.failed_share == pytest.approx(1 / 32)
    told = " ".join(found.notes)
    assert "INCOMPLETE" in told
    assert "control" in told
    assert "UNBALANCED: 3 to 4 participants" in told


def test_one_participant_in_a_cell_makes_administrations_the_units(tmp_path):
    made = design(run(tmp_path / "run", rows(people=1, orders=("original",) * 4)))
    assert made.unit == "administrations"
    assert "administrations are the units" in made.notes[0]
    assert list(shares(made))[-1] == BOTH


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        (["orientation", "participant"], "nested"),
        (["orientation", "framing"], "does not vary"),
        (["orientation", "mood"], "unknown factor"),
        (["order", "order"], "at most once"),
        (["orientation", "wording"], "unknown|does not vary"),
    ],
)
def test_factors_that_cannot_be_are_refused(tmp_path, factors, told):
    made = rows(("label", "label_es"))
    with pytest.raises(SettingError, match=told):
        design(run(tmp_path / "run", made), factors=factors)


def test_what_never_varies_apart_is_named(tmp_path):
    nested = rows(("label", "maxim", "weights"))
    for one in nested:
        one["model"] = "m" if one["induction"] == "label" else "k"
    with pytest.raises(SettingError, match="induction is nested in model"):
        design(run(tmp_path / "nested", nested))
    same = [one for one in rows() if (one["induction"] == "label") == (one["orientation"] == "prosocial")]
    with pytest.raises(SettingError, match="orientation and induction never vary apart"):
        design(run(tmp_path / "same", same))
    assert design(tmp_path / "nested", factors=["orientation", "model"]).answers.levels["model"] == ["k", "m"]
    holes = [one for one in rows() if (one["induction"], one["orientation"]) != ("maxim", "prosocial")]
    with pytest.raises(SettingError, match="orientation=prosocial, induction=maxim"):
        design(run(tmp_path / "holes", holes))
    left = design(tmp_path / "holes", without={"orientation": ["prosocial"]})
    assert "cannot be told" in " ".join(left.notes)


def test_the_command_writes_a_table_and_says_what_it_rests_on(tmp_path, capsys):
    run(tmp_path / "run", rows(synthetic=True))
    assert main([str(tmp_path / "run"), "--resamples", "200"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("SYNTHETIC respondents")
    assert "shares are of these levels alone" in told
    with (tmp_path / "run" / "variance.csv").open() as file:
        table = list(csv.DictReader(file))
    assert {one["part"] for one in table} >= {"phrasing", "value", "respondents", "orientation × order", "reply"}
    assert {one["synthetic"] for one in table} == {"True"}
    saved = json.loads((tmp_path / "run" / "variance.json").read_text())
    assert sum(one["variance"] for one in saved["components"]) == pytest.approx(saved["total"])


@pytest.mark.parametrize(
    "wrong", [["--without", "label"], ["--without", "induction=mood"], ["--quantity", "mood"], ["--phase", "after"],
              ["--factors", "participant"], ["--resamples", "5"]],
)  # fmt: skip
def test_what_cannot_be_decomposed_is_said_in_one_line(tmp_path, capsys, wrong):
    run(tmp_path / "run", rows())
    assert main([str(tmp_path / "run"), *wrong]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(SettingError, match="holds no run"):
        design(tmp_path)
