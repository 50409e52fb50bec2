"""Ignore files, variables, requirements and Makefiles of several templates."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_lines import _env, _ignore, _ini, _makefile, _requirements


def merged(module, *texts, path=".gitignore", keep=(), **rules):
    config = MergeConfig(rules=tuple(KeyRule(key, name, "--resolve") for key, name in rules.items()), keep=keep)
    return module.merge(
        path, [Contribution(name, text.encode()) for name, text in zip("abc", texts, strict=False)], config
    )


def test_blocks_of_ignored_names():
    result = merged(_ignore, "# python\n*.pyc\ndist/\n", "# node\nnode_modules/\n\n# built\ndist/\n", "*.pyc\n")
    assert result.content.decode() == (
        "# python\n*.pyc\ndist/\n\n# From the template b\n# node\nnode_modules/\n\n# built\n"
    )


def test_a_line_behind_an_exception_is_not_in_force():
    assert merged(_ignore, "*.log\n!keep.log\n", "*.log\n").content.decode() == (
        "*.log\n!keep.log\n\n# From the template b\n*.log\n"
    )


def test_ignored_names_since_the_base():
    base, ours, theirs = "# all\na\nb\nc\n", "# all\na\nmine\nc\n", "# all\na\nb\nnew\n"
    config = MergeConfig("three-way", base=Contribution("base", base.encode()))
    sides = [Contribution("ours", ours.encode()), Contribution("theirs", theirs.encode())]
    assert _ignore.merge(".gitignore", sides, config).content.decode() == "# all\na\nmine\nnew\n"


@given(*[st.lists(st.sampled_from(["a", "*.log", "!keep", "# c", "", "dist/"]), max_size=5) for _ in range(2)])
def test_ignore_files_keep_to_the_rules_of_merging(one, other):
    first, second = ("".join(f"{line}\n" for line in lines) for lines in (one, other))
    assert merged(_ignore, first, first).content.decode() == first
    result = merged(_ignore, first, second).content.decode()
    assert result.startswith(first)
    assert {line for line in other if line} <= set(result.splitlines())
    assert merged(_ignore, result, second).content.decode() == result


PATHS = st.sampled_from(["lib/a.txt", "lib/sub/b.txt", "dist/x", "we[ird]/f*", "keep.log", "lib/sub/c.log"])
PATTERNS = st.sampled_from(["lib/", "*.log", "dist", "/lib/sub", "lib/*", "**/sub/", "we*/", "!dist"])


@given(
    st.lists(PATTERNS, max_size=4), st.lists(PATTERNS, max_size=3), st.lists(PATHS, unique=True, min_size=1, max_size=3)
)
def test_what_is_kept_is_visible_to_git(tmp_path_factory, one, other, keep):
    texts = ["".join(f"{line}\n" for line in lines) for lines in (one, other)]
    content = merged(_ignore, *texts, keep=tuple(keep)).content
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_bytes(content)
    for path in keep:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=folder,
        input="\n".join(keep).encode(),
        check=False,
        capture_output=True,
    )
    assert asked.stdout == b""


def test_only_what_is_kept_becomes_visible():
    result = merged(_ignore, "build/\n", "x\n", keep=("build/tool.sh",))
    assert result.content.decode().endswith(
        "x\n# Shipped by a template, and to be seen\n!/build/\n/build/*\n!/build/tool.sh\n"
    )
    assert result.notes == ("`/build/tool.sh` is shipped and stays visible in .gitignore",)
    nested = merged(_ignore, "*.log\n", "x\n", path="app/.gitignore", keep=("app/a.log", "b.log"))
    assert nested.content.decode().endswith("!/a.log\n")


def test_variables_and_secrets():
    result = merged(
        _env, "# app\nPORT=1\nAPI_TOKEN=one\n", "PORT=2 # web\nAPI_TOKEN=two\n# theirs\nexport NEW='a b'\n", path=".env"
    )
    assert [(row.key, dict(row.values)) for row in result.open] == [
        ("PORT", {"a": "1", "b": "2"}),
        ("API_TOKEN", {"a": "(not shown)", "b": "(not shown)"}),
    ]
    decided = merged(_env, "PORT=1\nA=1\n", "PORT=2\nB='x y'\n", path=".env", PORT="last")
    assert decided.content.decode() == "PORT=2\nA=1\nB='x y'\n"
    assert merged(_env, 'A="x"\n', "A=x\n", path=".env").content == b'A="x"\n'
    assert merged(_env, "A=1\n", "B=2\n", path=".env", A="value:a b").open == ()


@pytest.mark.parametrize(
    ("module", "text", "why"),
    [
        (_env, "A=1\nA=2\n", "a: line 2: `A` comes twice"),
        (_env, "what is this\n", "a: line 1: `NAME=value` is expected"),
        (_ini, "[a]\n[a]\n", "a: line 2: the section [a] comes twice"),
        (_ini, "[a]\nk = 1\nk = 2\n", "a: line 3: `k` comes twice"),
        (
            _makefile,
            "ifdef X\nendif\n",
            "a: line 1: what depends on `ifdef` cannot be told apart; `rename` keeps both files",
        ),
        (_makefile, "a:\n\tx\na:\n\ty\n", "a: line 3: `a` comes twice; `rename` keeps both files"),
    ],
)
def test_what_is_left_to_a_person(module, text, why):
    result = merged(module, text, "")
    assert (result.content, [(row.key, row.hint) for row in result.open]) == (None, [("", why)])


def test_requirements():
    one = "# base\n-r other.txt\nhttpx>=0.27  # client\nrich\n"
    other = "HTTPX<1\n-e .\npydantic>=2\n"
    result = merged(_requirements, one, other, path="requirements.txt")
    assert result.content.decode() == ("# base\n-r other.txt\nhttpx>=0.27,<1  # client\nrich\n-e .\npydantic>=2\n")
    hashed = merged(_requirements, "a==1 --hash=sha256:x\n", "a==1 \\\n    --hash=sha256:y\n", path="requirements.txt")
    assert [row.key for row in hashed.open] == ["a"]
    assert [row.key for row in merged(_requirements, "a>2\n", "a<1\n", path="requirements.txt").open] == ["a"]


def test_sections():
    one = "root = true\n\n[*]\nindent_size = 4\n"
    result = merged(_ini, one, "[*]\nindent_size = 2\n[*.md]\n; lists\ntrim = false\n", path=".editorconfig")
    assert [row.key for row in result.open] == ['"*".indent_size']
    assert result.content.decode() == one + "\n[*.md]\n; lists\ntrim = false\n"


def test_makefiles_that_do_not_meet():
    one = ".PHONY: test\nPYTHON ?= python3\n\n# run them\ntest:\n\t$(PYTHON) -m pytest\n"
    other = ".PHONY: web\nPYTHON ?= python3\n# the page\nweb: node_modules \\\n  src\n\tnpm run dev\n"
    assert merged(_makefile, one, other, path="Makefile").content.decode() == (
        one + ".PHONY: web\n# the page\nweb: node_modules \\\n  src\n\tnpm run dev\n"
    )
    (row,) = merged(_makefile, one, "test:\n\tnpm test\n", path="Makefile").open
    assert (row.key, row.hint) == ("test", "one name, two meanings; `rename` for the file keeps both")
