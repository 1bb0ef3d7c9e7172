"""What a reply chooses: the table of reply forms, properties of any text, and a naive parser that the table rejects."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.parse import Parsed, parse, refused
from agents.synthetic import FORMS
from games.slider import Slider
from games.types import Allocation, Answer, Decision, Failure, Layout, Option

TABLE = Path(__file__).with_name("replies.csv")
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))

FAILURES = {failure.value for failure in Failure}
MEGABYTE = 1_000_000


def menu(spec, shown=()):
    """`letters:9`: A to I; `numbers:9`: 1 to 9; `amount:0-20`: amounts 0 to 20; `amount:0-2000:250`: every 250th."""
    kind, _, size = spec.partition(":")
    if kind != "amount":
        acts = [f"act {number}" for number in range(int(size))]
        answer = Answer.LETTER if kind == "letters" else Answer.NUMBER
    else:
        span, _, step = size.partition(":")
        low, high = span.split("-")
        acts, answer = list(range(int(low), int(high) + 1, int(step or 1))), Answer.AMOUNT
    options = tuple(Option(act, Allocation(number, 0)) for number, act in enumerate(acts))
    return Decision(game="specimen", player=0, options=options, answer=answer, shown=tuple(shown))


def outcome(parsed, decision):
    """A parsed reply as the table writes it: the label shown, or the failure."""
    if parsed.failure is not None:
        return parsed.failure.value
    return decision.labels[decision.shown.index(parsed.option)]


def misread(parser: Callable[[str, Decision, str | None], Parsed]):
    """The rows of the table that a parser gets wrong."""
    wrong = []
    for row in ROWS:
        decision = menu(row["menu"])
        if outcome(parser(row["reply"], decision, row["finish_reason"] or None), decision) != row["expected"]:
            wrong.append(row)
    return wrong


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['menu']}, {row['why']}")
def test_a_reply_means_what_the_table_says(row):
    decision = menu(row["menu"])
    assert outcome(parse(row["reply"], decision, row["finish_reason"] or None), decision) == row["expected"]


def test_the_table_has_many_rows_of_both_kinds_and_every_failure():
    expected = Counter(row["expected"] for row in ROWS)
    failed = sum(number for name, number in expected.items() if name in FAILURES)
    assert len(ROWS) >= 110
    assert failed >= 45
    assert len(ROWS) - failed >= 45
    assert FAILURES - expected.keys() == {Failure.PREPARATION.value}  # the preparation is not a reply to a decision
    assert all(row["expected"] in FAILURES or row["expected"] in menu(row["menu"]).labels for row in ROWS)
    assert sum(row["menu"].startswith("numbers") for row in ROWS) >= 40
    assert len({(row["menu"], row["reply"], row["finish_reason"]) for row in ROWS}) == len(ROWS)


def first_capital(text, decision, finish_reason=None):
    """The broken specimen: the first capital letter is the answer, and without one the first option."""
    found = re.search(r"[A-Z]", text)
    label = found.group() if found and found.group() in decision.labels else decision.labels[0]
    return Parsed(decision.index_of(label), None)


def last_label(text, decision, finish_reason=None):
    """A second broken specimen, the common one: the last label that stands alone is the answer."""
    found = [word for word in re.findall(r"\w+", text) if word in decision.labels]
    return Parsed(decision.index_of(found[-1]), None) if found else Parsed(None, Failure.UNREADABLE)


@pytest.mark.parametrize("naive", [first_capital, last_label])
def test_the_table_rejects_a_naive_parser(naive):
    assert len(misread(naive)) >= 80
    assert misread(parse) == []


PIECES = 'A|B|I|7|25|-3|.|,| |\n|(|)|**|{|}|"|:|?|answer|ANSWER: |I choose |not |or |if |{"answer": |<think>|</think>'
PIECES += "|<answer>|\\boxed{|points|%|\u200b|\ud800|选择|½|I contribute |nothing|As an AI, I can't |Option |Wait, "
NASTY = st.lists(st.sampled_from(PIECES.split("|")), max_size=30).map("".join)
REASONS = (
    st.none() | st.sampled_from(["stop", "length", "content_filter", "MAX_TOKENS", "FinishReason.SAFETY"]) | st.text()
)
SPECS = ["letters:2", "letters:9", "letters:26", "numbers:9", "numbers:40", "amount:0-20", "amount:0-2000:250"]
MENUS = st.sampled_from(SPECS).map(menu)


@settings(max_examples=600, deadline=None)
@given(st.text() | NASTY, MENUS, REASONS)
def test_any_text_is_an_option_or_a_failure(text, decision, reason):
    parsed = parse(text, decision, reason)
    assert (parsed.option is None) != (parsed.failure is None)
    assert parsed.option is None or 0 <= parsed.option < len(decision.options)
    assert isinstance(refused(text), bool)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="bcdefghjklmnopqrstuvwxyz ,.;\n", max_size=200))
def test_text_without_a_capital_or_a_digit_never_is_an_option_by_accident(text):
    words = re.findall(r"[a-z]+", text)
    if all(len(word) > 1 for word in words):
        assert parse(text, menu("letters:9")).option is None


WRAPPERS = [
    "{}",
    "({})",
    "[{}]",
    '"{}"',
    "**{}**",
    "__{}__",
    "`{}`",
    "\\boxed{{{}}}",
    "{}.",
    "Answer: {}",
    "answer: **{}**.",
    "ANSWER: {}",
    "Both have merit, A and B, 3 and 4.\n\nANSWER: {}",
    "Final answer: {}",
    "My choice is {}.",
    "I choose {}",
    "I'd go with {}.",
    "I will pick ({}).",
    "<answer>{}</answer>",
    "<think>A, or 3?</think>\n{}",
    '{{"answer": "{}"}}',
    '```json\n{{"choice": "{}", "reason": "not A, not 3"}}\n```',
    "{{'decision': '{}'}}",
    "Sure! I choose {}.",
    "答案：{}",
    "\u200b{}\ufeff",
]


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("spec", SPECS)
def test_every_label_comes_back_from_every_wrapper(wrapper, spec):
    decision = menu(spec)
    for label in decision.labels:
        assert parse(wrapper.format(label), decision) == Parsed(decision.index_of(label), None), label


@given(st.permutations(range(9)), st.sampled_from("ABCDEFGHI"))
def test_a_letter_names_the_option_shown_under_it(shown, label):
    decision = menu("letters:9", shown)
    assert parse(f"I choose {label}.", decision).option == shown[ord(label) - ord("A")]


@given(st.permutations(range(9)), st.integers(1, 9))
def test_a_number_names_the_option_shown_under_it(shown, label):
    assert parse(f"I choose {label}.", menu("numbers:9", shown)).option == shown[label - 1]


@given(st.integers(0, 99), st.sampled_from(["points", "coins", "crowns", "pounds"]))
def test_what_is_counted_in_the_currency_is_never_a_label(amount, currency):
    decision = replace(menu("numbers:9"), layout=Layout(currency=currency))
    for text in (f"{amount} {currency}", f"I choose {amount} {currency}.", f'{{"answer": "{amount} {currency}"}}'):
        assert parse(text, decision).failure is Failure.UNREADABLE
    assert parse(f"I choose 3, which brings me {amount} {currency}.", decision).option == 2


def test_another_currency_counts_amounts_as_points_do():
    decision = replace(menu("amount:0-20"), layout=Layout(currency="crowns"))
    for text in ("7 crowns", "seven crowns", "I contribute 7 Crowns.", "ANSWER: 7 crowns", "**7 crowns**"):
        assert parse(text, decision) == Parsed(7, None)
    assert parse("1 crown", decision).option == 1
    assert parse("7 crownsmen", decision).failure is not None


@given(st.permutations(range(21)), st.integers(0, 20))
def test_an_amount_names_its_option_in_any_order(shown, amount):
    assert parse(f"{amount} points", menu("amount:0-20", shown)).option == amount


@given(st.permutations(["A", "B", "C", "D"]), st.text(alphabet="xyz .\n", max_size=20))
def test_two_answers_are_never_one(labels, between):
    one, other = labels[:2]
    assert parse(f"ANSWER: {one}\n{between}\nANSWER: {other}", menu("letters:4")).failure is Failure.AMBIGUOUS


HOSTILE = (
    '[|{|{"a":|{"answer":"|{"answer":[|(|*| |\n|A |7\n|1,000,|I choose B. |I would |if I choose B |ANSWER: B |<think>'
)
HOSTILE += (
    "|</think>|<answer>B|\\boxed{|B is my choice |the best option |as an ai |I can't |sorry, |7 out of |选择|\ud800"
)


@pytest.mark.parametrize(("number", "unit"), list(enumerate(HOSTILE.split("|"))))
def test_a_megabyte_of_anything_comes_to_an_end(number, unit):
    # Anything that backtracks would hang here: quadratic work on this size takes hours.
    text = unit * (MEGABYTE // len(unit))
    for spec, some in (("amount:0-20" if number % 2 else "letters:9", text), ("numbers:9", text[:100_000])):
        parsed = parse(some, menu(spec))
        assert (parsed.option is None) != (parsed.failure is None)


def test_an_answer_after_a_megabyte_of_reasoning_is_found():
    assert parse("Option A or C? " * 70_000 + "\n\nANSWER: B", menu("letters:9")).option == 1
    assert parse("<think>" + "A or C? " * 100_000 + "</think>B", menu("letters:9")).option == 1
    assert parse(json.dumps({"reason": "A or C? " * 100_000, "answer": "B"}), menu("letters:9")).option == 1


def test_deep_nesting_is_no_error():
    depths = (10, 100, 900, 990, 5_000, 200_000)
    texts = ["[" * 200_000, '{"answer":' * 200_000, '{"answer":' + "[" * 200_000]
    texts += ['{"answer":' + "[" * depth + '"B"' + "]" * depth + "}" for depth in depths]
    texts += ['{"a":' * depth + '"B"' + "}" * depth for depth in depths]
    for text in texts:
        assert parse(text, menu("letters:9")).option in (None, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm sorry, but I can't adopt that persona.", True),
        ("As an AI language model, I do not have personal values.", True),
        ("I must decline this request.", True),
        ("As an AI, I don't have feelings, but in this scenario I would value fairness.", False),
        ("I can't help but feel that fairness matters most.", False),
        ("I won't help others unless it benefits me.", False),
        ("I refuse to be selfish.", False),
        ("I understand. I will maximise my own points.", False),
        ("", False),
    ],
)
def test_a_value_is_no_refusal(text, expected):
    assert refused(text) is expected


@pytest.mark.parametrize(("option", "failure"), [(None, None), (0, Failure.EMPTY)])
def test_a_parsed_reply_is_an_option_or_a_failure(option, failure):
    with pytest.raises(ValueError, match="either an option or a failure"):
        Parsed(option, failure)


@pytest.mark.parametrize("form", FORMS)
def test_no_label_is_lost_more_often_than_another_in_the_forms_of_simulated_respondents(form):
    lettered = Slider().decisions()[0]
    for slider in (lettered, replace(lettered, answer=Answer.NUMBER)):
        for label in slider.labels:
            assert parse(form.format(label=label), slider).option == slider.index_of(label)
