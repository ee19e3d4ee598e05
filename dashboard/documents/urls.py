from __future__ import annotations

from django.urls import path

from dashboard.documents import add_views

urlpatterns = [
    path("add/", add_views.document_add, name="document_add"),
    path("add/file/", add_views.document_add_file, name="document_add_file"),
    path("add/link/", add_views.document_link, name="document_link"),
    path("add/text/", add_views.document_text, name="document_text"),
    path("add/<int:job_id>/", add_views.document_add_status, name="document_add_status"),
    path("add/<int:job_id>/retry/", add_views.document_add_retry, name="document_add_retry"),
]
