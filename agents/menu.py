"""What may be answered to a decision, and how an answer is read at the start of a fragment of text.

One reader for each way of naming an option: a letter, a number, an amount. `agents.parse` says where in a reply answers
stand and which of them counts.
"""

import re
from typing import NamedTuple

from agents import phrases
from games.types import Answer, Failure


class Read(NamedTuple):
    """An answer at the start of a fragment: a label or why it names none, and the words after it."""

    found: str | Failure
    rest: str
    unit: bool = False


class Object(list[tuple[str, object]]):
    """A JSON object as pairs: a dict would silently keep the last of two answers."""


def unmarked(text: str) -> str:
    """The text without markup and with single white space, on which the patterns rely for linear time."""
    return re.sub(r" ?\n\s*", "\n", re.sub(r"[^\S\n]+", " ", phrases.MARKUP.sub(" ", text))).strip()


class Menu:
    """The labels on offer, and how they are named.

    described: what stands after a label in a line that repeats an option.
    """

    def __init__(self, labels: tuple[str, ...], answer: Answer) -> None:
        self.labels = frozenset(labels)
        self.answer = answer
        self.amount = answer is Answer.AMOUNT
        self.top = str(max(map(int, self.labels))) if self.amount else ""
        self._lead, self._bare_lead, self.described = {
            Answer.LETTER: (phrases.LETTER_LEAD, phrases.BARE_LEAD, phrases.LETTER_DESCRIBED),
            Answer.NUMBER: (phrases.NUMBER_LEAD, phrases.BARE_NUMBER_LEAD, phrases.NUMBER_DESCRIBED),
            Answer.AMOUNT: (phrases.AMOUNT_LEAD, phrases.BARE_LEAD, phrases.AMOUNT_DESCRIBED),
        }[answer]
        self.nouns = {
            Answer.LETTER: phrases.KEYS,
            Answer.NUMBER: phrases.KEYS | phrases.NUMBER_KEYS,
            Answer.AMOUNT: phrases.KEYS | phrases.SUM_KEYS,
        }[answer]

    def on_menu(self, label: str) -> str | Failure:
        """The label if it is on the menu."""
        return label if label in self.labels else Failure.OFF_MENU

    def read(self, fragment: str, *, bare: bool = False, giving: bool = False) -> Read | None:
        """The answer at the start of a fragment, if there is one, after the words that may lead to it.

        bare: whether the fragment begins a line.  giving: whether it follows words for a sum, such as "I give".
        """
        opened = (self._bare_lead if bare else self._lead).match(fragment)
        start = opened.end() if opened else 0
        if self.amount:
            return self._amount(fragment[start:], giving, bare)
        named = opened is not None and opened.end("named") == start > 0
        if self.answer is Answer.NUMBER:
            return self._number(fragment[start:], named, bare, giving)
        return self._letter(fragment[start:], named, bare)

    def value(self, value: object, key: str) -> str | Failure | None:
        """The answer in a JSON field."""
        if isinstance(value, list) and not isinstance(value, Object) and len(value) == 1:
            value = value[0]
        if isinstance(value, list) and not isinstance(value, Object) and value:
            return Failure.AMBIGUOUS
        if isinstance(value, str):
            read = self.read(unmarked(value)[:200], giving=key in phrases.SUM_KEYS)
            return read.found if read else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        whole = self.answer is not Answer.LETTER and (isinstance(value, int) or value.is_integer())
        return self.on_menu(str(int(value))) if whole else Failure.OFF_MENU

    def mentions(self, body: str) -> int:
        """How many options are mentioned, as far as that matters: several, or not."""
        if self.amount:
            return len(set(re.findall(r"(?<![\w.,])[0-9]+(?:\.[0-9]+)?", body)))
        if self.answer is Answer.NUMBER:
            return len({match["digits"] for match in phrases.MENTIONED_NUMBER.finditer(body)} & self.labels)
        found = re.finditer(rf"(?P<named>[Oo]ption )?(?<!{phrases.L}|')(?P<letter>[A-Z]){phrases.ALONE}", body)
        named = {m["letter"] for m in found if m["named"] or _stands(m["letter"], body[m.end() : m.end() + 20])}
        return len(named & self.labels)

    def _letter(self, words: str, named: bool, bare: bool) -> Read | None:
        match = phrases.LETTER.match(words)
        if match is None:
            number = phrases.LONE_NUMBER.match(words)
            return Read(Failure.OFF_MENU, words[number.end() :]) if number else None
        letter, rest = match["letter"].upper(), words[match.end() :]
        # An opening "I, the altruist, …" is the pronoun; after "I choose" no pronoun can stand.
        if not (named or _stands(letter, rest)) or (bare and re.match(r",(?! because| since)", rest) and letter == "I"):
            return None
        also = phrases.ALSO_LETTER.match(rest)
        if also and also["letter"].upper() != letter and (also["named"] or _stands(also["letter"], rest[also.end() :])):
            return Read(Failure.AMBIGUOUS, "")
        if any((item["letter"] or item["next"]) != letter for item in phrases.MENU_ITEM.finditer(rest)):
            return Read(Failure.AMBIGUOUS, "")
        return Read(self.on_menu(letter), rest)

    def _number(self, words: str, named: bool, bare: bool, giving: bool) -> Read | None:
        match = phrases.LABEL.match(words)
        if match is None:
            return self._letter(words, named, bare) if words[:1].isupper() or named or bare else None
        rest, word = words[match.end() :], match["word"]
        if match["money"] or match["unit"] or phrases.SHARE.match(rest) or phrases.POINTS_FOLLOW.match(rest):
            return None
        label = str(phrases.WORDS.split("|").index(word.lower())) if word else match["digits"].lstrip("0") or "0"
        # "I give 5" is about points, "I take 2 minutes" about time, and "I must choose one" about nothing yet.
        counts = giving or phrases.COUNTED.match(rest) or phrases.ONE_OF.match(rest)
        if not named and (counts or (word and word.lower() == "one" and not bare)):
            return None
        if match["hedge"]:
            return Read(Failure.AMBIGUOUS, "")
        if match["sign"] == "-" or match["fraction"] not in (None, ".0", ".00"):
            return Read(Failure.OFF_MENU, rest)
        also = phrases.ALSO_LABEL.match(rest)
        second = also["digits"].lstrip("0") if also else label
        if also and second != label:
            if also["named"] or also["word"] or second in self.labels:
                return Read(Failure.AMBIGUOUS, "")
            if label not in self.labels:
                return None
        elif also and label not in self.labels:
            return None
        if {item["digits"] for item in phrases.NUMBERED_ITEM.finditer(rest)} & (self.labels - {label}):
            return Read(Failure.AMBIGUOUS, "")
        return Read(self.on_menu(label), rest)

    def _amount(self, words: str, giving: bool, bare: bool) -> Read | None:
        if giving and (quantity := phrases.QUANTITY.match(words)):
            label = "0" if quantity["none"] else self.top if quantity["all"] else "half"
            return Read(self.on_menu(label), words[quantity.end() :])
        match = phrases.NUMBER.match(words)
        if match is None:
            letter = re.match(r"[A-HJ-Z](?=[^\w?]*$)", words)
            return Read(Failure.OFF_MENU, words[letter.end() :]) if letter else None
        rest, word, unit = words[match.end() :], match["word"], match["unit"] is not None
        if phrases.SHARE.match(rest):
            return Read(Failure.OFF_MENU, "")
        apart = match["of"] and "/" in match[0] and match["of"].lstrip("0") != self.top
        if match["hedge"] or apart or phrases.ALSO_NUMBER.match(rest):
            return Read(Failure.AMBIGUOUS, "")
        # "I take 2 minutes", "I must choose one".
        if not unit and (phrases.COUNTED.match(rest) or (word and word.lower() == "one" and not bare)):
            return None
        if word:
            return Read(self.on_menu(str(phrases.WORDS.split("|").index(word.lower()))), rest, unit)
        if match["fraction"] not in (None, ".0", ".00"):
            return Read(Failure.OFF_MENU, rest, unit)
        digits = re.sub(r"\D", "", match["digits"]).lstrip("0") or "0"
        sign = "-" if match["sign"] == "-" and digits != "0" else ""
        return Read(self.on_menu(sign + digits), rest, unit)


def _stands(letter: str, rest: str) -> bool:
    """Whether a letter with these words after it is a label, not the article or the pronoun."""
    if letter in "Ii":
        apart = re.match(r" ?[,;(–—-]", rest) or phrases.FOLLOWS.match(rest)
        return bool(phrases.AFTER_I.match(rest) or (apart and not phrases.PRONOUN.match(rest)))
    return letter not in "Aa" or not re.match(r" [\w\"'$]", rest) or phrases.FOLLOWS.match(rest) is not None
