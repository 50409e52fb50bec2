"""`command/run` with real shells and real children."""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from treadle_command._run import run
from treadle_hookspecs import ActionContext, ActionError, ToolMissingError, TreadleError
from treadle_testkit.actions import StandaloneContext


def perform(context: StandaloneContext, script: str | None = None, **inputs: Any) -> dict[str, Any]:
    return asyncio.run(run(script, context=cast("ActionContext", context), **inputs))


def test_through_the_plugin_by_its_name(context: StandaloneContext) -> None:
    assert context.perform("command/run", script="echo hello").outputs["stdout"] == "hello\n"
    assert context.perform("run-cleanup", argv=["echo", "bye"]).outputs["stdout"] == "bye\n"


def test_what_every_command_publishes(context: StandaloneContext) -> None:
    assert perform(context, "echo out; echo err >&2") == {
        "exit_code": 0,
        "stdout": "out\n",
        "stderr": "err\n",
        "truncated": False,
    }


def test_the_environment_of_the_step_reaches_it_with_values_of_every_kind(context: StandaloneContext) -> None:
    values = {"A": "a b", "B": "$(touch pwned)`x`", "C": 'it\'s "quoted"', "D": "two\nlines\n", "E": ""}
    context.env = values
    script = "import os, json; print(json.dumps({name: os.environ[name] for name in 'ABCDE'}))"
    assert perform(context, script, shell="python")["stdout"].strip() == __import__("json").dumps(values)
    assert perform(context, 'printf %s "${B}|${D}"')["stdout"] == "$(touch pwned)`x`|two\nlines\n"
    assert not (context.root / "pwned").exists()


def test_sh_stops_at_the_first_failure(context: StandaloneContext) -> None:
    with pytest.raises(ActionError) as caught:
        perform(context, "echo before; false; echo after")
    assert caught.value.outputs["stdout"] == "before\n"


def test_bash_stops_at_a_failing_part_of_a_pipe(context: StandaloneContext) -> None:
    with pytest.raises(ActionError):
        perform(context, "false | cat; echo after", shell="bash")
    assert perform(context, "[[ abc == a* ]] && echo yes", shell="bash")["stdout"] == "yes\n"


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not installed")
def test_pwsh(context: StandaloneContext) -> None:
    context.env = {"V": "a b"}
    assert perform(context, "Write-Output $env:V", shell="pwsh")["stdout"].strip() == "a b"
    with pytest.raises(ActionError, match="exited with 3"):
        perform(context, "sh -c 'exit 3'", shell="pwsh")


def test_python_runs_in_the_working_folder(context: StandaloneContext) -> None:
    (context.root / "own.py").write_text("VALUE = 42")
    assert perform(context, "import own; print(own.VALUE)", shell="python")["stdout"] == "42\n"


def test_a_program_without_a_shell(context: StandaloneContext) -> None:
    code = "import sys; print(sys.argv[1:])"
    assert perform(context, argv=[sys.executable, "-c", code, "$HOME", "a b"])["stdout"] == "['$HOME', 'a b']\n"


def test_a_script_that_is_too_long_for_an_argument(context: StandaloneContext) -> None:
    script = "# " + "x" * 200_000 + "\necho long"
    assert perform(context, script)["stdout"] == "long\n"
    assert perform(context, script.replace("echo long", "print('long')"), shell="python")["stdout"] == "long\n"
    with pytest.raises(ActionError, match="exited with 1"):
        perform(context, script.replace("echo long", "false\necho after"))


@pytest.mark.parametrize(("stdin", "read"), [("text\n", "text\n"), ({"a": ["ü", 1]}, '{"a": ["ü", 1]}'), ("", "")])
def test_stdin(context: StandaloneContext, stdin: Any, read: str) -> None:
    assert perform(context, "cat", stdin=stdin)["stdout"] == read


def test_failure_names_the_code_shows_the_last_lines_and_publishes_what_there_is(context: StandaloneContext) -> None:
    script = 'echo a=1 >> "$TREADLE_OUTPUT"; seq 30; for i in $(seq 20); do echo "line $i" >&2; done; exit 3'
    with pytest.raises(ActionError) as caught:
        perform(context, script)
    error = caught.value
    assert error.error_class == "exit-code"
    assert error.message.splitlines() == ["the command exited with 3", *(f"line {i}" for i in range(11, 21))]
    assert error.outputs["exit_code"] == 3
    assert error.outputs["a"] == "1"
    assert error.retryable


