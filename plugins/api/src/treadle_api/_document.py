"""An OpenAPI document: found, read, validated, and its operations told."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACES: Final = ("{}.yaml", "{}.yml", "{}.json", "openapi/{}.yaml", "openapi/{}.json", "docs/{}.yaml", "docs/{}.json",
                  "api/{}.yaml", "api/{}.json")  # fmt: skip
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that an API offers.

    Attributes:
        id: its `operationId`, or made of method and path.
        method: in lower case.
        path: with its parameters in braces.
        data: what the document says of it.
        parameters: its own and those of its path, references resolved.
    """

    id: str
    method: str
    path: str
    data: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """The groups it belongs to."""
        return tuple(map(str, self.data.get("tags") or ()))

    def is_about(self, words: Sequence[str]) -> bool:
        """True when one of the words, in lower case, stands in its id, path or tags; without words always."""
        text = " ".join((self.id, self.path, *self.tags)).lower()
        return not words or any(word in text for word in words)

    def to_json(self) -> dict[str, Json]:
        """What `api/read` publishes of it."""
        return {
            "id": self.id,
            "method": self.method.upper(),
            "path": self.path,
            "summary": str(self.data.get("summary") or ""),
            "tags": list(self.tags),
            "parameters": [f"{one['in']}:{one['name']}" for one in self.parameters],
            "responses": sorted(map(str, self.data.get("responses") or ())),
        }


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. `path` is relative to the execution's root."""

    path: str
    root: Mapping[str, Any]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them, in the document's order."""
        return tuple(self._operations())

    def _operations(self) -> Iterator[Operation]:
        for path, found in (self.root.get("paths") or {}).items():
            item = self.resolved(found)
            for method in METHODS:
                if method in item:
                    data = item[method]
                    own = [self.resolved(one) for one in (*item.get("parameters", ()), *data.get("parameters", ()))]
                    by_name = {(one["in"], one["name"]): one for one in own}
                    name = str(data.get("operationId") or f"{method} {path}")
                    yield Operation(name, method, path, data, tuple(by_name.values()))

    def about(self, words: Sequence[str] | None) -> tuple[Operation, ...]:
        """The operations that words are about; several may stand in one text with commas between.

        Raises:
            ActionError: `no-operation`, with those that there are.
        """
        single = [word.strip().lower() for text in words or () for word in text.split(",") if word.strip()]
        found = tuple(one for one in self.operations if one.is_about(single))
        if single and not found:
            known = ", ".join(one.id for one in self.operations[:10])
            raise ActionError(
                f"no operation is about {', '.join(single)}; there are {known}",
                error_class="no-operation",
                retryable=False,
            )
        return found

    @property
    def schemas(self) -> Mapping[str, Any]:
        """By name."""
        return (self.root.get("components") or {}).get("schemas") or {}

    def resolved(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference inside the document leads to."""
        for _ in range(100):
            if "$ref" not in found:
                return found
            found = self._at(str(found["$ref"]))
        raise _invalid(f"{self.path}: references lead round in a circle", found)

    def _at(self, reference: str) -> Mapping[str, Any]:
        if not reference.startswith("#/"):
            raise _invalid(f"{self.path}: `{reference}` leads to another file: bundle them into one document", {})
        at: Any = self.root
        for part in reference[2:].split("/"):
            at = at.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(at, Mapping) else None
        if not isinstance(at, Mapping):
            raise _invalid(f"{self.path}: `{reference}` leads nowhere", {})
        return at


def load(context: ActionContext, document: str, service: str = "") -> Document:
    """Read and validate a document.

    Raises:
        ActionError: `not-found` with the places that were looked at; `invalid-document` with every problem and its
            place.
    """
    path = document or _found(context, service)
    place = context.workspace.path(path)
    if not place.is_file():
        raise ActionError(f"there is no file {path}", error_class="not-found", retryable=False)
    root = context.host.load_yaml(place.read_text("utf-8"), path)
    if not isinstance(root, Mapping) or not ("openapi" in root or "swagger" in root):
        raise _invalid(f"{path} is no OpenAPI document: it has no key `openapi`", {})
    problems = list(_problems(root))
    if problems:
        told = "\n".join(f"- {problem['place']}: {problem['message']}" for problem in problems[:_SHOWN])
        raise _invalid(f"{path} is no valid OpenAPI document:\n{told}", {"problems": problems})
    if "swagger" in root:
        raise _invalid(f"{path} is Swagger {root['swagger']}: convert it to OpenAPI 3", {})
    return Document(path, root)


def _found(context: ActionContext, service: str) -> str:
    places = [pattern.format(name) for name in (service, "openapi") if name for pattern in _PLACES]
    for place in places:
        if context.workspace.path(place).is_file():
            return place
    raise ActionError(
        f"there is no OpenAPI document at {', '.join(places[:6])} …: name it in `document`",
        error_class="not-found",
        retryable=False,
    )


def _problems(root: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    from jsonschema.exceptions import best_match
    from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    version = str(root.get("openapi") or "")
    kinds = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
    validator = OpenAPIV2SpecValidator if "swagger" in root else kinds.get(version[:3])
    if validator is None:
        yield {"place": "openapi", "message": f"version {version!r} is not known: 3.0 and 3.1 are"}
        return
    try:
        found = list(validator(root).iter_errors())
    except Exception as error:  # noqa: BLE001 - a reference that cannot be followed raises what its library likes
        yield {"place": "the document", "message": str(error).partition("\n")[0]}
        return
    for one in found:
        # The branch of `oneOf` that fits best says more than that none fits.
        deeper = best_match([one]) if getattr(one, "context", None) else None
        place = "/".join(map(str, (deeper or one).absolute_path)) or "the document"
        yield {"place": place, "message": str((deeper or one).message)[:300]}


def _invalid(message: str, outputs: Mapping[str, Any]) -> ActionError:
    return ActionError(message, error_class="invalid-document", outputs=dict(outputs), retryable=False)


_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def words_of(name: str) -> list[str]:
    """`createPayment_intent` is `create`, `Payment`, `intent`."""
    return [word for word in _BORDER.split(name) if word]
