"""The pages about people."""

from django.urls import path

from governance.core import converters  # noqa: F401  registers <file:…>
from governance.people import (
    views,
    views_company,
    views_door,
    views_functions,
    views_installation,
    views_keep,
    views_me,
    views_prove,
    views_second_factor,
    views_units,
)

app_name = "people"

urlpatterns = [
    path("people/", views.index, name="list"),
    path("people.<file:kind>", views.as_file, name="file"),
    path("people/add/", views_keep.add, name="add"),
    path("people/units/", views_units.index, name="units"),
    path("people/units.<file:kind>", views_units.as_file, name="units_file"),
    path("people/units/add/", views_units.unit, name="unit_add"),
    path("people/units/<int:pk>/", views_units.unit, name="unit"),
    path("people/company/", views_installation.show, name="company"),
    path("people/functions/", views_functions.index, name="functions"),
    path("people/deputies/<int:pk>/end/", views_me.end_deputy, name="end_deputy"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/edit/", views_keep.edit, name="edit"),
    path("people/<int:pk>/leave/", views_keep.leave, name="leave"),
    path("people/<int:pk>/back/", views_keep.come_back, name="come_back"),
    path("people/<int:pk>/invite/", views_keep.invite, name="invite"),
    path("people/<int:pk>/deputies/", views_me.deputise, name="deputies_of"),
    path("people/<int:pk>/second-factor/", views_second_factor.take, name="take_second_factor"),
    path("me/", views_me.me, name="me"),
    path("me/sign-out-elsewhere/", views_me.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("me/deputies/", views_me.deputise, name="deputies"),
    path("me/second-factor/", views_second_factor.mine, name="second_factor"),
    path("prove/", views_prove.prove, name="prove"),
    path("people/<int:pk>/forget-identity/", views_company.forget, name="forget_identity"),
    path("sign-in/company/", views_company.go_there, name="sign_in_company"),
    path("sign-in/company/back/", views_company.back, name="back_from_company"),
    path("invitation/<str:token>/", views_door.invitation, name="invitation"),
    path("setup/<str:token>/", views_door.set_up, name="setup"),
]
