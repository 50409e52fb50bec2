"""Templates in git repositories: by a mirror, at a revision, in a folder of them."""

import subprocess
from typing import Any


def commit(folder: Any, message: str) -> None:
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*person, "commit", "-q", "-m", message), ("tag", message)):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_a_template_at_a_revision_and_offline(bench: Any) -> None:
    folder = bench.template("shared", {"a.txt": "one\n"})
    commit(folder, "v1")
    (folder / "files/a.txt").write_text("two\n")
    commit(folder, "v2")
    bench.composed(f"git+{folder.as_uri()}@v1")
    assert bench.tree() == {"a.txt": "one\n"}
    assert len(bench.lock()["templates"][0]["commit"]) == 40
    bench.target = bench.folder / "again"
    bench.composed(f"git+{folder.as_uri()}", offline=True)
    assert bench.tree() == {"a.txt": "two\n"}
