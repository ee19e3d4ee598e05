from __future__ import annotations

from django.urls import path

from dashboard.chat import views

# What is no conversation has a sign in its address that no slug can have.
urlpatterns = [
    path("", views.chat_home, name="chat_home"),
    path("+turn/<int:turn_id>/", views.chat_turn, name="chat_turn"),
    path("<slug:slug>/", views.chat_workspace, name="chat_workspace"),
    path("<slug:slug>/+ask/", views.chat_ask, name="chat_ask"),
    path("<slug:slug>/<slug:thread>/", views.chat_thread, name="chat_thread"),
    path("<slug:slug>/<slug:thread>/sources/<int:chat_id>/", views.chat_sources, name="chat_sources"),
    path("<slug:slug>/<slug:thread>/rename/", views.chat_rename, name="chat_rename"),
    path("<slug:slug>/<slug:thread>/delete/", views.chat_delete, name="chat_delete"),
]
