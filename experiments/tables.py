"""What a summary and its figures need of a run's tables, read once, and who and what is counted in it.

A run may have millions of decisions, each with its menu and its reply in words; of those only the columns named here
are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.store import read_json, read_table

_WHO = ("participant", "cell", "orientation", "model", "synthetic")
_DECISIONS = (
    *_WHO,
    *("agent", "induction", "phase", "failure"),
    *("attempts", "calls", "tokens_in", "tokens_out", "latency", "identity"),
)
_PLAY = (*_WHO, "game", "stage", "round", "group", "option", "cooperation", "attainment", "failure")
_PLAY_BOUNDS = ("cooperation_low", "cooperation_high", "attainment_low", "attainment_high")
_MEASURES = (
    *_WHO,
    *("phase", "repetition", "angle", "category", "deviation", "value_rationality", "value_rationality_corrected"),
    *("transitive", "length", "index", "failed", "asked", "obtained", "spread", "measure", "consistency"),
)
_ROUNDS = (
    *("participant", "cell", "model", "synthetic", "round", "group", "void", "left"),
    *("payoff", "cooperation", "carried_out", "facts"),
)
_ROUNDS_BOUNDS = ("payoff_low", "payoff_high")


@dataclass(frozen=True)
class Tables:
    """A run as its summary and figures see it.

    about: the manifest.  decisions: what every decision took, one row each.  play: what was done in each decision of
    the game.  measures, rounds: one row an administration of the first measure, and one a participant and round.
    all_measures: one row an administration of any measure.
    """

    folder: Path
    about: Mapping[str, Any]
    decisions: pd.DataFrame
    play: pd.DataFrame
    measures: pd.DataFrame
    rounds: pd.DataFrame
    all_measures: pd.DataFrame

    @property
    def lasting(self) -> bool:
        """Whether groups stay together over the whole play."""
        return bool(self.about["matching_lasting"])

    @property
    def policy(self) -> str:
        """What was done about failed replies in play: "void", "drop" or "bound"."""
        return str(self.about.get("on_failure") or "void")

    @property
    def bound(self) -> bool:
        """Whether figures of play are intervals, between the least and the greatest that failed replies can mean."""
        return self.policy == "bound"

    @property
    def together(self) -> dict[int, int]:
        """The group of each participant, where a second measure reminds lasting groups of the rounds they shared."""
        return groups(self.play) if self.lasting and self.about["memory"] else {}


def read_tables(folder: Path) -> Tables:
    """The tables of a run, finished or not. Raises SettingError if the folder holds no run, or an older version's."""
    about = read_json(folder, "manifest")
    bound = about.get("on_failure") == "bound"
    measures = read_table(folder, "measures", _MEASURES)
    first = about.get("measure")
    return Tables(
        folder,
        about,
        read_table(folder, "decisions", _DECISIONS),
        read_table(folder, "decisions", _PLAY + _PLAY_BOUNDS * bound, phase="play"),
        measures[measures["measure"] == first] if first else measures,
        read_table(folder, "rounds", _ROUNDS + _ROUNDS_BOUNDS * bound),
        measures,
    )


def units_of_play(table: pd.DataFrame, lasting: bool) -> tuple[pd.Series, str]:
    """What is resampled for figures of play: groups that stay together, otherwise participants."""
    return (table["group"], "groups") if lasting else (table["participant"], "participants")


def units_of_measure(table: pd.DataFrame, together: Mapping[int, int] | None = None) -> tuple[pd.Series, str]:
    """What is resampled for figures of a measure: participants; administrations where there is one participant only.

    together: the group of each participant. After play in lasting groups, those who are reminded of the same rounds are
    not independent, and groups are resampled.
    """
    if together and (table["phase"] == "after").all():
        return table["participant"].map(dict(together)), "groups"
    if table["participant"].nunique() > 1:
        return table["participant"], "participants"
    return table["repetition"], "administrations"


def groups(play: pd.DataFrame) -> dict[int, int]:
    """The group that each participant first played in; empty if nobody played."""
    first = play[["participant", "group"]].drop_duplicates("participant")
    return dict(zip(first["participant"].astype(int), first["group"].astype(int), strict=True))


def studied(table: pd.DataFrame) -> pd.Series:
    """Which rows are of who is studied: scripted rules and simulated respondents only where there is nobody else."""
    kept = table["model"] != "none"
    if not kept.any():
        kept = ~kept
    models = kept & ~table["synthetic"].astype(bool)
    return models if models.any() else kept


def participants(measures: pd.DataFrame, play: pd.DataFrame) -> pd.DataFrame:
    """One row for each who played: orientation, group, mean angle before play (degrees), mean cooperation in play.

    With `cooperation_low` and `cooperation_high` where the play has them: the means with failed replies at their least
    and at their most cooperative.
    """
    before = measures[measures["phase"] == "before"].groupby("participant")["angle"].mean()
    who = play[[*_WHO, "group"]].drop_duplicates("participant").set_index("participant").sort_index()
    means = [name for name in ("cooperation", "cooperation_low", "cooperation_high") if name in play]
    return who.join(play.groupby("participant")[means].mean()).join(before).reset_index()


def counted(words: pd.Series) -> dict[str, int]:
    """How often each word stands in a column, most frequent first; empty cells are left out."""
    # Of categories, pandas counts those that do not occur, too.
    return {str(word): int(count) for word, count in words.value_counts().items() if count}


def share(flags: pd.Series) -> float | None:
    """The share of rows that are true; None without any."""
    return number(flags.mean())


def number(value: Any) -> float | None:
    """A plain number for a file; None for one that is missing."""
    return None if pd.isna(value) else float(value)
