"""Strict rendering of wording: a variable that is missing or unknown is an error, before anything is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, meta

from games.errors import SettingError
from games.types import Answer, Decision, Experience

_ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_ENVIRONMENT.filters["points"] = lambda number: f"{number:g}"


@lru_cache(maxsize=512)
def _compiled(text: str, where: str) -> Template:
    try:
        return _ENVIRONMENT.from_string(text)
    except TemplateSyntaxError as error:
        raise SettingError(f"{where}: {error.message} in {text.strip()[:60]!r}") from error


@lru_cache(maxsize=512)
def variables(text: str, where: str) -> frozenset[str]:
    """The names that a wording needs. Raises SettingError if it is no valid template."""
    _compiled(text, where)
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))


def render(text: str, known: Mapping[str, Any], where: str) -> str:
    """The wording with its variables filled in, without surrounding white space.

    where: what to call the wording in an error. Raises SettingError for a variable that `known` does not hold.
    """
    # Many are told the same: a wording is filled in once for the same values, if these can be compared.
    names = variables(text, where)
    if names <= known.keys():
        given = tuple((name, *_comparable(known[name])) for name in names)
        if all(kinds is not None for _, kinds, _ in given):
            return _filled(text, where, given)
    return _fill(text, where, known)


def _comparable(value: object) -> tuple[object, object]:
    """A value with its kind, which tells 1 from True and 1.0; no kind for what may change or cannot be told apart."""
    if isinstance(value, tuple):
        return (tuple(map(type, value)) if all(isinstance(one, str) for one in value) else None), value
    return (type(value) if isinstance(value, str | int | float | None) else None), value


@lru_cache(maxsize=4096)
def _filled(text: str, where: str, given: tuple[tuple[str, object, object], ...]) -> str:
    return _fill(text, where, {name: value for name, _, value in given})


def _fill(text: str, where: str, known: Mapping[str, Any]) -> str:
    try:
        return _compiled(text, where).render(known).strip()
    except UndefinedError as error:
        raise SettingError(
            f"{where}: {error.message} in {text.strip()[:60]!r}; known variables: {', '.join(sorted(known))}"
        ) from error
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise SettingError(f"{where}: {error} in {text.strip()[:60]!r}") from error


@dataclass(frozen=True)
class Words:
    """The words of one game or measure.

    rules: what is told before every question.  questions: by stage.  past: by an experience's stage, one line each.
    acts: the words for each act on a lettered menu; without them a menu states the points that each option brings.
    """

    rules: str
    questions: Mapping[str, str]
    past: Mapping[str, str] = field(default_factory=dict)
    acts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_data(cls, game: str, data: Mapping[str, Any]) -> "Words":
        """Words from plain data as a YAML file holds it. Raises SettingError for a key that is missing or unknown."""
        try:
            # YAML reads the act 3 as a number; acts are looked up by what they are called.
            return cls(**{**data, "acts": {str(act): text for act, text in (data.get("acts") or {}).items()}})
        except TypeError as error:
            raise SettingError(f"words of {game}: {str(error).replace('Words.__init__() ', '')}") from error


_PARTS = (
    "same_partners",
    "new_partners",
    "past_header",
    "memory_header",
    "option",
    "act",
    "answer_letter",
    "answer_amount",
)


@dataclass(frozen=True)
class Framing:
    """How decisions are put into words.

    name: of the framing.
    words: of each game and measure by its name.
    same_partners, new_partners: whether the group stays together, told after the rules where the society says so.
    past_header: stands before past rounds of the same game.
    memory_header: stands before what was lived in another game.
    option: one line of a menu of points, with `label`, `own`, `other` and `others`.
    act: one line of a menu of acts, with `label` and `act`.
    answer_letter, answer_amount: how to answer, with `labels`, and with `least` and `most`.
    """

    name: str
    words: Mapping[str, Words]
    same_partners: str
    new_partners: str
    past_header: str
    memory_header: str
    option: str
    act: str
    answer_letter: str
    answer_amount: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any], own: Mapping[str, Words]) -> "Framing":
        """A framing from plain data as a YAML file holds it, over the words that games and measures bring themselves.

        Raises SettingError for a key that is missing or unknown.
        """
        replaced = {game: Words.from_data(game, words) for game, words in (data.get("words") or {}).items()}
        try:
            return cls(**{**data, "words": {**own, **replaced}})
        except TypeError as error:
            where = f"framing {data.get('name', '(without a name)')}"
            raise SettingError(f"{where}: {str(error).replace('Framing.__init__() ', '')}") from error

    def question(self, decision: Decision) -> str:
        """All that a player reads for one decision. Raises SettingError for a missing word or variable."""
        words = self.words_of(decision.game)
        where = f"words of {decision.game}"
        if decision.stage not in words.questions:
            raise SettingError(
                f"{where}: no question for stage {decision.stage!r}; add words.questions.{decision.stage}"
            )
        parts = [*self._memory(decision), self._rules(decision.game, decision.facts)]
        lived = [e for e in decision.past if e.game == decision.game]
        if lived:
            parts += [render(self.past_header, decision.facts, f"framing {self.name}: past_header")]
            parts += ["\n".join(self._lines(lived))]
        parts.append(render(words.questions[decision.stage], decision.facts, f"{where}: {decision.stage}"))
        if decision.answer is Answer.LETTER:
            parts.append(self._menu(decision))
            known: dict[str, Any] = {"labels": decision.labels}
            parts.append(render(self.answer_letter, known, f"framing {self.name}: answer_letter"))
        else:
            amounts = [int(option.act) for option in decision.options]
            known = {"least": min(amounts), "most": max(amounts)}
            parts.append(render(self.answer_amount, known, f"framing {self.name}: answer_amount"))
        return "\n\n".join(part for part in parts if part)

    def texts(self, games: Sequence[str]) -> dict[str, str]:
        """The exact templates that put these games and measures into words, by what they are, for a run's record."""
        found = {f"framing/{self.name}/{part}": getattr(self, part) for part in _PARTS}
        for game in games:
            words = self.words_of(game)
            found[f"words/{game}/rules"] = words.rules
            found |= {f"words/{game}/questions/{stage}": text for stage, text in words.questions.items()}
            found |= {f"words/{game}/past/{stage}": text for stage, text in words.past.items()}
            found |= {f"words/{game}/acts/{act}": text for act, text in words.acts.items()}
        return found

    def words_of(self, game: str) -> Words:
        """The words of a game or measure. Raises SettingError if this framing has none for it."""
        if game not in self.words:
            raise SettingError(f"framing {self.name}: no words for {game!r}; known: {', '.join(sorted(self.words))}")
        return self.words[game]

    def _memory(self, decision: Decision) -> list[str]:
        elsewhere = [e for e in decision.past if e.game != decision.game]
        if not elsewhere:
            return []
        header = render(self.memory_header, {}, f"framing {self.name}: memory_header")
        # The rules of what was played give the remembered numbers their meaning.
        games = dict.fromkeys(e.game for e in elsewhere)
        told = [self._remembered_rules(decision, game) for game in games]
        return [header, *told, "\n".join(self._lines(elsewhere))]

    def _remembered_rules(self, decision: Decision, game: str) -> str:
        facts = decision.facts.get("remembered")
        known = facts.get(game) if isinstance(facts, Mapping) else None
        if not isinstance(known, Mapping):
            return ""
        return self._rules(game, known)

    def _rules(self, game: str, facts: Mapping[str, Any]) -> str:
        rules = render(self.words_of(game).rules, facts, f"words of {game}: rules")
        if "lasting" not in facts:
            return rules
        name = "same_partners" if facts["lasting"] else "new_partners"
        return f"{rules} {render(getattr(self, name), facts, f'framing {self.name}: {name}')}"

    def _lines(self, experiences: Sequence[Experience]) -> list[str]:
        lines = []
        for one in experiences:
            words = self.words_of(one.game).past
            if one.stage not in words:
                raise SettingError(f"words of {one.game}: no line for a past {one.stage!r}; add words.past.{one.stage}")
            known = {"round": one.round, **one.facts}
            lines.append(render(words[one.stage], known, f"words of {one.game}: past {one.stage}"))
        return lines

    def _menu(self, decision: Decision) -> str:
        acts = self.words_of(decision.game).acts
        if not acts:
            rows = tuple(
                (label, float(option.allocation.own), float(option.allocation.other))
                for label, option in decision.labelled()
            )
            return _menu_of_points(self.option, f"framing {self.name}: option", decision.others, rows)
        lines = []
        for label, option in decision.labelled():
            if str(option.act) not in acts:
                where = f"words of {decision.game}"
                raise SettingError(f"{where}: none for the act {option.act!r}; add words.acts.{option.act}")
            known = {"label": label, "act": acts[str(option.act)]}
            lines.append(render(self.act, known, f"framing {self.name}: act"))
        return "\n".join(lines)


@lru_cache(maxsize=1024)
def _menu_of_points(line: str, where: str, others: int, rows: tuple[tuple[str, float, float], ...]) -> str:
    # The same menus are put to everybody: writing them anew would cost more than all else before a call.
    return "\n".join(
        render(line, {"label": label, "own": own, "other": other, "others": others}, where)
        for label, own, other in rows
    )
