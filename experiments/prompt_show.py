"""Readings on the terminal: every message, orientations side by side, and marks where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from experiments.marked import Pieces, differing, marked
from experiments.readings import Message, Reading, tokens

_COLUMN = 32
"""Characters that a column needs so that text in it is readable; narrower terminals get the texts one below another."""
_DIFFERS = "bold yellow underline"

type Side = Mapping[str, Reading]


def told(reading: Reading) -> str:
    """Which decision a reading is of."""
    one = reading.decision
    where = [f"round {one.round}"] if not one.item else [f"item {one.item}"]
    return ", ".join([one.game, one.stage, *where])


def show(readings: Sequence[Side], console: Console, *, plain: bool) -> None:
    """Print readings one after the other; messages that were shown already are only named.

    readings: each a decision, by orientation. plain: without colours and frames, differences between ⟦ and ⟧.
    """
    shown = dict[tuple[str, ...], int]()
    for side in readings:
        first = next(iter(side.values()))
        title = f"decision {first.number}: {told(first)}"
        console.print(f"=== {title}" if plain else Text(title, style="bold"))
        if len(side) > 1 and len({reading.messages for reading in side.values()}) == 1:
            console.print("All orientations read the same.")
        for place, messages in enumerate(zip(*(reading.messages for reading in side.values()), strict=True), start=1):
            texts = tuple(message.text for message in messages)
            title = f"{place} · {messages[0].role} · {messages[0].what}"
            if texts in shown and messages[0].role != "assistant":
                earlier = f"as in decision {shown[texts]}" if shown[texts] != first.number else "as above"
                console.print(f"{title}: {earlier}")
                continue
            shown.setdefault(texts, first.number)
            _message(title, list(side), messages, console, plain=plain)
        counts = ", ".join(f"{name} ~{reading.tokens}" for name, reading in side.items())
        console.print(f"tokens in all: {counts}")
        console.print()


def _message(title: str, names: Sequence[str], messages: Sequence[Message], console: Console, *, plain: bool) -> None:
    texts = [message.text for message in messages]
    alike = len(set(texts)) == 1
    if alike:
        who = f"the same for all {len(names)}" if len(names) > 1 else names[0]
        columns: list[tuple[str, Pieces]] = [(f"{who}, ~{tokens(texts[0])} tokens", [(texts[0], False)])]
    else:
        columns = [
            (f"{name}, ~{tokens(text)} tokens", pieces)
            for name, text, pieces in zip(names, texts, differing(texts), strict=True)
        ]
    if plain:
        for about, pieces in columns:
            console.print(f"--- {title} · {about}")
            console.print(marked(pieces))
    elif alike or console.width < _COLUMN * len(columns):
        for about, pieces in columns:
            framed = Panel(_coloured(pieces), title=Text(f"{title} · {about}"), title_align="left", box=box.ROUNDED)
            console.print(framed)
    else:
        table = Table(title=Text(title), title_justify="left", title_style="", box=box.ROUNDED, expand=True)
        for about, _ in columns:
            table.add_column(about, ratio=1, overflow="fold")
        table.add_row(*(_coloured(pieces) for _, pieces in columns))
        console.print(table)


def _coloured(pieces: Pieces) -> Text:
    text = Text()
    for words, differs in pieces:
        text.append(words, style=_DIFFERS if differs else "")
    return text


def as_data(reading: Reading) -> dict[str, Any]:
    """A reading as plain values."""
    one = reading.decision
    return {
        "number": reading.number,
        "game": one.game,
        "stage": one.stage,
        "round": one.round,
        "item": one.item,
        "tokens": reading.tokens,
        "messages": [asdict(message) | {"tokens": tokens(message.text)} for message in reading.messages],
    }
