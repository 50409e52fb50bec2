"""Expressions that fail while a workflow runs (error type `expression`)."""

from treadle_hookspecs import JsonObject

from treadle_engine._expression_text import ExpressionError as ExpressionError


def expression_failure(key: str, error: ExpressionError) -> JsonObject:
    """The error of a visit whose expression under `key` could not be evaluated."""
    source = f" in {error.source!r}" if error.source else ""
    return {"type": "expression", "message": f"{key}: {error.message}{source}"}
