"""One table over the jobs of a sweep: what varied, what may be mixed, and what stands in the tables."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from experiments.catalogue import CATALOGUE
from experiments.collect import _unread, main, sweep_marks
from experiments.collected import COLLECTED, PARTICIPANTS, collect
from experiments.collected_jobs import find
from experiments.factors import factors
from experiments.pooled import conditions, pooled
from experiments.setup import experiment
from experiments.statistics import Resampling
from experiments.store import Writer, read_json, write_json
from experiments.summary import summarise
from experiments.tables import read_tables
from tests.commands import CHECKOUT

FAST = Resampling(resamples=200)

# --- a sweep of real jobs ---------------------------------------------------------------------------------------------


def job(folder, *overrides):
    """One run as the command leaves it, but without figures."""
    overrides = [*overrides, f"replies.store={folder.parent / 'replies.sqlite'}"]
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        whole = compose("config", overrides, return_hydra_config=True)
    choices = OmegaConf.to_container(whole.hydra.runtime.choices)
    config = OmegaConf.masked_copy(whole, [key for key in whole if key != "hydra"])
    hydra = folder / ".hydra"
    hydra.mkdir(parents=True)
    OmegaConf.save(config, hydra / "config.yaml")
    OmegaConf.save(OmegaConf.create(overrides), hydra / "overrides.yaml")
    OmegaConf.save(OmegaConf.create({"hydra": {"runtime": {"choices": choices}}}), hydra / "hydra.yaml")
    run = experiment(config)
    writer = Writer(folder, run.terms.payer)
    run.run(writer.keep)
    writer.close()
    writer.manifest(run, "finished", None, 1.0)
    run.terms.store.close()
    write_json(folder, "summary", summarise(read_tables(folder), FAST))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    sweep = tmp_path_factory.mktemp("collect") / "sweep"
    cells = [f"population.cells.{name}.count=0" for name in ("altruistic", "competitive")]
    few = ["game.rules.rounds=2", "measure.instrument.secondary=false", "statistics.resamples=200", "estimates=false"]
    for number, (count, seed) in enumerate([(4, 1), (4, 2), (8, 1), (8, 2)]):
        typed = [f"population.cells.prosocial.count={count}", "population.cells.individualistic.count=4"]
        job(sweep / str(number), *cells, *few, *typed, f"seed={seed}", "phases=[before,play]")
    return sweep


@pytest.fixture
def sweep(made_once, tmp_path):
    return shutil.copytree(made_once, tmp_path / "sweep")


def edit(path, **changed):
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changed}), encoding="utf-8")


@pytest.fixture
def plain(monkeypatch):
    """Without figures, which have tests of their own."""
    monkeypatch.setattr("experiments.sweep_figures.draw", lambda *words, **more: ([], []))


def test_every_row_of_the_tables_is_what_the_jobs_say(sweep):
    jobs = find([sweep], sweep)
    varied = factors(jobs)
    assert list(varied) == ["population.cells.prosocial.count", "seed"]
    table, people = collect(jobs, varied)
    for number in range(4):
        summary = read_json(sweep / str(number), "summary")
        mine = table[table["job"] == number]
        assert set(mine["population.cells.prosocial.count"]) == {4 if number < 2 else 8}
        for cell in summary["cells"]:
            rows = mine[mine["cell"] == cell["cell"]].set_index(["quantity", "phase"])
            assert rows.loc[("angle", "before"), "estimate"] == cell["before"]["angle"]["estimate"]
            assert rows.loc[("cooperation", "play"), "estimate"] == cell["play"]["cooperation"]["estimate"]
            assert rows.loc[("value_rationality", "before"), "chance_level"] == cell["before"]["chance_level"]
            assert rows.loc[("failed_share", ""), "estimate"] == cell["failed_share"]
        everybody = mine[mine["cell"] == "all"].set_index("quantity")
        assert everybody.loc["cooperation", "estimate"] == pytest.approx(summary["headline"]["cooperation"])
        metric = summary["play"]["metrics"]["efficiency"]["estimate"]
        assert everybody.loc["efficiency", "estimate"] == metric
        own = people[people["job"] == number]
        tables = read_tables(sweep / str(number))
        assert len(own) == tables.decisions["participant"].nunique()
        cooperation = tables.play.groupby("participant")["cooperation"].mean()
        assert own.set_index("participant")["cooperation"].tolist() == pytest.approx(cooperation.tolist(), nan_ok=True)
    assert not table.duplicated(["job", "cell", "phase", "quantity", "measure"]).any()
    assert table["synthetic"].all()
    assert people["synthetic"].all()


def test_the_command_writes_both_tables_twice_and_says_what_it_did(sweep, plain, capsys):
    assert main([str(sweep)]) == 0
    said = capsys.readouterr().out
    assert "SYNTHETIC" in said
    assert "collected 4 jobs" in said
    for name, columns in (("collected", COLLECTED), ("participants", PARTICIPANTS)):
        table = pq.read_table(sweep / f"{name}.parquet")
        types = {column: kind for column, (kind, _, _) in columns.items()}
        assert {column: table.schema.field(column).type for column in types} == types
        assert set(table.column_names) == {*columns, "population.cells.prosocial.count", "seed"}
        read = pd.read_csv(sweep / f"{name}.csv")
        assert list(read) == table.column_names
        assert len(read) == table.num_rows
    about = read_json(sweep, "collected")
    assert about["factors"] == {"population.cells.prosocial.count": [4, 8], "seed": [1, 2]}
    assert about["synthetic"] is True


def test_it_refuses_to_mix_names_the_difference_and_mixes_when_told_to(sweep, plain, capsys):
    edit(sweep / "3" / "manifest.json", code={"commit": "b" * 40, "uncommitted_changes": False})
    assert main([str(sweep)]) == 2
    said = capsys.readouterr().err
    assert "jobs 0–2 made by commit" in said
    assert f"job 3 made by commit {'b' * 12}; add --mix code to mix them" in said
    assert said.count("\n") == 1
    assert not (sweep / "collected.csv").exists()
    assert main([str(sweep), "--mix", "models"]) == 2
    assert main([str(sweep), "--mix", "code"]) == 0
    assert "mixed: code" in capsys.readouterr().out
    mixed = pd.read_csv(sweep / "collected.csv").groupby("job")["code"].first()
    assert mixed[3] == "b" * 12
    assert mixed.nunique() == 2
    assert main([str(sweep), "--mix", "all"]) == 0
    assert main([str(sweep), "--mix", "everything"]) == 2
    assert "unknown --mix 'everything'" in capsys.readouterr().err


def test_a_job_that_took_every_reply_from_the_store_agrees_with_the_others(sweep, plain, capsys):
    models = read_json(sweep / "3", "manifest")["models"]
    edit(sweep / "3" / "manifest.json", models={label: one | {"identities": []} for label, one in models.items()})
    assert main([str(sweep)]) == 0
    assert "collected 4 jobs" in capsys.readouterr().out


def test_unfinished_and_missing_jobs_are_left_out_and_named(sweep, plain, capsys):
    edit(sweep / "1" / "manifest.json", status="incomplete", error="budget.calls=10 is reached")
    (sweep / "jobs").mkdir()
    error = "the shares sum to 1.25, and those of a population must sum to 1: write other shares, or counts instead"
    write_json(sweep / "jobs", "7", {"job": 7, "status": "failed", "error": error})
    assert main([str(sweep)]) == 0
    said = capsys.readouterr().out
    assert "left out: 1: incomplete: budget.calls=10 is reached" in said
    assert f"left out: 7: failed: {error}\n" in said
    assert set(pd.read_csv(sweep / "collected.csv")["job"]) == {0, 2, 3}
    write_json(sweep, "sweep", {"jobs": 6, "status": "running"})
    write_json(sweep / "jobs", "4", {"job": 4, "status": "finished", "error": None})
    assert main([str(sweep)]) == 0
    said = capsys.readouterr().out
    assert "left out: 4: missing: no run in it" in said
    assert "left out: 5: missing: no run in it" in said
    assert main([str(sweep), "--unfinished"]) == 0
    assert "INCOMPLETE: not at their end: job 1" in capsys.readouterr().out
    assert set(pd.read_csv(sweep / "collected.csv")["job"]) == {0, 1, 2, 3}


def with_settings(uptake=None, *, synthetic=True):
    """What was collected of one job, as far as it says who read the wordings."""
    chat = {"uptake": uptake} if synthetic else {"temperature": 1.0}
    models = {"m": {"synthetic": synthetic, "settings": {"chat": chat}}}
    return {"jobs": [SimpleNamespace(manifest={"models": models})], "varied": {"induction": ["label", "maxim"]}}


def test_wordings_before_respondents_who_read_none_are_told_of():
    (note,) = _unread(with_settings())
    assert "model.chat.uptake" in note
    assert _unread(with_settings({"label": 0.5})) == []
    assert _unread(with_settings(synthetic=False)) == []
    assert _unread({**with_settings(), "varied": {"seed": [1, 2]}}) == []


def test_the_same_run_twice_is_no_replicate(sweep, plain, capsys):
    shutil.copytree(sweep / "0", sweep / "4")
    assert main([str(sweep)]) == 0
    assert "left out: 4: finished: the same settings and seed as job 0" in capsys.readouterr().out
    assert set(pd.read_csv(sweep / "collected.csv")["job"]) == {0, 1, 2, 3}


def test_several_sweeps_make_one_table_elsewhere(sweep, plain, tmp_path):
    second = tmp_path / "second"
    second.mkdir()
    (sweep / "3").rename(second / "3")
    into = tmp_path / "into"
    assert main([str(sweep), str(second), "--into", str(into)]) == 0
    table = pd.read_csv(into / "collected.csv")
    assert sorted(table["run"].unique()) == ["../second/3", "../sweep/0", "../sweep/1", "../sweep/2"]
    assert table["job"].nunique() == 4


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda sweep: (sweep / "2" / "summary.json").write_text("{"), "job 2: .*summary.json is not readable"),
        (lambda sweep: (sweep / "2" / "summary.json").unlink(), "job 2: .*holds no summary.json"),
        (lambda sweep: (sweep / "2" / "summary.json").write_text("{}"), "job 2: its files are damaged"),
        (lambda sweep: (sweep / "2" / "decisions.parquet").write_text("no table"), "job 2: .*damaged"),
        (lambda sweep: (sweep / "2" / "manifest.json").write_text("["), "manifest.json is not readable"),
        (lambda sweep: (sweep / "2" / ".hydra" / "config.yaml").write_text("a: [1"), "config.yaml is not readable"),
        (lambda sweep: [shutil.rmtree(sweep / str(number)) for number in range(4)], "holds no run"),
        (lambda sweep: shutil.rmtree(sweep), "is no folder"),
    ],
)
def test_damaged_files_are_named_in_one_line(sweep, plain, capsys, damage, words):
    damage(sweep)
    assert main([str(sweep)]) == 2
    said = capsys.readouterr().err
    assert re.search(f"^error: .*{words}", said)
    assert said.count("\n") == 1


def test_a_job_without_what_hydra_saved_is_known_by_the_record_of_its_sweep(sweep):
    shutil.rmtree(sweep / "3" / ".hydra")
    (sweep / "jobs").mkdir()
    write_json(sweep / "jobs", "3", {"overrides": ["population.cells.prosocial.count=8", "seed=2"]})
    found = factors(find([sweep], sweep))
    assert found.loc[3, "population.cells.prosocial.count"] == 8
    assert found.loc[3, "seed"] == 2


# --- pooling over replicates ------------------------------------------------------------------------------------------


def pooled_specimen(runs, group=0):
    """Replicates of one condition: two participants each, in one lasting group a run; run n has cooperation n/10."""
    jobs = list(range(runs))
    table = pd.DataFrame(
        {
            "job": jobs,
            "cell": "all",
            "quantity": "cooperation",
            "phase": "play",
            "synthetic": False,
            "participants": 2,
            "estimate": [number / 10 for number in jobs],
            **dict.fromkeys(("low", "high", "bound_low", "bound_high"), np.nan),
            "units": 1,
            "unit": "groups",
            "failed_share": 0.0,
        }
    )
    people = pd.DataFrame(
        [
            {"job": n, "participant": p, "cell": "a", "studied": True, "group": group, "cooperation": n / 10}
            for n in jobs
            for p in (0, 1)
        ]
    )
    varied = pd.DataFrame({"seed": jobs}, index=pd.Index(jobs, name="job"))
    return pooled(table, people, varied, [("cooperation", "play")], FAST).iloc[0]


def test_five_runs_are_the_units_and_fewer_give_way_to_their_groups_never_to_decisions():
    five = pooled_specimen(5)
    assert (five["estimate"], five["units"], five["unit"], five["runs"]) == (pytest.approx(0.2), 5, "runs", 5)
    assert 0 <= five["low"] < 0.2 < five["high"] <= 0.4
    four = pooled_specimen(4)
    assert (four["units"], four["unit"]) == (4, "groups")
    assert four["low"] is None
    strangers = pooled_specimen(4, group=None)
    assert (strangers["units"], strangers["unit"]) == (8, "participants")
    assert strangers["low"] < strangers["estimate"] < strangers["high"]


def test_a_single_run_keeps_its_own_interval():
    one = pooled_specimen(1)
    assert (one["units"], one["unit"], one["participants"]) == (1, "groups", 2)


def test_replicates_differ_in_the_seed_alone_and_a_missing_level_is_a_level():
    varied = pd.DataFrame({"window": [None, None, 1.0, 1.0], "seed": [1, 2, 1, 2]})
    assert sorted(conditions(varied)["jobs"].tolist()) == [[0, 1], [2, 3]]


def test_bounds_of_replicates_are_bounds_and_never_their_middle():
    table = pd.DataFrame(
        {"estimate": [np.nan, 0.4], "bound_low": [0.1, 0.4], "bound_high": [0.3, 0.4], "job": [0, 1]}
    ).assign(cell="all", quantity="attainment", phase="play", synthetic=False, participants=2, failed_share=0.1)
    varied = pd.DataFrame({"seed": [0, 1]}, index=pd.Index([0, 1], name="job"))
    people = pd.DataFrame({"job": [], "cell": [], "studied": []})
    found = pooled(table, people, varied, [("attainment", "play")], FAST).iloc[0]
    assert found["estimate"] is None
    assert (found["bound_low"], found["bound_high"]) == (pytest.approx(0.25), pytest.approx(0.35))


def test_a_sweep_with_some_simulated_respondents_is_marked_and_says_where():
    people = pd.DataFrame({"cell": ["a", "a", "b"], "job": [0, 1, 1], "synthetic": [True, False, False]})
    done = [SimpleNamespace(status="finished", number=number) for number in (0, 1)]
    assert sweep_marks(people, done) == ["PARTLY SYNTHETIC: no language model in a (job 0)"]
    assert sweep_marks(people.assign(synthetic=False), done) == []
    assert sweep_marks(people.assign(synthetic=True), done)[0].startswith("SYNTHETIC")


# --- documents --------------------------------------------------------------------------------------------------------

PAGE = (CHECKOUT / "docs" / "collect.md").read_text(encoding="utf-8")


def documented(text, table):
    section = text.split(f"## `{table}`")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", section, flags=re.MULTILINE)
    return [tuple(cell.strip() for cell in row) for row in rows]


@pytest.mark.parametrize(("name", "columns"), [("collected", COLLECTED), ("participants", PARTICIPANTS)])
def test_every_column_is_documented_with_its_type_unit_and_meaning(name, columns):
    expected = [(column, str(kind), unit, meaning) for column, (kind, unit, meaning) in columns.items()]
    assert documented(PAGE, name) == expected
    assert documented(PAGE.replace("| `cell` |", "| `box` |"), name) != expected


def test_every_option_of_the_command_is_documented(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    for option in re.findall(r"--[a-z]+", capsys.readouterr().out):
        assert option == "--help" or f"`{option}" in PAGE, option
