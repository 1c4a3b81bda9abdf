"""Design tokens: the only place that names a colour, a distance or a type size.

Owns values, no drawing. Used by the style sheet builder and by widgets that paint themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a colour says; always shown with a shape and a word beside it."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    INFO = "info"
    UNKNOWN = "unknown"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class ToneColours:
    """Text and shapes of a tone, and the soft ground behind them."""

    strong: str
    soft: str


@dataclass(frozen=True)
class Colours:
    """One theme. Text colours keep a contrast of at least 4.5 to 1 on `surface` and `canvas`."""

    is_dark: bool
    canvas: str
    surface: str
    raised: str
    sunken: str
    hover: str
    border: str
    border_strong: str
    text: str
    text_muted: str
    text_faint: str
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    selection: str
    series: tuple[str, ...]
    ok: ToneColours
    warning: ToneColours
    critical: ToneColours
    info: ToneColours
    unknown: ToneColours
    neutral: ToneColours

    def tone(self, tone: Tone) -> ToneColours:
        """The colours of a tone."""
        colours: ToneColours = getattr(self, tone.value)
        return colours


LIGHT = Colours(
    is_dark=False,
    canvas="#F4F6F8",
    surface="#FFFFFF",
    raised="#FFFFFF",
    sunken="#EEF1F4",
    hover="#EDF1F5",
    border="#E1E5EA",
    border_strong="#C5CCD6",
    text="#1A202B",
    text_muted="#525D6E",
    text_faint="#687385",
    accent="#2454C6",
    accent_hover="#1C45A8",
    accent_soft="#E6EDFC",
    on_accent="#FFFFFF",
    selection="#DCE7FB",
    series=("#2454C6", "#B4440E", "#0B7A6B", "#7C3AA8"),
    ok=ToneColours("#14713F", "#E1F3E8"),
    warning=ToneColours("#8A5A00", "#FDF1D3"),
    critical=ToneColours("#B92525", "#FCE5E4"),
    info=ToneColours("#2454C6", "#E6EDFC"),
    unknown=ToneColours("#5B6677", "#ECEFF3"),
    neutral=ToneColours("#525D6E", "#EEF1F4"),
)

DARK = Colours(
    is_dark=True,
    canvas="#12151A",
    surface="#191D24",
    raised="#20252E",
    sunken="#14181E",
    hover="#242A34",
    border="#2A303A",
    border_strong="#414A58",
    text="#E6EAF0",
    text_muted="#A8B1BF",
    text_faint="#8D97A6",
    accent="#8AACFF",
    accent_hover="#A6C0FF",
    accent_soft="#1F2B47",
    on_accent="#0E1626",
    selection="#263556",
    series=("#8AACFF", "#F2A071", "#5ED0BC", "#CDA5F0"),
    ok=ToneColours("#62CE92", "#173023"),
    warning=ToneColours("#E6B84D", "#352A12"),
    critical=ToneColours("#FF8B83", "#3D1E1F"),
    info=ToneColours("#8AACFF", "#1F2B47"),
    unknown=ToneColours("#A0AAB9", "#272D37"),
    neutral=ToneColours("#A8B1BF", "#242A34"),
)


class Space:
    """Distances in logical pixels, multiples of four."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24


class Radius:
    """Corner radii in logical pixels."""

    CONTROL = 6
    CARD = 10
    PILL = 11


class TypeSize:
    """Text sizes in pixels."""

    CAPTION = 12
    BODY = 13
    LEAD = 15
    TITLE = 20
    FIGURE = 26
    DISPLAY = 44


# Fitted to each system's own Chinese face, so that Latin and Chinese letters sit on one line.
FONT_FAMILIES = (
    "Segoe UI",
    "Microsoft YaHei UI",
    "PingFang SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "sans-serif",
)
MONO_FAMILIES = (
    "Cascadia Mono",
    "Consolas",
    "SF Mono",
    "DejaVu Sans Mono",
    "Noto Sans Mono CJK SC",
    "monospace",
)

ROW_HEIGHT = 32
CONTROL_HEIGHT = 32
