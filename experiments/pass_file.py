"""The file of pass rules: YAML, read and checked, so that nothing in it is left out unsaid."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]  # it has no types

from experiments.pass_rules import EACH, EVERYBODY, OF_EVERYBODY, PHASES, QUANTITIES, SELECTORS, Range, Rule
from games.errors import SettingError, share, unknown, whole

_OPTIONS = ("phase", "confidence", "measure", "where")


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file, in its order. Raises SettingError for whatever in it cannot be used."""
    try:
        loaded = OmegaConf.load(path)
        found = OmegaConf.to_container(loaded, resolve=False)
    except FileNotFoundError:
        raise SettingError(f"there is no rule file {path}; docs/pass_rules.md shows what to write into one") from None
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise SettingError(f"{path} is not readable as YAML: {error}") from error
    try:
        rules = tuple(parsed(found))
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error
    if not rules:
        raise SettingError(f"{path} holds no rule; write one such as `altruistic: {{angle: [50, 61.4]}}`")
    return rules


def parsed(found: object) -> Iterator[Rule]:
    """The rules in the plain values of a file: a mapping of keys to rules, or a list of rules with `where`."""
    if isinstance(found, Sequence) and not isinstance(found, str):
        for number, entry in enumerate(found, start=1):
            yield from _entry(f"rule {number}", "", entry)
        return
    if not isinstance(found, Mapping):
        raise SettingError("write a mapping such as `altruistic: {angle: [50, 61.4]}`")
    for key, value in found.items():
        several = isinstance(value, Sequence) and not isinstance(value, str)
        for entry in value if several else [value]:
            yield from _entry(str(key), str(key), entry)


def _entry(name: str, under: str, entry: object) -> Iterator[Rule]:
    if not isinstance(entry, Mapping):
        raise SettingError(f"{name}: write a mapping such as {{angle: [50, 61.4], confidence: 0.95}}, not {entry!r}")
    for key in entry:
        if key not in QUANTITIES and key not in _OPTIONS:
            raise _misspelt(f"key in {name}", key, (*QUANTITIES, *_OPTIONS))
    where = _where(name, entry["where"]) if "where" in entry else {}
    if not under and not where:
        raise SettingError(f"{name}: a rule in a list needs `where`, such as {{orientation: altruistic}}")
    if under == EVERYBODY and where:
        raise SettingError(f"{EVERYBODY}: it is the whole population, so it takes no `where`; write `{EACH}`")
    options = _options(name, entry)
    quantities = [key for key in entry if key in QUANTITIES]
    if not quantities:
        raise SettingError(f"{name}: it wants nothing; name a quantity: {', '.join(QUANTITIES)}")
    for quantity in quantities:
        if under == EVERYBODY and quantity not in OF_EVERYBODY:
            raise SettingError(
                f"{name}: {quantity} differs with the orientation, so it is not pooled; write `{EACH}` for every cell "
                f"by itself; `{EVERYBODY}` takes {', '.join(OF_EVERYBODY)}"
            )
        yield Rule(name, under, where, quantity, _wanted(name, quantity, entry[quantity]), **options)


def _options(name: str, entry: Mapping[Any, Any]) -> dict[str, Any]:
    options = {key: entry[key] for key in ("phase", "confidence", "measure") if key in entry}
    if options.get("phase", "before") not in PHASES:
        raise unknown(f"phase in {name}", options["phase"], PHASES)
    confidence = options.get("confidence", 0.95)
    if not isinstance(confidence, float) or not 0.5 <= confidence < 1:
        raise SettingError(f"{name}: confidence={confidence} must be at least 0.5 and below 1, such as 0.95")
    if "measure" in options:
        options["measure"] = str(options["measure"])
    return options


def _where(name: str, given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping) or not given:
        raise SettingError(f"{name}: where={given} must be a mapping such as {{orientation: altruistic}}")
    for key in given:
        if key not in SELECTORS:
            raise _misspelt(f"key in where of {name}", key, SELECTORS)
    return {str(key): tuple(map(str, words if isinstance(words, list) else [words])) for key, words in given.items()}


def _wanted(name: str, quantity: str, given: object) -> Range:
    where = f"{name}: {quantity}"
    if quantity == "max_failure":
        share(name, quantity, given)
        assert isinstance(given, int | float)
        return Range(None, float(given))
    if QUANTITIES[quantity].kind == "count":
        whole(name, quantity, given, 1)
        assert isinstance(given, int)
        return Range(float(given), None)
    if isinstance(given, Mapping):
        for key in given:
            if key not in ("min", "max"):
                raise _misspelt(f"limit in {where}", key, ("min", "max"))
        given = [given.get("min"), given.get("max")]
    if not isinstance(given, list) or len(given) != 2:
        raise SettingError(f"{where}: {given} is no range; write [low, high], {{min: …}} or {{max: …}}")
    least, most = QUANTITIES[quantity].least, QUANTITIES[quantity].most
    for one in given:
        if one is not None and (not isinstance(one, int | float) or isinstance(one, bool) or not least <= one <= most):
            raise SettingError(f"{where}: {one} must be null or a number from {least:g} to {most:g}")
    low, high = (None if one is None else float(one) for one in given)
    if (low is None or low == least) and (high is None or high == most):
        raise SettingError(f"{where}: {given} allows every value, so nothing can fail it; give a limit")
    if low is not None and high is not None and low > high:
        raise SettingError(f"{where}: {given} is empty; write the lower limit first")
    return Range(low, high)


def _misspelt(kind: str, name: object, known: Sequence[str]) -> SettingError:
    """The error for an unknown word, with the nearest that is known."""
    asked = near(name, known)
    return SettingError(f"{unknown(kind, name, known)}{asked and f'; {asked}'}")


def near(name: object, known: Sequence[str]) -> str:
    """A question after the nearest word that is known; "" where none is near."""
    found = get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else ""
