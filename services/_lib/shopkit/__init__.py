"""What the shop's services share: settings, logs, metrics, traces, events, stores and resilience. No business rules."""
