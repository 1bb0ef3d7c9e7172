"""Strict rendering of wording: a variable that is missing or unknown is an error, before anything is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import (
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    meta,
)

from games.errors import SettingError
from games.types import Answer, Decision, Experience

_ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_ENVIRONMENT.filters["points"] = lambda number: f"{number:g}"
_ENVIRONMENT.filters["capital"] = lambda word: word[:1].upper() + word[1:]
_ENVIRONMENT.filters["of"] = lambda number, word: (
    f"{number:g} {word[:-1] if number == 1 and word[-1:] == 's' else word}"
)
_ENVIRONMENT.filters["percent"] = lambda share: f"{100 * share:g}%"


def _listed(values: Sequence[object], names: Sequence[str] = (), words: Mapping[str, str] | None = None) -> str:
    """What several players did, in a row: in the words for acts where there are any, and with names where known."""
    names = () if isinstance(names, Undefined) else names
    told = [f"{one:g}" if isinstance(one, int | float) else (words or {}).get(str(one), str(one)) for one in values]
    return ", ".join([f"{name}: {one}" for name, one in zip(names, told, strict=True)] if names else told)


_ENVIRONMENT.filters["listed"] = _listed


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

    where: what to call the wording in an error. Raises SettingError for a variable that `known` does not hold, unless
    the wording only asks whether it is defined.
    """
    # Many are told the same: a wording is filled in once for the same values, if these can be compared.
    given = tuple((name, *_comparable(known[name])) for name in variables(text, where) if name in known)
    if all(kinds is not None for _, kinds, _ in given):
        try:
            return _filled(text, where, given)
        except SettingError:
            pass  # told below, with all that is known
    return _fill(text, where, known)


def _comparable(value: object) -> tuple[object, object]:
    """A value with its kind, which tells 1 from True and 1.0; no kind for what may change or cannot be told apart.

    Words by name, such as those for acts, are given as pairs.
    """
    if isinstance(value, tuple):
        kinds = tuple(_comparable(one)[0] for one in value)
        return (None if None in kinds or dict in kinds else kinds), value
    if isinstance(value, dict):
        plain = all(isinstance(one, str) for pair in value.items() for one in pair)
        return (dict, tuple(value.items())) if plain else (None, value)
    return (type(value) if isinstance(value, str | int | float | None) else None), value


@lru_cache(maxsize=4096)
def _filled(text: str, where: str, given: tuple[tuple[str, object, object], ...]) -> str:
    known = {name: dict(value) if kind is dict else value for name, kind, value in given}  # type: ignore[call-overload]  # `kind` says that it is a mapping's items
    return _fill(text, where, known)


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
    acts: the words for each act on a menu; without them a menu states the points that each option brings.
    In all of them `currency` is the word for points.
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
    "own_name",
    "noise",
    "round_known",
    "round_unknown",
    "round_random",
    "past_header",
    "memory_header",
    "option",
    "option_other_first",
    "act",
    "answer_letter",
    "answer_number",
    "answer_amount",
)
_HORIZONS = {"known": "round_known", "unknown": "round_unknown", "random": "round_random"}


