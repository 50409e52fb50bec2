"""Sensitive values: where they come from, how they are kept out of what is written, how they are encrypted at rest."""

from treadle.secrets._masker import MASK, Masker, MaskingStream
from treadle.secrets._resolver import SecretResolver
from treadle.secrets._sealing import RESERVED, SEALED, Sensitive, seal_json, unseal_json
from treadle.secrets._vault import KEY_VARIABLE, KeySource, Vault

__all__ = [
    "KEY_VARIABLE",
    "MASK",
    "RESERVED",
    "SEALED",
    "KeySource",
    "Masker",
    "MaskingStream",
    "SecretResolver",
    "Sensitive",
    "Vault",
    "seal_json",
    "unseal_json",
]
