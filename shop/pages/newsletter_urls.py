"""Addresses of the newsletter. Without a namespace: the foot of each page links ``newsletter``."""

from django.urls import path

from . import newsletter

urlpatterns = [
    path("", newsletter.sign_up, name="newsletter"),
    path("confirm/<str:token>/", newsletter.confirm, name="newsletter-confirm"),
    path("leave/<str:token>/", newsletter.leave, name="newsletter-leave"),
]
