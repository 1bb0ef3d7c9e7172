"""From a composed configuration to typed objects; nothing below this module knows omegaconf.

Everything that can be wrong in a setting is found here, before any call.
"""

import math
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from agents.gateway import Gateway
from agents.induction import Induction
from agents.llm import LLMAgent
from agents.setting import Setting
from agents.wording import Framing, Words
from experiments.protocol import Experiment
from experiments.statistics import Resampling
from games.errors import CommonwealError, EndpointError, SettingError, unknown
from games.presentation import Presentation
from games.svo import Orientation
from sim.participant import Member

CATALOGUE = Path(__file__).resolve().parent.parent / "conf"

_CELL = ("orientation", "count", "share", "agent", "model", "induction")


def experiment(config: DictConfig) -> Experiment:
    """The experiment that a composed configuration describes.

    Raises SettingError for whatever in it cannot be used, and EndpointError for an address where nobody listens.
    """
    plain = _plain(config, "configuration")
    seed = plain["seed"]
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise SettingError(f"seed={seed!r} must be a whole number of at least 0")
    game = built(plain["game"].get("rules"), "game")
    measure = built(plain["measure"].get("instrument"), "measure")
    own = {
        game.name: Words.from_data(game.name, plain["game"].get("words") or {}),
        measure.name: Words.from_data(measure.name, plain["measure"].get("words") or {}),
    }
    framing = Framing.from_data(plain["framing"], own)
    crew = _Crew(plain, seed, framing)
    members = crew.members(plain["population"])
    made = Experiment(
        name=str(plain["name"]),
        seed=seed,
        phases=tuple(plain["phases"]),
        repetitions=plain["repetitions"],
        memory=bool(plain["memory"]),
        members=members,
        game=game,
        measure=measure,
        matching=built(plain["matching"], "matching"),
        presentation=Presentation(**plain["presentation"]),
        framing=framing,
        gateways=crew.gateways,
        inductions=crew.inductions,
        resampling=_resampling(seed, plain["statistics"]),
    )
    rehearse(made)
    for address in crew.addresses:
        reach(address)
    return made


def known(group: str) -> list[str]:
    """The names of a group's members in the catalogue."""
    return sorted(path.stem for path in (CATALOGUE / group).glob("*.yaml"))


def member(group: str, name: str) -> dict[str, Any]:
    """One member of the catalogue, resolved. Raises SettingError, with the known names, for an unknown one."""
    if name not in known(group):
        raise unknown(group, name, known(group))
    # A member may refer to itself, as `${model.name}` does, so it is resolved under its group's name.
    root = OmegaConf.create({group: OmegaConf.load(CATALOGUE / group / f"{name}.yaml")})
    found: dict[str, Any] = _plain(root, f"{group} {name}")[group]
    return found


def built(config: Any, what: str, *arguments: Any) -> Any:
    """The object that a member's `_target_` makes. Raises SettingError that says what could not be made and why."""
    if not isinstance(config, Mapping) or "_target_" not in config:
        raise SettingError(f"{what}: the file names no `_target_`, so there is nothing to make")
    try:
        return instantiate(dict(config), *arguments, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, CommonwealError):
            raise cause from None
        told = _told(cause if cause is not None else error)
        raise SettingError(f"{what} ({config['_target_']}): {told}") from error


def _told(error: BaseException) -> str:
    """An error's words on one line; of pydantic's page, the fields and what is wrong with them."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return " ".join(str(error).split())


def reach(address: str) -> None:
    """Raise EndpointError unless somebody listens at the address's host and port."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingError(f"model.base_url={address} is no address; write it like http://127.0.0.1:8000/v1")
    shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    try:
        socket.create_connection((parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]), 5).close()
    except OSError as error:
        raise EndpointError(
            f"no answer from {shown} ({error.strerror or error}); start the server there or set model.base_url=…"
        ) from error


def rehearse(made: Experiment) -> None:
    """Put every question of a play and of the measure into every agent's words, without a call.

    Raises SettingError for a word or a variable that is missing, however late in the game it would be needed.
    """
    decisions = list(made.measure.decisions())
    if "play" in made.phases:
        played, lived = made.rehearsal()
        decisions += played
        if made.memory and "after" in made.phases and lived:
            facts = {"remembered": {made.game.name: played[0].facts}}
            first = made.measure.decisions()[0]
            decisions.append(replace(first, past=lived, facts={**first.facts, **facts}))
    spoken = {
        (one.agent.induction, one.orientation): one.agent for one in made.members if isinstance(one.agent, LLMAgent)
    }
    for agent in spoken.values():
        for decision in decisions:
            agent.rehearse(decision)


