"""The plan is pure and loses nothing in silence: random trees, a random project, random decisions."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
from treadle_compose._decisions import Decisions, PathRule
from treadle_compose._draft import Ways
from treadle_compose._lock import Lock, paths_of
from treadle_compose._operations import PROJECT, Base, Operation, Plan, Stage
from treadle_compose._plan import plan
from treadle_compose._staging import Entry, folded
from treadle_hookspecs import ConflictResolver, Contribution, MergeConfig, MergeResult, OpenKey

NAMES = ("a.txt", "A.txt", "b.bin", "sub", "sub/c.txt", "sub/d.bin", "LICENSE", "Dockerfile", "uv.lock", "x.lines")
LINES = ConflictResolver("lines", ("*.lines",), "x:y", strategies=("merge", "combine"))

trees = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([b"1\n", b"2\n", b"3\n", b""]), max_size=6)
strategies = st.sampled_from(["first", "last", "rename", "skip", "merge", "append", "template:t1"])
rules = st.lists(st.builds(PathRule, st.sampled_from((*NAMES, "*.txt", "*")), strategies), max_size=3)


def sound(tree: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a folder can hold: no file above another, no two spellings of one name."""
    kept: dict[str, bytes] = {}
    for path, content in tree.items():
        clash = any(it.startswith(f"{path}/") or path.startswith(f"{it}/") or folded(it) == folded(path) for it in kept)
        if not clash:
            kept[path] = content
    return kept


def entry(path: str, content: bytes) -> Entry:
    return Entry(path, "file", 0o644, sha256(content).hexdigest(), len(content))


class Memory:
    """Trees in memory."""

    def __init__(
        self, stages: Mapping[str, Mapping[str, bytes]], project: Mapping[str, bytes], before: Plan | None
    ) -> None:
        self._stages = {**stages, PROJECT: project}
        self._before = before
        lock = Lock(paths=paths_of(before)) if before is not None else Lock()
        self._bases = lock.bases()

    def read(self, template: str, path: str) -> bytes:
        return self._stages[template][path]

    def project(self, path: str) -> Entry | None:
        tree = self._stages[PROJECT]
        name = path if path in tree else next((it for it in tree if folded(it) == folded(path)), "")
        if name:
            return entry(name, tree[name])
        return Entry(path, "dir", 0o755) if any(it.startswith(f"{path}/") for it in tree) else None

    def base(self, path: str) -> Base | None:
        return self._bases.get(path)

    def bases(self) -> Mapping[str, Base]:
        return self._bases

    def base_content(self, path: str) -> bytes | None:
        name = self._bases[path].entry.sha256
        every = [text for tree in self._stages.values() for text in tree.values()]
        kept = self._before.bases if self._before is not None else {}
        return kept.get(name) or next((it for it in every if sha256(it).hexdigest() == name), None)

    def kept(self) -> tuple[str, ...]:
        return ()


