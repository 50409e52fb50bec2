"""Whose file it is, by its name and its first characters."""

import re
from typing import Final

_KAD: Final = re.compile(
    r"""(?m)^\s*-?\s*["']?(?:module["']?\s*:.*\n\s*["']?action|onSuccess|onFailure|maxRetries)["']?\s*:"""
)
_CLOI: Final = re.compile(r"""(?m)\A(?:\s*#.*\n|\s*\n|\s*---\s*\n|\s*\{)*\s*["']?workflow["']?\s*:""")
_SCRIPT: Final = re.compile(
    r"(?m)^\s*(?:export\s+)?(?:default\b|(?:const|let|var)\s+[A-Za-z_$][\w$]*\s*=|module\.exports\s*=)"
)
_TASK_MASTER: Final = re.compile(r"""["']?(?:error_handling|retry_count|dependencies)["']?\s*:""")
_CLAUDE: Final = re.compile(r""""(?:command"\s*:\s*"@|on_failure"\s*:\s*"|error_handlers"|success_actions")""")


def kad(name: str, head: str) -> bool:
    """Steps with `module` and `action`, and routes in camel case."""
    return not name.endswith((".js", ".mjs", ".ts")) and _KAD.search(head) is not None


def cloi(_name: str, head: str) -> bool:
    """Everything under the one key `workflow`."""
    return _CLOI.search(head) is not None


def task_master(name: str, head: str) -> bool:
    """An object of JavaScript, or JSON with this dialect's words."""
    if name.endswith((".js", ".mjs", ".ts", ".json5")):
        return _SCRIPT.search(head) is not None or head.lstrip().startswith("{")
    return name.endswith(".json") and _TASK_MASTER.search(head) is not None and not claude(name, head)


def claude(name: str, head: str) -> bool:
    """JSON whose steps name commands with `@`, or words for what to do on failure."""
    return name.endswith(".json") and _CLAUDE.search(head) is not None
