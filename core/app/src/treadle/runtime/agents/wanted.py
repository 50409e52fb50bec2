"""What an attempt raises when a person has to act."""

from treadle_hookspecs import JsonObject


class PersonWanted(BaseException):
    """A person has to do something before the attempt can go on. No ordinary `except` takes it for a failure.

    Args:
        ask: what people have to know, see `treadle_engine.protocol.AttemptAsks`.
        timeout: seconds that are waited for them; None: any time.
    """

    def __init__(self, ask: JsonObject, timeout: float | None = None) -> None:
        super().__init__(str(ask.get("prompt", "")))
        self.ask = ask
        self.timeout = timeout