def merged(_: str, __: str, versions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """Lines united; a file that says 3 cannot be."""
    lines = [line for it in versions for line in it.content.splitlines(keepends=True)]
    if b"3\n" in lines and config.rule("three") is None:
        return MergeResult(None, (OpenKey("three", tuple((it.template, 3) for it in versions)),))
    return MergeResult(b"".join(dict.fromkeys(lines)))


def planned(
    stages: Sequence[Mapping[str, bytes]],
    project: Mapping[str, bytes] = {},
    decided: Sequence[PathRule] = (),
    before: Plan | None = None,
) -> Plan:
    named = {f"t{place}": tree for place, tree in enumerate(stages)}
    made = tuple(Stage(name, tuple(entry(path, tree[path]) for path in sorted(tree))) for name, tree in named.items())
    return plan(made, Memory(named, project, before), Decisions(tuple(decided), (LINES,)), Ways(merged))


def content(it: Operation, made: Plan, stages: Sequence[Mapping[str, bytes]], project: Mapping[str, bytes]) -> bytes:
    if not it.source:
        return made.contents[it.entry.sha256]
    tree = project if it.source == PROJECT else stages[int(it.source[1:])]
    return tree[it.origin]


@given(st.lists(trees.map(sound), min_size=1, max_size=4), trees.map(sound), rules)
def test_two_runs_agree_byte_for_byte(
    stages: list[dict[str, bytes]], project: dict[str, bytes], decided: list[PathRule]
) -> None:
    one, other = planned(stages, project, decided), planned(stages, project, decided)
    assert one.text() == other.text()
    assert one.contents == other.contents
    assert Plan.from_json(one.to_json(), one.contents) == one


@given(st.lists(trees.map(sound), min_size=1, max_size=4), trees.map(sound), rules)
def test_nothing_is_lost_in_silence(
    stages: list[dict[str, bytes]], project: dict[str, bytes], decided: list[PathRule]
) -> None:
    made = planned(stages, project, decided)
    told = {folded(row.path) for row in made.rows}
    operations = {it.path: it for it in made.operations}
    for tree in stages:
        for path, text in tree.items():
            found = operations.get(path)
            if found is None or content(found, made, stages, project) != text:
                assert folded(path) in told, path


@given(st.lists(trees.map(sound), min_size=1, max_size=4), trees.map(sound), rules)
def test_a_plan_without_open_rows_can_be_written_on_every_system(
    stages: list[dict[str, bytes]], project: dict[str, bytes], decided: list[PathRule]
) -> None:
    made = planned(stages, project, decided)
    if any(not row.resolved for row in made.rows):
        return
    after = {**project, **{it.path: content(it, made, stages, project) for it in made.operations}}
    assert len({folded(path) for path in after}) == len(after)
    assert not [path for path in after for other in after if other.startswith(f"{path}/")]
    for it in made.operations:
        assert sha256(content(it, made, stages, project)).hexdigest() == it.entry.sha256


@given(st.lists(trees.map(sound), min_size=1, max_size=3), trees.map(sound))
def test_the_users_own_files_stay_unless_somebody_says_otherwise(
    stages: list[dict[str, bytes]], project: dict[str, bytes]
) -> None:
    made = planned(stages, project)
    for it in made.operations:
        if it.path in project and it.kind == "replace":
            rows = [row for row in made.rows if row.path == it.path and PROJECT in row.contributors]
            assert rows
            assert it.strategy == "merge"


@given(st.lists(trees.map(sound), min_size=1, max_size=4), rules)
def test_composing_the_same_again_changes_nothing(stages: list[dict[str, bytes]], decided: list[PathRule]) -> None:
    made = planned(stages, {}, decided)
    if any(not row.resolved for row in made.rows):
        return
    project = {it.path: content(it, made, stages, {}) for it in made.operations}
    again = planned(stages, project, decided, made)
    assert not again.changes
    assert paths_of(again) == paths_of(made)


edits = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([b"mine\n", b"1\n", None]), max_size=4)


@given(*[st.lists(trees.map(sound), min_size=1, max_size=3)] * 2, edits, rules)
def test_what_the_user_has_changed_is_never_replaced_unasked(
    stages: list[dict[str, bytes]],
    newer: list[dict[str, bytes]],
    changed: dict[str, bytes | None],
    decided: list[PathRule],
) -> None:
    made = planned(stages, {}, decided)
    if any(not row.resolved for row in made.rows):
        return
    written = {it.path: content(it, made, stages, {}) for it in made.operations}
    project = sound({path: text for path, text in (written | changed).items() if text is not None})
    again = planned(newer, project, decided, made)
    told = {folded(row.path) for row in again.rows}
    removed = {it.path for it in again.removals}
    assert not removed & {it.path for it in again.operations}
    for path, text in project.items():
        if text == written.get(path) or folded(path) in told:
            continue
        assert path not in removed
        found = next((it for it in again.operations if it.path == path), None)
        assert found is None or content(found, again, newer, project) == text
    for path in written.keys() - project.keys():
        assert folded(path) in told or not any(it.path == path and it.kind == "create" for it in again.operations)


@given(trees.map(sound), trees.map(sound))
def test_independent_templates_may_be_swapped(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    other = {f"other/{path}": text for path, text in other.items()}
    straight, swapped = planned([one, other]), planned([other, one])
    told = [{(it.path, it.entry.sha256, it.kind) for it in made.operations} for made in (straight, swapped)]
    assert told[0] == told[1]
    assert straight.rows == swapped.rows == ()
