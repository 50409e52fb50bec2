"""What sources of foreign templates share: trees by content, rendering in a sandboxed child."""

from treadle_foreign._child import render_in_child
from treadle_foreign._manifest import manifest_of, template_id
from treadle_foreign._tree import Place, Tree, bring, place_of

__all__ = ["Place", "Tree", "bring", "manifest_of", "place_of", "render_in_child", "template_id"]
