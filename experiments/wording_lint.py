"""Checks of wordings: leaked labels, unequal length, missing orientations, loaded words, and words of the tasks.

What no check finds is not thereby good: these are lists of words and counts, and reading the prompts stays necessary.
A finding is an error (the wording must not be used so), a warning (look at it) or a note (know it). An induction says
of itself whether it names the value and which language it is in; lint holds it to that.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from jinja2 import TemplateSyntaxError

from agents.induction import PERSONS, Induction, Step, misfits
from experiments.translations import translation_findings
from experiments.wording_four import unlike_findings
from experiments.wording_texts import (
    allocations,
    asked_in,
    hits,
    leaves,
    pairs,
    parts,
    places,
    spoken,
    whole,
)
from experiments.wording_words import CHINESE, LABELS, LANGUAGES, LOADED, PEOPLE, POINTS, TASKS
from experiments.wordings import Finding, Wording
from games.errors import SettingError
from games.svo import Orientation

_KEYS = {one.name for one in fields(Induction)}


def lint(wordings: Iterable[Wording]) -> list[Finding]:
    """All findings, in the order of the wordings and, within one, errors first."""
    found = list[Finding]()
    for one in wordings:
        if one.data is None:
            found.append(Finding("error", one.file, "", "unreadable", one.fault, "mend the file's YAML"))
            continue
        checks = induction_findings if one.group == "induction" else framing_findings
        levels = ("error", "warning", "note")
        found += sorted(checks(one.file, one.data, one.group), key=lambda finding: levels.index(finding.level))
    return found


def induction_findings(file: str, data: Mapping[str, Any], group: str = "induction") -> Iterator[Finding]:
    """What is to be said of an induction; its words are checked as far as its keys and templates can be read."""
    unfit = list(_unfit(file, data))
    yield from unfit
    try:
        made = Induction.from_data(_completed(data) if unfit else data)
    except (SettingError, TypeError, AttributeError):
        return  # what it is has been said above
    template = "\n".join(parts(made).values())
    yield from _leaks(file, made, template)
    yield from _loaded_in_induction(file, made, template)
    yield from _of_the_tasks(file, made, template)
    if unfit:
        return
    yield from unlike_findings(file, made)
    yield from _declared(file, made, template + "".join(whole(made, one) for one in Orientation))
    if made.translation_of:
        yield from translation_findings(file, made)


def _completed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with an empty text in the place of each value that is missing, and without what nothing uses."""
    steps = [Step(**step) for step in data.get("steps") or []]
    texts = [data.get("system") or "", data.get("reminder") or "", *(step.ask for step in steps)]
    needed = {name for text in texts for name in places(text)} - {step.save for step in steps}
    given = data.get("values") or {}
    values = {one.value: {name: str(given.get(one.value, {}).get(name, "")) for name in needed} for one in Orientation}
    return {key: value for key, value in data.items() if key in _KEYS} | {"values": values if needed else {}}


def _unfit(file: str, data: Mapping[str, Any]) -> Iterator[Finding]:
    def finding(what: str, instead: str, check: str = "keys", orientation: str = "") -> Finding:
        return Finding("error", file, orientation, check, what, instead)

    for key in sorted(data.keys() - _KEYS):
        yield finding(f"unknown key {key!r}", f"known are {', '.join(sorted(_KEYS))}")
    for key in ("name", "source"):
        if not data.get(key):
            yield finding(f"no `{key}`", f"add `{key}`")
    for key in ("system", "reminder"):
        if not isinstance(data.get(key) or "", str):
            yield finding(f"{key}={data[key]!r} is no text", "write one text, in quotes or after |")
            return
    values, raw = data.get("values") or {}, data.get("steps") or []
    try:
        steps = [Step(**step) for step in raw]
    except TypeError as error:
        yield finding(f"steps: {error}", "a step holds `ask` and, if its answer is kept, `save`")
        return
    if not isinstance(values, Mapping) or not all(isinstance(given, Mapping) for given in values.values()):
        yield finding("`values` is no mapping of orientations to variables", "write `prosocial: {variable: text}`")
        return
    for orientation, given in values.items():
        for name, value in given.items():
            if not isinstance(value, str):
                yield finding(f"{name}={value!r} is no text", "put it in quotes", "variables", orientation)
    system, reminder = data.get("system") or "", data.get("reminder") or ""
    for text in (system, reminder, *(step.ask for step in steps)):
        for place in re.findall(r"\{%.*?%\}|\{\{(?!\s*\w+\s*\}\}).*?\}\}", text):
            yield finding(
                f"{place} does more than show a variable", "write {{ name }} alone: the four differ in values only"
            )
    try:
        for told in misfits(system, steps, reminder, values, "wording"):
            missing = "no values for" in told
            instead = "give all four orientations the same variables, each used in the wording"
            yield finding(told, instead, "orientations" if missing else "variables")
    except SettingError as error:
        yield finding(str(error), "write variables as {{ name }}", "template")
    if data.get("person", "") not in PERSONS:
        yield finding(f"person={data['person']!r}", f"take {', '.join(filter(None, PERSONS))}")
    if not isinstance(data.get("names_value", False), bool):
        yield finding(f"names_value={data['names_value']!r}", "write true or false")
    if not re.fullmatch("[a-z]{2}", str(data.get("language", "en"))):
        yield finding(f"language={data['language']!r}", "write two letters of ISO 639, such as en")


