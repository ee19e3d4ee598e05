from __future__ import annotations

from django.urls import path

from dashboard.chatlog import views

urlpatterns = [
    path("", views.chatlog_list, name="chatlog_list"),
    path("export/", views.chatlog_export, name="chatlog_export"),
    path("update/", views.chatlog_update, name="chatlog_update"),
    path("<int:exchange_id>/", views.chatlog_detail, name="chatlog_detail"),
]
