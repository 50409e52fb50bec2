"""Ready workflows inside installed packages."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from treadle_hookspecs import TreadleError, WorkflowCatalogue

from treadle.plugins._imports import describe, foreign_code
from treadle.plugins._records import Contributed, PluginRecord

_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """One definition in a catalogue.

    Args:
        name: the file's name without its suffix.
        catalogue: the catalogue's name.
        record: who provides it.
        file: read it with `read_text(encoding="utf-8")`; `str(file)` is its path where the package is a folder.
    """

    name: str
    catalogue: str
    record: PluginRecord
    file: Traversable


def catalogue_files(item: Contributed[WorkflowCatalogue]) -> Iterator[CatalogueFile]:
    """The definitions of a catalogue by name.

    Raises:
        TreadleError: its package or folder is not there.
    """
    folder = _folder(item)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        stem, dot, suffix = file.name.rpartition(".")
        if dot + suffix in _SUFFIXES and stem and not stem.startswith(".") and file.is_file():
            yield CatalogueFile(stem, item.value.name, item.record, file)


def _folder(item: Contributed[WorkflowCatalogue]) -> Traversable:
    from importlib.resources import files

    catalogue = item.value
    try:
        with foreign_code(f"opening the catalogue {catalogue.name} of {item.record.distribution}"):
            folder = files(catalogue.package).joinpath(catalogue.folder)
    except Exception as error:
        raise _unusable(item, describe(error)) from error
    if not folder.is_dir():
        raise _unusable(item, f"{catalogue.package} has no folder {catalogue.folder}")
    return folder


def _unusable(item: Contributed[WorkflowCatalogue], reason: str) -> TreadleError:
    return TreadleError(
        f"the workflow catalogue {item.value.name} of {item.record.label} cannot be opened: {reason}",
        context={"catalogue": item.value.name, "distribution": item.record.distribution},
        suggestions=(f"install it again: pip install --force-reinstall {item.record.distribution}",),
    )
