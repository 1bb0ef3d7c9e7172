"""From a composed configuration to typed objects; nothing below this module knows omegaconf.

Everything that can be wrong in a setting is found here, before any call.
"""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omegaconf import DictConfig, OmegaConf

from agents.budget import Budget, Spent
from agents.faults import keys_in_environment
from agents.gateway import Terms
from agents.limits import Limits
from agents.llm import LLMAgent
from agents.reply_store import ReplyStore
from agents.request import Mode
from agents.wording import Framing, Words
from experiments.catalogue import built, named, plain
from experiments.population import Crew, identity
from experiments.protocol import Experiment
from experiments.schema import FORMATS
from experiments.sequential import Stop
from experiments.statistics import Resampling
from games.conditions import Conditions
from games.errors import EndpointError, SecretError, SettingError, unknown, whole
from games.presentation import Presentation
from games.types import Measure
from sim.unanswered import policy

_BESIDE = {"name", "progress", "forecast", "replies", "budget", "statistics", "estimates", "figures"}
_RATE = {one.name for one in fields(Limits)} | {"price"}
"""Settings that change no reply: a run with others is the same run."""


def experiment(config: DictConfig, sweep: Path | None = None) -> Experiment:
    """The experiment that a composed configuration describes.

    sweep: the folder of the sweep that it is a job of. Raises SettingError for whatever in it cannot be used,
    StoreError for a reply store that cannot be, and EndpointError for an address where nobody listens.
    """
    settings = plain(config, "configuration")
    seed = settings["seed"]
    whole("run", "seed", seed, 0)
    for name in ("memory", "progress", "forecast", "estimates"):
        if not isinstance(settings[name], bool):
            raise SettingError(f"run: {name}={settings[name]} must be true or false")
    if not isinstance(settings["phases"], list):
        raise SettingError(f"run: phases={settings['phases']} must be a list such as [before,play,after]")
    conditions = _conditions(settings["conditions"])
    game = built(settings["game"].get("rules"), "game")
    if conditions.horizon == "random" and getattr(game, "CARRIES", False):
        raise SettingError(
            f"conditions: horizon=random is not offered in {game.name}, where what an act brings until the end rests "
            "on the number of rounds; take known or unknown"
        )
    if conditions.horizon == "random":
        game = replace(game, rounds=conditions.length(game.rounds, seed))
    measure = built(settings["measure"].get("instrument"), "measure")
    own = {
        game.name: Words.from_data(game.name, settings["game"].get("words") or {}),
        measure.name: Words.from_data(measure.name, settings["measure"].get("words") or {}),
    }
    further = _further(settings["further_measures"], measure)
    own |= {one.name: words for one, words in further}
    framing = Framing.from_data(settings["framing"], own)
    story = settings["framing"].get("words") or {}
    if story and game.name not in story and "play" in settings["phases"]:
        raise SettingError(
            f"framing {framing.name}: no words for {game.name}; it has words for {', '.join(story)}; "
            "take one of these games, or framing=neutral"
        )
    if settings["on_unreadable"] not in ("keep", "reask"):
        raise unknown("on_unreadable", settings["on_unreadable"], ("keep", "reask"))
    whole("run", "reasks", settings["reasks"], 1)
    policy(str(settings["on_failure"]))
    terms = _terms(settings, sweep)
    try:
        return _experiment(settings, game, (measure, *(one for one, _ in further)), framing, conditions, terms)
    except BaseException:
        terms.store.close()
        raise


def _experiment(
    settings: Mapping[str, Any],
    game: Any,
    measures: tuple[Measure, ...],
    framing: Framing,
    conditions: Conditions,
    terms: Terms,
) -> Experiment:
    seed = settings["seed"]
    crew = Crew(settings, seed, framing, terms, settings["reasks"] if settings["on_unreadable"] == "reask" else 0)
    members = crew.members(settings["population"])
    made = Experiment(
        name=str(settings["name"]),
        seed=seed,
        phases=tuple(settings["phases"]),
        repetitions=settings["repetitions"],
        memory=settings["memory"],
        members=members,
        game=game,
        measures=measures,
        matching=built(settings["matching"], "matching"),
        presentation=_presentation(settings["presentation"]),
        conditions=conditions,
        framing=framing,
        gateways=crew.gateways,
        inductions=crew.inductions,
        models=crew.models,
        terms=terms,
        on_failure=str(settings["on_failure"]),
        on_unreadable=str(settings["on_unreadable"]),
        cooperation=str(settings["game"].get("cooperation") or "cooperation (0 to 1)"),
        resampling=_resampling(seed, settings["statistics"]),
        estimates=settings["estimates"],
        figures=_formats(settings["figures"]),
        stop=_stop(settings["stop"]),
    )
    rehearse(made)
    if terms.mode in {Mode.LIVE, Mode.REFRESH}:
        for address in crew.addresses:
            reach(address)
    if terms.mode is Mode.LIVE and terms.budget.limited:
        _enter_earlier(made)
    return made


