"""A composed project is brought up to date, as a user types it."""

import json

import jsonschema

TEXT = "one\ntwo\nthree\nfour\nfive\n"


def template(user, version, text=TEXT, **files):
    """The template `web` in a version."""
    user.write("web/template.yaml", f"template: {{id: web, version: {version}}}\n")
    user.write("web/files/text.txt", text)
    for name, content in files.items():
        user.write(f"web/files/{name}", content)


def test_an_update_keeps_what_the_user_has_made_of_it(user):
    template(user, "1.0.0", only="x\n")
    user.treadle("compose", "-t", "web", "--project-name", "app")
    assert "nothing to do" in user.treadle("update", "app").err
    user.write("app/text.txt", TEXT.replace("one", "mine"))
    template(user, "2.0.0", TEXT.replace("five", "theirs"), more="y\n")
    (user.project / "web/files/only").unlink()
    shown = user.treadle("update", "app", "--diff").out
    assert "+theirs\n" in shown
    assert "-x\n" in shown
    assert user.lines("app/only") == ["x"]
    told = user.treadle("update", "app", "--json").json
    jsonschema.validate(told, user.treadle("schema", "composition-result").json)
    assert (told["written"], told["removed"]) == (["more", "text.txt"], ["only"])
    assert user.lines("app/text.txt") == ["mine", "two", "three", "four", "theirs"]
    listed = user.treadle("template", "list", "--project", "app", "--json").json
    jsonschema.validate(listed, user.treadle("schema", "project-templates").json)
    assert [(it["id"], it["version"], it["changed"]) for it in listed["templates"]] == [("web", "2.0.0", 1)]
    user.treadle("rollback", told["execution"], "--yes")
    assert user.lines("app/text.txt") == ["mine", "two", "three", "four", "five"]
    assert user.lines("app/only") == ["x"]
    assert not (user.project / "app/more").exists()
    entries = [json.loads(line) for line in user.treadle("audit", "--project", "app", "--json").out.splitlines()]
    assert [it["action"] for it in entries] == ["compose", "compose", "compose", "compose-undo"]


def test_a_conflict_stops_it_and_names_the_ways_out(user):
    template(user, "1.0.0")
    user.treadle("compose", "-t", "web", "--project-name", "app")
    user.write("app/text.txt", TEXT.replace("three", "mine"))
    template(user, "2.0.0", TEXT.replace("three", "theirs"))
    stopped = user.treadle("update", "app", status=5)
    assert "decide: --resolve text.txt=ours   (or theirs, markers)" in stopped.out
    assert user.lines("app/text.txt")[2] == "mine"
    user.treadle("update", "app", "--resolve", "text.txt=markers")
    assert "<<<<<<< ours" in user.lines("app/text.txt")


def test_what_cannot_be_updated_is_told(user):
    assert "it has no treadle.lock.json" in user.treadle("update", status=3).err
    template(user, "1.0.0")
    user.treadle("compose", "-t", "web", "--project-name", "app")
    assert "there are: web" in user.treadle("update", "app", "--only", "wbe", status=3).err
    assert "there are: web" in user.treadle("compose", "--without", "wbe", "--into", "app", status=3).err
    user.write("app/treadle.lock.json", "{}")
    assert "treadle.lock.json" in user.treadle("update", "app", status=2).err


def test_an_interrupted_composition_is_not_resumed_where_that_is_switched_off(user):
    template(user, "1.0.0")
    user.write("app/mine.txt", "mine\n")
    user.treadle(
        "compose", "-t", "web", "--into", "app", status=-9, TREADLE_CRASH_AT="journal.rename_exclusively.after:1"
    )
    killed = user.newest()
    refused = user.treadle("resume", killed, "--interrupted", "retry", status=None, TREADLE_COMPOSE_RESUME="false")
    assert refused.status not in (0, None)
    assert "compose.resume" in refused.err + refused.out
    assert [path.name for path in (user.project / "app").iterdir() if path.name != ".treadle"] == ["mine.txt"]
