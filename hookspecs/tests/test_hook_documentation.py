"""Each hook says when it is called, with what, and what becomes of the result; its example is run as it stands."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pluggy
import pytest
import treadle_hookspecs
from treadle_hookspecs import (
    PROJECT,
    CompositionRequest,
    CompositionResult,
    Conflict,
    Event,
    Resolution,
    TreadleError,
    _hooks,
)
from treadle_hookspecs._reference import hooks, reference, signature

PAGE = Path(__file__).parents[2] / "docs/reference/hooks.md"
HOOKS = hooks()

ARGUMENTS: dict[str, object] = {
    "request": CompositionRequest(("a", "b"), Path("project")),
    "conflict": Conflict("file", "LICENSE"),
    "result": CompositionResult(Path("project"), ("LICENSE",)),
    "event": Event(1, "x1", "execution_failed", 0),
}
"""What each argument of a hook is in the examples."""

each_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)


def hints(hook: Callable[..., object]) -> dict[str, Any]:
    """The types of its arguments and result; what it only receives is named by a text."""
    return get_type_hints(hook, localns={name: getattr(treadle_hookspecs, name) for name in treadle_hookspecs.__all__})


def documented(hook: Callable[..., object]) -> str:
    return inspect.getdoc(hook) or ""


def example(hook: Callable[..., object]) -> str:
    found = re.search(r"Example:\n    ```python\n(.*?)\n    ```", documented(hook), re.DOTALL)
    assert found, f"{hook.__name__} has no example"
    return inspect.cleandoc(found[1])


def plugin_of(hook: Callable[..., object]) -> ModuleType:
    """The example as a plugin module; `from treadle_hookspecs import …` and `import sys` go without saying."""
    module = ModuleType(f"example_of_{hook.__name__}")
    names = {name: getattr(treadle_hookspecs, name) for name in treadle_hookspecs.__all__}
    vars(module).update(names, sys=sys, ring_the_bell=lambda: None)
    exec(compile(example(hook), f"<example of {hook.__name__}>", "exec"), vars(module))
    return module


def registered(plugin: ModuleType) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(_hooks)
    manager.register(plugin)
    manager.check_pending()
    return manager


def arguments_of(hook: Callable[..., object]) -> dict[str, object]:
    return {name: ARGUMENTS[name] for name in inspect.signature(hook).parameters}


def test_there_are_as_many_hooks_as_the_table_of_the_architecture_has() -> None:
    assert len(HOOKS) == 17
    assert all(hook.__name__.startswith("treadle_") for hook in HOOKS)


@each_hook
def test_it_says_what_when_and_what_becomes_of_the_result(hook: Callable[..., object]) -> None:
    text = documented(hook)
    assert re.match(r"[A-Z].*\.\n\n", text), "a summary in one line"
    for field in ("When", "Result"):
        assert re.search(rf"^{field}: \w", text, re.MULTILINE), field
    for name in inspect.signature(hook).parameters:
        assert re.search(rf"^Arguments: .*`{name}`", text, re.MULTILINE), f"what is `{name}`?"


@each_hook
def test_its_example_defines_the_hook_and_nothing_else(hook: Callable[..., object]) -> None:
    made = {name for name, item in vars(plugin_of(hook)).items() if getattr(item, "treadle_impl", None)}
    assert made == {hook.__name__}


@each_hook
def test_its_example_fits_the_specification_and_gives_what_the_hook_takes(hook: Callable[..., object]) -> None:
    manager = registered(plugin_of(hook))
    result = getattr(manager.hook, hook.__name__)(**arguments_of(hook))
    wanted = hints(hook)["return"]
    if wanted is type(None):
        assert result == []
    elif hook.__name__ == "treadle_on_conflict":
        assert isinstance(result, Resolution)
    else:
        items = [item for given in result for item in given]
        assert items
        assert all(isinstance(item, get_args(wanted)) for item in items)


def test_an_example_can_refuse() -> None:
    (hook,) = [hook for hook in HOOKS if hook.__name__ == "treadle_before_composition"]
    manager = registered(plugin_of(hook))
    with pytest.raises(TreadleError, match="at most ten templates"):
        manager.hook.treadle_before_composition(request=CompositionRequest(("t",) * 11, Path("project")))


def test_an_answer_to_a_conflict_is_taken_from_the_first_that_has_one() -> None:
    (hook,) = [hook for hook in HOOKS if hook.__name__ == "treadle_on_conflict"]
    manager = registered(plugin_of(hook))
    assert manager.hook.treadle_on_conflict(conflict=Conflict("file", "README")) is None


def registering() -> Iterator[Callable[..., Any]]:
    yield from (hook for hook in HOOKS if hints(hook)["return"] is not type(None) and not arguments_of(hook))


def test_hooks_that_register_are_plural_nouns_without_arguments() -> None:
    assert len(list(registering())) == 13
    assert all(hook.__name__.endswith("s") for hook in registering())
    others = {hook.__name__ for hook in HOOKS} - {hook.__name__ for hook in registering()}
    assert all(re.match(r"treadle_(before|after|on)_", name) for name in others)


@each_hook
def test_the_reference_has_it_with_its_exact_arguments(hook: Callable[..., object]) -> None:
    heading = f"## `{signature(hook)}`\n"
    page = PAGE.read_text("utf-8")
    assert heading in page
    section = page.split(heading)[1].split("\n## ")[0]
    assert example(hook) in section
    assert "**When**" in section
    assert "**Result**" in section


def test_the_reference_page_is_the_contracts() -> None:
    hint = "write it again: python -m treadle_hookspecs > docs/reference/hooks.md"
    assert PAGE.read_text("utf-8") == reference(), hint
