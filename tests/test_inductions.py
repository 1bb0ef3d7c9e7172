"""Inductions: the checks that lint makes, each with a wording that it must find, and the library itself."""

import re
from copy import deepcopy
from pathlib import Path

import pytest

from agents.induction import Induction
from experiments.catalogue import built, known, member
from experiments.wording_lint import framing_findings, induction_findings, lint
from experiments.wording_texts import hits, pairs, spoken
from experiments.wording_words import LABELS, LOADED
from experiments.wordings import Finding, Wording, members
from games.svo import Orientation
from tests.commands import CHECKOUT

NAMES = [one.value for one in Orientation]
LIBRARY = [name for name in known("induction") if name != "none"]
TRANSLATED = [name for name in LIBRARY if name[-3:] in ("_de", "_es", "_zh")]
BASES = [name for name in LIBRARY if name not in TRANSLATED]
GOOD = {
    "name": "i",
    "source": "s",
    "language": "en",
    "person": "second",
    "system": "You hold one value completely. {{ value }} Let every decision follow from it.",
    "values": {name: {"value": f"You want {name[:3]} as much as possible."} for name in NAMES},
}


def made(name):
    return Induction.from_data(member("induction", name))


def changed(**keys):
    """The good wording with other keys, or another value for an orientation."""
    data = deepcopy(GOOD)
    for key, value in keys.items():
        if key in NAMES:
            data["values"][key] = {"value": value}
        else:
            data[key] = value
    return data


def without(data, key):
    return {name: value for name, value in data.items() if name != key}


def found(data):
    return {(one.level, one.check, one.orientation) for one in induction_findings("f.yaml", data)}


# --- every check finds its broken specimen ---------------------------------------------------------------------------


def test_a_good_wording_has_no_finding():
    assert found(GOOD) == set()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # leaked labels
        (changed(prosocial="You are prosocial, always."), ("error", "leaked label", "prosocial")),
        (changed(individualistic="You want selfish gains in all."), ("error", "leaked label", "individualistic")),
        (changed(altruistic="Du bist selbstlos bei allem hier."), ("error", "leaked label", "altruistic")),
        (changed(competitive="Quieres tu rivalidad en todo aquí."), ("error", "leaked label", "competitive")),
        (changed(system="{{ value }} Be no altruist."), ("error", "leaked label", "")),
        (changed(names_value=True, prosocial="You are competitive, all."), ("error", "leaked label", "prosocial")),
        (changed(names_value=True), ("warning", "label not named", "prosocial")),
        # length
        (changed(prosocial="You want all of it. " * 4), ("error", "unequal length", "prosocial")),
        (
            changed(prosocial="You want as much as possible for yourself and for them."),
            ("warning", "unequal length", "prosocial"),
        ),
        (changed(prosocial="You want it. You do, indeed."), ("warning", "unequal length", "")),
        (changed(system="Much that all four read. " * 9 + "{{ value }}", prosocial="You want it all. You do. " * 3),
         ("warning", "unequal length", "prosocial")),
        # the same text
        (changed(altruistic="You want it  all.", prosocial="You want it all."), ("error", "same text", "")),
        # orientations and variables
        (changed(values=without(GOOD["values"], "competitive")), ("error", "orientations", "")),
        (changed(values=GOOD["values"] | {"selfish": {"value": "x"}}), ("error", "variables", "")),
        (changed(system="{{ value }} {{ other }}"), ("error", "variables", "")),
        (changed(system="Nothing."), ("error", "variables", "")),
        (changed(reminder="Remember {{ goal }}."), ("error", "variables", "")),
        (changed(values=GOOD["values"] | {"prosocial": {"value": 1}}), ("error", "variables", "prosocial")),
        # templates and keys
        (changed(system="{{ value }"), ("error", "template", "")),
        (changed(system="{% if value %}{{ value }}{% endif %}"), ("error", "keys", "")),
        (changed(system="{{ value | upper }}"), ("error", "keys", "")),
        (changed(system=["{{ value }}"]), ("error", "keys", "")),
        (changed(colour="red"), ("error", "keys", "")),
        (changed(source=""), ("error", "keys", "")),
        (changed(steps=[{"say": "x"}]), ("error", "keys", "")),
        (changed(values=["prosocial"]), ("error", "keys", "")),
        (changed(person="fourth"), ("error", "keys", "")),
        (changed(names_value="no"), ("error", "keys", "")),
        (changed(language="English"), ("error", "keys", "")),
        (changed(language=False), ("error", "keys", "")),  # what YAML makes of `language: no`
        # loaded words
        ({"name": "c", "source": "s", "system": "Be fair in all that you do."}, ("error", "loaded word", "")),
        (changed(prosocial="You want fair play wherever it is."), ("warning", "loaded word", "prosocial")),
        (changed(altruistic="Quieres ser generoso con los demás."), ("warning", "loaded word", "altruistic")),
        (changed(system="Be moral. {{ value }}"), ("warning", "loaded word", "")),
        # words of the task
        (changed(prosocial="You always choose B in everything."), ("warning", "words of the task", "")),
        (changed(prosocial="You defect in all of the rounds."), ("warning", "words of the task", "")),
        (changed(system="This is a prisoner's dilemma. {{ value }}"), ("warning", "words of the task", "")),
        (changed(prosocial="You take 85 and give 85 of all."), ("error", "item of a measure", "prosocial")),
        (changed(prosocial="You want points as much as may be."), ("note", "points", "")),
        (changed(prosocial="She wants as much as is possible."), ("warning", "a person", "")),
        # what it says of itself
        (changed(system="你有一种价值观。{{ value }}"), ("error", "language", "")),
        (changed(language="zh"), ("error", "language", "")),
        (changed(language="fr"), ("note", "language", "")),
        (without(GOOD, "person"), ("note", "person", "")),
        # translations
        (changed(translation_of="nope"), ("error", "translation", "")),
    ],
)  # fmt: skip
def test_every_check_finds_what_it_is_for(data, expected):
    assert expected in found(data)


