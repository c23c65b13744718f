"""Checks that a reply is complete and comes from DynamoDB, and parses it.

A proxy, a full disk or a broken connection can change a reply and leave its status 200. Believed, it would be an order
that does not exist or a write that never happened.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import orjson
from botocore.exceptions import BotoCoreError

CHECKSUM = "x-amz-crc32"
"""The header with the CRC-32 of the body as it was sent."""

# A member that each successful reply has, and its type. The others have none in every reply.
MEMBERS: Mapping[str, tuple[str, type]] = {
    "BatchExecuteStatement": ("Responses", list),
    "BatchGetItem": ("Responses", dict),
    "BatchWriteItem": ("UnprocessedItems", dict),
    "CreateTable": ("TableDescription", dict),
    "DescribeTable": ("Table", dict),
    "Query": ("Count", int),
    "Scan": ("Count", int),
    "UpdateContinuousBackups": ("ContinuousBackupsDescription", dict),
    "UpdateTable": ("TableDescription", dict),
}
WITH_ITEMS = ("Query", "Scan")

ERROR = 300
"""Replies with this status or a higher one are errors."""
ERROR_TYPE = "__type"


class UnreadableReplyError(BotoCoreError):  # type: ignore[misc]  # botocore has no annotations
    """The reply is not what DynamoDB sends. The request may have been carried out."""

    fmt = "The reply to {operation} cannot be used: {reason}"


def parse(operation: str, request: bytes, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The reply as botocore would return it, without its metadata. Raises UnreadableReplyError."""
    document, reason = read_document(status, headers, body)
    reason = reason or (missing(operation, request, document) if status < ERROR else None)
    if reason:
        raise UnreadableReplyError(operation=operation, reason=f"HTTP {status}, {reason}")
    if b'"B' in body:
        _decode_binary(document)
    return document


def read_document(status: int, headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], str | None]:
    """The JSON object in the body, and the reason why it cannot be used, if any. `headers` has names in lower case."""
    checksum = headers.get(CHECKSUM)
    if checksum is not None and checksum != str(crc32(body)):
        return {}, f"{CHECKSUM} is {checksum} and not {crc32(body)}"
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return {}, f"not JSON: {error}"
    if not isinstance(document, dict):
        return {}, "not a JSON object"
    if status >= ERROR and ERROR_TYPE not in document:
        return {}, f"an error without {ERROR_TYPE}"
    return document, None


def missing(operation: str, request: bytes, reply: Mapping[str, Any]) -> str | None:
    """What a successful reply lacks; None if it has every member that it must have."""
    # A Get or a write may have no other member. Engines other than DynamoDB may report no capacity for PartiQL.
    if operation not in MEMBERS:
        lacks = b'"ReturnConsumedCapacity"' in request and not isinstance(reply.get("ConsumedCapacity"), dict)
        return "without ConsumedCapacity" if lacks else None
    name, kind = MEMBERS[operation]
    if not isinstance(reply.get(name), kind):
        return f"without {name}"
    if operation == "BatchExecuteStatement" and len(reply[name]) != request.count(b'"Statement":'):
        return "without a response for each statement"
    if operation in WITH_ITEMS and b'"COUNT"' not in request:
        items = reply.get("Items")
        return None if isinstance(items, list) and len(items) == reply["Count"] else "without Items"
    return None


def _decode_binary(value: Any) -> None:
    """Replace the base64 texts of binary attributes by bytes, as botocore does. Other values stay as they are."""
    for inner in value if isinstance(value, list) else value.values():
        if not isinstance(inner, dict | list):
            continue
        if isinstance(inner, dict) and len(inner) == 1:
            if isinstance(binary := inner.get("B"), str):
                inner["B"] = b64decode(binary)
                continue
            if isinstance(binaries := inner.get("BS"), list):
                inner["BS"] = [b64decode(each) for each in binaries]
                continue
        _decode_binary(inner)
