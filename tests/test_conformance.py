"""Every member of the catalogue, found by itself, keeps every rule of its kind; every rule rejects what breaks it."""

import itertools
import random
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from omegaconf import OmegaConf

from agents.gateway import Gateway
from agents.induction import Induction
from agents.llm import LLMAgent
from agents.setting import Setting
from agents.wording import Framing, Words
from experiments.catalogue import CATALOGUE, built, known, member
from games.dictator import Dictator
from games.public_goods import PublicGoods
from games.rounds import State
from games.slider import Slider
from games.svo import Orientation
from games.types import Allocation, Choice
from sim.matching import RandomStrangers
from tests import conformance
from tests.conformance import rules_of

PLANTED = "sk-planted-0123456789abcdef"


def every(kind, group=None):
    """All members of a group against all rules of their kind."""
    cases = [
        pytest.param(name, rule, id=f"{name}-{rule.__name__}")
        for name in known(group or kind)
        for rule in rules_of(kind)
    ]
    return pytest.mark.parametrize(("name", "rule"), cases)


def source(group, name):
    return (CATALOGUE / group / f"{name}.yaml").read_text(encoding="utf-8")


def test_every_group_of_the_catalogue_has_members_and_rules():
    # What is set of Hydra itself, such as launchers, lies a folder deeper.
    folders = [path for path in CATALOGUE.iterdir() if path.is_dir() and not path.name.startswith("_")]
    groups = sorted(path.name for path in folders if path.name != "hydra")
    assert [group for group in groups if not known(group)] == []
    assert [group for group in groups if not rules_of(group)] == []
    assert [group for group in groups if f"test_every_{group}_conforms" not in globals()] == []


# --- the members -----------------------------------------------------------------------------------------------------


@every("game")
def test_every_game_conforms(name, rule):
    rule(*conformance.catalogued_game(name))


@every("measure")
def test_every_measure_conforms(name, rule):
    rule(*conformance.catalogued_measure(name))


@pytest.mark.parametrize("name", known("game"))
def test_the_golden_words_of_every_game_are_as_read(name):
    rendering = conformance.game_rendering(*conformance.catalogued_game(name))
    conformance.golden_words_are_as_read(name, rendering)


@pytest.mark.parametrize("name", known("measure"))
def test_the_golden_words_of_every_measure_are_as_read(name):
    rendering = conformance.measure_rendering(*conformance.catalogued_measure(name))
    conformance.golden_words_are_as_read(name, rendering)


def test_no_golden_words_are_left_of_what_is_gone():
    left = {path.stem for path in conformance.GOLDEN.glob("*.txt")}
    assert left == {*known("game"), *known("measure")}


@every("framing")
def test_every_framing_conforms(name, rule):
    rule(member("framing", name))


@every("matching")
def test_every_matching_conforms(name, rule):
    rule(built(member("matching", name), "matching"))


def maker(name, induction="definition"):
    """Makes one agent of the catalogue anew, with the simulated respondent behind it."""
    config, model = member("agent", name), member("model", "synthetic")
    spoken = [*map(conformance.catalogued_game, known("game")), *map(conformance.catalogued_measure, known("measure"))]
    words = {made.name: its_words for made, its_words in spoken}
    framing = Framing.from_data(member("framing", "neutral"), words)

    def make():
        def gateway():
            return Gateway("synthetic", built(model["chat"], "model"), synthetic=True)

        worded = Induction.from_data(member("induction", induction))
        return built(config, "agent", Setting(0, Orientation.PROSOCIAL, 1, gateway, worded, framing))

    return make


@every("agent")
def test_every_agent_conforms(name, rule):
    rule(maker(name))


# A translation has the structure of its original, which the tests of inductions compare.
SPOKEN = [name for name in known("induction") if not member("induction", name).get("translation_of")]


@pytest.mark.parametrize("induction", SPOKEN)
@pytest.mark.parametrize("rule", rules_of("agent"), ids=lambda rule: rule.__name__)
def test_a_chat_model_under_every_induction_conforms(induction, rule):
    rule(maker("llm", induction))


@every("induction")
def test_every_induction_conforms(name, rule):
    data = member("induction", name)
    assert data["name"] == name, "the name in the tables is the file's"
    rule(data)


