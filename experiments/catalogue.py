"""The catalogue `conf/`: its members by name, as plain values, and the objects that they make."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from games.errors import CommonwealError, SettingError, unknown

CATALOGUE = Path(__file__).resolve().parent.parent / "conf"


def known(group: str) -> list[str]:
    """The names of a group's members in the catalogue."""
    return sorted(path.stem for path in (CATALOGUE / group).glob("*.yaml"))


def member(group: str, name: str) -> dict[str, Any]:
    """One member of the catalogue, resolved. Raises SettingError, with the known names, for an unknown one."""
    # A member may refer to itself, as `${model.name}` does, so it is resolved under its group's name.
    root = OmegaConf.create({group: _loaded(group, name)})
    found: dict[str, Any] = plain(root, f"{group} {name}")[group]
    return found


def _loaded(group: str, name: str) -> DictConfig:
    """A member's file over the members of its group that its `defaults` name, in their order, as Hydra composes it."""
    if name not in known(group):
        raise unknown(group, name, known(group))
    own = OmegaConf.load(CATALOGUE / group / f"{name}.yaml")
    assert isinstance(own, DictConfig)
    bases = list(own.pop("defaults", []))
    # Without `_self_` in the list, the file itself stands last.
    order = bases if "_self_" in bases else [*bases, "_self_"]
    merged = OmegaConf.merge(*(own if base == "_self_" else _loaded(group, str(base)) for base in order))
    assert isinstance(merged, DictConfig)
    return merged


def named(group: str, named: object) -> dict[str, Any]:
    """A member of the catalogue: its name, or `{use: name, setting: …}` to replace some of its settings.

    Raises SettingError for a name or a setting that it does not have.
    """
    if not isinstance(named, Mapping):
        return member(group, str(named))
    settings = dict(named)
    use = str(settings.pop("use", None))
    loaded = _loaded(group, use)
    OmegaConf.set_struct(loaded, True)
    try:
        merged = OmegaConf.merge(loaded, settings)
    except OmegaConfBaseException as error:
        raise SettingError(f"{group} {use}: {str(error).splitlines()[0]}") from error
    found: dict[str, Any] = plain(OmegaConf.create({group: merged}), f"{group} {use}")[group]
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


def plain(config: DictConfig, what: str) -> dict[str, Any]:
    """Plain values, every reference resolved. Raises SettingError for a value that is missing or refers to nothing."""
    try:
        found = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise SettingError(f"{what}: {str(error).splitlines()[0]}") from error
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}
