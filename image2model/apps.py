"""The composition root as an app: its commands run the whole site."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "image2model"
