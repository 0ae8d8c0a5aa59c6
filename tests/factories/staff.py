"""Members of staff, and clients that are logged in as one."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

_numbers = count(1)


def a_member(role: str = "", **changes: Any) -> User:
    """A member of staff with a role, or a superuser without one."""
    fields = {"is_staff": True, "is_superuser": not role, **changes}
    user = User.objects.create(username=f"{role or 'admin'}-{next(_numbers)}", **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def a_client(role: str = "", **changes: Any) -> Client:
    client = Client()
    client.force_login(a_member(role, **changes))
    return client
