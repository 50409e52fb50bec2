"""Definitions: text with line numbers in, the engine's immutable plan out.

Importing this package imports neither pydantic nor yaml nor jinja2; the first call does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from treadle.definition._cases import LoadedCases, base_place, cases_schema, load_cases
    from treadle.definition._cases_model import Case, CaseFile, Expected, Happening, Mock
    from treadle.definition._catalogue import Catalogue
    from treadle.definition._check_agents import agents_checked
    from treadle.definition._document import Document, plain
    from treadle.definition._explanations import codes, explain
    from treadle.definition._gate_file import LoadedGates, gates_schema, load_gates
    from treadle.definition._inputs import check_inputs
    from treadle.definition._loading import Loaded, Use, load_file, load_text
    from treadle.definition._module_file import LoadedModule, ModuleAction, ModuleFile, load_module, module_schema
    from treadle.definition._problems import Problem, Severity
    from treadle.definition._reading import load_yaml, parse_document
    from treadle.definition._rendering import render_problems
    from treadle.definition._schema import json_schema

_MODULES: Final = {
    "Case": "_cases_model",
    "CaseFile": "_cases_model",
    "Catalogue": "_catalogue",
    "Document": "_document",
    "Expected": "_cases_model",
    "Happening": "_cases_model",
    "Loaded": "_loading",
    "LoadedCases": "_cases",
    "LoadedGates": "_gate_file",
    "LoadedModule": "_module_file",
    "Mock": "_cases_model",
    "ModuleAction": "_module_file",
    "ModuleFile": "_module_file",
    "Problem": "_problems",
    "Severity": "_problems",
    "Use": "_loading",
    "agents_checked": "_check_agents",
    "base_place": "_cases",
    "cases_schema": "_cases",
    "check_inputs": "_inputs",
    "codes": "_explanations",
    "explain": "_explanations",
    "gates_schema": "_gate_file",
    "json_schema": "_schema",
    "load_cases": "_cases",
    "load_file": "_loading",
    "load_gates": "_gate_file",
    "load_module": "_module_file",
    "load_text": "_loading",
    "load_yaml": "_reading",
    "module_schema": "_module_file",
    "parse_document": "_reading",
    "plain": "_document",
    "render_problems": "_rendering",
}

__all__ = [
    "Case",
    "CaseFile",
    "Catalogue",
    "Document",
    "Expected",
    "Happening",
    "Loaded",
    "LoadedCases",
    "LoadedGates",
    "LoadedModule",
    "Mock",
    "ModuleAction",
    "ModuleFile",
    "Problem",
    "Severity",
    "Use",
    "agents_checked",
    "base_place",
    "cases_schema",
    "check_inputs",
    "codes",
    "explain",
    "gates_schema",
    "json_schema",
    "load_cases",
    "load_file",
    "load_gates",
    "load_module",
    "load_text",
    "load_yaml",
    "module_schema",
    "parse_document",
    "plain",
    "render_problems",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
