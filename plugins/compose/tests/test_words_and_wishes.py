"""What users and templates may write, and what they are told when it cannot be."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from treadle.api import Treadle
from treadle.host import FacadeHost
from treadle_compose import _schemas
from treadle_compose._asking import assigned
from treadle_compose._hooks import TemplateHook, _failed
from treadle_compose._validation import problems
from treadle_hookspecs import ProcessResult, TreadleError


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["A=1,B=2"], {"A": "1", "B": "2"}),
        (["A=1", "B=2"], {"A": "1", "B": "2"}),
        (["URL=postgres://localhost:5432/myapp"], {"URL": "postgres://localhost:5432/myapp"}),
        (["LIST=a,b,c"], {"LIST": "a,b,c"}),
        (["LIST=a,b,web.PORT=3"], {"LIST": "a,b", "web.PORT": "3"}),
        ([r"URL=x?a=1\,b=2,B=3"], {"URL": "x?a=1,b=2", "B": "3"}),
        (['J={"a": 1, "b=": 2}'], {"J": '{"a": 1, "b=": 2}'}),
        (["A="], {"A": ""}),
    ],
)
def test_assignments_are_separated_by_commas(words: list[str], found: dict[str, str]) -> None:
    assert assigned(words, "--variables") == found


@pytest.mark.parametrize("words", ["A", "=1"])
def test_what_assigns_nothing_is_refused(words: str) -> None:
    with pytest.raises(TreadleError, match="NAME=VALUE"):
        assigned([words], "--variables")


def test_a_mapping_over_what_is_no_number_names_its_place(bench: Any) -> None:
    folder = bench.template(
        "one",
        {"a.txt": ""},
        {
            "variables": [{"name": "PORT", "default": "none"}],
            "composition": {"variables": {"mappings": {"NEXT": "{{PORT}} + 1"}}},
        },
    )
    problem = bench.problem("one")
    line = (folder / "template.yaml").read_text().splitlines().index("      NEXT: '{{PORT}} + 1'") + 1
    assert problem["message"].startswith(f"{folder / 'template.yaml'}:{line}:7: NEXT: ")
    assert "'none' is no number" in problem["message"]
    assert (problem["context"]["line"], problem["suggestions"]) == (
        line,
        ["a text is joined in quotes: {{NAME}} + ' - 1'"],
    )


def test_a_hook_is_named_to_decide(bench: Any) -> None:
    hooks = {"hooks": {"onConflict": [{"name": "decide", "script": "decide.py", "triggers": ["file-conflict:other"]}]}}
    folder = bench.template("one", {"a.bin": "1", "b.bin": "1"}, hooks)
    (folder / "decide.py").write_text(
        "import json, sys\n"
        "rows = json.load(sys.stdin)['conflicts']\n"
        "print(json.dumps({'resolutions': [{'path': row['path'], 'strategy': 'last'} for row in rows]}))\n"
    )
    bench.template("two", {"a.bin": "2", "b.bin": "2"})
    status = bench.composed("one", "two", trust="full", resolve=["a.bin=hook:decide", "b.bin=first"])
    assert bench.tree() == {"a.bin": "2", "b.bin": "1"}
    assert {it["path"]: it["by"] for it in bench.rows(status)} == {"a.bin": "hook one/decide", "b.bin": "--resolve"}
    bench.target = bench.folder / "another"
    (row,) = bench.rows(bench.compose("one", "two", trust="full", resolve=["a.bin=hook:nobody", "b.bin=first"]))[:1]
    assert (row["resolved"], row["hint"]) == (False, "the hook nobody is to decide it")


def test_strategies_that_nothing_knows_are_found_in_the_template(bench: Any) -> None:
    wishes = [
        {"pattern": "a.txt", "strategy": "lsat"},
        {"pattern": "b.txt", "strategy": "template:two"},
        {"type": "variable", "pattern": "PORT", "strategy": "merge"},
    ]
    folder = bench.template("one", {"a.txt": ""}, {"composition": {"conflicts": wishes}})
    with Treadle() as treadle:
        found = problems(folder, FacadeHost(treadle))
    assert [it["message"].partition(": ")[2] for it in found] == [
        "nothing knows the strategy `lsat` for a.txt; did you mean `last`?",
        "nothing knows the strategy `merge` for PORT; there are: first, last, ask",
    ]
    assert all(it["line"] for it in found)


def test_files_are_as_their_published_schemas_say(bench: Any) -> None:
    hook = {"name": "x", "command": "touch x", "in": "project", "creates": ["x"], "permissions": {"network": True}}
    folder = bench.template("one", {"a.txt": ""}, {"hooks": {"postSetup": [hook]}})
    jsonschema.validate(yaml.safe_load((folder / "template.yaml").read_text()), _schemas.composition())
    jsonschema.validate({"hooks": {"postSetup": [hook]}}, _schemas.hooks())
    with Treadle() as treadle:
        FacadeHost(treadle).trust.allow("0" * 64, "sandboxed", "hook one/x")
    (file,) = bench.home.rglob("trust.json")
    jsonschema.validate(json.loads(file.read_text()), _schemas.trust())
    for schema in (_schemas.composition(), _schemas.hooks(), _schemas.trust(), _schemas.project()):
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("said", "hinted"),
    [
        ("npm error code EAI_AGAIN", True),
        ("curl: (6) Could not resolve host: example.org", True),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", True),
        ("SyntaxError: invalid syntax", False),
    ],
)
def test_a_hook_that_wanted_the_network_is_told_so(bench: Any, said: str, hinted: bool) -> None:
    from treadle_compose._sources import Library

    folder = bench.template("one", {}, {"hooks": {"postSetup": [{"name": "x", "command": "npm ci"}]}})
    with Treadle() as treadle:
        found = Library(FacadeHost(treadle), print).folder(folder, "one")
    error = _failed(TemplateHook(found, found.manifest.hooks[0]), ProcessResult(("npm",), 1, "", said))
    assert any("network" in it for it in error.suggestions) is hinted
