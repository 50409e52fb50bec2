"""The contract is light, frozen and documented: a plugin imports it and nothing else of treadle."""

import ast
import dataclasses
import inspect
import itertools
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import treadle_hookspecs
from treadle_hookspecs import (
    API_VERSION,
    ActionError,
    Event,
    ExitCode,
    Outcome,
    ProcessResult,
    ToolMissingError,
    TreadleError,
)

SOURCES = sorted(Path(treadle_hookspecs.__file__).parent.glob("*.py"))
PUBLIC = {name: getattr(treadle_hookspecs, name) for name in treadle_hookspecs.__all__}
CLASSES = {name: item for name, item in PUBLIC.items() if inspect.isclass(item)}


def documented_assignments() -> Iterator[str]:
    """Names that are assigned and followed by a text."""
    for path in SOURCES:
        body = ast.parse(path.read_text("utf-8")).body
        for statement, after in itertools.pairwise(body):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if is_text and isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id
            if is_text and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                yield statement.targets[0].id


def test_the_version_of_the_contract_is_the_distributions() -> None:
    assert version("treadle-hookspecs") == API_VERSION


def test_it_imports_pluggy_and_the_standard_library_only() -> None:
    script = "import sys; before = set(sys.modules); import treadle_hookspecs; print(*set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in ended.stdout.split()}
    assert packages - set(sys.stdlib_module_names) == {"pluggy", "treadle_hookspecs"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_of_it_names_anything_else(path: Path) -> None:
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module or "")
    packages = {name.partition(".")[0] for name in named}
    assert packages <= set(sys.stdlib_module_names) | {"pluggy", "treadle_hookspecs"}


def test_public_names_are_listed_in_order_and_all_there() -> None:
    assert len(PUBLIC) == len(treadle_hookspecs.__all__)
    tree = ast.parse(Path(treadle_hookspecs.__file__).read_text("utf-8"))
    imports = {
        node.module.rpartition(".")[2]: {alias.name for alias in node.names}
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("treadle_hookspecs.")
    }
    assert set(PUBLIC) == set().union(*imports.values()) == set(dir(treadle_hookspecs))
    # What type checkers see is what is imported when it is asked for.
    later = {module: set(names.split()) for module, names in treadle_hookspecs._LATER.items()}
    assert later == {module: imports[module] for module in later}


def test_a_thin_plugin_module_imports_the_records_only() -> None:
    script = "from treadle_hookspecs import Action, Module, hookimpl; import sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("treadle_hookspecs.") for name in ended.stdout.split() if "treadle_hookspecs." in name}
    assert loaded == {"_contributions", "_errors", "_json", "_markers"}


def test_a_name_that_is_none_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Acton'"):
        treadle_hookspecs.Acton  # noqa: B018


def test_every_public_class_and_its_members_are_documented() -> None:
    missing = [name for name, item in CLASSES.items() if not item.__doc__ or item.__doc__.startswith(f"{name}(")]
    for name, item in CLASSES.items():
        for member, value in vars(item).items():
            public = not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
            if public and not inspect.getdoc(value):
                missing.append(f"{name}.{member}")
    assert missing == []


def test_every_other_public_name_is_documented_or_says_itself() -> None:
    functions = {name for name, item in PUBLIC.items() if inspect.isfunction(item) and inspect.getdoc(item)}
    others = set(PUBLIC) - set(CLASSES) - functions - {"hookimpl", "hookspec", "EVENT_VERSION"}
    assert others <= set(documented_assignments())


@pytest.mark.parametrize("item", [item for item in CLASSES.values() if dataclasses.is_dataclass(item)])
def test_records_are_frozen_and_slotted(item: Any) -> None:
    assert item.__dataclass_params__.frozen
    assert "__slots__" in vars(item)


def test_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "NOT_ALLOWED": 4,
        "CONFLICT": 5,
        "STORAGE": 6,
        "WAITING": 7,
        "TIMED_OUT": 8,
        "INTERNAL": 70,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


def test_an_error_carries_what_a_person_needs() -> None:
    error = TreadleError("no such thing", context={"file": "a"}, suggestions=("look",), exit_code=ExitCode.NOT_FOUND)
    assert (str(error), error.context, error.suggestions, error.exit_code) == (
        "no such thing",
        {"file": "a"},
        ("look",),
        3,
    )
    missing = ToolMissingError("ruff", "pip install ruff")
    assert isinstance(missing, ActionError)
    assert (missing.error_class, missing.retryable) == ("tool-missing", False)
    assert "pip install ruff" in missing.message


@pytest.mark.parametrize(
    ("event", "address"),
    [
        (Event(1, "x", "t", 0), ""),
        (Event(1, "x", "t", 0, scope="loop:3"), "loop:3"),
        (Event(1, "x", "t", 0, step="test", visit=2, attempt=1), "test#2.1"),
        (Event(1, "x", "t", 0, scope="items[2]", step="test", visit=1), "items[2]/test#1"),
    ],
)
def test_an_events_address(event: Event, address: str) -> None:
    assert event.address == address
    assert Event(**event.to_json()) == event  # type: ignore[arg-type]


def test_outputs_that_were_not_given_are_empty_and_not_shared() -> None:
    assert Outcome("a").outputs == {}
    assert Outcome("a").outputs is not Outcome("a").outputs


@pytest.mark.parametrize(("exit_code", "timed_out", "ok"), [(0, False, True), (1, False, False), (0, True, False)])
def test_a_process_is_ok_when_it_ended_by_itself_with_zero(exit_code: int, timed_out: bool, ok: bool) -> None:
    assert ProcessResult(("true",), exit_code, "", "", timed_out=timed_out).ok is ok