def test_all_that_does_not_fit_is_told_at_once():
    data = changed(system="{{ value }} {{ other }}", values=without(GOOD["values"], "competitive"), colour="red")
    told = [one.what for one in induction_findings("f.yaml", data)]
    assert len(told) == 1 + 1 + 3
    assert "unknown key 'colour'" in told
    assert "no values for competitive; add them under `values`" in told


def test_words_are_checked_although_an_orientation_is_missing():
    torn = changed(values=without(GOOD["values"], "competitive"), prosocial="You are prosocial and fair.")
    assert {("error", "orientations", ""), ("error", "leaked label", "prosocial")} < found(torn)
    assert ("warning", "loaded word", "prosocial") in found(torn)
    assert not [one for one in found(torn) if one[2] == "competitive"]


def lines(data, check):
    return [one.what for one in induction_findings("f.yaml", data) if one.check == check]


def test_orientations_that_read_the_same_are_named():
    same = dict.fromkeys(("altruistic", "prosocial", "competitive"), "You want all of it for them.")
    assert lines(changed(**same), "same text") == ["altruistic, prosocial and competitive read the same"]
    two = changed(altruistic="One of a kind.", prosocial="ONE of a kind.", individualistic="Two.", competitive="two.")
    assert len(lines(two, "same text")) == 2
    assert lines(GOOD, "same text") == []
    assert lines({"name": "c", "source": "s", "system": "Nothing."}, "same text") == []


def test_shared_text_does_not_hide_unequal_values_and_names_may_differ_in_length():
    shared = changed(system="Much that all four read. " * 20 + "{{ value }}", prosocial="You want it all. " * 4)
    (told,) = [one for one in lines(shared, "unequal length") if "characters" in one]
    assert told == "68 characters in its values alone, where the mean of the four is 42 (63% away)"
    names = {"altruistic": "kind", "prosocial": "all together", "individualistic": "me", "competitive": "ahead"}
    assert lines(changed(system="Much that all four read. " * 9 + "{{ value }}", **names), "unequal length") == []


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("fr", "Tu veux tout. {{ value }}", ["no word lists for fr: labels and loaded words were not looked for"]),
        ("ja", "あなたの価値。{{ value }}", ["no word lists for ja: labels and loaded words were not looked for"]),
        ("ja", "価値を持つ。{{ value }}", ["no word lists for ja: labels and loaded words were not looked for"]),
        ("en", "You want {{ value }}", []),
        ("de", "你要{{ value }}", ["language is de, but its text has Chinese characters"]),
    ],
)
def test_a_language_without_word_lists_is_said(language, text, told):
    assert lines(changed(language=language, system=text), "language") == told


