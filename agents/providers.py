"""Chat models of the public providers, through LangChain's `init_chat_model`."""

import importlib.util
import os
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from games.errors import SettingError

_PACKAGES = {
    "openai": "langchain_openai",
    "anthropic": "langchain_anthropic",
    "google_genai": "langchain_google_genai",
    "ollama": "langchain_ollama",
}


def provider_model(
    provider: str, name: str | None, *, extra: str, key: str | None = None, **parameters: Any
) -> BaseChatModel:
    """A chat model of a provider.

    provider: as `init_chat_model` names it.  name: the provider's name of the model.  extra: the set of packages that
    brings the provider's client.  key: the environment variable that holds the API key, None where none is needed.
    parameters: passed on (temperature, max_tokens, base_url …), those that are None left out.

    Raises SettingError when the name, the key or the client's package is missing.
    """
    if not name:
        raise SettingError(f"model={extra} needs the name of a model: model.name=…")
    package = _PACKAGES.get(provider, f"langchain_{provider}")
    if importlib.util.find_spec(package) is None:
        raise SettingError(f"model={extra} needs the package {package}; install it: make install EXTRA={extra}")
    if key and not os.environ.get(key):
        raise SettingError(f"model={extra} needs an API key in the environment: export {key}=…")
    from langchain.chat_models import init_chat_model

    given = {parameter: value for parameter, value in parameters.items() if value is not None}
    made: BaseChatModel = init_chat_model(name, model_provider=provider, **given)
    return made


def openai_compatible(name: str | None, base_url: str | None, **parameters: Any) -> BaseChatModel:
    """A model behind any server that speaks OpenAI's chat completions.

    name: the server's name of the model.  base_url: its address, such as http://127.0.0.1:8000/v1.  parameters: passed
    on, those that are None left out. The key, if the server wants one, is read from OPENAI_COMPATIBLE_API_KEY.

    Raises SettingError when the name or the address is missing.
    """
    if not name:
        raise SettingError("model=openai_compatible needs the server's name of the model: model.name=…")
    if not base_url:
        raise SettingError("model=openai_compatible needs an address: model.base_url=http://127.0.0.1:8000/v1")
    from agents.openai_compatible import OpenAICompatible

    given = {parameter: value for parameter, value in parameters.items() if value is not None}
    if key := os.environ.get("OPENAI_COMPATIBLE_API_KEY"):
        given["api_key"] = SecretStr(key)
    return OpenAICompatible(model=name, base_url=base_url, **given)