def with_keys(monkeypatch, text):
    for variable in set(re.findall(r"\b[A-Z][A-Z0-9_]*_API_KEY\b", text)):
        monkeypatch.setenv(variable, PLANTED)


@every("model")
def test_every_model_conforms(name, rule, monkeypatch):
    text = source("model", name)
    with_keys(monkeypatch, text)
    given = {"planted": PLANTED} if rule is conformance.model_shows_no_key else {}
    rule(raw_model(name), text, **given)


def raw_model(name):
    """A model's file as it is written, its references unresolved."""
    return OmegaConf.to_container(OmegaConf.load(CATALOGUE / "model" / f"{name}.yaml"))


@pytest.mark.parametrize("name", known("experiment"))
def test_every_experiment_conforms(name):
    text = source("experiment", name)
    conformance.experiment_begins_with_its_command(name, text)
    made = conformance.experiment_can_be_made(conformance.command_of(name, text))
    assert made.members
    assert made.name == name, "the name is the folder below results/"


# --- broken specimens: each must be rejected by the rule that is there for it ----------------------------------------

BASE = {"players": 3, "endowment": 4, "multiplier": 1.5, "rounds": 3}
WORDS = Words(
    rules="You are {{ players }}.",
    questions={"contribute": "Round {{ round }}?"},
    past={"contribute": "Round {{ round }}: {{ payoff | points }}."},
)


class Empty(PublicGoods):
    def decisions(self, state):
        return ()


class Endless(PublicGoods):
    def resolve(self, state, choices):
        _, outcomes = super().resolve(state, choices)
        return state, outcomes


class Misnamed(PublicGoods):
    def decisions(self, state):
        return tuple(replace(one, game="another") for one in super().decisions(state))


class Miscounted(PublicGoods):
    def decisions(self, state):
        return tuple(replace(one, others=self.players) for one in super().decisions(state))


class Doubled(PublicGoods):
    def decisions(self, state):
        return (*super().decisions(state), *super().decisions(state)[:1])


class Forced(PublicGoods):
    def decisions(self, state):
        found = super().decisions(state)
        for one in found:
            object.__setattr__(one, "options", one.options[:1])
        return found


class Skipping(PublicGoods):
    def resolve(self, state, choices):
        following, outcomes = super().resolve(state, choices)
        return replace(following, round=state.round + 2), outcomes


class Backwards(PublicGoods):
    def decisions(self, state):
        found = super().decisions(state)
        return tuple(replace(one, round=self.rounds + 1 - one.round) for one in found)


def settling(change):
    """A game whose outcomes are changed."""

    class Changed(PublicGoods):
        def resolve(self, state, choices):
            following, outcomes = super().resolve(state, choices)
            return following, tuple(change(outcomes))

    return Changed(**BASE)


def offering(change):
    """A game whose allocations are changed."""

    class Changed(PublicGoods):
        def decisions(self, state):
            return tuple(
                replace(one, options=tuple(replace(o, allocation=change(o.allocation)) for o in one.options))
                for one in super().decisions(state)
            )

    return Changed(**BASE)


def starting(state):
    """A game that starts with this state."""

    class Changed(PublicGoods):
        def start(self, seed, first=1):
            return state(first)

    return Changed(**BASE)


@dataclass
class Open:
    round: int = 1
    seed: int = 1
    taken: tuple[Any, ...] = ()
    last: tuple[Any, ...] = ()
    held: tuple[Any, ...] = ()
    lived: tuple[Any, ...] = ((),) * BASE["players"]


@dataclass(frozen=True)
class Odd(State):
    extra: Any = None


NOTHING = ((),) * BASE["players"]


def elsewhere(first):
    """A state that remembers rounds which were not played at this table."""
    game, state = PublicGoods(**BASE), PublicGoods(**BASE).start(0)
    while state.round < first:
        state, _ = game.resolve(state, {one.key: Choice(0) for one in game.decisions(state)})
    return state


class InPlace(PublicGoods):
    def decisions(self, state):
        object.__setattr__(state, "held", (*state.held, 1.0))
        return super().decisions(state)


class Telling(PublicGoods):
    def decisions(self, state):
        return tuple(replace(one, facts={**one.facts, "who": {1, 2}}) for one in super().decisions(state))


