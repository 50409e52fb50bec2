"""Whatever becomes of a definition, loading it tells problems or gives a plan; it never raises."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treadle.definition import Catalogue, load_text
from treadle_engine.plan import plan_to_json

DEFINITION: dict[str, Any] = {
    "treadle": 1,
    "name": "mutant",
    "inputs": {"n": {"type": "integer", "default": 1}, "m": {"enum": ["a", "b"]}},
    "outputs": {"o": "{{ steps.a.outputs.stdout }}"},
    "triggers": ["cli", {"event": {"name": "x", "match": "event.data.y"}}],
    "env": {"E": "{{ inputs.n }}"},
    "secrets": {"S": {"env": "S"}},
    "vars": {"v": 0},
    "defaults": {"retry": {"max_attempts": 2}},
    "rollback": {"after": ["failure"]},
    "start": ["a"],
    "steps": [
        {"id": "a", "run": "echo {{ inputs.n }}", "on_failure": "b", "env": {"T": "{{ secrets.S }}"}},
        {"id": "b", "uses": "example/greet", "with": {"name": "x"}, "switch": [{"when": "outputs.text", "goto": "c"}]},
        {"id": "c", "set": {"v": "{{ vars.v + 1 }}"}, "needs": ["a"], "join": {"at_least": 1}},
        {
            "id": "d",
            "run": ["ls", "{{ steps.c.state }}"],
            "compensate": {"run": "undo {{ outputs.x }}"},
            "timeout": "5m",
        },
        {"id": "e", "emit": {"name": "done"}, "routes": {"failure": ["d"]}, "max_visits": 2},
        {"id": "f", "cancel": ["d"], "needs": ["a"]},
        {"id": "g", "end": "completed"},
    ],
    "finally": [{"id": "z", "run": "echo {{ steps.a.state }}"}],
}
WORDS = [
    "a",
    "z",
    "n",
    "",
    "x y",
    "1m",
    "{{ inputs.n }}",
    "{{ nothing }}",
    "{{ 1",
    "all_done",
    "steps.a.outputs.x",
    "sh",
]
KEYS = [
    "id",
    "needs",
    "run",
    "uses",
    "with",
    "loop",
    "retry",
    "env",
    "when",
    "join",
    "switch",
    "mode",
    "colour",
    "start",
]
replacements: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, 0, -1, 3.5, 10**30, [], {}, [[]], [None], {"a": None}, {"": {}}]),
    st.sampled_from(WORDS),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from([*WORDS, 1, None, ["a"], {}]), max_size=3),
    st.lists(st.sampled_from([*WORDS, 1, None]), max_size=3),
)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield from places(value, (*path, key))


PLACES = [path for path in places(DEFINITION) if path]


def mutated(changes: list[tuple[tuple[Any, ...], str, Any]]) -> Any:
    data = copy.deepcopy(DEFINITION)
    for path, what, value in changes:
        parent: Any = data
        for key in path[:-1]:
            parent = parent[key] if isinstance(parent, (dict, list)) and key in _keys(parent) else None
        if not isinstance(parent, (dict, list)) or path[-1] not in _keys(parent):
            continue
        if what == "drop":
            del parent[path[-1]]
        elif what == "add" and isinstance(parent, dict):
            parent[value if isinstance(value, str) else "colour"] = 1
        else:
            parent[path[-1]] = value
    return data


def _keys(parent: Any) -> Any:
    return parent if isinstance(parent, dict) else range(len(parent))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(["set", "set", "drop", "add"]), replacements),
        min_size=1,
        max_size=4,
    )
)
def test_loading_never_raises(catalogue: Catalogue, changes: list[tuple[tuple[Any, ...], str, Any]]) -> None:
    text = json.dumps(mutated(changes), indent=1)
    loaded = load_text(text, "mutant.json", catalogue)
    assert (loaded.plan is None) == any(problem.severity == "error" for problem in loaded.problems)
    assert all(0 < problem.line <= text.count("\n") + 1 for problem in loaded.problems)
    if loaded.plan is not None:
        json.dumps(plan_to_json(loaded.plan))


def test_the_definition_itself_is_sound(catalogue: Catalogue) -> None:
    loaded = load_text(json.dumps(DEFINITION), "mutant.json", catalogue)
    assert loaded.plan is not None, loaded.errors
