"""What a foreign template says of itself for compositions, and what it is called."""

import re
from pathlib import Path
from typing import Any

import yaml
from treadle_hookspecs import TreadleError


def manifest_of(folder: Path) -> dict[str, Any]:
    """A `template.yaml` beside the foreign tool's own file, as data; {} when there is none."""
    path = folder / "template.yaml"
    if not path.is_file():
        return {}
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TreadleError(f"{path}: {error}", context={"file": str(path)}) from None
    return data if isinstance(data, dict) and isinstance(data.get("template"), dict) else {}


def template_id(manifest: dict[str, Any], address: str, folder: str) -> str:
    """The manifest's id, or the last name of the place, as an id is spelt."""
    told = manifest.get("template", {}).get("id")
    name = str(told or Path(folder or address).name).lower().removesuffix(".git")
    return re.sub(r"[^a-z0-9._-]+", "-", name).strip("-._") or "template"
