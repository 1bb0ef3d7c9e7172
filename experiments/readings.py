"""What a chat model will read: every message for a decision, under each induction and orientation, without a call."""

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, open_dict

from agents.induction import Induction
from agents.llm import LLMAgent
from experiments.catalogue import CATALOGUE
from experiments.protocol import Experiment
from experiments.setup import experiment, refuse_secrets
from games.errors import SettingError
from games.types import Decision

_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
REPLY = "«reply»"
"""What stands for a reply of the model that nothing saves."""
TOKENS = "estimated at 4 characters each; a Chinese, Japanese or Korean character is a token of its own"
"""How `tokens` counts, for the person who reads it."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    role: system, user or assistant.  what: what it is for.  text: its words; replies stand as «name» or «reply».
    """

    role: str
    what: str
    text: str


@dataclass(frozen=True)
class Reading:
    """What one agent reads for one decision.

    number: of the decision among those put to a player in the phase, from 1.
    """

    induction: str
    orientation: str
    number: int
    decision: Decision
    messages: tuple[Message, ...]

    @property
    def tokens(self) -> int:
        """Tokens of all its messages, estimated."""
        return sum(tokens(message.text) for message in self.messages)


def tokens(text: str) -> int:
    """About how many tokens a text has.

    Four characters are a token, as in a forecast; Chinese, Japanese and Korean characters are a token each, which is
    rather too many with vocabularies made for them. Without a model's own tokenizer it cannot be known.
    """
    wide = len(_WIDE.findall(text))
    return wide + math.ceil((len(text) - wide) / 4)


def composed(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, str]]:
    """The configuration that these overrides compose, and the sweep that its experiment is, "" for none.

    Raises Hydra's own errors for an override that it does not know, SettingError for a sweep, a wording that is named
    as a file, and a secret.
    """
    for one in OverridesParser.create().parse_overrides(list(overrides)):
        names_wording = one.key_or_group.rpartition(".")[2] in {"induction", "inductions", "framing"}
        if names_wording and (file := re.search(r"[^\s\[,=]+\.ya?ml\b", one.input_line or "")):
            raise SettingError(
                f"{one.input_line}: a wording must lie in conf/induction/ or conf/framing/ to be shown or run, and is "
                f"named without folder and .yaml; `lint` takes any file: python -m experiments.prompt lint {file[0]}"
            )
        if one.is_sweep_override():
            raise SettingError(
                f"{one.input_line}: a sweep has a job for each value, and one is shown at a time; name one value, or "
                "several inductions by 'population.inductions=[label,maxim]'"
            )
    with initialize_config_dir(str(CATALOGUE), version_base="1.3"):
        config = compose("config", list(overrides), return_hydra_config=True)
    swept = {str(name): str(levels) for name, levels in (config.hydra.sweeper.params or {}).items()}
    with open_dict(config):
        del config["hydra"]
    refuse_secrets(config)
    return config, swept


def unasked(config: DictConfig) -> Experiment:
    """The experiment of a configuration, made so that nothing can be asked and nothing is written.

    It needs no key, no provider's package and no reply store. Raises SettingError for what cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder, open_dict(config):
        config.forecast = True
        config.replies = {"store": str(Path(folder, "none.sqlite")), "mode": "live"}
        config.budget = {"calls": None, "tokens": None, "cost": None}
        made = experiment(config)
        made.terms.store.close()
    return made


def speakers(made: Experiment) -> dict[str, dict[str, LLMAgent]]:
    """The first agent of each induction and orientation that a chat model is behind, in the population's order."""
    found = dict[str, dict[str, LLMAgent]]()
    for member in made.members:
        if isinstance(member.agent, LLMAgent):
            found.setdefault(member.agent.induction, {}).setdefault(member.orientation, member.agent)
    return found


def questions(made: Experiment, phase: str, seat: int = 0, turn: int = 0) -> list[Decision]:
    """What one player is asked in a phase, laid out as it is read.

    A play is the one that is rehearsed: everybody takes the first option. turn: which combination of the presentation's
    levels, from 0; a shuffled menu stands as one draw would have it. Raises SettingError for a phase that the run does
    not have, or a seat that the game has not.
    """
    if phase not in made.phases:
        raise SettingError(f"phase {phase!r} is not in this run; it has {', '.join(made.phases)}")
    if not 0 <= seat < made.game.players:
        raise SettingError(
            f"seat {seat} is not at the table of {made.game.name}; seats are 0 to {made.game.players - 1}"
        )
    asked = made.questions(phase, seat)
    own = [one for one in asked if one.player == seat] if phase == "play" else asked
    return [made.presentation.present(one, draw, turn) for draw, one in enumerate(own)]


def reading(agent: LLMAgent, induction: Induction, orientation: str, asked: Sequence[Decision], number: int) -> Reading:
    """All that an agent reads for one of the decisions put to it, earlier questions of its conversation included."""
    decision = asked[number - 1]
    rehearsed = agent.rehearse(decision)
    steps = len(induction.steps)
    opening, prepared, question = rehearsed[: -1 - steps], rehearsed[-1 - steps : -1], rehearsed[-1]
    messages = [Message("system", "system message", str(one.content)) for one in opening]
    for place, (step, one) in enumerate(zip(induction.steps, prepared, strict=True), start=1):
        messages.append(Message("user", f"step {place}", str(one.content)))
        said = f"«{step.save}»" if step.save else REPLY
        messages.append(Message("assistant", f"reply to step {place}", said))
    # Each measure is a conversation of its own, and so is a play.
    for place, earlier in enumerate(asked[: number - 1] if induction.history else (), start=1):
        if earlier.game == decision.game:
            messages.append(Message("user", f"question {place}", str(agent.rehearse(earlier)[-1].content)))
            messages.append(Message("assistant", f"reply to question {place}", REPLY))
    messages.append(Message("user", "question", str(question.content)))
    return Reading(induction.name, orientation, number, decision, tuple(messages))


def need(agent: LLMAgent, asked: Sequence[Decision]) -> int:
    """How many calls it takes to put these decisions to one agent, each measure or play in its own conversation."""
    games = dict.fromkeys(one.game for one in asked)
    return sum(agent.foresee([one for one in asked if one.game == game], 0.0)[0] for game in games)


def readings(
    made: Experiment, asked: Sequence[Decision], numbers: Sequence[int], orientations: Sequence[str] = ()
) -> dict[str, dict[int, dict[str, Reading]]]:
    """What is read for these decisions: by induction, number and orientation.

    Raises SettingError for a number or an orientation that there is not, or where no chat model is asked.
    """
    found = speakers(made)
    if not found:
        raise SettingError("no chat model is asked in this population, so nobody reads a prompt")
    known = dict.fromkeys(name for agents in found.values() for name in agents)
    for name in orientations:
        if name not in known:
            raise SettingError(f"orientation {name!r} is not in the population; it has {', '.join(known)}")
    for number in numbers:
        if not 1 <= number <= len(asked):
            raise SettingError(f"decision {number}: one player is asked {len(asked)} decisions here, 1 to {len(asked)}")
    inductions = {one.name: one for one in made.inductions}
    return {
        name: {
            number: {
                orientation: reading(agent, inductions[name], orientation, asked, number)
                for orientation, agent in agents.items()
                if not orientations or orientation in orientations
            }
            for number in numbers
        }
        for name, agents in found.items()
    }
