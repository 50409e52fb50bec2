"""Trees of foreign templates: from folders and git, by content, offline."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from treadle_foreign import bring, manifest_of, place_of, template_id
from treadle_hookspecs import ProcessResult, TreadleError


class Work:
    """A source's context that runs real programs and counts what it fetched."""

    def __init__(self, cache, *, offline=False):
        self.cache, self.offline, self.said, self.sandbox = cache, offline, [], None

    def say(self, message):
        self.said.append(message)

    async def run(self, argv, *, cwd, env=None, stdin=b"", timeout=None):  # noqa: ASYNC109 - as the contract has it
        done = await asyncio.to_thread(
            subprocess.run, argv, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=timeout
        )
        return ProcessResult(tuple(argv), done.returncode, done.stdout.decode(), done.stderr.decode())


def git(folder, *words):
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "origin"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "-q")
    for version in ("1.0.0", "1.2.0"):
        (folder / "a.txt").write_text(version)
        (folder / "sub" / "b.txt").write_text("b")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", version)
        git(folder, "tag", f"v{version}")
    (folder / "a.txt").write_text("later")
    git(folder, "commit", "-q", "-a", "-m", "later")
    return folder.as_uri()


@pytest.mark.parametrize(
    ("spec", "address", "ref", "folder"),
    [
        ("gh:a/b", "https://github.com/a/b.git", "", ""),
        ("gh:a/b@v1.2#sub/x", "https://github.com/a/b.git", "v1.2", "sub/x"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git", "", ""),
        ("https://user@example.org/a.git@main", "https://user@example.org/a.git", "main", ""),
        ("./folder#inner", "./folder", "", "inner"),
    ],
)
def test_how_places_are_written(spec, address, ref, folder):
    place = place_of(spec)
    assert (place.address, place.ref, place.folder) == (address, ref, folder)


async def test_the_newest_version_or_the_default_branch_or_what_is_named(repository, tmp_path):
    work = Work(tmp_path / "cache")
    newest = await bring(repository, work, newest_tag=True)
    assert ((newest.folder / "a.txt").read_text(), newest.version) == ("1.2.0", "1.2.0")
    branch = await bring(repository, work)
    assert ((branch.folder / "a.txt").read_text(), branch.version) == ("later", "1.2.0")
    named = await bring(f"{repository}@v1.0.0#sub", work)
    assert [path.name for path in named.folder.iterdir()] == ["b.txt"]
    assert named.version == "1.0.0"
    again = await bring(f"{repository}@{named.commit}#sub", work)
    assert (again.folder, again.digest) == (named.folder, named.digest)
    assert work.said == [f"fetching {repository}"]


async def test_offline_asks_the_cache_only(repository, tmp_path):
    with pytest.raises(TreadleError, match="is not in the cache") as refused:
        await bring(repository, Work(tmp_path / "cache", offline=True))
    assert refused.value.exit_code == 3
    online = await bring(repository, Work(tmp_path / "cache"))
    git(Path(repository.removeprefix("file://")), "commit", "-q", "--allow-empty", "-m", "newer")
    offline = await bring(repository, Work(tmp_path / "cache", offline=True))
    assert offline == online


@pytest.mark.parametrize(
    ("spec", "message"),
    [("@v9", "has no revision v9"), ("#nowhere", "there is no folder nowhere"), ("#..", "no folder")],
)
async def test_what_is_not_there(repository, tmp_path, spec, message):
    with pytest.raises(TreadleError, match=message) as refused:
        await bring(f"{repository}{spec}", Work(tmp_path / "cache"))
    assert refused.value.exit_code == 3


async def test_a_folder_is_kept_by_its_content_and_without_its_history(tmp_path):
    folder = tmp_path / "mine"
    (folder / ".git").mkdir(parents=True)
    (folder / "run.sh").write_text("x")
    first = await bring(str(folder), Work(tmp_path / "cache"))
    assert [path.name for path in first.folder.iterdir()] == ["run.sh"]
    (folder / "run.sh").chmod(0o755)
    second = await bring(str(folder), Work(tmp_path / "cache"))
    assert second.digest != first.digest
    assert first.folder.is_dir()


def test_what_a_template_is_called(tmp_path):
    assert template_id({}, "https://example.org/My_Template.git", "") == "my_template"
    assert template_id({}, "/x/y", "sub/Deep One") == "deep-one"
    (tmp_path / "template.yaml").write_text("template: {id: own, version: '2'}\n")
    assert template_id(manifest_of(tmp_path), "/x/y", "") == "own"
    (tmp_path / "template.yaml").write_text("template: [")
    with pytest.raises(TreadleError, match="template"):
        manifest_of(tmp_path)