def _leaks(file: str, made: Induction, template: str) -> Iterator[Finding]:
    """Names of orientations where the wording says that there are none, or in another orientation's text."""
    for name, pattern in LABELS.items():
        if hit := pattern.search(template):
            what = f"{hit[0]!r}, a name of {name}, stands in the text of all four"
            yield Finding("error", file, "", "leaked label", what, "name an orientation in its own values only")
    for orientation in Orientation:
        own = "\n".join(made.values.get(orientation.value, {}).values())
        for name, pattern in LABELS.items():
            hit = pattern.search(own)
            if hit and name is not orientation:
                what = f"{hit[0]!r} is a name of {name}"
                yield Finding("error", file, orientation.value, "leaked label", what, "say it without this word")
            elif hit and not made.names_value:
                what = f"{hit[0]!r} names the value, and names_value is not true"
                instead = "say it without this word, or set `names_value: true`"
                yield Finding("error", file, orientation.value, "leaked label", what, instead)
            elif name is orientation and made.names_value and own and not hit:
                what = "names_value is true, but no known name of the orientation stands here"
                instead = "name it, as for the others, or set `names_value: false`"
                yield Finding("warning", file, orientation.value, "label not named", what, instead)


def _loaded_in_induction(file: str, made: Induction, template: str) -> Iterator[Finding]:
    if not made.values:
        for word in hits(LOADED, template):
            what = f"{word!r} is a loaded word in a control, which should induce nothing"
            yield Finding("error", file, "", "loaded word", what, "say it without judgement")
        return
    for word in hits(LOADED, template):
        what = f"{word!r} judges, in the text of all four"
        yield Finding("warning", file, "", "loaded word", what, "say it without judgement")
    for orientation in Orientation:
        own = "\n".join(made.values[orientation.value].values())
        for pattern in LABELS.values():  # names are the business of another check
            own = pattern.sub("", own)
        for word in hits(LOADED, own):
            what = f"{word!r} judges, in this orientation's text only"
            yield Finding(
                "warning", file, orientation.value, "loaded word", what, "say what is wanted, not how good it is"
            )


def _of_the_tasks(file: str, made: Induction, template: str) -> Iterator[Finding]:
    text = "\n".join([template, *(value for given in made.values.values() for value in given.values())])
    for word in hits(TASKS, text):
        what = f"{word!r} is a word of a measure or a game"
        yield Finding("warning", file, "", "words of the task", what, "describe the value without what will be asked")
    asked = {one.value: pairs(whole(made, one)) & allocations() for one in Orientation}
    everywhere = set.intersection(*asked.values())
    for whose, found in {"": everywhere, **{name: here - everywhere for name, here in asked.items()}}.items():
        for pair in sorted(found):
            what = f"{pair[0]} and {pair[1]} is an option of {', '.join(asked_in(pair))}"
            yield Finding("error", file, whose, "item of a measure", what, "take other amounts")
    for word in hits(PEOPLE, text) if made.language == "en" else ():
        what = f"{word!r} tells of a person's gender or wealth, which is then induced too"
        yield Finding("warning", file, "", "a person", what, "word the value without a person")
    if hit := POINTS.search(text):
        what = f"{hit[0]!r} does not follow presentation.currency"
        yield Finding("note", file, "", "points", what, "keep presentation.currency=points with it")


def _declared(file: str, made: Induction, text: str) -> Iterator[Finding]:
    chinese = CHINESE.search(text) is not None
    # Japanese is written with some of these characters, or with none.
    if chinese != (made.language == "zh") and made.language != "ja" and text.strip():
        what = f"language is {made.language}, but its text has {'' if chinese else 'no '}Chinese characters"
        yield Finding("error", file, "", "language", what, "set `language` to what it is in")
    if made.language not in LANGUAGES:
        what = f"no word lists for {made.language}: labels and loaded words were not looked for"
        yield Finding(
            "note", file, "", "language", what, f"read it for them; there are lists for {', '.join(LANGUAGES)}"
        )
    if made.values and not made.person:
        yield Finding("note", file, "", "person", "no `person`", "add `person: first`, second or third")


def framing_findings(file: str, data: Mapping[str, Any], group: str) -> Iterator[Finding]:
    """What is to be said of the words of a framing, a game or a measure."""
    neutral = group != "framing" or data.get("name") == "neutral"
    for where, text in leaves(data if group == "framing" else data.get("words") or {}, ""):
        try:
            words = spoken(text)
        except TemplateSyntaxError as error:
            yield Finding("error", file, "", "template", f"{where}: {error.message}", "write variables as {{ name }}")
            continue
        for name, pattern in LABELS.items():
            for word in hits(pattern, words):
                what = f"{where}: {word!r} is a name of {name}, and everybody reads it"
                yield Finding("error", file, "", "leaked label", what, "say it without naming an orientation")
        for word in hits(LOADED, words) if neutral else ():
            what = f"{where}: {word!r} is a loaded word in a neutral text"
            yield Finding(
                "error", file, "", "loaded word", what, "say what happens; loaded words need a framing of their own"
            )
