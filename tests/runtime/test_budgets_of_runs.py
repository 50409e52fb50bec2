"""`budget`, as the facade sees it: it waits, says what is used up, and goes on when that is raised."""

from collections.abc import Callable
from typing import Any

import pytest
from treadle import Treadle
from treadle.runtime.raising import raised
from treadle_hookspecs import TreadleError

Write = Callable[..., str]

COSTLY = """
budget: {money: 1}
steps:
  - {id: first, uses: bench/spend, with: {tokens: 100, money: 1.25}}
  - {id: second, uses: bench/spend, with: {tokens: 100, money: 1.25}}
  - {id: third, uses: bench/noop}
"""


def test_it_waits_says_why_and_goes_on(treadle: Treadle, write: Write, bench: Any) -> None:
    status = treadle.run(write(COSTLY))
    assert (status.status, status.exit_code) == ("waiting", 7)
    (waits,) = status.waiting
    assert (waits["kind"], waits["name"]) == ("budget", "money")
    assert waits["line"] == "the budget of 1 for money is used up: 1.25"
    assert waits["commands"] == [f"treadle resume {status.id} --budget +5usd"]
    assert [each.kind for each in treadle.waiting()] == ["budget"]
    assert treadle.resume(status.id).status == "waiting"
    again = treadle.resume(status.id, budget=["+1usd"])
    assert again.status == "waiting"
    assert treadle.resume(status.id, budget=["+2.5usd", "+1000tokens"]).status == "completed"
    assert [address for address, _ in bench.calls] == ["first#1.1", "second#1.1"]


@pytest.mark.parametrize(
    ("words", "amounts"),
    [
        (["+1h"], {"time": 3600.0}),
        (["+5usd", "+2.5 EUR"], {"money": 7.5}),
        (["+1000tokens", "1token", "+10visits"], {"tokens": 1001.0, "visits": 10.0}),
    ],
)
def test_amounts(words: list[str], amounts: dict[str, float]) -> None:
    assert raised(words) == amounts


@pytest.mark.parametrize(
    ("word", "why", "suggestion"),
    [
        ("", "", "write +1h, +5usd, +1000tokens or +10visits"),
        ("+", "", "write +1h"),
        ("lots", "", "write +1h"),
        ("-1h", "", "write +1h"),
        ("+5", "it has no unit", "write +5h of time, +5usd of money, +5tokens or +5visits"),
        ("+5 apples", "`apples` is no unit", "write +5h of time"),
        ("+1foo", "`foo` is no unit", "write +1h of time"),
        ("+1day", "`day` is no unit", "did you mean `+1d`?"),
        ("+2 hours", "`hours` is no unit", "did you mean `+2h`?"),
        ("+30mins", "`mins` is no unit", "did you mean `+30m`?"),
        ("+10vists", "`vists` is no unit", "did you mean `+10visits`?"),
        ("+1.5visits", "visits are whole numbers", "write +1visits"),
        ("+0usd", "it is nothing", "more than 0"),
        ("+40d", "the time must lie between 0 and 31 days", "+31d"),
    ],
)
def test_what_is_no_amount(word: str, why: str, suggestion: str) -> None:
    with pytest.raises(TreadleError, match="says no amount") as refused:
        raised([word])
    assert refused.value.message.endswith(why)
    assert suggestion in refused.value.suggestions[0]
