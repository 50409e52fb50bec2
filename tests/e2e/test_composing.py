"""Composing as a user types it."""

import json
import signal
import subprocess
import sys

import jsonschema
import pytest
from treadle_testkit import GitRepository

FRONTEND = """\
{
  "$schema": "https://example.org/schema/composition.v1.json",
  "template": {"id": "frontend-react", "version": "1.0.0", "description": "React frontend application template"},
  "composition": {
    "dependencies": [{"templateId": "shared-config", "version": ">=1.0.0", "purpose": "Shared configuration"}],
    "provides": [{"name": "frontend-url", "type": "variable", "description": "Frontend application URL"}],
    "conflicts": [{"type": "file", "pattern": "package.json", "strategy": "merge",
                   "mergeConfig": {"dependencies": "combine", "scripts": "combine"}}],
    "variables": {"shared": ["DATABASE_URL", "REDIS_URL"], "mappings": {"frontend-port": "{{BACKEND_PORT}} + 1"}}
  }
}
"""
HOOKS = """\
{"hooks": {
  "preComposition": [
    {"name": "validate-environment", "script": "scripts/check.py", "condition": "python3 --version >= 3"}],
  "postSetup": [
    {"name": "generate-readme", "template": "templates/README.md.hbs", "output": "README.md",
     "variables": {"projectName": "{{PROJECT_NAME}}", "templates": "{{COMPOSED_TEMPLATES}}"}},
    {"name": "install-dependencies", "command": "touch installed", "cwd": "{{PROJECT_ROOT}}", "creates": ["installed"]}
  ]
}}
"""


def seed_template(user):
    """The manifests of another tool, as they stand in its documentation."""
    user.write("frontend/composition.v1.json", FRONTEND)
    user.write("frontend/hooks.v1.json", HOOKS)
    user.write("frontend/scripts/check.py", "import os\nassert os.environ['PROJECT_NAME'] == 'my-app'\n")
    user.write("frontend/templates/README.md.hbs", "# {{projectName}}\n{{#each templates}}\n- {{this}}\n{{/each}}\n")
    user.write("frontend/src/port.txt.hbs", "{{frontend-port}} {{DATABASE_URL}}\n")
    user.write("shared-config/template.yaml", "template: {id: shared-config, version: 1.4.0}\n")
    user.write("shared-config/files/.editorconfig", "root = true\n")


COMPOSE = ("compose", "--from-templates", "frontend", "--project-name", "my-app")
VARIABLES = ("--variables", "BACKEND_PORT=3000", "--variables", "DATABASE_URL=postgres://localhost:5432/myapp")


def test_manifests_of_another_tool_work_as_they_are_written(user):
    seed_template(user)
    refused = user.treadle(*COMPOSE, *VARIABLES, status=4)
    assert "--trust sandboxed" in refused.err
    assert not (user.project / "my-app").exists()
    user.treadle(*COMPOSE, *VARIABLES, "--trust", "sandboxed")
    project = user.project / "my-app"
    assert user.lines("my-app/README.md") == ["# my-app", "- shared-config", "- frontend-react"]
    assert user.lines("my-app/src/port.txt") == ["3001 postgres://localhost:5432/myapp"]
    assert (project / ".editorconfig").is_file()
    assert (project / "installed").is_file()
    assert not (project / "scripts").exists()
    user.treadle("rollback", user.newest(), "--yes")
    assert not project.exists()


def test_hooks_are_shown_and_trusted_by_their_content(user):
    seed_template(user)
    listed = user.treadle("hooks", "list", "--template", "./frontend", "--json").json["hooks"]
    assert [(it["kind"], it["name"], it["in"], it["trust"]) for it in listed] == [
        ("preComposition", "validate-environment", "staging", None),
        ("postSetup", "generate-readme", "staging", "not needed"),
        ("postSetup", "install-dependencies", "project", None),
    ]
    user.treadle("trust", "--template", "./frontend")
    user.treadle(*COMPOSE, *VARIABLES)
    user.write("frontend/scripts/check.py", "import os  # changed\n")
    user.treadle("rollback", user.newest(), "--yes")
    user.treadle(*COMPOSE, *VARIABLES, status=4)


