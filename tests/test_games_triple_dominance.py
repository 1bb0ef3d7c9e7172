import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.errors import ChoiceError, SettingError
from games.svo import RING_ANGLES, WEIGHTS, Orientation
from games.triple_dominance import TYPES, UNCLASSIFIED, TripleDominance
from games.types import Answer, Choice, Failure

FAILED = Choice(failure=Failure.UNREADABLE)
P, I, C = "prosocial", "individualistic", "competitive"  # noqa: E741 - the initials of the orientations
SHEETS = st.lists(st.sampled_from((P, I, C)), min_size=9, max_size=9)
PARTIAL = st.lists(st.sampled_from((P, I, C, None)), min_size=9, max_size=9)


def choosing(types):
    """Choices of these types, one an item; None fails."""
    return [
        FAILED if kind is None else Choice([option.act for option in one.options].index(kind))
        for one, kind in zip(TripleDominance().decisions(), types, strict=True)
    ]


def sheet(prosocial=0, individualistic=0, competitive=0):
    """Choices of each type that often; the other items failed."""
    types = [P] * prosocial + [I] * individualistic + [C] * competitive
    return choosing(types + [None] * (9 - len(types)))


def with_probabilities(types, sure):
    """Choices that put this probability on the type, and share the rest between the two others."""
    return [
        replace(choice, probabilities=tuple(sure if n == choice.option else (1 - sure) / 2 for n in range(3)))
        for choice in choosing(types)
    ]


# --- the table -------------------------------------------------------------------------------------------------------


def test_nine_items_of_three_types():
    decisions = TripleDominance().decisions()
    assert [one.item for one in decisions] == list(range(1, 10))
    for one in decisions:
        assert (one.game, one.player, one.stage, one.answer) == ("triple_dominance", 0, "choose", Answer.LETTER)
        assert sorted(option.act for option in one.options) == sorted((P, I, C))
        assert not one.facts


def test_the_first_and_the_last_item_are_the_printed_ones():
    first, *_, last = TripleDominance().decisions()
    told = [[(o.act, o.allocation.own, o.allocation.other) for o in one.options] for one in (first, last)]
    assert told == [[(C, 80, 0), (I, 92, 40), (P, 80, 80)], [(C, 80, 4), (P, 82, 82), (I, 92, 44)]]


def test_each_type_is_what_its_motive_likes_best_and_nothing_else():
    for one in TripleDominance().decisions():
        points = {option.act: (option.allocation.own, option.allocation.other) for option in one.options}
        for kind in TYPES:
            own, other = WEIGHTS[kind]
            worth = {act: own * mine + other * theirs for act, (mine, theirs) in points.items()}
            assert [act for act, value in worth.items() if value == max(worth.values())] == [kind.value]
        assert points[P][0] == points[P][1]


def test_an_altruist_is_classed_prosocial():
    choices = [
        Choice(max(range(3), key=lambda n, among=one.options: among[n].allocation.other))
        for one in TripleDominance().decisions()
    ]
    assert TripleDominance().score(choices).category == P
    assert RING_ANGLES[Orientation.ALTRUISTIC] not in {RING_ANGLES[kind] for kind in TYPES}


# --- scores of choices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [P, I, C])
def test_ideal_respondents(kind):
    score = TripleDominance().score(choosing([kind] * 9))
    assert (score.category, score.consistency) == (kind, 1.0)
    assert (score.angle, score.length, score.transitive, score.index, score.spread) == (None,) * 5
    assert (score.failed, score.asked, score.obtained) == (0, 9, "choices")


LIMITS = [
    (sheet(6, 3, 0), P),
    (sheet(5, 4, 0), UNCLASSIFIED),
    (sheet(5, 2, 2), UNCLASSIFIED),
    (sheet(3, 3, 3), UNCLASSIFIED),
    (sheet(1, 6, 2), I),
    (sheet(0, 3, 6), C),
    (sheet(0, 4, 5), UNCLASSIFIED),
    # with failures
    (sheet(6, 0, 0), P),  # enough all the same
    (sheet(0, 0, 6), C),
    (sheet(5, 1, 1), None),  # the two that failed could have made it six
    (sheet(4, 2, 1), None),
    (sheet(3, 3, 1), UNCLASSIFIED),  # they could not
    (sheet(5, 3, 0), None),
    (sheet(4, 4, 0), UNCLASSIFIED),
    (sheet(3, 0, 0), None),
    (sheet(), None),
]


def classifies_the_examples(rule):
    return all(rule(choices) == category for choices, category in LIMITS)


def chosen(choices):
    answered = [
        choice.taken(one).act
        for one, choice in zip(TripleDominance().decisions(), choices, strict=True)
        if choice.failure is None
    ]
    return Counter(answered).most_common() or [(None, 0)]


def most_frequent(choices):
    """Broken specimen: the type chosen most often, however rarely."""
    return chosen(choices)[0][0]


def failures_decide_nothing(choices):
    """Broken specimen: short of six is unclassified, whatever failed."""
    kind, times = chosen(choices)[0]
    return kind if times >= 6 else UNCLASSIFIED


