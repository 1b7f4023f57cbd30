"""Charges over HTTP, to look at."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path
from pydantic import BaseModel, Field
from shopkit.web import Problem, problems

from payments.application.payments import Payments, UnknownChargeError
from payments.domain.charges import Charge, State


class MoneyOut(BaseModel):
    """An amount in minor units (cents)."""

    amount: int = Field(ge=0, examples=[1290])
    currency: str = Field(examples=["EUR"])


class ChargeOut(BaseModel):
    """Where an order's payment stands; `reason` is why it was declined or paid back."""

    order_id: str
    status: State
    amount: MoneyOut | None
    charge_id: str | None
    reason: str

    @classmethod
    def of(cls, charge: Charge) -> ChargeOut:
        amount = MoneyOut(amount=charge.amount.amount, currency=charge.amount.currency) if charge.amount else None
        return cls(
            order_id=charge.order_id,
            status=charge.state,
            amount=amount,
            charge_id=charge.charge_id,
            reason=charge.reason,
        )


def add_routes(app: FastAPI, payments: Payments) -> None:
    """Serve the use cases."""
    router = APIRouter(tags=["charges"])

    @router.get("/charges/{order_id}", responses=problems(404))
    async def get_charge(order_id: Annotated[UUID, Path()]) -> ChargeOut:
        """The charge of one order."""
        try:
            return ChargeOut.of(await payments.charge(str(order_id)))
        except UnknownChargeError as error:
            raise Problem(404, detail=str(error)) from None

    app.include_router(router)
