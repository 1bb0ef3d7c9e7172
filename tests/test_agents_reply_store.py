"""The reply store: what is kept comes back exactly, and a file that is none is left as it is."""

import asyncio
import errno
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.received import Received
from agents.reply_store import VERSION, Entry, Paid, ReplyStore
from games.errors import StoreError
from tests.commands import CHECKOUT


def key_of(number):
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


def entry(number=1, text="B", *, model="m", payer="run", draw="[1]", characters=8, **about):
    key = key_of(number)
    reply = Received(text, "stop", 12, 3, 0.5, "m-2026", (("B", -0.25), ("A", -1.5)), key.hex())
    return Entry(key, model, payer, draw, characters, replace(reply, **about))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "replies.sqlite"


def rows(path, what="generation, text"):
    """What stands in the file itself."""
    file = sqlite3.connect(path)
    try:
        return file.execute(f"SELECT {what} FROM replies ORDER BY id").fetchall()
    finally:
        file.close()


# --- another process -------------------------------------------------------------------------------------------------

OTHER = """
import json, sys
from pathlib import Path
from agents.received import Received
from agents.reply_store import Entry, ReplyStore

store = ReplyStore(Path(sys.argv[1]))
print(json.dumps("open"), flush=True)
for line in sys.stdin:
    word, key, *text = json.loads(line)
    key = bytes.fromhex(key)
    if word == "get":
        held = store.get(key)
        told = held and held.text
    elif word == "add":
        reply = Received(text[0], None, None, None, 0.0, None, None, key.hex())
        told = store.add([(Entry(key, "m", "other", "[]", 4, reply), False)])
    else:
        told = getattr(store, word)(key)
    print(json.dumps(told), flush=True)
store.close()
"""