def test_a_hook_that_fails_takes_the_project_away_again(user):
    seed_template(user)
    user.write("frontend/hooks.v1.json", HOOKS.replace("touch installed", "ls no-such-file"))
    failed = user.treadle(*COMPOSE, *VARIABLES, "--trust", "sandboxed", status=1)
    assert "no-such-file" in failed.err
    assert not (user.project / "my-app").exists()
    assert user.status()["rollback"] == "done"


def test_conflicts_are_a_table_with_the_flag_that_decides(user):
    user.write("one/template.yaml", "template: {id: one}\n")
    user.write("one/files/LICENSE", "MIT\n")
    user.write("two/template.yaml", "template: {id: two}\n")
    user.write("two/files/LICENSE", "Apache\n")
    words = ("compose", "-t", "one,two", "--into", "made")
    stopped = user.treadle(*words, status=5)
    assert "open  content  LICENSE  one, two  legal text is a decision" in stopped.out
    assert "decide: --resolve LICENSE=first" in stopped.out
    told = user.treadle(*words, "--json", status=5).json
    schema = user.treadle("schema", "composition-result").json
    jsonschema.validate(told, schema)
    assert [row["flag"] for row in told["conflicts"]] == ["--resolve LICENSE=first"]
    user.treadle(*words, "--resolve", "LICENSE=last")
    assert user.lines("made/LICENSE") == ["Apache"]


def test_a_plan_is_kept_and_applied_later_unless_something_has_moved(user):
    user.write("one/template.yaml", "template: {id: one}\n")
    user.write("one/files/a.txt", "a\n")
    user.write("made/mine.txt", "mine\n")
    user.treadle("compose", "-t", "./one", "--into", "made", "--plan-out", "plan.zip")
    assert user.lines("made/a.txt") == []
    user.write("one/files/a.txt", "changed since\n")
    user.treadle("apply", "plan.zip")
    assert user.lines("made/a.txt") == ["a"]
    user.treadle("rollback", user.newest(), "--yes")
    user.write("made/a.txt", "mine\n")
    assert "not as it was" in user.treadle("apply", "plan.zip", status=5).err
    assert user.lines("made/a.txt") == ["mine"]


def test_mistakes_in_a_manifest_have_their_place(user):
    user.write("bad/template.yaml", "template: {id: bad}\ncomposition:\n  dependancies: []\nvariables:\n  - {nam: x}\n")
    ran = user.treadle("template", "validate", "bad", status=2)
    lines = ran.out.splitlines()
    assert any(
        "template.yaml:3:3: there is no key `composition.dependancies`; did you mean `dependencies`?" in it
        for it in lines
    )
    assert any("template.yaml:5:6" in it for it in lines)
    problems = user.treadle("template", "validate", "bad", "--json", status=2).json["problems"]
    assert {it["line"] for it in problems} == {3, 5}


def test_a_new_template_is_sound_and_passes_its_test(user):
    user.treadle("template", "new", "greeting")
    user.treadle("template", "validate", "greeting")
    assert user.treadle("template", "test", "greeting").out == "passed  greeting\n"
    shown = user.treadle("template", "show", "./greeting", "--json").json
    assert [it["name"] for it in shown["variables"]] == ["GREETING"]
    user.write("greeting/tests/other.yaml", "expect: {contains: {README.md: nothing of the kind}}\n")
    assert "does not contain" in user.treadle("template", "test", "greeting", status=1).out


def test_help_comes_in_three_depths(user):
    texts = [user.treadle("help", "compose", "--level", level).out for level in ("basic", "intermediate", "advanced")]
    assert len(set(texts)) == 3
    assert user.treadle("help", "compose").out == texts[0]
    assert "--plan-out" in texts[1]
    assert "onConflict" in texts[2]
    user.treadle("help", "run", "--level", "basic", status=2)


