"""The pages of one initiative, and the two ways to begin one."""

from django.urls import path, re_path

from governance.initiatives import (
    views,
    views_change,
    views_figures,
    views_overview,
    views_people,
    views_register,
)
from governance.initiatives.converters import ANY_SPELLING, Key

app_name = "initiatives"

urlpatterns = [
    path("register/", views_register.register, name="register"),
    path("register/found/", views_register.report_found, name="report_found"),
    path("initiatives/<key:number>/", views_overview.show, name="show"),
    path("initiatives/<key:number>/history/", views.history, name="history"),
    path("initiatives/<key:number>/seals/<int:pk>/", views.seal, name="seal"),
    path("initiatives/<key:number>/amend/", views_change.amend, name="amend"),
    path("initiatives/<key:number>/tier/", views_change.tier, name="tier"),
    path("initiatives/<key:number>/restrict/", views_change.restrict, name="restrict"),
    path("initiatives/<key:number>/pause/", views_change.pause, name="pause"),
    path("initiatives/<key:number>/outcome/", views_figures.outcome, name="outcome"),
    path("initiatives/<key:number>/budget/", views_figures.budget, name="budget"),
    path("initiatives/<key:number>/controls/", views_figures.controls, name="controls"),
    path("initiatives/<key:number>/matrix/", views_people.matrix, name="matrix"),
    path("initiatives/<key:number>/matrix/offers/<int:pk>/", views_people.answer_offer, name="answer_offer"),
    # ai-42 and AI-042 lead to AI-42; a key as it should be is never caught here.
    re_path(rf"^initiatives/(?!{Key.regex}(?:/|$))(?P<written>{ANY_SPELLING})(?P<rest>(?:/.*)?)$", views.spell_key),
]
