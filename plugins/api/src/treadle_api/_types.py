"""The schemas of a document as Python types: a `TypedDict` for each object, an alias for everything else."""

import keyword
from collections.abc import Iterator, Mapping
from typing import Any, Final

from treadle_api._document import Document, words_of

_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_ANY: Final = "Any"


class Types:
    """Names and texts of the types of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names = _unique({name: _class_name(name) for name in document.schemas})

    @property
    def names(self) -> list[str]:
        """What is defined, in the document's order."""
        return list(self._names.values())

    def expression(self, schema: Mapping[str, Any] | bool | None) -> str:
        """The type of a schema, to be read late (names of other types stand in it)."""
        if not isinstance(schema, Mapping):
            return _ANY
        found = self._bare(schema)
        return f"{found} | None" if schema.get("nullable") and "None" not in found.split(" | ") else found

    def _bare(self, schema: Mapping[str, Any]) -> str:
        if "$ref" in schema:
            return self._names.get(str(schema["$ref"]).rpartition("/")[2], _ANY)
        if "enum" in schema or "const" in schema:
            values = schema.get("enum", [schema.get("const")])
            plain = [value for value in values if isinstance(value, str | int | bool) or value is None]
            return f"Literal[{', '.join(map(repr, plain))}]" if plain else _ANY
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return _union(self.expression(one) for one in schema[key])
        if "allOf" in schema:
            parts = schema["allOf"]
            return self.expression(parts[0]) if len(parts) == 1 else "dict[str, Any]"
        kinds = schema.get("type")
        return _union(self._of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds or [""]))

    def _of_kind(self, kind: str, schema: Mapping[str, Any]) -> str:
        if kind == "array":
            return f"list[{self.expression(schema.get('items'))}]"
        if kind == "object" or (not kind and "properties" in schema):
            more = schema.get("additionalProperties")
            return f"dict[str, {self.expression(more) if isinstance(more, Mapping) else _ANY}]"
        return _PLAIN.get(kind, _ANY)

    def source(self) -> str:
        """The text of `types.py`."""
        body = "".join(self._definitions())
        uses = [name for name in ("Any", "Literal", "NotRequired", "TypeAlias", "TypedDict") if name in body]
        head = (
            f'"""Types of {_title(self._document)}, generated from its OpenAPI document: change that, not this."""\n\n'
        )
        imports = f"from typing import {', '.join(uses)}\n" if uses else ""
        return f"{head}from __future__ import annotations\n\n{imports}{body}"

    def _definitions(self) -> Iterator[str]:
        for schema_name, name in self._names.items():
            schema = self._document.schemas[schema_name]
            properties, required = self._properties(schema)
            if properties:
                yield self._object(name, schema, properties, required)
            else:
                yield f"\n{name}: TypeAlias = {self.expression(schema)!r}\n"

    def _properties(self, schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Those of an object, and of all that it is made of."""
        schema = self._document.resolved(schema)
        properties: dict[str, Any] = {}
        required: set[str] = set(schema.get("required") or ())
        for part in schema.get("allOf") or ():
            more, needed = self._properties(part)
            properties |= more
            required |= needed
        return properties | dict(schema.get("properties") or {}), required

    def _object(self, name: str, schema: Mapping[str, Any], properties: Mapping[str, Any], required: set[str]) -> str:
        kinds = {
            key: found if key in required else f"NotRequired[{found}]"
            for key, value in properties.items()
            for found in [self.expression(value)]
        }
        said = _sentence(schema.get("description") or f"An object of the schema {name}.")
        if all(key.isidentifier() and not keyword.iskeyword(key) for key in kinds):
            lines = "".join(f"    {key}: {kind}\n" for key, kind in kinds.items())
            return f'\n\nclass {name}(TypedDict):\n    """{said}"""\n\n{lines}'
        entries = "".join(f"        {key!r}: {kind!r},\n" for key, kind in kinds.items())
        return f"\n\n{name} = TypedDict(\n    {name!r},\n    {{\n{entries}    }},\n)\n"


def _union(kinds: Iterator[str]) -> str:
    found = list(dict.fromkeys(kinds))
    return _ANY if not found or _ANY in found else " | ".join(found)


def _class_name(name: str) -> str:
    made = "".join(word[0].upper() + word[1:] for word in words_of(name)) or "Schema"
    return f"Schema{made}" if made[0].isdigit() or keyword.iskeyword(made) else made


def _unique(names: dict[str, str]) -> dict[str, str]:
    taken: set[str] = set()
    for key, name in names.items():
        number = 2
        chosen = name
        while chosen in taken:
            chosen, number = f"{name}{number}", number + 1
        taken.add(chosen)
        names[key] = chosen
    return names


def _title(document: Document) -> str:
    info = document.root.get("info") or {}
    return _sentence(f"{info.get('title', 'an API')} {info.get('version', '')}".strip())


def _sentence(text: Any) -> str:
    """The first line, so that it can stand in a docstring."""
    line = str(text).strip().partition("\n")[0].replace("\\", "/").replace('"', "'")
    return line[:100]
