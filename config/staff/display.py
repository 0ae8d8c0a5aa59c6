"""How values look on a staff page: moments with their zone, badges, links, raw text."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from django.utils.html import format_html
from django.utils.safestring import SafeString

NOTHING = "\N{EN DASH}"


class Tone(StrEnum):
    """What a colour says, beside the words that say it as well."""

    GOOD = "good"
    BAD = "bad"
    WAITING = "waiting"
    ALERT = "alert"
    PLAIN = "plain"


def moment_text(moment: datetime | None, *, seconds: bool = False) -> str:
    """`21 Nov 2026 14:03 UTC`, or a dash."""
    if moment is None:
        return NOTHING
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return moment.astimezone(UTC).strftime(f"%-d %b %Y {clock} UTC")


def moment(value: datetime | None) -> SafeString | str:
    if value is None:
        return NOTHING
    shown = moment_text(value, seconds=True)
    return format_html('<time class="sd-time" datetime="{}">{}</time>', value.isoformat(), shown)


def badge(text: str, tone: str = Tone.PLAIN) -> SafeString:
    return format_html('<span class="sd-badge sd-{}">{}</span>', str(tone), text)


def link(text: str, url: str) -> SafeString:
    return format_html('<a class="sd-link" href="{}">{}</a>', url, text)


def code(text: str) -> SafeString | str:
    return format_html('<code class="sd-code">{}</code>', text) if text else NOTHING


class Figure(SafeString):
    """Digits that stand below one another in a column."""


def number(text: str) -> Figure:
    return Figure(format_html('<span class="sd-number">{}</span>', text))


def yes_no(value: bool) -> SafeString:
    return badge("yes", Tone.GOOD) if value else badge("no")


def pretty(text: str) -> str:
    """JSON with one value a line, anything else as it is. Numbers keep their digits."""
    try:
        value = json.loads(text, parse_float=_Verbatim, parse_int=_Verbatim)
    except (ValueError, RecursionError):
        return text
    shown = _Verbatim.restore(json.dumps(value, indent=2, ensure_ascii=False))
    return shown.encode("utf-8", errors="backslashreplace").decode()


class _Verbatim(str):
    """A JSON number as it was written: `2.50` must not become `2.5` on its way to the page."""

    _MARK = "\ue000"

    def __new__(cls, digits: str) -> "_Verbatim":
        return super().__new__(cls, f"{cls._MARK}{digits}{cls._MARK}")

    @classmethod
    def restore(cls, dumped: str) -> str:
        return dumped.replace(f'"{cls._MARK}', "").replace(f'{cls._MARK}"', "")


def plain_number(value: Decimal | None) -> str:
    """A decimal without trailing zeros, as odds are read."""
    if value is None:
        return NOTHING
    return f"{value.normalize():f}"
