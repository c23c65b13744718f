"""The API on FastAPI, Mangum and boto3, with API keys. It has no permissions, throttling or entity tags."""

import hashlib
import hmac
import os
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from benchmarks.peers import orders

KEY_HASH = hashlib.sha256(os.environ["BENCHMARK_KEY"].encode()).hexdigest()

app = FastAPI()


class NewOrder(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    item: str = Field(min_length=1, max_length=200)
    quantity: StrictInt = Field(ge=1, le=1_000_000)
    customer_name: str = Field("anonymous", min_length=1, max_length=200)
    customer_email: str = Field("", max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")


class Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Literal["PENDING", "PROCESSING", "COMPLETED", "CANCELLED"]


class HistoryEntry(BaseModel):
    status: str
    at: str
    by: str


class Order(BaseModel):
    order_id: str
    item: str
    quantity: int
    status: str
    customer_name: str
    customer_email: str
    created_at: str
    updated_at: str
    expired_at: str | None
    version: int
    expires_at: str | None
    allowed_transitions: list[str]
    history: list[HistoryEntry]


class Page(BaseModel):
    results: list[Order]
    next: str | None


def caller(authorization: Annotated[str, Header()] = "") -> str:
    key = authorization.removeprefix("Api-Key ")
    if not hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), KEY_HASH):
        raise HTTPException(401, "The API key is unknown.")
    return "api-key:bench"


Caller = Annotated[str, Depends(caller)]


@app.exception_handler(orders.NotFoundError)
def not_found(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "There is no such order."}, 404)


@app.exception_handler(orders.ConflictError)
def conflict(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 409)


# `async`, because FastAPI runs other functions in a thread, which costs more. A Lambda handles one request at a time.
@app.post("/orders", status_code=201, response_model=Order)
async def place(new: NewOrder, by: Caller) -> Any:
    return orders.place(**new.model_dump(), by=by)


@app.get("/orders", response_model=Page)
async def newest(by: Caller) -> Any:
    return orders.newest()


@app.get("/orders/{order_id}", response_model=Order)
async def get(order_id: str, by: Caller) -> Any:
    return orders.get(order_id)


@app.put("/orders/{order_id}", response_model=Order)
async def change(order_id: str, to: Change, by: Caller) -> Any:
    return orders.change_status(order_id, to.status, by=by)


@app.delete("/orders/{order_id}", status_code=204)
async def delete(order_id: str, by: Caller) -> None:
    orders.delete(order_id)


handler = Mangum(app, lifespan="off")
