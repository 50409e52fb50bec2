"""Known JSON files: package.json, devcontainer, tasks; and what is refused."""

import json

import pytest
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_json._merge import merge

FRONTEND = """{
  "name": "web",
  "scripts": {
    "dev": "vite",
    "test": "vitest"
  },
  "dependencies": {"react": "^18.2.0"},
  "devDependencies": {
    "typescript": "^5.1.0"
  },
  "files": ["dist"]
}
"""
BACKEND = """{
    "name": "web",
    "scripts": {
        "start": "node server.js",
        "test": "node --test"
    },
    "dependencies": {
        "express": "^4.19.0",
        "typescript": "^5.4.0",
        "react": "^18.3.0"
    },
    "files": ["dist", "server.js"]
}
"""


def merged(path, *texts, **rules):
    named = {key.replace("__", "."): strategy for key, strategy in rules.items()}
    config = MergeConfig(rules=tuple(KeyRule(key, strategy, "--resolve") for key, strategy in named.items()))
    given = [
        Contribution(template, text.encode()) for template, text in zip(("front", "back", "third"), texts, strict=False)
    ]
    return merge(path, given, config)


def test_package_json_of_two_templates():
    result = merged("package.json", FRONTEND, BACKEND, scripts__test="both", dependencies="intersection")
    assert result.open == ()
    assert (
        result.content.decode()
        == """{
  "name": "web",
  "scripts": {
    "dev": "vite",
    "test": "vitest",
    "start": "node server.js",
    "back:test": "node --test"
  },
  "dependencies": {"react": "^18.2.0 ^18.3.0", "typescript": "^5.1.0 ^5.4.0", "express": "^4.19.0"},
  "files": ["dist", "server.js"]
}
"""
    )
    assert [(one.key, one.strategy, one.by) for one in result.chosen] == [
        ("scripts.test", "both", "--resolve"),
        ("dependencies.react", "intersection", "--resolve"),
        ("dependencies.typescript", "intersection", "--resolve"),
    ]
    assert result.notes == (
        "`typescript` is a dependency of back and a development one of front: it stands in `dependencies`",
    )


def test_what_differs_is_open_and_says_what_could_be_done():
    result = merged("package.json", FRONTEND, BACKEND)
    assert [row.key for row in result.open] == ["scripts.test", "dependencies.react", "dependencies.typescript"]
    script, react, _ = result.open
    assert script.values == (("front", "vitest"), ("back", "node --test"))
    assert script.strategies[0] == "both"
    assert react.strategies[:2] == ("intersection", "higher")


@pytest.mark.parametrize(
    ("one", "other", "offers"),
    [
        ("^1.2.0", "^1.4.0", {"intersection": "^1.2.0 ^1.4.0", "higher": "^1.4.0"}),
        ("^2.0.0", "^1.4.0", {"higher": "^2.0.0"}),
        ("1.x", "~1.9.1", {"intersection": "1.x ~1.9.1", "higher": "~1.9.1"}),
        ("^1.0.0 || ^2.0.0", "^2.1.0", {"higher": "^2.1.0"}),
        ("workspace:*", "^1.0.0", {}),
        ("git+ssh://git@example.org/a.git", "^1.0.0", {}),
    ],
)
def test_ranges(one, other, offers):
    texts = [json.dumps({"dependencies": {"left": text}}) for text in (one, other)]
    (row,) = merged("package.json", *texts).open
    assert set(row.strategies) - {"first", "last", "template:front", "template:back"} == set(offers)
    for strategy, wanted in offers.items():
        result = merged("package.json", *texts, dependencies=strategy)
        assert json.loads(result.content)["dependencies"]["left"] == wanted


def test_entry_points_of_a_package_come_from_one_template():
    texts = ['{"main": "a.js", "types": "a.d.ts"}', '{"exports": {".": "./b.js"}, "name": "b"}']
    (row,) = merged("package.json", *texts).open
    assert (row.key, row.kind) == ("exports", "semantic")
    result = merged("package.json", *texts, exports="back")
    assert json.loads(result.content) == {"exports": {".": "./b.js"}, "name": "b"}


def test_a_devcontainer():
    result = merged(
        ".devcontainer/devcontainer.json",
        '{\n  // the image\n  "image": "x", // why\n'
        '  "postCreateCommand": "pip install .",\n  "forwardPorts": [80]\n}\n',
        '{\n\t"postCreateCommand": "npm ci",\n\t"forwardPorts": [80, 90],\n\t// tools\n\t"features": {"node": {}}\n}\n',
    )
    assert result.open == ()
    assert result.content.decode() == (
        '{\n  // the image\n  "image": "x", // why\n  "postCreateCommand": {\n    "front": "pip install .",\n'
        '    "back": "npm ci"\n  },\n  "forwardPorts": [80, 90],\n  // tools\n  "features": {"node": {}}\n}\n'
    )


def test_the_container_itself_comes_from_one_template():
    (row,) = merged("devcontainer.json", '{"image": "x"}', '{"build": {"dockerfile": "Dockerfile"}}').open
    assert (row.key, row.kind) == ("container", "semantic")


def test_items_of_a_list_by_their_identity():
    tasks = ['{"tasks": [{"label": "a", "command": "x"}]}', '{"tasks": [{"label": "a", "group": "g"}, {"label": "b"}]}']
    result = merged(".vscode/tasks.json", *tasks)
    assert json.loads(result.content)["tasks"] == [{"label": "a", "command": "x", "group": "g"}, {"label": "b"}]


def test_a_position_has_a_meaning():
    assert [row.key for row in merged("a.json", '{"range": [0, 1]}', '{"range": [0, 2]}').open] == ["range"]


def test_three_templates():
    result = merged("a.json", '{"a": 1}', '{"b": [1]}', '{"b": [1], "c": {"d": null}}')
    assert json.loads(result.content) == {"a": 1, "b": [1], "c": {"d": None}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1,\n "a": 2}', 'front: line 2, column 2: the key "a" comes twice'),
        ('{"a": }', "front: line 1, column 7: a value is expected"),
        ("[" * 70, "front: line 1, column 65: nested deeper than 64 levels"),
        ('{"a": 1} x', "front: line 1, column 10: something follows the value"),
        ('{"a": "x\ny"}', "front: line 1, column 7: a value is expected"),
        ("", "front: line 1, column 1: a value is expected"),
    ],
)
def test_what_is_no_json_is_left_to_a_person(text, why):
    result = merged("a.json", text, "{}")
    assert result.content is None
    assert [(row.key, row.hint) for row in result.open] == [("", why)]


def test_windows_line_ends_and_the_byte_order_mark_stay():
    first = b'\xef\xbb\xbf{\r\n  "a": 1\r\n}\r\n'
    result = merge("a.json", [Contribution("a", first), Contribution("b", b'{"b": 2}')], MergeConfig())
    assert result.content == b'\xef\xbb\xbf{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'


def test_an_update_follows_the_side_that_changed():
    base, ours, theirs = (
        '{"a": 1, "b": 1, "c": [1], "d": 1}',
        '{"a": 2, "b": 1, "c": [1]}',
        '{"a": 1, "b": 3, "c": [1, 2], "d": 1}',
    )
    config = MergeConfig(strategy="three-way", base=Contribution("base", base.encode()))
    result = merge("a.json", [Contribution("project", ours.encode()), Contribution("new", theirs.encode())], config)
    assert (json.loads(result.content), result.open) == ({"a": 2, "b": 3, "c": [1, 2]}, ())
