"""The ways in which a model can be asked for its answer: in words, as a JSON object, or as choice probabilities.

Text leaves the model free. A JSON schema binds it to the labels on the menu. Probabilities are read from the logarithms
that the endpoint gives for the first token of an answer: one call then holds the whole distribution over the options.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from agents.parse import parse, stopped
from agents.received import Received
from games.errors import SettingError, unknown
from games.randomness import stream
from games.types import Answer, Choice, Decision, Failure

READABLE = 0.5
"""The least probability on the menu's labels altogether; below it most of the distribution is something else."""
_TOP = 20
"""Alternatives asked for: the most that OpenAI's chat completions give."""


class Form(StrEnum):
    """How an answer is asked for."""

    TEXT = "text"
    SCHEMA = "schema"
    PROBABILITIES = "probabilities"


class Dialect(StrEnum):
    """Whose request fields are used for it."""

    OPENAI = "openai"
    LLAMA_CPP = "llama_cpp"
    """The server of llama-cpp-python, which takes a schema in a form of its own."""
    OLLAMA = "ollama"


class Answering:
    """How one model is asked for its answers.

    form: text, schema or probabilities.
    dialect: openai, llama_cpp or ollama; None for a provider without fields for it here.
    Raises SettingError for a form that the dialect does not have.
    """

    def __init__(self, form: str = "text", dialect: str | None = None, model: str = "") -> None:
        if form not in list(Form):
            raise unknown(f"model {model}: answer", form, Form)
        if dialect is not None and dialect not in list(Dialect):
            raise unknown(f"model {model}: dialect", dialect, Dialect)
        self.form = Form(form)
        self.dialect = Dialect(dialect) if dialect else None
        able = [Form.TEXT] if self.dialect is None else [Form.TEXT, Form.SCHEMA]
        able += [Form.PROBABILITIES] if self.dialect in {Dialect.OPENAI, Dialect.LLAMA_CPP} else []
        if self.form not in able:
            raise SettingError(f"model {model} cannot be asked with answer={form}; it can with: {', '.join(able)}")

    def arguments(self, decision: Decision) -> Mapping[str, Any]:
        """The fields of the request that ask for the answer to a decision in this form."""
        match self.form:
            case Form.TEXT:
                return {}
            case Form.PROBABILITIES:
                # One token: what stands in it is the answer, and nothing more needs to be paid for.
                return {"logprobs": True, "top_logprobs": _TOP, "max_tokens": 1}
            case Form.SCHEMA:
                schema = _schema(decision)
                if self.dialect is Dialect.OLLAMA:
                    return {"format": schema}
                if self.dialect is Dialect.LLAMA_CPP:
                    return {"response_format": {"type": "json_object", "schema": schema}}
                named = {"name": "answer", "strict": True, "schema": schema}
                return {"response_format": {"type": "json_schema", "json_schema": named}}

    def choice(self, received: Received, decision: Decision, draw: int) -> Choice:
        """What a reply chooses, without the reply itself. draw: fixes the option drawn from probabilities."""
        if self.form is not Form.PROBABILITIES:
            parsed = parse(received.text, decision, received.finish_reason)
            return Choice(parsed.option, parsed.failure)
        if stopped(received.finish_reason) is Failure.REFUSED:
            return Choice(failure=Failure.REFUSED)
        found = probabilities(received.top or (), decision)
        readable = min(1.0, sum(found))
        if readable < READABLE:
            return Choice(failure=Failure.UNREADABLE, readable=readable)
        scaled = tuple(one / sum(found) for one in found)
        option = int(stream(draw, "choice").choice(len(scaled), p=scaled))
        return Choice(option=option, probabilities=scaled, readable=readable)


def probabilities(top: Sequence[tuple[str, float]], decision: Decision) -> list[float]:
    """The probability of each option in the order of the rules, as far as the first token tells.

    top: tokens with their log probabilities. White space and signs around a label are left out. A digit that begins a
    longer label on the menu ("1" before "12") counts only where the model has such numbers as one token.
    """
    labels = decision.labels
    found = [0.0] * len(decision.options)
    words = [(token.strip().strip("\"'`*()[]{}.,:;"), value) for token, value in top]
    whole = any(len(word) > 1 and word in labels for word, _ in words)
    for word, value in words:
        label = word.upper() if decision.answer is Answer.LETTER else word
        if label not in labels or math.isnan(value):
            continue
        begins = any(other != label and other.startswith(label) for other in labels)
        if not begins or whole:
            found[decision.index_of(label)] += math.exp(min(0.0, value))
    return found


def _schema(decision: Decision) -> dict[str, Any]:
    if decision.answer is Answer.LETTER:
        answer: dict[str, Any] = {"type": "string", "enum": list(decision.labels)}
    else:
        answer = {"type": "integer", "enum": [int(label) for label in decision.labels]}
    return {"type": "object", "properties": {"answer": answer}, "required": ["answer"], "additionalProperties": False}
