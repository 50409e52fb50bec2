"""From a text to a document, whatever it is written in."""

from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle.definition._document import Document, plain
from treadle.definition._problems import Problem
from treadle.definition._text import UnreadableError, checked


def read(text: str, name: str) -> tuple[Document, list[Problem]]:
    """The document, and problems that did not keep it from being read. Raises `UnreadableError`.

    A name that ends with `.json` means JSON, any other YAML.
    """
    text = checked(text, name)
    if name.lower().endswith(".json"):
        from treadle.definition._json_text import read_json

        return read_json(text, name)
    from treadle.definition._yaml import read_yaml

    return read_yaml(text, name)


def parse_document(text: str, name: str) -> Document:
    """The located tree of a YAML or JSON text. Raises `TreadleError` with line and column of the first problem."""
    try:
        document, problems = read(text, name)
    except UnreadableError as error:
        raise _failed(error.problems) from None
    if problems:
        raise _failed(problems)
    return document


def load_yaml(text: str, name: str) -> Json:
    """The data of a YAML or JSON text, read as strictly as definitions are. Raises as `parse_document`."""
    return plain(parse_document(text, name).root)


def _failed(problems: "list[Problem] | tuple[Problem, ...]") -> TreadleError:
    first = min(problems, key=lambda problem: problem.order)
    return TreadleError(
        f"{first.file}:{first.line}:{first.column}: {first.message}",
        code=first.code,
        context={"file": first.file, "line": first.line, "column": first.column},
        suggestions=(first.hint,) if first.hint else (),
        exit_code=ExitCode.USAGE,
    )
