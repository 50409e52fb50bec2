"""The settings, their defaults and what each is for. Plain dataclasses: with defaults alone nothing is validated."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from treadle_hookspecs import Json

T = TypeVar("T")

_SECRET_OPTION: Final = re.compile(r"((?:^|&)[a-z_]*(?:password|secret)=)[^&]*", re.IGNORECASE)

DEFAULT: Final = "default"
"""The origin of a value that nobody set."""


def _key(default: T, text: str, *, shared: bool = True, **bounds: float) -> T:
    """A setting. `shared`: a project's file may set it for everybody who works there. `bounds`: `ge` or `gt`."""
    return field(default=default, metadata={"text": text, "shared": shared, "bounds": bounds})


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """How the SQLite store writes."""

    synchronous: Literal["FULL", "NORMAL"] = _key(
        "FULL", "`NORMAL` is faster and may lose the last commits at a power cut; never at a crash.", shared=False
    )


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """Which plugins take part."""

    enabled: bool = _key(True, "`false` leaves the core's own contributions only, as `--no-plugins`.", shared=False)
    disable: tuple[str, ...] = _key((), "Plugins that are not loaded, by plugin or distribution name.", shared=False)
    strict: bool = _key(False, "A plugin that is broken stops every command.", shared=False)


@dataclass(frozen=True, slots=True)
class ComposeSettings:
    """What compositions of templates may do."""

    multi_template: bool = _key(True, "`false` allows one template at a time.")
    hooks: bool = _key(True, "`false` leaves the templates' own code out, whatever a command says.")
    resume: bool = _key(True, "`false` takes a composition that was interrupted back instead of going on with it.")


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """How sensitive values are kept."""

    key_source: Literal["auto", "env", "file", "keyring"] = _key(
        "auto",
        "Where the encryption key is: `TREADLE_KEY`, the file `key` in `home`, or the system's keyring; "
        "`auto` takes the variable if it is set, else the file.",
        shared=False,
    )


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """The folder that an execution works in, where another machine drives it."""

    lost_after: float | None = _key(
        None,
        "Seconds after which another worker rebuilds the folder of a worker that is gone; unset: it is waited for.",
        shared=False,
        gt=0,
    )


