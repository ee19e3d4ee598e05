from __future__ import annotations

from django.urls import path

from dashboard.invites import batch, first_views, join_views, views

urlpatterns = [
    path("invites/", views.invite_list, name="invite_list"),
    path("invites/new/", views.invite_new, name="invite_new"),
    path("invites/many/", batch.invite_batch, name="invite_batch"),
    path("invites/many/<uuid:batch>/", batch.invite_batch_detail, name="invite_batch_detail"),
    path("invites/many/<uuid:batch>/export/", batch.invite_batch_export, name="invite_batch_export"),
    path("invites/many/<uuid:batch>/mail/", batch.invite_batch_mail, name="invite_batch_mail"),
    path("invites/found/<int:invite_id>/", views.invite_found, name="invite_found"),
    path("invites/found/<int:invite_id>/revoke/", views.invite_found_revoke, name="invite_found_revoke"),
    path("invites/<int:link_id>/", views.invite_detail, name="invite_detail"),
    path("invites/<int:link_id>/link/", views.invite_link, name="invite_link"),
    path("invites/<int:link_id>/print/", views.invite_print, name="invite_print"),
    path("invites/<int:link_id>/extend/", views.invite_extend, name="invite_extend"),
    path("invites/<int:link_id>/revoke/", views.invite_revoke, name="invite_revoke"),
    path("invites/<int:link_id>/mail/", views.invite_mail, name="invite_mail"),
    path("join/<path:code>/check/", join_views.join_check, name="join_check"),
    path("join/<path:code>/", join_views.join, name="join"),
    path("welcome/", first_views.first_steps, name="first_steps"),
    path("welcome/ask/", first_views.first_question, name="first_question"),
    path("open/", first_views.anythingllm_open, name="anythingllm_open"),
]
