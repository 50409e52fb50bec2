"""The live picture on a real terminal, read back from an emulated screen."""

import pytest

PLUGIN = """
from treadle_hookspecs import Action, Module, hookimpl

@hookimpl
def treadle_modules():
    yield Module("build", "1.0", (Action("features", "acme_build_library:features"),))
"""
LIBRARY = """
def features(*, context):
    context.progress(0.8, "writing tests", part="UserService")
    context.progress(0.6, part="AuthController")
    context.progress(1.0, part="Database Schema")
    (context.workspace.root / "ready").open("w").write("x")
    (context.workspace.root / "gate").open().readline()
    return {}
"""
FEATURE = """
treadle: 1
name: feature
title: Feature Implementation
steps:
  - {id: requirements, name: Requirements Generated, run: "true"}
  - {id: core, name: Implementing Core Features, uses: build/features}
  - {id: tests, name: Generate Tests, run: "true"}
  - {id: docs, name: Update Documentation, run: "true"}
"""


@pytest.fixture
def feature(user, plugin, at_terminal):
    """The workflow at a terminal, stopped in the middle."""
    user.write("feature.yaml", FEATURE)
    user.pipe("ready")
    user.pipe("gate")
    path = plugin("build", PLUGIN, LIBRARY)

    def start(columns):
        terminal = at_terminal("run", "feature.yaml", "--no-color", columns=columns, PYTHONPATH=path)
        user.hear(terminal.child, "ready")
        return terminal

    return start


@pytest.mark.parametrize("columns", [80, 40])
def test_the_whole_picture(user, feature, columns):
    terminal = feature(columns)
    terminal.show("Database Schema: 100%")
    picture = terminal.lines
    top = picture.index("Feature Implementation")
    assert picture[top + 1].startswith("In progress (step 2/4)" if columns == 80 else "In progress (2/4)")
    assert "no estimate yet" in picture[top + 1]
    full, room = (18, 40) if columns == 80 else (15, 35)
    assert picture[top + 2] == "━" * full + "─" * (room - full) + " 45%"
    assert picture[top + 3].startswith("✓ Requirements Generated")
    assert picture[top + 4].startswith("→ Implementing Core Fe")
    assert picture[top + 5].strip() == "- UserService: 80% writing tests"
    assert picture[top + 6].strip() == "- AuthController: 60%"
    assert picture[top + 8 : top + 10] == ["□ Generate Tests", "□ Update Documentation"]
    user.tell("gate")
    assert terminal.end() == 0
    top = terminal.lines.index("Feature Implementation")
    assert terminal.lines[top + 1].startswith("Completed (")
    assert terminal.lines[top + 2].endswith("━ 100%")
    assert [line[0] for line in terminal.lines[top + 3 : top + 7]] == ["✓"] * 4


def test_a_narrower_window_is_drawn_anew(user, feature):
    terminal = feature(80)
    terminal.show("Database Schema: 100%")
    terminal.resize(40)
    user.tell("gate")
    assert terminal.end() == 0
    assert terminal.lines.count("Feature Implementation") == 1
    assert sum(line.startswith("✓") for line in terminal.lines) == 4


def test_ctrl_c_leaves_the_terminal_as_it_was(user, feature):
    terminal = feature(80)
    terminal.show("Database Schema: 100%")
    assert terminal.cursor_hidden
    user.tell("gate")
    terminal.press("\x03")
    terminal.see("stopping")
    assert terminal.end() == 130
    assert not terminal.cursor_hidden
    assert terminal.restored


def test_the_second_run_knows_how_long_it_usually_takes(user, feature):
    first = feature(80)
    user.tell("gate")
    assert first.end() == 0
    second = feature(80)
    assert "no estimate" not in second.show("In progress (step 2/4)")
    user.tell("gate")
    assert second.end() == 0


NESTED = """
treadle: 1
name: nested
steps:
  - id: checks
    parallel:
      steps:
        - {id: lint, name: Lint, run: "true"}
        - {id: unit, name: Unit tests, run: echo x > ready; read line < gate}
  - id: again
    loop: {until: "loop.index == 2", max: 3, steps: [{id: poll, run: "true"}]}
  - id: each
    for_each: [1, 2, 3]
    run: "true"
"""


def test_scopes_are_open_while_they_run_and_folded_after(user, at_terminal):
    user.write("nested.yaml", NESTED)
    user.pipe("ready")
    user.pipe("gate")
    terminal = at_terminal("run", "nested.yaml", "--no-color")
    user.hear(terminal.child, "ready")
    assert terminal.show("→ checks")
    assert terminal.show("  ✓ Lint")
    assert terminal.show("  → Unit tests")
    user.tell("gate")
    assert terminal.end() == 0
    shown = "\n".join(terminal.lines)
    assert "Unit tests" not in shown
    assert terminal.show("✓ checks").endswith("2/2")
    assert terminal.show("✓ again").endswith("iteration 2")
    assert terminal.show("✓ each").endswith("3 items")


LOUD = """
treadle: 1
name: loud
steps:
  - id: shout
    name: Ten megabytes
    run: "yes 'a line of thirty-two characters ..' | head -c 10000000; echo the very end"
  - {id: after, run: "true"}
"""


@pytest.mark.parametrize("columns", [80, 40])
def test_ten_megabytes_leave_the_picture_whole(user, at_terminal, columns):
    user.write("loud.yaml", LOUD)
    terminal = at_terminal("run", "loud.yaml", "--no-color", columns=columns)
    assert terminal.end() == 0
    top = terminal.lines.index("loud")
    assert terminal.lines[top + 2].endswith("100%")
    assert terminal.lines[top + 3].startswith("✓ Ten megabytes")
    assert len(terminal.text) < 200_000
