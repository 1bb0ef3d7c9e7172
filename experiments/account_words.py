"""A run's accounts in words: for each model what it took, and what was forecast beside what was."""

from collections.abc import Mapping
from typing import Any


def accounts(summary: Mapping[str, Any]) -> list[str]:
    """A few lines a model, warnings of mixed identities, and the forecast."""
    lines: list[str] = []
    by_model = {one["model"]: one for one in summary["accounting"]["models"]}
    for model in summary["models"]:
        account = by_model[model["model"]]
        name = f"model {model['model']}{' SYNTHETIC' if model['synthetic'] else ''}"
        if account["received"] is None:
            lines.append(f"{name}: {model['calls']} calls, {model['tokens_in']} tokens in, {model['tokens_out']} out")
        else:
            lines += _received(name, account["received"])
        lines += _pace(account)
        if len(model["identities"]) > 1:
            told = " and ".join(f"{identity} ({count})" for identity, count in model["identities"].items())
            lines.append(f"WARNING: model {model['model']} answered as {told}: replies of more than one model")
    if summary["forecast"]:
        expected, actual = summary["forecast"]["forecast"], summary["forecast"]["actual"]
        now = "" if actual["cost"] is None else " for what was received now"
        lines.append(f"forecast {_amounts(expected)}; actual {_amounts(actual)}{now}")
    return lines


def _received(name: str, account: Mapping[str, Any]) -> list[str]:
    """What came from the endpoint in this run; what the store gave cost nothing now and is no new token."""
    merged = f", {account['shared']:,} requests merged with an identical one" if account["shared"] else ""
    faults = ", ".join(f"{reason} {count:,}" for reason, count in account["faults"].items())
    uncounted = f" ({account['uncounted']:,} replies without a count)" if account["uncounted"] else ""
    cost = "" if account["cost"] is None else f"; cost {_money(account['cost'])}"
    return [
        f"{name}: {account['made']:,} replies received now, {account['stored']:,} from the store, "
        f"{account['requests']:,} requests sent{merged}{f'; without a reply: {faults}' if faults else ''}",
        f"  received now: {account['tokens_in']:,} tokens in, {account['tokens_out']:,} out{uncounted}{cost}",
    ]


def _pace(account: Mapping[str, Any]) -> list[str]:
    told = []
    latency = account["latency"]
    if latency["median"] is not None:
        told.append(f"latency: median {latency['median']:.2f} s, 95% below {latency['p95']:.2f} s")
    if account["reasked_share"]:
        told.append(f"{account['reasked_share']:.1%} of decisions asked again")
    return [f"  {'; '.join(told)}"] if told else []


def _amounts(one: Mapping[str, Any]) -> str:
    """Calls, tokens, cost and time; what is not known is left out."""
    words = {"calls": "{:,} calls", "tokens_in": "{:,} tokens in", "tokens_out": "{:,} out", "seconds": "{:,.0f} s"}
    told = [form.format(one[name]) for name, form in words.items() if one[name] is not None]
    return ", ".join([*told, *([] if one["cost"] is None else [f"cost {_money(one['cost'])}"])])


def _money(cost: float) -> str:
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.3g}"
