"""Amounts as people read them."""


def bytes_of(count: float) -> str:
    """`812 B`, `1.4 kB`, `3.0 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
