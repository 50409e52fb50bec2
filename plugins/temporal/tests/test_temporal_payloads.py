"""What is sent to Temporal, and what comes back."""

import asyncio
import hashlib
from dataclasses import dataclass, field

import pytest
from temporalio.api.common.v1 import Payload
from treadle_hookspecs import TreadleError
from treadle_temporal._payloads import TreadlePayloads


@dataclass
class Host:
    """A core with content in memory, and a key that turns bytes around."""

    threshold: int = 100
    content: dict[str, bytes] = field(default_factory=dict)

    @property
    def blobs(self):
        return self

    def put(self, content):
        digest = hashlib.sha256(content).hexdigest()
        self.content[digest] = content
        return digest

    def get(self, digest):
        if digest not in self.content:
            raise TreadleError(f"content {digest[:12]} is not there")
        return self.content[digest]

    def seal(self, content):
        return content[::-1]

    def unseal(self, content):
        return content[::-1]


def sent(codec, *contents):
    payloads = [Payload(metadata={"encoding": b"json/plain"}, data=content) for content in contents]
    return asyncio.run(codec.encode(payloads))


def got(codec, payloads):
    return [(payload.metadata["encoding"], payload.data) for payload in asyncio.run(codec.decode(payloads))]


def test_small_content_is_sent_as_it_is():
    host = Host()
    (payload,) = sent(TreadlePayloads(host, seal=False), b"[1]")
    assert payload.data == b"[1]"
    assert not host.content


@pytest.mark.parametrize("seal", [False, True])
def test_large_content_stays_in_the_blobs(seal):
    host = Host()
    codec, contents = TreadlePayloads(host, seal=seal), [b"x" * 500, b"y"]
    payloads = sent(codec, *contents)
    assert all(len(payload.data) <= host.threshold for payload in payloads)
    assert len(host.content) == 1
    assert got(codec, payloads) == [(b"json/plain", content) for content in contents]


def test_what_is_sealed_says_nothing():
    codec = TreadlePayloads(Host(), seal=True)
    (payload,) = sent(codec, b"open sesame")
    assert b"open sesame" not in payload.SerializeToString()
    assert got(TreadlePayloads(Host(), seal=False), [payload]) == [(b"json/plain", b"open sesame")]


def test_content_that_is_not_there_is_named():
    (payload,) = sent(TreadlePayloads(Host(), seal=False), b"x" * 500)
    with pytest.raises(TreadleError, match="is not there"):
        got(TreadlePayloads(Host(), seal=False), [payload])
