"""The channels that come with the product: adding one takes its file and one line here."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.notifications.channels.apprise_url import AppriseChannel
from wxauto_mgt.core.notifications.channels.dingtalk import DingTalkChannel
from wxauto_mgt.core.notifications.channels.email import EmailChannel
from wxauto_mgt.core.notifications.channels.feishu import FeishuChannel
from wxauto_mgt.core.notifications.channels.in_process import ConsoleChannel, DesktopChannel, InAppChannel
from wxauto_mgt.core.notifications.channels.slack import SlackChannel
from wxauto_mgt.core.notifications.channels.webhook import WebhookChannel
from wxauto_mgt.core.notifications.channels.wecom import WeComChannel
from wxauto_mgt.core.notifications.types import ChannelClass

BUILT_IN: Final[tuple[ChannelClass, ...]] = (
    DingTalkChannel,
    WeComChannel,
    FeishuChannel,
    EmailChannel,
    SlackChannel,
    WebhookChannel,
    AppriseChannel,
    InAppChannel,
    DesktopChannel,
    ConsoleChannel,
)
