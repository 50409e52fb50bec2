"""`treadle trust`: what a person has allowed templates' code to do."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from treadle_hookspecs import Host

app = typer.Typer()


class Level(StrEnum):
    """What code may do."""

    none = "none"
    sandboxed = "sandboxed"
    full = "full"


@app.command()
def trust(
    ctx: typer.Context,
    template: Annotated[str, typer.Option("--template", "-t", metavar="T", help="Answer for a template's code.")] = "",
    level: Annotated[Level, typer.Option("--level", help="What it may do.")] = Level.sandboxed,
    forget: Annotated[str, typer.Option("--forget", metavar="HASH", help="Be asked again.")] = "",
    json_output: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """List what templates' code may do; answer for a template with --template, take it back with --forget.

    An answer is about content: code that has changed is code that nobody was asked about.
    """
    host: Host = ctx.obj
    if template:
        _allow(host, template, level)
    elif forget:
        host.console.say(f"forgot: {', '.join(host.trust.forget(forget))}")
    elif json_output:
        told = {"schema": "treadle/trust@1", "trusted": list(host.trust.answers())}
        host.console.data(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for it in host.trust.answers():
            at = datetime.fromtimestamp(int(str(it["at"])) / 1e6, UTC).date()
            host.console.data(f"{str(it['digest'])[:16]}  {it['level']}  {at}  {it['title']}")


def _allow(host: Host, template: str, level: Level) -> None:
    from treadle_compose import _library_view

    found = _library_view.candidate(host, template)
    code = [it for it in _library_view.hooks(found) if it.is_code]
    for hook in code:
        host.trust.allow(hook.digest, level.value, f"hook {hook.name}")
        host.console.say(f"{level.value}: {hook.name} ({hook.hook.script or hook.hook.command})")
    if found.template.code:
        host.trust.allow(found.template.digest, level.value, f"rendering {found.id}")
        host.console.say(f"{level.value}: what {found.id} runs when it is rendered")
    if not code and not found.template.code:
        host.console.say(f"{template} brings no code")