def test_an_item_in_the_text_of_all_is_told_once():
    told = [one for one in found(changed(system="You took 85 and 50. {{ value }}")) if one[1] == "item of a measure"]
    assert told == [("error", "item of a measure", "")]


def test_a_finding_is_a_line_with_file_orientation_what_and_remedy():
    (one,) = induction_findings("f.yaml", changed(prosocial="You are prosocial, always."))
    assert str(one).startswith("error   f.yaml: prosocial: 'prosocial' names the value, and names_value is not true; ")
    assert "set `names_value: true`" in str(one)
    assert "\n" not in str(one)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (LABELS[Orientation.ALTRUISTIC], "altruistic, unselfish, uneigennützig, desinteresado, 利他"),
        (LABELS[Orientation.PROSOCIAL], "prosocial, pro-social, Pro social, prosozial, prosociales, 亲社会"),
        (LABELS[Orientation.INDIVIDUALISTIC], "selfish, eigensüchtig, Eigennutz, egoísta, 自私"),
        (LABELS[Orientation.COMPETITIVE], "hyper-competitive, competing, hyperkompetitive, Konkurrent, Konkurrenz"),
        (LABELS[Orientation.COMPETITIVE], "konkurrieren, competidor, competidora, competir, 竞争"),
        (LOADED, "justice, injustice, gerecht, Ungerechtigkeit, justicia, injusticia, injusto, 公平, 正义"),
        (LOADED, "cooperate, kooperativ, kooperieren, cooperar, 合作"),
        (LOADED, "honest, dishonesty, ehrlich, unehrlich, honesto, deshonesta, 诚实"),
        (LOADED, "kindness, gütig, bondad, 善良, trust, Vertrauen, confianza, 信任"),
    ],
)
def test_words_are_found_in_all_four_languages(pattern, words):
    for word in words.split(", "):
        assert pattern.search(f"so {word}, so")
        assert pattern.search(f"你{word}人")


def test_words_that_only_hold_a_listed_one_are_not_found():
    told = "just adjust competent affair offering Aufehrlichkeit begierig Wunschgier refriend unfriendfair"
    assert hits(LOADED, told) == []
    assert not any(pattern.search(told) for pattern in LABELS.values())


NEUTRAL = member("framing", "neutral")
POT = member("game", "public_goods")


@pytest.mark.parametrize(
    ("group", "data", "check"),
    [
        ("framing", NEUTRAL | {"past_header": "What the prosocial ones did:"}, "leaked label"),
        ("framing", NEUTRAL | {"past_header": "Your opponents did this:"}, "loaded word"),
        ("framing", NEUTRAL | {"past_header": "{{ past"}, "template"),
        ("game", POT | {"words": {"rules": "You may cheat."}}, "loaded word"),
        ("game", POT | {"words": {"rules": "{{ 'You defect' if round == 1 else 'Well' }}"}}, "loaded word"),
        ("measure", {"words": {"rules": "Show how selfish you are."}}, "leaked label"),
        ("framing", {"name": "told", "words": {"g": {"rules": "Be competitive."}}}, "leaked label"),
    ],
)
def test_framings_games_and_measures_are_checked(group, data, check):
    assert check in {one.check for one in framing_findings("f.yaml", data, group) if one.level == "error"}


def test_a_framing_may_load_words_where_it_is_not_the_neutral_one():
    assert not list(framing_findings("f.yaml", {"name": "war", "words": {"g": {"rules": "Punish them."}}}, "framing"))


def test_names_that_are_only_compared_with_are_not_said():
    assert "defect" not in spoken("{{ 'Blue' if act == 'defect' else acts['defect'] }}")
    assert "Blue" in spoken("{{ 'Blue' if act == 'defect' else acts['defect'] }}")


