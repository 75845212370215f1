"""Addresses of the range. The slug is for people and search engines, the id decides."""

from django.urls import path

from . import views

app_name = "catalogue"
urlpatterns = [
    path("", views.index, name="index"),
    path("search/", views.search, name="search"),
    path("search/suggestions/", views.suggestions, name="suggestions"),
    path("category/<slug:slug>_<int:pk>/", views.category, name="category"),
    path("<slug:slug>_<int:pk>/", views.detail, name="detail"),
]
