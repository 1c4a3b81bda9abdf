"""What every registered channel must do. A new one is covered when it is registered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from tests.core.notifications.contract.cases import CASES, SECRET, ChannelCase
from tests.core.notifications.post_room import wording
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.channels.built_in import BUILT_IN
from wxauto_mgt.core.notifications.contract import AnyChannel, ChannelContext, Notice
from wxauto_mgt.core.notifications.http_post import HttpPost
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.registry import implied_config
from wxauto_mgt.core.notifications.section import channel_section
from wxauto_mgt.core.notifications.surfaces import Surfaces
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.errors import ChannelError, ConfigError
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

TYPES = ChannelTypes(BUILT_IN, installed=ChannelTypes.entry_points())
SECTION = channel_section(TYPES)

pytestmark = [
    pytest.mark.parametrize("type_name", TYPES.names()),
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


@pytest.fixture
async def http(fake_clock: FakeClock) -> AsyncIterator[HttpPost]:
    shared = HttpPost(clock=fake_clock)
    yield shared
    await shared.close()


@pytest.fixture(autouse=True)
def _quiet_apprise() -> Iterator[None]:
    """It says each failure as a warning of its own."""
    logger = logging.getLogger("apprise")
    logger.disabled = True
    yield
    logger.disabled = False


def case_of(type_name: str) -> ChannelCase:
    assert type_name in CASES, f"give the channel {type_name} a case in cases.py"
    return CASES[type_name]


def document(type_name: str, config: Mapping[str, JSON]) -> dict[str, JSON]:
    return {"id": "c1", "type": type_name, "config": dict(config)}


def channel_of(type_name: str, http: HttpPost, clock: FakeClock, **changed: JSON) -> AnyChannel:
    config = SECTION.parse(document(type_name, {**case_of(type_name).config, **changed}))
    channel_class = TYPES.get(type_name)
    assert channel_class is not None
    return channel_class(config=config.config, context=ChannelContext("c1", clock, http, Surfaces()))


def notice(clock: FakeClock) -> Notice:
    notification = Notification(
        "r:1", NotificationKind.FIRING, NotificationLevel.ERROR, "标题", "正文\n第二行", clock.now()
    )
    return wording().notice("d1", notification, implied_config("in_app"))


def test_the_schema_describes_every_field_for_a_form(type_name: str) -> None:
    schema: Any = TYPES.schemas()[type_name]
    for language in Language:
        keys = Catalogue(language, extra_folders=TYPES.text_folders()).keys()
        assert {f"channel.type.{type_name}", f"channel.about.{type_name}"} <= keys
        for name, field in schema.get("properties", {}).items():
            assert isinstance(field.get("order"), int), name
            assert {field.get("label"), field.get("group"), field.get("help", field.get("label"))} <= keys


def test_a_good_configuration_is_accepted(type_name: str) -> None:
    config = SECTION.parse(document(type_name, case_of(type_name).config))
    assert (config.id, config.type, config.enabled) == ("c1", type_name, True)


def test_a_bad_configuration_is_refused_with_its_field_and_a_sentence(type_name: str) -> None:
    bad = [*case_of(type_name).refused, ({**case_of(type_name).config, "surprise": 1}, "config.surprise")]
    catalogue = Catalogue(Language.ZH_CN, extra_folders=TYPES.text_folders())
    for config, field in bad:
        with pytest.raises(ConfigError) as caught:
            SECTION.parse(document(type_name, config))
        assert caught.value.problems[0].field == field
        sentence = catalogue.problem(caught.value.problems[0])
        assert field in sentence
        assert SECRET not in sentence


def test_secret_fields_are_those_whose_type_hides_its_value(type_name: str) -> None:
    channel_class = TYPES.get(type_name)
    assert channel_class is not None
    hiding = {
        name
        for name, field in channel_class.CONFIG.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    }
    assert hiding == set(channel_class.SECRET_FIELDS)
    sealed = SECTION.secret_fields(document(type_name, case_of(type_name).config))
    assert set(sealed) == {f"config.{name}" for name in hiding}


async def test_a_send_that_fails_says_why_in_both_languages_and_shows_no_secret(
    type_name: str, http: HttpPost, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = channel_of(type_name, http, fake_clock)
    shown = [repr(channel), repr(channel.config), str(channel.config)]
    expected = case_of(type_name).fails_with
    try:
        await channel.send(notice(fake_clock))
    except ChannelError as error:
        assert error.code == expected  # noqa: PT017 - a channel may also arrive
        for language in Language:
            sentence = Catalogue(language).error(error)
            assert not sentence.startswith("error.")
            assert "{" not in sentence
        chain: BaseException | None = error
        while chain is not None:
            shown += [str(chain), repr(chain)]
            chain = chain.__cause__
    else:
        assert expected == ""
    finally:
        await channel.close()
    ours = [record for record in caplog.records if record.name.startswith("wxauto_mgt")]
    shown += [record.getMessage() + str(vars(record)) for record in ours]
    assert SECRET not in "\n".join(shown)


async def test_a_cancelled_send_ends_at_once(type_name: str, http: HttpPost, fake_clock: FakeClock) -> None:
    field = case_of(type_name).address_field
    if not field:
        return
    gone = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    changed: dict[str, Any] = {field: f"http://127.0.0.1:{port}/x"}
    channel = channel_of(type_name, http, fake_clock, **changed)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await channel.send(notice(fake_clock))
    gone.set()
    server.close()
    await server.wait_closed()


async def test_closing_twice_does_no_harm(type_name: str, http: HttpPost, fake_clock: FakeClock) -> None:
    channel = channel_of(type_name, http, fake_clock)
    await channel.close()
    await channel.close()


async def test_limits_are_stated(type_name: str, http: HttpPost, fake_clock: FakeClock) -> None:
    assert 0 < channel_of(type_name, http, fake_clock).time_limit_s <= 120
