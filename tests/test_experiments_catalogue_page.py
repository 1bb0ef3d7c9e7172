"""The page of the catalogue says everything that a run can take, and is the one in the documentation."""

import importlib
import inspect
import re

import pytest

from experiments.catalogue import CATALOGUE, known, member
from experiments.catalogue_page import main, page

DOCUMENT = CATALOGUE.parent / "docs" / "catalogue.md"
COMMAND = "python -m experiments.catalogue_page > docs/catalogue.md"
PARTS = {"measure": "instrument", "game": "rules"}
"""Groups whose members are described at length, and where their settings stand."""


@pytest.fixture(scope="module")
def made():
    return page()


# --- what must stand on it -------------------------------------------------------------------------------------------


def needed():
    """What must stand on the page: (heading of the section, text)."""
    for group, part in PARTS.items():
        for name in known(group):
            heading, config = f"### {name}", member(group, name)
            target = config[part]["_target_"]
            module, _, kind = target.rpartition(".")
            found = importlib.import_module(module)
            for described in (found, getattr(found, kind)):
                yield heading, inspect.cleandoc(described.__doc__).splitlines()[0]
            for setting in config[part]:
                if setting != "_target_":
                    yield heading, f"\n{setting}:"
            if group == "game":
                yield heading, config["cooperation"]
                yield heading, "| social optimum |"
                yield heading, "| least, most |"
    for name in known("framing"):
        yield f"### framing `{name}`", f"### framing `{name}`"
        for game in member("framing", name)["words"] or {}:
            yield f"### framing `{name}`", f"`{game}`"
            yield f"### {game}", f"`{name}`"
    for group, title in (("agent", "Agents"), ("matching", "Matching rules"), ("induction", "Inductions")):
        for name in known(group):
            yield f"## {title}", f"\n- `{name}`: "


def section(text, heading):
    """A heading with all that stands below it up to the next one; "" where there is no such heading."""
    found = re.search(rf"^{re.escape(heading)}\n.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


NEEDED = list(needed())


def missing(text, needed=NEEDED):
    """What of all that must stand on the page does not."""
    return [(heading, one) for heading, one in needed if one not in section(text, heading)]


def test_everything_of_the_catalogue_is_on_the_page(made):
    assert missing(made) == []
    for group in PARTS:
        for name in known(group):
            assert f"[{name}](#{name})" in made, "the contents lead to every section"


def test_whatever_is_taken_off_the_page_is_noticed(made):
    for heading, one in NEEDED:
        there = section(made, heading)
        without = made.replace(there, there.replace(one, ""))
        assert missing(without, [(heading, one)]) == [(heading, one)]


def test_a_member_that_is_taken_off_the_page_is_noticed(made):
    for heading in dict.fromkeys(heading for heading, _ in NEEDED):
        without = made.replace(section(made, heading), "")
        mine = [one for one in NEEDED if one[0] == heading]
        assert missing(without, mine) == mine


def test_no_section_stands_for_nothing(made):
    headings = re.findall(r"^### (.*)$", made, re.MULTILINE)
    names = [*known("measure"), *known("game"), *(f"framing `{name}`" for name in known("framing"))]
    assert headings == names


def test_every_line_of_a_short_entry_says_something(made):
    for group, title in (("agent", "Agents"), ("matching", "Matching rules"), ("induction", "Inductions")):
        entries = re.findall(r"^- `(\w+)`: (.*)$", section(made, f"## {title}"), re.MULTILINE)
        assert [name for name, _ in entries] == known(group)
        assert all(len(told) > 20 for _, told in entries), entries


def test_settings_stand_with_their_values_and_comments(made):
    assert "\ncollapse: 5               # with less than this left, the resource is gone\n" in made
    assert "_target_" not in made


def test_yardsticks_and_references_are_in_figures(made):
    commons = section(made, "### commons")
    assert "| social optimum | all want 10 in the first month, 12 months | 0.92 | 130 |" in commons
    assert "| least, most | | | 0, 650 |" in commons
    assert "| people | contribute | cooperation by round: 0.529, 0.5315" in section(made, "### public_goods")
    assert "competitive -16.26°" in section(made, "### slider")


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_document_is_the_page(made):
    written = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    assert written == made, f"docs/catalogue.md is not what the catalogue holds now; renew it: {COMMAND}"


def test_the_page_names_the_command_that_writes_it(made):
    assert COMMAND in made


def test_the_command_prints_the_page(made, capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == made


@pytest.mark.parametrize(("words", "code"), [(["-h"], 0), (["--help"], 0), (["games"], 2)])
def test_the_command_says_how_it_is_used(words, code, capsys):
    assert main(words) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"usage: {COMMAND}\n"