def test_files_of_ones_own_are_told_by_what_they_hold(tmp_path):
    texts = {"induction": "name: x\nsystem: y", "game": "words: {rules: x}", "framing": "defaults: [neutral]\nname: x"}
    for group, text in texts.items():
        path = tmp_path / f"{group}.yaml"
        path.write_text(text, encoding="utf-8")
        assert members([str(path)])[0].group == group
    for text in ("a: [", "- a\n- list"):
        path.write_text(text, encoding="utf-8")
        (one,) = lint(members([str(path)]))
        assert (one.level, one.check) == ("error", "unreadable")


# --- the shipped catalogue -------------------------------------------------------------------------------------------


def test_the_catalogue_has_no_error_and_no_warning():
    told = [one for one in lint(members([])) if one.level != "note"]
    assert told == []


def test_the_library_is_complete():
    assert {*BASES} == {
        "label", "definition", "weights", "maxim", "hvae", "few_shot", "second_person", "third_person", "self_goal",
        "reminder",
    }  # fmt: skip
    assert {*TRANSLATED} == {f"{base}_{language}" for base in BASES for language in ("de", "es", "zh")}


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_has_the_structure_of_what_it_translates(name):
    one = made(name)
    assert (one.translation_of, one.language) == tuple(name.rsplit("_", 1))
    first = made(one.translation_of)
    assert {name: set(given) for name, given in one.values.items()} == {n: set(g) for n, g in first.values.items()}
    assert not [told for told in induction_findings(name, member("induction", name)) if told.check == "translation"]


TWO = "Zwei Sätze. Hier sind sie."
GOODS = ("tickets", "seedlings", "notebooks", "hours")


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("definition_de", {"system": "Nur ein Satz: {{ definition }}"}, "system has 0 sentences, there 3"),
        ("definition_de", {"reminder": "Denk daran."}, "it has system, reminder; there are system"),
        ("reminder_es", {"reminder": "Recuerda esto."}, "reminder has the variables none, there definition"),
        ("few_shot_zh", {"values": {name: dict.fromkeys(GOODS, "1和2") for name in NAMES}},
         "tickets has the numbers 1, 2, there 4, 11"),
        ("maxim_es", {"values": {name: {"maxim": TWO} for name in NAMES}}, "maxim has 2 sentences, there 1"),
        ("hvae_de", {"history": False}, "history is False, there True"),
        ("label_zh", {"names_value": False}, "names_value is False, there True"),
        ("third_person_de", {"person": "second"}, "person is second, there third"),
        ("label_de", {"language": "en"}, "language en is that of label too"),
        ("self_goal_de", {"steps": [{"ask": "Was? {{ aim }} Ja.", "save": "ziel"}], "reminder": "{{ ziel }}"},
         "its steps save other answers"),
    ],
)  # fmt: skip
def test_a_translation_of_another_structure_is_found(name, change, told):
    data = member("induction", name) | change
    assert told in [one.what for one in induction_findings(name, data) if one.level == "error"]


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_translation_is_left_in_english(name):
    texts = made(name).texts()
    english = {"the", "and", "what", "others", "yourself", "every", "decision"}
    for text in texts.values():
        assert not english & set(re.findall(r"[a-z]+", text.lower())), text


PRONOUNS = {"en": r"\byou", "de": r"\b(?:du|dich|dir|dein)", "es": r"\b(?:tú|ti|te|eres|quieres)\b", "zh": "你"}


SUFFIXES = {"en": "", "de": "_de", "es": "_es", "zh": "_zh"}


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_the_definition_and_the_second_person_differ_in_the_name_alone(suffix):
    named, unnamed = made(f"definition{suffix}"), made(f"second_person{suffix}")
    assert named.system.replace("{{ definition }}", "{{ aim }}") == unnamed.system
    for one in Orientation:
        naming, what = re.split("[:：] ?", named.values[one.value]["definition"])
        aim = unnamed.values[one.value]["aim"]
        assert (what[0].upper() + what[1:]) == aim
        assert LABELS[one].search(naming)
        assert not any(pattern.search(aim) for pattern in LABELS.values())


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_the_own_goal_begins_as_the_second_person_does(suffix):
    told, (step,) = made(f"second_person{suffix}"), made(f"self_goal{suffix}").steps
    assert told.system.split("{{")[0] == step.ask.split("{{")[0]
    assert made(f"self_goal{suffix}").values == told.values


