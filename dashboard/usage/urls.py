from __future__ import annotations

from django.urls import path

from dashboard.usage import views

urlpatterns = [
    path("", views.usage_overview, name="usage_overview"),
    path("export/", views.usage_export, name="usage_export"),
]
