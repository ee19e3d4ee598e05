from __future__ import annotations

from django.urls import path

from dashboard.system import views

urlpatterns = [
    path("", views.system_overview, name="system_overview"),
    path("instance/", views.instance_identity, name="instance_identity"),
    path("test/", views.connection_test, name="connection_test"),
]
