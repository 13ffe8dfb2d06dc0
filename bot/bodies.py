"""Reading a request's body without trusting it: counted while it streams, never decompressed, never waited for long."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

READ_WITHIN = 30.0
"""Seconds a sender has for its whole body."""


async def body_of(request: Request, largest: int) -> bytes:
    """The raw body. Raises HTTPException 413 beyond `largest` bytes, 415 for an encoded body, 408 for a slow one."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(415, "the body must not be compressed or otherwise encoded")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > largest:
        raise _too_large(largest)
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await _streamed(request, largest)
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {READ_WITHIN:.0f} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the sender went away before the body was whole") from None


async def _streamed(request: Request, largest: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
    return b"".join(parts)


def _too_large(largest: int) -> HTTPException:
    limit = f"{largest // 1024 // 1024} MiB" if largest >= 1024 * 1024 else f"{largest // 1024} KiB"
    return HTTPException(413, f"the body is larger than {limit}")
