from __future__ import annotations

from django.urls import path

from dashboard.accounts import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("sign-out/everywhere/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("recovery-codes/", views.recovery_codes, name="recovery_codes"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.password_change, name="password_change"),
    path("operators/", views.operator_list, name="operator_list"),
    path("operators/new/", views.operator_new, name="operator_new"),
    path("operators/<int:operator_id>/edit/", views.operator_edit, name="operator_edit"),
    path("operators/<int:operator_id>/workspaces/", views.operator_workspaces, name="operator_workspaces"),
    path("operators/of-user/<int:user_id>/", views.operator_of_user, name="operator_of_user"),
    path("operators/<int:operator_id>/password/", views.operator_password, name="operator_password"),
]
