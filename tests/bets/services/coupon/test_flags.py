"""Owning and resolving flags."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from bets.models import Flag, FlagKind
from bets.services.coupon import flags
from tests.factories.bets import an_account
from tests.factories.staff import a_member


def _flag() -> Flag:
    return Flag.objects.create(
        kind=FlagKind.ORPHAN, account=an_account(), reference="1", detail="Who?"
    )


@pytest.mark.django_db
def test_the_last_who_takes_an_open_flag_has_it():
    flag, ann, ben = _flag(), a_member("support"), a_member("risk")
    flags.take(flag=flag, user=ann)
    flags.take(flag=flag, user=ben)
    flag.refresh_from_db()
    assert flag.owner == ben


@pytest.mark.django_db
def test_a_resolved_flag_is_neither_taken_nor_resolved():
    flag, ann = _flag(), a_member("support")
    flags.resolve(flag=flag, user=ann, note="Theirs", now=timezone.now())
    with pytest.raises(flags.FlagResolved):
        flags.take(flag=flag, user=ann)
    with pytest.raises(flags.FlagResolved):
        flags.resolve(flag=flag, user=ann, note="again", now=timezone.now())
    flag.refresh_from_db()
    assert flag.resolution == "Theirs"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_resolve_at_once_one_is_told():
    flag, members = _flag(), [a_member("support"), a_member("support")]
    start, told = threading.Barrier(2), []

    def resolve(user):
        try:
            start.wait()
            flags.resolve(flag=flag, user=user, note=user.username, now=timezone.now())
            told.append("done")
        except flags.FlagResolved:
            told.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=resolve, args=(user,)) for user in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == ["done", "too late"]
