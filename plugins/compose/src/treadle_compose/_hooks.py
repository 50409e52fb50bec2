"""Code and templates that templates bring: when they run, as what, and with which rights."""

import hashlib
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, ExitCode, Json, ProcessResult, SandboxPolicy, TreadleError, TrustLevel

from treadle_compose import _conditions
from treadle_compose._arithmetic import as_text
from treadle_compose._hook_record import Ran, read_record, write_record
from treadle_compose._manifest import Hook
from treadle_compose._render import render_text, render_value
from treadle_compose._rows import Row
from treadle_compose._sources import Candidate
from treadle_compose._variables import BUILT_IN

KINDS: Final = ("preComposition", "postSetup", "onConflict")
_PROBE: Final = 5.0
"""Seconds that `PROGRAM --version` may take."""
_BY_SUFFIX: Final[Mapping[str, tuple[str, ...]]] = {
    ".py": (sys.executable,),
    ".sh": ("sh",),
    ".bash": ("bash",),
    ".mjs": ("node",),
    ".cjs": ("node",),
    ".js": ("node",),
    ".rb": ("ruby",),
    ".pl": ("perl",),
    ".ps1": ("pwsh", "-File"),
}


_OFFLINE: Final = re.compile(
    r"network is unreachable|could ?n.t resolve|could not resolve|temporary failure in name resolution"
    r"|name or service not known|getaddrinfo|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EACCES.{0,40}connect|failed to connect"
    r"|connection error|permission denied.{0,40}socket|socket.{0,40}(?:permission denied|not permitted)",
    re.IGNORECASE,
)
"""What programs say when the network does not answer, or is not allowed."""


@dataclass(frozen=True, slots=True)
class TemplateHook:
    """A hook with the template that brings it."""

    candidate: Candidate
    hook: Hook

    @property
    def name(self) -> str:
        """`template/hook`."""
        return f"{self.candidate.id}/{self.hook.name}"

    @property
    def is_code(self) -> bool:
        """It runs a program; a template that is rendered does not."""
        return not self.hook.template

    @property
    def digest(self) -> str:
        """What trust is given to: this hook of exactly this template's content."""
        told = json.dumps(asdict(self.hook), sort_keys=True, default=list)
        return hashlib.sha256(f"{self.candidate.template.digest}\0{told}".encode()).hexdigest()

    def to_json(self) -> dict[str, Json]:
        """For `treadle hooks list` and plans."""
        hook = self.hook
        return {
            "template": self.candidate.id,
            "kind": hook.kind,
            "name": hook.name,
            "does": hook.script or hook.command or f"{hook.template} -> {hook.output}",
            "in": "staging" if hook.staged else "project",
            "condition": hook.condition,
            "triggers": list(hook.triggers),
            "digest": self.digest,
            "network": hook.network,
            "read": list(hook.read),
            "env": list(hook.env),
        }


@dataclass(slots=True)
class Place:
    """Where hooks work.

    Attributes:
        root: the project, or its draft.
        writable: they may change it.
        values: variables of each template by id.
        hidden: secrets, which are neither recorded nor told.
        record: a file that says, before a hook begins, what has to be taken back if the process dies; None where
            nothing has to.
    """

    root: Path
    writable: bool
    values: Mapping[str, Mapping[str, Json]]
    hidden: tuple[str, ...] = ()
    record: Path | None = None
    ran: list[Ran] = field(default_factory=list)

    def known(self) -> list[Ran]:
        """What an earlier attempt has run, or begun."""
        return read_record(self.record) if self.record is not None else []

    def masked(self, text: str) -> str:
        """A text that may be kept."""
        for secret in self.hidden:
            text = text.replace(secret, "***")
        return text

    def note(self, ran: Ran) -> None:
        """Keep it, durably."""
        ran = replace(ran, detail=self.masked(ran.detail))
        self.ran = [*(it for it in self.ran if it.hook != ran.hook), ran]
        if self.record is not None:
            write_record(self.record, self.ran)


def hooks_of(candidates: Sequence[Candidate], kind: str) -> tuple[TemplateHook, ...]:
    """All hooks of a kind in composition order."""
    return tuple(TemplateHook(it, hook) for it in candidates for hook in it.manifest.hooks if hook.kind == kind)


