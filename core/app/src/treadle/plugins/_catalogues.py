"""Ready workflows inside installed packages."""

from dataclasses import dataclass
from pathlib import Path

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
        file: its path.
    """

    name: str
    catalogue: str
    record: PluginRecord
    file: Path


def catalogue_files(item: Contributed[WorkflowCatalogue]) -> tuple[CatalogueFile, ...]:
    """The definitions of a catalogue, sorted.

    Raises:
        TreadleError: its package or folder is not there, or is not a folder of the file system.
    """
    found = (file for file in _folder(item).iterdir() if file.suffix in _SUFFIXES and file.is_file())
    return tuple(
        CatalogueFile(file.stem, item.value.name, item.record, file)
        for file in sorted(found)
        if not file.stem.endswith(".test")
    )


def _folder(item: Contributed[WorkflowCatalogue]) -> Path:
    from importlib.resources import files

    catalogue = item.value
    try:
        with foreign_code(f"opening the catalogue {catalogue.name} of {item.record.distribution}"):
            folder = files(catalogue.package).joinpath(catalogue.folder)
    except Exception as error:
        raise _unusable(item, describe(error)) from error
    if not isinstance(folder, Path):
        raise _unusable(item, f"{catalogue.package} is not installed as a folder")
    if not folder.is_dir():
        raise _unusable(item, f"{catalogue.package} has no folder {catalogue.folder}")
    return folder


def _unusable(item: Contributed[WorkflowCatalogue], reason: str) -> TreadleError:
    return TreadleError(
        f"the workflow catalogue {item.value.name} of {item.record.label} cannot be opened: {reason}",
        context={"catalogue": item.value.name, "distribution": item.record.distribution},
        suggestions=(f"install it again: pip install --force-reinstall {item.record.distribution}",),
    )
