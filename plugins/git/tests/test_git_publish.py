"""`git/tag`, `git/push`, `git/restore`, and how they are taken back, with a bare repository as the remote."""

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def remote(tmp_path):
    bare = tmp_path / "remote.git"
    bare.mkdir()
    place = GitRepository(bare)
    place.git("init", "--quiet", "--bare", "--initial-branch=main")
    return place


@pytest.fixture
def clone(tmp_path, remote):
    files = {"a.txt": "a\n", "tests/data/x.json": "{}\n"}
    repository = GitRepository.create(tmp_path / "project", files)
    repository.git("remote", "add", "origin", str(remote.root))
    repository.git("push", "--quiet", "origin", "main")
    return repository


@pytest.fixture
def perform(clone, tmp_path):
    (tmp_path / "scratch").mkdir()

    def run(action: str, **inputs):
        return StandaloneContext(clone.root, tmp_path / "scratch").perform(action, **inputs).outputs

    return run


def test_a_tag_is_made_once_and_taken_back(perform, clone) -> None:
    made = perform("git/tag", name="v1", message="first")
    assert (made["tag"], made["made"]) == ("v1", True)
    assert clone.git("cat-file", "-t", "v1") == "tag"
    again = perform("git/tag", name="v1")
    assert again["made"] is False
    assert perform("git-untag", **again) == {"undone": False}, "somebody else's tag stays"
    assert perform("git-untag", **made) == {"undone": True}
    assert clone.git("tag", "--list") == ""


def test_a_tag_at_another_commit_is_not_moved(perform, clone) -> None:
    perform("git/tag", name="v1")
    clone.commit({"a.txt": "b\n"}, "second")
    with pytest.raises(ActionError, match="stands at") as caught:
        perform("git/tag", name="v1")
    assert caught.value.error_class == "tag-taken"


@pytest.mark.parametrize("name", ["a..b", "-x", "", "a b"])
def test_what_is_no_name_for_a_tag(perform, name) -> None:
    with pytest.raises(ActionError) as caught:
        perform("git/tag", name=name)
    assert caught.value.error_class == "invalid-input"


def test_what_was_pushed_can_be_taken_back(perform, clone, remote) -> None:
    first = clone.git("rev-parse", "HEAD")
    second = clone.commit({"a.txt": "b\n"}, "second")
    perform("git/tag", name="v2", message="second")
    made = perform("git/push", refs=["refs/tags/v2", "HEAD:refs/heads/main"])
    assert remote.git("rev-parse", "main") == second
    assert remote.git("cat-file", "-t", "v2") == "tag"
    assert [one["before"] for one in made["pushed"]] == ["", first]
    again = perform("git/push", refs=["refs/tags/v2"])
    assert again["pushed"] == [], "what was there is nobody's to take back"
    assert perform("git-unpush", **made) == {"undone": ["refs/tags/v2", "refs/heads/main"], "kept": []}
    assert remote.git("rev-parse", "main") == first
    assert remote.git("tag", "--list") == ""
    assert perform("git-unpush", **made) == {"undone": [], "kept": []}


def test_what_somebody_pushed_since_is_kept(perform, clone, remote, tmp_path) -> None:
    clone.commit({"a.txt": "b\n"}, "second")
    made = perform("git/push", refs=["HEAD:refs/heads/main"])
    third = clone.commit({"a.txt": "c\n"}, "third")
    clone.git("push", "--quiet", "origin", "main")
    assert perform("git-unpush", **made) == {"undone": [], "kept": ["refs/heads/main"]}
    assert remote.git("rev-parse", "main") == third


def test_nothing_is_overwritten_and_all_or_none_is_pushed(perform, clone, remote) -> None:
    clone.git("tag", "v3")
    clone.commit({"a.txt": "b\n"}, "second")
    clone.git("push", "--quiet", "origin", "main")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    clone.commit({"a.txt": "other\n"}, "another second")
    with pytest.raises(ActionError, match="does not take it") as caught:
        perform("git/push", refs=["refs/tags/v3", "HEAD:refs/heads/main"])
    assert caught.value.error_class == "refused"
    assert remote.git("tag", "--list") == ""


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ({"refs": ["refs/tags/none"]}, "unknown-revision"),
        ({"refs": ["HEAD:main branch"]}, "invalid-input"),
        ({"refs": ["refs/heads/main"], "remote": "--exec=evil"}, "invalid-input"),
        ({"refs": ["refs/heads/main"], "remote": "nowhere"}, "git"),
    ],
)
def test_what_cannot_be_pushed(perform, inputs, error) -> None:
    with pytest.raises(ActionError) as caught:
        perform("git/push", **inputs)
    assert caught.value.error_class == error


def test_test_data_is_put_back_and_the_rest_stays(perform, clone) -> None:
    clone.write({"tests/data/x.json": "[]\n", "tests/data/new.json": "1\n", "a.txt": "mine\n"})
    assert perform("reset_test_data")["restored"] == ["tests/data/x.json"]
    assert (clone.root / "tests/data/x.json").read_text() == "{}\n"
    assert (clone.root / "a.txt").read_text() == "mine\n"
    assert (clone.root / "tests/data/new.json").exists(), "nobody has it but the user"
    assert perform("git/restore", paths=["a.txt"])["restored"] == ["a.txt"]
    assert perform("git/restore", paths=[])["restored"] == []
