"""Jobs and staff in the admin."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.tasks import async_task
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from config.roles import ABILITIES
from config.staff.actions import Action, By, Done, NoQuestions, Refused
from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, Tone, badge, code, moment, moment_text, number
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Summary, Table, Text

for _model in (Failure, OrmQ, Schedule, Success, User, Group):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


def _retry(failure: Failure, _: Mapping[str, Any], by: By) -> Done:
    """Queue the job again and take it out of the failed ones, both or neither."""
    with transaction.atomic():
        failed = Failure.objects.select_for_update().filter(pk=failure.pk).first()
        if failed is None:
            raise Refused("somebody retried it in the meantime.")
        async_task(
            failed.func, *(failed.args or ()), **(failed.kwargs or {}), task_name=failed.name
        )
        error = _error(failed)
        failed.delete()
    return Done(message=f"{failure.name} is queued again. It had failed with: {error}", gone=True)


def _error(task: Task) -> str:
    """The last line of a traceback: what went wrong, without where."""
    lines = str(task.result or "").strip().splitlines()
    return lines[-1] if lines else "no error was kept"


class _TaskAdmin(StaffAdmin):
    keyset = False
    ordering = ("-stopped",)
    list_max_show_all = 0
    search_fields = ("id",)
    search_help_text = "Id of the job"

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.filter(pk=term)
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A list reads no arguments and no results: they are the heavy part of a row."""
        return super().get_queryset(request).defer("args", "kwargs", "result")

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows

    @display(description="Started")
    def began(self, task: Task) -> Any:
        return moment(task.started)

    @display(description="Ended")
    def ended(self, task: Task) -> Any:
        return moment(task.stopped)

    @display(description="Took")
    def took(self, task: Task) -> Any:
        return number(f"{(task.stopped - task.started).total_seconds():.3f} s")


def _task_facts(task: Task) -> Facts:
    return Facts(
        title="Job",
        rows=[
            ("Function", code(task.func)),
            ("Arguments", code(_arguments(task.args, task.kwargs))),
            ("Started", moment(task.started)),
            ("Ended", moment(task.stopped)),
            ("Attempts", str(task.attempt_count)),
            ("Id", code(task.id)),
        ],
    )


def _arguments(args: Any, kwargs: Any) -> str:
    named = [f"{name}={value}" for name, value in (kwargs or {}).items()]
    return ", ".join([*map(str, args or ()), *named])


@admin.register(Failure)
class FailureAdmin(_TaskAdmin):
    list_display = ("name", "func", "attempt_count", "began", "ended")
    empty_state = "No job failed."
    staff_actions = (
        Action(
            name="retry",
            label="Retry",
            permission="django_q.change_failure",
            form=NoQuestions,
            explain=lambda task: (
                "It is queued again with the same arguments. Jobs may run twice without harm."
            ),
            run=_retry,
        ),
    )

    def page(self, request: HttpRequest, target: Failure) -> Page:
        return Page(
            title=target.name,
            summary=Summary(
                headline=f"Failed on {moment_text(target.stopped)}.",
                detail=_error(target),
                tone=Tone.ALERT,
            ),
            side_by_side=[_task_facts(target)],
            sections=[Text(title="Error", text=str(target.result or "")), done_by_staff(target)],
        )


@admin.register(Success)
class SuccessAdmin(_TaskAdmin):
    list_display = ("name", "func", "began", "ended", "took")
    empty_state = "No job has ended yet whose result is kept."

    def page(self, request: HttpRequest, target: Success) -> Page:
        return Page(
            title=target.name,
            summary=Summary(headline=f"Done on {moment_text(target.stopped)}.", tone=Tone.GOOD),
            side_by_side=[_task_facts(target)],
            sections=[Text(title="Result", text=str(target.result or ""), empty="None.")],
        )


@admin.register(OrmQ)
class QueuedAdmin(StaffAdmin):
    list_display = ("job", "function", "state")
    empty_state = "The queue is empty: every job has been taken."

    def page(self, request: HttpRequest, target: OrmQ) -> Page:
        return Page(
            title=str(target.name() or target.pk),
            side_by_side=[
                Facts(
                    title="Job",
                    rows=[
                        ("Function", code(str(target.func()))),
                        ("Arguments", code(_arguments(target.args(), target.kwargs()))),
                        ("Hidden until", moment(target.lock)),
                    ],
                )
            ],
        )

    @display(description="Job")
    def job(self, queued: OrmQ) -> str:
        return str(queued.name() or queued.pk)

    @display(description="Function")
    def function(self, queued: OrmQ) -> str:
        return str(queued.func())

    @display(description="State")
    def state(self, queued: OrmQ) -> Any:
        return badge("waits") if queued.lock is None else badge("taken", Tone.WAITING)


@admin.register(User)
class StaffUserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg, misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active", "groups")
    list_fullwidth = True
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Name", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever leaves is switched off; what they did keeps their name."""
        return False

    @display(description="Role")
    def role(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or NOTHING


@admin.register(Group)
class RoleAdmin(StaffAdmin):
    keyset = False
    ordering = ("name",)
    list_display = ("name",)
    empty_state = "The roles are missing. Run `manage.py migrate`."

    def page(self, request: HttpRequest, target: Group) -> Page:
        return Page(
            title=f"Role {target.name}",
            sections=[
                Table(
                    title="What it may do",
                    columns=[Column("")],
                    rows=[(each.label,) for each in ABILITIES if target.name in each.roles],
                    empty="Nothing.",
                    note="The table is part of the program; people get a role on their own page.",
                )
            ],
        )
