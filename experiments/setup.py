"""From a composed configuration to typed objects; nothing below this module knows omegaconf.

Everything that can be wrong in a setting is found here, before any call.
"""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from omegaconf import DictConfig, OmegaConf

from agents.gateway import keys_in_environment
from agents.llm import LLMAgent
from agents.wording import Framing, Words
from experiments.catalogue import built, plain
from experiments.population import Crew
from experiments.protocol import Experiment
from experiments.statistics import Resampling
from games.errors import EndpointError, SecretError, SettingError, whole
from games.presentation import Presentation


def experiment(config: DictConfig) -> Experiment:
    """The experiment that a composed configuration describes.

    Raises SettingError for whatever in it cannot be used, and EndpointError for an address where nobody listens.
    """
    settings = plain(config, "configuration")
    seed = settings["seed"]
    whole("run", "seed", seed, 0)
    for name in ("memory", "progress"):
        if not isinstance(settings[name], bool):
            raise SettingError(f"run: {name}={settings[name]} must be true or false")
    if not isinstance(settings["phases"], list):
        raise SettingError(f"run: phases={settings['phases']} must be a list such as [before,play,after]")
    game = built(settings["game"].get("rules"), "game")
    measure = built(settings["measure"].get("instrument"), "measure")
    own = {
        game.name: Words.from_data(game.name, settings["game"].get("words") or {}),
        measure.name: Words.from_data(measure.name, settings["measure"].get("words") or {}),
    }
    framing = Framing.from_data(settings["framing"], own)
    crew = Crew(settings, seed, framing)
    members = crew.members(settings["population"])
    made = Experiment(
        name=str(settings["name"]),
        seed=seed,
        phases=tuple(settings["phases"]),
        repetitions=settings["repetitions"],
        memory=settings["memory"],
        members=members,
        game=game,
        measure=measure,
        matching=built(settings["matching"], "matching"),
        presentation=_presentation(settings["presentation"]),
        framing=framing,
        gateways=crew.gateways,
        inductions=crew.inductions,
        models=crew.models,
        cooperation=str(settings["game"].get("cooperation") or "cooperation (0 to 1)"),
        resampling=_resampling(seed, settings["statistics"]),
    )
    rehearse(made)
    for address in crew.addresses:
        reach(address)
    return made


def reach(address: str) -> None:
    """Raise EndpointError unless somebody listens at the address's host and port."""
    parts = urlsplit(address)
    try:
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or above 65535
        usable = False
    if not usable or not parts.hostname:
        raise SettingError(f"model.base_url={address} is no address; write it like http://127.0.0.1:8000/v1")
    shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    try:
        socket.create_connection((parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]), 5).close()
    except OSError as error:
        raise EndpointError(
            f"no answer from {shown} ({error.strerror or error}); start the server there or set model.base_url=…"
        ) from error


def refuse_secrets(config: DictConfig) -> None:
    """Raise SecretError if a setting holds a key or a password: settings are saved with the run, keys never."""
    for name, value in _leaves(OmegaConf.to_container(config, resolve=False), ""):
        held = any(len(key) >= 8 and key in value for key in keys_in_environment())
        try:
            password = urlsplit(value).password if "://" in value else None
        except ValueError:
            password = None
        if held or password or (value and name.rpartition(".")[2] in {"api_key", "password", "token", "secret"}):
            raise SecretError(f"{name} holds a secret, which would be saved with the run; put it into the environment")


def _leaves(node: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, name)
    elif isinstance(node, str):
        yield name, node


def rehearse(made: Experiment) -> None:
    """Put every question of a play and of the measure into every agent's words, without a call.

    Raises SettingError for a word or a variable that is missing, however late in the game it would be needed.
    """
    items = made.measure.decisions()
    decisions = list(items)
    if "play" in made.phases:
        played, lived = made.rehearsal()
        told = [replace(one, facts={**one.facts, "lasting": made.matching.lasting}) for one in played]
        decisions += told
        if made.memory and "after" in made.phases and lived:
            facts = {**items[0].facts, "remembered": {made.game.name: told[0].facts}}
            decisions.append(replace(items[0], past=lived, facts=facts))
    spoken = {
        (one.agent.induction, one.orientation): one.agent for one in made.members if isinstance(one.agent, LLMAgent)
    }
    for agent in spoken.values():
        agent.rehearse(decisions[0])
    # The question itself is the same whoever is asked.
    for decision in decisions if spoken else ():
        made.framing.question(decision)


def _presentation(settings: object) -> Presentation:
    if not isinstance(settings, Mapping) or settings.keys() != {"order"}:
        raise SettingError(f"presentation={settings} must hold `order` and nothing else")
    return Presentation(order=str(settings["order"]))


def _resampling(seed: int, settings: object) -> Resampling:
    if not isinstance(settings, Mapping) or settings.keys() != {"resamples", "confidence"}:
        raise SettingError(f"statistics={settings} must hold `resamples` and `confidence` and nothing else")
    return Resampling(seed=seed, **settings)
