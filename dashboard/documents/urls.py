from __future__ import annotations

from django.urls import path

from dashboard.documents import act_views, add_views, folder_views, views

urlpatterns = [
    path("", views.document_list, name="document_list"),
    path("item/", views.document_detail, name="document_detail"),
    path("embed/", act_views.document_embed, name="document_embed"),
    path("remove/", act_views.document_remove, name="document_remove"),
    path("erase/", act_views.document_erase, name="document_erase"),
    path("move/", act_views.document_move, name="document_move"),
    path("pin/", act_views.document_pin, name="document_pin"),
    path("folders/new/", folder_views.folder_new, name="folder_new"),
    path("folders/rename/", folder_views.folder_rename, name="folder_rename"),
    path("folders/remove/", folder_views.folder_remove, name="folder_remove"),
    path("find/<slug:slug>/", views.workspace_find, name="workspace_find"),
    path("add/", add_views.document_add, name="document_add"),
    path("add/file/", add_views.document_add_file, name="document_add_file"),
    path("add/link/", add_views.document_link, name="document_link"),
    path("add/text/", add_views.document_text, name="document_text"),
    path("add/<int:job_id>/", add_views.document_add_status, name="document_add_status"),
    path("add/<int:job_id>/retry/", add_views.document_add_retry, name="document_add_retry"),
]
