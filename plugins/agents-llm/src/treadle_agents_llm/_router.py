"""Which model is asked: those that are there, that answered the last time, and of these the cheapest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_KEYS: Final = ("endpoint", "model", "key", "input_price", "output_price")
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Prices are per million tokens; `key` is the name of an environment variable."""

    endpoint: str
    model: str
    key: str = ""
    input_price: float = 0.0
    output_price: float = 0.0

    def cost(self, sent: int, received: int) -> float:
        """What so many tokens cost."""
        return (sent * self.input_price + received * self.output_price) / _MILLION

    @classmethod
    def of(cls, data: Any) -> "Model":
        """From settings. Raises `ValueError` that says what is wrong."""
        if not isinstance(data, Mapping):
            raise ValueError("a model is a table")  # noqa: TRY004 - what the user wrote is wrong, not the caller
        unknown = [key for key in data if key not in _KEYS]
        if unknown:
            raise ValueError(f"there is no setting {', '.join(unknown)}; known: {', '.join(_KEYS)}")
        texts = {key: data.get(key, "") for key in ("endpoint", "model", "key")}
        prices = {key: data.get(key, 0.0) for key in ("input_price", "output_price")}
        if not all(isinstance(text, str) for text in texts.values()) or not texts["endpoint"] or not texts["model"]:
            raise ValueError("a model needs `endpoint` and `model`, both texts")
        if not all(isinstance(price, int | float) and price >= 0 for price in prices.values()):
            raise ValueError("prices are numbers per million tokens")
        sent, received = (float(price) for price in prices.values())
        return cls(texts["endpoint"], texts["model"], texts["key"], sent, received)


class Router:
    """Remembers how each model did, as long as the process runs."""

    def __init__(self, models: Sequence[Model]) -> None:
        self.models = tuple(models)
        self._failures = dict.fromkeys(self.models, 0)

    def ordered(self) -> list[Model]:
        """The best first."""
        order = {model: at for at, model in enumerate(self.models)}
        return sorted(
            self.models,
            key=lambda model: (self._failures[model], model.input_price + model.output_price, order[model]),
        )

    def answered(self, model: Model) -> None:
        """It did."""
        self._failures[model] = 0

    def failed(self, model: Model) -> None:
        """It did not: the others are asked first."""
        self._failures[model] += 1
