"""The keys' doors."""

from __future__ import annotations

from django.urls import path

from dashboard.access import group_views, matrix_views, views

urlpatterns = [
    path("access/", matrix_views.access_matrix, name="access_matrix"),
    path("access/example/", matrix_views.access_example, name="access_example"),
    path("access/stage/", matrix_views.access_stage, name="access_stage"),
    path("access/sets/", views.access_set_list, name="access_set_list"),
    path("access/sets/<int:set_id>/", views.access_set, name="access_set"),
    path("access/sets/<int:set_id>/apply/", views.access_apply, name="access_apply"),
    path("access/sets/<int:set_id>/discard/", views.access_discard, name="access_discard"),
    path("access/sets/<int:set_id>/undo/", views.access_undo, name="access_undo"),
    path("access/<int:workspace_id>/open/", views.access_open, name="access_open"),
    path("access/<int:workspace_id>/<int:user_id>/", views.access_toggle, name="access_toggle"),
    path("groups/", group_views.group_list, name="group_list"),
    path("groups/new/", group_views.group_new, name="group_new"),
    path("groups/<int:group_id>/", group_views.group_detail, name="group_detail"),
    path("groups/<int:group_id>/edit/", group_views.group_edit, name="group_edit"),
    path("groups/<int:group_id>/join/", group_views.group_join, name="group_join"),
    path("groups/<int:group_id>/leave/", group_views.group_leave, name="group_leave"),
    path("groups/<int:group_id>/delete/", group_views.group_delete, name="group_delete"),
]
