"""A decision as plain values, as it travels in a model's run metadata."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from games.types import Allocation, Answer, Decision, Experience, Layout, Option


def as_json(decision: Decision) -> dict[str, Any]:
    """A decision as plain values, as it travels in a model's run metadata; `decision_from_json` reads it back."""
    return {
        "game": decision.game,
        "player": decision.player,
        "stage": decision.stage,
        "round": decision.round,
        "item": decision.item,
        "others": decision.others,
        "answer": decision.answer.value,
        "shown": list(decision.shown),
        "options": [[o.act, o.allocation.own, o.allocation.other, o.cooperation] for o in decision.options],
        "past": [[e.game, e.stage, e.round, e.own, list(e.others), e.payoff] for e in decision.past],
        "layout": list(astuple(decision.layout)),
    }


def decision_from_json(data: Mapping[str, Any]) -> Decision:
    """The decision that `as_json` wrote, without the facts, which only the wording needs."""
    return Decision(
        game=data["game"],
        player=data["player"],
        stage=data["stage"],
        round=data["round"],
        item=data["item"],
        others=data["others"],
        answer=Answer(data["answer"]),
        shown=tuple(data["shown"]),
        options=tuple(Option(act, Allocation(own, other), coop) for act, own, other, coop in data["options"]),
        past=tuple(Experience(g, stage, r, own, tuple(others), pay) for g, stage, r, own, others, pay in data["past"]),
        layout=Layout(*data["layout"]),
    )
