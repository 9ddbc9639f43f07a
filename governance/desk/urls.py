"""Home, portfolio, notices, and help."""

from django.urls import include, path

from governance.desk import views, views_help

desk = [
    path("", views.home, name="home"),
    path("portfolio/", views.portfolio, name="portfolio"),
    path("setting-up/", views.set_up, name="setting_up"),
    path("notices/", views.notices, name="notices"),
]

help_pages = [
    path("", views_help.index, name="index"),
    path("lifecycle/", views_help.lifecycle, name="lifecycle"),
    path("rules/", views_help.rules, name="rules"),
    path("who-may/", views_help.who_may, name="who_may"),
    path("words/", views_help.words, name="words"),
]

urlpatterns = [
    path("", include((desk, "desk"))),
    path("help/", include((help_pages, "help"))),
]
