"""Runs written by hand, row by row, for tests of what is computed and drawn from a run's tables."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.schema import SCHEMAS, VERSION
from experiments.store import write_json
from experiments.tables import read_tables

AMOUNTS = json.dumps([[str(act), act, 20.0 - act, 60.0 + act] for act in range(21)])
"""The menu of a public good: amounts, which no list lays out."""


def menu(*acts):
    """A list of options in the order shown, as the table holds it."""
    return json.dumps([[chr(ord("A") + place), act, 85.0, 50.0] for place, act in enumerate(acts)])


def who(participant, **values):
    """The columns of every table that say who it was."""
    about = {"cell": "a", "orientation": "prosocial", "agent": "llm", "model": "m", "induction": "label"}
    return {"run": "run", "participant": participant, "synthetic": False, **about, **values}


def decision(participant, **values):
    """A decision in play, answered in one call."""
    put = {"phase": "play", "repetition": 1, "game": "public_goods", "stage": "contribute", "round": 1, "item": 0}
    put |= {"group": participant, "seat": 0, "others": 3, "draw": 0, "options": AMOUNTS}
    put |= {"order": "original", "first": "own", "currency": "points"}
    # Lists have letters unless a test says otherwise.
    put["labels"] = "amounts" if values.get("options", AMOUNTS) == AMOUNTS else "letters"
    took = {"attempts": 1, "calls": 1, "tokens_in": 10, "tokens_out": 1, "latency": 1.0, "identity": "m-1"}
    return {**who(participant), **put, **took, **values}


def measure(participant, angle, **values):
    """An administration of the slider before play."""
    scored = {"angle": angle, "obtained": None if angle is None else "choices", "length": 40.0, "transitive": True}
    put = {"phase": "before", "repetition": 1, "measure": "slider", "draw": 0, "failed": 0, "asked": 6}
    put |= {"order": "original", "labels": "letters", "first": "own", "currency": "points"}
    return {**who(participant), **put, **scored, **values}


def played(participant, payoff, **values):
    """A round of play."""
    put = {"game": "public_goods", "round": 1, "group": participant, "void": False, "left": False, "payoff": payoff}
    return {**who(participant), **put, **values}


def written(folder, decisions=(), measures=(), rounds=(), **about):
    """Write a run into a folder and read it back as its summary sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    # What a run says of its presentation stands on every row of it.
    if "presentation" in about:
        decisions = [{**row, "order": about["presentation"]} for row in decisions]
    for table, rows in (("decisions", decisions), ("measures", measures), ("rounds", rounds)):
        pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMAS[table]), folder / f"{table}.parquet")
    usual = {"schema": VERSION, "experiment": "test", "status": "finished", "memory": True, "matching_lasting": False}
    usual |= {"cooperation": "contribution", "statistics": {"resamples": 200, "confidence": 0.95, "seed": 0}}
    write_json(folder, "manifest", usual | about)
    return read_tables(folder)