@pytest.mark.parametrize("language", SUFFIXES)
def test_second_and_third_person_differ_in_the_person(language):
    second, third = (made(f"{person}_person{SUFFIXES[language]}") for person in ("second", "third"))
    first, others = (re.split("(?<=[.。]) ?", one.system)[0] for one in (second, third))
    assert first == others
    for name in NAMES:
        assert re.search(PRONOUNS[language], second.values[name]["aim"], re.IGNORECASE)
        assert not re.search(PRONOUNS[language], third.values[name]["aim"], re.IGNORECASE)
        assert "P" in third.values[name]["aim"]


@pytest.mark.parametrize("suffix", ["", "_de", "_es", "_zh"])
def test_the_reminder_is_the_definition_and_nothing_else(suffix):
    told, plain = made(f"reminder{suffix}"), made(f"definition{suffix}")
    assert (told.system, told.values) == (plain.system, plain.values)
    assert plain.reminder == ""
    for one in Orientation:
        assert told.worded(one).reminder.endswith(plain.values[one.value]["definition"])


def situations():
    """The divisions of each example in their order, and by orientation the one that was taken."""
    shot = made("few_shot")
    lines = [line for line in shot.system.splitlines() if "{{" in line]
    for line in lines:
        key = re.search(r"\{\{ (\w+)", line)[1]
        offered = [(int(own), int(other)) for own, other in re.findall(r"(\d+) and (\d+)", line)]
        yield offered, {name: tuple(map(int, shot.values[name][key].split(" and "))) for name in NAMES}


def test_every_example_tells_the_four_values_apart():
    liked = {
        "altruistic": lambda own, other: other,
        "prosocial": lambda own, other: own + other,
        "individualistic": lambda own, other: own,
        "competitive": lambda own, other: own - other,
    }
    for offered, taken in situations():
        assert sorted(offered) == sorted(taken.values())
        for name, value in liked.items():
            assert [one for one in offered if value(*one) == max(value(*two) for two in offered)] == [taken[name]]


def test_every_value_is_taken_once_from_each_place():
    places = {name: sorted(offered.index(taken[name]) for offered, taken in situations()) for name in NAMES}
    assert places == {name: [0, 1, 2, 3] for name in NAMES}


def test_no_example_is_an_item_of_a_measure():
    asked = set()
    for name in known("measure"):
        for decision in built(member("measure", name)["instrument"], name).decisions():
            asked |= {(option.allocation.own, option.allocation.other) for option in decision.options}
    for offered, _ in situations():
        assert not asked & set(offered)
    assert (85, 85) in asked
    assert (85, 85) in pairs("85 for you, 85 for the other")


# --- docs/prompts.md -------------------------------------------------------------------------------------------------

ROW = re.compile(r"^\| `(\w+)` \| (\w+|–) \| (\w+) \| (yes|no) \| (\d+) \| (\d+) \| (.+) \|$", re.MULTILINE)
LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "zh": "Chinese"}


def test_the_table_of_the_library_is_what_the_files_say():
    text = (CHECKOUT / "docs" / "prompts.md").read_text(encoding="utf-8")
    items = 15
    rows = {row[0]: row[1:6] for row in ROW.findall(text)}
    assert rows == {
        name: (
            made(name).person or "–",
            LANGUAGES[made(name).language],
            "yes" if made(name).names_value else "no",
            str(len(made(name).steps)),
            str(items + len(made(name).steps)),
        )
        for name in known("induction")
    }


def test_every_check_is_documented():
    text = (CHECKOUT / "docs" / "prompts.md").read_text(encoding="utf-8")
    source = "".join(one.read_text(encoding="utf-8") for one in Path(CHECKOUT, "experiments").glob("wording_*.py"))
    checks = set(re.findall(r'Finding\(\s*(?:"\w+"|level|"error" if .+ else "\w+"), file, [^,]+, "([\w ]+)"', source))
    assert {"leaked label", "unequal length", "same text", "loaded word", "item of a measure"} <= checks
    for check in checks | {"keys", "variables", "orientations", "template", "translation", "unreadable"}:
        assert f"| {check} |" in text


def test_a_finding_can_be_written_as_plain_values():
    one = Finding("error", "f", "prosocial", "c", "w", "i")
    assert one.as_data()["orientation"] == "prosocial"
    assert lint([Wording("induction", "f", None, "torn")])[0].what == "torn"