def agreed(
    hooks: Sequence[TemplateHook], strategies: Mapping[str, str]
) -> tuple[tuple[TemplateHook, ...], tuple[Row, ...]]:
    """Hooks of one name: identical ones run once, others need a decision (`both`, `first`, `last`)."""
    kept: list[TemplateHook] = []
    rows: list[Row] = []
    for name in dict.fromkeys(it.hook.name for it in hooks):
        same = [it for it in hooks if it.hook.name == name]
        if len(same) == 1 or (same[0].hook.command and all(it.hook == same[0].hook for it in same)):
            kept.append(same[0])
            continue
        strategy = strategies.get(name, "")
        chosen = {"both": same, "first": same[:1], "last": same[-1:]}.get(strategy)
        ids = tuple(it.candidate.id for it in same)
        hint = "" if chosen else "two templates have a hook of this name"
        rows.append(
            Row("hook", f"hook:{name}", "", ids, (), strategy if chosen else "", "--resolve" if chosen else "",
                chosen is not None, hint, ("both", "first", "last"))
        )  # fmt: skip
        kept += chosen or same
    return tuple(it for it in hooks if it in kept), tuple(rows)


def refuse_untrusted(hooks: Iterable[TemplateHook], context: ActionContext, trust: str) -> None:
    """Raises `TreadleError` (exit code 4) for code that nobody has allowed; it lists all of it."""
    strange = [it for it in hooks if it.is_code and level_of(it, context, trust) is None]
    if strange:
        raise TreadleError(
            f"the templates bring code that nobody has allowed: {', '.join(it.name for it in strange)}",
            context={"hooks": [it.to_json() for it in strange]},
            suggestions=(
                "look at it: treadle hooks list --template TEMPLATE",
                "let it run in the sandbox: --trust sandboxed",
                "go on without it: --trust none",
            ),
            exit_code=ExitCode.NOT_ALLOWED,
        )


def level_of(hook: TemplateHook, context: ActionContext, trust: str) -> TrustLevel | None:
    """What a hook may do: what the flag says, else what was answered before."""
    if trust in ("none", "sandboxed", "full"):
        return trust  # type: ignore[return-value]
    return context.host.trust.level(hook.digest)


def problems(hook: TemplateHook) -> Iterator[str]:
    """What keeps a hook from running: a missing file or interpreter, a condition that is not understood."""
    folder = hook.candidate.template.folder
    for name in filter(None, (hook.hook.script, hook.hook.template)):
        if not (folder / name).is_file():
            yield f"hook {hook.name}: there is no file {name}"
    try:
        _conditions.parse(hook.hook.condition)
        words = _words(hook, folder)
        if words and "{{" not in words[0] and shutil.which(words[0]) is None:
            yield f"hook {hook.name} needs {words[0]}, which is not on PATH"
    except TreadleError as error:
        yield f"hook {hook.name}: {error.message}"
    for trigger in hook.hook.triggers:
        if not trigger.startswith(("file-conflict", "variable-conflict")):
            yield f"hook {hook.name}: the trigger {trigger!r} is neither file-conflict:GLOB nor variable-conflict:NAME"


def _words(hook: TemplateHook, folder: Path) -> tuple[str, ...]:
    if hook.hook.command:
        try:
            return tuple(shlex.split(hook.hook.command))
        except ValueError as error:
            raise TreadleError(f"{hook.hook.command!r} is no command line: {error}") from None
    script = folder / hook.hook.script
    return _interpreter(script, hook) if hook.hook.script and script.is_file() else ()


async def run_hooks(
    hooks: Sequence[TemplateHook], place: Place, context: ActionContext, trust: str, sandbox: Any
) -> list[Ran]:
    """Run hooks one after the other; what ran.

    Raises:
        TreadleError: one failed whose `onFailure` is `rollback`; `place.ran` says what ran before.
    """
    before = {(it.hook, it.digest): it for it in place.known()}
    for hook in hooks:
        known = before.get((hook.name, hook.digest))
        if known is not None and known.outcome == "done":
            place.note(known)
            continue
        begun = _begun(hook, place, known)
        place.note(begun)
        runner = _Running(hook, place, context, trust, sandbox)
        try:
            place.note(replace(await runner.run(), created=begun.created))
        except TreadleError as error:
            place.note(replace(begun, outcome="failed", detail=error.message))
            if hook.hook.on_failure == "rollback":
                raise
            context.log.warning(f"hook {hook.name} failed: {error.message}")
    return place.ran