def test_help_of_compose_opens_no_facade_and_no_library(user):
    probe = (
        "import sys; from treadle.cli import main; main(['compose', '--help']); print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", probe], env=user.environ, capture_output=True, text=True, check=True)
    heavy = {"treadle.api", "asyncio", "pydantic", "jinja2", "sqlite3", "resolvelib", "treadle_hookspecs._composition"}
    assert "--from-templates" in ran.stdout
    assert not heavy & set(ran.stderr.split())


def test_what_the_settings_switch_off_has_no_help(user):
    user.state.mkdir()
    (user.state / "config.toml").write_text('[plugins]\ndisable = ["compose"]\n')
    assert "compose" in user.treadle("compose", "--help", status=2).err


def test_published_schemas_accept_what_works_and_refuse_what_does_not(user):
    schema = user.treadle("schema", "composition").json
    jsonschema.validate(json.loads(FRONTEND), schema)
    jsonschema.validate(json.loads(HOOKS), user.treadle("schema", "hooks").json)
    with pytest.raises(jsonschema.ValidationError, match="hook"):
        jsonschema.validate({"template": {"id": "x"}, "hook": {}}, schema)


def test_templates_that_need_each_other_are_told_as_a_circle(user):
    for name, other in (("one", "two"), ("two", "one")):
        user.write(
            f"{name}/template.yaml",
            f"template: {{id: {name}}}\ncomposition:\n  dependencies: [{{templateId: {other}, version: '>=0'}}]\n",
        )
    ran = user.treadle("compose", "-t", "one", "--into", "made", status=2)
    assert "one -> two -> one" in ran.err


def test_versions_that_cannot_both_hold_are_told_with_who_asked(user):
    for name, version in (("one", ">=2"), ("two", "<2")):
        user.write(
            f"{name}/template.yaml",
            f"template: {{id: {name}}}\ncomposition:\n  dependencies: [{{templateId: base, version: '{version}'}}]\n",
        )
    user.write("base/template.yaml", "template: {id: base, version: 2.1.0}\n")
    ran = user.treadle("compose", "-t", "one,two", "--into", "made", status=2)
    assert "two 0 needs base <2" in ran.err
    assert "there is base: 2.1.0" in ran.err


def test_a_dependency_that_is_nowhere_is_told_with_who_needs_it(user):
    user.write(
        "one/template.yaml",
        "template: {id: one}\ncomposition:\n  dependencies: [{templateId: gone, purpose: keeps the data}]\n",
    )
    ran = user.treadle("compose", "-t", "one", "--into", "made", status=3)
    assert "one needs gone (keeps the data), and there is none" in ran.err
    user.treadle("compose", "-t", "one", "--into", "made", "--optional", "gone")


def test_ctrl_c_brings_it_to_rest_and_resume_goes_on(user):
    user.pipe("started")
    user.pipe("go")
    user.write(
        "one/template.yaml",
        "template: {id: one}\nhooks: {postSetup: [{name: slow, script: slow.sh, in: project, creates: [slow]}]}\n",
    )
    user.write("one/slow.sh", f"echo on > {user.project}/started\nread line < {user.project}/go\ntouch slow\n")
    user.write("one/files/a.txt", "a\n")
    child = user.start("compose", "-t", "one", "--into", "made", "--trust", "full")
    user.hear(child, "started")
    child.send_signal(signal.SIGINT)
    ended = user.ended(child, 130)
    assert "treadle resume" in ended.err
    assert user.lines("made/a.txt") == ["a"]
    assert user.survivors() == []
    user.tell("go")
    resumed = user.start("resume", user.newest(), "--interrupted", "retry")
    user.hear(resumed, "started")
    user.ended(resumed, 0)
    assert (user.project / "made" / "slow").exists()
    user.treadle("rollback", user.newest(), "--yes")
    assert not (user.project / "made").exists()