def _terms(settings: Mapping[str, Any], sweep: Path | None) -> Terms:
    replies, budget = settings["replies"], settings["budget"]
    if not isinstance(replies, Mapping) or replies.keys() != {"store", "mode"} or not replies["store"]:
        raise SettingError(f"replies={replies} must hold `store`, a file, and `mode`, and nothing else")
    if not isinstance(budget, Mapping) or budget.keys() != {"calls", "tokens", "cost"}:
        raise SettingError(f"budget={budget} must hold `calls`, `tokens` and `cost` and nothing else")
    known = [Mode.LIVE, Mode.REPLAY, Mode.REFRESH]
    if replies["mode"] not in known:
        raise unknown("replies.mode", replies["mode"], known)
    payer = digest(settings)
    limits = Budget(**budget, shared=sweep / "budget.json" if sweep else None, payer=payer)
    return Terms(
        store=ReplyStore(Path(str(replies["store"]))),
        mode=Mode.PEEK if settings["forecast"] else Mode(replies["mode"]),
        budget=limits,
        payer=payer,
        anew=replies["mode"] == Mode.REFRESH,
    )


def digest(settings: Mapping[str, Any]) -> str:
    """What tells a run from every other: a digest of all settings that its replies depend on."""
    said = {name: _asked(value) for name, value in settings.items() if name not in _BESIDE}
    if _stop(settings.get("stop")) is None:
        said.pop("stop", None)  # how it would be done changes nothing where it is not
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=8).hexdigest()


def _asked(value: Any) -> Any:
    """A setting without what no reply depends on: limits and prices of models, wherever they stand."""
    if isinstance(value, list):
        return [_asked(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    rates = _RATE if "chat" in value or "use" in value else set[str]()
    kept = {name: _asked(one) for name, one in value.items() if name not in rates}
    return kept | ({"chat": identity(value)} if "chat" in value else {})


def _enter_earlier(made: Experiment) -> None:
    """Count towards the budget what this run has taken before it was started again."""
    earlier = Spent()
    for name, paid in made.terms.store.paid_by(made.terms.payer).items():
        prices = next((one.prices for one in made.gateways if one.name == name), None)
        cost = prices.cost(paid.tokens_in, paid.tokens_out) if prices else 0.0
        earlier = earlier.plus(Spent(paid.replies, paid.tokens_in + paid.tokens_out, cost))
    made.terms.budget.enter(earlier)


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
    decisions = [*made.items()]
    for phase in made.phases:
        # Seats may live through different stages, which have words of their own.
        for seat in range(made.game.players if phase == "after" else 1):
            decisions += made.questions(phase, seat)
    spoken = {
        (one.agent.induction, one.orientation): one.agent for one in made.members if isinstance(one.agent, LLMAgent)
    }
    for agent in spoken.values():
        agent.rehearse(decisions[0])
    # The question itself is the same whoever is asked, but for its layout, and every stage is laid out alike.
    laid_out = [made.presentation.present(decision, 0) for decision in decisions]
    for one in {(decision.game, decision.stage): decision for decision in reversed(decisions)}.values():
        laid_out += [made.presentation.present(one, 0, turn) for turn in range(1, len(made.presentation.layouts))]
    for decision in laid_out if spoken else ():
        made.framing.question(decision)


def _further(names: object, first: Measure) -> list[tuple[Measure, Words]]:
    """Further measures by their names, each with its words."""
    if not isinstance(names, list) or len({str(name) for name in names}) < len(names):
        raise SettingError(f"further_measures={names} must be a list such as [ring,triple_dominance], none twice")
    made = list[tuple[Measure, Words]]()
    for name in names:
        found = named("measure", name)
        one = built(found.get("instrument"), "measure")
        if one.name in {first.name, *(other.name for other, _ in made)}:
            raise SettingError(f"further_measures={names}: {one.name} is administered already")
        made.append((one, Words.from_data(one.name, found.get("words") or {})))
    return made


def _conditions(settings: object) -> Conditions:
    known = {one.name for one in fields(Conditions)}
    if not isinstance(settings, Mapping) or settings.keys() != known:
        raise SettingError(f"conditions={settings} must hold {', '.join(sorted(known))} and nothing else")
    return Conditions(**settings)


def _presentation(settings: object) -> Presentation:
    names = [one.name for one in fields(Presentation)]
    if not isinstance(settings, Mapping) or settings.keys() != set(names):
        raise SettingError(
            f"presentation={settings} must hold {', '.join(f'`{name}`' for name in names)} and nothing else"
        )
    return Presentation(**settings)


def _stop(settings: object) -> Stop | None:
    """When repetitions end; None where a half-width is not set, and `repetitions` says how many there are."""
    if settings is None:
        return None
    known = {one.name for one in fields(Stop)}
    if not isinstance(settings, Mapping) or settings.keys() != known:
        raise SettingError(f"stop={settings} must be null, or hold {', '.join(sorted(known))} and nothing else")
    return None if settings["half_width"] is None else Stop(**settings)


def _formats(given: object) -> tuple[str, ...]:
    """The formats of figures. Raises SettingError for one that is not known."""
    if not isinstance(given, list) or not set(map(str, given)) <= set(FORMATS):
        raise SettingError(f"figures={given} must be a list of some of {', '.join(FORMATS)}; [] draws none")
    return tuple(one for one in FORMATS if one in given)


def _resampling(seed: int, settings: object) -> Resampling:
    if not isinstance(settings, Mapping) or settings.keys() != {"resamples", "confidence"}:
        raise SettingError(f"statistics={settings} must hold `resamples` and `confidence` and nothing else")
    return Resampling(seed=seed, **settings)
