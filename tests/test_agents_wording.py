"""Strict rendering, and how a framing puts decisions into words."""

from dataclasses import replace

import pytest

from agents.wording import Framing, Words, _filled, render, variables
from games.errors import SettingError
from games.types import Allocation, Answer, Decision, Experience, Layout, Option

WORDS = Words(
    rules="There are {{ players }} of you.",
    questions={"choose": "Round {{ round }}: which one?"},
    past={"choose": "Round {{ round }}: you got {{ points }}."},
)
FRAMING = Framing(
    name="plain",
    words={
        "g": WORDS,
        "other": Words("Rules of the other with {{ stake }}.", {}, {"act": "In {{ round }}: {{ did }}."}),
    },
    same_partners="With the same {{ players }}.",
    new_partners="With others each time.",
    own_name="You are {{ own_name }}.",
    noise="Acts go astray: {{ noise | percent }}.",
    round_known="Round {{ round }} of {{ rounds }}.",
    round_unknown="Round {{ round }} of some.",
    round_random="Round {{ round }}, another: {{ continuation | percent }}.",
    past_header="So far:",
    memory_header="Before this:",
    option="{{ label }}: {{ own | points }} to you, {{ other | points }} to others",
    option_other_first="{{ label }}: {{ other | points }} {{ currency }} to others, {{ own | points }} to you",
    act="{{ label }}: {{ act }}",
    answer_letter="Letter {{ labels[0] }} to {{ labels[-1] }}.",
    answer_number="One of {{ labels[0] }} to {{ labels[-1] }}.",
    answer_amount="Number {{ least }} to {{ most }}.",
)
ACTS = replace(FRAMING, words={"g": replace(WORDS, acts={"x": "take part", "y": "hold back"})})
MENU = Decision(
    "g",
    0,
    tuple(Option(act, Allocation(own, 1.5)) for act, own in (("x", 10.0), ("y", 0.25))),
    facts={"players": 3, "round": 2},
    round=2,
)
AMOUNTS = replace(MENU, options=tuple(Option(n, Allocation(n, n)) for n in (0, 5, 10)), answer=Answer.AMOUNT, shown=())


def lived(game="g", stage="choose", number=1, **facts):
    return Experience(game, stage, number, None, (), 0.0, facts)


# --- rendering -------------------------------------------------------------------------------------------------------


def test_variables_are_filled_in_and_white_space_around_is_dropped():
    assert render("  {{ a }} and {{ b }}\n\n", {"a": 1, "b": "two"}, "here") == "1 and two"


def test_points_are_written_without_idle_digits():
    assert (
        render("{{ a | points }} {{ b | points }} {{ c | points }}", {"a": 4.0, "b": 0.4, "c": 20}, "h") == "4 0.4 20"
    )


def test_a_probability_is_written_in_percent_and_a_word_may_begin_a_sentence():
    assert render("{{ a | percent }} {{ b | percent }}", {"a": 0.29, "b": 0.125}, "h") == "29% 12.5%"
    assert render("{{ a | capital }} {{ b | capital }}", {"a": "points", "b": "euroCents"}, "h") == "Points EuroCents"


def test_a_wording_may_ask_whether_a_variable_is_defined():
    text = "{% if a is defined %}saw {{ a }}{% else %}saw nothing{% endif %}{{ b }}"
    for _ in range(2):
        assert render(text, {"b": 1}, "h") == "saw nothing1"
        assert render(text, {"a": 2, "b": 1}, "h") == "saw 21"
        assert render(text, {"a": 3, "b": 1, "c": [object()]}, "h") == "saw 31"
    with pytest.raises(SettingError, match=r"'b' is undefined.*known variables: a, c"):
        render(text, {"a": 1, "c": 1}, "h")


def test_a_wording_that_lacks_an_optional_variable_is_filled_in_once():
    known = {"b": 17}
    filled = _filled.cache_info()
    for _ in range(5):
        render("{% if a is defined %}{{ a }}{% endif %}{{ b }} only here", known, "h")
    after = _filled.cache_info()
    assert (after.misses - filled.misses, after.hits - filled.hits) == (1, 4)


