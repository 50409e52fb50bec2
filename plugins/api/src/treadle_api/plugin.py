"""What treadle-api contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "read",
        "treadle_api._actions:read",
        "Read and validate an OpenAPI document",
        outputs=_outputs(
            document="string",
            title="string",
            version="string",
            openapi="string",
            servers="array",
            operations="array",
            schemas="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
    ),
    Action(
        "generate-types",
        "treadle_api._actions:generate_types",
        "Write the schemas of a document as Python types",
        outputs=_outputs(path="string", types="array", created="array", modified="array", summary="string"),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "generate-client",
        "treadle_api._actions:generate_client",
        "Write a client of an API, with types, errors, repeated attempts and a log",
        outputs=_outputs(
            path="string",
            methods="object",
            left_out="array",
            created="array",
            modified="array",
            changes="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "contract-tests",
        "treadle_api._contracts:contract_tests",
        "Hold a server against its document",
        outputs=_outputs(
            verdict="string",
            tested="integer",
            failed="integer",
            failures="array",
            reasons="array",
            summary="string",
            figures="array",
            findings="array",
        ),
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `api`."""
    yield Module("api", "0.1.0", ACTIONS, "APIs by their OpenAPI documents")