@dataclass
class _Crew:
    """The population in the making: each model, induction and agent is made once for all cells that name it."""

    plain: Mapping[str, Any]
    seed: int
    framing: Framing

    def __post_init__(self) -> None:
        self._gateways: dict[str, Gateway] = {}
        self._inductions: dict[str, Induction] = {}
        self.addresses: list[str] = []

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """The models in use."""
        return tuple(self._gateways.values())

    @property
    def inductions(self) -> tuple[Induction, ...]:
        """The inductions in use."""
        return tuple(self._inductions.values())

    def members(self, population: Mapping[str, Any]) -> tuple[Member, ...]:
        """Everybody, cell by cell. Raises SettingError for a cell that cannot be made."""
        cells = dict(self._cells(population))
        counts = _counts(cells, population.get("size"))
        made: list[Member] = []
        for name, cell in cells.items():
            for _ in range(counts[name]):
                made.append(self._member(name, cell, len(made)))
        return tuple(made)

    def _cells(self, population: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if extra := sorted(population.keys() - {"size", "cells", "inductions"}):
            raise SettingError(f"population: unknown key(s) {', '.join(extra)}; known: size, inductions, cells")
        under = population.get("inductions") or []
        for name, cell in (population.get("cells") or {}).items():
            if cell is None:
                continue
            if not isinstance(cell, Mapping):
                raise SettingError(
                    f"population.cells.{name}: write a mapping such as {{orientation: prosocial, count: 4}}"
                )
            if extra := sorted(cell.keys() - set(_CELL)):
                raise SettingError(
                    f"population.cells.{name}: unknown key(s) {', '.join(extra)}; known: {', '.join(_CELL)}"
                )
            if not under or "induction" in cell:
                yield name, dict(cell)
            for induction in under if "induction" not in cell else ():
                yield f"{name}/{induction}", {**cell, "induction": induction}

    def _member(self, name: str, cell: Mapping[str, Any], number: int) -> Member:
        orientation = Orientation.named(cell["orientation"]) if cell.get("orientation") else None
        agent_config = member("agent", cell["agent"]) if cell.get("agent") else self.plain["agent"]
        setting = Setting(
            participant=number,
            orientation=orientation,
            seed=self.seed,
            gateway=partial(self._gateway, cell.get("model")),
            induction=self._induction(cell.get("induction")),
            framing=self.framing,
        )
        agent = built(agent_config, f"agent of cell {name}", setting)
        return Member(cell=name, orientation=orientation.value if orientation else "none", agent=agent)

    def _induction(self, name: str | None) -> Induction:
        made = Induction.from_data(member("induction", name) if name else self.plain["induction"])
        return self._inductions.setdefault(made.name, made)

    def _gateway(self, named: str | Mapping[str, Any] | None) -> Gateway:
        if named is None:
            config = self.plain["model"]
        elif isinstance(named, str):
            config = member("model", named)
        else:
            config = _model_with(named)
        label = str(config["label"])
        if label not in self._gateways:
            concurrency = config.get("concurrency")
            if not isinstance(concurrency, int) or concurrency < 1:
                raise SettingError(f"model.concurrency={concurrency} must be a whole number of at least 1")
            chat = built(config["chat"], f"model {label}")
            self._gateways[label] = Gateway(label, chat, concurrency=concurrency, synthetic=bool(config["synthetic"]))
            if config.get("base_url"):
                self.addresses.append(str(config["base_url"]))
        return self._gateways[label]


def _resampling(seed: int, settings: Mapping[str, Any]) -> Resampling:
    try:
        return Resampling(seed=seed, **settings)
    except (TypeError, ValueError) as error:
        raise SettingError(str(error)) from error


def _model_with(named: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's own model: `{use: openai, name: …}` is the catalogue's member with some of its settings replaced."""
    settings = dict(named)
    use = settings.pop("use", None)
    if use not in known("model"):
        raise unknown("model", use, known("model"))
    loaded = OmegaConf.merge(OmegaConf.load(CATALOGUE / "model" / f"{use}.yaml"), settings)
    found: dict[str, Any] = _plain(OmegaConf.create({"model": loaded}), f"model {use}")["model"]
    return found


def _counts(cells: Mapping[str, Mapping[str, Any]], size: int | None) -> dict[str, int]:
    """Participants of each cell: counts as given; shares of `size` by largest remainders."""
    for name, cell in cells.items():
        given = [key for key in ("count", "share") if cell.get(key) is not None]
        if len(given) != 1:
            raise SettingError(f"population.cells.{name}: give either a count or a share")
        count, share = cell.get("count"), cell.get("share")
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
            raise SettingError(f"population.cells.{name}: count={count} must be a whole number of at least 0")
        if share is not None and (not isinstance(share, int | float) or not 0 <= share <= 1):
            raise SettingError(f"population.cells.{name}: share={share} must lie on [0, 1]")
    shares = {name: float(cell["share"]) for name, cell in cells.items() if cell.get("share") is not None}
    counts = {name: int(cell["count"]) for name, cell in cells.items() if cell.get("count") is not None}
    if not shares:
        return counts
    if counts:
        raise SettingError("population: give every cell a count, or every cell a share; not some of each")
    if not isinstance(size, int) or size < 1:
        raise SettingError(f"population.size={size}: shares need a number of participants, such as population.size=32")
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-9):
        raise SettingError(f"population: the shares sum to {sum(shares.values()):g}; they must sum to 1")
    exact = {name: share * size for name, share in shares.items()}
    whole = {name: math.floor(part + 1e-9) for name, part in exact.items()}
    by_remainder = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in by_remainder[: size - sum(whole.values())]:
        whole[name] += 1
    return whole


def _plain(config: DictConfig, what: str) -> dict[str, Any]:
    """Plain values, every reference resolved. Raises SettingError for a value that is missing or refers to nothing."""
    try:
        found = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise SettingError(f"{what}: {str(error).splitlines()[0]}") from error
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}