class _Running:
    """One hook, from its condition to its end."""

    def __init__(self, hook: TemplateHook, place: Place, context: ActionContext, trust: str, sandbox: Any) -> None:
        self._hook = hook
        self._place = place
        self._context = context
        self._trust = trust
        self._level = sandbox
        own = place.values.get(hook.candidate.id, {})
        self._values = {**own, "PROJECT_ROOT": str(place.root)}

    async def run(self) -> Ran:
        """See `run_hooks`."""
        hook = self._hook.hook
        if not await self._holds():
            return self._ran("skipped", f"the condition {hook.condition!r} does not hold")
        if hook.template:
            self._render()
            return self._ran("done", f"wrote {hook.output}")
        level = level_of(self._hook, self._context, self._trust)
        if level in ("none", None):
            return self._ran("skipped", "it is not trusted")
        result = await self._start(self._argv(), full=level == "full")
        if not result.ok:
            raise _failed(self._hook, result)
        return self._ran("done", (result.stdout or "").strip()[-2000:], level or "")

    async def ask(self, stdin: bytes) -> Any:
        """What an `onConflict` hook answers, as JSON. Raises `TreadleError`."""
        if level_of(self._hook, self._context, self._trust) in ("none", None) or not await self._holds():
            return None
        full = level_of(self._hook, self._context, self._trust) == "full"
        result = await self._start(self._argv(), full=full, stdin=stdin)
        if not result.ok:
            raise _failed(self._hook, result)
        try:
            return json.loads(result.stdout)
        except ValueError as error:
            raise TreadleError(f"hook {self._hook.name} does not answer in JSON: {error}") from None

    def _ran(self, outcome: str, detail: str, level: str = "") -> Ran:
        return Ran(self._hook.name, self._hook.digest, level, outcome, detail, self._hook.hook.undo)

    async def _holds(self) -> bool:
        condition = _conditions.parse(self._hook.hook.condition)
        versions = {program: await self._version(program) for program in condition.programs}
        facts = _conditions.Facts(self._values, lambda path: (self._place.root / path).exists(), versions)
        return condition.holds(facts)

    async def _version(self, program: str) -> str:
        if shutil.which(program) is None:
            return ""
        done = await self._context.run((program, "--version"), cwd=self._place.root, timeout=_PROBE)
        return done.stdout or done.stderr if done.ok else ""

    def _render(self) -> None:
        """A template that is rendered into the project; its engine by its suffix."""
        hook = self._hook.hook
        source = self._hook.candidate.template.folder / hook.template
        text = _file(source, self._hook).decode("utf-8")
        values = {**self._values, **self._variables()}
        if source.suffix == ".hbs":
            from treadle_compose._handlebars import render

            text = render(text, values, str(source), html=hook.output.endswith((".html", ".htm", ".xml")))
        else:
            text = render_text(text, values, str(source))
        self._context.host.workspace(self._place.root).write_text(hook.output, text)

    def _variables(self) -> dict[str, Json]:
        return {
            name: render_value(value, self._values) if isinstance(value, str) and "{{" in value else value
            for name, value in self._hook.hook.variables.items()
        }

    def _argv(self) -> tuple[str, ...]:
        hook = self._hook.hook
        if hook.command and hook.shell:
            return ("sh", "-c", hook.command)
        if hook.command:
            # Split first, rendered word by word: a value never becomes more than one word.
            words = shlex.split(hook.command.replace("{{ ", "{{").replace(" }}", "}}"))
            return tuple(render_text(word, self._values, f"hook {self._hook.name}") for word in words)
        script = self._hook.candidate.template.folder / hook.script
        return (*_interpreter(script, self._hook), str(script))

    async def _start(self, argv: tuple[str, ...], *, full: bool, stdin: bytes = b"") -> ProcessResult:
        hook = self._hook.hook
        if shutil.which(argv[0]) is None:
            raise TreadleError(f"hook {self._hook.name} needs {argv[0]}, which is not on PATH")
        if hook.shell and not full:
            raise TreadleError(
                f"hook {self._hook.name} wants a shell, which needs full trust",
                suggestions=("--trust full",),
                exit_code=ExitCode.NOT_ALLOWED,
            )
        scratch = self._context.scratch / "tmp"
        scratch.mkdir(exist_ok=True)
        environment = self._environment(scratch, full)
        if full:
            self._context.log.info(f"hook {self._hook.name} runs with your rights: {shlex.join(argv)}")
            return await self._context.run(argv, cwd=self._cwd(), env=environment, stdin=stdin, timeout=hook.timeout)
        policy = self._policy(scratch, environment)
        wrapped = self._context.host.sandbox.wrap(argv, policy, self._cwd())
        if not wrapped.confined and self._level == "auto" and self._trust != "sandboxed":
            raise TreadleError(
                f"hook {self._hook.name}: {wrapped.description}",
                suggestions=("let it run all the same: --trust full", "or without confinement: --sandbox limits"),
                exit_code=ExitCode.NOT_ALLOWED,
            )
        self._context.log.info(f"hook {self._hook.name}, {wrapped.description}: {shlex.join(argv)}")
        return await self._context.run(
            wrapped.argv, cwd=self._cwd(), env=wrapped.env, stdin=stdin, timeout=hook.timeout
        )

    def _policy(self, scratch: Path, environment: Mapping[str, str]) -> SandboxPolicy:
        hook, root = self._hook.hook, self._place.root
        write = (root, scratch) if self._place.writable else (scratch,)
        read = (self._hook.candidate.template.folder, root, *(Path(it).expanduser() for it in hook.read))
        return SandboxPolicy(read, write, hook.network, environment, self._level)

    def _environment(self, scratch: Path, full: bool) -> dict[str, str]:
        allowed = {name: os.environ[name] for name in self._hook.hook.env if name in os.environ}
        own = {} if full else {"HOME": str(scratch), "TMPDIR": str(scratch), "XDG_CACHE_HOME": str(scratch)}
        told: dict[str, str] = {name: as_text(self._values[name]) for name in BUILT_IN if name in self._values}
        return {**own, **allowed, **told, **{k: as_text(v) for k, v in self._variables().items()}}

    def _cwd(self) -> Path:
        name = self._hook.hook.cwd
        folder = (
            self._place.root / render_text(name, self._values, f"hook {self._hook.name}") if name else self._place.root
        )
        if not folder.resolve().is_relative_to(self._place.root.resolve()):
            raise TreadleError(f"hook {self._hook.name}: its folder {name!r} leads out of the project")
        if not folder.is_dir():
            raise TreadleError(f"hook {self._hook.name}: there is no folder {name!r} in the project")
        return folder


