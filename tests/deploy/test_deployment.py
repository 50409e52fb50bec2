"""What lies in `deploy/` is valid by its schemas, and names only what exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from treadle.settings import COUNTERPARTS, VARIABLES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = "1.33"
INSIDE = {"TREADLE_KEY", "TREADLE_DB_PASSWORD", "PGPASSWORD"}


def manifests():
    return [
        pytest.param(document, id=f"{path.name}:{document['kind']}/{document['metadata']['name']}")
        for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text("utf-8"))
    ]


def documents(kind):
    return [one.values[0] for one in manifests() if one.values[0]["kind"] == kind]


def containers(document):
    return document["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize("document", manifests())
def test_a_manifest_is_valid(document):
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_a_manifest_that_is_not_valid_is_told():
    (broken, *_) = documents("StatefulSet")
    broken["spec"]["replicas"] = "three"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


@pytest.mark.parametrize("change", ["", "services: 1"])
def test_the_compose_file_is_valid(tmp_path, change):
    path = tmp_path / "compose.yaml"
    path.write_text(change or (DEPLOY / "compose.yaml").read_text("utf-8"), "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) == (not change), ran.stdout


def test_there_are_workers_a_database_and_an_address_of_temporal():
    sets = {one["metadata"]["name"]: one for one in documents("StatefulSet")}
    assert sets["treadle-worker"]["spec"]["replicas"] > 1
    assert containers(sets["treadle-worker"])[0]["args"] == ["worker"]
    assert set(sets) == {"treadle-worker", "treadle-postgres"}
    (told,) = documents("ConfigMap")
    assert told["data"]["TREADLE_TEMPORAL_ADDRESS"].endswith(":7233")
    assert told["data"]["TREADLE_STORE"].startswith("postgresql://treadle@treadle-postgres:")


@pytest.mark.parametrize("document", documents("StatefulSet"), ids=lambda one: one["metadata"]["name"])
def test_what_a_manifest_refers_to_is_there(document):
    known = {
        kind: {one["metadata"]["name"]: one for one in documents(kind)} for kind in ("Secret", "ConfigMap", "Service")
    }
    spec = document["spec"]
    assert spec["serviceName"] in known["Service"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    volumes = {one["metadata"]["name"] for one in spec["volumeClaimTemplates"]}
    volumes |= {one["name"] for one in spec["template"]["spec"].get("volumes", [])}
    for container in containers(document):
        assert {one["name"] for one in container["volumeMounts"]} <= volumes
        assert {one["configMapRef"]["name"] for one in container.get("envFrom", [])} <= set(known["ConfigMap"])
        for variable in container["env"]:
            if key := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert key["key"] in known["Secret"][key["name"]]["stringData"]


def test_nothing_runs_as_root():
    for document in documents("StatefulSet"):
        context = document["spec"]["template"]["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
    users = re.findall(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    (worker,) = (one for one in documents("StatefulSet") if one["metadata"]["name"] == "treadle-worker")
    context = worker["spec"]["template"]["spec"]["securityContext"]
    assert users == [(str(context["runAsUser"]), str(context["runAsGroup"]))]


def test_every_variable_is_one_of_ours():
    texts = [path.read_text("utf-8") for path in (DEPLOY / "compose.yaml", *(DEPLOY / "kubernetes").glob("*.yaml"))]
    named = set(re.findall(r"\b(?:TREADLE|PG)_?[A-Z_]+\b", "".join(texts)))
    assert named
    assert named - set(VARIABLES) - set(COUNTERPARTS) <= INSIDE


def instructions():
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    return [line.split(None, 1) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def test_the_image_is_slim_and_made_of_what_the_lock_names(tmp_path):
    words = instructions()
    assert [text.split()[0] for word, text in words if word == "FROM"] == ["python:${PYTHON}-slim"] * 2
    for word, text in words:
        if word == "COPY" and not text.startswith("--from"):
            assert all((ROOT / name).exists() for name in text.split()[:-1]), text
    runs = [text for word, text in words if word == "RUN"]
    (installs,) = (text for text in runs if "--compile-bytecode" in text)
    folders = [ROOT / name for name in shlex.split(installs) if name.startswith("./")]
    assert len(folders) > 10
    assert [folder for folder in folders if not (folder / "pyproject.toml").is_file()] == []
    assert "--constraints requirements.lock" in " ".join(installs.split())


def test_the_image_takes_uv_with_its_hash(tmp_path):
    (first,) = (text for word, text in instructions() if word == "RUN" and "uv.txt" in text)
    (tmp_path / "requirements.lock").write_text((ROOT / "requirements.lock").read_text("utf-8"), "utf-8")
    subprocess.run(["sh", "-c", first.split("&&")[0]], cwd=tmp_path, check=True)
    lines = (tmp_path / "uv.txt").read_text("utf-8")
    assert re.findall(r"^([a-z-]+)==", lines, re.MULTILINE) == ["uv", "uv-build"]
    assert "--hash=sha256:" in lines
