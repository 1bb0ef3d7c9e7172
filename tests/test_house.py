"""The house: where modules resolve, how large files are, and that the project stands alone."""

import importlib
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("sim", "agents", "games", "conf", "experiments")


def shadow(name, checkout):
    """What to say when a top-level name does not resolve inside the checkout; None when it does."""
    found = importlib.import_module(name)
    where = Path(found.__file__ or next(iter(found.__path__))).resolve()
    if checkout in where.parents:
        return None
    return f"`import {name}` finds {where}, which shadows {checkout / name}; uninstall what put it there"


@pytest.mark.parametrize("name", PACKAGES)
def test_top_level_names_resolve_inside_the_checkout(name):
    assert shadow(name, CHECKOUT) is None


def test_a_shadowing_file_is_named():
    told = shadow("json", CHECKOUT)
    assert told is not None
    assert "json" in told
    assert "__init__.py" in told


def sources():
    return [path for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py")]


def test_no_source_file_holds_two_ideas():
    long = {str(path): count for path in sources() if (count := len(path.read_text().splitlines())) > 400}
    assert not long


def test_the_project_stands_alone():
    files = [path for pattern in ("*.py", "*.yaml", "*.toml") for path in CHECKOUT.rglob(pattern)]
    own = [path for path in files if not {".venv", "results"} & set(path.relative_to(CHECKOUT).parts)]
    assert len(own) > 40
    elsewhere = re.compile(r"\.\./sha" + "red")
    assert not [path for path in own if elsewhere.search(path.read_text(encoding="utf-8"))]


def test_pinned_requirements_name_no_address():
    for path in (CHECKOUT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_every_direct_dependency_has_a_reason():
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    lines = [line for line in block.splitlines() if line.strip()]
    assert len(lines) >= 10
    assert all("#" in line for line in lines)
