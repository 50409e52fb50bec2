"""Native templates: what is rendered, what is left alone, what a template cannot do."""

from typing import Any

import pytest
from treadle_compose._render import render_text, render_value
from treadle_hookspecs import TreadleError


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
    with pytest.raises(TreadleError, match=r"a\.j2:1: "):
        render_text(text, {"PROJECT_NAME": "x"}, "a.j2")


def test_a_mistake_has_its_line() -> None:
    with pytest.raises(TreadleError) as error:
        render_text("a\nb\n{{ missing }}\n", {}, "a.j2")
    assert error.value.context["line"] == 3
    with pytest.raises(TreadleError) as error:
        render_text("a\n{% if %}\n", {}, "a.j2")
    assert error.value.context["line"] == 2


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
