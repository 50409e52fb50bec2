"""`api/read`, `api/generate-types`, `api/generate-client`."""

import ast
from collections.abc import Mapping
from typing import cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_api._client import ClientSource
from treadle_api._document import Document, load, words_of


def read(
    document: str = "", service: str = "", operations: list[str] | None = None, *, context: ActionContext
) -> JsonObject:
    """Read and validate an OpenAPI document (3.0, 3.1).

    Args:
        document: the file, YAML or JSON; without it `SERVICE.yaml`, `openapi.yaml` and the like are looked for.
        service: a name.
        operations: words, also several in one with commas between; only operations whose id, path or tags have one of
            them. All without.
        context: of the visit.

    Returns:
        `document` (its path), `title`, `version`, `openapi`, `servers`, `operations` (each `{id, method, path, summary,
        tags, parameters, responses}`), `schemas` (names), `summary`, `figures`.

    Raises:
        ActionError: `not-found`; `invalid-document` with every problem and its place; `no-operation`.
    """
    found = load(context, document, service)
    chosen = _chosen(found, operations)
    info = cast("Mapping[str, Json]", found.root.get("info") or {})
    servers = cast("list[Mapping[str, Json]]", found.root.get("servers") or [])
    return {
        "document": found.path,
        "title": info.get("title"),
        "version": info.get("version"),
        "openapi": str(found.root["openapi"]),
        "servers": [server.get("url") for server in servers],
        "operations": [one.to_json() for one in chosen.operations],
        "schemas": list(found.schemas),
        "summary": f"{info.get('title')} {info.get('version')}: {len(chosen.operations)} operations",
        "figures": [
            {"name": "operations", "value": len(chosen.operations)},
            {"name": "schemas", "value": len(found.schemas)},
        ],
    }


def _chosen(document: Document, words: list[str] | None) -> Document:
    """Only what the words are about."""
    wanted = document.about(words)
    if len(wanted) == len(document.operations):
        return document
    kept: dict[str, dict[str, object]] = {}
    for one in wanted:
        item = kept.setdefault(one.path, {})
        item[one.method] = {**one.data, "parameters": list(one.parameters)}
    return Document(document.path, {**document.root, "paths": kept})


def generate_types(document: str = "", service: str = "", out: str = "", *, context: ActionContext) -> JsonObject:
    """Write the schemas of a document as Python types.

    Args:
        document: as for `api/read`.
        service: as for `api/read`.
        out: the package's folder; `src/SERVICE_client` or `SERVICE_client` by default.
        context: of the visit.

    Returns:
        `path` (the folder), `types` (names), `created`, `modified`, `summary`.

    Raises:
        ActionError: as `api/read`.
    """
    found = load(context, document, service)
    source = ClientSource(found, ())
    folder = _folder(context, out, service, found)
    names = list(found.schemas)
    written = _written(context, {f"{folder}/types.py": source.types(), f"{folder}/py.typed": ""})
    return {"path": folder, "types": cast("list[Json]", names), **written, "summary": f"{len(names)} types in {folder}"}


def generate_client(
    document: str = "",
    service: str = "",
    operations: list[str] | None = None,
    out: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Write a client: a method for each operation, with types, errors, repeated attempts, a log, and who watches.

    It needs nothing but Python. It is written anew each time: what people add belongs beside it.

    Args:
        document: as for `api/read`.
        service: as for `api/read`.
        operations: as for `api/read`.
        out: the package's folder; `src/SERVICE_client` or `SERVICE_client` by default.
        context: of the visit.

    Returns:
        `path` (the folder), `methods` (name to operation), `left_out` (what it does not offer, with the reason),
        `created`, `modified`, `changes` (each `{path, how}`), `summary`, `figures`.

    Raises:
        ActionError: as `api/read`.
    """
    found = _chosen(load(context, document, service), operations)
    source = ClientSource(found, found.operations)
    folder = _folder(context, out, service, found)
    texts = {
        f"{folder}/__init__.py": source.package(),
        f"{folder}/client.py": source.client(),
        f"{folder}/types.py": source.types(),
        f"{folder}/py.typed": "",
    }
    for path, text in texts.items():
        ast.parse(text, path)
    written = _written(context, texts)
    changes = [
        {"path": path, "how": how}
        for how, paths in (("added", written["created"]), ("modified", written["modified"]))
        for path in cast("list[str]", paths)
    ]
    methods = {name: operation.id for name, operation in source.methods.items()}
    left: list[Json] = list(dict.fromkeys(source.left_out))
    return {
        "path": folder,
        "methods": cast("dict[str, Json]", methods),
        "left_out": left,
        **written,
        "changes": cast("list[Json]", changes),
        "summary": f"{len(methods)} methods in {folder}" + (f"; {len(left)} things left out" if left else ""),
        "figures": [{"name": "methods of the client", "value": len(methods)}],
    }


def _folder(context: ActionContext, out: str, service: str, document: Document) -> str:
    if out:
        return out.rstrip("/")
    info = cast("Mapping[str, Json]", document.root.get("info") or {})
    name = "_".join(word.lower() for word in words_of(service or str(info.get("title") or "api"))) or "api"
    lead = "src/" if context.workspace.path("src").is_dir() else ""
    return f"{lead}{name}_client"


def _written(context: ActionContext, texts: Mapping[str, str]) -> dict[str, Json]:
    """Write what differs, all in one transaction."""
    before = {path: _text(context, path) for path in texts}
    differ = {path: text for path, text in texts.items() if before[path] != text}
    if differ:
        with context.workspace.transaction() as changes:
            for path, text in differ.items():
                changes.write(path, text.encode())
    return {
        "created": [path for path in differ if before[path] is None],
        "modified": [path for path in differ if before[path] is not None],
    }


def _text(context: ActionContext, path: str) -> str | None:
    place = context.workspace.path(path)
    return place.read_text("utf-8") if place.is_file() else None