def test_death_by_signal_is_named(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="the command was ended by SIGKILL") as caught:
        perform(context, "kill -9 $$")
    assert caught.value.outputs["exit_code"] == -9


def test_a_flood_is_bounded_and_its_log_named(context: StandaloneContext) -> None:
    outputs = perform(context, "yes flood | head -c 100000000; echo the end")
    assert outputs["truncated"] is True
    assert len(outputs["stdout"]) < 10_200
    assert outputs["stdout"].endswith("the end\n")
    with pytest.raises(ActionError, match=r"all of its output: .*step\.log"):
        perform(context, "yes flood | head -c 1000000; exit 1")


def test_working_folder(context: StandaloneContext, tmp_path: Path) -> None:
    (context.root / "sub").mkdir()
    assert perform(context, "pwd")["stdout"].strip() == str(context.root)
    assert perform(context, "pwd", cwd="sub")["stdout"].strip() == str(context.root / "sub")
    assert perform(context, "pwd", cwd=str(tmp_path))["stdout"].strip() == str(tmp_path)


def test_a_relative_working_folder_cannot_leave_the_root(context: StandaloneContext) -> None:
    with pytest.raises(TreadleError):
        perform(context, "pwd", cwd="../scratch")


def test_a_working_folder_that_is_not_there_is_named(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="nowhere is not a folder"):
        perform(context, "pwd", cwd="nowhere")


def test_either_script_or_argv(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="give either script or argv"):
        perform(context)
    with pytest.raises(ActionError, match="give either script or argv"):
        perform(context, "true", argv=["true"])


def test_an_unknown_shell_is_refused_with_the_known_ones(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="'fish' is not known; it is one of sh, bash, pwsh, python"):
        perform(context, "true", shell="fish")


def test_a_missing_program_is_named(context: StandaloneContext) -> None:
    with pytest.raises(ToolMissingError, match="no-such-tool"):
        perform(context, argv=["no-such-tool"])


def test_outputs_of_every_form(context: StandaloneContext) -> None:
    script = """
echo one=1 >> "$TREADLE_OUTPUT"
printf 'text<<END\\nfirst\\n\\nsecond=2\\nEND\\nequals=a=b=c\\n' >> "$TREADLE_OUTPUT"
"""
    outputs = perform(context, script)
    assert (outputs["one"], outputs["text"], outputs["equals"]) == ("1", "first\n\nsecond=2", "a=b=c")


def test_outputs_as_one_json_object(context: StandaloneContext) -> None:
    script = "import json, os; json.dump({'n': 1, 'list': [True, None]}, open(os.environ['TREADLE_OUTPUT'], 'w'))"
    outputs = perform(context, script, shell="python")
    assert (outputs["n"], outputs["list"]) == (1, [True, None])


def test_output_of_an_earlier_attempt_is_not_read_again(context: StandaloneContext) -> None:
    (context.scratch / "outputs").write_text("a=1")
    assert "a" not in perform(context, "true")


def test_nothing_that_was_published_stays_on_the_disk(context: StandaloneContext) -> None:
    perform(context, 'echo a=1 >> "$TREADLE_OUTPUT"')
    with pytest.raises(ActionError):
        perform(context, 'echo a=1 >> "$TREADLE_OUTPUT"; exit 1')
    assert not (context.scratch / "outputs").exists()


def test_outputs_that_cannot_be_read_fail_the_step_and_say_where(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match=r"line 2 of \$TREADLE_OUTPUT is neither") as caught:
        perform(context, 'printf "a=1\\nnonsense\\n" >> "$TREADLE_OUTPUT"; echo done')
    assert caught.value.error_class == "invalid-output"
    assert caught.value.outputs["stdout"] == "done\n"


def test_both_the_exit_code_and_the_unreadable_outputs_are_told(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match=r"exited with 4\nline 1 of \$TREADLE_OUTPUT") as caught:
        perform(context, 'echo nonsense >> "$TREADLE_OUTPUT"; exit 4')
    assert caught.value.error_class == "exit-code"


def test_cancellation_ends_script_and_children(context: StandaloneContext) -> None:
    async def cancelled() -> int:
        up = context.root / "up"
        script = "trap '' TERM; sleep 600 & echo $! > up.new; mv up.new up; wait; wait; sleep 600"
        task = asyncio.ensure_future(run(script, context=cast("ActionContext", context)))
        while not os.path.exists(up):  # noqa: ASYNC110, ASYNC240, PTH110 - nothing else tells that a file appears
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(up.read_text())

    child = asyncio.run(cancelled())
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and ") Z" in state.read_text())
