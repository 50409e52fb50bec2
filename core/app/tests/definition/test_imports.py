import subprocess
import sys


def test_the_package_is_cheap_to_import() -> None:
    program = """
import sys
import treadle.definition as definition
heavy = {"pydantic", "yaml", "jinja2"} & set(sys.modules)
assert not heavy, heavy
assert set(definition.__all__) == set(definition._MODULES)
for name in definition.__all__:
    assert getattr(definition, name) is not None
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unknown_names_are_attribute_errors() -> None:
    import treadle.definition

    assert not hasattr(treadle.definition, "nothing")


def test_a_workflow_of_paths_needs_no_jinja() -> None:
    program = """
import sys
from unittest.mock import Mock
from treadle.definition import load_text
catalogue = Mock(**{name + ".return_value": None for name in ("action_inputs", "action_outputs")})
catalogue.action.return_value.risk = "low"
text = '''
treadle: 1
name: a
inputs: {x: {type: string}}
steps:
  - id: a
    run: "echo {{ inputs.x }}"
'''
loaded = load_text(text, "a.yaml", catalogue)
assert loaded.plan is not None, loaded.problems
assert "jinja2" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
