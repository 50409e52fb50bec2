"""Edits of a module's text: imports, `__all__`, docstring; everything else keeps its bytes."""

import json

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from treadle_merge_python._module import exported


def insert_imports(text: str, lines: list[tuple[bool, str]]) -> str:
    """Statements behind the imports that stand there, or behind the docstring; those of the future come first."""
    for future in (False, True):
        new = [line for is_future, line in lines if is_future is future]
        if new:
            at = _place(text, future=future)
            parts = text.splitlines(keepends=True)
            parts[at:at] = [f"{line}\n" for line in new]
            if at and not parts[at - 1].endswith("\n"):
                parts[at - 1] += "\n"
            text = "".join(parts)
    return text


def with_exports(text: str, names: list[str]) -> str:
    """`__all__` lists these names: added to the list that stands there, or as a new last statement."""
    places = _places(text)
    for statement, _, _ in places:
        listed = exported(statement)
        if listed is not None:
            return _extended(text, listed, names)
    listing = "".join(f"    {json.dumps(name)},\n" for name in names)
    start = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{start}\n__all__ = [\n{listing}]\n"


def with_docstring(text: str, docstring: str) -> str:
    """The module's first statement is this text."""
    module = cst.parse_module(text)
    statement = cst.parse_statement(f'"""{docstring}"""\n')
    body = list(module.body)[1:] if module.get_docstring() is not None else list(module.body)
    return module.with_changes(body=[statement, *body]).code


def _extended(text: str, listed: cst.List | cst.Tuple, names: list[str]) -> str:
    """The list with further names behind the last one, a line each where it is laid out so."""
    module = cst.parse_module(text)
    code = module.code_for_node(listed)
    there = [
        element.value.evaluated_value for element in listed.elements if isinstance(element.value, cst.SimpleString)
    ]
    new = [json.dumps(name) for name in names if name not in there]
    closing = code[-1]
    inner = code[:-1].rstrip()
    comma = "" if inner.endswith((",", "[", "(")) else ","
    last_line = inner.rpartition("\n")[2]
    if "\n" in code and "#" not in last_line:
        indent = last_line[: len(last_line) - len(last_line.lstrip())] or "    "
        body = inner + comma + "".join(f"\n{indent}{name}," for name in new) + "\n" + closing
    elif "\n" in code:
        body = code[:-1].rstrip(" ") + "".join(f"    {name},\n" for name in new) + closing
    else:
        body = inner + comma + (" " if comma else "") + ", ".join(new) + closing
    return text.replace(code, body, 1)


def _place(text: str, *, future: bool) -> int:
    """The line behind the last import of that kind (or behind the docstring, or 0), counted from 0."""
    line = 0
    for number, (statement, _, stop) in enumerate(_places(text)):
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
        docstring = number == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString)
        of_future = isinstance(small, cst.ImportFrom) and getattr(small.module, "value", "") == "__future__"
        if docstring or of_future or (not future and isinstance(small, cst.Import | cst.ImportFrom)):
            line = stop
    return line


def _places(text: str) -> list[tuple[cst.BaseStatement, int, int]]:
    """The statements of a module with the lines `first <= n < stop` they stand in."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    positions = wrapper.resolve(PositionProvider)
    return [
        (statement, positions[statement].start.line - 1, positions[statement].end.line)
        for statement in wrapper.module.body
    ]
