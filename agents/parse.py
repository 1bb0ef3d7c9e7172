"""What a model's reply chooses: an option of the decision, or a stated failure. Pure, total, and it never guesses.

The rules in order; the first that speaks decides:
1. Stopped by a content filter: REFUSED. Cut at the length limit: TRUNCATED, unless all of the reply is a bare answer or
   a complete JSON object. Only white space, or nothing outside the reasoning block: EMPTY.
2. Reasoning blocks (<think> …) are no part of the reply; one left open is TRUNCATED when cut, otherwise UNREADABLE.
3. Explicit answers: a JSON field, a tag or box, a line like "ANSWER: B". Differing ones are AMBIGUOUS, unless the last
   is marked as final or as a correction ("Final answer: B"; "Wait, …" before it).
4. A first or last line that is nothing but an answer; two different such lines are AMBIGUOUS.
5. Statements: "I choose B", "my contribution is 7", an opening line "B) 85 points …"; differing ones as in 3. Negated,
   conditional, hypothetical, asked and past ones are none ("if I choose B"), nor is an evaluation ("B is fairest").
6. A refusal is REFUSED. It stands after the answers: an apology followed by an answer is that answer.
7. Otherwise AMBIGUOUS if several options are mentioned, else UNREADABLE. A mention is never an answer.

An answer that names nothing on offer is OFF_MENU: a letter beyond the menu, a number on a menu of letters, 7.5, -3.
Letters: A and I count only where they cannot be the article or the pronoun; positions ("the second") are not converted.
Numbers as labels: what is counted in points, shared out ("85 for me", 85/50) or given ("I give 3") is no label. A line
that begins with "3." or "3)" is an answer only where it goes on with what the option brings: reasons are numbered too.
Amounts: shares (50%, half) are OFF_MENU, never converted. Ranges, estimates ("about 7"), 7,0 and 5/10 are AMBIGUOUS;
7/20 is 7 where 20 is the greatest amount, and 7.0 is 7. "nothing" and "everything" count after a verb of giving only.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from agents import phrases
from agents.menu import Menu, Object, unmarked
from games.types import Answer, Decision, Failure, Layout


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reply says: an option (index into the decision's options) or a failure; never both, never neither."""

    option: int | None
    failure: Failure | None

    def __post_init__(self) -> None:
        """Raises ValueError unless exactly one of the two is set."""
        if (self.option is None) == (self.failure is None):
            raise ValueError("a parsed reply is either an option or a failure")


class _Mark(NamedTuple):
    """An answer in the reply, and whether it is worded as final, or as a correction of those before it."""

    found: str | Failure
    final: bool = False
    corrects: bool = False


def parse(text: str, decision: Decision, finish_reason: str | None = None) -> Parsed:
    """The option that a reply chooses, or why it chooses none, by the rules that the module states; it never raises."""
    read = _found_again if len(text) <= _SHORT else _found
    found = read(_in_points(text, decision.layout.currency), decision.labels, decision.answer, finish_reason)
    return Parsed(None, found) if isinstance(found, Failure) else Parsed(decision.index_of(found), None)


def _in_points(text: str, currency: str) -> str:
    """The text with another word for points behind a number replaced, so that the patterns need to know one only."""
    if currency == Layout().currency:
        return text
    counted = rf"([0-9]|\b(?:{phrases.WORDS}))[^\S\n]?{re.escape(currency.removesuffix('s'))}s?\b"
    return re.sub(counted, r"\1 points", text, flags=re.I)


def _found(text: str, labels: tuple[str, ...], answer: Answer, finish_reason: str | None) -> str | Failure:
    halted = stopped(finish_reason)
    if halted is Failure.REFUSED:
        return halted
    cut = halted is Failure.TRUNCATED
    spoken = _spoken(_cleaned(text))
    if not spoken:
        silent = Failure.EMPTY if spoken is not None else Failure.UNREADABLE
        return Failure.TRUNCATED if cut else silent
    menu = Menu(labels, answer)
    fields, remaining = _fields(spoken, menu)
    body = unmarked(remaining)
    if cut:
        found = _settled(fields if body.lower() in ("", "json") else _whole(body, menu))
        return Failure.TRUNCATED if found is None or isinstance(found, Failure) else found
    for found in (_settled([*fields, *_explicit(body, menu)]), _settled(_bare(body, menu)), _stated(body, menu)):
        if found is not None:
            return found
    if refused(spoken):
        return Failure.REFUSED
    return Failure.AMBIGUOUS if menu.mentions(body) > 1 else Failure.UNREADABLE


# Short replies come again and again.
_SHORT = 100
_found_again = lru_cache(maxsize=4096)(_found)


