"""The `webhook` channel: posts a JSON document to any address. Taken when the answer is 2xx."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from wxauto_mgt.core.config.field_checks import sendable
from wxauto_mgt.core.config.form_hints import Widget, hints
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.hook_fields import GROUP, HookConfig
from wxauto_mgt.core.notifications.contract import Channel, Notice
from wxauto_mgt.core.notifications.model import Notification


class WebhookConfig(HookConfig):
    """Where to, and by which authorization."""

    authorization: Annotated[SecretStr, AfterValidator(sendable)] = Field(
        default=SecretStr(""),
        max_length=2_000,
        json_schema_extra=hints(
            "channel.field.authorization",
            group=GROUP,
            order=110,
            widget=Widget.SECRET,
            help_key="channel.help.authorization",
        ),
    )


class WebhookChannel(Channel[WebhookConfig]):
    """Posts each notice as a document; a repetition carries the same `Idempotency-Key`."""

    TYPE = "webhook"
    CONFIG: ClassVar[type[WebhookConfig]] = WebhookConfig
    SECRET_FIELDS = ("webhook_url", "authorization")

    async def send(self, notice: Notice) -> None:
        headers = {"Idempotency-Key": notice.id}
        authorization = self.config.authorization.get_secret_value()
        if authorization:
            headers["Authorization"] = authorization
        await self.context.http.post(
            self.config.webhook_url.get_secret_value(), _document(notice), headers=headers
        )


def _document(notice: Notice) -> dict[str, JSON]:
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "level": notice.level.value,
        "title": notice.title,
        "message": notice.text,
        "timestamp": notice.at.isoformat(),
        "count": notice.count,
        "notifications": [_entry(notification) for notification in notice.notifications],
    }


def _entry(notification: Notification) -> dict[str, JSON]:
    return {
        "key": notification.key,
        "kind": notification.kind.value,
        "level": notification.level.value,
        "labels": dict(notification.labels),
        "params": dict(notification.params),
        "timestamp": notification.at.isoformat(),
    }