@dataclass(frozen=True)
class Framing:
    """How decisions are put into words.

    name: of the framing.
    words: of each game and measure by its name.
    same_partners, new_partners: whether the group stays together, told after the rules where there may be more than one
        round and the society says so.
    own_name: the player's own name, told with the rules to more than two whose seats have names.
    noise: that acts may go astray, told at the end of the rules where `noise` is above 0.
    round_known, round_unknown, round_random: which round it is and how long it may go on, told before the question by
        the fact `horizon`; nothing is told of a single round.
    past_header: stands before past rounds of the same game.
    memory_header: stands before what was lived in another game.
    option, option_other_first: one line of a menu of points, with `label`, `own`, `other` and `others`, by whose points
        come first.
    act: one line of a menu of acts, with `label` and `act`.
    answer_letter, answer_number, answer_amount: how to answer, with `labels`, and for amounts with `least` and `most`.
    In all of them `currency` is the word for points.
    """

    name: str
    words: Mapping[str, Words]
    same_partners: str
    new_partners: str
    own_name: str
    noise: str
    round_known: str
    round_unknown: str
    round_random: str
    past_header: str
    memory_header: str
    option: str
    option_other_first: str
    act: str
    answer_letter: str
    answer_number: str
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
        currency = decision.layout.currency
        facts = {**decision.facts, "currency": currency, "acts": self._acts(decision.game, currency)}
        parts = [*self._memory(decision), self._rules(decision.game, facts)]
        lived = [e for e in decision.past if e.game == decision.game]
        if lived:
            parts += [self._part("past_header", facts)]
            parts += ["\n".join(self._lines(lived, currency))]
        asked = render(words.questions[decision.stage], facts, f"{where}: {decision.stage}")
        parts.append(f"{self._round(facts)} {asked}".strip())
        if decision.answer is Answer.AMOUNT:
            amounts = [int(option.act) for option in decision.options]
            known: dict[str, Any] = {"least": min(amounts), "most": max(amounts), "currency": currency}
            parts.append(self._part("answer_amount", known))
        else:
            parts.append(self._menu(decision))
            how = "answer_letter" if decision.answer is Answer.LETTER else "answer_number"
            parts.append(self._part(how, {"labels": decision.labels, "currency": currency}))
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

    def _part(self, name: str, known: Mapping[str, Any]) -> str:
        return render(getattr(self, name), known, f"framing {self.name}: {name}")

    def _memory(self, decision: Decision) -> list[str]:
        elsewhere = [e for e in decision.past if e.game != decision.game]
        if not elsewhere:
            return []
        currency = decision.layout.currency
        header = self._part("memory_header", {"currency": currency})
        # The rules of what was played give the remembered numbers their meaning.
        games = dict.fromkeys(e.game for e in elsewhere)
        told = [self._remembered_rules(decision, game) for game in games]
        return [header, *told, "\n".join(self._lines(elsewhere, currency))]

    def _remembered_rules(self, decision: Decision, game: str) -> str:
        facts = decision.facts.get("remembered")
        known = facts.get(game) if isinstance(facts, Mapping) else None
        if not isinstance(known, Mapping):
            return ""
        currency = decision.layout.currency
        return self._rules(game, {**known, "currency": currency, "acts": self._acts(game, currency)})

    def _rules(self, game: str, facts: Mapping[str, Any]) -> str:
        told = [render(self.words_of(game).rules, facts, f"words of {game}: rules")]
        if "lasting" in facts and not _single(facts):
            told.append(self._part("same_partners" if facts["lasting"] else "new_partners", facts))
        if "own_name" in facts and facts.get("players", 2) > 2:
            told.append(self._part("own_name", facts))
        if facts.get("noise"):
            told.append(self._part("noise", facts))
        return " ".join(told)

    def _round(self, facts: Mapping[str, Any]) -> str:
        """Which round it is and how long it may go on; nothing in a measure, or where there is one round only."""
        horizon = facts.get("horizon")
        if horizon is None or _single(facts):
            return ""
        if horizon not in _HORIZONS:
            raise SettingError(
                f"framing {self.name}: no words for the horizon {horizon!r}; known: {', '.join(_HORIZONS)}"
            )
        return self._part(_HORIZONS[horizon], facts)

    def _lines(self, experiences: Sequence[Experience], currency: str) -> list[str]:
        lines, acts = [], dict[str, dict[str, str]]()
        for one in experiences:
            words = self.words_of(one.game).past
            if one.stage not in words:
                raise SettingError(f"words of {one.game}: no line for a past {one.stage!r}; add words.past.{one.stage}")
            if one.game not in acts:
                acts[one.game] = self._acts(one.game, currency)
            known = {"round": one.round, "acts": acts[one.game], **one.facts, "currency": currency}
            lines.append(render(words[one.stage], known, f"words of {one.game}: past {one.stage}"))
        return lines

    def _acts(self, game: str, currency: str) -> dict[str, str]:
        acts = self.words_of(game).acts
        return {act: render(text, {"currency": currency}, f"words of {game}: act {act}") for act, text in acts.items()}

    def _menu(self, decision: Decision) -> str:
        layout, acts = decision.layout, self._acts(decision.game, decision.layout.currency)
        if not acts:
            rows = tuple(
                (label, float(option.allocation.own), float(option.allocation.other))
                for label, option in decision.labelled()
            )
            line = "option" if layout.first == "own" else "option_other_first"
            where = f"framing {self.name}: {line}"
            return _menu_of_points(getattr(self, line), where, decision.others, layout.currency, rows)
        lines = []
        for label, option in decision.labelled():
            if str(option.act) not in acts:
                where = f"words of {decision.game}"
                raise SettingError(f"{where}: none for the act {option.act!r}; add words.acts.{option.act}")
            known = {"label": label, "act": acts[str(option.act)], "currency": layout.currency}
            lines.append(self._part("act", known))
        return "\n".join(lines)


def _single(facts: Mapping[str, Any]) -> bool:
    """Whether a player knows that there is one round only."""
    return facts.get("horizon", "known") == "known" and facts.get("rounds") == 1


@lru_cache(maxsize=1024)
def _menu_of_points(
    line: str, where: str, others: int, currency: str, rows: tuple[tuple[str, float, float], ...]
) -> str:
    # The same menus are put to everybody: writing them anew would cost more than all else before a call.
    return "\n".join(
        render(line, {"label": label, "own": own, "other": other, "others": others, "currency": currency}, where)
        for label, own, other in rows
    )
