"""What a wording says, taken apart: its parts, its sentences, its variables and its numbers."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from jinja2 import Environment, nodes

from agents.induction import Induction
from experiments.catalogue import built, known, member
from games.svo import Orientation

_SENTENCE = re.compile(r"[。！？]|[.!?]+(?=[\s\"'”“»)]|$)")


def parts(made: Induction) -> dict[str, str]:
    """The wording of an induction by what it is, variables open; parts that it does not have are left out."""
    steps = {f"step {number}": step.ask for number, step in enumerate(made.steps, start=1)}
    return {part: text for part, text in {"system": made.system, **steps, "reminder": made.reminder}.items() if text}


def whole(made: Induction, orientation: Orientation) -> str:
    """All that an orientation is told, without what steps will save."""
    one = made.worded(orientation)
    text = "\n".join(part for part in [one.system, *[step.ask for step in one.steps], one.reminder] if part)
    return re.sub(r"\{\{.*?\}\}", "", text)


def leaves(node: object, where: str) -> Iterator[tuple[str, str]]:
    """Every text below a mapping, with the keys that lead to it; names and defaults are no texts."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in {"name", "defaults"}:
                yield from leaves(value, f"{where}.{key}" if where else str(key))
    elif isinstance(node, str):
        yield where, node


def spoken(text: str) -> str:
    """All that a template can say, without the names of its variables and what these are compared with."""
    silent = set[int]()
    tree = Environment(autoescape=False).parse(text)
    for node in tree.find_all((nodes.Compare, nodes.Getitem, nodes.Filter)):
        if isinstance(node, nodes.Filter):
            hidden: list[nodes.Node] = [*node.args]
        else:
            hidden = [node.arg] if isinstance(node, nodes.Getitem) else [node]
        for part in hidden:
            silent |= {id(part), *(id(below) for below in part.find_all(nodes.Const))}
    said = list[str]()
    for node in tree.find_all((nodes.TemplateData, nodes.Const)):
        if isinstance(node, nodes.TemplateData):
            said.append(node.data)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and id(node) not in silent:
            said.append(node.value)
    return " ".join(said)


def hits(pattern: re.Pattern[str], text: str) -> list[str]:
    """What a pattern finds, each once."""
    return list(dict.fromkeys(hit[0] for hit in pattern.finditer(text)))


def sentences(text: str) -> int:
    """How many sentences end in a text."""
    return len(_SENTENCE.findall(text))


def places(text: str) -> list[str]:
    """The variables of a text, as often as they stand in it."""
    return sorted(re.findall(r"\{\{\s*(\w+)", text))


def digits(text: str) -> list[str]:
    """The whole numbers of a text, in order."""
    return re.findall(r"[+-]?\d+", text)


def pairs(text: str) -> set[tuple[int, int]]:
    """Whole numbers that stand beside one another with a word or two between them."""
    found = [(hit.start(), hit.end(), int(hit[0])) for hit in re.finditer(r"\d+", text)]
    beside = pairwise(found)
    return {(one[2], other[2]) for one, other in beside if other[0] - one[1] <= 40}


@cache
def _options() -> dict[tuple[int, int], tuple[str, ...]]:
    found = dict[tuple[int, int], tuple[str, ...]]()
    for name in known("measure"):
        for decision in built(member("measure", name)["instrument"], name).decisions():
            for option in decision.options:
                pair = (int(option.allocation.own), int(option.allocation.other))
                found[pair] = tuple(dict.fromkeys((*found.get(pair, ()), name)))
    return found


def allocations() -> set[tuple[int, int]]:
    """Own and other's points of every option of every measure in the catalogue."""
    return set(_options())


def asked_in(pair: tuple[int, int]) -> tuple[str, ...]:
    """The measures of which it is an option."""
    return _options()[pair]
