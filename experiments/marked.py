"""Where texts that should differ in one thing only differ from one another, word by word."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

OPEN, CLOSE = "⟦", "⟧"
"""What stands around differing words in plain text, so that the marks survive copying."""
# Chinese and Japanese are written without spaces: each of their characters counts as a word.
_WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|[^\W\u2e80-\u9fff\uf900-\ufaff]+|\s+|[^\w\s]")

type Pieces = list[tuple[str, bool]]


def differing(texts: Sequence[str]) -> list[Pieces]:
    """Each text in pieces, (words, whether they differ): what is False stands in all texts, in the same order.

    The pieces of a text, put together, are the text. A single text does not differ from anything.
    """
    words = [_WORD.findall(text) for text in texts]
    common = words[0] if words else []
    for others in words[1:]:
        common = [word for start, _, size in _blocks(common, others) for word in common[start : start + size]]
    return [_pieces(own, common) for own in words]


def marked(pieces: Pieces) -> str:
    """A text with what differs in it between ⟦ and ⟧."""
    return "".join(f"{OPEN}{words}{CLOSE}" if differs else words for words, differs in pieces)


def _blocks(one: list[str], other: list[str]) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks]


def _pieces(words: list[str], common: list[str]) -> Pieces:
    differs = [True] * len(words)
    for _, start, size in _blocks(common, words):
        differs[start : start + size] = [False] * size
    # A blank or a comma between two differing words belongs to them; one at their edge does not.
    for place, word in enumerate(words):
        beside = [differs[near] if 0 <= near < len(words) else False for near in (place - 1, place + 1)]
        if re.fullmatch(r"[^\w\n]", word) and all(beside):
            differs[place] = True
        elif word == " " and not all(beside):
            differs[place] = False
    pieces: Pieces = []
    for word, differ in zip(words, differs, strict=True):
        if pieces and pieces[-1][1] == differ:
            pieces[-1] = (pieces[-1][0] + word, differ)
        else:
            pieces.append((word, differ))
    return pieces
