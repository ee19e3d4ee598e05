from __future__ import annotations

from django.urls import path

from dashboard.home import views

urlpatterns = [
    path("", views.home, name="home"),
    path("palette/", views.palette, name="palette"),
    path("light/", views.light, name="light"),
    path("refresh/", views.refresh, name="refresh"),
    path("theme/", views.theme_change, name="theme_change"),
]
