"""Words of a notice: sandboxed templates, keys of the catalogue, both languages; types and addresses."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.notifications.post_room import PostRoom, parsed, wording
from tests.core.platforms.test_http_json import aiohttp_errors, an_instance
from wxauto_mgt.core.notifications.channels.built_in import BUILT_IN
from wxauto_mgt.core.notifications.http_post import failure_of, translate
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.templates import fill
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.errors import ChannelError, ChannelPermanent, ChannelTransient, ConfigError, PermanentError

AT = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)


def notification(
    title: str = "{metric} 告警", message: str = "{metric} 是 {value}", **params: Any
) -> Notification:
    return Notification(
        "r:1",
        NotificationKind.FIRING,
        NotificationLevel.WARNING,
        title,
        message,
        AT,
        labels={"instance": "pc1"},
        params={"metric": "cpu", "value": 93.25, **params},
    )


def test_a_channel_has_its_own_templates() -> None:
    channel = parsed(
        "c",
        "console",
        title_template="{level}|{title}|{instance}",
        message_template="{message}\n{labels} {{x}}",
    )
    notice = wording().notice("d1", notification(), channel)
    assert (notice.title, notice.text) == ("Warning|cpu 告警|pc1", "cpu 是 93.25\ninstance=pc1 {x}")


def test_a_channel_has_its_own_language() -> None:
    channel = parsed("c", "console", language="zh_CN")
    notice = wording().notice("d1", notification("notification.test.title"), channel)
    assert notice.title == "【警告】通知渠道测试"


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{missing}", "{missing}"),
        ("{name.__class__}", "{name.__class__}"),
        ("{name[0]}", "{name[0]}"),
        ("{name!r}", "{name!r}"),
        ("{name:>9999999}", "{name:>9999999}"),
        ("{0} {}", "{0} {}"),
        ("{", "{"),
        ("{name", "{name"),
        ("}", "}"),
        ("{name} {{name}}", "v {name}"),
    ],
)
def test_a_template_reaches_plain_names_only_and_never_raises(template: str, shown: str) -> None:
    assert fill(template, {"name": "v"}) == shown


@given(st.text(alphabet="{}a.:![]0 _"), st.dictionaries(st.text(alphabet="a_0", min_size=1), st.text()))
def test_no_template_raises(template: str, fields: dict[str, str]) -> None:
    fill(template, fields)


@pytest.mark.parametrize("template", ["{", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{0}", "{a b}"])
def test_a_template_that_would_stay_as_it_is_is_refused(template: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("c", "console", title_template=template)
    assert caught.value.problems[0].field == "title_template"


@pytest.mark.parametrize(
    "fields",
    [
        {"quiet_hours": "22-7"},
        {"active_hours": "24:00-01:00"},
        {"quiet_hours": "08:00-08:00"},
        {"kinds": ["fire"]},
        {"min_level": "WARNING"},
        {"rate_limit_per_minute": -1},
        {"labels": {"a": 1}},
        {"type": "pigeon"},
    ],
)
def test_bad_conditions_are_refused_with_their_field(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("c", type_name=fields.pop("type", "console"), **fields)
    assert caught.value.problems[0].field.split(".")[0] in {*fields, "type"}


@pytest.mark.parametrize("kind", aiohttp_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_aiohttp_is_translated(kind: type[BaseException]) -> None:
    error = translate(an_instance(kind))
    assert isinstance(error, ChannelError)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("kind", "code", "may_have_arrived"),
    [
        (aiohttp.ClientConnectorError, "channel_unreachable", False),
        (aiohttp.ClientConnectorDNSError, "channel_unknown_host", False),
        (aiohttp.ClientConnectorCertificateError, "channel_tls_failed", False),
        (aiohttp.ConnectionTimeoutError, "channel_unreachable", False),
        (aiohttp.SocketTimeoutError, "channel_timed_out", True),
        (aiohttp.ServerDisconnectedError, "channel_connection_lost", True),
        (aiohttp.ClientPayloadError, "channel_connection_lost", True),
    ],
)
def test_a_refusal_is_told_apart_from_a_lost_answer(
    kind: type[BaseException], code: str, may_have_arrived: bool
) -> None:
    error = translate(an_instance(kind))
    assert isinstance(error, ChannelTransient)
    assert (error.code, error.may_have_arrived) == (code, may_have_arrived)


@pytest.mark.parametrize(("status", "is_transient"), [(400, False), (401, False), (408, True), (502, True)])
def test_a_status_decides_whether_it_is_sent_again(status: int, is_transient: bool) -> None:
    assert isinstance(failure_of(status, None), ChannelTransient if is_transient else ChannelPermanent)


@pytest.mark.expects_log("plugin left out")
def test_a_broken_channel_of_another_package_disables_itself_only() -> None:
    types = ChannelTypes(BUILT_IN, installed=[EntryPoint("x", "no.such.module:X", "wxauto_mgt.channels")])
    assert types.names() == tuple(channel.TYPE for channel in BUILT_IN)
    assert types.broken["x"].code == "plugin_unloadable"


def test_a_type_is_taken_once() -> None:
    with pytest.raises(PermanentError, match="plugin_type_taken"):
        ChannelTypes([*BUILT_IN, BUILT_IN[0]])


def test_built_in_channels_have_the_names_that_other_programs_know() -> None:
    assert {channel.TYPE for channel in BUILT_IN} == {
        "email", "slack", "dingtalk", "wecom", "feishu", "webhook", "desktop", "in_app", "console", "apprise",
    }  # fmt: skip
    assert all(inspect.getdoc(channel) for channel in BUILT_IN)


@pytest.mark.expects_log("a surface failed")
async def test_a_surface_that_breaks_keeps_no_other_from_showing(room: PostRoom) -> None:
    def breaks(_notice: object) -> None:
        raise RuntimeError("broken")

    detach = room.surfaces.attach("console", breaks)
    room.add(parsed("c", "console"))
    by = room.registry.make(room.configs["c"])
    await room.sender.send_by(by, "d1", [notification()])
    assert [notice.title for notice in room.shown] == ["[Warning] cpu 告警"]
    detach()
    detach()
