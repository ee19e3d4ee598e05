from __future__ import annotations

from django.urls import path

from dashboard.audit import views

urlpatterns = [
    path("", views.audit_list, name="audit_list"),
    path("export/", views.audit_export, name="audit_export"),
]
