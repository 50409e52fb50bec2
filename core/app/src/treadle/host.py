"""The core as plugins see it: `treadle_hookspecs.Host` over the facade."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_hookspecs import (
    Console,
    Event,
    ExecutionRow,
    ExitCode,
    Figure,
    FileChange,
    Json,
    JsonObject,
    ProjectJournal,
    StepRow,
    TreadleError,
    Trust,
    Workspace,
)

from treadle.records import private_folder

if TYPE_CHECKING:
    from treadle_hookspecs import CompositionHost, Sandbox

    from treadle.api import Treadle


class FacadeHost:
    """A `Host` that passes everything to one `Treadle`."""

    def __init__(self, facade: "Treadle", console: Console | None = None) -> None:
        self._facade = facade
        self._console = console or StreamConsole()

    @property
    def settings(self) -> JsonObject:
        """The settings in force, without secrets."""
        return self._facade.settings.public()

    @property
    def console(self) -> Console:
        """Where to talk."""
        return self._console

    async def run(self, workflow: str, inputs: JsonObject) -> JsonObject:
        """Run a workflow to its end or rest; the shape of `treadle status ID --json`."""
        return (await self._facade.run_async(workflow, inputs)).to_json()

    def drive(self, workflow: str, inputs: JsonObject) -> JsonObject:
        """As `run`, for a command, with `exit_code`; SIGINT and SIGTERM bring the execution to rest."""
        status = self._facade.run(workflow, inputs)
        return {**status.to_json(), "exit_code": status.exit_code}

    def validate(self, path: Path) -> Sequence[JsonObject]:
        """The problems of a definition."""
        return [problem.to_json() for problem in self._facade.validate(str(path))]

    def executions(self, *, all_roots: bool = False) -> Sequence[ExecutionRow]:
        """Executions, newest first."""
        return self._facade.executions(all_roots=all_roots)

    def execution(self, id: str) -> ExecutionRow:
        """One execution by a unique prefix of its id."""
        return self._facade.resolve(id)

    def steps(self, execution: str) -> Sequence[StepRow]:
        """The visits of an execution, sensitive values masked."""
        return self._facade.steps(execution)

    def figures(self, execution: str) -> Sequence[Figure]:
        """What the visits of an execution measured."""
        return self._facade.figures(execution)

    def file_changes(self, execution: str) -> Sequence[FileChange] | None:
        """The files that an execution changed."""
        return self._facade.file_changes(execution)

    def forgiven(self, execution: str) -> Mapping[str, str]:
        """Failures that nothing stands against any more."""
        return self._facade.forgiven(execution)

    def audit(self, action: str, execution: str, detail: JsonObject) -> None:
        """Write down who did what."""
        from treadle.auditing import note

        note(self._facade.store, self._facade.actor, action, execution, detail)

    def audit_log(self, *actions: str) -> Sequence[JsonObject]:
        """What was written down about these actions."""
        from treadle.auditing import entries

        return entries(self._facade.store, actions)

    def report(self, execution: str, form: str, title: str = "") -> str:
        """The report of an execution in a form that some plugin offers."""
        return self._facade.plugins.report_format(form)(self, execution, title)

    def history(self, execution: str) -> Sequence[Event]:
        """The log of an execution, sensitive values masked."""
        return self._facade.history(execution)

    def load_yaml(self, text: str, name: str) -> Json:
        """Parse YAML strictly and bounded."""
        from treadle.definition import load_yaml

        return load_yaml(text, name)

    def render(self, text: str, context: Mapping[str, Json]) -> Json:
        """Evaluate the expressions in a text."""
        from treadle_engine.expressions import compile_value

        return compile_value(text).evaluate(context)

    def workspace(self, root: Path) -> Workspace:
        """A workspace for another folder."""
        from treadle.workspace import FolderWorkspace

        return FolderWorkspace(root)

    def journal(self, root: Path) -> ProjectJournal:
        """The journal of a folder, which need not be there yet."""
        from treadle.composing import FolderJournal

        return FolderJournal(root)

    @property
    def cache(self) -> Path:
        """The user's cache folder of treadle."""
        return private_folder(self._facade.home / "cache")

    @property
    def composition(self) -> "CompositionHost":
        """What plugins offer to compositions."""
        from treadle.composing import PluginComposition

        return PluginComposition(self._facade.plugins)

    @property
    def sandbox(self) -> "Sandbox":
        """What confines child processes."""
        from treadle.sandbox import SystemSandbox

        return SystemSandbox()

    @property
    def trust(self) -> Trust:
        """What a person has allowed code of strangers to do."""
        return self._facade.trust


class StreamConsole:
    """A `Console` on the process's own streams."""

    @property
    def interactive(self) -> bool:
        """A person sits at a terminal and may be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def data(self, text: str) -> None:
        """Write to stdout."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def say(self, text: str) -> None:
        """Write to stderr."""
        sys.stderr.write(text if text.endswith("\n") else text + "\n")

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask yes or no."""
        if not self.interactive:
            raise TreadleError(
                f"{question} (there is no terminal to ask at)",
                exit_code=ExitCode.USAGE,
                suggestions=(f"give {flag}",),
            )
        self.say(f"{question} [y/N] ")
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