def stopped(finish_reason: str | None) -> Failure | None:
    """Whether the model was stopped before the end of its reply: REFUSED by a filter, TRUNCATED by a length limit."""
    reason = (finish_reason or "").lower().rpartition(".")[2].strip()
    if phrases.FILTERED.fullmatch(reason):
        return Failure.REFUSED
    return Failure.TRUNCATED if phrases.CUT.fullmatch(reason) else None


def declines(text: str) -> bool:
    """Whether free text opens by declining what was asked; a value stated with "I will not …" does not."""
    return phrases.DECLINES.match(unmarked(_cleaned(text))) is not None


def refused(text: str) -> bool:
    """Whether a reply declines: "I'm sorry, but I can't …", or "As an AI, I don't have …" and then no "but …"."""
    plain = unmarked(_cleaned(text))
    disclaims = any(not phrases.COMPLIES.search(said["rest"] or "") for said in phrases.AS_AI.finditer(plain))
    return disclaims or phrases.REFUSAL.search(plain) is not None


def _settled(marks: list[_Mark]) -> str | Failure | None:
    """The one answer that all marks name; the last alone where it is marked as final or as a correction."""
    # Two answers that both call themselves final are told apart by nothing.
    if marks and (marks[-1].corrects or (marks[-1].final and sum(mark.final for mark in marks) == 1)):
        marks = marks[-1:]
    found = {mark.found for mark in marks}
    return found.pop() if len(found) == 1 else Failure.AMBIGUOUS if found else None


def _cleaned(text: str) -> str:
    """The text without signs that cannot be seen, and with one sign for those that look alike."""
    text = text.replace("\r\n", "\n").translate(phrases.SIGNS)
    return text.translate({ord(sign): _visible(sign) for sign in set(text)})


def _visible(sign: str) -> str:
    kind, plain = unicodedata.category(sign), unicodedata.normalize("NFKC", sign)
    if sign in "\n\t" or " " <= sign <= "~":
        return sign
    if kind in ("Cf", "Cc", "Me") or "\ufe00" <= sign <= "\ufe0f":
        return ""
    if kind.startswith("Z"):
        return " " if kind == "Zs" else "\n"
    styled = unicodedata.decomposition(sign).startswith(("<wide>", "<narrow>", "<font>"))
    return plain if styled or (kind == "So" and plain.isalpha()) else sign


def _spoken(text: str) -> str | None:
    """The reply without reasoning; None if a block is left open. A lone end tag ends a block begun in the prompt."""
    kept, inside, start = [""], False, 0
    for tag in phrases.THOUGHT.finditer(text):
        ends = tag["end"] is not None
        if ends and not inside:
            kept.clear()
        elif not inside:
            kept.append(text[start : tag.start()])
        inside, start = not ends, tag.end()
    return None if inside else "".join([*kept, text[start:]]).strip()


def _fields(text: str, menu: Menu) -> tuple[list[_Mark], str]:
    """The answers in JSON objects, and the text without these objects."""
    decoder = json.JSONDecoder(object_pairs_hook=Object, strict=False)
    marks: list[_Mark] = []
    kept, end = [], 0
    # Answers come last, and a bound on the tries keeps the work linear in hostile text.
    for brace in list(re.finditer(r"\{(?=\s{0,99}\")", text))[-50:]:
        if brace.start() < end:
            continue
        try:
            value, stop = decoder.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        if answers := list(_answers(value, menu.nouns)):
            kept.append(text[end : brace.start()])
            end = stop
            marks += [_Mark(found, "final" in key) for key, v in answers if (found := menu.value(v, key)) is not None]
    return marks, "".join([*kept, text[end:]])


def _answers(value: object, nouns: frozenset[str]) -> Iterator[tuple[str, object]]:
    """The fields that hold an answer, at the shallowest level that has any; an object in such a field is opened."""
    level = [value]
    for _ in range(5):
        pairs = [pair for item in level if isinstance(item, Object) for pair in item]
        answers = [(key.lower(), v) for key, v in pairs if _is_answer(key, nouns)]
        yield from (pair for pair in answers if not isinstance(pair[1], Object))
        level = [v for _, v in answers or pairs if isinstance(v, Object)]


