"""Sensitive values: where they come from, how they are kept out of what is written, how they are encrypted at rest."""

from treadle.secrets._masker import MASK, Masker, MaskingStream

__all__ = ["MASK", "Masker", "MaskingStream"]
