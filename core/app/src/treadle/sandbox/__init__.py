"""What confines child processes: templates' hooks, foreign templates, whatever a person did not write."""

from treadle.sandbox._system import SystemSandbox

__all__ = ["SystemSandbox"]
