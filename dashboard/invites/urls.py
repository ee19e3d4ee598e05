from __future__ import annotations

from django.urls import path

from dashboard.invites import first_views, join_views

urlpatterns = [
    path("join/<path:code>/check/", join_views.join_check, name="join_check"),
    path("join/<path:code>/", join_views.join, name="join"),
    path("welcome/", first_views.first_steps, name="first_steps"),
    path("welcome/ask/", first_views.first_question, name="first_question"),
    path("open/", first_views.anythingllm_open, name="anythingllm_open"),
]
