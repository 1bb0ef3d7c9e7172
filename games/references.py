"""What people, and language models before, did in the games of the catalogue: reference figures with their sources."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reference:
    """One figure.

    game, stage: where.  quantity: what, in the words of the summary ("cooperation", "efficiency" …).
    round: from 1; None for a figure over all rounds.  value: the figure.  who: "people", or "language model …".
    source: paper, sample.  certainty: how it was obtained, such as "read in the source" or "second-hand".
    """

    game: str
    stage: str
    quantity: str
    round: int | None
    value: float
    who: str
    source: str
    certainty: str


def references(game: str) -> tuple[Reference, ...]:
    """The reference figures of a game by its name; none for a game that has none here."""
    return tuple(one for one in _all() if one.game == game)


@cache
def _all() -> tuple[Reference, ...]:
    path = Path(__file__).with_name("data") / "reference_figures.csv"
    with path.open(encoding="utf-8", newline="") as file:
        next(file)  # what the table is
        return tuple(
            Reference(
                row["game"],
                row["stage"],
                row["quantity"],
                int(row["round"]) if row["round"] else None,
                float(row["value"]),
                row["who"],
                row["source"],
                row["certainty"],
            )
            for row in csv.DictReader(file)
        )
