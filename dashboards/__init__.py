"""The platform's dashboards as code: one file each, rendered to ``json/`` by ``python -m dashboards.generate``."""