class Listed(PublicGoods):
    def decisions(self, state):
        return tuple(
            replace(one, past=tuple(replace(lived, others=list(lived.others)) for lived in one.past))
            for one in super().decisions(state)
        )


class Chancy(PublicGoods):
    def resolve(self, state, choices):
        following, outcomes = super().resolve(state, choices)
        return following, tuple(replace(one, payoff=one.payoff + random.random()) for one in outcomes)


class Defaulting(PublicGoods):
    def resolve(self, state, choices):
        return super().resolve(state, {one.key: Choice(0) for one in self.decisions(state)} | dict(choices))


class Dropping(PublicGoods):
    def resolve(self, state, choices):
        asked = {one.key for one in self.decisions(state)}
        return super().resolve(state, {key: choice for key, choice in choices.items() if key in asked})


class Forgiving(PublicGoods):
    def resolve(self, state, choices):
        return super().resolve(state, {k: Choice(0) if c.failure else c for k, c in choices.items()})


class Tireless(PublicGoods):
    def resolve(self, state, choices):
        return super().resolve(state, choices) if state.round <= self.rounds else (state, ())


class Leaky(Dictator):
    def resolve(self, state, choices):
        following, outcomes = super().resolve(state, choices)
        return following, tuple(replace(one, payoff=one.payoff * 0.9) for one in outcomes)


class Lost(Dictator):
    def resolve(self, state, choices):
        following, outcomes = super().resolve(state, choices)
        return following, tuple(replace(one, payoff=float("nan")) for one in outcomes)


def measuring(**wrong):
    """A game with wrong yardsticks."""

    class Changed(PublicGoods):
        def yardsticks(self):
            return replace(super().yardsticks(), **wrong)

    return Changed(**BASE)


BEST = PublicGoods(**BASE).yardsticks().optimum


class Clamping(PublicGoods):
    def resolve(self, state, choices):
        least = {k: Choice(max(0, min(c.option, 4))) if c.failure is None else c for k, c in choices.items()}
        return super().resolve(state, least)


class Staying(PublicGoods):
    def void(self, state):
        return state


class Ending(PublicGoods):
    def void(self, state):
        return replace(state, round=self.rounds + 1)


class VoidAsNothing(PublicGoods):
    def void(self, state):
        return self.resolve(state, {one.key: Choice(0) for one in self.decisions(state)})[0]


class Leaking(PublicGoods):
    def decisions(self, state):
        found = super().decisions(state)
        return tuple(replace(one, past=found[0].past) for one in found)


class Repeating(Slider):
    def decisions(self):
        return (*super().decisions(), super().decisions()[0])


TURNS = itertools.count()


class Rotating(Slider):
    def decisions(self):
        found = super().decisions()
        turn = next(TURNS) % 2
        return found[turn:] + found[:turn]


class Remembering(Slider):
    def decisions(self):
        game = PublicGoods(**BASE)
        _, outcomes = game.resolve(game.start(1), {(seat, 0): Choice(0) for seat in range(3)})
        return tuple(replace(one, past=(outcomes[0].experience,)) for one in super().decisions())


class NotANumber(Slider):
    def score(self, choices):
        return replace(super().score(choices), angle=float("nan"))


class Wavering(Slider):
    def score(self, choices):
        return replace(super().score(choices), angle=random.random())


class Miscounting(Slider):
    def score(self, choices):
        return replace(super().score(choices), failed=0)


class Averaging(Slider):
    def score(self, choices):
        score = super().score(choices)
        return replace(score, angle=22.7) if score.obtained == "probabilities" else score


class Guessing(Slider):
    def score(self, choices):
        failed = sum(one.failure is not None for one in choices)
        return replace(super().score([Choice(0) if one.failure else one for one in choices]), failed=failed)


class Padding(Slider):
    def score(self, choices):
        return super().score([*choices, *[Choice(0)] * 15][:15])


class Losing(RandomStrangers):
    def groups(self, participants, size, seed, round_number):
        return super().groups(participants, size, seed, round_number)[:-1]


class Unseeded(RandomStrangers):
    def groups(self, participants, size, seed, round_number):
        return super().groups(participants, size, random.randrange(10**9), round_number)


class Fickle(RandomStrangers):
    lasting = True


