"""What the command line asks a person: variables without a value, conflicts, whether code may run."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, Host, Json, ProcessResult, Question, TreadleError

from treadle_compose import _staged
from treadle_compose._lock import Lock
from treadle_compose._outcome import Outcome
from treadle_compose._present import Present
from treadle_compose._request import Request
from treadle_compose._resolve import Resolution, resolve
from treadle_compose._sources import Library
from treadle_compose._variables import checked, contexts

_NEXT: Final = re.compile(r"(?<!\\),\s*(?=[A-Za-z_][\w.-]*=)")
"""A comma between two assignments."""


class Asking:
    """From the words of one call to the inputs of the workflow.

    Args:
        host: the core.
        words: the options.
        silent: nobody is asked.
    """

    def __init__(self, host: Host, words: Mapping[str, Any], *, silent: bool) -> None:
        self._host = host
        self._words = words
        self._silent = silent
        self._inputs: dict[str, Any] = {}

    def inputs(self) -> dict[str, Any]:
        """The workflow's inputs. Asks for what has no value. Raises `TreadleError`."""
        words = self._words
        target, name = self._target()
        values = {**self._from_file(words["data_file"]), **assigned(words["variables"], "--variables")}
        self._inputs = {
            "templates": list(words["templates"]),
            "target": str(target),
            "project_name": name,
            "here": str(Path.cwd()),
            "variables": values,
            "resolve": list(words["resolve"]),
            "decisions": self._decisions(words["decisions"]),
            "optional": [it for text in words["optional"] for it in text.split(",")],
            "subdirs": {key: str(value) for key, value in assigned(words["subdirs"], "--subdir").items()},
            "trust": words["trust"],
            "sandbox": words["sandbox"],
            "hooks": words["hooks"],
            "offline": words["offline"],
            "diff": words["diff"],
            "plan_out": str(Path(words["plan_out"]).absolute()) if words["plan_out"] else "",
            "write": words["write"],
            "without": [it for text in words["without"] for it in text.split(",")],
            "whole": words["whole"],
        }
        self._sort_secrets(asyncio.run(self._resolved()))
        return self._inputs

    def more(self, outcome: Outcome) -> dict[str, Any] | None:
        """The inputs of another try after a person has decided open conflicts or allowed code; None ends it."""
        if self._silent:
            return None
        if hooks := (outcome.problem.get("context") or {}).get("hooks"):
            return self._allowed(hooks)
        answers = [answer for row in outcome.open if (answer := self._decided(row))]
        if not outcome.open or len(answers) < len(outcome.open):
            return None
        self._inputs["resolve"] = [*self._inputs["resolve"], *answers]
        return self._inputs

    def _target(self) -> tuple[Path, str]:
        into, name = self._words["into"], self._words["project_name"]
        if not into and not name:
            raise TreadleError(
                "the project needs a name or a folder", suggestions=("--project-name my-app", "--into ./my-app")
            )
        target = (Path(into).expanduser() if into else Path(name)).absolute()
        if target.exists() and not target.is_dir():
            raise TreadleError(f"{target} is no folder", exit_code=ExitCode.CONFLICT)
        return target, name or Lock.read(target).project_name or target.resolve().name

    async def _resolved(self) -> Resolution:
        """The templates, to know what they ask for and which of it is secret."""
        library = Library(self._host, lambda _: None, run_program, self._inputs["offline"])
        request = Request.from_inputs(self._inputs)
        return await resolve(library, request.templates, request.here, request.optional, Present.of(request))

    def _sort_secrets(self, resolution: Resolution) -> None:
        request = Request.from_inputs(self._inputs)
        manifests = tuple(it.manifest for it in resolution.templates)
        secret = {question.name for it in manifests for question in it.questions if question.secret}
        values = self._inputs["variables"]
        hidden = {name: value for name, value in values.items() if name.rpartition(".")[2] in secret}
        self._inputs["variables"] = {name: value for name, value in values.items() if name not in hidden}
        self._inputs["secrets"] = hidden
        if self._silent:
            return
        from treadle_compose._render import render_value

        known = _staged.given(request, manifests)
        for template, question in contexts(manifests, known, render_value).missing:
            place = self._inputs["secrets" if question.secret else "variables"]
            if question.name not in place:
                place[question.name] = self._asked(template, question)

    def _asked(self, template: str, question: Question) -> Json:
        import typer

        choices = f" [{'/'.join(map(str, question.choices))}]" if question.choices else ""
        text = f"{question.name} ({template}){': ' + question.help if question.help else ''}{choices}"
        while True:
            answer = typer.prompt(text, hide_input=question.secret, err=True)
            try:
                return checked(template, question, answer)
            except TreadleError as error:
                self._host.console.say(error.message)

    def _decided(self, row: Mapping[str, Any]) -> str:
        import typer

        where = f"{row['path']}#{row['key']}" if row["key"] else row["path"]
        who = " | ".join(f"{id_}: {value}" for id_, value in zip(row["contributors"], row["values"], strict=False))
        self._host.console.say(f"{where}: {row['hint']}" + (f" ({who})" if who else ""))
        options = [*row["strategies"], "stop"]
        answer = typer.prompt(f"  which? [{'/'.join(options)}]", default="stop", err=True)
        return f"{where}={answer}" if answer in options[:-1] else ""

    def _allowed(self, hooks: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        for hook in hooks:
            needs = [*(["network"] if hook["network"] else []), *hook["read"], *hook["env"]]
            self._host.console.say(
                f"{hook['template']}/{hook['name']} ({hook['kind']}, {hook['in']}): {hook['does']}"
                + (f"; it needs {', '.join(needs)}" if needs else "")
            )
        if not self._host.console.confirm("run this code in the sandbox, now and later?", flag="--trust"):
            return None
        for hook in hooks:
            self._host.trust.allow(str(hook["digest"]), "sandboxed", f"hook {hook['template']}/{hook['name']}")
        return self._inputs

    def _from_file(self, path: Path | None) -> dict[str, Json]:
        if path is None:
            return {}
        return dict(self._loaded(path))

    def _decisions(self, path: Path | None) -> list[dict[str, str]]:
        if path is None:
            return []
        rules = []
        for place, strategy in self._loaded(path).items():
            name, _, key = str(place).partition("#")
            rules.append({"path": name, "key": key, "strategy": str(strategy), "by": "rule"})
        return rules

    def _loaded(self, path: Path) -> Mapping[str, Json]:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TreadleError(f"cannot read {path}: {error}", context={"file": str(path)}) from error
        data = self._host.load_yaml(text, str(path))
        if not isinstance(data, Mapping):
            raise TreadleError(f"{path} is no mapping", context={"file": str(path), "line": 1})
        return data


def assigned(texts: Sequence[str], option: str) -> dict[str, Json]:
    r"""`NAME=VALUE` texts; `NAME=@FILE` takes the file's content. Raises `TreadleError` for another form.

    `A=1,B=2` are two: a comma separates where another `NAME=` follows it, and `\,` never does.
    """
    found: dict[str, Json] = {}
    for text in (part.replace("\\,", ",") for whole in texts for part in _NEXT.split(whole)):
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise TreadleError(f"{option} {text!r}: NAME=VALUE is expected")
        found[name.strip()] = _read(value[1:]) if value.startswith("@") else value
    return found


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TreadleError(f"cannot read {path}: {error}") from error


async def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,  # noqa: ASYNC109 - as SourceContext has it
) -> ProcessResult:
    """A program outside of any execution: git, to learn what a template asks for."""
    import os
    import subprocess

    def work() -> ProcessResult:
        try:
            done = subprocess.run(
                argv, cwd=cwd, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, timeout=timeout,
                check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise TreadleError(f"{argv[0]} is not installed", exit_code=ExitCode.NOT_FOUND) from None
        except subprocess.TimeoutExpired:
            return ProcessResult(tuple(argv), -9, "", "it took too long", timed_out=True)
        text = (done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
        return ProcessResult(tuple(argv), done.returncode, *text)

    return await asyncio.to_thread(work)
