"""What `experiments.prompt` shows is what a model reads, and its lint finds what is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway import Gateway
from agents.induction import Induction
from agents.llm import LLMAgent
from agents.received import Received
from agents.setting import Setting
from agents.wording import Framing, Words
from experiments.catalogue import built, member
from experiments.marked import CLOSE, OPEN, differing, marked
from experiments.prompt import main
from experiments.readings import REPLY, composed, need, questions, reading, readings, tokens, unasked
from games.errors import SettingError
from games.svo import Orientation
from games.types import Occasion

NAMES = [one.value for one in Orientation]

# --- marks -----------------------------------------------------------------------------------------------------------

TEXTS = st.lists(st.text("ab c,.\n你我", max_size=30), min_size=1, max_size=4)


@given(TEXTS)
def test_without_its_marks_every_text_is_what_it_was(texts):
    pieces = differing(texts)
    assert ["".join(words for words, _ in one) for one in pieces] == texts
    assert [marked(one).replace(OPEN, "").replace(CLOSE, "") for one in pieces] == texts


@given(TEXTS)
def test_unmarked_words_stand_in_all_texts_in_the_same_order(texts):
    def occurs(words, text):
        rest = iter(text)
        return all(sign in rest for sign in words)

    for own in differing(texts):
        common = "".join(words for words, differs in own if not differs).replace(" ", "")
        assert all(occurs(common, text) for text in texts)


def told(*texts):
    return [marked(one) for one in differing(texts)]


def test_words_that_differ_are_marked_and_no_others():
    shown = told("You want others to win.", "You want to win.", "You want yourself to win.")
    assert shown == ["You want ⟦others⟧ to win.", "You want to win.", "You want ⟦yourself⟧ to win."]
    assert told("你希望他人多得", "你希望自己多得") == ["你希望⟦他人⟧多得", "你希望⟦自己⟧多得"]
    assert told("the same", "the same") == ["the same", "the same"]
    assert told("alone") == ["alone"]


# --- what is shown is what is sent -----------------------------------------------------------------------------------


class Heard(Gateway):
    """Keeps the messages of every call, and answers A."""

    def __init__(self):
        super().__init__("heard", None, synthetic=True)
        self.calls = []

    async def ask(self, call):
        self.calls.append([(message.type, str(message.content)) for message in call.messages])
        return Received("A", "stop", 1, 1, 0.0, "heard")


TYPES = {"system": "system", "human": "user", "ai": "assistant"}


def sent_and_shown(name, orientation=Orientation.COMPETITIVE):
    """An agent, what its model was sent for three items of the slider, and what is shown of them."""
    measure = member("measure", "slider")
    items = built(measure["instrument"], "measure").decisions()[:3]
    induction = Induction.from_data(member("induction", name))
    framing = Framing.from_data(member("framing", "neutral"), {"slider": Words.from_data("slider", measure["words"])})
    heard = Heard()
    agent = LLMAgent(Setting(0, orientation, 1, lambda: heard, induction, framing))
    shown = [reading(agent, induction, orientation.value, items, number) for number in (1, 2, 3)]
    return agent, items, heard, shown


@pytest.mark.parametrize("name", ["none", "definition", "reminder", "self_goal", "hvae", "hvae_zh", "few_shot"])
async def test_the_messages_shown_are_those_that_are_sent(name):
    agent, items, heard, shown = sent_and_shown(name)
    for draw, item in enumerate(items):
        await agent.decide(item, Occasion("before", 1, draw))
    answers = heard.calls[-3:] if len(heard.calls) > 3 else heard.calls
    for messages, one in zip(answers, shown, strict=True):
        said = [(message.role, message.text.replace(REPLY, "A").replace("«goal»", "A")) for message in one.messages]
        assert said == [(TYPES[kind], text) for kind, text in messages]
    assert need(agent, items) == len(heard.calls)


async def test_an_earlier_question_left_out_would_be_noticed():
    agent, items, heard, shown = sent_and_shown("hvae")
    for draw, item in enumerate(items):
        await agent.decide(item, Occasion("before", 1, draw))
    assert len(shown[1].messages) == len(heard.calls[-2])
    assert len(shown[0].messages) != len(heard.calls[-2])


# --- which decisions -------------------------------------------------------------------------------------------------


def made(*overrides):
    return unasked(composed(overrides)[0])


def last(experiment, phase, number=1, **asked):
    found = readings(experiment, questions(experiment, phase, **asked), [number])
    return next(iter(found.values()))[number]["prosocial"].messages[-1].text


def test_the_third_round_is_read_with_the_two_before_it():
    text = last(made("experiment=society"), "play", 3)
    assert "Round 1:" in text
    assert "Round 2:" in text
    assert "Round 3:" not in text
    assert "This is round 3 of 10." in text


def test_the_second_measure_is_read_with_what_was_played_and_without_memory_not():
    assert "Round 10:" in last(made("experiment=society"), "after")
    assert "Round" not in last(made("experiment=society", "memory=false"), "after")


def test_each_seat_reads_its_own_decisions():
    trust = made("game=trust")
    stages = [[one.stage for one in questions(trust, "play", seat)] for seat in range(trust.game.players)]
    assert all(stages)
    assert {one.player for one in questions(trust, "play", 1)} == {1}


def test_menus_are_laid_out_as_the_presentation_says():
    numbered = made("presentation.labels=numbers", "presentation.currency=coins", "presentation.order=reversed")
    text = last(numbered, "before")
    assert "1: you receive 85 coins, the other person receives 15 coins" in text
    both = made("presentation.first=[own,other]")
    assert "A: you receive" in last(both, "before", turn=0)
    assert "A: the other person receives" in last(both, "before", turn=1)


def test_several_inductions_and_part_of_the_orientations_are_read():
    both = made("population.inductions=[label,none]")
    found = readings(both, questions(both, "before"), [1, 15], ["altruistic", "competitive"])
    assert list(found) == ["label", "none"]
    assert [list(side) for side in found["label"].values()] == [["altruistic", "competitive"]] * 2
    assert len({one.messages for one in found["none"][1].values()}) == 1
    assert len({one.messages for one in found["label"][1].values()}) == 2


@pytest.mark.parametrize(
    ("overrides", "asked", "told"),
    [
        (["phases=[before]"], {"phase": "play"}, "phase 'play' is not in this run; it has before"),
        ([], {"phase": "play", "seat": 4}, "seats are 0 to 3"),
    ],
)
def test_what_is_not_in_the_run_cannot_be_shown(overrides, asked, told):
    with pytest.raises(SettingError, match=told):
        questions(made(*overrides), **asked)


def test_tokens_are_four_characters_or_one_chinese_character():
    assert [tokens(text) for text in ("", "abcd", "abcde", "你好", "你好abcd")] == [0, 1, 2, 2, 3]


# --- the command -----------------------------------------------------------------------------------------------------


def test_it_shows_all_orientations_with_marks_and_writes_nothing(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert main(["induction=label", "model=openai", "--plain"]) == 0
    told = capsys.readouterr().out
    for name in NAMES:
        assert f"Your social value orientation is ⟦{name}⟧." in told
    assert "an administration takes 15 calls" in told
    assert told.count("Which of these divisions do you choose?") == 1
    assert "~" in told
    assert "estimated" in told
    assert list(tmp_path.iterdir()) == []


def test_all_decisions_are_shown_and_what_was_shown_already_is_named(capsys):
    assert main(["induction=definition", "--all", "--plain", "measure.instrument.secondary=false"]) == 0
    told = capsys.readouterr().out
    assert told.count("=== decision") == 6
    assert told.count("You hold one such value completely") == 4
    assert told.count("system message: as in decision 1") == 5


def test_decisions_can_be_listed(capsys):
    assert main(["--phase", "play", "--list"]) == 0
    told = capsys.readouterr().out
    assert "  3  public_goods, contribute, round 3, ~" in told
    assert "You are in a group" not in told


def test_it_shows_as_json(capsys):
    assert main(["induction=self_goal", "--json", "--phase", "after"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["phase"] == "after"
    assert found["inductions"]["self_goal"]["calls"] == 16
    (side,) = found["inductions"]["self_goal"]["decisions"]
    assert list(side) == NAMES
    assert [one["role"] for one in side["prosocial"]["messages"]] == ["user", "assistant", "user"]
    assert side["prosocial"]["messages"][1]["text"] == "«goal»"


def test_the_sweep_of_an_experiment_is_said_and_a_sweep_on_the_line_is_refused(capsys):
    assert main(["+hydra.sweeper={params: {seed: '1,2'}}", "--list"]) == 0
    assert "this experiment is a sweep (seed=1,2); shown is the job with the defaults" in capsys.readouterr().out
    assert main(["induction=label,maxim"]) == 2
    assert "'population.inductions=[label,maxim]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["induction=nope"], "Could not find 'induction/nope'"),
        (["induction=/tmp/x/ledger.yaml"], "must lie in conf/induction/ or conf/framing/ to be shown or run"),
        (["population.inductions=[label,own.yml]"], "any file: python -m experiments.prompt lint own.yml"),
        (["--decision", "16"], "decision 16: one player is asked 15 decisions here, 1 to 15"),
        (["--decision", "0"], "decision 0"),
        (["--orientation", "selfish"], "orientation 'selfish' is not in the population"),
        (["--layout", "2"], "layout 2: the presentation has 1"),
        (["agent=tit_for_tat"], "no chat model is asked"),
        (["lint", "nope"], "unknown induction 'nope'"),
        (["lint", "colour/red"], "unknown kind of wording 'colour'"),
        (["lint", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(words, told, capsys):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line


BROKEN = """
name: broken
source: nowhere
system: "Be this: {{ value }}"
values:
  prosocial: {value: You are prosocial.}
"""


def test_lint_passes_the_catalogue_and_fails_a_broken_file(capsys, tmp_path):
    assert main(["lint"]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out
    broken = tmp_path / "broken.yaml"
    broken.write_text(BROKEN, encoding="utf-8")
    assert main(["lint", str(broken)]) == 1
    told = capsys.readouterr().out
    assert f"error   {broken}: no values for altruistic, individualistic, competitive" in told
    assert main(["--lint", "label", "framing/neutral", "game/public_goods", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_lint_checks_what_a_run_would_use(capsys):
    assert main(["lint", "induction=maxim", "further_measures=[ring]"]) == 0
    assert "checked 5: 0 errors" in capsys.readouterr().out
    assert main(["lint", "induction=maxim", "induction.values.prosocial.maxim=I am prosocial to everybody."]) == 1
    assert "error   induction of this run: prosocial: 'prosocial' names the value" in capsys.readouterr().out
    assert main(["lint", "population.inductions=[label,weights]"]) == 0
    assert "checked 5: 0 errors, 0 warnings, 1 note\n" in capsys.readouterr().out
