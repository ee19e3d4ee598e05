from __future__ import annotations

from django.urls import path

from dashboard.workspaces import views

# What is no workspace has a sign in its address that no slug can have: a workspace may well be called "New" or "Export".
urlpatterns = [
    path("", views.workspace_list, name="workspace_list"),
    path("+new/", views.workspace_new, name="workspace_new"),
    path("+export/", views.workspace_export, name="workspace_export"),
    path("<slug:slug>/", views.workspace_detail, name="workspace_detail"),
    path("<slug:slug>/people/", views.workspace_add_people, name="workspace_add_people"),
    path("<slug:slug>/settings/", views.workspace_settings, name="workspace_settings"),
    path("<slug:slug>/delete/", views.workspace_delete, name="workspace_delete"),
]
