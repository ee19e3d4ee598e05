from __future__ import annotations

from django.urls import path

from dashboard.users import bulk, import_views, views

urlpatterns = [
    path("", views.user_list, name="user_list"),
    path("new/", views.user_new, name="user_new"),
    path("check/", views.user_check, name="user_check"),
    path("export/", views.user_export, name="user_export"),
    path("bulk/", bulk.user_bulk, name="user_bulk"),
    path("import/", import_views.user_import, name="user_import"),
    path("import/<int:draft_id>/", import_views.user_import_preview, name="user_import_preview"),
    path("import/<int:draft_id>/export/", import_views.user_import_export, name="user_import_export"),
    path("<int:user_id>/", views.user_detail, name="user_detail"),
    path("<int:user_id>/edit/", views.user_edit, name="user_edit"),
    path("<int:user_id>/suspend/", views.user_suspend, name="user_suspend"),
    path("<int:user_id>/lock-out/", views.user_lock_out, name="user_lock_out"),
    path("<int:user_id>/resume/", views.user_resume, name="user_resume"),
    path("<int:user_id>/password/", views.user_password, name="user_password"),
    path("<int:user_id>/delete/", views.user_delete, name="user_delete"),
]
