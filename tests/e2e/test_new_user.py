"""The first minutes with treadle: what works at once, and what a mistake looks like."""

import json

HELLO = """
treadle: 1
name: hello
inputs:
  name: {type: string, default: world}
  times: {type: integer, default: 1}
steps:
  - id: greet
    run: |
      for i in $(seq {{ inputs.times }}); do echo "Hello, {{ inputs.name }}!" | tee -a said.txt; done
"""


def test_the_first_minute(user):
    user.treadle("init", "--example", "hello")
    assert (user.project / "workflows/hello.yaml").exists()
    user.treadle("run", "hello")
    assert user.status()["status"] == "completed"


def test_init_does_not_overwrite(user):
    user.treadle("init", "--example", "hello")
    user.write("workflows/hello.yaml", "mine\n")
    assert user.treadle("init", "--example", "hello", status=None).status != 0
    assert user.lines("workflows/hello.yaml") == ["mine"]
    user.treadle("init", "--example", "hello", "--force")
    assert user.lines("workflows/hello.yaml") != ["mine"]


def test_a_file_is_enough(user):
    user.write("hello.yaml", HELLO)
    user.treadle("run", "hello.yaml", "--name", "Ada $(id) \"'", "--times", "2")
    assert user.lines("said.txt") == ["Hello, Ada $(id) \"'!"] * 2


def test_a_result_for_a_program(user):
    user.write("hello.yaml", HELLO)
    ran = user.treadle("run", "hello.yaml", "--json")
    assert ran.json["schema"] == "treadle/execution@1"
    assert ran.json["status"] == "completed"
    assert ran.json["steps"]["greet"]["state"] == "succeeded"
    assert ran.json == user.treadle("status", ran.json["id"], "--json").json


def test_help_shows_the_inputs(user):
    user.write("hello.yaml", HELLO)
    shown = user.treadle("run", "hello.yaml", "--help").out
    assert "--name" in shown
    assert "--times" in shown


def test_an_input_of_the_wrong_type(user):
    user.write("hello.yaml", HELLO)
    ran = user.treadle("run", "hello.yaml", "--times", "many", status=2)
    assert "times" in ran.err
    assert "many" in ran.err
    assert user.treadle("status", "--json").json["executions"] == []


def test_an_input_that_is_mistyped(user):
    user.write("hello.yaml", HELLO)
    assert "--name" in user.treadle("run", "hello.yaml", "--nmae", "x", status=2).err


def test_a_workflow_that_is_not_there(user):
    user.write("workflows/hello.yaml", HELLO)
    ran = user.treadle("run", "helo", status=3)
    assert "hello" in ran.err


def test_all_mistakes_at_once(user):
    user.write("bad.yaml", "treadle: 1\nname: bad\nsteps:\n  - {id: a, run: x, needs: [b]}\n  - {id: a, urn: y}\n")
    ran = user.treadle("validate", "bad.yaml", "--format", "json", status=2)
    assert len(ran.json["problems"]) >= 2
    assert {problem["file"] for problem in ran.json["problems"]} == {"bad.yaml"}
    assert all(problem["line"] in {4, 5} for problem in ran.json["problems"])


def without(user, distribution):
    """A folder that hides a distribution: the first one of a name on the path counts, and this one has no plugin."""
    folder = user.home / "hides"
    metadata = folder / f"{distribution.replace('-', '_')}-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0\n", "utf-8")
    return folder


def test_an_action_that_nobody_provides(user):
    user.write(
        "notify.yaml",
        "treadle: 1\nname: notify\nsteps:\n  - {id: a, run: touch ran}\n  - {id: b, uses: performance/profile}\n",
    )
    ran = user.treadle("run", "notify.yaml", status=2, PYTHONPATH=str(without(user, "treadle-performance")))
    assert "pip install treadle-performance" in ran.err
    assert not (user.project / "ran").exists()


def test_a_plugin_that_is_switched_off(user):
    user.write("hello.yaml", HELLO)
    ran = user.treadle("run", "hello.yaml", status=2, TREADLE_DISABLE="command")
    assert "command" in ran.err


def test_a_dry_run_starts_nothing(user):
    user.write("hello.yaml", HELLO)
    ran = user.treadle("run", "hello.yaml", "--dry-run", "--name", "Ada")
    assert "greet" in ran.out + ran.err
    assert not (user.project / "said.txt").exists()
    assert user.treadle("status", "--json").json["executions"] == []


def test_a_failure_shows_its_last_lines_and_what_to_do(user):
    user.write("bad.yaml", "treadle: 1\nname: bad\nsteps:\n  - {id: a, run: 'echo it broke here >&2; exit 3'}\n")
    ran = user.treadle("run", "bad.yaml", status=1)
    assert "it broke here" in ran.err
    assert "treadle resume" in ran.err


def test_what_a_step_printed_can_be_read_later(user):
    user.write("hello.yaml", HELLO)
    user.treadle("run", "hello.yaml")
    assert "Hello, world!" in user.treadle("logs", user.newest()).out


def test_history_is_the_log(user):
    user.write("hello.yaml", HELLO)
    user.treadle("run", "hello.yaml")
    events = user.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "execution_started"
    assert events[-1]["type"] == "execution_completed"


def test_no_colour_and_no_prompt_without_a_terminal(user):
    user.write("hello.yaml", HELLO)
    ran = user.treadle("run", "hello.yaml")
    assert "\x1b" not in ran.out + ran.err


def test_plugins_are_listed(user):
    listed = json.loads(user.treadle("plugins", "--json").out)["plugins"]
    assert {"sqlite", "command", "git"} <= {plugin["name"] for plugin in listed if plugin["status"] == "active"}


def test_doctor_is_content(user):
    user.write("hello.yaml", HELLO)
    user.treadle("run", "hello.yaml")
    user.treadle("doctor", "--json")


def test_nothing_but_the_state_folder_is_written(user):
    user.write("hello.yaml", HELLO)
    user.treadle("run", "hello.yaml")
    assert sorted(path.name for path in user.project.iterdir()) == ["hello.yaml", "said.txt"]
    assert [path.name for path in user.home.iterdir()] == ["treadle"]
    assert user.state.stat().st_mode & 0o777 == 0o700