@dataclass(frozen=True, slots=True)
class TemporalSettings:
    """The Temporal service that the runtime `temporal` uses."""

    address: str = _key("127.0.0.1:7233", "`HOST:PORT` of its frontend.", shared=False)
    namespace: str = _key("default", "The namespace there.", shared=False)
    task_queue: str = _key("treadle", "The queue that the workers take executions from.", shared=False)
    tls: bool = _key(False, "Speak TLS with it; with `TEMPORAL_API_KEY` set, it is shown that key.", shared=False)
    seal: bool = _key(False, "Encrypt all that is sent there, with the key of `secrets.key_source`.", shared=False)
    heartbeat: float = _key(
        30.0, "Seconds without a sign of life after which an attempt counts as interrupted.", shared=False, ge=1
    )
    history: int = _key(
        10_000, "Temporal events after which an execution goes on in a new run there.", shared=False, ge=50
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. Times are seconds, sizes bytes; `origin` says where a value comes from."""

    home: Path = field(
        default=Path(), metadata={"text": "The folder of state, logs and keys.", "shared": False, "bounds": {}}
    )
    store: str = _key("sqlite:", "The state store's URL; `sqlite:` is `state.db` in `home`.", shared=False)
    runtime: str = _key("local", "What drives new executions: `local`, or one that a plugin offers.", shared=False)
    blobs: str = _key(
        "",
        "The folder that those who start executions on another runtime share with its workers; empty: in `home`.",
        shared=False,
    )
    host: str = _key(
        "",
        "This machine's name; an execution whose files are kept goes on where it began. The system's name if empty.",
        shared=False,
    )
    max_concurrent_executions: int = _key(10, "Executions that one process drives at a time.", ge=1)
    max_concurrent_workflows: int = _key(
        0,
        "Executions that run at a time, in all processes that use this store; the others are queued. 0: any number.",
        shared=False,
        ge=0,
    )
    max_parallel: int = _key(0, "Steps of one execution that run at a time; 0 stands for one per processor.", ge=0)
    default_timeout: float | None = _key(
        None, "Seconds that an execution may take whose workflow has no `timeout`; without it, any time.", gt=0
    )
    wait: float = _key(
        300.0,
        "Seconds that a process stays for a timer or time-out that is due; for anything later it leaves the execution.",
        ge=0,
    )
    mode: Literal["autopilot", "supervised", "hybrid"] = _key(
        "autopilot", "Who is asked before a step of a workflow whose definition has no `mode`; `run --mode` wins."
    )
    grace: float = _key(10.0, "Seconds between TERM and KILL when a command is ended.", ge=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _key("INFO", "What treadle's own log keeps.")
    debug: bool = _key(False, "Show tracebacks of internal errors.")
    metrics: bool = _key(True, "Compute metrics of executions.")
    recovery: bool = _key(True, "Offer to resume what a crash interrupted.")
    retention_days: int = _key(0, "Days that ended executions are kept; 0 keeps them for good.", shared=False, ge=0)
    cache: bool = _key(True, "Reuse what steps with `cache` left in earlier runs.")
    cache_limit: int = _key(
        1_000_000_000,
        "Bytes on disk of what steps with `cache` leave; above that, what was put there first goes.",
        shared=False,
        ge=1_000_000,
    )
    output_limit: int = _key(1_000_000, "Bytes of stdout and of stderr that become outputs.", ge=1)
    log_limit: int = _key(10_000_000, "Bytes of one attempt's log that are kept.", ge=1)
    snapshot_limit: int = _key(
        50_000_000, "Bytes above which a snapshot keeps a file's name and not its content.", ge=1
    )
    payload_threshold: int = _key(
        32_768, "Bytes above which a value is stored apart from its event, by content hash.", ge=256
    )
    color: Literal["auto", "always", "never"] = _key("auto", "Colour on a terminal.")
    sqlite: SqliteSettings = SqliteSettings()
    plugins: PluginSettings = PluginSettings()
    secrets: SecretSettings = SecretSettings()
    compose: ComposeSettings = ComposeSettings()
    temporal: TemporalSettings = TemporalSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    notes: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What `treadle doctor` says about the settings, e.g. a variable that could not be understood."""

    def origin(self, key: str) -> str:
        """Where the value of `a.b` comes from: `FILE:LINE`, a variable's name, `override` or `default`.

        Raises:
            KeyError: there is no such setting.
        """
        if key not in KEYS:
            raise KeyError(key)
        return self.origins.get(key, DEFAULT)

    def value(self, key: str) -> Any:
        """The value of `a.b`. Raises `KeyError` for a name that is no setting."""
        if key not in KEYS:
            raise KeyError(key)
        section, _, name = key.rpartition(".")
        return getattr(getattr(self, section) if section else self, name)

    def in_force(self) -> list[dict[str, Json]]:
        """Each setting as `{key, value, origin}`, in the order of the reference; a password in a URL is masked."""
        public: Any = self.public()
        return [{"key": key, "value": _nested(public, key), "origin": self.origin(key)} for key in KEYS]

    @property
    def host_name(self) -> str:
        """The name by which other machines know this one."""
        return self.host or (os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", ""))

    def store_options(self, url: str = "") -> dict[str, Json]:
        """What the class of a state store, by default of the one in force, is given beside its URL."""
        if not (url or self.store).startswith("sqlite:"):
            return {}
        return {"path": str(self.home / "state.db"), "synchronous": self.sqlite.synchronous}

    def section(self, name: str) -> dict[str, Json]:
        """The settings of a section by their names; none for a name that is no section."""
        found = getattr(self, name, None)
        return asdict(found) if is_dataclass(found) and not isinstance(found, type) else {}

    def public(self) -> dict[str, Json]:
        """All settings as JSON data, a password in the store's URL masked."""
        data = asdict(self)
        del data["origins"], data["notes"]
        return {
            **data,
            "home": str(self.home),
            "store": without_password(self.store),
            "plugins": _listed(data["plugins"]),
        }


def _nested(data: Any, key: str) -> Any:
    for part in key.split("."):
        data = data[part]
    return data


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _listed(plugins: dict[str, Any]) -> dict[str, Json]:
    return {**plugins, "disable": list(plugins["disable"])}


def without_password(url: str) -> str:
    """The URL with each password in it replaced by `***`."""
    parts = urlsplit(url)
    query = _SECRET_OPTION.sub(r"\1***", parts.query)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    if not colon and query == parts.query:
        return url
    login = f"{name}:***" if colon else user
    return f"{parts.scheme}://{login}{at}{host}{parts.path}{f'?{query}' if query else ''}"


def _walk(model: type[Any], prefix: str = "") -> Iterator[tuple[str, Field[Any]]]:
    for one in fields(model):
        if is_dataclass(one.default):
            yield from _walk(type(one.default), f"{one.name}.")
        elif "text" in one.metadata:
            yield prefix + one.name, one


KEYS: Final[Mapping[str, Field[Any]]] = dict(_walk(Settings))
"""Every setting by its dotted name."""
