"""Raising a budget: what a person writes behind `--budget`.

Each kind has units of its own: time is a duration, money a currency of ISO 4217, tokens and visits are counted.
"""

import re
from collections.abc import Iterable
from typing import Final

from treadle_engine.durations import DurationError, seconds_of
from treadle_hookspecs import TreadleError

from treadle.suggestions import closest

RAISE: Final = "budget"
"""Name of the signal that raises a budget; its data: `{by: [texts]}`."""

_AMOUNT: Final = re.compile(r"\+?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)?")
_COUNTED: Final = {"token": "tokens", "tokens": "tokens", "visit": "visits", "visits": "visits"}
_SPELLED: Final = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "m"),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
}
"""Units of time as people spell them, and how a duration has them."""
CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND
    VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.lower().split()
)
"""The money that there is, by ISO 4217; treadle counts what actions report, and converts nothing."""


def raised(words: Iterable[object]) -> dict[str, float]:
    """Amounts by kind: `+1h` is time in seconds, `+5usd` money, `+1000tokens`, `+10visits`.

    Raises `TreadleError` for a text that is none of these, and suggests what was meant.
    """
    found: dict[str, float] = {}
    for word in words:
        kind, amount = _amount(str(word))
        found[kind] = found.get(kind, 0) + amount
    return found


def _amount(word: str) -> tuple[str, float]:
    text = word.strip()
    try:
        amount, kind = seconds_of(text.removeprefix("+")), "time"
    except DurationError as error:
        if error.too_long:
            raise _refused(word, f"the time {error}", "+31d is the most at once") from error
        amount, kind = _counted(word, text)
    if not amount:
        raise _refused(word, "it is nothing", "the amount is what is added, and more than 0")
    return kind, amount


def _counted(word: str, text: str) -> tuple[float, str]:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise _refused(word, "", "write +1h, +5usd, +1000tokens or +10visits")
    number, unit = match["number"], (match["unit"] or "").lower()
    if unit in CURRENCIES:
        return float(number), "money"
    if unit not in _COUNTED:
        raise _refused(word, f"`{unit}` is no unit" if unit else "it has no unit", _meant(number, unit))
    if "." in number:
        raise _refused(word, f"{_COUNTED[unit]} are whole numbers", f"write +{number.partition('.')[0]}{unit}")
    return float(number), _COUNTED[unit]


def _meant(number: str, unit: str) -> str:
    """The amount in a unit that there is."""
    known = _SPELLED.get(unit) or closest(unit, (*_COUNTED, *_SPELLED))
    known = _SPELLED.get(known, known)
    if known:
        return f"did you mean `+{number}{known}`?"
    examples = f"+{number}h of time, +{number}usd of money, +{number}tokens or +{number}visits"
    return f"write {examples}; money has the code of its currency, as in ISO 4217"


def _refused(word: str, why: str, suggestion: str) -> TreadleError:
    because = f": {why}" if why else ""
    return TreadleError(f"`{word}` says no amount by which a budget can be raised{because}", suggestions=(suggestion,))