class Other:
    """Another process, which has the same store open and does as told."""

    def __init__(self, path):
        words = [sys.executable, "-c", OTHER, str(path)]
        self.process = subprocess.Popen(
            words, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert json.loads(self.process.stdout.readline()) == "open"

    def __call__(self, word, key, *text):
        self.process.stdin.write(json.dumps([word, key.hex(), *text]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def die(self):
        """End as `kill -9` ends a process."""
        self.process.kill()
        self.process.wait(30)

    def end(self):
        """End in order, the store closed."""
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@contextmanager
def another(path):
    other = Other(path)
    try:
        yield other
    finally:
        other.process.kill()
        other.process.wait(30)
        other.process.stdin.close()
        other.process.stdout.close()


# --- what is kept comes back -----------------------------------------------------------------------------------------

WORDS = st.none() | st.text(max_size=20)
COUNTS = st.none() | st.integers(0, 2**53 - 1)
NUMBERS = st.floats(allow_nan=False)
ANY_TEXT = st.text(st.characters(), max_size=60)
TOPS = st.none() | st.lists(st.tuples(ANY_TEXT, NUMBERS), max_size=4).map(tuple)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT, WORDS, COUNTS, COUNTS, st.floats(0, 1e6), WORDS, TOPS)
@example("half \ud83d of a pair, \udc00, a \0 and \r\n", None, None, None, 0.0, None, None)
@example("", "", 0, 0, 0.1 + 0.2, "", ())
@example("𝛼🙂", "stop", 1, 2, 1.0, "m", (("\ud83d", float("-inf")), ("\0", -1e-300)))
def test_any_reply_comes_back_as_it_was(text, reason, tokens_in, tokens_out, latency, identity, top):
    store = ReplyStore()
    kept = entry().reply
    kept = replace(
        kept, text=text, finish_reason=reason, tokens_in=tokens_in, tokens_out=tokens_out, latency=latency,
        model=identity, top=top,
    )  # fmt: skip
    one = replace(entry(), reply=kept)
    assert store.add([(one, False)]) == [True]
    assert store.get(one.key) == kept
    assert list(store.entries([one.key])) == [one]
    store.close()


async def test_what_was_kept_is_there_when_the_file_is_opened_again(path):
    store = ReplyStore(path)
    odd = entry(1, "\ud83d\0", finish_reason=None, tokens_in=None, tokens_out=None, model="m", top=None)
    assert await store.keep(odd) == odd.reply
    assert await store.keep(entry(2)) == entry(2).reply
    store.close()
    again = ReplyStore(path)
    assert (again.path, again.get(odd.key), again.get(key_of(2))) == (path, odd.reply, entry(2).reply)
    assert again.get(key_of(3)) is None


async def test_a_store_in_memory_keeps_and_gives_back_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = ReplyStore()
    await store.keep(entry())
    assert store.get(key_of(1)) == entry().reply
    assert store.path is None
    assert store.claim(key_of(1))
    assert store.claim(key_of(1))
    store.release(key_of(1))
    store.close()
    assert list(tmp_path.iterdir()) == []
    assert ReplyStore().get(key_of(1)) is None


async def test_the_first_reply_wins_between_two_stores_on_one_file(path):
    one, other = ReplyStore(path), ReplyStore(path)
    assert await one.keep(entry(text="first")) == entry(text="first").reply
    assert await other.keep(entry(text="second")) == entry(text="first").reply
    assert other.add([(entry(text="third"), False), (entry(2), False)]) == [False, True]
    assert one.get(key_of(1)).text == other.get(key_of(1)).text == "first"


async def test_a_renewed_reply_takes_the_place_of_the_old_one_which_is_kept_beside_it(path):
    store = ReplyStore(path)
    await store.keep(entry(text="old"))
    for text in ("newer", "newest"):
        assert (await store.keep(entry(text=text), renew=True)).text == text
    assert (await store.keep(entry(text="late"))).text == "newest"
    assert store.get(key_of(1)).text == next(store.entries([key_of(1)])).reply.text == "newest"
    assert (await store.keep(entry(2, "never held"), renew=True)).text == "never held"
    store.close()
    assert rows(path) == [(0, b"old"), (1, b"newer"), (2, b"newest"), (0, b"never held")]


async def test_replies_that_arrive_together_are_one_transaction(path, monkeypatch):
    store, batches = ReplyStore(path), []
    add = store.add

    def counted(entries):
        batches.append(list(entries))
        return add(batches[-1])

    monkeypatch.setattr(store, "add", counted)
    together = [entry(number, str(number)) for number in range(5)]
    kept = await asyncio.gather(*[store.keep(one) for one in together])
    await store.keep(entry(9))
    assert [len(batch) for batch in batches] == [5, 1]
    assert kept == [one.reply for one in together]


async def test_the_same_reply_twice_in_one_transaction_is_the_first_for_both(path):
    store = ReplyStore(path)
    kept = await asyncio.gather(store.keep(entry(text="first")), store.keep(entry(text="second")))
    assert [one.text for one in kept] == ["first", "first"]


async def test_a_reply_that_nobody_waits_for_any_more_is_kept_all_the_same(path):
    store = ReplyStore(path)
    waiting = [asyncio.create_task(store.keep(entry(number))) for number in (1, 2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert waiting[0].cancelled()
    assert waiting[1].result() == entry(2).reply
    assert store.get(key_of(1)) == entry(1).reply


# --- what it tells of its replies ------------------------------------------------------------------------------------


def test_entries_come_in_the_order_asked_and_those_it_does_not_hold_are_left_out(path):
    store = ReplyStore(path)
    held = [entry(number, f"text {number}", payer=f"run {number}", draw=f"[{number}]") for number in range(4)]
    store.add((one, False) for one in held)
    found = list(store.entries([key_of(3), key_of(77), key_of(0), key_of(3)]))
    assert found == [held[3], held[0], held[3]]


def test_what_a_run_paid_is_summed_by_model_and_the_runs_are_kept_apart(path):
    store = ReplyStore(path)
    entries = [
        entry(1, tokens_in=10, tokens_out=1, latency=0.25),
        entry(2, tokens_in=20, tokens_out=2, latency=0.5),
        entry(3, model="n"),
        entry(4, payer="another run"),
    ]
    # `model` of an entry is the label; `model` of its reply is the identity.
    entries[2] = replace(entry(3), model="n")
    store.add((one, False) for one in entries)
    assert store.paid_by("run") == {"m": Paid(2, 30, 3, 16, 0.75), "n": Paid(1, 12, 3, 8, 0.5)}
    assert store.paid_by("another run") == {"m": Paid(1, 12, 3, 8, 0.5)}
    assert store.paid_by("nobody") == {}


async def test_a_renewed_reply_was_paid_as_often_as_it_was_made(path):
    store = ReplyStore(path)
    await store.keep(entry())
    await store.keep(entry(), renew=True)
    await store.keep(entry())  # not new, so nothing was paid for it here
    assert store.paid_by("run")["m"].replies == 2


def test_where_the_endpoint_counted_no_tokens_four_characters_stand_for_one(path):
    store = ReplyStore(path)
    uncounted = {"tokens_in": None, "tokens_out": None}
    store.add([(entry(1, "x" * 20, characters=100, **uncounted), False), (entry(2, characters=40), False)])
    assert store.paid_by("run") == {"m": Paid(2, 25 + 12, 5 + 3, 140, 1.0)}


def test_characters_of_a_reply_are_counted_and_not_its_bytes(path):
    store = ReplyStore(path)
    store.add([(entry(1, "é世" * 10, tokens_out=None), False)])
    assert store.paid_by("run")["m"].tokens_out == 5


def test_what_is_usual_of_a_model_is_read_from_its_last_thousand_replies(path):
    store = ReplyStore(path)
    assert store.usual("m") is None
    old = [entry(number, tokens_in=10_000, latency=99.0) for number in range(3)]
    recent = [entry(number, tokens_in=5, tokens_out=2, latency=0.5, payer=str(number)) for number in range(3, 1003)]
    store.add((one, False) for one in [*old, *recent, replace(entry(2000), model="n")])
    assert store.usual("m") == Paid(1000, 5000, 2000, 8000, 500)
    assert store.usual("n").replies == 1


def test_it_knows_a_draw_whatever_the_words_were(path):
    store = ReplyStore(path)
    store.add([(entry(1, draw="[1, 2]"), False)])
    assert store.asked("[1, 2]")
    assert not store.asked("[1, 3]")


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "replies.sqlite"
    store = ReplyStore(path)
    store.add([(entry(), False)])
    assert store.get(key_of(1)) == entry().reply


def test_nothing_but_the_store_is_left_in_the_folder(path):
    ReplyStore(path).close()
    assert {one.name for one in path.parent.iterdir()} == {"replies.sqlite", "replies.sqlite-claims"}


def garbage(path):
    path.write_bytes(b"Dear diary, " * 100)


def nothing(path):
    path.write_bytes(b"")


def beginning_of_a_store(path):
    ReplyStore(path).close()
    path.write_bytes(path.read_bytes()[:50])


def foreign(path):
    file = sqlite3.connect(path)
    file.executescript("CREATE TABLE replies (id INTEGER PRIMARY KEY, key BLOB); PRAGMA user_version = 1")
    file.close()


def of_version(number):
    def made(path):
        ReplyStore(path).close()
        file = sqlite3.connect(path)
        file.execute(f"PRAGMA user_version = {number}")
        file.close()

    return made


def filled(path):
    store = ReplyStore(path)
    store.add((entry(number, "word " * 200), False) for number in range(60))
    store.close()


def damaged(path):
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def cut_off(path):
    filled(path)
    path.write_bytes(path.read_bytes()[: 4096 * 3])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (garbage, r"is no reply store; it is left as it is: name another file with replies\.store=…"),
        (nothing, "is no reply store"),
        (beginning_of_a_store, "is no reply store"),
        (foreign, "is no reply store"),
        (of_version(VERSION + 1), rf"has version {VERSION + 1}, from a newer Commonweal.*export.*import"),
        (of_version(VERSION - 1), rf"has version {VERSION - 1}, from an older Commonweal.*replies\.store="),
        (damaged, r"the file is left as it is; restore it from a copy, or name another store: replies\.store=…"),
        (cut_off, "restore it from a copy"),
    ],
    ids=["garbage", "empty", "beginning", "foreign", "newer", "older", "damaged", "cut off"],
)
def test_a_file_that_cannot_be_used_is_told_with_the_remedy_and_left_as_it_is(path, spoil, said):
    spoil(path)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreError, match=said) as raised:
            ReplyStore(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_a_file_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "replies.sqlite"):
        with pytest.raises(StoreError, match=r"name another store: replies\.store=…"):
            ReplyStore(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_without_leave_to_write_is_told_before_any_call(path):
    ReplyStore(path).close()
    path.chmod(0o444)
    with pytest.raises(StoreError, match="give leave to write there"):
        ReplyStore(path)


async def test_a_reply_that_cannot_be_written_is_an_error_for_all_that_arrived_together(path):
    store = ReplyStore(path)
    await store.keep(entry(1))
    pages = store._file.execute("PRAGMA page_count").fetchone()[0]
    store._file.execute(f"PRAGMA max_page_count = {pages}")
    large = [store.keep(entry(number, "x" * 100_000)) for number in (2, 3)]
    found = await asyncio.gather(*large, return_exceptions=True)
    assert [type(one) for one in found] == [StoreError, StoreError]
    assert "full; make room" in str(found[0])
    # What was there is still there, and what fits is kept.
    assert store.get(key_of(1)) == entry(1).reply
    assert store.get(key_of(2)) is None
    assert (await store.keep(entry(4))).text == "B"


@pytest.mark.parametrize("ask", ["get", "paid_by", "usual", "asked", "entries"])
def test_a_store_that_cannot_be_read_any_more_is_told_as_a_store_error(path, ask):
    store = ReplyStore(path)
    store._file.execute("DROP TABLE replies")
    given = {"get": key_of(1), "entries": [key_of(1)]}.get(ask, "word")
    with pytest.raises(StoreError, match="no such table"):
        list(getattr(store, ask)(given) or ())


def at_the_same_moment(number, work):
    """Do a work in several threads and hand on what each came to."""
    found = []

    def one():
        try:
            found.append(work())
        except BaseException as error:
            found.append(error)

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_two_that_create_the_store_at_the_same_moment_have_one_store(path, monkeypatch):
    both_made, link = threading.Barrier(2), os.link

    def late(*words):
        both_made.wait(30)
        return link(*words)

    monkeypatch.setattr(os, "link", late)
    one, other = at_the_same_moment(2, lambda: ReplyStore(path))
    assert one.add([(entry(1), False)]) == other.add([(entry(2), False)]) == [True]
    assert (one.get(key_of(2)), other.get(key_of(1))) == (entry(2).reply, entry(1).reply)
    one.close()
    other.close()
    assert {file.name for file in path.parent.iterdir()} == {"replies.sqlite", "replies.sqlite-claims"}


def test_a_file_system_without_hard_links_will_do(path, monkeypatch):
    def refused(*words):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    store = ReplyStore(path)
    store.add([(entry(), False)])
    store.close()
    assert ReplyStore(path).get(key_of(1)) == entry().reply
    assert {one.name for one in path.parent.iterdir()} >= {"replies.sqlite", "replies.sqlite-claims"}
    assert not [one for one in path.parent.iterdir() if str(os.getpid()) in one.name]


# --- several processes -----------------------------------------------------------------------------------------------


def test_processes_share_replies_and_a_claim_ends_with_its_release_or_its_process(path):
    store = ReplyStore(path)
    first, second = key_of(1), key_of(2)
    with another(path) as other:
        assert store.claim(first)
        assert (other("claim", first), other("claim", second)) == (False, True)
        assert not store.claim(second)
        store.release(first)
        assert other("claim", first)
        assert not store.claim(first)
        # A reply of one is at once there for the other, and the first stays.
        assert other("add", first, "theirs") == [True]
        assert store.get(first).text == "theirs"
        assert store.add([(entry(1, "ours"), False)]) == [False]
        store.add([(entry(2, "ours"), False)])
        assert other("get", second) == "ours"
        other.die()
        assert store.claim(first)
        assert store.claim(second)


def test_a_committed_reply_survives_the_sudden_end_of_its_process(path):
    with another(path) as other:
        assert other("add", key_of(1), "kept \ud83d") == [True]
        other.die()
    assert ReplyStore(path).get(key_of(1)).text == "kept \ud83d"


def test_a_second_store_in_one_process_loses_no_reply_when_another_process_ends(path):
    # As a sweep does, which opens a store for each of its jobs.
    store = ReplyStore(path)
    store.add([(entry(1), False)])
    second = ReplyStore(path)
    with another(path) as other:
        other.end()
    second.add([(entry(2), False)])
    with another(path) as other:
        assert other("get", key_of(1)) == "B"
        assert other("get", key_of(2)) == "B"
    store.close()
    second.close()
    assert len(rows(path)) == 2


def test_closing_one_store_of_a_process_leaves_the_claims_of_its_others(path):
    one, other_one = ReplyStore(path), ReplyStore(path)
    assert other_one.claim(key_of(1))
    one.close()
    with another(path) as other:
        assert not other("claim", key_of(1))
