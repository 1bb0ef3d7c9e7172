"""The progress of a run: a bar on a terminal, a line a phase elsewhere, and nothing where it is switched off."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from experiments import progress
from experiments.progress import Bar
from games.types import Choice, Failure

READ, FAILED = Choice(option=0), Choice(failure=Failure.EMPTY)


@pytest.fixture
def clock(monkeypatch):
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@pytest.fixture
def plain(monkeypatch):
    """What is no terminal."""
    monkeypatch.setattr(progress, "Console", lambda stderr: Console(stderr=stderr, force_terminal=False))


@pytest.fixture
def screen(monkeypatch):
    """A terminal, and what was written on it."""
    shown = io.StringIO()
    made = Console(file=shown, force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(progress, "Console", lambda stderr: made)
    return shown


def run_through(bar, line=None):
    with bar:
        for name, answers in (("before", [READ, FAILED, READ]), ("play", [READ]), ("after", [])):
            bar.phase(name, len(answers))
            for choice in answers:
                bar.asked(choice)
            if line:
                bar.told(line)


def test_where_there_is_no_terminal_each_phase_is_a_line(plain, capsys):
    run_through(Bar(shown=True))
    assert capsys.readouterr().err.splitlines() == [
        "measure: 3 decisions, 1 failed",
        "play: 1 decisions, 0 failed",
        "measure again: 0 decisions, 0 failed",
    ]


def test_nothing_goes_where_results_go(plain, capsys):
    run_through(Bar(shown=True), "waiting")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["plain", "screen"])
def test_switched_off_it_shows_nothing(kind, request, capsys):
    shown = request.getfixturevalue(kind)
    run_through(Bar(shown=False), "waiting")
    assert capsys.readouterr().err == ""
    assert shown is None or shown.getvalue() == ""


def test_a_run_that_breaks_off_tells_how_far_its_phase_came(plain, capsys):
    def broken():
        with Bar(shown=True) as bar:
            bar.phase("play", 9)
            bar.asked(READ)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert capsys.readouterr().err.splitlines() == ["play: 1 decisions, 0 failed"]


def test_what_is_waited_for_is_a_line_every_few_seconds(plain, capsys, clock):
    with Bar(shown=True) as bar:
        bar.phase("play", 9)
        for number in range(12):
            bar.told(f"m: retry {number}")
            clock.now += 1
    assert capsys.readouterr().err.splitlines() == [
        "m: retry 0",
        "m: retry 5",
        "m: retry 10",
        "play: 0 decisions, 0 failed",
    ]


def test_on_a_terminal_the_bar_counts_and_tells_failures_and_what_is_waited_for(screen, clock):
    with Bar(shown=True) as bar:
        bar.phase("before", 3)
        for choice in (READ, FAILED, READ):
            bar.asked(choice)
        bar.told("m: 429, too many requests [at once]")
    said = screen.getvalue()
    assert "measure" in said
    assert "3/3" in said
    assert "1 failed" in said
    assert "m: 429, too many requests [at once]" in said
    assert "decisions" not in said  # the line of a phase is for where there is no bar


def test_a_note_leaves_the_bar_after_some_seconds_when_replies_come_again(screen, clock):
    with Bar(shown=True) as bar:
        bar.phase("play", 9)
        bar.told("m: connection lost")
        bar.asked(READ)
        assert bar._progress.note == "m: connection lost"
        clock.now += 6
        bar.asked(READ)
        assert bar._progress.note == ""


def test_a_word_before_the_first_phase_does_no_harm(screen, clock):
    with Bar(shown=True) as bar:
        bar.told("m: connection lost")
        bar.phase("play", 1)
        bar.asked(READ)
    assert "1/1" in screen.getvalue()


def test_one_of_several_runs_says_only_what_is_waited_for_and_which_it_is(screen, clock, capsys):
    with Bar(shown=True, each="job 3: ") as bar:
        bar.phase("play", 2)
        bar.asked(READ)
        bar.told("m: 429")
    assert capsys.readouterr().err.splitlines() == ["job 3: m: 429"]
    assert screen.getvalue() == ""
