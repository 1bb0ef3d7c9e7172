"""Whether a translation of an induction has the structure of what it translates."""

from collections.abc import Iterator

from agents.induction import Induction
from experiments.catalogue import known, member
from experiments.wording_texts import digits, parts, places, sentences
from experiments.wordings import Finding
from games.errors import SettingError


def translation_findings(file: str, made: Induction) -> Iterator[Finding]:
    """Whether a translation has the parts, variables and sentences of what it translates."""

    def finding(what: str, orientation: str = "") -> Finding:
        return Finding("error", file, orientation, "translation", what, f"follow {made.translation_of} part by part")

    if made.translation_of not in known("induction"):
        yield finding(f"translation_of={made.translation_of}, which the catalogue does not hold")
        return
    try:
        first = Induction.from_data(member("induction", made.translation_of))
    except SettingError as error:
        yield finding(f"what it translates cannot be read: {error}")
        return
    if first.language == made.language:
        yield finding(f"language {made.language} is that of {first.name} too")
    for what in ("history", "names_value", "person"):
        if (its := getattr(made, what)) != getattr(first, what):
            yield finding(f"{what} is {its}, there {getattr(first, what)}")
    mine, theirs = parts(made), parts(first)
    if mine.keys() != theirs.keys():
        yield finding(f"it has {', '.join(mine) or 'no part'}; there are {', '.join(theirs)}")
        return
    if [step.save for step in made.steps] != [step.save for step in first.steps]:
        yield finding("its steps save other answers")
    variables = {part: (places(text), places(theirs[part])) for part, text in mine.items()}
    for part, (here, there) in variables.items():
        if here != there:
            yield finding(f"{part} has the variables {', '.join(here) or 'none'}, there {', '.join(there) or 'none'}")
    if any(here != there for here, there in variables.values()):
        return
    for part, text in mine.items():
        for what in _unlike(text, theirs[part]):
            yield finding(f"{part} has {what}")
    for orientation, given in made.values.items():
        for name, text in given.items():
            for what in _unlike(text, first.values[orientation][name]):
                yield finding(f"{name} has {what}", orientation)


def _unlike(text: str, translated: str) -> Iterator[str]:
    """In what countable things a text differs from what it translates."""
    here, there = sentences(text), sentences(translated)
    if here != there:
        yield f"{here} sentences, there {there}"
    if digits(text) != digits(translated):
        yield f"the numbers {', '.join(digits(text)) or 'none'}, there {', '.join(digits(translated)) or 'none'}"
