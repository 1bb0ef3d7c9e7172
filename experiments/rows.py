"""From a society's records to the rows of the tables."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from games.rationality import MEASURE, attainment, chance_corrected, deviation, value_rationality
from games.svo import Orientation
from games.types import Answer
from sim.participant import Member
from sim.records import Asked, Played, Record, Scored


def row(run: str, record: Record) -> tuple[str, dict[str, Any]]:
    """The table that a record belongs to, and its row there."""
    who = _who(run, record.participant, record.member)
    match record:
        case Asked():
            return "decisions", who | _decision(record)
        case Scored():
            return "measures", who | _measure(record)
        case Played():
            return "rounds", who | _round(record)


def _who(run: str, participant: int, member: Member) -> dict[str, Any]:
    return {
        "run": run,
        "participant": participant,
        "cell": member.cell,
        "orientation": member.orientation,
        "agent": member.agent.kind,
        "model": member.agent.model,
        "induction": member.agent.induction,
        "synthetic": member.agent.synthetic,
    }


def _decision(record: Asked) -> dict[str, Any]:
    decision, choice, reply = record.decision, record.choice, record.choice.reply
    values: dict[str, Any] = {
        "phase": record.occasion.phase,
        "repetition": record.occasion.repetition,
        "game": decision.game,
        "stage": decision.stage,
        "round": decision.round,
        "item": decision.item,
        "group": record.group,
        "seat": decision.player,
        "others": decision.others,
        "draw": record.occasion.draw,
        "options": json.dumps(
            [[label, one.act, one.allocation.own, one.allocation.other] for label, one in decision.labelled()]
        ),
        **asdict(decision.layout),
        "payoff": record.payoff,
        "others_payoff": record.others_payoff,
        "failure": choice.failure.value if choice.failure else None,
        "attempts": 0,
        "readable": choice.readable,
        "calls": 0,
    }
    if choice.option is not None:
        option = decision.options[choice.option]
        values |= {
            "option": str(option.act),
            "position": decision.shown.index(choice.option) + 1,
            "own": option.allocation.own,
            "other": option.allocation.other,
            "cooperation": option.cooperation,
            "attainment": _attainment(record, choice.option),
        }
    if decision.answer is Answer.AMOUNT:
        values["labels"] = "amounts"
    if record.carried_out is not None:
        values["carried_out"] = str(decision.options[record.carried_out].act)
    if record.bounded:
        values |= _range("cooperation", [decision.options[index].cooperation for index in record.open])
        values |= _range("attainment", [_attainment(record, index) for index in record.open])
    if choice.probabilities is not None:
        values["probabilities"] = json.dumps([round(choice.probabilities[index], 9) for index in decision.shown])
    if reply is not None:
        values |= {
            "attempts": 1 + len(reply.earlier),
            "earlier": _exchanges(reply.earlier),
            "reply": storable(reply.text),
            "preparation": _exchanges(reply.preparation),
            "calls": reply.calls,
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "latency": reply.latency,
            "identity": reply.model,
            "keys": json.dumps(reply.keys) if reply.keys else None,
        }
    return values


def storable(text: str) -> str:
    """The text with half characters escaped: a model may cut a surrogate pair, and no file can hold one half."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _exchanges(pairs: Sequence[tuple[str, str]]) -> str | None:
    return storable(json.dumps(pairs, ensure_ascii=False)) if pairs else None


def _attainment(record: Asked, option: int) -> float | None:
    if record.member.orientation == "none":
        return None
    return attainment(record.decision, option, Orientation(record.member.orientation))


def _range(quantity: str, values: Sequence[float | None]) -> dict[str, float]:
    """The least and the greatest in their columns; nothing where a value has no reading."""
    known = [value for value in values if value is not None]
    return {f"{quantity}_low": min(known), f"{quantity}_high": max(known)} if known and None not in values else {}


def _measure(record: Scored) -> dict[str, Any]:
    score = record.score
    values: dict[str, Any] = {
        "phase": record.occasion.phase,
        "repetition": record.occasion.repetition,
        "measure": record.measure,
        "draw": record.occasion.draw,
        **(asdict(record.layout) if record.layout else {}),
        "angle": score.angle,
        "obtained": score.obtained if score.angle is not None else None,
        "spread": score.spread,
        "category": score.category,
        "transitive": score.transitive,
        "length": score.length,
        "index": score.index,
        "consistency": score.consistency,
        "failed": score.failed,
        "asked": score.asked,
    }
    # The ideal respondents are those of the slider: another measure's angles have another scale.
    if record.measure == MEASURE and score.angle is not None and record.member.orientation != "none":
        orientation = Orientation(record.member.orientation)
        rationality = float(value_rationality(score.angle, orientation))
        values |= {
            "deviation": float(deviation(score.angle, orientation)),
            "value_rationality": rationality,
            "value_rationality_corrected": float(chance_corrected(rationality, orientation)),
        }
    return values


def _round(record: Played) -> dict[str, Any]:
    values: dict[str, Any] = {
        "game": record.game,
        "round": record.round,
        "group": record.group,
        "void": record.void,
        "left": record.left,
        "payoff": record.payoff,
        "cooperation": record.cooperation,
        "carried_out": record.carried_out,
        "facts": json.dumps(record.facts) if record.facts is not None else None,
    }
    if record.bounds is not None:
        values |= _range("payoff", record.bounds.payoff) | _range("cooperation", record.bounds.cooperation or ())
    return values
