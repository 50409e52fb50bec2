"""Files of named entries, in sections or not: every byte is kept, new entries come with the comments above them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from treadle_merging import Unreadable, Value, entries, same


@dataclass(slots=True)
class Entry:
    """One entry: what stands above it, before its value, the value as written, and behind it with the line end."""

    key: str
    value: Value
    lead: str
    before: str
    raw: str
    after: str

    def text(self) -> str:
        """As it is written."""
        return self.lead + self.before + self.raw + self.after


@dataclass(slots=True)
class Section:
    """A header and its entries; the first one of a file has no header and the name ""."""

    name: str
    lead: str = ""
    header: str = ""
    entries: list[Entry] = field(default_factory=list)

    def text(self) -> str:
        """As it is written."""
        return self.lead + self.header + "".join(entry.text() for entry in self.entries)

    def find(self, key: str) -> Entry | None:
        """The entry of that name."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(slots=True)
class Document:
    """A whole file; `tail` stands behind the last entry."""

    sections: list[Section]
    tail: str = ""

    def text(self) -> str:
        """As it is written."""
        return "".join(section.text() for section in self.sections) + self.tail

    def find(self, name: str) -> Section | None:
        """The section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def data(self) -> dict[str, Value]:
        """The entries without a section by their names, and those of each section under its name."""
        own = {entry.key: entry.value for entry in self.sections[0].entries}
        return own | {one.name: {entry.key: entry.value for entry in one.entries} for one in self.sections[1:]}


@dataclass(frozen=True, slots=True)
class Manner:
    """What a kind of file looks like.

    Args:
        comments: the comments in what stands above or behind an entry.
        render: a value that no template has written, as text.
    """

    comments: Callable[[str], Iterable[str]]
    render: Callable[[Value], str] = str


def hash_comments(trivia: str) -> list[str]:
    """Lines and ends of lines that begin with `#` or `;`."""
    return [line.strip() for line in trivia.splitlines() if line.strip()[:1] in {"#", ";"}]


def add(section: Section, entry: Entry, line: int) -> None:
    """Put an entry at the end of a section. Raises `Unreadable` when its name is there already."""
    if section.find(entry.key):
        raise Unreadable(f"line {line}: `{entry.key}` comes twice")
    section.entries.append(entry)


def write(documents: Sequence[Document], intended: Value, manner: Manner) -> str:
    """The first document's text, edited to mean `intended`; the others lend their text and comments."""
    first = Document([replace(one, entries=[replace(entry) for entry in one.entries]) for one in documents[0].sections])
    first.tail = documents[0].tail
    wanted = entries(intended)
    writer = _Writer(first, documents[1:], manner)
    names = {section.name for one in documents for section in one.sections[1:]}
    writer.section("", {key: value for key, value in wanted.items() if key not in names})
    for name in [key for key in wanted if key in names]:
        writer.section(name, dict(entries(wanted[name])))
    first.sections[1:] = [section for section in first.sections[1:] if section.name in wanted]
    writer.carry()
    return first.text()


class _Writer:
    def __init__(self, first: Document, others: Sequence[Document], manner: Manner) -> None:
        self.first = first
        self.others = others
        self.manner = manner
        self._known = set(self._comments(first))

    def section(self, name: str, wanted: dict[str, Value]) -> None:
        """Make a section hold what is wanted."""
        section = self.first.find(name) or self._new_section(name)
        section.entries = [entry for entry in section.entries if entry.key in wanted]
        for key, value in wanted.items():
            there = [entry for one in self.others if (found := one.find(name)) and (entry := found.find(key))]
            source = next((entry for entry in there if same(entry.value, value)), None)
            entry = section.find(key)
            if entry is None:
                self._append(section, self._copy(key, value, source, there))
            elif not same(entry.value, value):
                entry.raw, entry.value = source.raw if source else self.manner.render(value), value

    def carry(self) -> None:
        """Bring the comments of the others that are still missing, above what they speak of or to the end."""
        for other in self.others:
            for section in other.sections:
                here = self.first.find(section.name)
                self._above(here, [*self.manner.comments(section.lead), *self.manner.comments(section.header)])
                for entry in section.entries:
                    found = here.find(entry.key) if here else None
                    self._above(found or here, [*self.manner.comments(entry.lead), *self.manner.comments(entry.after)])
            self._above(None, list(self.manner.comments(other.tail)))

    def _above(self, target: Section | Entry | None, found: list[str]) -> None:
        new = "".join(f"{one}\n" for one in self._strange(found))
        if not new:
            return
        if target is None or (isinstance(target, Section) and not target.header):
            self.first.tail = _ended(self.first, self.first.tail) + new
        else:
            target.lead += new

    def _copy(self, key: str, value: Value, source: Entry | None, there: Sequence[Entry]) -> Entry:
        model = source or (there[0] if there else None)
        if model is None:
            return Entry(key, value, "", f"{key}=", self.manner.render(value), "\n")
        lead = "".join(f"{one}\n" for one in self._strange(self.manner.comments(model.lead)))
        self._known.update(self.manner.comments(model.after))
        raw = source.raw if source else self.manner.render(value)
        return Entry(
            key, value, lead, model.before, raw, model.after if model.after.endswith("\n") else model.after + "\n"
        )

    def _new_section(self, name: str) -> Section:
        model = next(found for one in self.others if (found := one.find(name)))
        lead = "".join(f"{one}\n" for one in self._strange(self.manner.comments(model.lead)))
        self._known.update(self.manner.comments(model.header))
        start = _ended(self.first, self.first.tail)
        section = Section(name, f"{start}\n{lead}" if self.first.text() else lead, model.header)
        section.header = section.header if section.header.endswith("\n") else section.header + "\n"
        self.first.tail = ""
        self._end_line(self.first.sections[-1])
        self.first.sections.append(section)
        return section

    def _append(self, section: Section, entry: Entry) -> None:
        self._end_line(section)
        section.entries.append(entry)

    def _end_line(self, section: Section) -> None:
        if section.entries and not section.entries[-1].after.endswith("\n"):
            section.entries[-1].after += "\n"

    def _strange(self, found: Iterable[str]) -> list[str]:
        new = [one for one in dict.fromkeys(found) if one not in self._known]
        self._known.update(new)
        return new

    def _comments(self, document: Document) -> list[str]:
        parts = [document.tail]
        for section in document.sections:
            parts += [section.lead, section.header]
            parts += [part for entry in section.entries for part in (entry.lead, entry.after)]
        return [one for part in parts for one in self.manner.comments(part)]


def _ended(document: Document, tail: str) -> str:
    """The text behind the last entry, ending its line."""
    text = document.text()
    return tail if not text or text.endswith("\n") else tail + "\n"
