"""What keeps secrets out of what attempts give back."""

from treadle.secrets import Masker


class SecretGuard(Masker):
    """Masks secrets in what attempts give back. Logs mask what it knows, and sensitive values besides."""

    def __init__(self, logs: Masker) -> None:
        super().__init__()
        self._logs = logs

    def add(self, value: str) -> bool:
        """Mask a secret from now on, here and in the logs."""
        self._logs.add(value)
        return super().add(value)
