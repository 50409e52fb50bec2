"""Where in a file a key stands: by PyYAML's marks, which know JSON too."""

from collections.abc import Sequence


def place_of(text: str, where: Sequence[str | int]) -> tuple[int, int]:
    """Line and column, from 1, of the deepest part of `where` that is there.

    `text` was read by `Host.load_yaml` before: it is bounded and sound.
    """
    import yaml

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    mark = node.start_mark if node is not None else None
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        else:
            break
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
