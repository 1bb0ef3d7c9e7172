"""What a run, or all jobs of a sweep together, may spend: booked before a call, and never beyond a limit."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.budget import Budget, Prices, Spent, spent
from agents.received import Received
from games.errors import BudgetError, SettingError
from tests.commands import CHECKOUT

ONE = Spent(1, 100, 0.5)


def reply(text="B", tokens_in=None, tokens_out=None):
    return Received(text, None, tokens_in, tokens_out, 0.1, None)


# --- prices ----------------------------------------------------------------------------------------------------------


def test_prices_are_per_million_tokens():
    assert Prices(2.0, 8.0).cost(500_000, 250_000) == 3.0
    assert Prices(0, 8).cost(500_000, 250_000) == 2.0


def test_prices_are_known_only_where_both_were_given():
    assert [Prices(*one).known for one in ((), (1, None), (None, 1), (0, 0), (1, 2))] == [False] * 3 + [True] * 2
    assert Prices().cost(1e6, 1e6) == 0


@pytest.mark.parametrize("name", ["tokens_in", "tokens_out"])
@pytest.mark.parametrize("value", [-1, "3", True, float("nan"), float("inf")])
def test_a_price_that_is_none_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=rf"^model: price\.{name}={value} must be a number"):
        Prices(**{name: value})


def test_what_a_reply_took_is_what_was_counted_or_a_token_for_four_characters():
    prices = Prices(1e6, 2e6)
    assert spent(reply("B", 12, 3), prices, 400) == Spent(1, 15, 18)
    assert spent(reply("x" * 20, None, 3), prices, 400) == Spent(1, 103, 106)
    assert spent(reply("x" * 20, 12, None), prices, 400) == Spent(1, 17, 22)
    assert spent(reply("x" * 20, 0, 0), prices, 400) == Spent(1, 0, 0)


# --- one run by itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["calls", "tokens", "cost"])
@pytest.mark.parametrize("value", [-1, "3", True, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=f"^budget: {name}={value} must be a "):
        Budget(**{name: value})


@pytest.mark.parametrize("name", ["calls", "tokens"])
def test_calls_and_tokens_are_whole_numbers(name):
    with pytest.raises(SettingError, match=f"{name}=1.5 must be a whole number"):
        Budget(**{name: 1.5})


def booked(budget, one=ONE, most=100):
    """How many calls can be booked and settled before the budget refuses."""
    for number in range(most):
        try:
            budget.book(one)
        except BudgetError:
            return number
        budget.settle(one, one)
    return most


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ({}, 100),
        ({"calls": 7}, 7),
        ({"calls": 0}, 0),
        ({"tokens": 700}, 7),
        ({"tokens": 799}, 7),
        ({"tokens": 0}, 0),
        ({"cost": 3.5}, 7),
        ({"cost": 3.49}, 6),
        ({"cost": 0}, 0),
        ({"calls": 9, "tokens": 500, "cost": 3}, 5),
    ],
)
def test_exactly_what_fits_into_the_limit_is_booked(limits, calls):
    assert booked(Budget(**limits)) == calls


def test_without_a_limit_nothing_is_counted_and_no_file_is_made(tmp_path):
    budget = Budget(shared=tmp_path / "budget.json")
    assert not budget.limited
    assert booked(budget) == 100
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("limits", "name"),
    [({"calls": 2}, "calls=2"), ({"tokens": 250}, "tokens=250"), ({"cost": 1.25}, r"cost=1\.25")],
)
def test_the_refusal_names_the_setting_and_the_remedy(limits, name):
    budget = Budget(**limits)
    booked(budget)
    said = rf"budget\.{name} leaves the run no room for another call; .* with a larger budget\.{name.split('=')[0]}"
    with pytest.raises(BudgetError, match=said):
        budget.book(ONE)


def test_the_refusal_repeats_a_large_limit_as_it_was_set():
    with pytest.raises(BudgetError, match=r"budget\.tokens=12345678 "):
        Budget(tokens=12_345_678).book(Spent(1, 1e9, 0))


def test_a_refused_call_is_not_booked():
    budget = Budget(calls=1)
    budget.book(ONE)
    for _ in range(3):
        with pytest.raises(BudgetError):
            budget.book(ONE)
    assert budget.spent == ONE


def test_a_call_that_took_less_than_booked_makes_room_and_one_that_came_to_nothing_too():
    budget = Budget(calls=1, tokens=100)
    budget.book(ONE)
    budget.settle(ONE, Spent())
    assert budget.spent == Spent()
    budget.book(ONE)
    budget.settle(ONE, Spent(1, 30, 0.1))
    assert (budget.spent.calls, budget.spent.tokens) == (1, 30)


def test_a_call_that_took_more_than_booked_is_counted_in_full_and_the_next_is_refused():
    budget = Budget(tokens=150)
    budget.book(ONE)
    budget.settle(ONE, Spent(1, 400, 0))
    assert budget.spent.tokens == 400
    with pytest.raises(BudgetError):
        budget.book(Spent(1, 1, 0))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=40), st.integers(0, 300))
def test_what_is_booked_never_goes_beyond_the_limit(course, limit):
    budget, under_way = Budget(tokens=limit), []
    for likely, real, first in course:
        try:
            budget.book(Spent(1, likely, 0))
        except BudgetError:
            assert budget.spent.tokens + likely > limit
        else:
            assert budget.spent.tokens <= limit
            under_way.append(likely)
        if under_way and first:
            # A reply takes no more than was booked for it here.
            booked_for = under_way.pop(0)
            budget.settle(Spent(1, booked_for, 0), Spent(1, min(real, booked_for), 0))
            assert budget.spent.tokens <= limit


# --- the jobs of a sweep ---------------------------------------------------------------------------------------------


def test_two_jobs_share_one_account(tmp_path):
    path = tmp_path / "budget.json"
    one, other = (Budget(calls=5, shared=path) for _ in range(2))
    for budget in (one, other, one, other, one):
        budget.book(ONE)
    for budget in (one, other):
        with pytest.raises(BudgetError, match=r"budget\.calls=5 leaves the sweep no room"):
            budget.book(ONE)
    one.settle(ONE, Spent())
    other.book(ONE)
    assert Budget(calls=5, shared=path).spent == Spent()  # read with the next booking
    late = Budget(calls=9, shared=path)
    late.book(ONE)
    assert late.spent == Spent(6, 600, 3.0)


def test_the_account_is_one_line_and_never_grows_shorter(tmp_path):
    path = tmp_path / "budget.json"
    budget = Budget(tokens=10**15, shared=path)
    lengths = [0]
    for tokens in (1, 10**12, 1 / 3):
        budget.book(Spent(1, tokens, 1 / 3))
        lengths.append(path.stat().st_size)
    budget.settle(budget.spent, Spent())
    lengths.append(path.stat().st_size)
    assert lengths == sorted(lengths)
    assert len(path.read_text().splitlines()) == 1


def test_what_a_killed_process_had_booked_is_not_counted_when_its_run_is_started_again(tmp_path):
    path = tmp_path / "budget.json"
    killed = Budget(calls=9, shared=path, payer="a")
    for _ in range(5):
        killed.book(ONE)
    other = Budget(calls=9, shared=path, payer="b")
    other.book(ONE)
    again = Budget(calls=9, shared=path, payer="a")
    again.enter(Spent(2, 200, 1.0))
    assert again.spent.calls == 3


SPENDER = """
import sys
from pathlib import Path
from agents.budget import Budget, Spent
from games.errors import BudgetError

budget, made, tried = Budget(calls=int(sys.argv[2]), shared=Path(sys.argv[1])), 0, 0
sys.stdin.readline()
while True:
    tried += 1
    try:
        budget.book(Spent(1, 10, 0))
    except BudgetError:
        break
    if tried % 3 == 2:
        budget.settle(Spent(1, 10, 0), Spent())  # a call that came to nothing
    else:
        made += 1
print(made)
"""


def test_two_processes_together_make_exactly_as_many_calls_as_allowed(tmp_path):
    words = [sys.executable, "-c", SPENDER, str(tmp_path / "budget.json"), "200"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    jobs = [subprocess.Popen(words, cwd=CHECKOUT, **pipes) for _ in range(2)]
    for job in jobs:
        job.stdin.write("go\n")
        job.stdin.flush()
    made = [int(job.communicate(timeout=60)[0]) for job in jobs]
    late = Budget(calls=201, shared=tmp_path / "budget.json")
    late.book(Spent(1, 10, 0))
    assert sum(made) == late.spent.calls - 1 == 200