def test_a_missing_variable_is_an_error_that_names_the_place_and_what_is_known():
    with pytest.raises(SettingError, match=r"rules of g: 'c' is undefined.*known variables: a, b"):
        render("{{ c }}", {"b": 1, "a": 1}, "rules of g")


@pytest.mark.parametrize(
    "text", ["{{ a.b }}", "{{ a['b'] }}", "{% if b %}x{% endif %}", "{% for x in b %}{% endfor %}"]
)
def test_no_way_of_using_a_missing_variable_is_let_through(text):
    with pytest.raises(SettingError):
        render(text, {"a": {}}, "here")


@pytest.mark.parametrize("text", ["{{ a", "{{ a | unknown_filter }}", "{% if a %}"])
def test_a_broken_template_is_an_error_that_names_the_place(text):
    with pytest.raises(SettingError, match="rules of g"):
        render(text, {"a": 1}, "rules of g")
    with pytest.raises(SettingError, match="rules of g"):
        variables(text, "rules of g")


@pytest.mark.parametrize(("text", "value"), [("{{ a | points }}", "many"), ("{{ 1 / a }}", 0)])
def test_a_value_that_a_wording_cannot_use_is_an_error_that_names_the_place(text, value):
    with pytest.raises(SettingError, match="rules of g"):
        render(text, {"a": value}, "rules of g")


def test_what_is_filled_in_is_never_read_as_a_template_or_as_html():
    assert render("{{ a }}", {"a": "{{ b }} <b> & {% x"}, "here") == "{{ b }} <b> & {% x"


def test_the_variables_of_a_wording_are_found_also_behind_conditions():
    assert variables("{{ a }} {% if b %}{{ c.d | points }}{% endif %} {% set e = 1 %}{{ e }}", "here") == {
        "a",
        "b",
        "c",
    }


# --- questions -------------------------------------------------------------------------------------------------------


def test_a_menu_is_rules_question_options_and_how_to_answer():
    assert FRAMING.question(MENU) == (
        "There are 3 of you.\n\nRound 2: which one?\n\nA: 10 to you, 1.5 to others\nB: 0.25 to you, 1.5 to others"
        "\n\nLetter A to B."
    )


def test_amounts_are_asked_as_a_range_without_a_menu():
    assert FRAMING.question(AMOUNTS) == "There are 3 of you.\n\nRound 2: which one?\n\nNumber 0 to 10."


def test_the_order_shown_is_the_order_read():
    lines = FRAMING.question(replace(MENU, shown=(1, 0))).split("\n\n")[2]
    assert lines == "A: 0.25 to you, 1.5 to others\nB: 10 to you, 1.5 to others"


def test_whose_points_come_first_is_the_layouts():
    lines = FRAMING.question(replace(MENU, layout=Layout(first="other"))).split("\n\n")[2]
    assert lines == "A: 1.5 points to others, 10 to you\nB: 1.5 points to others, 0.25 to you"


def test_numbers_name_options_in_the_order_shown():
    parts = FRAMING.question(replace(MENU, answer=Answer.NUMBER, shown=(1, 0))).split("\n\n")
    assert parts[2:] == ["1: 0.25 to you, 1.5 to others\n2: 10 to you, 1.5 to others", "One of 1 to 2."]
    assert ACTS.question(replace(MENU, answer=Answer.NUMBER)).split("\n\n")[2] == "1: take part\n2: hold back"


EVERYWHERE = replace(
    FRAMING,
    words={
        "g": Words(
            rules="Rules: {{ currency }}.",
            questions={"choose": "Question: {{ currency }}?"},
            past={"choose": "Line: {{ currency }}, {{ acts['x'] }}."},
            acts={"x": "some {{ currency }}", "y": "none"},
        ),
        "other": Words("Others' rules: {{ currency }}.", {}, {"act": "Others' line: {{ currency }}."}),
    },
    past_header="Past: {{ currency }}.",
    memory_header="Memory: {{ currency }}.",
    act="{{ label }}: {{ act }} ({{ currency }})",
    answer_letter="Answer: {{ currency }}.",
    answer_amount="Amount: {{ currency }}.",
)


