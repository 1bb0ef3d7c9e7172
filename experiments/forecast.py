"""What a run will take, told before any call: calls, tokens, cost and time, per cell and in all.

Every question is rendered as the models will read it (a play as if everybody took the first option) and its characters
are counted. How many characters make a token, how long replies are and how long they take is read from the replies of
the same model that the store holds; where it holds none, what is assumed stands in the forecast.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agents.gateway import Gateway
from agents.llm import LLMAgent
from experiments.protocol import Experiment
from games.types import Decision
from sim.participant import Member

_CHARACTERS_PER_TOKEN = 4.0
_REPLY_TOKENS = 10.0
_LATENCY = 1.0
"""What is assumed of a model of which the store holds no reply: of English text, of short answers, in seconds."""


@dataclass(frozen=True)
class Need:
    """What calls take. cost: None where no price is set.  seconds: at the given concurrency and limits."""

    calls: int = 0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    cost: float | None = 0.0
    seconds: float = 0.0

    def plus(self, other: "Need") -> "Need":
        """Both, one after the other."""
        return Need(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
            self.seconds + other.seconds,
        )

    def share(self, part: float) -> "Need":
        """A part of it, such as 0.5."""
        return Need(
            round(self.calls * part),
            self.tokens_in * part,
            self.tokens_out * part,
            None if self.cost is None else self.cost * part,
            self.seconds * part,
        )


@dataclass(frozen=True)
class _Usual:
    """A model as it answered so far: characters per token read, tokens per reply, seconds per call."""

    characters: float
    reply: float
    latency: float
    known: bool


def forecast(made: Experiment) -> dict[str, Any] | None:
    """What the whole run takes, replies that the store holds included; None where no model is asked.

    `cells` has a row per cell; `assumed` names the models of which nothing is known yet. Seconds in all are those of
    the slowest model in each phase, as different models answer side by side.
    """
    cells = dict[str, list[Member]]()
    for member in made.members:
        if isinstance(member.agent, LLMAgent):
            cells.setdefault(member.cell, []).append(member)
    if not cells:
        return None
    gateways = {gateway.name: gateway for gateway in made.gateways}
    usual = {name: _usual(gateway) for name, gateway in gateways.items()}
    rows = dict[str, Need]()
    seconds = 0.0
    for phase in made.phases:
        questions = made.questions(phase)
        by_model = dict[str, list[tuple[Need, int]]]()
        for cell, members in cells.items():
            agent = members[0].agent
            assert isinstance(agent, LLMAgent)
            need, chain = _phase(made, phase, questions, agent, len(members), gateways[agent.model], usual[agent.model])
            rows[cell] = rows.get(cell, Need()).plus(need)
            by_model.setdefault(agent.model, []).append((need, chain))
        rounds = made.game.rounds if phase == "play" else 1
        seconds += max(_seconds(needs, gateways[name], usual[name], rounds) for name, needs in by_model.items())
    total = sum_of(rows.values())
    return {
        **_whole(replace(total, seconds=seconds)),
        "assumed": [name for name, one in usual.items() if not one.known],
        "cells": [{"cell": cell, "model": cells[cell][0].agent.model, **_whole(need)} for cell, need in rows.items()],
    }


def _whole(need: Need) -> dict[str, Any]:
    """As plain values, in whole tokens."""
    return asdict(need) | {"tokens_in": round(need.tokens_in), "tokens_out": round(need.tokens_out)}


def sum_of(needs: Iterable[Need]) -> Need:
    """All of them, one after the other."""
    total = Need()
    for need in needs:
        total = total.plus(need)
    return total


def _usual(gateway: Gateway) -> _Usual:
    seen = gateway.terms.store.usual(gateway.name)
    if seen is None or seen.tokens_in <= 0:
        return _Usual(_CHARACTERS_PER_TOKEN, _REPLY_TOKENS, _LATENCY, known=False)
    latency = seen.latency / seen.replies
    return _Usual(seen.characters / seen.tokens_in, seen.tokens_out / seen.replies, latency, known=True)


def _phase(
    made: Experiment,
    phase: str,
    questions: Sequence[Decision],
    agent: LLMAgent,
    members: int,
    gateway: Gateway,
    usual: _Usual,
) -> tuple[Need, int]:
    """What a cell takes in a phase, and how many of its calls wait for one another."""
    # A table's play holds the decisions of all its seats, each of which is a conversation.
    seats = made.game.players if phase == "play" else 1
    need, calls = Need(), 0
    for part, conversations in _conversations(made, phase, questions, members / seats):
        calls, characters = agent.foresee(part, usual.reply * usual.characters, seats)
        tokens_in, tokens_out = conversations * characters / usual.characters, conversations * calls * usual.reply
        cost = gateway.prices.cost(tokens_in, tokens_out) if gateway.prices.known else None
        need = need.plus(Need(round(conversations * calls), tokens_in, tokens_out, cost))
    took = usual.latency * need.calls / gateway.limits.concurrency
    return replace(need, seconds=took), calls // seats if agent.converses else 1


def _conversations(
    made: Experiment, phase: str, questions: Sequence[Decision], many: float
) -> list[tuple[Sequence[Decision], float]]:
    """What is asked together, and how often: a play, or all measures of an administration.

    Where repetitions end by themselves, the first measure has the most that it may have.
    """
    if phase == "play":
        return [(questions, many)]
    if made.stop is None:
        return [(questions, many * made.repetitions)]
    first = len(made.measure.decisions())
    parts = [(questions[:first], many * made.stop.max_repetitions), (questions[first:], many * made.repetitions)]
    return [(part, times) for part, times in parts if part]


def _seconds(needs: Sequence[tuple[Need, int]], gateway: Gateway, usual: _Usual, rounds: int) -> float:
    """How long one model takes for a phase of so many rounds, each of which waits for the one before."""
    need, chain = sum_of(one for one, _ in needs), max(chain for _, chain in needs)
    limits = gateway.limits
    waves = rounds * math.ceil(need.calls / rounds / limits.concurrency)
    paced = [max(waves, chain) * usual.latency]
    if limits.requests_per_minute:
        paced.append(need.calls / limits.requests_per_minute * 60)
    if limits.tokens_per_minute:
        paced.append((need.tokens_in + need.tokens_out) / limits.tokens_per_minute * 60)
    return max(paced)


def held(made: Experiment) -> dict[str, int]:
    """How many of a run's calls the store can answer, by cell; the experiment must have been made for a forecast."""
    if made.terms.anew:
        return {}
    made.run(lambda records: None)
    counts = dict[str, int]()
    for row in made.accounting():
        counts[row["cell"]] = counts.get(row["cell"], 0) + row["stored"]
    return counts