def failures_spoil_everything(choices):
    """Broken specimen: any failure leaves no category."""
    return None if FAILED in choices else failures_decide_nothing(choices)


def test_categories_at_the_limit():
    assert classifies_the_examples(lambda choices: TripleDominance().score(choices).category)


@pytest.mark.parametrize("specimen", [most_frequent, failures_decide_nothing, failures_spoil_everything])
def test_the_examples_reject_a_broken_classification(specimen):
    assert not classifies_the_examples(specimen)


@given(PARTIAL, st.integers(5, 9))
def test_a_category_is_what_every_way_to_fill_in_the_failures_agrees_on(types, needed):
    def by_count(full):
        kind, times = Counter(full).most_common(1)[0]
        return kind if times >= needed else UNCLASSIFIED

    answered = [kind for kind in types if kind]
    ways = itertools.combinations_with_replacement((P, I, C), 9 - len(answered))
    possible = {by_count([*answered, *way]) for way in ways}
    score = TripleDominance(needed).score(choosing(types))
    assert score.category == (possible.pop() if len(possible) == 1 else None)
    assert score.failed == types.count(None)


@given(SHEETS, st.integers(0, 8))
def test_consistency_is_the_share_of_the_most_frequent_type_and_needs_every_item(types, place):
    assert TripleDominance().score(choosing(types)).consistency == Counter(types).most_common(1)[0][1] / 9
    failing = choosing(types)
    failing[place] = FAILED
    assert TripleDominance().score(failing).consistency is None


# --- scores of probabilities -----------------------------------------------------------------------------------------


@given(PARTIAL)
def test_certainty_is_scored_as_the_choices_are(types):
    plain = choosing(types)
    certain = [
        one if one.failure else replace(one, probabilities=tuple(float(n == one.option) for n in range(3)))
        for one in plain
    ]
    obtained = "probabilities" if any(types) else "choices"
    assert TripleDominance().score(certain) == replace(TripleDominance().score(plain), obtained=obtained)


def test_six_choices_all_but_certain_are_six():
    types = [P] * 6 + [I] * 3
    score = TripleDominance().score(with_probabilities(types, 0.999))
    assert score.category == P
    assert score.consistency == pytest.approx((6 * 0.999 + 3 * 0.0005) / 9)
    assert (score.obtained, score.angle, score.length, score.spread) == ("probabilities", None, None, None)


def test_a_type_has_enough_where_that_is_more_likely_than_not():
    # Six of six at p each: p⁶ passes one half between .890 and .892.
    types = [P] * 6 + [I] * 3
    certain = choosing(types)
    for sure, category in ((0.890, UNCLASSIFIED), (0.892, P)):
        rows = [tuple(sure if n == one.option else (1 - sure) / 2 for n in range(3)) for one in certain[:6]]
        mixed = [replace(one, probabilities=row) for one, row in zip(certain, rows, strict=False)] + certain[6:]
        assert TripleDominance().score(mixed).category == category


def test_even_chances_are_unclassified():
    score = TripleDominance().score([Choice(0, probabilities=(1 / 3,) * 3)] * 9)
    assert score.category == UNCLASSIFIED
    assert score.consistency == pytest.approx(1 / 3)


@given(st.lists(st.tuples(*[st.floats(0.01, 1)] * 3), min_size=9, max_size=9), st.integers(5, 9))
def test_the_most_likely_type_is_that_of_all_answer_sheets(weights, needed):
    rows = [tuple(weight / sum(row) for weight in row) for row in weights]
    enough = Counter()
    kinds = [[option.act for option in one.options] for one in TripleDominance().decisions()]
    # By type: the chance of enough, over all 2⁹ patterns of this type or another.
    for kind in (P, I, C):
        hits = [row[names.index(kind)] for row, names in zip(rows, kinds, strict=True)]
        for pattern in itertools.product((True, False), repeat=9):
            if sum(pattern) >= needed:
                chance = 1.0
                for hit, is_hit in zip(hits, pattern, strict=True):
                    chance *= hit if is_hit else 1 - hit
                enough[kind] += chance
    (kind, chance), *_ = enough.most_common(1)
    if abs(chance - 0.5) > 1e-9:
        score = TripleDominance(needed).score([Choice(0, probabilities=row) for row in rows])
        assert score.category == (kind if chance > 0.5 else UNCLASSIFIED)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choices",
    [
        [Choice(0)] * 8,
        [Choice(0)] * 10,
        [],
        [Choice(3)] + [Choice(0)] * 8,
        [Choice(-1)] + [Choice(0)] * 8,
        [Choice(0, probabilities=(0.5, 0.5))] + [Choice(0)] * 8,
    ],
)
def test_choices_that_do_not_answer_the_items_are_refused(choices):
    with pytest.raises(ChoiceError, match="triple_dominance"):
        TripleDominance().score(choices)


@pytest.mark.parametrize("needed", [4, 0, -1, 10, 6.0, "6", True, None])
def test_numbers_that_would_not_classify_are_refused(needed):
    with pytest.raises(SettingError, match="needed"):
        TripleDominance(needed)
