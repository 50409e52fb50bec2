"""What an attempt raises when a person has to act."""


class PersonWanted(BaseException):
    """A person has to do something before the attempt can go on. No ordinary `except` takes it for a failure."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
