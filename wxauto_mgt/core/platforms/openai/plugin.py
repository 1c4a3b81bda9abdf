"""The `openai` platform: chat completions of any compatible server, without streaming.

Owns the shape of requests and answers; limits and translation of errors are `http_json`'s.
"""

from __future__ import annotations

from typing import ClassVar, Final

from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.contract import (
    Platform,
    PlatformReply,
    PlatformRequest,
    PluginContext,
    TestResult,
)
from wxauto_mgt.core.platforms.http_json import JsonHttp
from wxauto_mgt.core.platforms.openai.config import OpenAIConfig
from wxauto_mgt.errors import Fact, PlatformError, PlatformPermanent, PlatformTransient

COMPLETIONS: Final = "/chat/completions"
MODELS: Final = "/models"
TEST_TIMEOUT_S: Final = 15.0
_GRACE_S: Final = 5.0


class OpenAIPlatform(Platform[OpenAIConfig]):
    """Asks a server that speaks OpenAI's chat completions."""

    TYPE = "openai"
    CONFIG: ClassVar[type[OpenAIConfig]] = OpenAIConfig
    SECRET_FIELDS = ("api_key",)

    def __init__(self, *, config: OpenAIConfig, context: PluginContext) -> None:
        super().__init__(config=config, context=context)
        key = config.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = JsonHttp(base_url=config.base_url, headers=headers, context=context)

    @property
    def time_limit_s(self) -> float:
        return max(self.config.timeout_s, 2 * self._test_timeout_s) + _GRACE_S

    @property
    def history_turns(self) -> int:
        return self.config.history_turns

    @property
    def _test_timeout_s(self) -> float:
        return min(self.config.timeout_s, TEST_TIMEOUT_S)

    async def close(self) -> None:
        await self._http.close()

    async def reply(self, request: PlatformRequest) -> PlatformReply:
        body = self._body(self._messages(request))
        answer = await self._http.request("POST", COMPLETIONS, timeout_s=self.config.timeout_s, body=body)
        return PlatformReply((_text_of(answer.document),))

    async def test(self) -> TestResult:
        """List the models; where the server cannot, or does not list ours, ask for one token."""
        clock = self.context.clock
        started_s = clock.monotonic()

        def result(text_key: str, params: dict[str, Fact], *, ok: bool) -> TestResult:
            return TestResult(ok, text_key, params, clock.monotonic() - started_s)

        try:
            if await self._lists_the_model():
                return result("platform_test.openai_listed", {"model": self.config.model}, ok=True)
            await self._ask_for_one_token()
        except PlatformError as error:
            return result(f"error.{error.code}", dict(error.facts), ok=False)
        return result("platform_test.openai_answered", {"model": self.config.model}, ok=True)

    async def _lists_the_model(self) -> bool:
        try:
            answer = await self._http.request("GET", MODELS, timeout_s=self._test_timeout_s)
        except PlatformError as error:
            # No such route, or something odd there, proves nothing; no server and a refused key do.
            if error.code in ("platform_not_found", "platform_refused", "platform_answer_unreadable"):
                return False
            raise
        listed = answer.document.get("data") if isinstance(answer.document, dict) else None
        entries = listed if isinstance(listed, list) else []
        return any(isinstance(entry, dict) and entry.get("id") == self.config.model for entry in entries)

    async def _ask_for_one_token(self) -> None:
        body = self._body([{"role": "user", "content": "1"}]) | {"max_tokens": 1}
        answer = await self._http.request("POST", COMPLETIONS, timeout_s=self._test_timeout_s, body=body)
        _choice_of(answer.document)  # one token may well be an empty text: only the shape counts

    def _messages(self, request: PlatformRequest) -> list[JSON]:
        messages: list[JSON] = []
        if self.config.system_prompt.strip():
            messages.append({"role": "system", "content": self.config.system_prompt})
        turns = self.config.history_turns
        for turn in request.history[-turns:] if turns else ():
            messages.append({"role": turn.role.value, "content": turn.text})
        messages.append({"role": "user", "content": request.content})
        return messages

    def _body(self, messages: list[JSON]) -> dict[str, JSON]:
        body: dict[str, JSON] = {"model": self.config.model, "messages": messages, "stream": False}
        if self.config.temperature is not None:
            body["temperature"] = self.config.temperature
        if self.config.max_tokens is not None:
            body["max_tokens"] = self.config.max_tokens
        return body


def _choice_of(document: JSON) -> dict[str, JSON]:
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list):
        raise PlatformTransient("platform_answer_unreadable")
    if not choices:
        raise PlatformTransient("platform_answer_empty")
    choice = choices[0]
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise PlatformTransient("platform_answer_unreadable")
    return choice


def _text_of(document: JSON) -> str:
    choice = _choice_of(document)
    message = choice["message"]
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):  # some servers answer in parts
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if isinstance(content, str) and content.strip():
        return content.strip()
    match choice.get("finish_reason"):
        case "content_filter":
            raise PlatformPermanent("platform_content_filtered")
        case "length":
            raise PlatformPermanent("platform_answer_cut_off")
        case _:
            raise PlatformTransient("platform_answer_empty")
