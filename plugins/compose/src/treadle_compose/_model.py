"""Manifests as they are written: `template.yaml`, `composition.v1.json`, and the hooks beside them.

One model reads both spellings. Its JSON Schemas are what `treadle schema composition` and `treadle schema hooks` print.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$")]
Scalar = str | int | float | bool
Text = Annotated[str, Field(max_length=100_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, use_attribute_docstrings=True)


class Template(_Strict):
    """What the template is."""

    id: Name
    """Unique in a composition."""
    version: Annotated[str, Field(max_length=64)] = "0"
    """PEP 440, e.g. `1.2.0`."""
    title: Text = ""
    """A line for lists."""
    description: Text = ""
    """What one gets."""


class Variable(_Strict):
    """A variable that the template asks for."""

    name: VariableName
    """As the files use it."""
    type: Literal["str", "int", "float", "bool", "json", "path-part"] = "str"
    """`path-part` is a text that can stand as one name in a path."""
    default: Any = None
    """Without one it must be given. A text may hold expressions: `{{ PROJECT_NAME | lower }}`."""
    help: Text = ""
    """What it is for."""
    choices: list[Scalar] = []
    """The only values that are allowed."""
    secret: bool = False
    """Never shown, stored or logged."""
    pattern: Text = ""
    """A regular expression that the whole text matches."""
    multiline: bool = False
    """Line ends are allowed."""
    required: bool = True
    """An empty value is refused."""


class Dependency(_Strict):
    """Another template that this one needs."""

    template_id: Name = Field(alias="templateId")
    """Its id."""
    version: Text = ""
    """A constraint, e.g. `>=1.0.0` or `>=1,<3`."""
    purpose: Text = ""
    """What it is needed for."""
    source: Text = ""
    """Where it comes from when nobody else says: a folder, a git URL, `scheme:rest`."""
    optional: bool = False
    """The composition goes on without it when it cannot be had or fails."""


class Provide(_Strict):
    """What the template offers to others."""

    name: VariableName
    """Others name it in `shared` or in `mappings`."""
    type: Literal["variable", "service", "file"] = "variable"
    """Only variables have a value."""
    value: Any = None
    """May hold expressions over the template's own variables."""
    description: Text = ""
    """What it is."""


class ConflictRule(_Strict):
    """What is to happen where another template wants the same."""

    type: Literal["file", "variable", "hook"] = "file"
    """What of."""
    pattern: Text
    """A glob for the path, or a name."""
    strategy: Text
    """e.g. `merge`, `first`, `last`, `rename`."""
    merge_config: dict[str, Any] = Field(default={}, alias="mergeConfig")
    """A strategy for each key path; a value that is no text is handed to the resolver as it is."""


class Variables(_Strict):
    """What is shared with other templates."""

    shared: list[VariableName] = []
    """Variables that mean the same in every template that lists them."""
    mappings: dict[VariableName, Any] = {}
    """Variables computed from others: `"{{BACKEND_PORT}} + 1"`."""


class Composition(_Strict):
    """How the template goes together with others."""

    dependencies: list[Dependency] = []
    """Templates that it needs."""
    provides: list[Provide] = []
    """What it offers."""
    conflicts: list[ConflictRule] = []
    """What is to happen where another template wants the same."""
    variables: Variables = Variables()
    """What is shared."""


class Permissions(_Strict):
    """What a hook needs; shown before it is trusted, and all that the sandbox gives it."""

    read: list[Text] = []
    """Folders outside the project."""
    network: bool = False
    """It opens connections."""
    env: list[Text] = []
    """Variables of the user's environment."""


class Hook(_Strict):
    """One piece of work: a script, a command or a template, of which it has exactly one."""

    name: Name
    """Unique among the hooks of its kind."""
    script: Text = ""
    """A file of the template; its interpreter is found by the first line or the suffix."""
    command: Text = ""
    """A command line; it is split into words and given to no shell."""
    template: Text = ""
    """A file of the template that is rendered to `output`."""
    output: Text = ""
    """Where a template's text goes, relative to the project."""
    condition: Text = ""
    """e.g. `node --version >= 18`, `exists(package.json)`, `os == linux`; joined by and, or, not."""
    triggers: list[Text] = []
    """For `onConflict`: `file-conflict:GLOB`, `variable-conflict:NAME`. Without any, every conflict."""
    cwd: Text = ""
    """Where it runs; the project's root without it."""
    variables: dict[VariableName, Any] = {}
    """What it is given, as environment variables or in the template."""
    in_: Literal["staging", "project", ""] = Field(default="", alias="in")
    """`staging`: before the project is written, and part of what is written. `project`: afterwards."""
    undo: Text = ""
    """A command that takes back what it did to the outside."""
    creates: list[Text] = []
    """Paths it makes in the project; they are removed by a rollback when they were not there before."""
    on_failure: Literal["rollback", "keep", "warn"] = Field(default="rollback", alias="onFailure")
    """What becomes of the project when it fails."""
    timeout: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """Seconds."""
    shell: bool = False
    """`command` is given to `sh`; only with full trust."""
    permissions: Permissions = Permissions()
    """What it needs beside the project."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Hook":
        if sum(map(bool, (self.script, self.command, self.template))) != 1:
            raise ValueError("a hook has exactly one of script, command and template")
        if bool(self.template) != bool(self.output):
            raise ValueError("`template` and `output` go together")
        return self


class Hooks(_Strict):
    """When hooks run."""

    pre_composition: list[Hook] = Field(default=[], alias="preComposition")
    """Before anything is rendered or written; one that fails stops the composition."""
    post_setup: list[Hook] = Field(default=[], alias="postSetup")
    """When all files are known; see `in`."""
    on_conflict: list[Hook] = Field(default=[], alias="onConflict")
    """Given open conflicts as JSON, answers with resolutions as JSON."""


class Files(_Strict):
    """Which files make up the template."""

    root: Text = ""
    """The folder that holds them; without it `files` if there is one, else the template's own folder."""
    exclude: list[Text] = []
    """Globs that are left out."""
    raw: list[Text] = []
    """Globs that are copied as they are, whatever their suffix."""
    when: dict[str, Text] = {}
    """A condition over the variables for a glob: where it is false those files are left out."""


class Manifest(_Strict):
    """`template.yaml` or `composition.v1.json`."""

    schema_: Text = Field(default="", alias="$schema")
    """For editors."""
    template: Template
    """What the template is."""
    variables: list[Variable] = []
    """What it asks for."""
    composition: Composition = Composition()
    """How it goes together with others."""
    hooks: Hooks = Hooks()
    """Code that it brings."""
    files: Files = Files()
    """Which files make it up."""


class HooksFile(_Strict):
    """`hooks.v1.json`: a template's hooks in a file of their own."""

    schema_: Text = Field(default="", alias="$schema")
    """For editors."""
    hooks: Hooks
    """When hooks run."""


def json_schema(name: Literal["composition", "hooks"]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a manifest."""
    model = Manifest if name == "composition" else HooksFile
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"treadle/{name}@1",
        **model.model_json_schema(by_alias=True),
    }
