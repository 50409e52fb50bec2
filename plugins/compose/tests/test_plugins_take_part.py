"""Plugins before, in and after a composition: refusing, deciding, merging, bringing templates, being told."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from treadle.api import Status, Treadle
from treadle.plugins import PluginHost
from treadle_hookspecs import (
    CompositionRequest,
    CompositionResult,
    Conflict,
    ConflictResolver,
    Contribution,
    FetchedTemplate,
    MergeConfig,
    MergeResult,
    OpenKey,
    Resolution,
    SourceContext,
    TemplateListing,
    TemplateSource,
    TreadleError,
    hookimpl,
)


class Recorder:
    """A plugin that does a little of everything."""

    def __init__(self) -> None:
        self.requests: list[CompositionRequest] = []
        self.results: list[CompositionResult] = []

    @hookimpl
    def treadle_before_composition(self, request: CompositionRequest) -> None:
        self.requests.append(request)
        if "forbidden" in request.templates:
            raise TreadleError("forbidden may not be composed")

    @hookimpl
    def treadle_on_conflict(self, conflict: Conflict) -> Resolution | None:
        if conflict.key == "number":
            return Resolution("value", 42)
        return Resolution("last") if conflict.path == "LICENSE" else None

    @hookimpl
    def treadle_after_setup(self, result: CompositionResult) -> None:
        self.results.append(result)

    @hookimpl
    def treadle_conflict_resolvers(self) -> Iterable[ConflictResolver]:
        yield ConflictResolver("sum", ("*.sum",), f"{__name__}:add")

    @hookimpl
    def treadle_template_sources(self) -> Iterable[TemplateSource]:
        yield TemplateSource("shelf", f"{__name__}:Shelf")


def add(path: str, versions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """Numbers are added up; a rule may give the number."""
    rule = config.rule("number")
    if rule is None and any(int(it.content) > 9 for it in versions):
        return MergeResult(
            None, (OpenKey("number", tuple((it.template, int(it.content)) for it in versions), "large"),)
        )
    total = rule.strategy.removeprefix("value:") if rule else str(sum(int(it.content) for it in versions))
    return MergeResult(total.encode(), notes=("added up",))


class Shelf:
    """Templates from one folder."""

    def list(self, cache: Path) -> Iterable[TemplateListing]:
        yield TemplateListing("shelved", "1.0", "shelf:shelved", "from the shelf")
        yield TemplateListing("shelved", "2.0", "shelf:shelved-2", "from the shelf")

    async def fetch(self, spec: str, context: SourceContext) -> FetchedTemplate:
        folder = context.cache / spec
        (folder / "files").mkdir(parents=True, exist_ok=True)
        version = "2.0" if spec.endswith("-2") else "1.0"
        (folder / "template.yaml").write_text(f"template: {{id: shelved, version: '{version}'}}\n")
        (folder / "files" / "version.txt").write_text(version)
        return FetchedTemplate("shelved", version, folder, f"shelf:{spec}", "")


def compose(bench: Any, plugin: Recorder, *templates: str) -> Status:
    host = PluginHost()
    host.register(plugin, name="recorder")
    inputs = {"templates": list(templates), "target": str(bench.target), "here": str(bench.folder)}
    with Treadle(plugins=host) as treadle:
        return treadle.run("compose", inputs)


def test_a_plugin_may_refuse(bench: Any) -> None:
    bench.template("forbidden", {"a.txt": ""})
    status = compose(bench, Recorder(), "forbidden")
    assert (status.status, status.error["message"]) == ("failed", "forbidden may not be composed")  # type: ignore[index, call-overload]
    assert not bench.target.exists()


def test_a_plugin_is_told_and_decides_what_nobody_else_did(bench: Any) -> None:
    plugin = Recorder()
    bench.template("one", {"LICENSE": "1\n"})
    bench.template("two", {"LICENSE": "2\n", "b.txt": ""})
    assert compose(bench, plugin, "one", "two").status == "completed"
    assert bench.tree()["LICENSE"] == "2\n"
    assert [request.templates for request in plugin.requests] == [("one", "two")]
    assert [result.written for result in plugin.results] == [("LICENSE", "b.txt")]


def test_a_strangers_resolver_works_as_ours_do(bench: Any) -> None:
    bench.template("one", {"a.sum": "1", "b.sum": "1"})
    bench.template("two", {"a.sum": "2", "b.sum": "20"})
    status = compose(bench, Recorder(), "one", "two")
    assert status.status == "completed"
    assert bench.tree() == {"a.sum": "3", "b.sum": "42"}
    assert "a.sum: added up" in bench.outputs(status, "plan")["notes"]


def test_a_strangers_source_brings_templates_by_name_and_version(bench: Any) -> None:
    assert compose(bench, Recorder(), "shelved").status == "completed"
    assert bench.tree() == {"version.txt": "2.0"}
    bench.target = bench.folder / "older"
    assert compose(bench, Recorder(), "shelved@<2").status == "completed"
    assert bench.tree() == {"version.txt": "1.0"}
    bench.target = bench.folder / "direct"
    assert compose(bench, Recorder(), "shelf:shelved").status == "completed"
    assert bench.lock()["templates"][0]["source"] == "shelf:shelved"