class Ragged(RandomStrangers):
    def groups(self, participants, size, seed, round_number):
        return tuple(tuple(range(first, min(first + size, participants))) for first in range(0, participants, size))


class Plain(conformance.Stub):
    """An agent that keeps all rules, to be broken."""

    async def decide(self, decision, occasion):
        return Choice(0)


class Nameless(Plain):
    kind = ""


class Unmarked(Plain):
    synthetic = None


class OffMenu(Plain):
    async def decide(self, decision, occasion):
        return Choice(len(decision.options))


class Wordy(Plain):
    async def decide(self, decision, occasion):
        return "A"


class Raising(Plain):
    async def decide(self, decision, occasion):
        raise KeyError("no label")


class Whimsical(Plain):
    async def decide(self, decision, occasion):
        return Choice(random.randrange(len(decision.options)))


class Counting(Plain):
    def __init__(self):
        self.asked = 0

    async def decide(self, decision, occasion):
        self.asked += 1
        return Choice(int(self.asked > 50))


class Unforgetting(Plain):
    forget = None


def unmakeable():
    return LLMAgent(Setting(0, None, 1, lambda: None, Induction("none", "control"), None))


FRAMING = member("framing", "neutral")
CHANCE = "{{ round }} {{ continuation | percent }}"
INDUCTION = {
    "name": "i",
    "source": "s",
    "system": "You hold one value. {{ value }} Let every decision follow from it.",
    "values": {name.value: {"value": "You want this for you and them."} for name in Orientation},
}


def induction(system=INDUCTION["system"], **changed):
    """The induction with other wording, or with another value of an orientation."""
    values = {name: {"value": changed.pop(name, given["value"])} for name, given in INDUCTION["values"].items()}
    return INDUCTION | {"system": system, "values": values} | changed


MODEL = {
    "label": "m",
    "synthetic": False,
    "concurrency": 4,
    "chat": {"_target_": "agents.providers.openai_compatible", "name": "m", "base_url": "http://127.0.0.1:9/v1"},
}


def model(text="label: m", chat=None, **changed):
    return {**MODEL, **changed, "chat": MODEL["chat"] | (chat or {})}, text


def without(data, *names):
    return {name: value for name, value in data.items() if name not in names}


def game(*specimens, words=None):
    """Specimens of a rule for games: what the message must say, and the broken game."""
    return [(told, (specimen, words or WORDS)) for told, specimen in specimens]


def words(*specimens):
    return [(told, (PublicGoods(**BASE), replace(WORDS, **change))) for told, change in specimens]


def measure(*specimens, questions=("primary", "secondary")):
    return [(told, (specimen, Words("", dict.fromkeys(questions, "?")))) for told, specimen in specimens]


def one_each(*specimens):
    return [(told, (specimen,)) for told, specimen in specimens]