async def resolutions(
    hooks: Sequence[TemplateHook], rows: Sequence[Row], place: Place, context: ActionContext, trust: str, sandbox: Any
) -> list[tuple[str, str, str, str]]:
    """What `onConflict` hooks propose for open rows: `(path, key, strategy, by)`."""
    answers = []
    for hook in hooks:
        meant = [row for row in rows if _triggered(hook.hook, row)]
        if not meant:
            continue
        question = json.dumps({"conflicts": [row.to_json() for row in meant]}, ensure_ascii=False).encode()
        answer = await _Running(hook, place, context, trust, sandbox).ask(question)
        for one in (answer or {}).get("resolutions", ()) if isinstance(answer, dict) else ():
            strategy = one.get("strategy") or f"value:{one.get('value', '')}"
            answers.append((str(one["path"]), str(one.get("key", "")), str(strategy), f"hook {hook.name}"))
    return answers


def _triggered(hook: Hook, row: Row) -> bool:
    from fnmatch import fnmatchcase

    named = next((it.removeprefix("hook:") for it in row.strategies if it.startswith("hook:")), "")
    if named:
        return named == hook.name
    if not hook.triggers:
        return True
    kind = "variable" if row.kind == "variable" else "file"
    for trigger in hook.triggers:
        head, _, pattern = trigger.partition(":")
        if head == f"{kind}-conflict" and (not pattern or fnmatchcase(row.path, pattern)):
            return True
    return False


def _interpreter(script: Path, hook: TemplateHook) -> tuple[str, ...]:
    """By the first line, else by the suffix."""
    first = _file(script, hook)[:256].split(b"\n", 1)[0].decode("utf-8", "replace")
    if first.startswith("#!"):
        words = shlex.split(first[2:])
        return tuple(words[1:]) if words and words[0].endswith("/env") and len(words) > 1 else tuple(words)
    found = _BY_SUFFIX.get(script.suffix)
    if found is None:
        raise TreadleError(
            f"hook {hook.name}: nothing says what runs {script.name}",
            suggestions=("give it a first line, e.g. #!/usr/bin/env python3",),
        )
    return found


def _file(path: Path, hook: TemplateHook) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TreadleError(f"hook {hook.name}: cannot read {path.name}: {error.strerror}") from error


def _failed(hook: TemplateHook, result: ProcessResult) -> TreadleError:
    last = (result.stderr or result.stdout).strip().splitlines()[-20:]
    how = "took too long and was ended" if result.timed_out else f"exited with {result.exit_code}"
    offline = not hook.hook.network and _OFFLINE.search(f"{result.stdout}\n{result.stderr}")
    hint = "it wants the network, which the sandbox does not give: `permissions: {network: true}` in its manifest"
    return TreadleError(
        "\n".join([f"hook {hook.name} {how}", *last]),
        context={"hook": hook.name, "template": hook.candidate.id},
        suggestions=(hint, "or let it run with your rights: --trust full") if offline else (),
        exit_code=ExitCode.FAILED,
    )


def _begun(hook: TemplateHook, place: Place, known: Ran | None) -> Ran:
    """What is written down before a hook runs: what it says it makes and what is not there yet."""
    absent = tuple(it for it in hook.hook.creates if not os.path.lexists(place.root / it))
    return Ran(hook.name, hook.digest, "", "begun", "", hook.hook.undo, known.created if known else absent)
