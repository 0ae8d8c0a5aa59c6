"""Where a staff page stands, in the words of the sidebar."""

from typing import Any

from django import template

from config import navigation

register = template.Library()


@register.filter
def as_in_the_sidebar(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return navigation.place(parts)
