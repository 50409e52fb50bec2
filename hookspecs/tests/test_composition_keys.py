"""Keys inside files, and the rules that mean them."""

import pytest
from treadle_hookspecs import KeyRule, MergeConfig, join_key, key_matches, split_key


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ((), ""),
        (("dependencies", "@types/node"), "dependencies.@types/node"),
        (("dependencies", "lodash.merge"), 'dependencies."lodash.merge"'),
        (("repos", "https://example.org/a", "rev"), 'repos."https://example.org/a".rev'),
        (("a", 'say "hi"', "*"), r'a."say \"hi\""."*"'),
    ],
)
def test_a_key_says_its_parts_and_gives_them_back(parts: tuple[str, ...], key: str) -> None:
    assert join_key(*parts) == key
    assert split_key(key) == parts


@pytest.mark.parametrize(
    ("pattern", "key", "means"),
    [
        ("", "scripts.test", True),
        ("scripts", "scripts.test", True),
        ("scripts.t*", "scripts.test", True),
        ("scripts.test", "scripts", False),
        ("*.test", "scripts.test", True),
        ("**.rev", 'repos."a.b".rev', True),
        ("**.rev", "repos.id", False),
        ('"a.b"', "a.b", False),
    ],
)
def test_a_pattern_means_a_place_and_what_is_below_it(pattern: str, key: str, means: bool) -> None:
    assert key_matches(pattern, key) is means


def test_the_first_rule_that_means_a_key_counts() -> None:
    config = MergeConfig(rules=(KeyRule("scripts.test", "last", "--resolve"), KeyRule("scripts", "first", "web")))
    assert config.rule("scripts.test") == KeyRule("scripts.test", "last", "--resolve")
    assert config.rule("scripts.build") == KeyRule("scripts", "first", "web")
    assert config.rule("name") is None
