"""Accounts: what was received now stays apart from what the run used, and every total is right."""

import pytest

from experiments.account_words import accounts
from experiments.accounts import accounting, forecast, models, received
from experiments.statistics import Resampling
from experiments.summary import summarise
from tests.specimens import decision, written

FAST = Resampling(resamples=200)


def row(cell, model="m", **values):
    usual = {"made": 3, "stored": 1, "shared": 0, "requests": 4, "faults": {"timeout": 1}, "tokens_in": 30}
    usual |= {"tokens_out": 3, "uncounted": 0, "cost": 0.5, "waited_s": 1.5, "synthetic": False}
    return {"model": model, "cell": cell, **usual, **values}


def accounted(folder, **about):
    """Two cells of one model and one of another, four decisions each, and a rule; latencies 1, 2, 3 and 4 s."""
    cells = [("a", "m"), ("b", "m"), ("c", "k"), ("rule", "none")]
    decisions = []
    for number, (cell, model) in enumerate(cells):
        who = {"cell": cell, "model": model}
        if model == "none":
            unasked = {"attempts": 0, "calls": 0, "tokens_in": None, "tokens_out": None, "latency": None}
            decisions.append(decision(number, **who, **unasked, identity=None))
            continue
        for latency in (1.0, 2.0, 3.0, 4.0):
            failed = "empty" if latency == 4 else None
            again = 2 if (latency, cell) == (1.0, "b") else 1
            identity = "m-2" if (latency, cell) == (1.0, "a") else f"{model}-1"
            took = {"attempts": again, "calls": again, "latency": latency, "failure": failed, "identity": identity}
            decisions.append(decision(number, **who, **took))
    return written(folder, decisions, **about)


ROWS = [row("a"), row("b", faults={"timeout": 1, "busy": 4}, uncounted=2), row("c", "k", cost=None)]


def test_totals_by_model_and_by_cell(tmp_path):
    tables = accounted(tmp_path, accounting=ROWS)
    found = accounting(tables.decisions, tables.about)
    assert found["rows"] == ROWS
    first, second = found["models"]
    assert (first["model"], second["model"]) == ("m", "k")
    now = first["received"]
    assert (now["made"], now["stored"], now["requests"], now["tokens_in"], now["uncounted"]) == (6, 2, 8, 60, 2)
    assert now["faults"] == {"busy": 4, "timeout": 2}
    assert (now["cost"], now["waited_s"]) == (1.0, 3.0)
    assert second["received"]["cost"] is None
    assert (first["decisions"], first["failures"], first["reasked_share"]) == (8, {"empty": 2}, 1 / 8)
    assert [one["cell"] for one in found["cells"]] == ["a", "b", "c"]
    assert [one["reasked_share"] for one in found["cells"]] == [0, 0.25, 0]
    assert found["cells"][0]["received"]["made"] == 3
    assert found["cells"][0]["latency"] == pytest.approx(
        {"median": 2.5, "p90": 3.7, "p95": 3.85, "p99": 3.97, "max": 4.0}
    )


def test_the_cost_of_a_model_without_a_price_is_not_left_out_of_a_sum():
    assert received([row("a"), row("b", cost=None)])["cost"] is None
    assert received([row("a"), row("b", cost=0)])["cost"] == 0.5


def test_a_cell_that_was_paid_for_without_a_whole_decision_is_kept(tmp_path):
    tables = accounted(tmp_path, accounting=[*ROWS, row("d")])
    found = accounting(tables.decisions, tables.about)["cells"][-1]
    assert (found["cell"], found["received"]["made"], found["decisions"]) == ("d", 3, 0)
    assert found["latency"]["median"] is found["reasked_share"] is None


def test_a_model_answers_under_each_identity_so_many_times(tmp_path):
    found = models(accounted(tmp_path).decisions)
    assert [one["identities"] for one in found] == [{"m-1": 7, "m-2": 1}, {"k-1": 4}]
    assert [one["calls"] for one in found] == [9, 4]


def test_forecast_and_actual_stand_side_by_side(tmp_path):
    expected = {"calls": 12, "tokens_in": 100, "tokens_out": 10, "cost": None, "seconds": 9.0}
    said = {
        **expected,
        "cells": [{"cell": "b", "model": "m", **expected}, {"cell": "unseen", "model": "m", **expected}],
    }
    tables = accounted(tmp_path, accounting=ROWS[:2], forecast=said, seconds=7.5)
    found = forecast(tables.decisions, tables.about)
    assert found["forecast"] == expected
    # What the run used, stored replies among it; the money is of what was received now.
    assert found["actual"] == {"calls": 13, "tokens_in": 120, "tokens_out": 12, "cost": 1.0, "seconds": 7.5}
    assert found["cells"][0]["forecast"] == expected
    used = {"calls": 5, "tokens_in": 40, "tokens_out": 4}
    assert found["cells"][0]["actual"] == {**used, "cost": 0.5, "seconds": None}
    assert found["cells"][1]["actual"]["calls"] == 0


def words(tables):
    return "\n".join(accounts(summarise(tables, FAST)))


def test_the_terminal_counts_stored_replies_apart_from_what_was_received(tmp_path):
    expected = {"calls": 1280, "tokens_in": 310_000, "tokens_out": 12_000, "cost": 2.0, "seconds": 60}
    told = words(accounted(tmp_path, accounting=ROWS[:2], forecast={**expected, "cells": []}, seconds=7.5))
    assert "model m: 6 replies received now, 2 from the store, 8 requests sent" in told
    assert "8 requests sent; without a reply: busy 4, timeout 2" in told
    assert "received now: 60 tokens in, 6 out (2 replies without a count); cost 1.00" in told
    assert "latency: median 2.50 s, 95% below 4.00 s; 12.5% of decisions asked again" in told
    assert "model k: 0 replies received now" in told
    assert (
        "forecast 1,280 calls, 310,000 tokens in, 12,000 out, 60 s, cost 2.00; "
        "actual 13 calls, 120 tokens in, 12 out, 8 s, cost 1.00 for what was received now"
    ) in told


def test_a_run_without_accounts_tells_what_it_used(tmp_path):
    told = words(accounted(tmp_path))
    assert "model m: 9 calls, 80 tokens in, 8 out" in told
    assert "forecast" not in told


def test_more_than_one_identity_is_warned_of(tmp_path):
    told = words(accounted(tmp_path))
    assert "WARNING: model m answered as m-1 (7) and m-2 (1): replies of more than one model" in told
    assert "model k answered" not in told