def tell(made: Experiment, sweep: Path | None, job: int = 0) -> None:
    """Print the forecast of a run; as a job of a sweep, from 0, also of all jobs so far, which the folder keeps."""
    console = Console()
    whole = forecast(made)
    if whole is None:
        console.print(f"{made.name}: no model is asked: no call, no cost")
        return
    stored = held(made)
    title = f"forecast · {made.name} · seed {made.seed}"
    if made.synthetic:
        title += "\nSYNTHETIC: simulated respondents or scripted rules take part"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.title_justify = "left"
    table.add_column("cell", no_wrap=True)
    for name in ("model", "calls", "in the store", "to make", "tokens in", "tokens out", "cost", "time"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    left = []
    for row in whole["cells"]:
        need = Need(**{name: row[name] for name in asdict(Need())})
        have = min(need.calls, stored.get(row["cell"], 0))
        rest = need.share(1 - have / need.calls) if need.calls else need
        left.append(rest)
        table.add_row(row["cell"], row["model"], f"{need.calls:,}", f"{have:,}", *_row(rest))
    total = sum_of(left)
    part = total.calls / whole["calls"] if whole["calls"] else 0.0
    total = replace(total, seconds=whole["seconds"] * part)
    table.add_section()
    table.add_row("all", "", f"{whole['calls']:,}", f"{whole['calls'] - total.calls:,}", *_row(total))
    wide = Console(width=1000)
    console = Console(width=max(console.width, wide.measure(table).maximum))
    console.print(table)
    at = ", ".join(f"{one.name} at {one.limits.concurrency}" for one in made.gateways)
    console.print(f"time: at the concurrency set ({at}), other cells apart; no call was made")
    if made.stop is not None:
        console.print(
            f"this is the most: each cell repeats the {made.measure.name} {made.stop.min_repetitions} to "
            f"{made.stop.max_repetitions} times, until its interval is ±{made.stop.half_width:g}"
        )
        if line := made.stop.out_of_reach(made.sizes()):
            console.print(line)
    for name in whole["assumed"]:
        console.print(
            f"of {name} no reply is in the store: assumed are {_CHARACTERS_PER_TOKEN:g} characters a token, "
            f"{_REPLY_TOKENS:g} tokens and {_LATENCY:g} s a reply"
        )
    if sweep is not None:
        _add_to_sweep(sweep, job, total, console)


def _row(need: Need) -> tuple[str, ...]:
    cost = "no price" if need.cost is None else f"{need.cost:,.2f}"
    return f"{need.calls:,}", f"{need.tokens_in:,.0f}", f"{need.tokens_out:,.0f}", cost, _time(need.seconds)


def _add_to_sweep(sweep: Path, job: int, need: Need, console: Console) -> None:
    """Enter a job's need in the sweep's folder, and print what all jobs so far need together."""
    sweep.mkdir(parents=True, exist_ok=True)
    path = sweep / "forecast.jsonl"
    with path.open("a" if job else "w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(need)) + "\n")
    jobs = [Need(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    total = sum_of(jobs)
    calls, tokens_in, tokens_out, cost, time = _row(total)
    console.print(
        f"[bold]sweep so far: {len(jobs)} job{'s' if len(jobs) > 1 else ''}, {calls} calls, {tokens_in} tokens in, "
        f"{tokens_out} out, cost {cost}, {time}[/bold] (jobs may share replies, which are paid once)"
    )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
