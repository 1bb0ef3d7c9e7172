"""What a play came to: metrics of groups, figures of each stage, and the yardsticks and references beside them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from experiments.statistics import Interval, Resampling
from experiments.tables import Tables, counted, share, studied, units_of_play
from games.metrics import efficiency, equality, gini, over_usage, reciprocity, survival_time, survives
from games.references import references

_COMMONS = ("over-usage", "survival time", "survival rate")


def play_metrics(tables: Tables, resampling: Resampling) -> dict[str, Any] | None:
    """All that is said of the play as a whole; None where nobody played.

    metrics: of `games.metrics`, each with its interval over groups that stay together; among strangers, where the whole
    population is one group, without.  stages: what was done in each stage by who is studied.
    yardsticks, references: what theory says of the game, and what people and language models did in it.
    """
    if not len(tables.play):
        return None
    about = tables.about
    game = str(tables.play["game"].iloc[0])
    yardsticks = about.get("yardsticks")
    return {
        "game": game,
        "players": about.get("players"),
        "rounds": about.get("rounds"),
        "conditions": about.get("conditions"),
        "metrics": _metrics(tables, yardsticks, resampling),
        "stages": _stages(tables, resampling),
        "points": _points(tables, yardsticks, resampling),
        "yardsticks": yardsticks,
        "references": [asdict(one) for one in references(game)],
    }


def _metrics(tables: Tables, yardsticks: Any, resampling: Resampling) -> dict[str, Any]:
    settled = tables.rounds[tables.rounds["payoff"].notna()]
    found: dict[str, list[float | None]] = {}
    for group in _groups(tables, settled):
        for name, value in _of_group(group, tables, yardsticks).items():
            found.setdefault(name, []).append(value)
    made = {
        name: asdict(_over_groups(values, tables.lasting, resampling)) | {"left_out": values.count(None)}
        for name, values in found.items()
    }
    return made | {"reciprocity": asdict(_reciprocity(tables, settled, resampling)) | {"left_out": 0}}


def _points(tables: Tables, yardsticks: Any, resampling: Resampling) -> dict[str, Any]:
    """Points of a player of who is studied, over the span of the yardsticks: a round, or the play as far as it went."""
    settled = tables.rounds[tables.rounds["payoff"].notna() & studied(tables.rounds)]
    if yardsticks is not None and yardsticks["span"] == "play":
        settled = settled.groupby(["participant", "group"])["payoff"].sum().reset_index()
    units, unit = units_of_play(settled, tables.lasting)
    return asdict(resampling.mean(settled["payoff"].astype(float), units, unit))


def _groups(tables: Tables, settled: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The settled rounds of each group that stays together; among strangers those of everybody."""
    if tables.lasting:
        yield from (one for _, one in settled.groupby("group"))
    elif len(settled):
        yield settled


def _of_group(group: pd.DataFrame, tables: Tables, yardsticks: Any) -> dict[str, float | None]:
    points = group.groupby("participant")["payoff"].sum()
    found: dict[str, float | None] = {"equality": equality(points.to_numpy()), "gini": gini(points.to_numpy())}
    if yardsticks is not None:
        found["efficiency"] = _efficiency(group, points, tables, yardsticks)
    facts = [json.loads(one) for one in group["facts"].dropna()]
    if facts and "sustainable" in facts[0]:
        found |= _commons(group, tables)
    return found


def _efficiency(group: pd.DataFrame, points: pd.Series, tables: Tables, yardsticks: Any) -> float | None:
    if yardsticks["span"] == "round":
        played = len(group[["round", "group"]].drop_duplicates())
        return efficiency(float(points.sum()), yardsticks["benchmark"] * played)
    # A round that failed replies took away is no waste of the group's, nor one that was not played yet.
    return efficiency(float(points.sum()), yardsticks["benchmark"]) if _whole(group, tables) else None


def _whole(group: pd.DataFrame, tables: Tables) -> bool:
    """Whether the group played from the first round to the last, or to a collapse, and none of it was void."""
    everything = tables.rounds[tables.rounds["group"].isin(group["group"].unique())]
    last = group[group["round"] == group["round"].max()].iloc[0]
    ended = pd.notna(last["facts"]) and bool(json.loads(last["facts"]).get("group_collapsed"))
    return not everything["void"].any() and (ended or last["round"] == tables.about.get("rounds", last["round"]))


