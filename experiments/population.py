"""The population of a run: from cells to members, each with an agent of its own."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from hydra.utils import get_class, get_object

from agents.answers import Answering
from agents.budget import Prices
from agents.gateway import Gateway, Terms
from agents.induction import Induction
from agents.limits import Limits
from agents.request import Mode
from agents.setting import Setting
from agents.wording import Framing
from experiments.catalogue import built, member, named
from games.errors import SettingError
from games.svo import Orientation
from sim.participant import Member

_LIMITS = [one.name for one in fields(Limits)]
_BESIDE = {"extra", "key", "max_connections", "max_retries", "timeout"}
"""Settings of a chat model that no reply depends on."""
_CELL = ("orientation", "count", "share", "agent", "model", "induction")


@dataclass
class Crew:
    """The population in the making: each model, induction and agent is made once for all cells that name it."""

    settings: Mapping[str, Any]
    seed: int
    framing: Framing
    terms: Terms
    reasks: int = 0

    def __post_init__(self) -> None:
        self._gateways: dict[str, Gateway] = {}
        self._inductions: dict[str, Induction] = {}
        self.models: dict[str, Mapping[str, Any]] = {}
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
            orientation = Orientation.named(str(cell["orientation"])) if cell.get("orientation") else None
            agent_config, induction = self._agent(cell), self._induction(cell.get("induction"))
            for number in range(len(made), len(made) + counts[name]):
                setting = Setting(
                    participant=number,
                    orientation=orientation,
                    seed=self.seed,
                    gateway=partial(self._gateway, cell.get("model")),
                    induction=induction,
                    framing=self.framing,
                    cell=name,
                    reasks=self.reasks,
                )
                agent = built(agent_config, f"agent of cell {name}", setting)
                made.append(Member(name, orientation.value if orientation else "none", agent))
        return tuple(made)

    def _cells(self, population: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if not isinstance(population, Mapping):
            raise SettingError(f"population={population}: write a mapping with cells")
        if extra := sorted(population.keys() - {"size", "cells", "inductions", "models"}):
            raise SettingError(f"population: unknown key(s) {', '.join(extra)}; known: size, inductions, models, cells")
        cells, under, by = population.get("cells") or {}, _factor(population, "inductions"), self._by_label(population)
        if not isinstance(cells, Mapping):
            raise SettingError(f"population.cells={cells}: write a mapping of names to cells")
        for name, cell in cells.items():
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
            scripted = getattr(get_class(self._agent(cell)["_target_"]), "model", "") == "none"
            if scripted and (idle := [key for key in ("model", "induction") if cell.get(key)]):
                raise SettingError(
                    f"population.cells.{name}: a scripted rule has no {' and no '.join(idle)}; leave it out"
                )
            inductions = {f"/{one}": {"induction": one} for one in under if not scripted and "induction" not in cell}
            models = {f"/{label}": {"model": one} for label, one in by.items() if not scripted and "model" not in cell}
            for worded, induction in (inductions or {"": dict[str, Any]()}).items():
                for labelled, model in (models or {"": dict[str, Any]()}).items():
                    yield f"{name}{worded}{labelled}", {**cell, **induction, **model}

    def _by_label(self, population: Mapping[str, Any]) -> dict[str, Any]:
        """The models that every cell stands under, by their labels. Raises SettingError for two with the same."""
        given = _factor(population, "models")
        found = {str(named("model", one)["label"]): one for one in given}
        if len(found) < len(given):
            raise SettingError(f"population.models={given}: two have the same label; give one of them another `label`")
        return found

    def _agent(self, cell: Mapping[str, Any]) -> Mapping[str, Any]:
        config: Mapping[str, Any] = named("agent", cell["agent"]) if cell.get("agent") else self.settings["agent"]
        return config

    def _induction(self, name: str | None) -> Induction:
        made = Induction.from_data(member("induction", name) if name else self.settings["induction"])
        if self._inductions.setdefault(made.name, made) != made:
            raise SettingError(f"induction {made.name}: two wordings have this name; give one of them another `name`")
        return made

    def _gateway(self, given: str | Mapping[str, Any] | None) -> Gateway:
        config = self.settings["model"] if given is None else named("model", given)
        label = str(config["label"])
        if self.models.setdefault(label, config) != config:
            raise SettingError(f"model {label}: two models have this label; give one of them another `label`")
        if label not in self._gateways:
            self._gateways[label] = self._model(label, config)
        return self._gateways[label]

    def _model(self, label: str, config: Mapping[str, Any]) -> Gateway:
        prices = config.get("price") or {}
        if not isinstance(prices, Mapping) or prices.keys() - {"tokens_in", "tokens_out"}:
            raise SettingError(f"model {label}: price={prices} must hold tokens_in and tokens_out and nothing else")
        made = Gateway(
            label,
            self._chat(label, config),
            synthetic=config["synthetic"],
            identity=identity(config),
            limits=Limits(**{name: config[name] for name in _LIMITS if name in config}),
            prices=Prices(**prices),
            answering=Answering(str(config.get("answer", "text")), config.get("dialect"), label),
            terms=self.terms,
        )
        if self.terms.budget.cost is not None and not made.synthetic and not made.prices.known:
            raise SettingError(
                f"budget.cost={self.terms.budget.cost:g} needs the prices of model {label}: "
                "model.price.tokens_in=… model.price.tokens_out=… per million tokens"
            )
        if config.get("base_url"):
            self.addresses.append(str(config["base_url"]))
        return made

    def _chat(self, label: str, config: Mapping[str, Any]) -> Any:
        """The chat model; None where no call is made, which then needs neither its package nor its key."""
        if self.terms.mode in {Mode.REPLAY, Mode.PEEK}:
            chat, maker = None, get_object(config["chat"]["_target_"])
        else:
            chat = maker = built(config["chat"], f"model {label}")
        simulated = bool(getattr(maker, "synthetic", False))
        if config["synthetic"] is not simulated:
            raise SettingError(f"model {label}: synthetic must be {str(simulated).lower()}, for that is what it is")
        return chat


def _factor(population: Mapping[str, Any], name: str) -> list[Any]:
    """A list under which every cell stands once for each of its members; empty for none."""
    given = population.get(name) or []
    if not isinstance(given, list) or any(one in given[:place] for place, one in enumerate(given)):
        raise SettingError(f"population.{name}={given}: write a list of names, each at most once")
    return given


def identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a chat model that its replies depend on."""
    return {name: value for name, value in config["chat"].items() if value is not None and name not in _BESIDE}


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
        if size is not None:
            raise SettingError(f"population.size={size} goes with shares; with counts leave it null")
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
