"""The shop: orders on their way, what is between its services, and what protects them.

Where the shop is switched off there is nothing to see, rightly: every query then answers with zero.
"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.common import (
    BAD_WHEN_ANY,
    GOOD_WHEN_HIGH,
    NEUTRAL,
    Query,
    Row,
    Steps,
    build,
    lines,
    number,
    or_none,
    rate,
)

_DEAD = 'events_consumed_total{outcome=~"dead|undecodable"}'
_LATE: Steps = ((0, "green"), (5, "orange"), (30, "red"))


def _or_zero(expr: str) -> str:
    return f"{expr} or on () vector(0)"


def _known(expr: str) -> str:
    """Without what is no number: a share or a quantile of nothing."""
    return f"({expr}) >= 0"


def _saga(share: float) -> str:
    return _or_zero(_known(f"histogram_quantile({share}, {rate('orders_duration_seconds_bucket', 'le')})"))


_HANDLED = rate("event_handling_seconds_bucket", "le", "consumer")
_HITS = rate('cache_requests_total{outcome=~"hit|stale"}', "level")
_ENDED = rate("orders_duration_seconds_count")
_CONFIRMED = rate('orders_duration_seconds_count{status="confirmed"}')


def dashboard() -> Dashboard:
    """Build it."""
    return build(
        "shop",
        "Shop",
        "Orders and how long they take, events between the services, breakers and caches. All zero where it is off.",
        ["services", "shop"],
        [
            Row(
                "Now",
                (
                    number("Orders under way", "short", _or_zero("sum(orders_open)"), steps=NEUTRAL),
                    number(
                        "Confirmed of ended",
                        "percentunit",
                        _or_zero(_known(f"({_CONFIRMED}) / {_ENDED}")),
                        steps=GOOD_WHEN_HIGH,
                        decimals=1,
                        description="The rest was cancelled: out of stock, declined, or not paid in time.",
                    ),
                    number("Saga, 99th percentile", "s", _saga(0.99), steps=_LATE),
                    number("Breakers open", "short", _or_zero('sum(breaker_state{state="open"})'), steps=BAD_WHEN_ANY),
                    number("Outbox, oldest", "s", _or_zero("max(outbox_oldest_seconds)"), steps=_LATE),
                    number("Read model behind", "s", _or_zero("max(orderview_lag_seconds)"), steps=_LATE),
                ),
            ),
            Row(
                "Orders",
                (
                    lines(
                        "Placed, by outcome",
                        "reqps",
                        Query(or_none(rate("orders_placed_total", "outcome"), "outcome"), "{{outcome}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "Ended, by state",
                        "reqps",
                        Query(or_none(rate("orders_duration_seconds_count", "status"), "status"), "{{status}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "From placed to the end",
                        "s",
                        *(Query(_saga(share), f"{share:.0%}") for share in (0.5, 0.9, 0.99)),
                        width=8,
                    ),
                    lines(
                        "Reservations, by decision",
                        "reqps",
                        Query(or_none(rate("stock_decisions_total", "outcome"), "outcome"), "{{outcome}}"),
                        width=8,
                    ),
                    lines(
                        "Charges, by the state they moved to",
                        "reqps",
                        Query(or_none(rate("payments_charges_total", "outcome"), "outcome"), "{{outcome}}"),
                        width=8,
                    ),
                    lines(
                        "Charges that the provider owes an answer",
                        "short",
                        Query(or_none("sum by (state) (payments_unanswered)", "state"), "{{state}}"),
                        width=8,
                    ),
                ),
            ),
            Row(
                "Events",
                (
                    lines(
                        "In outboxes, not with the broker yet",
                        "short",
                        Query(or_none("sum by (job) (outbox_pending)", "job"), "{{job}}"),
                        width=8,
                    ),
                    lines(
                        "Consumed, by outcome",
                        "ops",
                        Query(or_none(rate("events_consumed_total", "outcome"), "outcome"), "{{outcome}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "Dead letters, by consumer",
                        "short",
                        Query(or_none(f"sum by (consumer) ({_DEAD})", "consumer"), "{{consumer}}"),
                        width=8,
                        description="Since each consumer's start; the messages are kept in the stream DEAD.",
                    ),
                    lines(
                        "Read model: events that it does not know yet",
                        "short",
                        Query(_or_zero("sum(orderview_lag_events)"), "events"),
                    ),
                    lines(
                        "Slowest handlers, 99th percentile",
                        "s",
                        Query(
                            or_none(_known(f"histogram_quantile(0.99, {_HANDLED})"), "consumer"),
                            "{{consumer}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Protection",
                (
                    lines(
                        "Breakers that are not closed",
                        "short",
                        Query(
                            or_none('max by (job, name) (breaker_state{state=~"open|half_open"})', "job"),
                            "{{job}} to {{name}}",
                        ),
                        width=8,
                        most=1,
                    ),
                    lines(
                        "Ejected by the mesh",
                        "short",
                        Query(_or_zero("sum(envoy_cluster_outlier_detection_ejections_active)"), "hosts"),
                        width=8,
                        description="Hosts that Envoy leaves out for their errors, over all callers' sidecars.",
                    ),
                    lines(
                        "Answers given without an upstream",
                        "reqps",
                        Query(or_none(rate("degraded_answers_total", "upstream"), "upstream"), "{{upstream}}"),
                        width=8,
                    ),
                    lines(
                        "Caches: hit ratio by level",
                        "percentunit",
                        Query(
                            or_none(_known(f"({_HITS}) / {rate('cache_requests_total', 'level')}"), "level"),
                            "{{level}}",
                        ),
                        most=1,
                        description="Fresh and stale answers of all questions: process, Redis, edge, browser (304).",
                    ),
                    lines(
                        "Refused with 429",
                        "reqps",
                        Query(or_none(rate("rate_limited_total", "by"), "by"), "by {{by}}"),
                    ),
                ),
            ),
        ],
    )
