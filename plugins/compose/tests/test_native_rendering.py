"""Native templates: what is rendered, what is left alone, what a template cannot do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_compose._render import _compiled, _plain, render_text, render_value
from treadle_hookspecs import Json, TreadleError


def test_suffixes_decide_and_go_away(bench: Any) -> None:
    bench.template(
        "one",
        {
            "a.yml": "x: ${{ github.ref }} {{ PROJECT_NAME }}\n",
            "b.yml.jinja": "name: {{ PROJECT_NAME }}\n",
            "c.j2": "{% for it in [1, 2] %}\n{{ it }}\n{% endfor %}\n",
            "d.txt.hbs": "{{PROJECT_NAME}}\n",
            "raw.j2": "{{ kept }}\n",
        },
        {"files": {"raw": ["raw.j2"]}},
    )
    bench.composed("one")
    assert bench.tree() == {
        "a.yml": "x: ${{ github.ref }} {{ PROJECT_NAME }}\n",
        "b.yml": "name: my-app\n",
        "c": "1\n2\n",
        "d.txt": "my-app\n",
        "raw.j2": "{{ kept }}\n",
    }


def test_paths_hold_variables_and_empty_parts_leave_files_out(bench: Any) -> None:
    bench.template(
        "one",
        {
            "src/{{ PROJECT_NAME | replace('-', '_') }}/x.py": "",
            "{{ 'Dockerfile' if docker else '' }}": "FROM x\n",
            "{% if not docker %}plain{% endif %}.txt.jinja": "{{ docker }}\n",
        },
        {"variables": [{"name": "docker", "type": "bool", "default": False}]},
    )
    bench.composed("one")
    assert set(bench.tree()) == {"src/my_app/x.py", "plain.txt"}
    bench.target = bench.folder / "other"
    bench.composed("one", variables={"docker": "yes"})
    assert "Dockerfile" in bench.tree()


def test_files_depend_on_variables(bench: Any) -> None:
    manifest = {
        "variables": [{"name": "db", "choices": ["postgres", "none"], "default": "none"}],
        "files": {"when": {"db": "db != 'none'", "*.sql": "db == 'postgres'"}, "exclude": ["*.bak"]},
    }
    bench.template("one", {"db/x.txt": "", "y.sql": "", "z.bak": "", "a.txt": ""}, manifest)
    bench.composed("one")
    assert set(bench.tree()) == {"a.txt"}
    bench.target = bench.folder / "other"
    assert "is none of postgres, none" in bench.problem("one", variables={"db": "x"})["message"]


def test_a_manifest_beside_the_files_is_not_shipped(bench: Any) -> None:
    folder = bench.folder / "flat"
    folder.mkdir()
    (folder / "template.yaml").write_text("template: {id: flat}\n")
    (folder / "a.txt").write_text("a\n")
    bench.composed("flat")
    assert set(bench.tree()) == {"a.txt"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ PROJECT_NAME.__class__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ 'x' * 999999999 }}",
        "{{ 9 ** 99999 }}",
        "{{ range(10 ** 9) | list }}",
        "{{ '%999999999d' % 1 }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ lipsum.__globals__ }}",
        "{{ [].append(1) }}",
        "{{ missing }}",
    ],
)
def test_what_a_template_cannot_do(text: str) -> None:
    with pytest.raises(TreadleError, match=r"a\.j2:1:\d+: "):
        render_text(text, {"PROJECT_NAME": "x"}, "a.j2")


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a\nb\nc {{ missing }}\n", (3, 6), "'missing' is undefined"),
        ("a\n{% if %}\n", (2, 1), "Expected an expression"),
        ("{{ a }} {{ a | lowr }}", (1, 16), "No filter named 'lowr'"),
        ("a\n  {% nosuch %}", (2, 6), "unknown tag 'nosuch'"),
        ("{{ a }} and {{ a.b }}", (1, 18), "has no attribute 'b'"),
        ("{% if a %}\nb", (2, 1), "Unexpected end of template"),
    ],
)
def test_a_mistake_has_its_line_and_column(text: str, place: tuple[int, int], reason: str) -> None:
    with pytest.raises(TreadleError, match=reason) as error:
        render_text(text, {"a": "x"}, "a.j2")
    assert (error.value.context["line"], error.value.context["column"]) == place


def test_a_mistyped_name_has_a_suggestion() -> None:
    with pytest.raises(TreadleError) as error:
        render_text("{{ PROJET_NAME }}", {"PROJECT_NAME": "x"}, "a.j2")
    assert error.value.suggestions == ("did you mean `PROJECT_NAME`?",)


NAMES = [
    "{{ a }}",
    "{{b}}",
    "{{  c }}",
    "{{ d }}",
    "{{ none }}",
    "{{ a-1 }}",
    "{{- a }}",
    "{{ missing }}",
    "{{ self }}",
]
SIGNS = ["{", "}", "{{", "}}", "{#", "#}", "\n", "\r\n", " ", "text"]
TAGS = ["{% if a %}", "{% endif %}", "{% raw %}", "{% endraw %}"]
PIECES = st.sampled_from([*NAMES, *SIGNS, *TAGS])


@given(st.lists(PIECES, max_size=8).map("".join))
def test_texts_that_only_name_variables_need_no_engine_and_come_out_the_same(text: str) -> None:
    values: dict[str, Json] = {"a": "{{ b }}", "b": 1, "c": None, "d": [True, "x"], "none": "no", "self": "own"}
    plain = _plain(text, values)
    if plain is not None:
        assert plain == _compiled(text).render(values)


def test_the_quick_way_is_taken() -> None:
    assert _plain("name: {{ a }}, {{b}}\n", {"a": "x", "b": 2}) == "name: x, 2\n"
    assert _plain("{{ a | upper }}", {"a": "x"}) is None


def test_output_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle_compose._render._OUTPUT", 1000)
    with pytest.raises(TreadleError, match="more than 1000 characters"):
        render_text("{% for it in range(999) %}{{ it }} {% endfor %}", {}, "a.j2")


def test_one_expression_keeps_its_type() -> None:
    assert render_value("{{ [1, 2] }}", {}) == [1, 2]
    assert render_value("{{ a }}{{ a }}", {"a": 1}) == "11"
    assert render_value("{{ frontend_port + 1 }}", {"frontend-port": 1}) == 2


@pytest.mark.parametrize(
    ("question", "value", "reason"),
    [
        ({"type": "int"}, "x", "is no int"),
        ({"type": "path-part"}, "../x", "cannot stand as a name"),
        ({"type": "path-part"}, "a/b", "cannot stand|holds a /"),
        ({}, "a\nb", "holds a line end"),
        ({}, "a\0b", "holds a NUL"),
        ({}, "", "is empty"),
        ({"pattern": "[a-z]+"}, "A", "does not match"),
        ({"choices": ["a"]}, "b", "is none of a"),
        ({"type": "json"}, "{", "is no json"),
        ({"type": "bool"}, "perhaps", "is no bool"),
    ],
)
def test_values_are_checked(bench: Any, question: dict[str, Any], value: str, reason: str) -> None:
    import re

    bench.template("one", {}, {"variables": [{"name": "V", **question}]})
    message = bench.problem("one", variables={"V": value})["message"]
    assert re.search(reason, message), message


def test_a_secret_is_not_in_the_message(bench: Any) -> None:
    bench.template("one", {}, {"variables": [{"name": "V", "secret": True, "pattern": "[a-z]+"}]})
    assert "HIDDEN" not in bench.problem("one", secrets={"V": "HIDDEN"})["message"]


def test_a_variable_that_nobody_knows_gets_a_suggestion(bench: Any) -> None:
    bench.template("one", {}, {"variables": [{"name": "PORT", "default": "1"}]})
    assert "did you mean `PORT`?" in bench.problem("one", variables={"PROT": "2"})["suggestions"]


def test_what_has_no_value_is_listed_with_its_flag(bench: Any) -> None:
    bench.template("one", {}, {"variables": [{"name": "PORT", "help": "where"}]})
    assert bench.problem("one")["suggestions"] == ["--variables PORT=VALUE   where"]


def test_a_mapping_that_needs_what_nobody_provides(bench: Any) -> None:
    bench.template("one", {}, {"composition": {"variables": {"mappings": {"a": "{{B}} + 1"}}}})
    assert "nobody provides B" in bench.problem("one")["message"]
