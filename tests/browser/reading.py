"""What stands in the way of somebody who reads a page with other means than their eyes."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE = {"serious", "critical"}


def cut_off(page: Page) -> list[str]:
    """The tables of which a part lies beyond the right edge of what they stand in."""
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


_CUT_OFF = """() => [...document.querySelectorAll(".sd-scroll, #result_list")]
    .filter(each => each.scrollWidth > each.clientWidth + 1
        || each.getBoundingClientRect().right > innerWidth)
    .map(each => each.getAttribute("aria-label") || "the list")"""


def grave_faults(page: Page) -> list[tuple[str, list[str]]]:
    """The rules that are broken, with the first elements that break them."""
    return [
        (each["id"], [node["html"] for node in each["nodes"]][:3])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in _GRAVE
    ]
