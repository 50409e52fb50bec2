"""What a check looks for in merged files: keys that come twice, and comments. It shares nothing with the resolvers."""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

_MARKS: Final = {".json": "//", ".jsonc": "//", ".code-workspace": "//", ".md": "", ".markdown": ""}


class _Strict(yaml.SafeLoader):
    """Refuses a key that comes twice and leaves every tag alone."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    names = [getattr(key, "value", "") for key, _ in node.value]
    twice = [name for name in names if isinstance(name, str) and names.count(name) > 1]
    if twice:
        raise yaml.YAMLError(f"the key {twice[0]} comes twice")
    return {
        str(name): loader.construct_object(value, deep=True) for name, (_, value) in zip(names, node.value, strict=True)
    }


def _anything(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


_Strict.add_constructor("tag:yaml.org,2002:map", _mapping)
_Strict.add_multi_constructor("!", _anything)
_Strict.add_multi_constructor("tag:yaml.org,2002:python/", _anything)


def problem_of(path: str, content: bytes) -> str:
    """Why a file does not read as its name says; "" when it does, or when its name says nothing."""
    reader = _reader(path)
    try:
        if reader:
            reader(content.decode("utf-8-sig"))
    except (ValueError, SyntaxError, yaml.YAMLError, configparser.Error) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def comments(path: str, content: bytes) -> Iterator[str]:
    """The lines of a file that are comments; the headings of a document."""
    mark = _MARKS.get(PurePosixPath(path).suffix, "#")
    for line in content.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if mark and text.startswith(mark):
            yield text
        elif not mark and (heading := re.match(r"#{1,6} +(.+)", text)):
            yield heading[1]


def _reader(path: str) -> Callable[[str], object] | None:
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix
    readers: dict[str, Callable[[str], object]] = {
        ".json": _json, ".jsonc": _json, ".toml": tomllib.loads, ".yml": _yaml, ".yaml": _yaml,
        ".cfg": _ini, ".ini": _ini, ".py": ast.parse,
    }  # fmt: skip
    if name.startswith(".env"):
        return _variables
    return readers.get(suffix)


def _json(text: str) -> object:
    """With comments and trailing commas, since some tools take them."""
    string = r'("(?:[^"\\]|\\.)*")'
    bare = re.sub(rf"{string}|//[^\n]*|/\*.*?\*/", lambda found: found[1] or " ", text, flags=re.DOTALL)
    return json.loads(re.sub(rf"{string}|,(?=\s*[}}\]])", lambda found: found[1] or "", bare), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the key {name} comes twice")
    return dict(pairs)


def _yaml(text: str) -> object:
    return list(yaml.load_all(text, Loader=_Strict))


def _ini(text: str) -> None:
    configparser.RawConfigParser(strict=True, allow_no_value=True).read_string(text)


def _variables(text: str) -> None:
    names = re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", text, re.MULTILINE)
    _once([(name, None) for name in names])
