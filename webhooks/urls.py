from django.urls import path

from webhooks import views

urlpatterns = [
    path("webhooks/<slug:provider>/<str:token>", views.callback),
    path("webhooks/<slug:provider>/<str:token>/", views.callback),
    path("webhooks/<slug:provider>/<str:token>/<path:path>", views.callback),
]
