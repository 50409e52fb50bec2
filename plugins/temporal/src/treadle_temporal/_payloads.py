"""What is sent to Temporal: large content stays in the blobs, and all of it is sealed where that is asked for."""

import asyncio
from collections.abc import Sequence
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec
from treadle_hookspecs import RuntimeHost, TreadleError

from treadle_temporal._ordered import OrderedPayloads

_ENCODING: Final = "encoding"
_SEALED: Final = b"treadle/sealed"
_APART: Final = b"treadle/blob"


class TreadlePayloads(PayloadCodec):
    """Runs outside of the sandbox, in clients and in workers.

    Args:
        host: has the blobs, the size above which content goes there, and the key.
        seal: encrypt.
    """

    def __init__(self, host: RuntimeHost, *, seal: bool) -> None:
        self._host = host
        self._seal = seal

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As it is sent."""
        return [await self._encoded(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As it was. Raises `TreadleError` for content that is not in the blobs, or that another key sealed."""
        return [await self._decoded(payload) for payload in payloads]

    async def _encoded(self, payload: Payload) -> Payload:
        if self._seal:
            payload = _wrapped(_SEALED, self._host.seal(payload.SerializeToString()))
        if len(payload.data) <= self._host.threshold:
            return payload
        digest = await asyncio.to_thread(self._host.blobs.put, payload.SerializeToString())
        return _wrapped(_APART, digest.encode("ascii"))

    async def _decoded(self, payload: Payload) -> Payload:
        encoding = payload.metadata.get(_ENCODING, b"")
        if encoding == _APART:
            return await self._decoded(_unwrapped(await asyncio.to_thread(self._host.blobs.get, payload.data.decode())))
        if encoding == _SEALED:
            return await self._decoded(_unwrapped(self._host.unseal(payload.data)))
        return payload


def converter(host: RuntimeHost) -> DataConverter:
    """JSON as it was written, by way of `TreadlePayloads`."""
    codec = TreadlePayloads(host, seal=bool(host.options.get("seal")))
    return DataConverter(payload_converter_class=OrderedPayloads, payload_codec=codec)


def _wrapped(encoding: bytes, data: bytes) -> Payload:
    return Payload(metadata={_ENCODING: encoding}, data=data)


def _unwrapped(content: bytes) -> Payload:
    from google.protobuf.message import DecodeError

    payload = Payload()
    try:
        payload.ParseFromString(content)
    except DecodeError as error:
        raise TreadleError("content from Temporal is damaged") from error
    return payload
