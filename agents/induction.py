"""Inductions: ways of wording a value into a prompt.

An induction is one text with variables and, per orientation, the values of those variables; so its variants differ in
the value and in nothing else. `conf/induction/*.yaml` holds them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.wording import render, variables
from games.errors import SettingError, unknown
from games.svo import Orientation

PERSONS = ("", "first", "second", "third")
"""In which grammatical person the value is worded; "" where that has no meaning, as in a control."""


@dataclass(frozen=True)
class Step:
    """One preparatory exchange before the first question.

    ask: what the model is asked.  save: the variable under which its answer is kept for later wording, if any.
    """

    ask: str
    save: str | None = None


@dataclass(frozen=True)
class Induced:
    """An induction in the words of one orientation.

    system: the system message, "" for none.  steps: the preparatory exchanges.  reminder: repeated with every question,
    still with the variables that the steps save.  history: whether a conversation keeps its earlier questions and
    answers.  induces: whether any value is worded at all.
    """

    name: str
    system: str
    steps: tuple[Step, ...]
    reminder: str
    history: bool
    induces: bool


@dataclass(frozen=True)
class Induction:
    """A way of wording a value.

    values: the variables of each orientation.  system, steps, reminder: the wording.  history: whether earlier
    questions and answers stay in the conversation (cleared between administrations and before play).  source: where
    the wording comes from.
    What the wording says of itself, which changes nothing that is sent and which `experiments.prompt lint` checks:
    language: two letters of ISO 639, such as en.  person: of PERSONS.  names_value: whether the orientation's name is
    told.  translation_of: the induction that this one translates, if any.

    Raises SettingError when built with an orientation missing or unknown, a variable without a value, a value that no
    wording uses, a wording that uses an answer before the step that saves it, or an unknown language or person.
    """

    name: str
    source: str
    system: str = ""
    steps: tuple[Step, ...] = ()
    reminder: str = ""
    history: bool = False
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    language: str = "en"
    person: str = ""
    names_value: bool = False
    translation_of: str | None = None

    def __post_init__(self) -> None:
        where = f"induction {self.name}"
        if self.person not in PERSONS:
            raise unknown(f"{where}: person", self.person, [one for one in PERSONS if one])
        if not re.fullmatch("[a-z]{2}", str(self.language)):
            raise SettingError(f"{where}: language={self.language!r} must be two letters of ISO 639, such as en")
        if not isinstance(self.names_value, bool):
            raise SettingError(f"{where}: names_value={self.names_value!r} must be true or false")
        for told in misfits(self.system, self.steps, self.reminder, self.values, where):
            raise SettingError(f"{where}: {told}")

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Induction":
        """An induction from plain data as a YAML file holds it. Raises SettingError for a key it does not know."""
        where = f"induction {data.get('name', '(without a name)')}"
        try:
            steps = tuple(Step(**step) for step in data.get("steps") or ())
            return cls(**{**data, "steps": steps})
        except TypeError as error:
            raise SettingError(f"{where}: {str(error).replace('Induction.__init__() ', '')}") from error

    def worded(self, orientation: Orientation) -> Induced:
        """This induction in the words of one orientation."""
        where = f"induction {self.name}"
        given = dict(self.values.get(orientation.value, {}))
        saved = {step.save: f"{{{{ {step.save} }}}}" for step in self.steps if step.save}
        known = {**given, **saved}
        return Induced(
            name=self.name,
            system=render(self.system, known, where),
            steps=tuple(Step(render(step.ask, known, where), step.save) for step in self.steps),
            reminder=render(self.reminder, known, where),
            history=self.history,
            induces=bool(self.values),
        )

    def texts(self) -> dict[str, str]:
        """The exact words of each orientation, by what they are, for a run's record."""
        found = {}
        for orientation in Orientation:
            one = self.worded(orientation)
            steps = {f"step {number}": step.ask for number, step in enumerate(one.steps, start=1)}
            for part, text in {"system": one.system, **steps, "reminder": one.reminder}.items():
                if text:
                    found[f"induction/{self.name}/{orientation.value}/{part}"] = text
        return found


def misfits(
    system: str, steps: Sequence[Step], reminder: str, values: Mapping[str, Mapping[str, str]], where: str
) -> Iterator[str]:
    """All that does not fit between a wording and its values, a line each; nothing where all fits.

    Raises SettingError for a wording that is no valid template; `where` is what to call it.
    """
    needed, saved = set(variables(system, where)), set[str]()
    for step in steps:
        needed |= variables(step.ask, where) - saved
        saved |= {step.save} if step.save else set()
    needed |= variables(reminder, where) - saved
    if early := sorted(needed & saved):
        yield f"{', '.join(early)} is used before the step that saves it"
    if not needed and not values:
        return
    known = [orientation.value for orientation in Orientation]
    if missing := [name for name in known if name not in values]:
        yield f"no values for {', '.join(missing)}; add them under `values`"
    for name, given in values.items():
        if name not in known:
            yield f"unknown orientation {name!r}; known: {', '.join(known)}"
            continue
        if lacking := sorted(needed - given.keys()):
            yield f"{name} has no value for the variable(s) {', '.join(lacking)}"
        if unused := sorted(given.keys() - needed):
            yield f"{name} gives {', '.join(unused)}, which no wording uses"
