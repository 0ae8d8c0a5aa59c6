"""Jobs in the admin, the sidebar and the first page."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Success

from bets.models import Flag, FlagKind
from config import workload
from tests.factories.bets import an_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db

ERROR = "Traceback (most recent call last):\n  File x\nValueError: <b>odd</b>"


def _task(model, name, *, success, result):
    now = timezone.now()
    return model.objects.create(
        id=name.ljust(32, "0"), name=name, func="config.jobs.run_scheduled", args=("canary",),
        kwargs={}, started=now, stopped=now, success=success, result=result, attempt_count=1,
    )  # fmt: skip


@pytest.fixture
def failed():
    return _task(Failure, "canary", success=False, result=ERROR)


def test_a_failed_job_shows_its_error(failed):
    url = reverse("admin:django_q_failure_change", args=[failed.pk])
    page = a_client("trader").get(url).content.decode()
    assert "ValueError: &lt;b&gt;odd&lt;/b&gt;" in page
    assert "<b>odd" not in page
    assert "canary" in page


def test_a_retry_queues_the_job_and_takes_it_out_of_the_failed_ones(failed):
    url = reverse("admin:django_q_failure_do", args=[failed.pk, "retry"])
    answer = a_client("trader").post(url, follow=True)
    assert "is queued again" in answer.content.decode()
    assert not Failure.objects.exists()
    (queued,) = OrmQ.objects.all()
    assert queued.task["func"] == "config.jobs.run_scheduled"
    assert queued.task["args"] == ("canary",)


def test_a_job_that_went_well_offers_nothing():
    done = _task(Success, "canary", success=True, result="canary: None")
    url = reverse("admin:django_q_success_change", args=[done.pk])
    page = a_client("trader").get(url).content.decode()
    assert "canary: None" in page
    assert "/do/" not in page


def test_a_queued_job_that_cannot_be_read_is_still_listed():
    queued = OrmQ.objects.create(key="slipdesk", payload="nonsense")
    client = a_client("trader")
    assert client.get(reverse("admin:django_q_ormq_changelist")).status_code == 200
    page = client.get(reverse("admin:django_q_ormq_change", args=[queued.pk]))
    assert page.status_code == 200


def test_the_sidebar_counts_what_waits(failed):
    Flag.objects.create(kind=FlagKind.ORPHAN, account=an_account(), reference="1", detail="Who?")
    page = a_client("trader").get(reverse("admin:index"))
    items = {
        (group["title"], item["title"]): item.get("badge")
        for group in page.context["sidebar_navigation"]
        for item in group["items"]
    }
    assert items["Betting", "Staff queue"] == "1"
    assert items["Jobs", "Failed"] == "1"
    assert ("Ledger", "Accounts") not in items


def test_the_first_page_counts_only_what_the_reader_may_see():
    def labels(role):
        return {tile["label"] for tile in a_client(role).get("/admin/").context["tiles"]}

    assert "Failed jobs" in labels("trader")
    assert "Failed jobs" not in labels("support")
    assert "Open flags" in labels("support")


def test_counting_stops_at_a_limit():
    assert workload.shown(workload.LIMIT) == "99+"
    assert workload.shown(7) == "7"
