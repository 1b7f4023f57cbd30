"""Customers, as Locust users: what they do, how long they think, and what they take for an error.

An answer that says it is degraded is no error: the shop is there. A 5xx, a 429, no answer, or an answer that is not
what was asked for is one. A customer whose order got no answer asks again with the same key, as the page does.
"""

from __future__ import annotations

import random
import ssl
import time
import uuid
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar

import gevent
from gevent import ssl as gevent_ssl
from locust import FastHttpUser, between, task
from locust.contrib.fasthttp import ResponseContextManager

from traffic.report import Report

WORDS = ("mug", "coffee", "lamp", "wool", "paper", "tea")
"""What is searched for; a word that finds nothing is a search too."""
ORDER_SECONDS = 30
"""How long a customer waits for the end of an order."""
ATTEMPTS = 4
Json = dict[str, Any] | None
DONE = ("confirmed", "cancelled")


class Customer(FastHttpUser):
    """What every customer can do. `report` and `ca` are set once for all."""

    abstract = True
    report: ClassVar[Report]
    ca: ClassVar[str | None] = None
    insecure = False
    connection_timeout = 5.0
    network_timeout = 15.0
    max_retries = 0

    @staticmethod
    def ssl_context_factory() -> ssl.SSLContext:
        """Trusts the platform's CA alone."""
        context: ssl.SSLContext = gevent_ssl.create_default_context(cafile=Customer.ca)
        return context

    def on_start(self) -> None:
        """Products known so far. A session's cookie is for HTTPS alone, but a shop on this machine may have none."""
        self.skus: list[str] = []
        self.client.cookiejar.set_policy(DefaultCookiePolicy(secure_protocols=("https", "http")))

    def ask(self, method: str, path: str, name: str, json: Json = None, well: tuple[int, ...] = (200,)) -> Any:
        """The answer's JSON, or None where the request failed."""
        with self.client.request(method, f"/api{path}", name=name, catch_response=True, json=json) as response:
            return self._judged(response, well)

    def _judged(self, response: ResponseContextManager, well: tuple[int, ...]) -> Any:
        if response.status_code not in well:
            response.failure(f"status {response.status_code}")  # type: ignore[no-untyped-call]
            return None
        if response.status_code == 204:
            return {}
        try:
            found = response.json()
        except ValueError:
            response.failure("the answer is no JSON")  # type: ignore[no-untyped-call]
            return None
        self.report.degraded += bool(isinstance(found, dict) and found.get("degraded"))
        return found

    def look(self) -> None:
        """The page, its products, and one of them."""
        with self.client.get("/", name="page", catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")
        found = self.ask("GET", "/products?limit=20", "products")
        if found:
            self.skus = [product["sku"] for product in found["products"]] or self.skus
        self.open()

    def open(self) -> None:
        """One product and how many there are."""
        if self.skus:
            sku = random.choice(self.skus)
            self.ask("GET", f"/products/{sku}", "product")
            self.ask("GET", f"/stock?sku={sku}", "stock")

    def search(self) -> None:
        """By a word."""
        self.ask("GET", f"/products?q={random.choice(WORDS)}", "search")

    def buy(self, email: str, payment_token: str) -> None:
        """One to three products, ordered with one key however often it takes, and followed to the order's end."""
        if not self.skus:
            self.look()
        for sku in random.sample(self.skus, min(len(self.skus), random.randint(1, 3))):
            self.ask("PUT", f"/basket/items/{sku}", "basket item", {"quantity": random.randint(1, 2)})
        basket = self.ask("GET", "/basket", "basket")
        if not basket or not basket.get("items"):
            return
        key = str(uuid.uuid4())
        checkout: Json = {"email": email, "payment_token": payment_token, "idempotency_key": key}
        for attempt in range(ATTEMPTS):
            placed = self.ask("POST", "/orders", "order", checkout, (202,))
            if placed:
                self.report.ordered(key, placed["order_id"])
                self.follow(placed["order_id"])
                return
            gevent.sleep(0.5 * 2**attempt)

    def follow(self, order_id: str) -> None:
        """Look at an order until it has come to its end; how long that took counts as the request `order's end`."""
        began = time.monotonic()
        error: str | None = f"not within {ORDER_SECONDS} s"
        while (passed := time.monotonic() - began) < ORDER_SECONDS:
            # Not known yet is no error: what is read follows what is written.
            found = self.ask("GET", f"/orders/{order_id}", "order status", well=(200, 404))
            if found and found.get("status") in DONE:
                error = None
                break
            gevent.sleep(1)
        self.environment.events.request.fire(
            request_type="SAGA",
            name="order's end",
            response_time=passed * 1000,
            response_length=0,
            exception=RuntimeError(error) if error else None,
            context={},
        )


class Browser(Customer):
    """Looks around and buys nothing."""

    wait_time = between(0.5, 2.0)

    @task(3)
    def looking(self) -> None:
        """The page and a product."""
        self.look()

    @task(5)
    def opening(self) -> None:
        """Another product."""
        self.open()

    @task(2)
    def searching(self) -> None:
        """A search."""
        self.search()


class Buyer(Customer):
    """Orders again and again; one in twenty has a card that is declined."""

    wait_time = between(0.5, 2.0)

    @task
    def buying(self) -> None:
        """One order."""
        declined = random.random() < 0.05
        self.buy("load@example.com", "tok_declined" if declined else "tok_visa")


class HastyBrowser(Browser):
    """At peak nobody thinks for long."""

    weight = 3
    wait_time = between(0.1, 0.5)


class HastyBuyer(Buyer):
    """The same who orders."""

    weight = 1
    wait_time = between(0.1, 0.5)


SCENARIOS: dict[str, list[type[Customer]]] = {
    "browse": [Browser],
    "buy": [Buyer],
    "peak": [HastyBrowser, HastyBuyer],
}
