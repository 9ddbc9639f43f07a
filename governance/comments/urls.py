"""The pages about comments, and about who hears of them."""

from django.urls import path

from governance.comments import views
from governance.initiatives import converters  # noqa: F401  registers <key:…>

app_name = "comments"

urlpatterns = [
    path("initiatives/<key:number>/comments/", views.index, name="list"),
    path("initiatives/<key:number>/comments/<int:nth>/", views.thread, name="thread"),
    path("initiatives/<key:number>/comments/<int:nth>/edit/", views.edit, name="edit"),
    path("initiatives/<key:number>/watch/", views.watch, name="watch"),
    path("me/watching/", views.watching, name="watching"),
]
