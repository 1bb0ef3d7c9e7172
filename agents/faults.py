"""What went wrong with a call: faults of the infrastructure, which pass, and errors, which asking again cannot mend."""

import os
from dataclasses import dataclass

from games.errors import EndpointError

_PASSING = {408, 409, 425, 429}
"""HTTP statuses below 500 that another attempt may mend."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A call without a reply.

    reason: an HTTP status, "timeout", "connection" or "body" (a reply that is cut off, or none of its kind).
    passing: whether another attempt may mend it.  wait: seconds that the endpoint asks for, None where it does not say.
    message: for the person at the terminal, in one line and without keys.
    """

    reason: str
    passing: bool
    wait: float | None
    message: str


def fault(error: Exception, model: str) -> Fault:
    """Read any chat model's error. model: its label, for the message."""
    chain = _causes(error)
    # Some clients wrap the error that carries the status; ours says it itself.
    told_by = [error] if isinstance(error, EndpointError) else chain
    found = [(status, _retry_after(one)) for one in told_by if (status := _status(one)) is not None]
    status, wait = found[0] if found else (None, None)
    words = " ".join(str(error).split())
    told = redacted(words)
    # Ours are short, and end with what to do.
    message = told if isinstance(error, EndpointError) else f"model {model}: {type(error).__name__}: {told[:300]}"
    if status is not None and status >= 300:
        # An account without money answers 429 as well, and for ever.
        passing = (status in _PASSING or status >= 500) and "insufficient_quota" not in words
        return Fault(str(status), passing, wait, message)
    if status is not None:
        return Fault("body", True, None, message)
    # An error is often named for a case (ServerDisconnectedError, ReadError), and one of its bases for the kind.
    names = " ".join(base.__name__ for one in chain for base in type(one).__mro__)
    if any(isinstance(one, TimeoutError) for one in chain) or "Timeout" in names:
        return Fault("timeout", True, None, message)
    lost = any(word in names for word in ("Connect", "Network", "Protocol"))
    if lost or any(isinstance(one, OSError) for one in chain):
        if not isinstance(error, EndpointError):
            message += "; is the endpoint up and reachable? It is set by model.base_url=…"
        return Fault("connection", True, None, message)
    if any(word in names for word in ("Payload", "JSONDecode", "Decoding", "IncompleteRead")):
        return Fault("body", True, None, message)
    return Fault("error", False, None, message)


def _status(error: BaseException) -> int | None:
    """The HTTP status, under the names that the providers' clients give it."""
    for name in ("status", "status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 100 <= value < 600:
            return value
    return None


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the endpoint asks to wait."""
    told = getattr(error, "retry_after", None)
    if told is None:
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        told = headers.get("retry-after")
    try:
        return max(0.0, float(told)) if told is not None else None
    except ValueError:
        return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def keys_in_environment() -> tuple[str, ...]:
    """The values of all environment variables that hold a key, as they are sent: without white space around them."""
    held = (value.strip() for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN", "_SECRET")))
    return tuple(value for value in held if value)


def redacted(text: str) -> str:
    """The text without any key that the environment holds."""
    for key in keys_in_environment():
        if len(key) >= 6:
            text = text.replace(key, "…")
    return text
