"""A client as Python source: one method for each operation, on the standard library alone."""

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from treadle_api._document import Document, Operation, words_of
from treadle_api._types import Types, _sentence, _title

_BRACES: Final = re.compile(r"\{([^}]+)\}")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter of a method. `place` is where the request carries it: path, query, header."""

    python: str
    name: str
    place: str
    kind: str
    required: bool

    @property
    def declared(self) -> str:
        """As it stands in the signature."""
        if self.required:
            return f"{self.python}: {self.kind}"
        kind = self.kind if "None" in self.kind.split(" | ") or self.kind == "Any" else f"{self.kind} | None"
        return f"{self.python}: {kind} = None"


class ClientSource:
    """The texts of a client's files.

    Attributes:
        left_out: what could not be offered, with the reason.
    """

    def __init__(self, document: Document, operations: Sequence[Operation]) -> None:
        self._document = document
        self._types = Types(document)
        self._operations = operations
        self.left_out: list[str] = []

    @property
    def methods(self) -> dict[str, Operation]:
        """By the name of the method."""
        found: dict[str, Operation] = {}
        for operation in self._operations:
            name = _method_name(operation.id)
            while name in found or name.startswith("_"):
                name = f"{name.lstrip('_')}_{operation.method}"
            found[name] = operation
        return found

    def client(self) -> str:
        """The text of `client.py`."""
        methods = "".join(self._method(name, operation) for name, operation in self.methods.items())
        used = [name for name in self._types.names if re.search(rf"\b{name}\b", methods)]
        imports = f"from .types import {', '.join(sorted(used))}\n\n" if used else ""
        template = files("treadle_api").joinpath("client.txt").read_text("utf-8")
        text = template.format(title=_title(self._document), imports=imports, methods=methods, server=self._server)
        return text if "Literal[" in methods else text.replace("import Any, Literal, cast", "import Any, cast")

    def package(self) -> str:
        """The text of `__init__.py`."""
        names = ["ApiError", "Call", "Client"]
        return (
            f'"""A client of {_title(self._document)}."""\n\nfrom .client import {", ".join(names)}\n\n'
            f"__all__ = {names!r}\n".replace("'", '"')
        )

    def types(self) -> str:
        """The text of `types.py`."""
        return self._types.source()

    @property
    def _server(self) -> str:
        servers = self._document.root.get("servers") or [{}]
        url = str(servers[0].get("url") or "")
        return url if url.startswith("http") else "http://localhost"

    def _method(self, name: str, operation: Operation) -> str:
        parameters = [*self._parameters(operation)]
        body = self._body(operation)
        first = [one for one in parameters if one.place == "path"]
        others = sorted((one for one in parameters if one.place != "path"), key=lambda one: not one.required)
        signature = ["self", *(one.declared for one in first)]
        if body and body[2]:
            signature.append(f"body: {body[0]}")
        named = [one.declared for one in others]
        named += [f"body: {body[0]} | None = None"] if body and not body[2] else []
        signature += ["*", *named] if named else []
        answer = self._answer(operation)
        call = ", ".join(self._arguments(operation, parameters, body))
        value = f"self._call({call})"
        ending = f"return cast({answer!r}, {value})" if answer not in ("None", "Any") else f"return {value}"
        lines = [f"    def {name}({', '.join(signature)}) -> {answer}:", f'        """{_told(operation)}"""']
        return "\n" + "\n".join([*lines, f"        {value}" if answer == "None" else f"        {ending}"]) + "\n"

    def _arguments(
        self, operation: Operation, parameters: Sequence[_Parameter], body: tuple[str, str, bool] | None
    ) -> Iterator[str]:
        python = {one.name: one.python for one in parameters if one.place == "path"}
        path = _BRACES.sub(lambda match: "{_part(" + python.get(match[1], repr(match[1])) + ")}", operation.path)
        yield repr(operation.id)
        yield repr(operation.method.upper())
        yield f"f{path!r}" if python else repr(operation.path)
        for place, keyword_ in (("query", "query"), ("header", "headers")):
            pairs = [f"{one.name!r}: {one.python}" for one in parameters if one.place == place]
            if pairs:
                yield f"{keyword_}={{{', '.join(pairs)}}}"
        if body:
            yield "body=body"
            yield f"content={body[1]!r}"

    def _parameters(self, operation: Operation) -> Iterator[_Parameter]:
        taken = {"self", "body"}
        for one in operation.parameters:
            place = str(one["in"])
            if place == "cookie":
                self.left_out.append(f"{operation.id}: the cookie `{one['name']}`: give it in `headers`")
                continue
            python = _python_name(str(one["name"]), taken)
            taken.add(python)
            kind = self._types.expression(one.get("schema"))
            yield _Parameter(python, str(one["name"]), place, kind, bool(one.get("required") or place == "path"))

    def _body(self, operation: Operation) -> tuple[str, str, bool] | None:
        """Its type, its media type, and whether it has to be there."""
        found = operation.data.get("requestBody")
        if found is None:
            return None
        body = self._document.resolved(found)
        media: Mapping[str, Any] = body.get("content") or {}
        chosen = next((kind for kind in media if _is_json(kind)), None)
        required = bool(body.get("required"))
        if chosen is not None:
            return self._types.expression(media[chosen].get("schema")), chosen, required
        kind = next(iter(media), "application/octet-stream")
        self.left_out.append(f"{operation.id}: a body of {kind} is given as bytes")
        return "bytes", kind, required

    def _answer(self, operation: Operation) -> str:
        """The type of what comes back when it went well."""
        responses = operation.data.get("responses") or {}
        good = sorted(code for code in map(str, responses) if code.startswith("2"))
        kinds = [self._answer_of(responses[code]) for code in good] or ["Any"]
        found = list(dict.fromkeys(kinds))
        return "Any" if "Any" in found else " | ".join(found)

    def _answer_of(self, response: Mapping[str, Any]) -> str:
        media: Mapping[str, Any] = self._document.resolved(response).get("content") or {}
        chosen = next((kind for kind in media if _is_json(kind)), None)
        if chosen is not None:
            return self._types.expression(media[chosen].get("schema"))
        return "Any" if media else "None"


def _is_json(kind: str) -> bool:
    bare = kind.partition(";")[0].strip()
    return bare == "application/json" or bare.endswith("+json")


def _told(operation: Operation) -> str:
    said = _sentence(operation.data.get("summary") or operation.data.get("description") or operation.id)
    return f"{said.rstrip('.')}: `{operation.method.upper()} {operation.path}`.".replace("\\", "/")


def _method_name(name: str) -> str:
    made = "_".join(word.lower() for word in words_of(name)) or "call"
    return f"call_{made}" if made[0].isdigit() else f"{made}_" if keyword.iskeyword(made) else made


def _python_name(name: str, taken: set[str]) -> str:
    made = _method_name(name)
    made = made if _NAME.fullmatch(made) else f"p_{made}"
    while made in taken:
        made += "_"
    return made
