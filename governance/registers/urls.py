"""The pages of lists coming in."""

from django.urls import path

from governance.registers import views, views_directory

app_name = "registers"

urlpatterns = [
    path("imports/", views.index, name="list"),
    path("imports/edited/", views.edited, name="edited"),
    path("imports/people/", views_directory.index, name="directories"),
    path("imports/people/<int:number>/", views_directory.show, name="directory"),
    path("imports/people/<int:number>/columns/", views_directory.columns, name="directory_columns"),
    path("imports/<int:number>/", views.batch, name="batch"),
    path("imports/profiles/", views.profile_list, name="profiles"),
    path("imports/profiles/<slug:name>.toml", views.profile_file, name="profile_file"),
    path("imports/<int:number>/columns/", views.columns, name="columns"),
    path("imports/<int:number>/words/", views.words, name="words"),
    path("imports/<int:number>/rows/<int:record>/", views.row, name="row"),
    path("imports/<int:number>/report/", views.report, name="report"),
    path("imports/<int:number>/take-back/", views.take_back, name="take_back"),
]
