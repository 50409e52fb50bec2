"""Each kind of conflict has its row, and the row names what decides it."""

from typing import Any

import pytest


def open_rows(bench: Any, *templates: str, **inputs: Any) -> list[tuple[str, str, str]]:
    status = bench.compose(*templates, **inputs)
    return [(row["kind"], row["path"], row["flag"]) for row in bench.rows(status) if not row["resolved"]]


def resolved(bench: Any, status: Any) -> list[tuple[str, str, str, str]]:
    return [(row["kind"], row["path"], row["strategy"], row["by"]) for row in bench.rows(status) if row["resolved"]]


def test_a_file_against_a_folder(bench: Any) -> None:
    bench.template("one", {"docs": "a file\n"})
    bench.template("two", {"docs/x.md": "x\n"})
    assert open_rows(bench, "one", "two") == [("type", "docs", "--resolve docs=skip")]
    bench.composed("one", "two", resolve=["docs=skip"])
    assert bench.tree() == {"docs/x.md": "x\n"}


def test_a_file_against_a_link(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", "b.txt": "b\n"})
    other = bench.template("two", {"a.txt": "a\n"})
    (other / "files" / "b.txt").symlink_to("a.txt")
    assert open_rows(bench, "one", "two")[0][:2] == ("type", "b.txt")
    bench.composed("one", "two", resolve=["b.txt=last"])
    assert (bench.target / "b.txt").is_symlink()


def test_names_that_differ_in_case_only(bench: Any) -> None:
    bench.template("one", {"Notes.md": "1\n"})
    bench.template("two", {"notes.md": "2\n"})
    ((kind, path, flag),) = open_rows(bench, "one", "two")
    assert (kind, path, flag) == ("case", "Notes.md", "--resolve Notes.md=first")
    bench.composed("one", "two", resolve=["Notes.md=last"])
    assert bench.tree() == {"Notes.md": "2\n"}


def test_names_of_which_a_tool_reads_only_one(bench: Any) -> None:
    bench.template("one", {"compose.yaml": "services: {}\n"})
    bench.template("two", {"docker-compose.yml": "services: {}\n"})
    status = bench.composed("one", "two")
    assert bench.tree() == {"compose.yaml": "services: {}\n"}
    assert ("alias", "compose.yaml", "unite", "default") in resolved(bench, status)


def test_a_file_that_somebody_wants_executable(bench: Any) -> None:
    bench.template("one", {"run": "#!/bin/sh\n"})
    other = bench.template("two", {"run": "#!/bin/sh\n"})
    (other / "files" / "run").chmod(0o755)
    status = bench.composed("one", "two")
    assert (bench.target / "run").stat().st_mode & 0o777 == 0o755
    assert resolved(bench, status) == [("mode", "run", "or", "default")]


def test_a_shared_variable_with_two_defaults(bench: Any) -> None:
    for name, default in (("one", "3000"), ("two", "4000")):
        bench.template(
            name,
            {f"{name}.txt.j2": "{{ PORT }}"},
            {
                "variables": [{"name": "PORT", "default": default}],
                "composition": {"variables": {"shared": ["PORT"]}},
            },
        )
    assert open_rows(bench, "one", "two") == [("variable", "PORT", "--resolve PORT=first")]
    bench.composed("one", "two", resolve=["PORT=last"])
    assert bench.tree() == {"one.txt": "4000", "two.txt": "4000"}


def test_a_shared_variable_that_is_given_is_no_conflict(bench: Any) -> None:
    for name, default in (("one", "3000"), ("two", "4000")):
        manifest = {
            "variables": [{"name": "PORT", "default": default}],
            "composition": {"variables": {"shared": ["PORT"]}},
        }
        bench.template(name, {f"{name}.txt.j2": "{{ PORT }}"}, manifest)
    bench.composed("one", "two", variables={"PORT": "5000"})
    assert set(bench.tree().values()) == {"5000"}


def test_variables_of_one_name_that_are_not_shared_stay_apart(bench: Any) -> None:
    for name, default in (("one", "3000"), ("two", "4000")):
        manifest = {"variables": [{"name": "PORT", "default": default}]}
        bench.template(name, {f"{name}.txt.j2": "{{ PORT }}"}, manifest)
    bench.composed("one", "two", variables={"two.PORT": "9"})
    assert bench.tree() == {"one.txt": "3000", "two.txt": "9"}


def test_two_hooks_of_one_name(bench: Any) -> None:
    for name, word in (("one", "a"), ("two", "b")):
        hook = {"name": "setup", "command": f"touch {word}"}
        bench.template(name, {f"{name}.txt": ""}, {"hooks": {"postSetup": [hook]}})
    rows = open_rows(bench, "one", "two", trust="sandboxed")
    assert rows == [("hook", "hook:setup", "--resolve hook:setup=both")]
    bench.composed("one", "two", trust="sandboxed", resolve=["hook:setup=both"])
    assert set(bench.tree()) == {"a", "b", "one.txt", "two.txt"}


def test_templates_that_do_not_agree(bench: Any) -> None:
    for name, strategy in (("one", "first"), ("two", "last")):
        rule = {"pattern": "*.cfg", "strategy": strategy}
        bench.template(name, {"a.cfg": name}, {"composition": {"conflicts": [rule]}})
    status = bench.compose("one", "two")
    (row,) = bench.rows(status)
    assert row["hint"] == "its templates do not agree: one says first, two says last"
    bench.composed("one", "two", decisions=[{"path": "a.cfg", "strategy": "last"}])


def test_what_nobody_can_merge_says_so(bench: Any) -> None:
    rule = {"pattern": "a.bin", "strategy": "merge"}
    bench.template("one", {"a.bin": "1"}, {"composition": {"conflicts": [rule]}})
    bench.template("two", {"a.bin": "2"})
    status = bench.compose("one", "two")
    assert "no installed plugin can do `merge`" in bench.rows(status)[0]["hint"]


@pytest.mark.parametrize("name", ["uv.lock", "package-lock.json"])
def test_lock_files_are_left_out_and_named(bench: Any, name: str) -> None:
    bench.template("one", {name: "1"})
    bench.template("two", {name: "2", "b.txt": ""})
    status = bench.composed("one", "two")
    assert set(bench.tree()) == {"b.txt"}
    assert any(name in note for note in bench.outputs(status, "plan")["notes"])


def test_workflows_and_images_stay_apart(bench: Any) -> None:
    bench.template("one", {".github/workflows/ci.yml": "a: 1\n", "Dockerfile": "FROM a\n"})
    bench.template("two", {".github/workflows/ci.yml": "a: 2\n", "Dockerfile": "FROM b\n"})
    bench.composed("one", "two")
    assert set(bench.tree()) == {
        ".github/workflows/ci.yml",
        ".github/workflows/ci.two.yml",
        "Dockerfile",
        "Dockerfile.two",
    }


def test_a_tree_in_a_folder_of_its_own_has_no_conflicts(bench: Any) -> None:
    bench.template("one", {"a.bin": "1"})
    bench.template("two", {"a.bin": "2"})
    bench.composed("one", "two", subdirs={"two": "services/two"})
    assert bench.tree() == {"a.bin": "1", "services/two/a.bin": "2"}


def test_what_one_template_ships_another_ones_ignore_file_may_not_hide(bench: Any) -> None:
    bench.template("one", {".gitignore": "build/\n*.log\n", "a.txt": ""})
    bench.template("two", {"build/make.txt": "kept\n"})
    status = bench.compose("one", "two")
    rows = [(row["path"], row["resolved"]) for row in bench.rows(status) if row["kind"] == "ignored"]
    assert [path for path, _ in rows] == ["build/make.txt"]
    if status.status == "failed":
        bench.composed("one", "two", resolve=["build/make.txt=skip"])
        assert set(bench.tree()) == {".gitignore", "a.txt"}
