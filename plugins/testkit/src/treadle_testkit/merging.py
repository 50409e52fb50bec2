# ruff: noqa: S101 - the suite is made of assertions
"""The conformance suite for conflict resolvers.

A resolver proves itself by subclassing, in a test module of its own:

    from treadle_testkit.merging import MergeConformance

    class TestMyFormat(MergeConformance):
        target = "treadle_myformat._merge:merge"
        path = "settings.my"
        texts = st.builds(...)                    # files of the format, with comments

        def parse(self, text): ...                # another reader than the resolver's own
        def comments(self, text): ...             # all comments of a file
"""

import importlib
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treadle_hookspecs import Contribution, MergeConfig, MergeFunction, MergeResult

_relaxed = settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow], deadline=None)


def _texts(count: int) -> Callable[[Any], Any]:
    """Let a test draw files of its class's format."""
    return lambda test: _relaxed(given(data=st.data(), count=st.just(count))(test))


class MergeConformance:
    """What every merge keeps to, whatever the format.

    A subclass gives `target` (an import string), `path`, the strategy `texts`, and `parse` and `comments`.
    """

    target: ClassVar[str]
    path: ClassVar[str]
    texts: ClassVar[st.SearchStrategy[str]]

    def parse(self, text: str) -> object:
        """What a file means, by another reader than the resolver's; raises for one that is no file of the format."""
        raise NotImplementedError

    def comments(self, text: str) -> Iterable[str]:
        """Every comment of a file."""
        raise NotImplementedError

    def unordered(self, data: object) -> object:
        """Data without what order may differ when the contributors are swapped."""
        if isinstance(data, dict):
            return frozenset((key, self.unordered(value)) for key, value in data.items())
        return frozenset(map(self.unordered, data)) if isinstance(data, list) else (type(data).__name__, data)

    def merged(self, *texts: str) -> MergeResult:
        """The resolver's answer for files of templates named a, b and so on."""
        module, _, name = self.target.partition(":")
        merge: MergeFunction = getattr(importlib.import_module(module), name)
        given_ = [Contribution(template, text.encode()) for template, text in zip("abcdef", texts, strict=False)]
        return merge(self.path, given_, MergeConfig())

    @_texts(1)
    def test_a_file_merged_with_itself_is_itself(self, data: st.DataObject, count: int) -> None:
        """Byte for byte."""
        (text,) = self._draw(data, count)
        result = self.merged(text, text)
        assert (result.content, result.open) == (text.encode(), ())

    @_texts(2)
    def test_what_is_merged_reads_back(self, data: st.DataObject, count: int) -> None:
        """And the same input gives the same result."""
        texts = self._draw(data, count)
        result = self.merged(*texts)
        assert result == self.merged(*texts)
        if result.content is not None:
            self.parse(result.content.decode())

    @_texts(2)
    def test_no_comment_is_lost(self, data: st.DataObject, count: int) -> None:
        """Neither the first one's nor the others'."""
        texts = self._draw(data, count)
        result = self.merged(*texts)
        if result.content is not None and not (result.open or result.chosen):
            there = set(self.comments(result.content.decode()))
            assert {comment for text in texts for comment in self.comments(text)} <= there

    @_texts(2)
    def test_merging_again_changes_nothing(self, data: st.DataObject, count: int) -> None:
        """What was taken over is recognised."""
        texts = self._draw(data, count)
        result = self.merged(*texts)
        if result.content is not None and not (result.open or result.chosen):
            assert self.merged(result.content.decode(), texts[1]).content == result.content

    @_texts(2)
    def test_the_order_of_templates_changes_no_meaning(self, data: st.DataObject, count: int) -> None:
        """Where nothing is open."""
        texts = self._draw(data, count)
        one, other = self.merged(*texts), self.merged(*reversed(texts))
        assert bool(one.open) == bool(other.open)
        if one.content is not None and other.content is not None and not one.open:
            here, there = self.parse(one.content.decode()), self.parse(other.content.decode())
            assert self.unordered(here) == self.unordered(there)

    @_relaxed
    @given(st.binary(max_size=60), st.binary(max_size=60))
    def test_whatever_stands_there_is_answered(self, one: bytes, other: bytes) -> None:
        """A merge never raises; what it cannot read is the open key ""."""
        module, _, name = self.target.partition(":")
        merge: MergeFunction = getattr(importlib.import_module(module), name)
        result = merge(self.path, [Contribution("a", one), Contribution("b", other)], MergeConfig())
        if result.content is None:
            assert [row.key for row in result.open] == [""]
        else:
            self.parse(result.content.decode("utf-8-sig"))

    def _draw(self, data: st.DataObject, count: int) -> list[str]:
        return [data.draw(self.texts) for _ in range(count)]