def test_the_currency_is_known_to_every_text():
    past = (lived(), lived("other", "act"))
    facts = {**MENU.facts, "remembered": {"other": {"stake": 5}}}
    decision = replace(MENU, past=past, facts=facts, layout=Layout(currency="coins"))
    assert EVERYWHERE.question(decision).split("\n\n") == [
        "Memory: coins.",
        "Others' rules: coins.",
        "Others' line: coins.",
        "Rules: coins.",
        "Past: coins.",
        "Line: coins, some coins.",
        "Question: coins?",
        "A: some coins (coins)\nB: none (coins)",
        "Answer: coins.",
    ]
    amounts = replace(AMOUNTS, layout=Layout(currency="coins"))
    assert EVERYWHERE.question(amounts).endswith("Amount: coins.")


def test_menus_in_two_currencies_are_not_confused():
    framing = replace(FRAMING, option="{{ label }}: {{ own | points }} {{ currency }}")
    for currency in ("coins", "points", "coins"):
        menu = framing.question(replace(MENU, layout=Layout(currency=currency))).split("\n\n")[2]
        assert menu == f"A: 10 {currency}\nB: 0.25 {currency}"


def test_past_rounds_stand_between_the_rules_and_the_question():
    past = (lived(number=1, points=7), lived(number=3, points=9))
    parts = FRAMING.question(replace(MENU, past=past)).split("\n\n")
    assert parts[:4] == [
        "There are 3 of you.",
        "So far:",
        "Round 1: you got 7.\nRound 3: you got 9.",
        "Round 2: which one?",
    ]


def test_what_was_lived_in_another_game_stands_first_with_that_games_rules():
    decision = replace(
        MENU, past=(lived("other", "act", 4, did="went"),), facts={**MENU.facts, "remembered": {"other": {"stake": 5}}}
    )
    parts = FRAMING.question(decision).split("\n\n")
    assert parts[:4] == ["Before this:", "Rules of the other with 5.", "In 4: went.", "There are 3 of you."]
    assert "So far:" not in parts


@pytest.mark.parametrize(
    ("lasting", "told"), [(True, "With the same 3."), (False, "With others each time.")], ids=["partners", "strangers"]
)
def test_whether_the_group_stays_together_is_told_after_the_rules_in_play_and_in_memory(lasting, told):
    decision = replace(MENU, facts={**MENU.facts, "lasting": lasting})
    assert FRAMING.question(decision).startswith(f"There are 3 of you. {told}\n\n")
    facts = {"remembered": {"other": {"stake": 5, "players": 3, "lasting": lasting}}, **MENU.facts}
    reminded = FRAMING.question(replace(MENU, past=(lived("other", "act", 4, did="went"),), facts=facts)).split("\n\n")
    assert reminded[1] == f"Rules of the other with 5. {told}"
    assert reminded[3] == "There are 3 of you."


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"horizon": "known", "rounds": 10}, "Round 2 of 10. Round 2: which one?"),
        ({"horizon": "unknown"}, "Round 2 of some. Round 2: which one?"),
        ({"horizon": "random", "continuation": 0.9}, "Round 2, another: 90%. Round 2: which one?"),
        ({"horizon": "known", "rounds": 1}, "Round 2: which one?"),
        ({}, "Round 2: which one?"),
    ],
)
def test_the_round_stands_before_the_question_in_its_paragraph(facts, told):
    assert FRAMING.question(replace(MENU, facts={**MENU.facts, **facts})).split("\n\n")[1] == told


def test_a_horizon_without_words_is_an_error_that_says_where():
    with pytest.raises(SettingError, match="framing plain: no words for the horizon 'endless'; known: known"):
        FRAMING.question(replace(MENU, facts={**MENU.facts, "horizon": "endless"}))


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"horizon": "known", "rounds": 1}, False),
        ({"horizon": "known", "rounds": 2}, True),
        ({"horizon": "unknown"}, True),
        ({"horizon": "random", "continuation": 0.5, "rounds": 1}, True),
    ],
)
def test_whether_the_group_stays_together_is_told_where_there_may_be_another_round(facts, told):
    question = FRAMING.question(replace(MENU, facts={**MENU.facts, **facts, "lasting": True}))
    assert ("With the same 3." in question) is told