# By rule: what the message must say, so that it is this rule that speaks, and the arguments with the broken specimen.
BROKEN = {
    conformance.game_ends: game(("is not over", Endless(**BASE)), ("nothing is ever asked", Empty(**BASE))),
    conformance.game_describes_its_decisions: game(("'another'", Misnamed(**BASE)), ("others=3", Miscounted(**BASE))),
    conformance.game_decisions_have_keys_of_their_own: game(("(0, 0)", Doubled(**BASE))),
    conformance.game_decisions_offer_a_choice: game(("two options", Forced(**BASE))),
    conformance.game_rounds_rise: game(("rounds [1, 3]", Skipping(**BASE)), ("do not rise", Backwards(**BASE))),
    conformance.game_payoffs_are_finite: game(
        ("payoff nan", settling(lambda found: [replace(one, payoff=float("nan")) for one in found])),
        ("another payoff", settling(lambda found: [replace(one, payoff=one.payoff + 1) for one in found])),
    ),
    conformance.game_outcomes_reach_everybody: game(
        ("players [0, 1]", settling(lambda found: found[:-1])),
        ("only rounds []", settling(lambda found: ())),
        ("outcomes are of", settling(lambda found: [replace(one, round=1) for one in found])),
    ),
    conformance.game_allocations_are_what_is_paid: game(
        ("the sum over all others", offering(lambda said: Allocation(said.own, said.other / 2))),
        ("the sum over all others", offering(lambda said: Allocation(said.own + 1, said.other))),
    ),
    conformance.game_states_cannot_be_changed: game(
        ("frozen=True", starting(Open)),
        ("a list in the state", starting(lambda first: State(1, first, lived=[()] * BASE["players"]))),
        ("changed in place", InPlace(**BASE)),
    ),
    conformance.game_states_are_json: game(
        ("frozenset", starting(lambda first: Odd(1, first, lived=NOTHING, extra=frozenset({1})))),
        ("not JSON compliant", starting(lambda first: Odd(1, first, lived=NOTHING, extra=float("inf")))),
    ),
    conformance.game_decisions_travel: game(("no JSON", Telling(**BASE)), ("changed on its way", Listed(**BASE))),
    conformance.game_replays: game(("not fixed by its seed", Chancy(**BASE))),
    conformance.game_refuses_bad_choices: game(
        ("took a missing choice", Defaulting(**BASE)),
        ("took a choice that was not asked for", Dropping(**BASE)),
        ("took a failure", Forgiving(**BASE)),
        ("took a choice off the menu", Clamping(**BASE)),
    ),
    conformance.game_refuses_what_comes_late: game(("took a choice after the last round", Tireless(**BASE))),
    conformance.game_keeps_its_sum: game(("`constant_sum` says 10", Leaky()), ("gives nan points", Lost())),
    conformance.game_yardsticks_hold: game(
        ("names no equilibrium", measuring(equilibria=())),
        ("lacks the ideal acts", measuring(ideal={})),
        ("is beyond the optimum", measuring(optimum=replace(BEST, points=(1.0, 1.0, 1.0)))),
        ("lie outside the yardsticks'", measuring(most=4.5)),
        ("beat the optimum", measuring(optimum=replace(BEST, points=(4.5, 4.5, 4.5)))),
    ),
    conformance.game_starts_at_any_round: game(
        ("first=2) plays rounds", starting(lambda first: State(1, 1, lived=NOTHING))),
        ("not played at this table", starting(elsewhere)),
    ),
    conformance.game_void_passes_on: game(
        ("leads to [1]", Staying(**BASE)), ("leads to []", Ending(**BASE)), ("is remembered", VoidAsNothing(**BASE))
    ),
    conformance.game_past_is_what_the_player_lived: game(("not what it lived", Leaking(**BASE))),
    conformance.game_words_cover_every_stage: words(
        ("words.questions.contribute", {"questions": {}}),
        ("words.past.contribute", {"past": {}}),
        ("'unknown' is undefined", {"rules": "You are {{ unknown }}."}),
        ("'unknown' is undefined", {"past": {"contribute": "{{ unknown }}"}}),
        ("['contribut'] never come", {"questions": {**WORDS.questions, "contribut": "Round {{ round }}?"}}),
        ("['punish'] never come", {"past": {**WORDS.past, "punish": "x"}}),
        ("['help'] never come", {"acts": {"help": "help them"}}),
    ),
    conformance.measure_items_are_in_order: measure(
        ("number the items apart", Repeating()), ("differ from one", Rotating()), ("has a past", Remembering())
    ),
    conformance.measure_scores_are_readings: measure(("angle is nan", NotANumber()), ("in two ways", Wavering())),
    conformance.measure_reads_certainty_as_a_choice: measure(("reads certain probabilities as", Averaging())),
    conformance.measure_failures_are_counted: measure(
        ("1 items failed, but the score says 0", Miscounting()), ("never a number", Guessing())
    ),
    conformance.measure_refuses_bad_choices: measure(("took 14 choices for 15", Padding())),
    conformance.measure_words_cover_every_stage: [
        *measure(("words.questions.secondary", Slider()), questions=("primary",)),
        *measure(("['third'] never come", Slider()), questions=("primary", "secondary", "third")),
        ("'unknown' is undefined", (Slider(), Words("{{ unknown }}", {"primary": "?", "secondary": "?"}))),
    ],
    conformance.golden_words_are_as_read: [
        ("players read other words now", ("public_goods", "You are in a group.")),
        ("nobody has read these words yet", ("never_read", "You are in a group.")),
    ],
    conformance.framing_renders_everything: one_each(
        ("'option'", without(FRAMING, "option")),
        ("does not show", FRAMING | {"option": "{{ label }}: {{ own | points }} points to you"}),
        ("does not show", FRAMING | {"option": "{{ own | points }} and {{ other | points }}"}),
        ("does not show 0", FRAMING | {"answer_amount": "Up to {{ most }}."}),
        ("'unknown' is undefined", FRAMING | {"answer_letter": "{{ unknown }}"}),
        (
            "does not show 2",
            FRAMING | {"option": "{{ label if label > '9' or label == '1' }} {{ own | points }} {{ other | points }}"},
        ),
    ),
    conformance.framing_follows_the_layout: one_each(
        ("the points of other first", FRAMING | {"option_other_first": FRAMING["option"]}),
        ("the points of own first", FRAMING | {"option": FRAMING["option_other_first"]}),
        ("points whatever the currency", FRAMING | {"memory_header": "Points!", "answer_letter": "Get points."}),
    ),
    conformance.framing_tells_the_conditions: one_each(
        ("does not tell partners from strangers", FRAMING | {"new_partners": FRAMING["same_partners"]}),
        ("does not tell the round", FRAMING | {"round_known": "A round of {{ rounds }}."}),
        ("does not tell the number of rounds", FRAMING | {"round_known": "This is round {{ round }}."}),
        ("does not tell the round where", FRAMING | {"round_unknown": "Some round."}),
        ("does not tell the probability", FRAMING | {"round_random": "This is round {{ round }}."}),
        ("how long it may go on", FRAMING | {"round_unknown": "{{ round }} 50%", "round_random": CHANCE}),
        ("does not tell noise", FRAMING | {"noise": "Acts may go astray."}),
    ),
    conformance.matching_places_everybody_once: one_each(("place everybody once", Losing())),
    conformance.matching_is_fixed_by_the_seed: one_each(("the same seed gives other groups", Unseeded())),
    conformance.matching_keeps_its_word_on_lasting: one_each(("says that groups last", Fickle())),
    conformance.matching_refuses_what_does_not_divide: one_each(("raise SettingError", Ragged())),
    conformance.agent_is_told_apart: one_each(
        ("`kind` is ''", Nameless), ("`synthetic` is None", Unmarked), ("cannot be made", unmakeable)
    ),
    conformance.agent_answers_everything: one_each(
        ("off the menu", OffMenu), ("'A', which is no Choice", Wordy), ("raised KeyError", Raising)
    ),
    conformance.agent_is_fixed_by_the_draw: one_each(("the same draws get other choices", Whimsical)),
    conformance.agent_begins_anew_after_forgetting: one_each(
        ("by what went before", Counting), ("`forget` raised TypeError", Unforgetting)
    ),
    conformance.induction_is_complete: one_each(
        ("no value for the variable(s) more", induction("{{ value }} and {{ more }}")),
        ("which no wording uses", induction("No variable at all.")),
        ("no values for competitive", induction(values=without(INDUCTION["values"], "competitive"))),
        ("unknown orientation 'selfish'", induction(values=INDUCTION["values"] | {"selfish": {"value": "x"}})),
        ("say under `source`", induction(source="")),
        ("goal", induction("{{ value }} {{ goal }}", steps=[{"ask": "Your goal?", "save": "goal"}])),
    ),
    conformance.induction_differs_in_the_value_only: one_each(
        (
            "by more than showing it",
            induction("{{ value }}{% if value[0] == 'I' %} Be kind.{% endif %}", prosocial="I do."),
        ),
        (
            "in more than their values",
            induction("{{ value }}{% if 'all' in value %} Yes.{% endif %}", prosocial="For all."),
        ),
    ),
    conformance.induction_texts_are_of_like_length: one_each(
        ("altruistic has", induction(altruistic="You want all that there is for them. " * 3)),
        ("competitive has", induction("{{ value }}", competitive="More than them.")),
    ),
    conformance.induction_words_no_person: one_each(
        ("she for prosocial", induction(prosocial="She wants what is good for all.")),
        ("mary for", induction("Like Mary, you hold this: {{ value }}")),
        ("wealthy for individualistic", induction(individualistic="You are wealthy, and want more.")),
    ),
    conformance.induction_labels_do_not_leak: one_each(
        ("prosocial is told of competitive", induction(prosocial="You are not competitive; share.")),
        ("individualistic is told of altruistic", induction(individualistic="You are no altruist, for sure.")),
        ("is told of prosocial", induction("Be pro-social or not. {{ value }}")),
    ),
    conformance.model_has_what_a_run_needs: [
        ("`label` is None", model(label=None)),
        ("`synthetic` is 'no'", model(synthetic="no")),
        ("`concurrency` is 0", model(concurrency=0)),
        ("needs a `_target_`", (MODEL | {"chat": {"name": "m"}}, "")),
        ("synthetic: True, but it is made by agents.providers", model(synthetic=True)),
        ("synthetic: False, but", model(chat={"_target_": "agents.synthetic.SyntheticChatModel"})),
    ],
    conformance.model_holds_no_secret: [
        ("looks like a key", model(text=f"key: {PLANTED}")),
        ("looks like a key", model(text="key: AIzaSyA0123456789abcdefghij")),
        ("names an environment variable", model(chat={"key": "abc123"})),
        ("`api_key` holds a value", model(chat={"api_key": "abc123"})),
    ],
    conformance.model_builds_or_says_what_to_install: [
        ("cannot be made", model(chat={"_target_": "agents.providers.no_such_maker"})),
        ("temprature", model(chat={"temprature": 1})),
        ("cannot be made", model(chat={"base_url": "127.0.0.1:9"})),
    ],
    conformance.model_shows_no_key: [
        ("shows the key", (*model(chat={"_target_": "types.SimpleNamespace", "note": PLANTED}), PLANTED)),
        ("the error shows the key", (*model(chat={"_target_": f"agents.providers.{PLANTED}"}), PLANTED)),
    ],
    conformance.experiment_begins_with_its_command: [
        ("first line", ("e", "name: e")),
        ("second line", ("e", "# @package _global_\nname: e")),
        ("runs another", ("e", "# @package _global_\n# python -m experiments.run experiment=f")),
    ],
    conformance.experiment_can_be_made: one_each(
        ("no_such_experiment", ["experiment=no_such_experiment"]),
        ("endowment=-1", ["experiment=society", "game.rules.endowment=-1"]),
        ("unknown_key", ["experiment=society", "unknown_key=1"]),
    ),
}
KINDS = ("game", "measure", "golden", "framing", "matching", "agent", "induction", "model", "experiment")


