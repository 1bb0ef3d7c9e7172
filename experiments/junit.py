"""Results as JUnit XML, which continuous integration shows: one suite a run, one case a rule and cell.

Written to the schema of Apache Ant (github.com/windyroad/JUnit-Schema), the strictest in use. It has no properties of a
case and no time zone; so what a case must say stands in its name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

ERROR = "error"
"""The kind of a case that could not be judged."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (section 2.2)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    kind: "passed", "skipped", ERROR, or what made it fail.  seconds: how long it took.  said: its result in a line.
    """

    group: str
    name: str
    kind: str
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one run.

    properties: what is told of the run.  out: what a person would have read.
    """

    name: str
    properties: Mapping[str, str]
    cases: Sequence[Case]
    out: str


def write_junit(path: Path, suites: Sequence[Suite], when: datetime) -> None:
    """Write the suites into a file, whole or not at all. when: in UTC."""
    root = ElementTree.Element("testsuites")
    for number, suite in enumerate(suites):
        _suite(root, number, suite, when)
    ElementTree.indent(root)
    unnamed = path.with_name(f"{path.name}.unfinished")
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(unnamed, encoding="utf-8", xml_declaration=True)
    unnamed.replace(path)


def cleaned(words: str) -> str:
    """Words with a mark in the place of every character that XML cannot hold."""
    return _NO_XML.sub("\ufffd", words)


def _suite(root: ElementTree.Element, number: int, suite: Suite, when: datetime) -> None:
    failures = sum(case.kind not in ("passed", "skipped", ERROR) for case in suite.cases)
    about = {
        "name": _token(suite.name),
        "package": "pass_rules",
        "id": str(number),
        "timestamp": when.strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "tests": str(len(suite.cases)),
        "failures": str(failures),
        "errors": str(sum(case.kind == ERROR for case in suite.cases)),
        "skipped": str(sum(case.kind == "skipped" for case in suite.cases)),
        "time": f"{sum(case.seconds for case in suite.cases):.3f}",
    }
    made = ElementTree.SubElement(root, "testsuite", about)
    properties = ElementTree.SubElement(made, "properties")
    for name, value in suite.properties.items():
        ElementTree.SubElement(properties, "property", {"name": _token(name), "value": cleaned(value)})
    for case in suite.cases:
        named = {"classname": _token(case.group), "name": _token(case.name), "time": f"{case.seconds:.3f}"}
        one = ElementTree.SubElement(made, "testcase", named)
        said = cleaned(case.said)
        if case.kind == "skipped":
            ElementTree.SubElement(one, "skipped", {"message": said})
        elif case.kind != "passed":
            tag = ERROR if case.kind == ERROR else "failure"
            ElementTree.SubElement(one, tag, {"type": case.kind, "message": said}).text = said
    ElementTree.SubElement(made, "system-out").text = cleaned(suite.out)
    ElementTree.SubElement(made, "system-err")


def _token(words: str) -> str:
    """Words on one line, with single spaces, as the schema has names."""
    return " ".join(cleaned(words).split()) or "-"
