"""The documents say what the code does."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from experiments.catalogue import CATALOGUE, known
from experiments.schema import COLUMNS, DERIVED
from games.types import Failure
from tests.commands import CHECKOUT

OUTPUTS, SETTINGS, ADDING, README = (
    (CHECKOUT / path).read_text(encoding="utf-8")
    for path in ("docs/outputs.md", "docs/settings.md", "docs/adding.md", "README.md")
)


def documented_columns(text):
    """Table name → rows of (column, type, unit, meaning), as docs/outputs.md has them."""
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name = section.splitlines()[0].strip("`")
        rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", section, flags=re.MULTILINE)
        found[name] = [tuple(cell.strip() for cell in row) for row in rows]
    return found


def expected_columns():
    return {
        table: [(name, str(kind), unit, meaning) for name, (kind, unit, meaning) in columns.items()]
        for table, columns in {**COLUMNS, **DERIVED}.items()
    }


def test_every_column_is_documented_with_its_type_unit_and_meaning():
    documented = documented_columns(OUTPUTS)
    for table, rows in expected_columns().items():
        assert documented[table] == rows


def test_a_document_that_lacks_a_column_would_be_noticed():
    broken = documented_columns(OUTPUTS.replace("| `latency` |", "| `delay` |"))
    assert broken["decisions"] != expected_columns()["decisions"]


def listed(text):
    """The files that the map of a folder names, each as often as it names them."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return sorted(name for row in rows for name in re.findall(r"`([^`]+)`", row) if "." not in name)


def test_the_map_of_experiments_names_every_file_once():
    folder = CHECKOUT / "experiments"
    assert listed((folder / "README.md").read_text()) == sorted(
        path.stem for path in folder.glob("*.py") if path.stem != "__init__"
    )


def test_a_file_that_the_map_lacks_or_names_twice_would_be_noticed():
    text = (CHECKOUT / "experiments" / "README.md").read_text()
    assert listed(text) != listed(text.replace("`junit`", "`xml`"))
    assert listed(text) != listed(text.replace("`junit`", "`junit`, `run`"))


def test_every_failure_reason_is_documented():
    documented = set(re.findall(r"^\| `(\w+)` \| [^|]+ \|$", OUTPUTS.split("## Failures")[1], flags=re.MULTILINE))
    assert documented == {failure.value for failure in Failure}


def test_every_group_and_member_of_the_catalogue_is_documented():
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", SETTINGS, flags=re.MULTILINE))
    groups = {path.name for path in CATALOGUE.iterdir() if path.is_dir() and any(path.glob("*.yaml"))}
    assert set(rows) == groups
    for group, members in rows.items():
        assert set(re.findall(r"`(\w+)`", members)) == set(known(group))


def test_every_key_a_person_can_set_is_documented():
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        config = OmegaConf.to_container(compose("config"))
    own = set(config) - {"game", "measure", "matching", "agent", "model", "induction", "framing"}
    for key in own:
        nested = config[key] if isinstance(config[key], dict) else None
        for name in [f"{key}.{inner}" for inner in nested] if nested else [key]:
            assert f"`{name}`" in SETTINGS, name


def test_every_command_of_the_documents_composes():
    commands = re.findall(
        r"python -m experiments\.run((?:[^\n`\\]|\\\n)*)",
        "\n".join([README, SETTINGS, (CHECKOUT / "Makefile").read_text()]),
    )
    assert len(commands) > 8
    for line in commands:
        words = re.findall(r"'[^']*'|[^\s']+", line.replace("\\\n", " "))
        overrides = [word.strip("'") for word in words if "=" in word and "…" not in word and not word.startswith("$")]
        sweep = [override for override in overrides if "," in override and not re.search(r"[\[{]", override)]
        plain = [override for override in overrides if override not in sweep]
        plain += [f"{key}={values.split(',')[0]}" for key, _, values in (one.partition("=") for one in sweep)]
        with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
            assert compose("config", plain)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the checkout to which the worked examples of docs/adding.md were added."""
    copy = tmp_path_factory.mktemp("extended") / "checkout"
    shutil.copytree(
        CHECKOUT,
        copy,
        ignore=shutil.ignore_patterns(".*", "results", "__pycache__", "requirements", "benchmarks"),
    )
    (copy / "games" / "travellers_dilemma.py").write_text(blocks(ADDING, "python")[0], encoding="utf-8")
    game, induction = blocks(ADDING, "yaml")
    (copy / "conf" / "game" / "travellers_dilemma.yaml").write_text(game, encoding="utf-8")
    (copy / "conf" / "induction" / "motto.yaml").write_text(induction, encoding="utf-8")
    return copy


def test_the_worked_example_of_a_game_runs_with_one_py_and_one_yaml(extended):
    done = subprocess.run(
        [sys.executable, "-m", "experiments.run", "game=travellers_dilemma", "induction=motto", "hydra.run.dir=out"],
        cwd=extended,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    from experiments.store import read_table

    decisions = read_table(extended / "out", "decisions")
    play = decisions[decisions["phase"] == "play"]
    assert set(play["option"].dropna().astype(int)) <= set(range(2, 101))
    assert (play["induction"] == "motto").all()
    rounds = read_table(extended / "out", "rounds")
    assert rounds["payoff"].dropna().between(0, 101).all()


def test_the_worked_example_passes_the_conformance_checks(extended):
    words = [sys.executable, "-m", "pytest", "tests/test_conformance.py", "-q", "-n", "0", "-k"]
    subprocess.run(
        [*words, "golden and travellers"],
        cwd=extended,
        env={**os.environ, "GOLDEN": "write"},
        capture_output=True,
        check=True,
    )
    done = subprocess.run(
        [*words, "travellers or motto"],
        cwd=extended,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\.{10,} +\[100%\]", done.stdout)


def test_the_yaml_examples_are_yaml():
    for block in blocks(ADDING, "yaml"):
        assert isinstance(yaml.safe_load(block), dict)
