"""What `--from-templates` takes."""

from pathlib import Path

import pytest
from treadle_compose._resolve import satisfies
from treadle_compose._specs import Spec, parse_spec, split_specs
from treadle_hookspecs import TreadleError

SCHEMES = ("copier", "ready")


def parsed(text: str, here: Path) -> tuple[str, str, str, str, str]:
    spec = parse_spec(text, SCHEMES, here)
    assert isinstance(spec, Spec)
    return spec.kind, spec.place, spec.version, spec.folder, spec.scheme


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web", ("name", "web", "", "", "")),
        ("web@>=1.2,<2", ("name", "web", ">=1.2,<2", "", "")),
        ("web@1.2", ("name", "web", "==1.2", "", "")),
        ("copier:gh:a/b", ("source", "gh:a/b", "", "", "copier")),
        ("git+https://h.example/a/b.git@v1#sub/dir", ("git", "https://h.example/a/b.git", "v1", "sub/dir", "")),
        ("https://h.example/a/b.git", ("git", "https://h.example/a/b.git", "", "", "")),
        ("https://h.example/a/b", ("git", "https://h.example/a/b", "", "", "")),
        ("git@h.example:a/b.git", ("git", "git@h.example:a/b.git", "", "", "")),
        ("ssh://git@h.example/a/b.git@main", ("git", "ssh://git@h.example/a/b.git", "main", "", "")),
    ],
)
def test_names_sources_and_repositories(text: str, meant: tuple[str, ...], tmp_path: Path) -> None:
    assert parsed(text, tmp_path) == meant


def test_folders_are_paths_or_stand_here_with_a_manifest(tmp_path: Path) -> None:
    for name in ("web", "templates/api", "plain"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "web" / "template.yaml").write_text("")
    (tmp_path / "templates" / "api" / "composition.v1.json").write_text("")
    assert parsed("web", tmp_path)[:2] == ("folder", str(tmp_path / "web"))
    assert parsed("api@>=1", tmp_path)[:3] == ("folder", str(tmp_path / "templates" / "api"), ">=1")
    assert parsed("plain", tmp_path)[0] == "name"
    assert parsed("./plain", tmp_path)[:2] == ("folder", str(tmp_path / "plain"))
    assert parsed("templates/api", tmp_path)[0] == "folder"


@pytest.mark.parametrize("text", ["a b", "no/such/folder", "unknown:thing", ""])
def test_what_is_none_of_them_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(TreadleError, match="is no template"):
        parse_spec(text, SCHEMES, tmp_path)


def test_commas_separate_templates_and_belong_to_constraints() -> None:
    assert split_specs(["a,b@>=1,<2, c", "d"]) == ("a", "b@>=1,<2", "c", "d")


@pytest.mark.parametrize(
    ("version", "constraint", "fits"),
    [
        ("1.2.0", "", True),
        ("1.2.0", ">=1.0.0", True),
        ("1.2.0", ">=1 <1.2", False),
        ("1.2.0", "^1.1", True),
        ("2.0.0", "^1.1", False),
        ("0.3.0", "^0.2.1", False),
        ("0.2.9", "^0.2.1", True),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.2.9", "~=1.2.3", True),
        ("1.2.0", "1.2", True),
        ("1.2.0", "*", True),
        ("main", ">=1", False),
    ],
)
def test_ranges(version: str, constraint: str, fits: bool) -> None:
    assert satisfies(version, constraint) is fits


def test_what_is_no_range_is_told() -> None:
    with pytest.raises(TreadleError, match="is no version range"):
        satisfies("1", "newest")