@pytest.mark.parametrize(
    ("rule", "told", "specimen"),
    [
        pytest.param(rule, told, specimen, id=f"{rule.__name__}-{number}")
        for rule, specimens in BROKEN.items()
        for number, (told, specimen) in enumerate(specimens, start=1)
    ],
)
def test_a_broken_specimen_is_rejected_by_its_rule(rule, told, specimen, monkeypatch):
    monkeypatch.delenv("GOLDEN", raising=False)
    with pytest.raises(AssertionError) as raised:
        rule(*specimen)
    assert told in str(raised.value)


def test_every_rule_has_a_broken_specimen():
    assert {rule for kind in KINDS for rule in rules_of(kind)} == {rule for rule, given in BROKEN.items() if given}


# The specimens are broken by one change each: what they are changed from keeps all rules.


@pytest.mark.parametrize("rule", rules_of("game"), ids=lambda rule: rule.__name__)
def test_the_game_that_the_specimens_are_made_of_is_sound(rule):
    rule(PublicGoods(**BASE), WORDS)


@pytest.mark.parametrize("rule", rules_of("induction"), ids=lambda rule: rule.__name__)
def test_the_induction_that_the_specimens_are_made_of_is_sound(rule):
    rule(induction())


@pytest.mark.parametrize("rule", rules_of("agent"), ids=lambda rule: rule.__name__)
def test_the_agent_that_the_specimens_are_made_of_is_sound(rule):
    rule(Plain)


@pytest.mark.parametrize("rule", rules_of("model"), ids=lambda rule: rule.__name__)
def test_the_model_that_the_specimens_are_made_of_is_sound(rule):
    given = {"planted": PLANTED} if rule is conformance.model_shows_no_key else {}
    rule(*model(), **given)


def test_the_command_of_a_sweep_is_read_as_its_first_job():
    text = "# @package _global_\n# python -m experiments.run -m experiment=e induction=label,none 'x=[1,2]'"
    assert conformance.command_of("e", text) == ["experiment=e", "induction=label", "x=[1,2]"]
