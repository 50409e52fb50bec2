"""Shapes of templates as people publish them, written anew and small: which files they bring, and how they spell them.

Each is `(tool, {path: text})`. `#!` at the start of a text makes an executable file, `-> target` a link.
"""

from pathlib import Path
from typing import Final

OUT: Final = "{{ cookiecutter.slug }}"

COPIER_PACKAGE = {
    "copier.yml": """\
project_name: {type: str, help: Its name}
package: {type: str, default: "{{ project_name | lower | replace('-', '_') }}"}
author: Ada
python: {type: str, default: "3.11", choices: ["3.11", "3.12", "3.13"]}
_subdirectory: template
""",
    "template/pyproject.toml.jinja": """\
[build-system]
requires = ["pdm-backend"]
build-backend = "pdm.backend"

[project]
name = "{{ project_name }}"
description = "A package"
authors = [{name = "{{ author }}"}]
readme = "README.md"
requires-python = ">={{ python }}"
keywords = ["tool"]
dynamic = ["version"]
classifiers = [
    "Programming Language :: Python",
    "Topic :: Utilities",
]
dependencies = []

[project.urls]
Homepage = "https://example.org/{{ project_name }}"

[tool.pdm.version]
source = "scm"

# Tests
[tool.pytest.ini_options]
testpaths = ["tests"]
""",
    "template/.pre-commit-config.yaml.jinja": """\
repos:
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v4.5.0
    hooks:
      - id: check-yaml
        args: [--unsafe]  # tags
      - id: end-of-file-fixer
""",
    "template/mkdocs.yml.jinja": """\
site_name: {{ project_name }}
theme:
  name: material
  features:
    - navigation.tabs
markdown_extensions:
  - admonition
  - pymdownx.emoji:
      emoji_index: !!python/name:material.extensions.emoji.twemoji
""",
    "template/.gitignore.jinja": """\
# editors
.idea/

# python
__pycache__/
*.py[cod]
dist/
.venv/
""",
    "template/README.md.jinja": """\
# {{ project_name }}

[![ci][badge]][runs]

## Install

```sh
# from source
pip install .
```

[badge]: https://example.org/pdm.svg
[runs]: https://example.org/runs
""",
    "template/src/{{ package }}/__init__.py.jinja": """\
\"\"\"{{ project_name }}.\"\"\"

from {{ package }}.cli import main

__all__ = ["main"]
""",
    "template/src/{{ package }}/cli.py.jinja": """\
def main() -> int:
    return 0
""",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}
COPIER_SCIENTIFIC = {
    "copier.yaml": """\
project_name: thing
backend: {choices: {hatch: hatch, flit: flit}, default: hatch}
""",
    "pyproject.toml.jinja": """\
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"

[project]
name = "{{ project_name }}"
requires-python = ">=3.11"
readme = "README.md"
dynamic = ["version"]
classifiers = ["Topic :: Scientific/Engineering", "Programming Language :: Python"]
dependencies = ["numpy>=1.26"]

[dependency-groups]
test = ["pytest >=8", "pytest-cov >=5"]
dev = [{include-group = "test"}]

[tool.hatch]
version.source = "vcs"

[tool.ruff.lint]
extend-select = [
  "B",   # bugbear
  "I",   # isort
]

[tool.mypy]
strict = true
[[tool.mypy.overrides]]
module = "numpy.*"
ignore_missing_imports = true
""",
    ".pre-commit-config.yaml.jinja": """\
ci:
  autoupdate_schedule: monthly
repos:
- repo: https://github.com/pre-commit/pre-commit-hooks.git
  rev: v5.0.0
  hooks:
  - id: check-added-large-files
  # big ones
  - id: check-yaml
    args: [--unsafe]
""",
    ".github/workflows/ci.yml.jinja": """\
name: CI
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest {% raw %}${{ matrix.args }}{% endraw %}
""",
    "noxfile.py.jinja": """\
#!/usr/bin/env python3
import nox


@nox.session
def tests(session: nox.Session) -> None:
    session.run('pytest')
""",
    "README.md.jinja": """\
# {{ project_name }}

## Use

[ci]: a
""",
    "src/{{ project_name | replace('-', '_') }}/__init__.py": "",
    ".gitignore": """\
__pycache__/
*.so

# built
/dist/
src/*/_version.py
""",
}
COPIER_SERVICE = {
    "copier.yml": """\
project_name: svc
port: 8000
_tasks: ['chmod +x scripts/start.sh', 'rm -f scratch.txt']
""",
    "compose.yml.jinja": """\
# for development
x-env: &env
  LOG: debug

services:
  web:
    build: .
    environment:
      <<: *env
    ports: ["{{ port }}:8000"]
    depends_on: [db]
  db:
    image: postgres:16
volumes:
  pg: {}
""",
    ".env.jinja": """\
# settings
PORT={{ port }}
SECRET_KEY=change-me
""",
    ".dockerignore": """\
.git
.env
""",
    "Dockerfile": """\
FROM python:3.12-slim
COPY . /app
""",
    "scripts/start.sh": """\
#!/bin/sh
exec uvicorn app:app
""",
    "scripts/serve": "-> start.sh",
    "scratch.txt": "left by the author\n",
    "requirements.txt": """\
# run time
fastapi>=0.100
uvicorn[standard]
""",
    ".gitignore": """\
.env.local
*.sqlite3
""",
    "README.md.jinja": """\
# {{ project_name }} service

Run `scripts/start.sh`.
""",
}
COPIER_FRONTEND = {
    "copier.yml": "project_name: web\n",
    "package.json.jinja": """\
{
  "name": "{{ project_name }}",
  "private": true,
  "scripts": {
    "dev": "vite",
    "lint": "eslint ."
  },
  "dependencies": {
    "react": "^18.3.0"
  },
  "devDependencies": {
    "typescript": "^5.4.0",
    "vite": "^5.2.0"
  }
}
""",
    "tsconfig.json": """\
{
  // strict from the start
  "compilerOptions": {
    "strict": true,
    "lib": ["ES2022", "DOM"], /* the browser */
  },
}
""",
    ".vscode/extensions.json": """\
{
	"recommendations": [
		// lint
		"dbaeumer.vscode-eslint"
	]
}
""",
    ".editorconfig": """\
root = true

[*]
indent_style = space

[*.ts]
indent_size = 2
""",
    ".gitignore": """\
node_modules
dist
*.local
""",
    "README.md": """\
Page
====

See `npm run dev`.
""",
    ".devcontainer/devcontainer.json": """\
{
    "image": "mcr.example.org/node:22",
    "postCreateCommand": "npm ci",
    "forwardPorts": [5173]
}
""",
}
COOKIECUTTER_PACKAGE = {
    "cookiecutter.json": """\
{"project_name": "Thing", "slug": "{{ cookiecutter.project_name.lower() }}", "license": ["MIT", "BSD"],
 "use_docs": "y"}""",
    "hooks/post_gen_project.py": """\
import os, shutil
if '{{ cookiecutter.use_docs }}' != 'y':
    shutil.rmtree('docs')
os.remove('AUTHORS.rst')
""",
    f"{OUT}/setup.cfg": """\
[bdist_wheel]
universal = 1

[flake8]
# docs are others'
exclude = docs
max-line-length = 100
""",
    f"{OUT}/tox.ini": """\
[tox]
envlist = py311, py312

[testenv]
deps =
    -r requirements_dev.txt
commands = pytest
""",
    f"{OUT}/requirements_dev.txt": """\
pip==24.0
tox>=4
""",
    f"{OUT}/Makefile": """\
.PHONY: clean
PYTHON ?= python3

# remove what was built
clean:
	rm -rf build dist
""",
    f"{OUT}/docs/index.rst": """\
Thing
=====
""",
    f"{OUT}/AUTHORS.rst": "Ada\n",
    f"{OUT}/.gitignore": """\
# Byte-compiled
__pycache__/

# Distribution
build/
dist/
*.egg-info/
""",
    f"{OUT}/README.md": """\
# {{ cookiecutter.project_name }}

## Features

* TODO
""",
    f"{OUT}/.editorconfig": """\
root = true

[*]
indent_style = space
trim_trailing_whitespace = true

[Makefile]
indent_style = tab
""",
}
COOKIECUTTER_SITE = {
    "cookiecutter.json": """\
{"project_name": "Site", "slug": "{{ cookiecutter.project_name|lower }}", "database": ["postgres", "sqlite"]}""",
    f"{OUT}/compose.yml": """\
services:
    # the site
    django:
        build:
            context: .
        env_file: [.env]
    redis:
        image: redis:7

volumes:
    static: {}
""",
    f"{OUT}/.env": """\
DJANGO_DEBUG=1
# where
DATABASE_URL='postgres://db/{{ cookiecutter.slug }}'
""",
    f"{OUT}/requirements/base.txt": """\
django>=5
redis
""",
    f"{OUT}/requirements.txt": """\
-r requirements/base.txt
uvicorn>=0.30
""",
    f"{OUT}/package.json": """\
{
    "name": "{{ cookiecutter.slug }}",
    "scripts": {"build": "gulp build", "dev": "vite"},
    "devDependencies": {
        "sass": "^1.77.0",
        "typescript": "^5.6.0"
    },
    "browserslist": ["last 2 versions"]
}
""",
    f"{OUT}/pyproject.toml": """\
[tool.ruff]
# generated
extend-exclude = ["*/migrations/*.py"]
line-length = 119

[tool.djlint]
blank_line_after_tag = "load,extends"
""",
    f"{OUT}/manage.py": """\
#!/usr/bin/env python3
print('manage')
""",
    f"{OUT}/.gitignore": """\
*.log
staticfiles/
node_modules/
.env
""",
    f"{OUT}/.dockerignore": """\
.git
node_modules
""",
    f"{OUT}/README.md": """\
# {{ cookiecutter.project_name }}

## Install

Use compose.
""",
}
COOKIECUTTER_DATA = {
    "cookiecutter.json": """\
{"project_name": "study", "slug": "{{ cookiecutter.project_name }}", "_copy_without_render": ["*.ipynb"]}""",
    "hooks/pre_gen_project.py": "assert '{{ cookiecutter.slug }}'\n",
    f"{OUT}/data/raw/.gitkeep": "",
    f"{OUT}/data/README.md": """\
# Data

Never in git.
""",
    f"{OUT}/notebooks/0-look.ipynb": '{"cells": [], "metadata": {"x": "{{ kept }}"}}\n',
    f"{OUT}/Makefile": """\
DATA := data

# fetch it
data:
	python -m study.fetch $(DATA)
""",
    f"{OUT}/requirements.txt": """\
pandas>=2
scikit-learn
# plots
matplotlib<4
""",
    f"{OUT}/.gitignore": """\
# data is large
/data/raw/*
!/data/raw/.gitkeep
.ipynb_checkpoints
""",
    f"{OUT}/.pre-commit-config.yaml": """\
repos:
  - repo: local
    hooks:
      - {id: nb, name: clean notebooks, entry: nbstripout, language: system}
""",
    f"{OUT}/README.md": """\
# {{ cookiecutter.project_name }}

## Layout

| folder | what |
|---|---|
| data | raw |
""",
}
COOKIECUTTER_PIPELINE = {
    "cookiecutter.json": '{"project_name": "pipes", "slug": "x-{{ cookiecutter.project_name }}"}',
    f"{OUT}/.github/workflows/ci.yml": """\
name: ci
on:
  pull_request:
permissions: {contents: read}
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: make lint
""",
    f"{OUT}/.github/dependabot.yml": """\
version: 2
updates:
  # keep actions fresh
  - package-ecosystem: "github-actions"
    directory: "/"
    schedule:
      interval: "weekly"
""",
    f"{OUT}/.github/CODEOWNERS": "* @team\n",
    f"{OUT}/Makefile": """\
.PHONY: lint
lint:
	ruff check
""",
    f"{OUT}/.vscode/settings.json": """\
{
  "editor.formatOnSave": true // always
}
""",
    f"{OUT}/.vscode/extensions.json": '{"recommendations": ["charliermarsh.ruff"]}\n',
    f"{OUT}/.devcontainer/devcontainer.json": """\
{
  // python
  "image": "mcr.example.org/python:3.12",
  "postCreateCommand": "pip install -e .",
  "forwardPorts": [8000]
}
""",
    f"{OUT}/tsconfig.json": '{"compilerOptions": {"strict": true, "noEmit": true, "lib": ["DOM", "WebWorker"]}}\n',
}
SHAPES: Final = {
    "copier-package": ("copier", COPIER_PACKAGE),
    "copier-scientific": ("copier", COPIER_SCIENTIFIC),
    "copier-service": ("copier", COPIER_SERVICE),
    "copier-frontend": ("copier", COPIER_FRONTEND),
    "cookiecutter-package": ("cookiecutter", COOKIECUTTER_PACKAGE),
    "cookiecutter-site": ("cookiecutter", COOKIECUTTER_SITE),
    "cookiecutter-data": ("cookiecutter", COOKIECUTTER_DATA),
    "cookiecutter-pipeline": ("cookiecutter", COOKIECUTTER_PIPELINE),
}


def lay_down(folder: Path) -> dict[str, str]:
    """Write every shape below a folder; what `--from-templates` takes for each, by name."""
    specs = {}
    for name, (tool, files) in SHAPES.items():
        for path, text in files.items():
            _write(folder / name / path, text)
        specs[name] = f"{tool}:{folder / name}"
    return specs


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if text.startswith("-> "):
        path.symlink_to(text.removeprefix("-> "))
        return
    path.write_text(text, "utf-8")
    path.chmod(0o755 if text.startswith("#!") else 0o644)
