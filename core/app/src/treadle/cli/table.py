"""The core's own commands: what each is called, where its code is, and one line about it.

`treadle --help` reads this table and imports none of the modules named in it.
"""

from dataclasses import dataclass
from typing import Final

RUN: Final = "Run and control"
LOOK: Final = "Look"
DEFINE: Final = "Define"
INSTALLATION: Final = "Installation"
PLUGINS: Final = "From plugins"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command. `target` is the import string of its function; `command_class` of its class, if it has its own."""

    target: str
    help: str
    panel: str
    command_class: str = ""


COMMANDS: Final[dict[str, Entry]] = {
    "run": Entry("treadle.cli.run:run", "Run a workflow by path or name.", RUN, "treadle.cli.run:RunCommand"),
    "resume": Entry("treadle.cli.control:resume", "Continue what was interrupted, paused, or has failed.", RUN),
    "pause": Entry("treadle.cli.control:pause", "Start nothing new; what runs may finish.", RUN),
    "cancel": Entry("treadle.cli.control:cancel", "End an execution.", RUN),
    "retry": Entry("treadle.cli.retry:retry", "Run a step again, and all that follows it.", RUN),
    "rollback": Entry("treadle.cli.control:rollback", "Undo an execution.", RUN),
    "waiting": Entry("treadle.cli.answers:waiting", "Show what waits, and what answers it.", RUN),
    "approve": Entry("treadle.cli.answers:approve", "Approve what an execution asks, and go on.", RUN),
    "reject": Entry("treadle.cli.answers:reject", "Reject what an execution asks, or push it back.", RUN),
    "answer": Entry("treadle.cli.answers:answer", "Answer what an execution asks.", RUN),
    "signal": Entry("treadle.cli.answers:signal", "Send a signal to an execution that waits for it.", RUN),
    "worker": Entry("treadle.cli.worker:worker", "Drive all that is due, until it is stopped.", RUN),
    "emit": Entry("treadle.cli.control:emit", "Publish an event and run the workflows that wait for it.", RUN),
    "status": Entry("treadle.cli.look:status", "List executions, or show where one stands.", LOOK),
    "watch": Entry("treadle.cli.look:watch", "Follow an execution until it ends or rests.", LOOK),
    "logs": Entry("treadle.cli.look:logs", "Print what the steps printed.", LOOK),
    "history": Entry("treadle.cli.look:history", "Print the event log of an execution.", LOOK),
    "diff": Entry("treadle.cli.diff:diff", "Show what a run or a step changed on disk.", LOOK),
    "slots": Entry("treadle.cli.slots:slots", "List places in groups: who has them, who waits.", LOOK),
    "why": Entry("treadle.cli.why:why", "Say why a step ran, was skipped, or failed.", LOOK),
    "graph": Entry("treadle.cli.graph:graph", "Draw a workflow, or what became of a run.", LOOK),
    "list": Entry("treadle.cli.catalogue:list_", "List the workflows, or the actions, at hand.", LOOK),
    "show": Entry("treadle.cli.catalogue:show", "Describe a workflow or an action.", LOOK),
    "init": Entry("treadle.cli.define:init", "Begin a project, or write an example to it.", DEFINE),
    "define": Entry("treadle.cli.define_workflow:define", "Write a new workflow, by questions and answers.", DEFINE),
    "validate": Entry("treadle.cli.define:validate", "Find all problems of a definition at once.", DEFINE),
    "test": Entry("treadle.cli.test:rehearse", "Play a workflow's test cases; no action runs.", DEFINE),
    "convert": Entry(
        "treadle.cli.convert:convert", "Write a definition of another tool in treadle's language.", DEFINE
    ),
    "fmt": Entry("treadle.cli.fmt:fmt", "Bring definitions into their canonical layout.", DEFINE),
    "schema": Entry("treadle.cli.define:schema", "Print a JSON Schema: of definitions, or of an output.", DEFINE),
    "explain": Entry("treadle.cli.define:explain", "Explain an error code.", DEFINE),
    "agents": Entry("treadle.cli.agents:agents", "List who can be asked for work that needs judgement.", INSTALLATION),
    "plugins": Entry("treadle.cli.installation:plugins", "List plugins, and why one does not work.", INSTALLATION),
    "doctor": Entry("treadle.cli.installation:doctor", "Check the state, the settings and this machine.", INSTALLATION),
    "prune": Entry("treadle.cli.prune:prune", "Delete executions that ended long ago.", INSTALLATION),
    "migrate": Entry("treadle.cli.migrate:migrate", "Copy everything into another state store.", INSTALLATION),
    "cache": Entry("treadle.cli.cache:cache", "Show or clear what `cache` keeps of steps.", INSTALLATION),
    "help": Entry("treadle.cli.installation:help_", "Show the help of a command.", INSTALLATION),
}