def test_noise_is_told_at_the_end_of_the_rules_where_there_is_any():
    facts = {**MENU.facts, "lasting": True, "noise": 0.05}
    told = "With the same 3. Acts go astray: 5%."
    assert FRAMING.question(replace(MENU, facts=facts)).startswith(f"There are 3 of you. {told}\n\n")
    assert "astray" not in FRAMING.question(replace(MENU, facts={**facts, "noise": 0.0}))
    remembered = {"remembered": {"other": {"stake": 5, **facts}}, **MENU.facts}
    reminded = FRAMING.question(replace(MENU, past=(lived("other", "act", 4, did="went"),), facts=remembered))
    assert reminded.split("\n\n")[1] == f"Rules of the other with 5. {told}"


def test_only_facts_and_past_reach_the_player():
    told = FRAMING.question(replace(MENU, facts={**MENU.facts, "secret": "planted"}))
    assert told == FRAMING.question(MENU)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"game": "unknown"}, "no words for 'unknown'; known: g, other"),
        ({"stage": "unknown"}, "words.questions.unknown"),
        ({"past": (lived(stage="unknown"),)}, "words.past.unknown"),
        ({"past": (lived(),)}, "words of g: past choose: 'points' is undefined"),
        ({"facts": {"round": 2}}, "words of g: rules: 'players' is undefined"),
        ({"facts": {"players": 2}}, "words of g: choose: 'round' is undefined"),
        ({"past": (lived("unknown"),)}, "no words for 'unknown'"),
    ],
)
def test_a_word_or_fact_that_is_missing_is_an_error_that_says_where(change, told):
    with pytest.raises(SettingError) as raised:
        FRAMING.question(replace(MENU, **change))
    assert told in str(raised.value)


@pytest.mark.parametrize("part", ["past_header", "answer_letter"])
def test_an_unknown_variable_in_a_framings_own_words_is_an_error_that_says_where(part):
    framing = replace(FRAMING, **{part: "{{ unknown }}"})
    with pytest.raises(SettingError, match=f"framing plain: {part}: 'unknown'"):
        framing.question(replace(MENU, past=(lived(points=1),)))


@pytest.mark.parametrize(("part", "framing"), [("option", FRAMING), ("act", ACTS)])
def test_an_unknown_variable_in_a_line_of_the_menu_is_an_error_that_says_where(part, framing):
    with pytest.raises(SettingError, match=f"framing plain: {part}: 'unknown'"):
        replace(framing, **{part: "{{ unknown }}"}).question(MENU)


def test_a_menu_of_acts_shows_their_words_and_no_points():
    menu = ACTS.question(replace(MENU, shown=(1, 0))).split("\n\n")[2]
    assert menu == "A: hold back\nB: take part"


def test_an_act_without_words_is_an_error_that_says_where():
    framing = replace(ACTS, words={"g": replace(WORDS, acts={"x": "take part"})})
    with pytest.raises(SettingError, match=r"words\.acts\.y"):
        framing.question(MENU)


# --- from data -------------------------------------------------------------------------------------------------------

DATA = {
    "name": "plain",
    "same_partners": "s",
    "new_partners": "n",
    "own_name": "w",
    "noise": "i",
    "round_known": "k",
    "round_unknown": "u",
    "round_random": "r",
    "past_header": "p",
    "memory_header": "m",
    "option": "o",
    "option_other_first": "f",
    "act": "c",
    "answer_letter": "l",
    "answer_number": "b",
    "answer_amount": "a",
    "words": {},
}


