"""What a pruning would delete, and how much lies on disk for it."""

from typing import cast

import jsonschema
import pytest
from treadle.amounts import bytes_of
from treadle.cli.schemas import SCHEMAS
from treadle.seeing.pruning import pruning_of, size_of
from treadle_hookspecs import ExecutionQuery, ExecutionRow, StoreBackend


class Rows:
    """As much of a store as is asked."""

    def __init__(self, *rows: ExecutionRow) -> None:
        self._rows = rows

    def executions(self, query: ExecutionQuery) -> tuple[ExecutionRow, ...]:
        assert query == ExecutionQuery()
        return self._rows


def row(id_, status, finished):
    return ExecutionRow(id_, "w", "1", status, "/project", "cli", {}, 0, finished_at=finished)


@pytest.fixture
def home(tmp_path):
    for name, count in {"logs/old/a": 10, "scratch/old/deep/b": 5, "logs/new/c": 100, "logs/gone/d": 3}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * count)
    return tmp_path


def test_only_what_has_ended_long_ago(home):
    rows = Rows(row("new", "completed", 50), row("live", "running", None), row("old", "failed", 10))
    found = pruning_of(cast("StoreBackend", rows), home, 50)
    assert [one.id for one in found.executions] == ["old"]
    assert (found.size, found.strays, found.bytes) == ({"old": 15}, 3, 18)
    jsonschema.Draft202012Validator(SCHEMAS["pruning"]).validate(found.to_json(deleted=False))


def test_nothing_old_means_nothing_to_delete(home):
    found = pruning_of(cast("StoreBackend", Rows(row("new", "completed", 50))), home, 50)
    assert (found.executions, found.bytes) == ([], 0)


def test_links_count_as_themselves(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 5_000)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "big")
    assert size_of(folder) < 1_000
    assert size_of(tmp_path / "nothing") == 0


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1_400, "1.4 kB"), (3_000_000, "3.0 MB"), (5_200_000_000, "5.2 GB")],
)
def test_sizes_as_people_read_them(count, shown):
    assert bytes_of(count) == shown
