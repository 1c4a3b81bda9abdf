"""The languages of the product, and which of them a system asks for.

Owns the closed list of languages; the sentences stand in the catalogue. Called by the composition root.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

# The order in which POSIX lets one variable override another.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Language(StrEnum):
    """A language that has a complete catalogue; the value names its folder."""

    ZH_CN = "zh_CN"
    EN = "en"


def detect_language(environment: Mapping[str, str], *, system_locale: str = "") -> Language:
    """Choose the language for a system.

    Args:
        environment: environment variables.
        system_locale: what the desktop reports (`zh_CN`, `en-US`), for systems without such variables.

    Returns:
        Chinese unless the system clearly asks for another language; English stands in for all of those.
    """
    wishes = [environment.get(name, "") for name in _VARIABLES]
    wishes.append(system_locale)
    for wish in wishes:
        code = wish.split(".")[0].replace("-", "_").casefold()
        if code in ("", "c", "posix"):
            continue
        return Language.ZH_CN if code.split("_")[0] == "zh" else Language.EN
    return Language.ZH_CN