def _commons(group: pd.DataFrame, tables: Tables) -> dict[str, float | None]:
    """The metrics of a common stock; None where a month was void, which let the stock grow, or the play broken off."""
    if not _whole(group, tables):
        return dict.fromkeys(_COMMONS)
    months = [[json.loads(one) for one in month["facts"]] for _, month in group.groupby("round")]
    collapsed = [month[0]["group_collapsed"] for month in months]
    harvests = np.array([[one["harvest"] for one in month] for month in months])
    return {
        "over-usage": over_usage(harvests, [month[0]["sustainable"] for month in months]),
        "survival time": float(survival_time(collapsed)),
        "survival rate": float(survives(collapsed, int(tables.about.get("rounds", len(collapsed))))),
    }


def _over_groups(values: list[float | None], lasting: bool, resampling: Resampling) -> Interval:
    numbers = np.array([np.nan if value is None else value for value in values])
    if lasting:
        return resampling.mean(numbers, np.arange(len(numbers)), "groups")
    known = numbers[np.isfinite(numbers)]
    return Interval(float(known.mean()) if known.size else None, None, None, len(known), "populations")


def _reciprocity(tables: Tables, settled: pd.DataFrame, resampling: Resampling) -> Interval:
    """The slope within participants, the units being groups that stay together, otherwise participants.

    None where acts of several stages have a reading as cooperation: sending and returning are no answer to each other.
    """
    pairs = answers(settled)
    estimate = reciprocity(pairs["own"], pairs["before"], pairs["participant"])
    units, unit = units_of_play(pairs, tables.lasting)
    stages = tables.play.loc[tables.play["cooperation"].notna(), "stage"].nunique()
    if estimate is None or stages > 1:
        return Interval(None, None, None, 0, unit)
    centred = pairs[["own", "before"]] - pairs.groupby("participant")[["own", "before"]].transform("mean")
    together = (centred["own"] * centred["before"]).groupby(units.to_numpy()).sum()
    spread = (centred["before"] ** 2).groupby(units.to_numpy()).sum()
    return resampling.pooled(together[spread > 0], spread[spread > 0], unit)


def answers(settled: pd.DataFrame) -> pd.DataFrame:
    """For each participant and round: own cooperation, and the mean of the others whom it met in the round before.

    Own cooperation is that of the act chosen, the others' that of the acts carried out: those are what it saw.
    settled: rows of `rounds`. Columns participant, group, own, before.
    """
    chosen = settled["cooperation"]
    level = settled["carried_out"].astype(float).fillna(chosen) if "carried_out" in settled else chosen
    by = settled.assign(level=level).groupby(["round", "group"])["level"]
    # Who did not act has met the others all the same.
    total, others = by.transform("sum") - level.fillna(0.0), by.transform("count") - level.notna()
    met = settled[["participant"]].assign(round=settled["round"] + 1, before=total / others.where(others > 0))
    joined = settled.merge(met, on=["participant", "round"])
    joined = joined[joined["cooperation"].notna() & joined["before"].notna()]
    named = joined.rename(columns={"cooperation": "own"})
    return named[["participant", "group", "own", "before"]]


def _stages(tables: Tables, resampling: Resampling) -> list[dict[str, Any]]:
    """What who is studied did in each stage: cooperation, and the share of each named act."""
    play = tables.play[studied(tables.play)]
    found = []
    for stage, rows in play.groupby("stage", sort=False, observed=True):
        units, unit = units_of_play(rows, tables.lasting)

        def figure(values: pd.Series, units: pd.Series = units, unit: str = unit) -> dict[str, Any]:
            return asdict(resampling.mean(values.astype(float), units, unit))

        shares = {
            f"share of {act}": figure((rows["option"] == act).where(rows["option"].notna()))
            for act in _named(rows["option"])
        }
        ends: dict[str, Callable[[pd.Series], pd.Series]] = {
            "share with cooperation 0": lambda level: level == 0,
            "share with cooperation 0.5": lambda level: level == 0.5,
        }
        known = rows["cooperation"].notna()
        shares |= {name: figure(rule(rows["cooperation"]).where(known)) for name, rule in ends.items() if known.any()}
        found.append(
            {
                "stage": str(stage),
                "decisions": len(rows),
                "failed_share": share(rows["failure"].notna()),
                "cooperation": figure(rows["cooperation"]),
                **shares,
            }
        )
    return found


def _named(options: pd.Series) -> list[str]:
    """The acts that have names; amounts have none."""
    return [act for act in counted(options) if not act.lstrip("-").isdigit()]
