"""The admin class that all pages share: lists by key, read-only pages, actions that ask first."""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from config.staff.actions import Action, Done, Refused, by
from config.staff.display import NOTHING
from config.staff.page import Page
from config.staff.paging import KeysetChangeList


class StaffAdmin(ModelAdmin):
    """Nothing is added, changed or deleted here, not by a superuser either.

    What may be done to an object is one of its `staff_actions`. A subclass builds its page in
    `page`, says in `empty_state` what an empty list means, and finds objects in `found`. A list is
    called by `list_title`, where that is not the model's name.
    """

    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    empty_value_display = NOTHING
    list_disable_select_all = True
    list_filter_sheet = True
    search_help_text = ""
    empty_state: ClassVar[str] = ""
    list_title: ClassVar[str] = ""
    keyset: ClassVar[bool] = True
    staff_actions: ClassVar[tuple[Action, ...]] = ()

    def page(self, request: HttpRequest, target: Any) -> Page:
        raise NotImplementedError

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        """What a search term finds, by indexed columns only."""
        rows: QuerySet[Any] = self.model._default_manager.none()
        return rows

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        """What the page of one object is read from."""
        return self.get_queryset(request)

    # --- nothing is edited in place ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- lists ---

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = self.list_title or capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return KeysetChangeList if self.keyset else super().get_changelist(request, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        found = list(self.found(request, term).values_list("pk", flat=True))
        return queryset.filter(pk__in=found), False

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Read at once what the columns show beside the rows of one page of the list."""

    # --- the page of one object ---

    def get_urls(self) -> list[Any]:
        doing = path(
            "<path:object_id>/do/<slug:name>/",
            self.admin_site.admin_view(self.do_view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_do",
        )
        return [doing, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        target = self._target(request, object_id, self.queryset_of_page(request))
        page = self.page(request, target)
        context = self._context(request, target, page.title)
        context |= {"page": page, "buttons": self._buttons(request, target)}
        return render(request, "staff/page.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What staff did stands on the page itself."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        target = self._target(request, object_id, self.queryset_of_page(request))
        return HttpResponseRedirect(self.url_of(target))

    def _target(self, request: HttpRequest, object_id: str, queryset: QuerySet[Any]) -> Any:
        try:
            return queryset.get(pk=self.opts.pk.to_python(unquote(object_id)))
        except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError) as error:
            raise Http404(object_id) from error

    def _context(self, request: HttpRequest, target: Any, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": title,
            "page_url": self.url_of(target),
            "is_fullwidth": "1",
        }

    def url_of(self, target: Model) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[target.pk])

    @property
    def list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _buttons(self, request: HttpRequest, target: Any) -> list[dict[str, str]]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_do"
        return [
            {
                "label": action.label,
                "tone": action.tone,
                "url": reverse(name, args=[target.pk, action.name]),
            }
            for action in self.staff_actions
            if action.allowed(request) and action.offered(target)
        ]

    # --- actions ---

    def do_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask with GET, do with POST. Who may not gets 403 for both."""
        action = next((a for a in self.staff_actions if a.name == name), None)
        if action is None:
            raise Http404(name)
        if not (self.has_view_permission(request) and action.allowed(request)):
            raise PermissionDenied
        target = self._target(request, object_id, self.queryset_of_page(request))
        if not action.offered(target):
            messages.error(request, f"“{action.label}” is not possible now.")
            return HttpResponseRedirect(self.url_of(target))
        form = action.bound_form(target, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._do(request, target, action, form)
        return self._ask(request, target, action, form)

    def _do(self, request: HttpRequest, target: Any, action: Action, form: Any) -> HttpResponse:
        try:
            done = action.run(target, form.cleaned_data, by(request))
        except Refused as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal))
                return self._ask(request, target, action, form)
            messages.error(request, f"Not done: {refusal}")
            return HttpResponseRedirect(self.url_of(target))
        return self._tell(request, target, action, form.cleaned_data, done)

    def _ask(self, request: HttpRequest, target: Any, action: Action, form: Any) -> HttpResponse:
        context = self._context(request, target, action.label)
        context |= {
            "form": form,
            "explanation": action.explain(target),
            "submit_label": action.label,
            "tone": action.tone,
        }
        return render(request, "staff/ask.html", context)

    def _tell(
        self,
        request: HttpRequest,
        target: Any,
        action: Action,
        data: dict[str, Any],
        done: Done,
    ) -> HttpResponse:
        self.log_change(request, target, logged(action, data, done))
        if action.shows:
            return self._shown(request, target, action, done)
        messages.success(request, done.message)
        return HttpResponseRedirect(self.list_url if done.gone else self.url_of(target))

    def _shown(self, request: HttpRequest, target: Any, action: Action, done: Done) -> HttpResponse:
        context = self._context(request, target, action.label)
        return render(request, "staff/done.html", {**context, "done": done})


def logged(action: Action, data: dict[str, Any], done: Done) -> str:
    """What the history says: never a secret, only words that were meant for it."""
    words = str(data.get("reason") or data.get("note") or "")
    if words:
        return f"{action.label}: {words}"
    return done.fact or f"{action.label}. {done.message}"
