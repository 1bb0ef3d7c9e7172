"""Inductions: ways of wording a value into a prompt.

An induction is one text with variables and, per orientation, the values of those variables; so its variants differ in
the value and in nothing else. `conf/induction/*.yaml` holds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.wording import render, variables
from games.errors import SettingError
from games.svo import Orientation


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

    Raises SettingError when built with an orientation missing or unknown, a variable without a value, a value that no
    wording uses, or a wording that uses an answer before the step that saves it.
    """

    name: str
    source: str
    system: str = ""
    steps: tuple[Step, ...] = ()
    reminder: str = ""
    history: bool = False
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"induction {self.name}"
        needed, saved = set(variables(self.system, where)), set[str]()
        for step in self.steps:
            needed |= variables(step.ask, where) - saved
            saved |= {step.save} if step.save else set()
        needed |= variables(self.reminder, where) - saved
        if early := sorted(needed & saved):
            raise SettingError(f"{where}: {', '.join(early)} is used before the step that saves it")
        if not needed and not self.values:
            return
        known = [orientation.value for orientation in Orientation]
        if missing := [name for name in known if name not in self.values]:
            raise SettingError(f"{where}: no values for {', '.join(missing)}; add them under `values`")
        for name, given in self.values.items():
            if name not in known:
                raise SettingError(f"{where}: unknown orientation {name!r}; known: {', '.join(known)}")
            if lacking := sorted(needed - given.keys()):
                raise SettingError(f"{where}: {name} has no value for the variable(s) {', '.join(lacking)}")
            if unused := sorted(given.keys() - needed):
                raise SettingError(f"{where}: {name} gives {', '.join(unused)}, which no wording uses")

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
