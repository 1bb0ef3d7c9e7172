"""Inductions: what they refuse when built, and the words that come out."""

import pytest

from agents.induction import Induction, Step
from games.errors import SettingError
from games.svo import Orientation

NAMES = [one.value for one in Orientation]
VALUES = {name: {"value": f"<{name}>"} for name in NAMES}


def induction(**changes):
    return Induction(**{"name": "i", "source": "s", "system": "Hold {{ value }}.", "values": VALUES} | changes)


def test_each_orientation_is_worded_with_its_own_values():
    assert [induction().worded(one).system for one in Orientation] == [f"Hold <{name}>." for name in NAMES]


def test_what_steps_save_stays_open_in_the_reminder_and_in_later_steps():
    made = induction(
        steps=(Step("Describe {{ value }}.", save="said"), Step("You said {{ said }}; your goal?", save="goal")),
        reminder="As {{ value }}: {{ goal }}",
    )
    worded = made.worded(Orientation.PROSOCIAL)
    assert [step.ask for step in worded.steps] == ["Describe <prosocial>.", "You said {{ said }}; your goal?"]
    assert [step.save for step in worded.steps] == ["said", "goal"]
    assert worded.reminder == "As <prosocial>: {{ goal }}"


def test_a_system_message_cannot_use_what_a_step_saves():
    with pytest.raises(SettingError, match="goal"):
        induction(system="Pursue {{ goal }} as {{ value }}.", steps=(Step("Your goal?", save="goal"),))


def test_a_step_cannot_use_what_a_later_step_saves():
    with pytest.raises(SettingError, match="goal"):
        induction(steps=(Step("Recall {{ goal }}."), Step("Your goal?", save="goal")))


def test_a_control_without_variables_words_no_value():
    control = Induction(name="none", source="control")
    for one in Orientation:
        worded = control.worded(one)
        assert (worded.system, worded.steps, worded.reminder, worded.induces) == ("", (), "", False)
    assert induction().worded(Orientation.PROSOCIAL).induces


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"values": {}}, "no values for altruistic, prosocial, individualistic, competitive"),
        ({"values": {name: VALUES[name] for name in NAMES[1:]}}, "no values for altruistic"),
        ({"values": VALUES | {"selfish": {"value": "x"}}}, "unknown orientation 'selfish'"),
        ({"values": VALUES | {"prosocial": {}}}, "prosocial has no value for the variable(s) value"),
        (
            {"values": VALUES | {"prosocial": {"value": "x", "more": "y"}}},
            "prosocial gives more, which no wording uses",
        ),
        ({"system": "Hold {{ value }} and {{ other }}."}, "altruistic has no value for the variable(s) other"),
        ({"system": "Hold nothing."}, "altruistic gives value, which no wording uses"),
        ({"reminder": "{{ goal }}"}, "altruistic has no value for the variable(s) goal"),
        ({"steps": (Step("{{ broken"),)}, "induction i:"),
    ],
)
def test_values_and_variables_that_do_not_fit_are_refused(changes, told):
    with pytest.raises(SettingError) as raised:
        induction(**changes)
    assert told in str(raised.value)


def test_plain_data_makes_the_same_induction():
    data = {"name": "i", "source": "s", "system": "Hold {{ value }}.", "values": VALUES}
    assert Induction.from_data(data) == induction()
    stepped = Induction.from_data(data | {"steps": [{"ask": "Why?"}, {"ask": "Goal?", "save": "goal"}]})
    assert stepped.steps == (Step("Why?"), Step("Goal?", "goal"))


@pytest.mark.parametrize(
    ("change", "told"), [({"colour": "red"}, "colour"), ({"steps": [{"ask": "x", "colour": "red"}]}, "colour")]
)
def test_an_unknown_key_is_refused_by_its_name(change, told):
    with pytest.raises(SettingError, match=f"induction i.*{told}"):
        Induction.from_data({"name": "i", "source": "s", "system": "{{ value }}", "values": VALUES} | change)


def test_a_source_is_required():
    with pytest.raises(SettingError, match="source"):
        Induction.from_data({"name": "i"})


def test_the_texts_of_a_run_are_the_exact_words_of_each_orientation():
    made = induction(steps=(Step("Why {{ value }}?"),), reminder="Remember.")
    texts = made.texts()
    assert len(texts) == 4 * 3
    assert texts["induction/i/prosocial/system"] == "Hold <prosocial>."
    assert texts["induction/i/competitive/step 1"] == "Why <competitive>?"
    assert texts["induction/i/altruistic/reminder"] == "Remember."
    assert Induction(name="none", source="s").texts() == {}
