"""A third-party project that is installed here with its own tests: no index is asked for it."""

from importlib.metadata import files
from pathlib import Path
from typing import Final

from workshop import Project

_UNSUITED: Final = "test_referencing_suite"
"""It asks for a suite that is no part of the distribution."""

REFERENCING: Final = Project(
    name="referencing",
    spec="- A registry must tell the URIs of its resources in order, by a method `uris`",
    feature={
        "src/referencing/_core.py": (
            "    def contents(self, uri: URI) -> D:\n",
            (
                "    def uris(self) -> list[URI]:\n"
                '        """\n        The URIs of all crawled resources, in order.\n        """\n'
                "        return sorted(self._resources)\n\n"
                "    def contents(self, uri: URI) -> D:\n"
            ),
        )
    },
    feature_tests={
        "tests/test_uris.py": (
            "",
            (
                "from referencing import Registry\nfrom referencing.jsonschema import DRAFT202012\n\n\n"
                "def test_uris_are_in_order():\n"
                "    resource = DRAFT202012.create_resource({})\n"
                '    pairs = [("urn:b", resource), ("urn:a", resource)]\n'
                '    assert Registry().with_resources(pairs).uris() == ["urn:a", "urn:b"]\n'
            ),
        )
    },
    # The project's own tests do not see it.
    bug={"src/referencing/_core.py": ('uri = resource.id() or ""', 'uri = ""')},
    issue="resolver_with_root forgets the identifier of its resource, so that relative references are not found",
    reproduction={
        "tests/test_root.py": (
            "",
            (
                "from referencing import Registry\nfrom referencing.jsonschema import DRAFT202012\n\n\n"
                "def test_references_are_relative_to_the_root():\n"
                '    other = DRAFT202012.create_resource({"x": 1})\n'
                '    registry = Registry().with_resource("http://example.com/other", other)\n'
                '    root = DRAFT202012.create_resource({"$id": "http://example.com/root"})\n'
                '    assert registry.resolver_with_root(root).lookup("other").contents == {"x": 1}\n'
            ),
        )
    },
    target="src/referencing/_core.py",
    rewrite={
        "src/referencing/_core.py": (
            '        if id is None:\n            return\n        return id.rstrip("#")\n',
            '        return None if id is None else id.rstrip("#")\n',
        )
    },
    spoilt={"src/referencing/_core.py": ('id.rstrip("#")', 'id.rstrip("/")')},
)


def unpack(root: Path) -> None:
    """Lay it out as its repository is: sources, tests, and a manifest."""
    for found in files("referencing") or ():
        parts = found.parts
        if parts[0] != "referencing" or not str(found).endswith((".py", ".pyi", "py.typed")):
            continue
        if parts[1] == "tests" and (parts[2] == "__init__.py" or parts[2].startswith(_UNSUITED)):
            continue
        target = root.joinpath(*(parts[1:] if parts[1] == "tests" else ("src", *parts)))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(str(found.locate())).read_bytes())
    (root / "README.md").write_text("# referencing\n\nReferences between JSON documents.\n")
    (root / "CHANGELOG.md").write_text("# Changelog\n")
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["src"]\n')
