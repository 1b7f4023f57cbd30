"""The platform's own receiver of alerts: it records what Alertmanager delivers."""

__version__ = "0.1.0"