def _is_answer(key: str, nouns: frozenset[str]) -> bool:
    words = set(re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", key[:60]).lower()))
    return bool(words & nouns) and words <= nouns | phrases.KEY_WORDS


def _explicit(body: str, menu: Menu) -> list[_Mark]:
    """Tags, boxes and lines such as "ANSWER: B", in the order of the text."""
    marks: list[_Mark] = []
    before = 0
    for match in sorted([*phrases.TAG.finditer(body), *phrases.LINE.finditer(body)], key=lambda match: match.end()):
        read = menu.read(
            _fragment(body, match.end()), giving=any(noun in match[0].lower() for noun in phrases.SUM.split("|"))
        )
        if read is None or phrases.NOT_THIS.search(body, max(0, match.start() - 20), match.start()):
            continue
        marks.append(
            _Mark(read.found, phrases.FINAL.search(match[0]) is not None, _corrects(body, before, match.start()))
        )
        before = match.end()
    return marks


def _fragment(body: str, start: int) -> str:
    return body[start : start + 200].lstrip().partition("\n")[0]


def _corrects(body: str, before: int, start: int) -> bool:
    return before > 0 and phrases.CORRECTION.search(body, before, start) is not None


def _bare(body: str, menu: Menu) -> list[_Mark]:
    """Lines that are nothing but an answer, provided that the first or the last line is one."""
    lines = [_whole(line, menu) for line in body.split("\n")]
    return [mark for line in lines for mark in line] if lines[0] or lines[-1] else []


def _whole(line: str, menu: Menu) -> list[_Mark]:
    """The answer that is the entire line; "A: B" is the answer B."""
    for start in (3, 0) if line[:3].upper() == "A: " else (0,):
        read = menu.read(line[start:], bare=True) if len(line) <= 80 else None
        # "A or B? I choose B" is left to the statements.
        if (
            read
            and phrases.CLOSED.match(read.rest)
            and not (read.found is Failure.AMBIGUOUS and phrases.STATEMENT.search(line))
        ):
            return [_Mark(read.found)]
    return []


def _stated(body: str, menu: Menu) -> str | Failure | None:
    """The answer that sentences state, or that opens the reply and is followed by its description."""
    marks, before = _described(body, menu), 0
    for match in phrases.STATEMENT.finditer(body):
        giving = bool(match["give"] or match["gives"] or match["he_gives"] or match["he_gives_too"])
        fragment = _fragment(body, match.end())
        # After "my choice is" no pronoun can stand, whatever follows the comma.
        named = match["mine"] is not None and fragment.startswith("I,")
        # "My offer is 3" is a sum where options have numbers.
        summed = menu.answer is Answer.NUMBER and phrases.SUMS.search(match[0]) is not None
        read = menu.read(f"option {fragment}" if named else fragment, giving=giving or summed)
        if read is None or not _asserted(body, match) or (giving and phrases.KEPT.match(read.rest)):
            continue
        if match["terse"] and not re.match(
            rf"\.|{phrases.CLOSED.pattern}|{phrases.AMOUNT_DESCRIBED.pattern}", read.rest
        ):
            continue
        found = (
            Failure.AMBIGUOUS
            if giving and phrases.SPLIT.search(phrases.SENTENCE_END.split(read.rest)[0])
            else read.found
        )
        said = phrases.SENTENCE_END.split(body[max(before, match.start() - 60) : match.end()])[-1]
        marks.append(_Mark(found, phrases.FINAL.search(said) is not None, _corrects(body, before, match.start())))
        before = match.end()
    marks += [mark for match in phrases.TRAILED.finditer(body) for mark in _whole(match["what"], menu)]
    # "I must choose A or B" often opens a reply that then chooses.
    return _settled([mark for mark in marks if mark.found is not Failure.AMBIGUOUS] or marks)


def _asserted(body: str, match: re.Match[str]) -> bool:
    """Whether a statement is made, not negated, supposed, asked, or told of an earlier round."""
    before = phrases.SENTENCE_END.split(body[max(0, match.start() - 200) : match.start()])[-1]
    after = body[match.end() : match.end() + 300]
    end = phrases.SENTENCE_END.search(after)
    rest = after[: end.start()] if end else after
    if (
        phrases.UNASSERTED.search(phrases.CLAUSE_END.split(before)[-1])
        or phrases.HYPOTHETICAL.search(before)
        or (end and end[0] == "?")
    ):
        return False
    if re.search(r"would|'d\b", match[0], re.I) and phrases.CONDITIONAL.search(rest):
        return False
    if phrases.PAST.search(match[0]) and phrases.EARLIER.search(before + rest):
        return False
    evaluates = match[0].lower().startswith(("the ", "a ", "one ")) and not match["mine"]
    return not (evaluates and phrases.CONTRAST.search(after))


def _described(body: str, menu: Menu) -> list[_Mark]:
    """An opening line such as "B) 85 points to me"; several such lines are an echo of the menu."""
    if body.startswith("{"):
        return []
    reads = [menu.read(line[:200], bare=True) for line in body.split("\n")]
    begun = [read and (menu.described.match(read.rest) or (read.unit and read.rest[:1] in ".!")) for read in reads]
    found = [read.found if read and begins else None for read, begins in zip(reads, begun, strict=True)]
    return [_Mark(found[0])] if found[0] is not None and set(found) <= {found[0], None} else []
