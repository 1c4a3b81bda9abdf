"""The platforms that come with the product: adding one takes its folder and one line here."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.platforms.keyword.plugin import KeywordPlatform
from wxauto_mgt.core.platforms.openai.plugin import OpenAIPlatform
from wxauto_mgt.core.platforms.types import PlatformClass

BUILT_IN: Final[tuple[PlatformClass, ...]] = (
    KeywordPlatform,
    OpenAIPlatform,
)
