"""A simulated respondent behind the door of a chat model: what runs when no language model is plugged in.

It answers in words, like a model, and learns what it is asked through LangChain's run metadata, which every call of an
`LLMAgent` carries. Everything it writes is marked SYNTHETIC downstream; it stands for no language model.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict, Field, model_validator

from agents.llm import METADATA
from games.decision_json import decision_from_json
from games.errors import SettingError
from games.randomness import stream
from games.svo import RING_ANGLES, Orientation, utility
from games.types import Answer, Decision

_JSON = '{{"answer": "{label}"}}'
FORMS = (
    "{label}",
    "{label}.",
    "**{label}**",
    "Answer: {label}",
    "I choose {label}.",
    "My choice is {label}, as it fits what I care about.",
    _JSON,
    "I compared what each possibility brings.\n\nANSWER: {label}",
)
UNREADABLE = (
    "That depends on how one looks at it.",
    "Every possibility has something to be said for it.",
    "Somewhere in the middle, I suppose.",
    "",
)
REFUSALS = (
    "I'm sorry, but I can't take part in this.",
    "I cannot make this decision for you.",
)


class SyntheticChatModel(BaseChatModel):
    """A respondent with ring angle φ, logit precision λ, and the habits of chat models.

    An option is drawn with probability proportional to exp(λ (cos φ · own + sin φ · other) + position bias), the logit
    choice rule of McFadden (1974) on the utility of Griesinger & Livingston (1973).

    spread: standard deviation, in degrees, of a participant's angle around the ring angle of its induced orientation.
    disposition: mean angle in degrees where nothing was induced.
    uptake: by the name of an induction, how far it carries a participant's mean angle from `disposition` (0) to the
        ring angle of its orientation (1); an induction that is not named carries it all the way.
    precision: λ per point.
    temperature: what λ and the position bias are divided by, as a language model's logits are; None for 1.
    position_bias: logit bonus of the first option shown, falling linearly to 0 at the last.
    reciprocity: degrees by which the angle turns as the partners' mean cooperation goes from none to full, in all the
        rounds that the player knows of, the latest weighing most; 0 turns nothing.
    unreadable, refusals: shares of replies that give no answer, and that decline.

    Given the same metadata it gives the same reply, in any order of calls. Its token counts are counts of words. Asked
    for log probabilities it gives its own; asked for a JSON object, it answers with one.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    synthetic: ClassVar[bool] = True

    model: str = "synthetic"
    spread: float = Field(default=8.0, ge=0)
    disposition: float = 30.0
    uptake: dict[str, float] | None = None
    precision: float = Field(default=0.4, ge=0)
    temperature: float | None = Field(default=None, ge=0)
    position_bias: float = 0.0
    reciprocity: float = 20.0
    unreadable: float = Field(default=0.01, ge=0, le=1)
    refusals: float = Field(default=0.005, ge=0, le=1)

    @model_validator(mode="after")
    def _shares_leave_room(self) -> Self:
        if self.unreadable + self.refusals > 1:
            raise ValueError("unreadable and refusals together are above 1")
        if any(not 0 <= share <= 1 for share in (self.uptake or {}).values()):
            raise ValueError("uptake: each share must lie between 0 and 1")
        return self

    @property
    def _llm_type(self) -> str:
        return "commonweal-synthetic"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in type(self).model_fields if name in _PARAMETERS}
        return {name: value for name, value in found.items() if value is not None}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop
        return self._result(messages, run_manager.metadata if run_manager else {}, kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop
        return self._result(messages, run_manager.metadata if run_manager else {}, kwargs)

    def _result(
        self, messages: list[BaseMessage], metadata: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> ChatResult:
        about = metadata.get(METADATA)
        if about is None:
            raise SettingError(
                "the synthetic model answers decisions only, and this call carries none in its metadata; "
                "plug in a language model (model=openai …) for free conversation"
            )
        text = self.reply(about, as_json="response_format" in arguments)
        logprobs = None
        if arguments.get("logprobs") and not about["step"]:
            logprobs = self.logprobs(about, arguments.get("top_logprobs", 20))
        read = sum(len(str(message.content).split()) for message in messages)
        written = len(text.split())
        message = AIMessage(
            text,
            usage_metadata={"input_tokens": read, "output_tokens": written, "total_tokens": read + written},
            response_metadata={"model_name": self.model, "finish_reason": "stop", "logprobs": logprobs},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def reply(self, about: Mapping[str, Any], *, as_json: bool = False) -> str:
        """The words that answer one call, fixed by its metadata (see `LLMAgent`)."""
        rng = stream(about["draw"], "synthetic reply")
        if about["step"]:
            return "I will weigh my own points and the points of others as this value asks."
        decision = decision_from_json(about["decision"])
        chance = rng.random()
        if chance < self.refusals:
            return REFUSALS[int(rng.integers(len(REFUSALS)))]
        if chance < self.refusals + self.unreadable:
            return UNREADABLE[int(rng.integers(len(UNREADABLE)))]
        position = int(rng.choice(len(decision.options), p=self._distribution(about, decision)))
        form = _JSON if as_json else FORMS[int(rng.integers(len(FORMS)))]
        return form.format(label=decision.labels[position])

    def logprobs(self, about: Mapping[str, Any], most: int = 20) -> dict[str, Any]:
        """The first token's alternatives in OpenAI's form: the labels, and one that stands for all else."""
        decision = decision_from_json(about["decision"])
        lost = self.unreadable + self.refusals
        shares = (1 - lost) * self._distribution(about, decision)
        tokens = [*zip(decision.labels, shares.tolist(), strict=True), ("I would rather", lost)]
        likely = sorted((-share, token) for token, share in tokens if share > 0)
        told = [{"token": token, "logprob": math.log(-share)} for share, token in likely]
        return {"content": [{**told[0], "top_logprobs": told[:most]}]}

    def _distribution(
        self, about: Mapping[str, Any], decision: Decision
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        angle = self.angle(about["agent"], about["orientation"], about["induction"])
        return self.probabilities(decision, angle + self._turn(decision))

    def centre(self, orientation: str | None, induction: str = "") -> float:
        """The mean ring angle in degrees of participants who were given an orientation by an induction."""
        if orientation is None:
            return self.disposition
        carried = (self.uptake or {}).get(induction, 1.0)
        return self.disposition + carried * (RING_ANGLES[Orientation(orientation)] - self.disposition)

    def angle(self, agent: int, orientation: str | None, induction: str = "") -> float:
        """The participant's own ring angle in degrees, the same in every call."""
        return self.centre(orientation, induction) + self.spread * float(stream(agent, "disposition").normal())

    def probabilities(self, decision: Decision, angle: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Probability of each option in the order shown, shape (options,), for an angle in degrees."""
        shown = [decision.options[index].allocation for index in decision.shown]
        logits = self.precision * utility([one.own for one in shown], [one.other for one in shown], angle)
        if decision.answer is not Answer.AMOUNT:
            logits += self.position_bias * np.linspace(1, 0, len(shown))
        temperature = 1.0 if self.temperature is None else self.temperature
        if temperature == 0:
            # The limit: the best options alone, each alike.
            logits = np.where(np.isclose(logits, logits.max(), rtol=0, atol=1e-9), 0.0, -np.inf)
        else:
            logits = logits / temperature
        weights = np.exp(logits - logits.max())
        probabilities: np.ndarray[tuple[int], np.dtype[np.float64]] = weights / weights.sum()
        return probabilities

    def _turn(self, decision: Decision) -> float:
        # Weights halve with every round back: what happened last counts most.
        seen = [sum(one.others) / len(one.others) for one in decision.past if one.others]
        if not seen:
            return 0.0
        weights = [0.5 ** (len(seen) - number) for number in range(1, len(seen) + 1)]
        level = sum(w * s for w, s in zip(weights, seen, strict=True)) / sum(weights)
        return self.reciprocity * (level - 0.5)


_PARAMETERS = (
    "model",
    "spread",
    "disposition",
    "uptake",
    "precision",
    "temperature",
    "position_bias",
    "reciprocity",
    "unreadable",
    "refusals",
)
