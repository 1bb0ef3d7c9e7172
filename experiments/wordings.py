"""The wordings there are, members of the catalogue and files of one's own, and what checks say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from yaml import YAMLError  # type: ignore[import-untyped]  # it has no types

from experiments.catalogue import known, member
from games.errors import SettingError, unknown

GROUPS = ("induction", "framing", "game", "measure")


@dataclass(frozen=True)
class Finding:
    """What a check found.

    level: error, warning or note.  file: where.  orientation: whose text, "" for all.  check: its name.
    what: what is wrong.  instead: what to write.
    """

    level: str
    file: str
    orientation: str
    check: str
    what: str
    instead: str

    def __str__(self) -> str:
        whose = f" {self.orientation}:" if self.orientation else ""
        return f"{self.level:7} {self.file}:{whose} {self.what}; {self.instead} [{self.check}]"

    def as_data(self) -> dict[str, str]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Wording:
    """A member of the catalogue, or a file, to be checked.

    group: of GROUPS.  file: as it is called in findings.  data: plain values, None where it cannot be read.
    fault: why not.
    """

    group: str
    file: str
    data: Mapping[str, Any] | None
    fault: str = ""


def members(names: Sequence[str]) -> list[Wording]:
    """The wordings that names, `group/name` or YAML files stand for; without any, the whole catalogue.

    Raises SettingError for a name that the catalogue does not know, or a file that is not there.
    """
    if not names:
        return [_member(group, name) for group in GROUPS for name in known(group)]
    return [_named(name) for name in names]


def _named(name: str) -> Wording:
    if name.endswith((".yaml", ".yml")):
        return _file(Path(name))
    group, _, own = name.rpartition("/")
    group = group or "induction"
    if group not in GROUPS:
        raise unknown("kind of wording", group, GROUPS)
    if own not in known(group):
        raise unknown(group, own, known(group))
    return _member(group, own)


def _member(group: str, name: str) -> Wording:
    file = f"conf/{group}/{name}.yaml"
    try:
        return Wording(group, file, member(group, name))
    except (SettingError, YAMLError) as error:
        return Wording(group, file, None, " ".join(str(error).split()))


def _file(path: Path) -> Wording:
    if not path.is_file():
        raise SettingError(f"{path}: there is no such file; name a YAML file or a member of the catalogue")
    try:
        data = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        return Wording("induction", str(path), None, " ".join(str(error).split()))
    if not isinstance(data, dict):
        return Wording("induction", str(path), None, "it holds no mapping of keys to values")
    plain = {str(key): value for key, value in data.items()}
    group = "induction"
    if "answer_letter" in plain or "defaults" in plain:
        group = "framing"
    elif "words" in plain:
        group = "measure" if "instrument" in plain else "game"
    return Wording(group, str(path), plain)


def of_run(settings: Mapping[str, Any]) -> list[Wording]:
    """The wordings that a composed configuration uses, as plain values: its inductions, framing, game and measures."""
    population = settings.get("population") or {}
    cells = [cell for cell in (population.get("cells") or {}).values() if isinstance(cell, Mapping)]
    named = [*(population.get("inductions") or []), *(cell["induction"] for cell in cells if cell.get("induction"))]
    # Where all cells name their own, the run's induction is not used.
    own = not population.get("inductions") and any(not cell.get("induction") for cell in cells)
    groups = [group for group in GROUPS if group != "induction" or own]
    used = [Wording(group, f"{group} of this run", settings[group]) for group in groups]
    used += [_named(str(name)) for name in dict.fromkeys(named)]
    return used + [_named(f"measure/{name}") for name in settings.get("further_measures") or []]