def test_a_framing_may_replace_the_words_of_a_game_and_leaves_the_others():
    data = DATA | {"words": {"g": {"rules": "New.", "questions": {"choose": "Now?"}}}}
    framing = Framing.from_data(data, {"g": WORDS, "h": WORDS})
    assert framing.words_of("g").rules == "New."
    assert framing.words_of("h") == WORDS


@pytest.mark.parametrize("missing", sorted(DATA.keys() - {"words", "name"}))
def test_a_framing_that_lacks_a_part_is_refused_by_its_name(missing):
    data = {key: value for key, value in DATA.items() if key != missing}
    with pytest.raises(SettingError, match=f"framing plain.*{missing}"):
        Framing.from_data(data, {})


def test_unknown_keys_of_a_framing_and_of_words_are_refused():
    with pytest.raises(SettingError, match=r"framing plain.*'colour'"):
        Framing.from_data(DATA | {"colour": "red"}, {})
    with pytest.raises(SettingError, match=r"words of g.*'colour'"):
        Words.from_data("g", {"rules": "", "questions": {}, "colour": "red"})
    with pytest.raises(SettingError, match=r"words of g.*'questions'"):
        Words.from_data("g", {"rules": ""})


def test_the_texts_of_a_run_are_all_templates_of_its_games():
    assert FRAMING.texts(["g"]) == {
        "framing/plain/same_partners": FRAMING.same_partners,
        "framing/plain/new_partners": FRAMING.new_partners,
        "framing/plain/own_name": FRAMING.own_name,
        "framing/plain/noise": FRAMING.noise,
        "framing/plain/round_known": FRAMING.round_known,
        "framing/plain/round_unknown": FRAMING.round_unknown,
        "framing/plain/round_random": FRAMING.round_random,
        "framing/plain/past_header": "So far:",
        "framing/plain/memory_header": "Before this:",
        "framing/plain/option": FRAMING.option,
        "framing/plain/option_other_first": FRAMING.option_other_first,
        "framing/plain/act": FRAMING.act,
        "framing/plain/answer_letter": FRAMING.answer_letter,
        "framing/plain/answer_number": FRAMING.answer_number,
        "framing/plain/answer_amount": FRAMING.answer_amount,
        "words/g/rules": WORDS.rules,
        "words/g/questions/choose": WORDS.questions["choose"],
        "words/g/past/choose": WORDS.past["choose"],
    }
    assert ACTS.texts(["g"]).keys() - FRAMING.texts(["g"]).keys() == {"words/g/acts/x", "words/g/acts/y"}


def test_values_that_are_equal_but_read_differently_are_not_confused():
    assert [render("{{ a }}", {"a": value}, "w") for value in (1, 1.0, True, 1)] == ["1", "1.0", "True", "1"]
    assert render("{{ a | join(', ') }}", {"a": [1, 2]}, "w") == "1, 2"
    for value, told in (((1.0, 2), "1.0, 2"), ((1, 2), "1, 2"), ((True, 2), "True, 2"), ((1.0, 2), "1.0, 2")):
        assert render("{{ a | join(', ') }}", {"a": value}, "w") == told
    for value, told in ((((1,),), "((1,),)"), (((True,),), "((True,),)"), (((1.0,),), "((1.0,),)")):
        assert render("{{ a }}", {"a": value}, "w") == told


@pytest.mark.parametrize("value", [(1, 2.5, "a"), (("x", 1), ("y", 2)), {"x": "Blue", "y": "Green"}, ()])
def test_lists_of_plain_values_and_words_by_name_are_filled_in_once(value):
    before = _filled.cache_info()
    told = [render(f"{{{{ a }}}} of {value!r:.3}", {"a": value}, "w") for _ in range(4)]
    after = _filled.cache_info()
    assert set(told) == {f"{value} of {value!r:.3}"}
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 3)


def test_a_list_that_is_changed_is_read_again():
    value = {"x": "Blue"}
    assert render("{{ a['x'] }}", {"a": value}, "w") == "Blue"
    value["x"] = "Green"
    assert render("{{ a['x'] }}", {"a": value}, "w") == "Green"
    assert render("{{ a['x'] }}", {"a": {"x": [1]}}, "w") == "[1]"
