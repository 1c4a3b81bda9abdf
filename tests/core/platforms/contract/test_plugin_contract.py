"""What every registered platform plugin must do. A new one is covered when it is registered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from tests.core.platforms.contract.cases import CASES, SECRET, PluginCase
from tests.core.platforms.surroundings import Calls, ScriptedServer, context, request
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.contract import AnyPlatform, PluginContext
from wxauto_mgt.core.platforms.open_platform import OpenPlatform
from wxauto_mgt.core.platforms.section import PlatformConfig, platform_section
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.errors import ConfigError, PlatformError
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

TYPES = PlatformTypes(BUILT_IN, installed=PlatformTypes.entry_points())
SECTION = platform_section(TYPES)

pytestmark = pytest.mark.parametrize("type_name", TYPES.names())


def case_of(type_name: str) -> PluginCase:
    assert type_name in CASES, f"give the plugin {type_name} a case in cases.py"
    return CASES[type_name]


def document(type_name: str, config: Mapping[str, JSON]) -> dict[str, JSON]:
    return {"id": "p1", "type": type_name, "config": dict(config)}


def plugin_of(type_name: str, around: PluginContext | None = None, **changed: JSON) -> AnyPlatform:
    config = SECTION.parse(document(type_name, {**case_of(type_name).config, **changed}))
    plugin_class = TYPES.get(type_name)
    assert plugin_class is not None
    return plugin_class(config=config.config, context=around or context())


def fields_of(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for definition in (schema, *schema.get("$defs", {}).values()):
        yield from definition.get("properties", {}).items()


def test_the_schema_describes_every_field_for_a_form(type_name: str) -> None:
    fields = list(fields_of(TYPES.schemas()[type_name]))
    assert fields
    for language in Language:
        keys = Catalogue(language, extra_folders=TYPES.text_folders()).keys()
        assert f"platform.type.{type_name}" in keys
        for name, field in fields:
            assert isinstance(field.get("order"), int), name
            wanted = {field.get("label"), field.get("group"), field.get("help", field.get("label"))}
            assert wanted <= keys, name
            if "choices" in field:
                assert any(key.startswith(f"{field['choices']}.") for key in keys), name


def test_a_good_configuration_is_accepted(type_name: str) -> None:
    config = SECTION.parse(document(type_name, case_of(type_name).config))
    assert (config.id, config.type, config.enabled) == ("p1", type_name, True)


def test_a_bad_configuration_is_refused_with_its_field_and_a_sentence(type_name: str) -> None:
    bad = [*case_of(type_name).refused, ({**case_of(type_name).config, "surprise": 1}, "config.surprise")]
    catalogue = Catalogue(Language.ZH_CN, extra_folders=TYPES.text_folders())
    for config, field in bad:
        with pytest.raises(ConfigError) as caught:
            SECTION.parse(document(type_name, config))
        assert caught.value.problems[0].field == field
        assert field in catalogue.problem(caught.value.problems[0])


def test_secret_fields_are_those_whose_type_hides_its_value(type_name: str) -> None:
    plugin_class = TYPES.get(type_name)
    assert plugin_class is not None
    hiding = {
        name
        for name, field in plugin_class.CONFIG.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    }
    assert hiding == set(plugin_class.SECRET_FIELDS)
    sealed = SECTION.secret_fields(document(type_name, case_of(type_name).config))
    assert set(sealed) == {f"config.{name}" for name in hiding}


async def test_a_connection_test_never_raises_and_its_sentence_exists(type_name: str) -> None:
    plugin = plugin_of(type_name)
    result = await plugin.test()
    await plugin.close()
    assert result.ok is not case_of(type_name).needs_network
    for language in Language:
        sentence = Catalogue(language, extra_folders=TYPES.text_folders()).text(
            result.text_key, **result.params
        )
        assert sentence != result.text_key
        assert "{" not in sentence


async def test_closing_twice_and_without_opening_does_no_harm(type_name: str) -> None:
    plugin = plugin_of(type_name)
    await plugin.close()
    await plugin.close()


async def test_a_closed_plugin_answers_with_a_platform_error_or_not_at_all(type_name: str) -> None:
    plugin = plugin_of(type_name)
    await plugin.open()
    await plugin.close()
    try:
        await plugin.reply(request())
    except PlatformError as error:
        assert error.code  # noqa: PT017 - either outcome is fine, another kind of error is not


async def test_a_cancelled_call_ends_at_once_and_is_recorded(type_name: str) -> None:
    calls = Calls()
    async with ScriptedServer.running() as server:
        changed: dict[str, JSON] = {"base_url": server.base_url} if case_of(type_name).needs_network else {}
        plugin = plugin_of(type_name, context(calls), **changed)
        await plugin.open()
        try:
            async with asyncio.timeout(0.05):
                await plugin.reply(request())
        except TimeoutError:
            assert calls.codes == ["cancelled"]
        else:
            assert not case_of(type_name).needs_network
        finally:
            await plugin.close()


async def test_secrets_show_nowhere(type_name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    config: PlatformConfig = SECTION.parse(document(type_name, case_of(type_name).config))
    plugin_class = TYPES.get(type_name)
    assert plugin_class is not None
    plugin = plugin_class(config=config.config, context=context())
    opened = OpenPlatform(config=config, plugin=plugin, clock=SystemClock())
    shown = [repr(config), str(config), repr(plugin), repr(opened), str(plugin.config)]
    try:
        await opened.call(request(), "pc1/张三")
    except PlatformError as error:
        chain: BaseException | None = error
        while chain is not None:
            shown += [str(chain), repr(chain)]
            chain = chain.__cause__
    shown.append(str(await opened.test()))
    await opened.close(timeout_s=1)
    shown += [record.getMessage() + str(vars(record)) for record in caplog.records]
    assert SECRET not in "\n".join(shown)


async def test_limits_are_stated(type_name: str) -> None:
    plugin = plugin_of(type_name)
    await plugin.close()
    assert 0 < plugin.time_limit_s <= 1000
    assert 0 <= plugin.history_turns <= 50
