"""`treadle define`: answers at a terminal, options without one."""

import pytest


def answer(terminal, *pairs):
    """Wait for each question, then type its answer."""
    for question, text in pairs:
        terminal.see(question)
        terminal.text = terminal.text.partition(question)[2]
        terminal.press(text + "\n")


def test_questions_and_answers_become_a_sound_workflow(user, at_terminal):
    terminal = at_terminal("define", "--no-color", columns=160)
    answer(
        terminal,
        ("name of the workflow: ", "Not A Name"),
        ("will not do", "hello"),
        ("title, for people", "Say hello"),
        ("name of an input", "whom"),
        ("type of whom", "strin"),
        ("did you mean `string`?", "string"),
        ("default", "world"),
        ("one line about it", "Who is greeted"),
        ("name of an input", ""),
        ("id of the first step", "greet"),
        ("run a command, or use an action?", ""),
        ("command: ", "echo Hello {{ inputs.whom }} >> out.txt"),
        ("how often is it tried?", "0"),
        ("no number of attempts", "2"),
        ("id of a step", "greet"),
        ("is there already", "look"),
        ("run a command, or use an action?", "uses"),
        ("action, e.g. git/diff: ", "git/dif"),
        ("did you mean `git/diff`?", "git/diff"),
        ("base: the revision", "main"),
        ("after which steps?", "gret"),
        ("did you mean `greet`?", "greet"),
        ("how often is it tried?", ""),
        ("id of a step", ""),
        ("write this to workflows/hello.yaml? [y/n]", "y"),
    )
    terminal.see("next: treadle run hello")
    assert terminal.end() == 0
    assert "no problems" in user.treadle("validate", "hello").err
    planned = user.treadle("run", "hello", "--whom", "Ada", "--dry-run", "--json").json["steps"]
    assert [(step["id"], step["action"], step["follows"]) for step in planned] == [
        ("greet", "command/run", []),
        ("look", "git/diff", ["greet"]),
    ]
    assert planned[1]["inputs"] == {"base": "main"}
    text = (user.project / "workflows/hello.yaml").read_text()
    assert "description: Who is greeted\n" in text
    assert "max_attempts: 2" in text
    assert "needs: [greet]" in text


def test_nothing_is_written_when_the_answer_is_no(user, at_terminal):
    terminal = at_terminal("define", "hello", "--title", "x", "--no-color")
    answer(
        terminal,
        ("name of an input", ""),
        ("id of the first step", "a"),
        ("use an action?", "run"),
        ("command", "true"),
        ("how often", ""),
        ("id of a step", ""),
        ("write this", "n"),
    )
    assert terminal.end() == 4
    assert not (user.project / "workflows").exists()


def test_ctrl_c_writes_nothing(user, at_terminal):
    terminal = at_terminal("define", "hello", "--no-color")
    terminal.see("title, for people")
    assert terminal.interrupt() == 130
    assert not (user.project / "workflows").exists()


def test_options_do_without_a_terminal(user):
    words = ["--input", "whom=world", "--step", "a=run echo {{ inputs.whom }} >> out.txt", "--step", "b=run true"]
    user.treadle("define", "hello", *words, "--needs", "b=", "--attempts", "b=2")
    user.treadle("run", "hello")
    assert user.lines("out.txt") == ["world"]
    assert "is there already" in user.treadle("define", "hello", *words, status=5).err
    user.treadle("define", "hello", *words, "--force")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --step"),
        (["hello", "--step", "a=make"], "neither `run COMMAND` nor `uses ACTION`"),
        (["hello", "--step", "a=uses git/dif"], "did you mean `git/diff`?"),
        (["hello", "--step", "a=run true", "--needs", "b=a"], "no --step is called `b`"),
        (["hello", "--step", "a=run true", "--input", "x:strin"], "the type is one of"),
        (["hello", "--step", "a=run true", "--attempts", "a=many"], "no number of attempts"),
    ],
)
def test_options_that_will_not_do_are_named(user, words, said):
    assert said in user.treadle("define", *words, status=2).err
    assert not (user.project / "workflows").exists()
