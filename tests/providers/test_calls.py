"""The call log: what is kept of a call, how it is found, and how it ends."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from config import jobs
from providers import call_log, calls, ids, queries, services, watch
from providers.contract import Unknown
from providers.models import CallFailure, CallOutcome, ProviderCall, SeenDetail
from providers.transport import CallLost, Transport, conclude
from tests.factories.calls import a_call, ask
from tests.factories.providers import make_account, make_slip
from tests.providers.scripted import reply, reset

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_UNREADABLE = reply("{}", headers=("Content-Encoding: br",))


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def transport() -> Transport:
    return Transport()


def a_row(account, *, age: timedelta = timedelta(), **changes) -> ProviderCall:
    """A row whose key and moment say that it is so old."""
    values = {"operation": "place", "method": "POST", "url": "http://provider.example"}
    call = ProviderCall(account=account, **{**values, **changes})
    if age:
        began = int(ids.first_at(NOW - age)) >> 80 << 80
        call.id = UUID(int=began | int(call.id) & (1 << 80) - 1)
    call.save(force_insert=True)
    if age:
        ProviderCall.objects.filter(pk=call.pk).update(created_at=NOW - age)
    return call


# --- what is kept -------------------------------------------------------------------------------


def test_a_call_is_written_with_its_answer_and_meaning(server, transport, account):
    server.on("/ask", reply({"said": 1}, status=409))
    answer = transport.call(a_call(account, server.url + "/ask"))
    conclude(call_id=answer.call_id, outcome=CallOutcome.REJECTED, error="no: password=hunter2")

    row = ProviderCall.objects.get()
    assert (row.response, row.response_status) == ('{"said": 1}', 409)
    assert (row.outcome, row.failure) == (CallOutcome.REJECTED, "")
    assert "hunter2" not in row.error
    assert row.duration_ms is not None


def test_an_answer_that_nobody_understood_is_written_with_the_next_call(
    server, transport, account, monkeypatch
):
    server.on("/ask", reply({"said": 1}))
    answer = transport.call(a_call(account, server.url + "/ask"))
    monkeypatch.setattr(call_log, "_LONGEST_UNWRITTEN_S", 0.0)
    transport.call(a_call(account, server.url + "/ask"))

    row = ProviderCall.objects.get(id=answer.call_id)
    assert (row.outcome, row.response_status) == (CallOutcome.UNKNOWN, 200)
    assert row.response == '{"said": 1}'
    conclude(call_id=answer.call_id, outcome=CallOutcome.OK)
    row.refresh_from_db()
    assert (row.outcome, row.response) == (CallOutcome.OK, '{"said": 1}')


def test_an_answer_whose_reader_broke_is_written_at_once(server, transport, account):
    server.on("/ask", reply({"said": "what nobody can read"}))
    about = "coupon", uuid4()

    def ask_and_break() -> None:
        transport.call(a_call(account, server.url + "/ask"))
        raise ZeroDivisionError

    assert isinstance(calls._answered(account, "asking", ask_and_break, about=about), Unknown)

    row = ProviderCall.objects.get()
    assert row.response == '{"said": "what nobody can read"}'
    assert (row.outcome, row.response_status) == (CallOutcome.UNKNOWN, 200)
    assert (row.subject_kind, row.subject_id) == about


@pytest.mark.parametrize(
    ("step", "failure", "outcome"),
    [
        (reset, CallFailure.LOST, CallOutcome.UNKNOWN),
        (_UNREADABLE, CallFailure.UNREADABLE, CallOutcome.UNKNOWN),
        (reply("", status=503), CallFailure.SERVER_ERROR, CallOutcome.UNKNOWN),
        (reply("", status=404), "", CallOutcome.OK),
    ],
)
def test_a_failure_is_named(server, transport, account, step, failure, outcome):
    server.on("/ask", step)
    try:
        answer = transport.call(a_call(account, server.url + "/ask"))
    except CallLost:
        answer = None
    if answer and not failure:
        conclude(call_id=answer.call_id, outcome=CallOutcome.OK)

    row = ProviderCall.objects.get()
    assert (row.failure, row.outcome) == (failure, outcome)


def test_headers_and_personal_answers_are_not_kept(server, transport, account):
    server.on("/ask", reply({"Luogo": "Roma"}, headers=("X-Secret: s3cr3t-header",)))
    call = a_call(
        account, server.url + "/ask", headers={"X-Own": "s3cr3t-own"}, personal=True, json={}
    )
    ask(transport, call)

    kept = str(ProviderCall.objects.values().get())
    assert "s3cr3t" not in kept
    assert "Roma" not in kept


def test_what_is_new_in_an_answer_is_counted_where_it_was_said(server, transport, account):
    server.on("/ask", reply({}))
    answer = transport.call(a_call(account, server.url + "/ask", operation="menu"))
    conclude(
        call_id=answer.call_id,
        outcome=CallOutcome.OK,
        unknown_fields=["vip"],
        unknown_values=["status=frozen"],
    )

    found = SeenDetail.objects.filter(account=account, place="menu").values_list("kind", "name")
    assert set(found) == {("field", "vip"), ("value", "status=frozen")}


def test_a_meaning_without_a_call_is_no_crash():
    conclude(call_id=uuid4(), outcome=CallOutcome.OK, unknown_fields=["vip"])
    assert not SeenDetail.objects.exists()
    watch.note(account_id=uuid4(), place="menu")


# --- how it is found ----------------------------------------------------------------------------


def test_calls_are_found_by_their_subject_oldest_first(account):
    slip = make_slip()
    about = {"subject_kind": "coupon", "subject_id": slip.coupon_id}
    first, second = (a_row(account, **about) for _ in range(2))
    a_row(account)

    found = queries.calls_for(subject_kind="coupon", subject_id=slip.coupon_id)

    assert list(found) == [first, second]


def test_pages_of_an_account_are_newest_first(account):
    calls = [a_row(account) for _ in range(5)]
    a_row(make_account())

    first = queries.calls_of_account(account=account, limit=3)
    second = queries.calls_of_account(account=account, before=first[-1].id, limit=3)

    assert first + second == calls[::-1]


@pytest.mark.parametrize(
    "changes",
    [{"outcome": "maybe"}, {"failure": "maybe"}, {"subject_kind": "coupon"}, {"operation": None}],
)
def test_the_database_refuses_what_must_not_be(account, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(account, **changes)


def test_the_database_takes_every_outcome_and_failure(account):
    for outcome in CallOutcome.values:
        a_row(account, outcome=outcome)
    for failure in ("", *CallFailure.values):
        a_row(account, failure=failure)

    assert ProviderCall.objects.count() == len(CallOutcome) + len(CallFailure) + 1


def test_an_account_with_calls_cannot_be_deleted(account):
    a_row(account)

    with pytest.raises(ProtectedError), transaction.atomic():
        account.delete()


# --- how it ends --------------------------------------------------------------------------------


def test_old_calls_are_pruned_in_batches_oldest_first(account):
    rows = [a_row(account, age=timedelta(days=age)) for age in (40, 35, 31, 29, 1)]
    before = NOW - timedelta(days=30)

    assert services.prune_calls(before=before, batch=2) == 2
    assert set(ProviderCall.objects.values_list("pk", flat=True)) == {row.pk for row in rows[2:]}
    assert services.prune_calls(before=before, batch=2) == 1
    assert services.prune_calls(before=before, batch=2) == 0
    assert ProviderCall.objects.count() == 2


def test_pruning_is_one_statement_that_reads_the_key(account, django_assert_num_queries):
    a_row(account, age=timedelta(days=40))
    with CaptureQueriesContext(connection) as asked:
        services.prune_calls(before=NOW - timedelta(days=30))

    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert "providers_providercall_pkey" in plan
    assert "created_at" not in plan
    assert "Loop" not in plan
    assert "Join" not in plan


def test_pruning_reads_each_row_once_when_the_planner_believes_the_table_empty(account):
    old = NOW - timedelta(days=40)
    for _ in range(2):
        _many_rows(account, old, 2_000)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM providers_providercall")
            cursor.execute("ANALYZE providers_providercall")
    _many_rows(account, old, 2_000)

    with CaptureQueriesContext(connection) as asked:
        assert services.prune_calls(before=NOW - timedelta(days=30), batch=1_500) == 1_500
    _many_rows(account, old - timedelta(days=1), 1_500)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked[0]['sql']}")
        [plans] = cursor.fetchone()
    assert max(_loops(plans[0]["Plan"])) == 1


def test_the_job_drains_all_of_it_with_flat_memory(account, monkeypatch):
    old = datetime.now(UTC) - jobs.CALL_KEPT - timedelta(days=1)
    _many_rows(account, old, 12_000)
    kept = a_row(account)
    tracemalloc.start()
    deleted = jobs.purge_calls()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert deleted == 12_000
    assert list(ProviderCall.objects.all()) == [kept]
    assert peak < 2_000_000


def _many_rows(account, moment, count):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO providers_providercall (id, account_id, operation, subject_kind, method,"
            " url, request, response, outcome, error, created_at)"
            " SELECT (%s || lpad(to_hex(n), 12, '0'))::uuid, %s, 'place', '', 'POST', 'http://x/',"
            " repeat('x', 500), '', 'ok', '', %s FROM generate_series(1, %s) AS n",
            [str(ids.first_at(moment))[:24], account.pk, moment, count],
        )


def _loops(plan):
    yield plan["Actual Loops"]
    for part in plan.get("Plans", ()):
        yield from _loops(part)