def test_options_of_plugins_commands_are_taken_without_pydantic(user):
    probe = "import sys; from treadle.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    words = ("compose", "-t", "./gone", "--into", "made", "--sandbox", "auto", "--diff", "--variables", "A=1")
    ran = subprocess.run(
        [sys.executable, "-c", probe, *words], cwd=user.project, env=user.environ, capture_output=True, text=True
    )
    assert "there is no folder" in ran.stderr
    assert "pydantic" not in ran.stderr.split()
    wrong = user.treadle("compose", "-t", "./gone", "--into", "made", "--sandbox", "open", status=2)
    assert "'open' is not one of 'auto', 'strict', 'limits', 'off'" in wrong.err


def test_merge_means_what_merging_is_for_that_file(user):
    """Manifests of other tools know this one word; for documents it is a section for each."""
    for name in ("one", "two"):
        rule = "composition: {conflicts: [{type: file, pattern: README.md, strategy: merge}]}"
        user.write(f"{name}/template.yaml", f"template: {{id: {name}}}\n{rule}\n")
        user.write(f"{name}/files/README.md", f"# {name}\n\nText of {name}.\n")
    user.treadle("compose", "-t", "one,two", "--into", "made")
    assert user.lines("made/README.md") == ["# one", "", "Text of one.", "", "## two", "", "Text of two."]


def test_a_case_that_is_none_has_its_place(user):
    user.treadle("template", "new", "greeting")
    user.write("greeting/tests/bad.yaml", "variables: {}\nexpect:\n  fils: [README.md]\n")
    wrong = user.treadle("template", "test", "greeting", status=2)
    assert "bad.yaml:3:3: there is no key `expect.fils`; did you mean `files`?" in wrong.err
    user.write("greeting/tests/bad.yaml", "expect: {files: README.md}\n")
    wrong = user.treadle("template", "test", "greeting", status=2)
    assert "bad.yaml:1:10: `expect.files` is a list" in wrong.err


def test_offline_composes_what_was_fetched_once_and_says_what_was_not(user):
    """Native and foreign templates from git, when the repositories are out of reach."""
    upstream = user.home / "upstream"
    files = {
        "native": {"template.yaml": "template: {id: native}\n", "files/a.txt": "a\n"},
        "foreign": {"copier.yml": "name: x\n", "b.txt.jinja": "{{ name }}\n"},
    }
    for name, content in files.items():
        GitRepository.create(upstream / name, content).git("tag", "v1.0.0")
    specs = f"git+file://{upstream}/native,copier:git+file://{upstream}/foreign"
    words = ("compose", "--defaults", "--trust", "none", "--project-name", "shop", "-t")
    user.treadle(*words, specs, "--into", "one")
    upstream.rename(user.home / "gone")
    refused = user.treadle(*words, specs, "--into", "two", status=3)
    assert f"{upstream}/native cannot be brought up to date" in refused.err
    assert "--offline composes with what was fetched before" in refused.err
    user.treadle(*words, specs, "--into", "two", "--offline")
    assert (user.lines("two/a.txt"), user.lines("two/b.txt")) == (["a"], ["x"])
    lacking = user.treadle(*words, f"{specs},git+file://{upstream}/never", "--into", "three", "--offline", status=3)
    assert f"{upstream}/never is not in the cache" in lacking.err


def test_a_plugin_is_begun_with_what_is_asked_for(user):
    user.treadle("plugin", "new", "weather", "--variables", "UNDO=false")
    made = {path.relative_to(user.project / "treadle-weather").as_posix() for path in user.project.rglob("*.py")}
    assert {"src/treadle_weather/plugin.py", "src/treadle_weather/_command.py", "tests/test_command.py"} <= made
    assert not {"src/treadle_weather/_report.py", "tests/test_report.py"} & made
    refused = user.treadle("plugin", "new", "Weather Map", status=2)
    assert "--project-name my-app" in refused.err
