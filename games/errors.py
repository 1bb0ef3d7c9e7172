"""The errors of Commonweal. Each message says what was wrong, where, and what to write instead.

CommonwealError
├── SettingError       a setting, a wording or a population that cannot be used; raised before any call
│   └── SecretError    a setting that holds a key or a password
├── ChoiceError        a game was handed a choice it cannot resolve (missing, superfluous, failed, off the menu)
├── EndpointError      a model's endpoint does not answer, or answers with an error
├── StoreError         the reply store cannot be read or written
│   └── MissingReply   a replayed run needs a reply that the store does not hold
└── BudgetError        the next call would go beyond the budget
"""

from collections.abc import Iterable


class CommonwealError(Exception):
    """Base of every error that is meant for the person at the terminal: one line, no traceback."""


class SettingError(CommonwealError, ValueError):
    """A setting that cannot be used; the message names it and says what to write instead."""


class SecretError(SettingError):
    """A setting that holds a key or a password, which must not be saved with the run."""


class ChoiceError(CommonwealError, ValueError):
    """Choices that do not answer the pending decisions: the rules refuse them rather than assume an act."""


class EndpointError(CommonwealError):
    """A model's endpoint that does not answer or answers with an error; the message repeats the endpoint's own."""


class StoreError(CommonwealError):
    """The reply store cannot be read or written; the message says what to do, and the file is left as it is."""


class MissingReply(StoreError):
    """A replayed run needs a reply that the store does not hold; the message names the decision."""


class BudgetError(CommonwealError):
    """The next call would go beyond the budget; what was obtained is kept, and the run can go on with a larger one."""


def unknown(kind: str, name: object, known: Iterable[object]) -> SettingError:
    """The error for a name that is not in a catalogue, with the names that are."""
    return SettingError(f"unknown {kind} {str(name)!r}; known: {', '.join(str(k) for k in known)}")


def whole(where: str, name: str, value: object, least: int) -> None:
    """Raise SettingError unless the value is a whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingError(f"{where}: {name}={value} must be a whole number of at least {least}")


def above(where: str, name: str, value: object, bound: float) -> None:
    """Raise SettingError unless the value is a finite number above `bound`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not bound < value < float("inf"):
        raise SettingError(f"{where}: {name}={value} must be a number above {bound:g}")


def stepped(where: str, what: str, whole_of: int, step: object) -> None:
    """Raise SettingError unless the step is a whole number of at least 1 that divides what is on offer.

    what: the words for it, such as "the endowment".
    """
    whole(where, "step", step, 1)
    assert isinstance(step, int)
    if whole_of % step:
        raise SettingError(f"{where}: step={step} must divide {what} of {whole_of}")


def share(where: str, name: str, value: object) -> None:
    """Raise SettingError unless the value is a number on [0, 1]."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise SettingError(f"{where}: {name}={value} must lie on [0, 1]")


def flag(where: str, name: str, value: object) -> None:
    """Raise SettingError unless the value is true or false."""
    if not isinstance(value, bool):
        raise SettingError(f"{where}: {name}={value} must be true or false")
