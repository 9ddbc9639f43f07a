"""The pages of questions and of the acts that need none."""

from django.urls import path

import governance.core.converters
import governance.initiatives.converters  # noqa: F401  they register <file:…> and <key:…>
from governance.gates import views, views_answer, views_ask, views_end, views_stop, views_triage

app_name = "gates"

urlpatterns = [
    path("gates/", views.index, name="list"),
    path("gates.<file:kind>", views.as_file, name="file"),
    path("triage/", views_triage.index, name="triage"),
    path("triage.<file:kind>", views_triage.as_file, name="triage_file"),
    path("triage/<key:number>/", views_triage.one, name="triage_one"),
    path("initiatives/<key:number>/ask/", views_ask.ask, name="ask"),
    path("initiatives/<key:number>/decisions/<int:nth>/", views.decision, name="decision"),
    path("initiatives/<key:number>/decisions/<int:nth>/sign/", views_answer.sign, name="sign"),
    path("initiatives/<key:number>/decisions/<int:nth>/withdraw/", views_answer.withdraw, name="withdraw"),
    path("initiatives/<key:number>/decisions/<int:nth>/extend/", views_answer.extend, name="extend"),
    path(
        "initiatives/<key:number>/decisions/<int:nth>/sign-off/<slug:function>/", views_answer.sign_off, name="sign_off"
    ),
    path("initiatives/<key:number>/gates/<slug:kind>/", views.latest, name="latest"),
    path("initiatives/<key:number>/stop/", views_stop.stop, name="stop"),
    path("initiatives/<key:number>/stop/confirm/", views_stop.confirm, name="confirm_stop"),
    path("initiatives/<key:number>/stop/ask/", views_stop.ask_to_stop, name="ask_to_stop"),
    path("initiatives/<key:number>/stop/wishes/<int:pk>/", views_stop.answer_wish, name="answer_wish"),
    path("initiatives/<key:number>/retire/", views_end.retire, name="retire"),
    path("initiatives/<key:number>/postmortem/", views_end.postmortem, name="postmortem"),
    path("initiatives/<key:number>/close/", views_end.close, name="close"),
    path("initiatives/<key:number>/place/", views_end.place, name="place"),
    path("initiatives/<key:number>/correct/", views_end.correct, name="correct"),
]
