"""The page that creates an object through a service."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from config.staff.actions import By, Refused, by
from config.staff.admin import StaffAdmin


class CreatingAdmin(StaffAdmin):
    """Whoever has the model's add permission may create one, by `create`."""

    create_explanation: ClassVar[str] = ""

    def create_form(self, request: HttpRequest, data: Any) -> forms.Form:
        raise NotImplementedError

    def create(self, data: Mapping[str, Any], by: By) -> Any:
        """Call the service. Raises `Refused`."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(ModelAdmin.has_add_permission(self, request))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.create_form(request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                created = self.create(form.cleaned_data, by(request))
            except Refused as refusal:
                form.add_error(refusal.field or None, str(refusal))
            else:
                return self._created(request, created)
        return self._ask_for_new(request, form)

    def _created(self, request: HttpRequest, created: Any) -> HttpResponse:
        self.log_addition(request, created, "Created.")
        messages.success(request, f"Created: {self.opts.verbose_name} {created}.")
        return HttpResponseRedirect(self.url_of(created))

    def _ask_for_new(self, request: HttpRequest, form: forms.Form) -> HttpResponse:
        label = f"New {self.opts.verbose_name}"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": label,
            "page_url": self.list_url,
            "is_fullwidth": "1",
            "form": form,
            "explanation": self.create_explanation,
            "submit_label": "Create",
        }
        return render(request, "staff/ask.html", context)
