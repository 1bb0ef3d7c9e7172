"""What varied between the jobs of a sweep, and whether they may stand in one table."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from experiments.agreement import disagreements, unverifiable
from experiments.collected_jobs import FoundRun, numbers
from experiments.factors import factors
from tests.commands import CHECKOUT
from tests.specimens import decision, written

# --- what varied ------------------------------------------------------------------------------------------------------

COMPOSED = {
    "name": "society",
    "seed": 1,
    "phases": ["play"],
    "game": {"rules": {"multiplier": 1.6}, "words": {"rules": "Some words."}},
    "model": {"label": "m", "temperature": 1.0, "chat": {"temperature": "${model.temperature}", "spread": 8.0}},
    "population": {"cells": {"prosocial": {"orientation": "prosocial", "share": 0.5}}},
}
CHOICES = {"experiment": "society", "game": "public_goods", "induction": "label"}


def made(number, typed=(), settings=None, choices=None, folder=CHECKOUT, **manifest):
    """A job as it is read from its files."""
    asked = OmegaConf.create(COMPOSED)
    for key, value in (settings or {}).items():
        OmegaConf.update(asked, key, value, merge=False)
    about = {
        "status": "finished",
        "schema": 3,
        "code": {"commit": "a" * 40, "uncommitted_changes": False},
        "models": {"m": {"identities": ["m-1"], "settings": {"label": "m", "temperature": 1.0, "concurrency": 8}}},
        "prompts": {"induction/label/prosocial/system": "1" * 64, "words/public_goods/rules": "2" * 64},
    }
    return FoundRun(
        number=number,
        folder=folder / str(number),
        run=str(number),
        manifest={**about, **manifest},
        overrides=list(typed),
        asked=OmegaConf.to_container(asked, resolve=False),
        settings=OmegaConf.to_container(asked, resolve=True),
        choices=CHOICES | (choices or {}),
    )


def swept(key, *values):
    """A job for each value of a key that was typed."""
    return [made(number, [f"{key}={value}"], {key: value}) for number, value in enumerate(values)]


def test_a_setting_that_was_swept_is_a_column_by_its_key_and_numbers_are_numbers():
    found = factors(swept("game.rules.multiplier", 1.6, 2, 2.4))
    assert list(found) == ["game.rules.multiplier"]
    assert found["game.rules.multiplier"].tolist() == [1.6, 2.0, 2.4]
    assert found["game.rules.multiplier"].dtype == float
    assert factors(swept("seed", 1, 2))["seed"].dtype == np.int64


def test_what_is_the_same_everywhere_and_what_nothing_asked_depends_on_are_no_columns():
    jobs = [made(n, ["seed=1", f"name=run{n}", f"replies.store=s{n}"], {"name": f"run{n}"}) for n in (0, 1)]
    assert list(factors(jobs)) == []


def test_a_setting_that_another_follows_is_one_column():
    assert list(factors(swept("model.temperature", 0.0, 1.0))) == ["model.temperature"]


def test_a_member_of_the_catalogue_is_one_column_whatever_it_brings_along():
    jobs = [
        made(0, ["game=trust"], {"game.rules.multiplier": 3}, {"game": "trust"}),
        made(1, ["game=ultimatum"], {"game.rules": {"pie": 10}}, {"game": "ultimatum"}),
    ]
    assert factors(jobs).to_dict("list") == {"game": ["trust", "ultimatum"]}


def test_a_file_that_was_edited_between_two_runs_shows():
    jobs = [made(0, ["seed=1"]), made(1, ["seed=2"], {"seed": 2, "model.chat.spread": 4.0})]
    assert list(factors(jobs)) == ["model.chat.spread", "seed"]


def test_a_mapping_that_was_swept_gives_its_parts_that_differ():
    cells = [{"orientation": "prosocial", "share": share} for share in (0.5, 1.0)]
    jobs = [
        made(number, ["population.cells={…}"], {"population.cells": {"prosocial": cell} | more})
        for number, (cell, more) in enumerate(
            zip(cells, ({"selfish": {"orientation": "individualistic", "share": 0.5}}, {}), strict=True)
        )
    ]
    found = factors(jobs)
    assert list(found) == ["population.cells.prosocial.share", "population.cells.selfish.share"]
    assert found["population.cells.selfish.share"].isna().tolist() == [False, True]


def test_lists_are_json_and_an_experiment_explains_what_its_file_sets():
    jobs = swept("phases", ["before"], ["before", "play"])
    assert factors(jobs)["phases"].tolist() == ['["before"]', '["before", "play"]']
    files = [
        made(0, ["experiment=slider"], {"phases": ["before"]}, {"experiment": "slider"}),
        made(1, ["experiment=society"]),
    ]
    assert list(factors(files)) == ["experiment"]


@given(st.sets(st.integers(0, 60), min_size=1))
def test_job_numbers_in_words_name_each_job_once(jobs):
    told = numbers(sorted(jobs))
    assert told.startswith("job ") == (len(jobs) == 1)
    named = set()
    for first, last in re.findall(r"(\d+)(?:–(\d+))?", told):
        span = set(range(int(first), int(last or first) + 1))
        assert not named & span
        named |= span
    assert named == jobs


# --- what may be mixed ------------------------------------------------------------------------------------------------


def told(jobs):
    return [f"{one.kind}: {one.told}" for one in disagreements(jobs, factors(jobs))]


def other(**changed):
    """Two pairs of replicates, the second with another manifest."""
    first = [made(n, [f"seed={n}"], {"seed": n}) for n in (0, 1)]
    return first + [made(n, [f"seed={n}"], {"seed": n}, **changed) for n in (2, 3)]


def test_runs_that_were_made_alike_agree():
    assert told(other()) == []


def test_other_code_is_named_with_both_revisions_and_their_jobs():
    found = told(other(code={"commit": "b" * 40, "uncommitted_changes": False}))
    assert found == [f"code: jobs 0–1 made by commit {'a' * 12}, jobs 2–3 made by commit {'b' * 12}"]


def test_uncommitted_changes_differ_from_none_and_cannot_be_compared_with_each_other():
    changed = {"commit": "a" * 40, "uncommitted_changes": True}
    assert "with uncommitted changes" in told(other(code=changed))[0]
    jobs = [made(n, code=changed) for n in (0, 1)]
    assert told(jobs) == []
    assert unverifiable(jobs) == ["jobs 0–1 ran with uncommitted changes, which cannot be compared"]
    assert unverifiable(other()) == []


def test_another_identity_of_the_same_model_is_named():
    models = {"m": {"identities": ["m-2"], "settings": {"label": "m", "temperature": 1.0, "concurrency": 8}}}
    assert told(other(models=models)) == ["models: model m answered as m-1 in jobs 0–1, as m-2 in jobs 2–3"]


def test_who_answered_stands_in_the_decisions_where_the_manifest_names_nobody(tmp_path):
    nobody = {"m": {"identities": [], "settings": made(0).manifest["models"]["m"]["settings"]}}

    def jobs(identity):
        written(tmp_path / "1", [decision(0, identity=identity), decision(1, model="other", identity="m-9")])
        return [made(0), made(1, folder=tmp_path, models=nobody)]

    assert told(jobs("m-1")) == []
    assert told(jobs("m-2")) == ["models: model m answered as m-1 in job 0, as m-2 in job 1"]
    # An endpoint that does not say who it is cannot be compared.
    assert told(jobs(None)) == []


def test_another_setting_of_the_same_model_is_named_but_not_a_rate():
    warm = {"m": {"identities": ["m-1"], "settings": {"label": "m", "temperature": 0.2, "concurrency": 99}}}
    assert told(other(models=warm)) == [
        "models: model m was set to temperature=1.0 in jobs 0–1, temperature=0.2 in jobs 2–3"
    ]


def test_models_that_were_swept_are_no_disagreement():
    def models(value):
        return {"m": {"identities": [f"m at {value}"], "settings": {"label": "m", "temperature": value}}}

    def jobs(typed):
        return [
            made(n, [f"model.temperature={t}"] if typed else [], {"model.temperature": t}, models=models(t))
            for n, t in enumerate((0.0, 1.0))
        ]

    assert told(jobs(typed=True)) == []
    assert len(told(jobs(typed=False))) == 2


def test_other_words_under_the_same_name_are_named_with_where_to_compare_them():
    words = {"induction/label/prosocial/system": "9" * 64, "words/public_goods/rules": "2" * 64}
    (found,) = told(other(prompts=words))
    assert "induction/label/prosocial/system have hash 11111111 in jobs 0–1, hash 99999999 in jobs 2–3" in found
    assert "0/prompts.json" in found
    assert "2/prompts.json" in found


def test_wording_that_was_swept_is_no_disagreement_but_a_changed_wording_within_it_is():
    words = {"induction/label/prosocial/system": "9" * 64}
    jobs = [
        made(0, ["induction.system=a"], {"induction.system": "a"}),
        made(1, ["induction.system=b"], {"induction.system": "b"}, prompts=words),
    ]
    assert told(jobs) == []
    chosen = [made(n, ["induction=label"], prompts=words if n else made(0).manifest["prompts"]) for n in (0, 1)]
    chosen.append(made(2, ["induction=hvae"], choices={"induction": "hvae"}, prompts={}))
    assert len(told(chosen)) == 1


def test_another_version_of_the_tables_is_named():
    assert told(other(schema=2)) == ["schema: the tables have version 3 in jobs 0–1, version 2 in jobs 2–3"]
