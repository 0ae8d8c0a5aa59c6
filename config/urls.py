"""Every address; the probes `/healthz` and `/readyz` are answered in `config.health`."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from config.sandbox.page import sandbox_page

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url=static("slipdesk/favicon.svg"))),
    path("api/", include("bets.api.urls")),
    path("admin/sandbox/", admin.site.admin_view(sandbox_page), name="sandbox"),
    path("admin/", admin.site.urls),
    path("", include("webhooks.urls")),
]

handler400 = "config.problems.bad_request"
handler500 = "config.problems.server_error"
