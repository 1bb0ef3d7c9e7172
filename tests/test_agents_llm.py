"""An agent that asks a chat model: what it sends, what it keeps, and what it makes of the reply."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agents.answers import Answering
from agents.gateway import Gateway, Terms
from agents.induction import Induction
from agents.limits import Limits
from agents.llm import METADATA, LLMAgent
from agents.parse import parse
from agents.request import Draw, Mode
from agents.setting import Setting
from agents.wording import Framing, Words
from experiments.catalogue import member
from games.decision_json import as_json
from games.errors import EndpointError, MissingReply, SettingError
from games.svo import Orientation
from games.types import Allocation, Choice, Decision, Failure, Occasion, Option

FRAMING = Framing(
    name="plain",
    words={"g": Words("Rules.", {"choose": "Item {{ item }}?"})},
    same_partners="",
    new_partners="",
    own_name="",
    noise="",
    round_known="",
    round_unknown="",
    round_random="",
    past_header="",
    memory_header="",
    option="{{ label }}: {{ own }}, {{ other }}",
    option_other_first="",
    act="",
    answer_letter="Letter.",
    answer_number="",
    answer_amount="",
)
LABEL = Induction("label", "s", system="Be {{ v }}.", values={one.value: {"v": one.value} for one in Orientation})
NONE = Induction("none", "control")
GOAL = "The most for everybody."


class Chat(BaseChatModel):
    """Answers as `answer(text of the last message, step)` says: a text, a message, or an error to raise."""

    answer: Any
    heard: list[Any] = []  # noqa: RUF012 - pydantic copies defaults
    arguments: list[Any] = []  # noqa: RUF012 - as above
    under_way: int = 0
    most: int = 0

    @property
    def _llm_type(self):
        return "test"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        raise NotImplementedError  # LangChain wants it defined; agents ask asynchronously only

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        about = run_manager.metadata[METADATA]
        self.heard.append((list(messages), about))
        self.arguments.append(kwargs)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        said = self.answer(messages[-1].content, about["step"])
        if isinstance(said, Exception):
            raise said
        message = AIMessage(said) if isinstance(said, str) else said
        return ChatResult(generations=[ChatGeneration(message=message)])


def good(text, step):
    """Prepares as asked, counts 10 tokens read and 1 written for each call, and answers B."""
    said = {0: "B", 3: f" {GOAL}\n"}.get(step, "I understand.")
    return AIMessage(said, usage_metadata={"input_tokens": 10, "output_tokens": 1, "total_tokens": 11})


def gateway_to(chat, concurrency=8, form="text", terms=None):
    limits = Limits(concurrency=concurrency, retries=0)
    answering = Answering(form, "openai", "test/m")
    return Gateway("test/m", chat, synthetic=False, limits=limits, answering=answering, terms=terms or Terms())


def agent(
    chat, induction=LABEL, orientation=Orientation.PROSOCIAL, *, participant=0, reasks=0, form="text", terms=None,
    cell="",
):  # fmt: skip
    gateway = gateway_to(chat, form=form, terms=terms)
    return LLMAgent(Setting(participant, orientation, 1, lambda: gateway, induction, FRAMING, cell, reasks))


def hvae():
    return Induction.from_data(member("induction", "hvae"))


def item(number=1):
    options = tuple(Option(act, Allocation(own, 10.0)) for act, own in (("x", 1.0), ("y", 2.0), ("z", 3.0)))
    return Decision("g", 0, options, facts={"item": number}, item=number)


def occasion(repetition=1, phase="before", draw=100):
    return Occasion(phase, repetition, draw)


async def administered(made, items=(1, 2, 3), repetition=1, phase="before"):
    asked = [made.decide(item(n), occasion(repetition, phase, 1000 * repetition + n)) for n in items]
    return await asyncio.gather(*asked)


def steps(chat):
    return [about["step"] for _, about in chat.heard]


# --- one question ----------------------------------------------------------------------------------------------------


async def test_it_sends_the_induction_and_the_question_and_takes_the_option_named():
    chat = Chat(answer=lambda text, step: "B")
    choice = await agent(chat).decide(item(), occasion())
    ((messages, _),) = chat.heard
    question = "Rules.\n\nItem 1?\n\nA: 1.0, 10.0\nB: 2.0, 10.0\nC: 3.0, 10.0\n\nLetter."
    assert messages == [SystemMessage("Be prosocial."), HumanMessage(question)]
    assert (choice.option, choice.failure, choice.reply.text, choice.reply.calls) == (1, None, "B", 1)


async def test_the_control_sends_the_question_alone():
    chat = Chat(answer=lambda text, step: "B")
    made = agent(chat, NONE)
    await made.decide(item(), occasion())
    assert [type(message) for message in chat.heard[0][0]] == [HumanMessage]
    assert made.induction == "none"


async def test_an_answer_names_the_option_shown_there():
    chat = Chat(answer=lambda text, step: "A")
    choice = await agent(chat).decide(replace(item(), shown=(2, 0, 1)), occasion())
    assert choice.option == 2


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        (AIMessage(""), Failure.EMPTY),
        (AIMessage("A or B"), Failure.AMBIGUOUS),
        (AIMessage("D"), Failure.OFF_MENU),
        (AIMessage("Who knows?"), Failure.UNREADABLE),
        (AIMessage("I cannot make this decision for you."), Failure.REFUSED),
        (AIMessage("I weigh", response_metadata={"finish_reason": "length"}), Failure.TRUNCATED),
        (AIMessage("A", response_metadata={"finish_reason": "content_filter"}), Failure.REFUSED),
    ],
)
async def test_what_cannot_be_read_is_a_failure_with_its_reply_and_never_an_option(message, failure):
    choice = await agent(Chat(answer=lambda text, step: message)).decide(item(), occasion())
    assert (choice.option, choice.failure) == (None, failure)
    assert choice.reply.text == message.content


async def test_an_unreadable_reply_is_not_asked_again():
    chat = Chat(answer=lambda text, step: "Who knows?")
    await agent(chat).decide(item(), occasion())
    assert len(chat.heard) == 1


async def test_without_history_no_question_knows_of_another():
    chat = Chat(answer=lambda text, step: "B")
    await administered(agent(chat))
    assert [len(messages) for messages, _ in chat.heard] == [2, 2, 2]


async def test_every_call_says_which_decision_of_whom_it_is():
    chat = Chat(answer=lambda text, step: "B")
    await agent(chat, participant=7).decide(item(4), occasion(3, "after", 99))
    about = chat.heard[0][1]
    assert about.pop("decision") == as_json(item(4))
    assert isinstance(about.pop("agent"), int)
    assert about == {
        "participant": 7, "orientation": "prosocial", "induction": "label", "phase": "after", "repetition": 3,
        "draw": 99, "step": 0,
    }  # fmt: skip


async def test_the_control_does_not_tell_the_orientation_that_it_is_only_compared_with():
    chat = Chat(answer=lambda text, step: "B")
    await agent(chat, NONE).decide(item(), occasion())
    assert chat.heard[0][1]["orientation"] is None


async def test_participants_have_identities_of_their_own_fixed_by_the_seed():
    chat = Chat(answer=lambda text, step: "B")
    for participant in (0, 1, 0):
        await agent(chat, participant=participant).decide(item(), occasion())
    first, second, again = [about["agent"] for _, about in chat.heard]
    assert first == again != second


def test_it_is_told_by_kind_model_and_induction():
    made = agent(Chat(answer=good))
    assert (made.kind, made.model, made.induction, made.synthetic) == ("llm", "test/m", "label", False)


def test_it_needs_an_orientation_and_asks_for_no_model_without_one():
    def no_gateway():
        raise AssertionError

    with pytest.raises(SettingError, match="orientation"):
        LLMAgent(Setting(0, None, 1, no_gateway, LABEL, FRAMING))


# --- a conversation with preparation (hvae) --------------------------------------------------------------------------


async def test_hvae_prepares_in_three_calls_once_per_conversation():
    chat = Chat(answer=good)
    made = agent(chat, hvae())
    await administered(made)
    assert steps(chat) == [1, 2, 3, 0, 0, 0]
    await administered(made, repetition=2)
    await administered(made, phase="play", items=(1,))
    await administered(made, phase="play", items=(2,))
    assert steps(chat)[6:] == [1, 2, 3, 0, 0, 0, 1, 2, 3, 0, 0]


async def test_hvae_asks_each_step_after_the_answer_to_the_one_before():
    chat = Chat(answer=good)
    await administered(agent(chat, hvae()), items=(1,))
    asked = [step.ask for step in hvae().worded(Orientation.PROSOCIAL).steps]
    said = ["I understand.", "I understand.", f" {GOAL}\n"]
    expected = [message for pair in zip(asked, said, strict=True) for message in pair]
    for number in range(3):
        assert [one.content for one in chat.heard[number][0]] == expected[: 2 * number + 1]
    assert [one.content for one in chat.heard[3][0]][:-1] == expected
    assert "prosocial" in asked[0]


async def test_hvae_repeats_the_goal_with_every_question():
    chat = Chat(answer=good)
    await administered(agent(chat, hvae()))
    for messages, about in chat.heard:
        if about["step"] == 0:
            assert messages[-1].content.endswith(f"\n\nRemember your goal: {GOAL}")


async def test_hvae_keeps_its_questions_and_answers_within_an_administration_and_clears_them_between():
    chat = Chat(answer=good)
    made = agent(chat, hvae())
    await administered(made)
    await administered(made, repetition=2)
    questions = [messages for messages, about in chat.heard if about["step"] == 0]
    assert [len(messages) for messages in questions] == [7, 9, 11, 7, 9, 11]
    third = [message.content for message in questions[2]]
    assert ["Item 1?" in third[6], third[7], "Item 2?" in third[8], third[9]] == [True, "B", True, "B"]
    assert [type(message) for message in questions[2]] == [HumanMessage, AIMessage] * 5 + [HumanMessage]
    assert "Item 3?" not in "".join(message.content for message in questions[3])


async def test_the_questions_of_one_conversation_are_put_one_after_the_other_in_their_order():
    chat = Chat(answer=good)
    await administered(agent(chat, hvae()), items=(3, 1, 2))
    assert chat.most == 1
    assert [about["decision"]["item"] for _, about in chat.heard if about["step"] == 0] == [3, 1, 2]


async def test_conversations_of_different_administrations_go_on_side_by_side():
    chat = Chat(answer=good)
    made = agent(chat, hvae())
    await asyncio.gather(administered(made), administered(made, repetition=2))
    assert chat.most == 2


async def test_calls_and_tokens_of_the_preparation_are_counted_with_the_first_question():
    replies = [choice.reply for choice in await administered(agent(Chat(answer=good), hvae()))]
    assert [(one.calls, one.tokens_in, one.tokens_out) for one in replies] == [(4, 40, 4), (1, 10, 1), (1, 10, 1)]
    assert [len(one.preparation) for one in replies] == [3, 0, 0]
    assert replies[0].preparation[2][1] == f" {GOAL}\n"


async def test_tokens_that_the_endpoint_does_not_count_stay_unknown_and_are_not_zero():
    chat = Chat(answer=lambda text, step: "B" if step == 0 else "Yes.")
    replies = [choice.reply for choice in await administered(agent(chat, hvae()))]
    assert [(one.tokens_in, one.tokens_out) for one in replies] == [(None, None)] * 3


async def test_every_preparatory_call_has_a_draw_of_its_own():
    chat = Chat(answer=good)
    made = agent(chat, hvae())
    await administered(made)
    await administered(made, repetition=2)
    draws = [about["draw"] for _, about in chat.heard]
    assert len(set(draws)) == 12


def cut(text):
    return AIMessage(text, response_metadata={"finish_reason": "length"})


@pytest.mark.parametrize("bad", ["", " \n", "I cannot take part in this.", cut("The goal is")])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_failed_preparation_fails_every_question_and_nothing_more_is_paid(bad, at):
    chat = Chat(answer=lambda text, step: bad if step == at else good(text, step))
    choices = await administered(agent(chat, hvae()))
    assert [choice.failure for choice in choices] == [Failure.PREPARATION] * 3
    assert steps(chat) == list(range(1, at + 1))
    assert [choice.reply.calls for choice in choices] == [at, 0, 0]
    assert [len(choice.reply.preparation) for choice in choices] == [at, 0, 0]
    assert [choice.reply.tokens_in for choice in choices] == [10 * (at - 1) or None, None, None]


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "MAX_TOKENS", "max_output_tokens", "refusal"])
async def test_a_preparation_that_parse_would_call_cut_or_filtered_has_failed(reason):
    ended = AIMessage("As such a person", response_metadata={"finish_reason": reason})
    chat = Chat(answer=lambda text, step: ended if step == 2 else good(text, step))
    assert [choice.failure for choice in await administered(agent(chat, hvae()))] == [Failure.PREPARATION] * 3


async def test_a_failed_preparation_is_tried_anew_in_the_next_administration():
    broken = [True]
    chat = Chat(answer=lambda text, step: "" if broken[0] else good(text, step))
    made = agent(chat, hvae())
    await administered(made)
    broken[0] = False
    assert [choice.option for choice in await administered(made, repetition=2)] == [1, 1, 1]


async def test_an_unreadable_answer_stays_in_the_conversation_and_the_next_question_is_put():
    chat = Chat(answer=lambda text, step: "Who knows?" if "Item 1?" in text else good(text, step))
    choices = await administered(agent(chat, hvae()), items=(1, 2))
    assert [choice.failure for choice in choices] == [Failure.UNREADABLE, None]
    assert chat.heard[-1][0][-2].content == "Who knows?"


# --- a reply that cannot be read, asked again ------------------------------------------------------------------------


def failing(times, then="B"):
    """Gives no answer so many times to every question, each in other words, and then does."""
    asked = {}

    def answer(text, step):
        if step:
            return "I understand."
        asked[text] = asked.get(text, 0) + 1
        return f"Who knows? ({asked[text]})" if asked[text] <= times else then

    return answer


@pytest.mark.parametrize("reasks", [1, 2, 4])
async def test_an_unreadable_reply_is_asked_again_so_often_and_no_more(reasks):
    chat = Chat(answer=failing(99))
    choice = await agent(chat, reasks=reasks).decide(item(), occasion())
    assert len(chat.heard) == 1 + reasks
    assert choice.failure is Failure.UNREADABLE
    assert choice.reply.calls == 1 + reasks
    assert choice.reply.text == f"Who knows? ({1 + reasks})"
    assert choice.reply.earlier == tuple((Failure.UNREADABLE, f"Who knows? ({n})") for n in range(1, reasks + 1))


async def test_it_ends_with_the_first_answer_that_can_be_read():
    chat = Chat(answer=failing(2))
    choice = await agent(chat, reasks=5).decide(item(), occasion())
    assert len(chat.heard) == 3
    assert (choice.option, choice.failure, choice.reply.text) == (1, None, "B")
    assert [reason for reason, _ in choice.reply.earlier] == [Failure.UNREADABLE] * 2


@pytest.mark.parametrize("text", ["", "A or B", "D", "I cannot make this decision for you.", "Who knows?"])
async def test_every_reason_not_to_read_a_reply_is_one_to_ask_again_and_is_recorded(text):
    said = [text, "B"]
    choice = await agent(Chat(answer=lambda *_: said.pop(0)), reasks=1).decide(item(), occasion())
    assert choice.option == 1
    assert choice.reply.earlier == ((parse(text, item(), "stop").failure, text),)


async def test_what_is_kept_as_a_failure_is_never_asked_again():
    chat = Chat(answer=failing(99))
    choices = await administered(agent(chat, reasks=0))
    assert [choice.failure for choice in choices] == [Failure.UNREADABLE] * 3
    assert len(chat.heard) == 3
    assert [choice.reply.earlier for choice in choices] == [()] * 3


async def test_an_answer_that_can_be_read_is_never_asked_again():
    chat = Chat(answer=lambda text, step: "B")
    choices = await administered(agent(chat, reasks=9))
    assert len(chat.heard) == 3
    assert [(choice.reply.calls, choice.reply.earlier) for choice in choices] == [(1, ())] * 3


async def test_every_attempt_has_the_same_words_a_draw_of_its_own_and_a_key_of_its_own():
    terms, chat = Terms(), Chat(answer=failing(3))
    choice = await agent(chat, reasks=3, terms=terms, participant=5).decide(item(4), occasion(2, "after"))
    assert all(messages == chat.heard[0][0] for messages, _ in chat.heard)
    assert len({about["draw"] for _, about in chat.heard}) == 4
    assert len(set(choice.reply.keys)) == 4
    entries = list(terms.store.entries(bytes.fromhex(key) for key in choice.reply.keys))
    expected = [Draw(1, 5, "after", 2, "g", "choose", 1, 4, attempt=attempt) for attempt in range(4)]
    assert [one.draw for one in entries] == [draw.written() for draw in expected]
    assert [one.reply.text for one in entries] == [text for _, text in choice.reply.earlier] + ["B"]


async def test_the_first_attempt_is_the_reply_that_keeping_failures_would_have_got():
    terms = Terms()
    kept = await agent(Chat(answer=failing(9)), terms=terms).decide(item(), occasion())
    chat = Chat(answer=failing(0))
    again = await agent(chat, reasks=2, terms=terms).decide(item(), occasion())
    assert again.reply.keys[0] == kept.reply.keys[0]
    assert again.reply.earlier == ((Failure.UNREADABLE, kept.reply.text),)
    assert len(chat.heard) == 1


async def test_tokens_of_all_attempts_are_counted_and_the_latency_is_of_the_answering_call():
    def answer(text, step, replies=[]):  # noqa: B006 - counts its own calls
        replies.append(1)
        usage = {"input_tokens": 10, "output_tokens": len(replies), "total_tokens": 10 + len(replies)}
        return AIMessage("?" if len(replies) < 3 else "B", usage_metadata=usage)

    reply = (await agent(Chat(answer=answer), reasks=5).decide(item(), occasion())).reply
    assert (reply.calls, reply.tokens_in, reply.tokens_out) == (3, 30, 6)
    assert reply.latency is not None


async def test_a_conversation_goes_on_from_the_last_attempt_alone():
    chat = Chat(answer=failing(1))
    made = agent(chat, hvae(), reasks=2)
    await administered(made, items=(1, 2))
    questions = [messages for messages, about in chat.heard if about["step"] == 0]
    assert [len(messages) for messages in questions] == [7, 7, 9, 9]
    assert [message.content for message in questions[3][-3:-1]] == [questions[0][-1].content, "B"]


async def test_a_preparation_is_not_asked_again():
    chat = Chat(answer=lambda text, step: "")
    choices = await administered(agent(chat, hvae(), reasks=3), items=(1, 2))
    assert [choice.failure for choice in choices] == [Failure.PREPARATION] * 2
    assert len(chat.heard) == 1


# --- keys, accounts and replays --------------------------------------------------------------------------------------


async def test_the_keys_of_all_replies_stand_in_the_order_asked():
    terms = Terms()
    replies = [choice.reply for choice in await administered(agent(Chat(answer=good), hvae(), terms=terms))]
    assert [len(one.keys) for one in replies] == [4, 1, 1]
    entries = list(terms.store.entries(bytes.fromhex(key) for key in replies[0].keys))
    assert [one.reply.text for one in entries] == ["I understand.", "I understand.", f" {GOAL}\n", "B"]
    drawn = [Draw(1, 0, "before", 1, "g", "choose", 1, 1, step=step) for step in (1, 2, 3, 0)]
    assert [one.draw for one in entries] == [draw.written() for draw in drawn]


async def test_a_failed_preparation_tells_its_keys_once():
    chat = Chat(answer=lambda text, step: "" if step == 2 else good(text, step))
    choices = await administered(agent(chat, hvae()))
    assert [len(choice.reply.keys) for choice in choices] == [2, 0, 0]


async def test_what_calls_took_is_accounted_for_by_cell():
    terms, chat = Terms(), Chat(answer=good)
    gateway = gateway_to(chat, terms=terms)
    for number, cell in enumerate(["altruists", "others", "others"]):
        setting = Setting(number, Orientation.PROSOCIAL, 1, lambda: gateway, LABEL, FRAMING, cell)
        await LLMAgent(setting).decide(item(), occasion())
    assert {cell: account.made for cell, account in gateway.accounts.items()} == {"altruists": 1, "others": 2}


@pytest.mark.parametrize("induction", ["label", "hvae"])
async def test_a_replay_gives_the_same_choices_without_a_model(induction):
    terms, wording = Terms(), Induction.from_data(member("induction", induction))
    lived = await administered(agent(Chat(answer=failing(1)), wording, reasks=2, terms=terms))
    replayed = agent(None, wording, reasks=2, terms=Terms(terms.store, Mode.REPLAY))
    assert await administered(replayed) == lived
    with pytest.raises(MissingReply, match="item 9"):
        await replayed.decide(item(9), occasion(2))


async def test_a_forecast_that_finds_no_reply_fails_and_calls_nothing():
    for induction in (LABEL, hvae()):
        peeking = agent(None, induction, reasks=2, terms=Terms(mode=Mode.PEEK))
        assert all(choice.failure for choice in await administered(peeking))


async def test_forgetting_frees_the_conversation_of_that_occasion_alone():
    made = agent(Chat(answer=good), hvae())
    await administered(made)
    await administered(made, repetition=2)
    await administered(made, phase="play", items=(1,))
    assert set(made._conversations) == {("before", 1), ("before", 2), ("play", 1)}
    made.forget("before", 1)
    made.forget("after", 7)  # never begun
    assert set(made._conversations) == {("before", 2), ("play", 1)}
    # What was forgotten is begun anew, from the same replies.
    again = await administered(made)
    assert [choice.reply.calls for choice in again] == [4, 1, 1]


async def test_without_a_conversation_nothing_is_kept():
    made = agent(Chat(answer=good))
    await administered(made)
    assert made._conversations == {}
    made.forget("before", 1)


# --- probabilities and schemas ---------------------------------------------------------------------------------------


def sure(label, share=0.999999):
    top = [{"token": label, "logprob": math.log(share)}, {"token": "A", "logprob": math.log(1e-9)}]
    first = {"token": top[0]["token"], "logprob": top[0]["logprob"], "top_logprobs": top}
    return AIMessage("A", response_metadata={"finish_reason": "length", "logprobs": {"content": [first]}})


async def test_a_choice_is_drawn_from_probabilities_and_fixed_by_its_draw():
    chat = Chat(answer=lambda text, step: sure("C"))
    choice = await agent(chat, form="probabilities").decide(item(), occasion())
    assert chat.arguments == [{"logprobs": True, "top_logprobs": 20, "max_tokens": 1}]
    assert choice.option == 2
    assert choice.probabilities == pytest.approx((0, 0, 1), abs=1e-5)
    assert choice.readable == pytest.approx(1, abs=1e-5)
    assert choice.reply.text == "A"


async def test_draws_of_the_same_probabilities_differ_between_occasions():
    chat = Chat(answer=lambda text, step: sure("C", 0.5))
    made = agent(chat, form="probabilities")
    half = [one.option for n in range(20) for one in await administered(made, repetition=n)]
    assert set(half) == {2}  # all that can be read is on this option
    both = {"token": "A", "logprob": -0.7}, {"token": "B", "logprob": -0.7}
    logprobs = {"content": [{**both[0], "top_logprobs": list(both)}]}
    chat.answer = lambda text, step: AIMessage("A", response_metadata={"logprobs": logprobs})
    drawn = [one.option for n in range(30, 60) for one in await administered(made, repetition=n)]
    assert set(drawn) == {0, 1}


async def test_a_distribution_over_other_words_is_asked_again_and_then_a_failure_with_its_share():
    chat = Chat(answer=lambda text, step: sure("C", 0.3))
    choice = await agent(chat, form="probabilities", reasks=2).decide(item(), occasion())
    assert choice.failure is Failure.UNREADABLE
    assert choice.readable == pytest.approx(0.3)
    assert choice.reply.earlier == ((Failure.UNREADABLE, "A"),) * 2


async def test_a_conversation_goes_on_from_the_option_that_was_drawn():
    chat = Chat(answer=lambda text, step: sure("C") if step == 0 else good(text, step))
    made = agent(chat, hvae(), form="probabilities")
    await made.decide(replace(item(1), shown=(2, 0, 1)), occasion())
    await made.decide(item(2), occasion())
    # The model's text was "A"; what it was taken for is the option shown as C.
    assert chat.heard[-1][0][-2].content == "C"
    assert chat.arguments[:3] == [{}, {}, {}]
    assert all(asked["logprobs"] for asked in chat.arguments[3:])


async def test_a_conversation_goes_on_from_the_text_where_probabilities_could_not_be_read():
    chat = Chat(answer=lambda text, step: sure("C", 0.2) if step == 0 else good(text, step))
    await administered(agent(chat, hvae(), form="probabilities"), items=(1, 2))
    assert chat.heard[-1][0][-2].content == "A"


async def test_a_schema_goes_with_the_question_and_not_with_the_preparation():
    chat = Chat(answer=lambda text, step: '{"answer": "B"}' if step == 0 else good(text, step))
    choices = await administered(agent(chat, hvae(), form="schema"), items=(1,))
    assert chat.arguments[:3] == [{}, {}, {}]
    schema = chat.arguments[3]["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"answer": {"type": "string", "enum": ["A", "B", "C"]}}
    assert choices[0].option == 1


# --- what is foreseen ------------------------------------------------------------------------------------------------


def read_in(chat):
    """Calls made, and characters of all messages in them."""
    return len(chat.heard), sum(len(message.content) for messages, _ in chat.heard for message in messages)


def of_length(characters):
    """Replies that are all as long, an answer that can be read among them."""
    return lambda text, step: "k" * characters if step else "ANSWER: B".rjust(characters)


@pytest.mark.parametrize("induction", ["none", "label", "definition", "hvae"])
@pytest.mark.parametrize(("items", "length"), [((1,), 9), ((1, 2, 3), 9), ((10, 200, 3000), 40)])
async def test_what_is_foreseen_is_what_is_sent(induction, items, length):
    chat = Chat(answer=of_length(length))
    made = agent(chat, Induction.from_data(member("induction", induction)))
    foreseen = made.foresee([item(n) for n in items], length)
    assert chat.heard == []
    await administered(made, items)
    assert foreseen == read_in(chat)


async def test_several_conversations_are_prepared_each_by_itself():
    chat = Chat(answer=of_length(9))
    made = agent(chat, hvae())
    foreseen = made.foresee([item(1), item(2), item(3)], 9, 3)
    for number in (1, 2, 3):
        await administered(made, (number,), repetition=number)
    calls, characters = read_in(chat)
    assert foreseen[0] == calls == 12
    # Which decision falls into which conversation is not known, so what was said before is spread evenly.
    assert foreseen[1] == pytest.approx(characters, rel=0.25)


async def test_without_a_conversation_it_makes_no_difference_how_many_there_are():
    made = agent(Chat(answer=good))
    assert made.foresee([item(1), item(2)], 100, 1) == made.foresee([item(1), item(2)], 5, 2)


# --- limits and errors -----------------------------------------------------------------------------------------------


async def test_the_models_limit_holds_over_all_agents_together():
    chat = Chat(answer=lambda text, step: "B")
    gateway = gateway_to(chat, concurrency=3)
    crew = [LLMAgent(Setting(n, Orientation.PROSOCIAL, 1, lambda: gateway, LABEL, FRAMING)) for n in range(9)]
    await asyncio.gather(*[administered(one) for one in crew])
    assert chat.most == 3
    assert gateway.accounts[""].made == 27


@pytest.mark.parametrize("induction", ["label", "hvae"])
async def test_an_error_of_the_endpoint_is_an_endpoint_error_without_the_key(induction, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    chat = Chat(answer=lambda text, step: RuntimeError("refused sk-planted-0123456789"))
    with pytest.raises(EndpointError) as raised:
        await agent(chat, Induction.from_data(member("induction", induction))).decide(item(), occasion())
    assert str(raised.value) == "model test/m: RuntimeError: refused …"


# --- rehearsal -------------------------------------------------------------------------------------------------------


async def test_the_rehearsal_is_what_is_sent_and_costs_no_call():
    chat = Chat(answer=lambda text, step: "B")
    made = agent(chat)
    rehearsed = made.rehearse(item())
    assert chat.heard == []
    await made.decide(item(), occasion())
    assert chat.heard[0][0] == rehearsed


def test_the_rehearsal_of_hvae_shows_every_step_and_the_goal_as_a_blank():
    rehearsed = [message.content for message in agent(Chat(answer=good), hvae()).rehearse(item())]
    assert len(rehearsed) == 4
    assert rehearsed[-1].endswith("Remember your goal: «goal»")


def test_the_rehearsal_finds_a_missing_word():
    with pytest.raises(SettingError, match="'item' is undefined"):
        agent(Chat(answer=good)).rehearse(replace(item(), facts={}))
    with pytest.raises(SettingError, match="no words for 'unknown'"):
        agent(Chat(answer=good)).rehearse(replace(item(), game="unknown"))


def test_a_choice_of_an_agent_is_a_choice_of_the_game():
    choice = asyncio.run(agent(Chat(answer=good)).decide(item(), occasion()))
    assert isinstance(choice, Choice)
    assert choice.taken(item()).act == "y"
