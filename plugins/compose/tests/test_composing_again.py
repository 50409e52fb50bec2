"""A project is composed again: templates have changed, the user has changed files, both have."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BEFORE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def rows(bench: Any, status: Any) -> dict[str, tuple[str, str, bool]]:
    return {it["path"]: (it["kind"], it["strategy"], it["resolved"]) for it in bench.rows(status)}


def released(bench: Any, name: str, files: dict[str, str], version: str = "2.0", **more: Any) -> None:
    """A template in a new version: what it no longer has is gone."""
    shutil.rmtree(bench.folder / name)
    bench.template(name, files, more or None, version)


def test_what_the_user_left_alone_follows_and_what_he_changed_stays(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n"})
    bench.composed("one")
    (bench.target / "b.txt").write_text("mine\n")
    released(bench, "one", {"a.txt": "A\n", "b.txt": "b\n", "c.txt": "c\n", "d.txt": "d\n"})
    bench.composed("one")
    assert bench.tree() == {"a.txt": "A\n", "b.txt": "mine\n", "c.txt": "c\n", "d.txt": "d\n"}
    assert bench.lock()["templates"][0]["version"] == "2.0"


def test_changes_of_both_are_united_by_lines(bench: Any) -> None:
    bench.template("one", {"text.txt": BEFORE})
    bench.composed("one")
    (bench.target / "text.txt").write_text(BEFORE.replace("one", "mine"))
    released(bench, "one", {"text.txt": BEFORE.replace("seven", "theirs")})
    status = bench.composed("one")
    assert bench.tree() == {"text.txt": BEFORE.replace("one", "mine").replace("seven", "theirs")}
    assert rows(bench, status) == {"text.txt": ("user", "three-way", True)}
    # What was united is the user's: a version that takes it back meets his text again, not its own.
    released(bench, "one", {"text.txt": BEFORE}, "3.0")
    bench.composed("one")
    assert bench.tree() == {"text.txt": BEFORE.replace("one", "mine")}


def test_a_conflict_shows_both_sides_and_every_way_out_works(bench: Any) -> None:
    bench.template("one", {"text.txt": BEFORE})
    bench.composed("one")
    (bench.target / "text.txt").write_text(BEFORE.replace("four", "mine"))
    released(bench, "one", {"text.txt": BEFORE.replace("four", "theirs")})
    status = bench.compose("one")
    assert status.status == "failed"
    (row,) = bench.rows(status)
    assert (row["contributors"], row["values"]) == (["project", "one"], ["mine\n", "theirs\n"])
    assert row["strategies"] == ["ours", "theirs", "markers"]
    assert "mine" in bench.tree()["text.txt"]
    marked = bench.outputs(bench.compose("one", write=False, diff=True, resolve=["text.txt=markers"]), "plan")["diff"]
    assert all(f"+{it}\n" in marked for it in ("<<<<<<< ours", "=======", "theirs", ">>>>>>> theirs"))
    bench.composed("one", resolve=["text.txt=ours"])
    assert bench.tree()["text.txt"] == BEFORE.replace("four", "mine")
    # Decided is decided: it is not asked again, and it is no rule for other times.
    again = bench.composed("one")
    assert (bench.rows(again), bench.lock()["decisions"]) == ([], [])
    bench.composed("one", resolve=["text.txt=theirs"])
    assert bench.tree()["text.txt"] == BEFORE.replace("four", "theirs")


def test_structure_is_united_by_structure(bench: Any) -> None:
    def manifest(version: str, extra: str = "") -> str:
        return f'{{\n  "name": "x",\n  "dependencies": {{\n    "a": "{version}"{extra}\n  }}\n}}\n'

    bench.template("one", {"package.json": manifest("^1.0.0")})
    bench.composed("one")
    (bench.target / "package.json").write_text(manifest("^1.0.0", ',\n    "mine": "^5.0.0"'))
    released(bench, "one", {"package.json": manifest("^2.0.0")})
    bench.composed("one")
    assert json.loads(bench.tree()["package.json"])["dependencies"] == {"a": "^2.0.0", "mine": "^5.0.0"}
    (bench.target / "package.json").write_text(manifest("^9.0.0"))
    released(bench, "one", {"package.json": manifest("^3.0.0")}, "3.0")
    status = bench.compose("one")
    (row,) = [it for it in bench.rows(status) if not it["resolved"]]
    assert (row["key"], row["values"]) == ("dependencies.a", ["^9.0.0", "^3.0.0"])
    bench.composed("one", resolve=["package.json#dependencies.a=theirs"])
    assert json.loads(bench.tree()["package.json"])["dependencies"] == {"a": "^3.0.0"}


def test_what_no_template_ships_any_more_goes_unless_it_was_changed(bench: Any) -> None:
    bench.template("one", {"old/deep/a.txt": "a\n", "old/b.txt": "b\n", "c.txt": "c\n"})
    bench.composed("one")
    (bench.target / "old/b.txt").write_text("mine\n")
    released(bench, "one", {"c.txt": "c\n"})
    status = bench.composed("one")
    assert bench.tree() == {"old/b.txt": "mine\n", "c.txt": "c\n"}
    assert not (bench.target / "old/deep").exists()
    assert rows(bench, status) == {"old/b.txt": ("user", "ours", True)}
    assert list(bench.lock()["paths"]) == ["c.txt"]


def test_what_the_user_deleted_stays_away_until_he_asks_for_it(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", "b.txt": "b\n"})
    bench.composed("one")
    (bench.target / "a.txt").unlink()
    bench.composed("one")
    released(bench, "one", {"a.txt": "A\n", "b.txt": "b\n"})
    status = bench.composed("one")
    assert bench.tree() == {"b.txt": "b\n"}
    assert rows(bench, status) == {"a.txt": ("user", "ours", True)}
    bench.composed("one", resolve=["a.txt=theirs"])
    assert bench.tree() == {"a.txt": "A\n", "b.txt": "b\n"}


def test_one_template_renewed_is_as_if_all_had_been_composed_now(bench: Any) -> None:
    first = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a"]\n', "one.txt": "1\n"}
    second = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["b>=1"]\n', "two.txt": "2\n"}
    bench.template("one", first)
    bench.template("two", second)
    bench.composed("one", "two")
    newer = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["b>=2", "c"]\n', "three.txt": "3\n"}
    released(bench, "two", newer)
    bench.composed("two")
    renewed, lock = bench.tree(), bench.lock()
    bench.target = bench.folder / "anew"
    bench.composed("one", "two")
    assert renewed == bench.tree()
    assert (lock["paths"], lock["templates"]) == (bench.lock()["paths"], bench.lock()["templates"])


def test_another_template_later_knows_what_is_there(bench: Any) -> None:
    bench.template(
        "db",
        {"db.txt.j2": "{{ DB_PORT }}\n"},
        {
            "variables": [{"name": "DB_PORT", "type": "int", "default": 5432}],
            "composition": {"provides": [{"name": "DB_PORT"}]},
        },
    )
    bench.composed("db", variables={"DB_PORT": 6000})
    shutil.rmtree(bench.folder / "db")
    bench.template(
        "app",
        {"app.txt.j2": "{{ DB_PORT }} {{ COMPOSED_TEMPLATES | join('+') }}\n"},
        {
            "composition": {
                "dependencies": [{"templateId": "db", "version": ">=1"}],
                "variables": {"shared": ["DB_PORT"]},
            }
        },
    )
    bench.composed("app")
    assert bench.tree() == {"app.txt": "6000 db+app\n", "db.txt": "6000\n"}
    assert [it["id"] for it in bench.lock()["templates"]] == ["db", "app"]
    status = bench.compose("app", without=["db"])
    assert "db" in str(status.error)


def test_an_update_to_the_same_versions_changes_nothing_whatever_the_order(bench: Any) -> None:
    needs = {"composition": {"dependencies": [{"templateId": "base"}]}}
    for name, manifest in (("base", {}), ("app", needs), ("aside", {})):
        bench.template(name, {"README.md": f"# {name}\n\n{name}\n", f"{name}.txt": ""}, manifest)
    bench.composed("app", "aside")
    bench.composed("base", "aside", "app")
    text = "# Mine\n\n" + bench.tree()["README.md"].partition("\n")[2]
    (bench.target / "README.md").write_text(text)
    before, lock = bench.tree(), bench.lock()
    for names in (("aside", "app"), ("app", "aside")):
        status = bench.composed(*names, whole=True)
        assert not [it for it in bench.rows(status) if it["kind"] == "user"]
        assert bench.outputs(status, "apply")["written"] == []
    assert bench.tree() == before
    assert [it["id"] for it in bench.lock()["templates"]] == [it["id"] for it in lock["templates"]]


def test_answers_are_remembered_and_changed_by_answering_anew(bench: Any) -> None:
    question = {"variables": [{"name": "PORT", "type": "int", "default": 1}]}
    bench.template("one", {"port.txt.j2": "{{ PORT }}\n"}, question)
    bench.composed("one", variables={"PORT": 7})
    bench.composed("one")
    assert bench.tree() == {"port.txt": "7\n"}
    bench.composed("one", variables={"PORT": 8})
    assert bench.tree() == {"port.txt": "8\n"}


def test_a_template_is_taken_out(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", ".gitignore": "one.log\n"})
    bench.template("two", {"b.txt": "b\n", ".gitignore": "two.log\n"})
    bench.composed("one", "two")
    bench.composed(without=["two"])
    assert bench.tree() == {"a.txt": "a\n", ".gitignore": "one.log\n"}
    assert [it["id"] for it in bench.lock()["templates"]] == ["one"]


def test_a_repeated_append_does_not_append_again(bench: Any) -> None:
    bench.target.mkdir()
    (bench.target / "notes.txt").write_text("mine\n")
    bench.template("one", {"notes.txt": "theirs\n"})
    for _ in range(3):
        bench.composed("one", resolve=["notes.txt=append"])
    assert bench.tree() == {"notes.txt": "mine\ntheirs\n"}
    released(bench, "one", {"notes.txt": "theirs\nmore\n"})
    bench.composed("one", resolve=["notes.txt=append"])
    assert bench.tree() == {"notes.txt": "mine\ntheirs\nmore\n"}


def test_hooks_on_the_draft_work_on_what_the_templates_say(bench: Any) -> None:
    hook = {"hooks": {"postSetup": [{"name": "sign", "script": "sign.sh"}]}}

    def release(text: str, version: str) -> None:
        folder = bench.template("one", {"text.txt": text}, hook, version)
        (folder / "sign.sh").write_text("echo signed >> text.txt\n")

    release("1\n2\n3\n4\n", "1.0")
    bench.composed("one", trust="full")
    again = bench.composed("one", trust="full")
    assert bench.tree() == {"text.txt": "1\n2\n3\n4\nsigned\n"}
    assert bench.outputs(again, "plan")["counts"]["keep"] == 1
    (bench.target / "text.txt").write_text("mine\n2\n3\n4\nsigned\n")
    release("1\n2\n3\n5\n", "2.0")
    bench.composed("one", trust="full")
    assert bench.tree() == {"text.txt": "mine\n2\n3\n5\nsigned\n"}


def test_hooks_in_the_project_rest_where_nothing_was_written(bench: Any) -> None:
    hooks = {"hooks": {"postSetup": [{"name": "init", "command": "mkdir made", "creates": ["made"]}]}}
    bench.template("one", {"a.txt": "a\n"}, hooks)
    bench.composed("one", trust="full")
    again = bench.composed("one", trust="full")
    assert bench.outputs(again, "after")["ran"] == []
    (bench.target / "made").rmdir()
    bench.composed("one", trust="full")
    assert (bench.target / "made").is_dir()


def test_without_the_old_text_it_is_asked_and_a_clone_has_it_in_its_history(bench: Any) -> None:
    bench.template("one", {"text.txt": BEFORE})
    bench.composed("one")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "composed"]):
        subprocess.run([*git, *words], cwd=bench.target, check=True, capture_output=True)
    for folder in _stores(bench):
        shutil.rmtree(folder)
    (bench.target / "text.txt").write_text(BEFORE.replace("one", "mine"))
    released(bench, "one", {"text.txt": BEFORE.replace("seven", "theirs")})
    hidden = bench.target / ".git"
    hidden.rename(bench.folder / "history")
    (row,) = bench.rows(bench.compose("one"))
    assert (row["resolved"], row["strategies"]) == (False, ["ours", "theirs"])
    (bench.folder / "history").rename(hidden)
    bench.composed("one")
    assert (bench.target / "text.txt").read_text() == BEFORE.replace("one", "mine").replace("seven", "theirs")


def test_a_secret_is_not_kept_for_the_next_time(bench: Any) -> None:
    secret = "hunter2-hunter2"
    bench.template("one", {"env.j2": "T={{ T }}\n", "plain": "x\n"}, {"variables": [{"name": "T", "secret": True}]})
    bench.composed("one", secrets={"T": secret})
    kept = [path.read_bytes() for folder in _stores(bench) for path in folder.glob("*/*")]
    assert kept == [b"x\n"]


def _stores(bench: Any) -> list[Path]:
    roots = [bench.home, bench.folder.parent]
    found = {path for root in roots for path in root.rglob("contents") if path.parent.name == "compose"}
    assert found
    return sorted(found)


@pytest.mark.parametrize("link", ["a", "b"])
def test_a_link_that_both_have_changed_is_asked(bench: Any, link: str) -> None:
    folder = bench.template("one", {"a": "", "b": "", "c": ""})
    (folder / "files/it").symlink_to("c")
    bench.composed("one")
    (bench.target / "it").unlink()
    (bench.target / "it").symlink_to(link)
    (folder / "files/it").unlink()
    (folder / "files/it").symlink_to("a")
    status = bench.compose("one")
    if link == "a":
        assert status.status == "completed"
    else:
        (row,) = bench.rows(status)
        assert (row["kind"], row["strategies"]) == ("type", ["ours", "theirs"])
