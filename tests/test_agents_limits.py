"""How fast a model may be asked: places for calls under way, and so much a minute."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents import limits
from agents.limits import Limits, Pace, Slots
from games.errors import SettingError

# --- settings --------------------------------------------------------------------------------------------------------

WHOLE = [(name, value) for name in ("concurrency", "retries") for value in (-1, 1.5, "3", None, True)]
WHOLE += [("concurrency", 0)]
POSITIVE = [
    (name, value)
    for name in ("requests_per_minute", "tokens_per_minute", "timeout", "backoff", "patience")
    for value in (0, -1, "60", True, float("nan"), float("inf"))
]


@pytest.mark.parametrize(("name", "value"), WHOLE + POSITIVE)
def test_a_value_that_no_limit_can_have_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=f"^model: {name}={value} must be a "):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["timeout", "backoff", "patience"])
def test_only_a_limit_a_minute_may_be_left_out(name):
    assert Limits(requests_per_minute=None, tokens_per_minute=None).requests_per_minute is None
    with pytest.raises(SettingError, match=name):
        Limits(**{name: None})


def test_the_least_of_each_limit_will_do():
    least = Limits(1, 0.001, 0.001, 0.001, 0, 0.001, 0.001)
    assert (least.concurrency, least.retries) == (1, 0)


# --- places ----------------------------------------------------------------------------------------------------------


async def settle():
    for _ in range(4):
        await asyncio.sleep(0)


class Crowd:
    """Many that want a place, each of which keeps it until it is told to go."""

    def __init__(self, most):
        self.slots = Slots(most)
        self.tasks, self.doors = [], []
        self.came, self.inside, self.most_inside = [], set(), 0

    def join(self):
        number = len(self.tasks)
        self.doors.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._stay(number)))

    async def _stay(self, number):
        async with self.slots:
            self.came.append(number)
            self.inside.add(number)
            self.most_inside = max(self.most_inside, len(self.inside))
            try:
                await self.doors[number].wait()
            finally:
                self.inside.discard(number)

    @property
    def waiting(self):
        return [number for number, task in enumerate(self.tasks) if not task.done() and number not in self.inside]

    async def all_out(self):
        while self.waiting or self.inside:
            for number in list(self.inside):
                self.doors[number].set()
            await settle()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def crowd(most, wanting):
    made = Crowd(most)
    for _ in range(wanting):
        made.join()
    await settle()
    return made


STEPS = st.sampled_from(["join", "leave", "cancel the first", "cancel the last", "hand over", "halve", "grow"])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 5), st.lists(STEPS, max_size=40))
@example(1, ["join", "join", "join", "hand over", "leave", "join"])
@example(4, ["join"] * 8 + ["halve", "leave", "leave", "grow", "grow", "leave", "leave"])
def test_places_are_never_exceeded_nor_lost_whatever_happens(most, steps):
    async def happen():
        made = Crowd(most)
        for step in steps:
            before = len(made.came)
            if step == "join":
                made.join()
            elif step in {"leave", "hand over"} and made.inside:
                made.doors[min(made.inside)].set()
                if step == "hand over" and made.waiting:
                    # The place is given to somebody who is told to go in the same moment.
                    await asyncio.sleep(0)
                    made.tasks[min(made.waiting, default=0)].cancel()
            elif step.startswith("cancel") and made.waiting:
                made.tasks[made.waiting[0 if step.endswith("first") else -1]].cancel()
            elif step == "halve":
                made.slots.halve(made.slots.generation)
            elif step == "grow":
                made.slots.grow()
            await settle()
            places = int(made.slots.size)
            assert 1 <= places <= most
            # Nobody is let in beyond the places, and nobody waits while one is free.
            assert len(made.inside) <= places or len(made.came) == before
            assert not made.waiting or len(made.inside) >= places
        assert made.most_inside <= most
        assert made.came == sorted(made.came)  # first come, first served
        await made.all_out()
        again = await crowd_again(made)
        assert again == int(made.slots.size)

    async def crowd_again(made):
        for _ in range(most + 2):
            made.join()
        await settle()
        inside = len(made.inside)
        await made.all_out()
        return inside

    asyncio.run(happen())


async def test_whoever_gives_up_waiting_leaves_no_hole():
    made = await crowd(1, 4)
    made.tasks[1].cancel()
    made.tasks[2].cancel()
    await settle()
    made.doors[0].set()
    await settle()
    assert made.inside == {3}
    await made.all_out()


async def test_a_place_given_to_one_who_is_cancelled_in_the_same_moment_goes_to_the_next():
    slots = Slots(1)
    await slots.__aenter__()
    first, second = (asyncio.create_task(slots.__aenter__()) for _ in range(2))
    await settle()
    await slots.__aexit__()
    first.cancel()
    await settle()
    assert first.cancelled()
    assert second.done()


async def test_an_error_inside_gives_the_place_back():
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="inside"):
            async with slots:
                raise ValueError("inside")


def test_places_are_halved_once_for_all_calls_of_a_generation():
    slots = Slots(8)
    generation = slots.generation
    for _ in range(5):
        slots.halve(generation)
    assert slots.size == 4
    # A call that was begun before the halving says nothing of the places since.
    slots.halve(generation)
    assert slots.size == 4
    slots.halve(slots.generation)
    assert slots.size == 2


def test_one_place_is_always_left():
    slots = Slots(3)
    for _ in range(10):
        slots.halve(slots.generation)
    assert slots.size == 1


@given(st.integers(1, 40))
def test_places_grow_by_one_for_each_full_round_and_never_beyond_the_most(most):
    slots = Slots(most)
    slots.halve(slots.generation)
    while slots.size < most:
        before = slots.size
        for _ in range(max(1, int(before))):
            slots.grow()
        assert slots.size <= most
        assert slots.size == most or int(before) / (before + 1) <= slots.size - before <= 1
    slots.grow()
    assert slots.size == most


async def test_a_halving_ends_no_call_but_lets_nobody_in_until_there_is_room():
    made = await crowd(4, 8)
    made.slots.halve(made.slots.generation)
    await settle()
    assert made.inside == {0, 1, 2, 3}
    for number in (0, 1):
        made.doors[number].set()
    await settle()
    assert made.inside == {2, 3}
    made.doors[2].set()
    await settle()
    assert made.inside == {3, 4}
    await made.all_out()


async def test_whoever_waits_comes_in_as_soon_as_a_place_has_grown():
    made = Crowd(2)
    made.slots.halve(made.slots.generation)
    made.join()
    made.join()
    await settle()
    assert made.inside == {0}
    made.slots.grow()
    await settle()
    assert made.inside == {0, 1}
    await made.all_out()


# --- so much a minute ------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def test_without_a_limit_nobody_waits(clock):
    pace = Pace(None)
    assert [pace.wait(1e9) for _ in range(3)] == [0, 0, 0]
    pace.correct(1e9)
    assert pace.wait(1) == 0


def test_what_is_booked_is_spread_evenly(clock):
    pace = Pace(30)
    assert [pace.wait(1) for _ in range(4)] == [0, 2, 4, 6]
    clock.now += 5
    assert pace.wait(1) == 3
    clock.now += 100
    # Time that nobody used is not saved up for a burst.
    assert [pace.wait(1) for _ in range(2)] == [0, 2]


def test_larger_amounts_take_longer(clock):
    pace = Pace(60)
    assert [pace.wait(amount) for amount in (10, 1, 0, 5)] == [0, 10, 11, 11]


def test_what_was_not_foreseen_is_booked_and_what_was_not_used_given_back(clock):
    pace = Pace(60)
    pace.wait(10)
    pace.correct(5)
    assert pace.wait(10) == 15
    pace.correct(-10)
    assert pace.wait(1) == 15


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 6000), st.lists(st.tuples(st.floats(0, 30), st.floats(0, 50)), min_size=1, max_size=30))
def test_over_any_stretch_no_more_is_used_than_the_limit_allows(per_minute, course):
    now = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now))
        pace, begun = Pace(per_minute), []
        for passed, amount in course:
            now += passed
            begun.append((now + pace.wait(amount), amount))
    for first in range(len(begun)):
        used = 0.0
        for at, amount in begun[first:]:
            # What is used from the first call on has had its time before the next one begins.
            assert used * 60 / per_minute <= at - begun[first][0] + 1e-6
            used += amount
