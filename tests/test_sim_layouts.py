"""How a society lays menus out: one layout an administration and over play, all of them in turn."""

from collections import Counter

from games.presentation import Presentation
from games.slider import Slider
from games.types import Layout
from sim.records import Asked, Scored
from tests.societies import Punishment, always, members, society

CROSSED = Presentation(["original", "reversed"], ["letters", "numbers"])


def kept(people=6, repetitions=1):
    made = society(members(*(always(0) for _ in range(people))), Punishment(), presentation=CROSSED)
    made.society.administer(Slider(), "before", repetitions)
    made.play()
    made.society.administer(Slider(), "after", repetitions, memory=True)
    return made


def test_an_administration_and_the_whole_play_have_one_layout_each():
    layouts = {}
    for one in kept(repetitions=2).of(Asked):
        key = (one.participant, one.occasion.phase, one.occasion.repetition)
        layouts.setdefault(key, set()).add(one.decision.layout)
    assert len(layouts) == 6 * 5
    for (participant, _, repetition), found in layouts.items():
        assert found == {CROSSED.layouts[(participant + repetition - 1) % 4]}


def test_consecutive_participants_and_repeated_administrations_go_through_all_layouts():
    scores = kept(people=9, repetitions=4).of(Scored)
    for participant in range(9):
        of_one = [one.layout for one in scores if (one.participant, one.occasion.phase) == (participant, "before")]
        assert Counter(of_one) == Counter(CROSSED.layouts)
    first = [one.layout for one in scores if (one.occasion.phase, one.occasion.repetition) == ("before", 1)]
    assert Counter(first[:8]) == dict.fromkeys(CROSSED.layouts, 2)


def test_a_score_has_the_layout_that_its_items_were_shown_in():
    made = kept()
    shown = {(one.participant, one.occasion.phase): one.decision.layout for one in made.of(Asked)}
    for one in made.of(Scored):
        assert one.layout == shown[one.participant, one.occasion.phase]
    assert {one.layout for one in made.of(Scored)} == set(CROSSED.layouts) | {Layout()}
