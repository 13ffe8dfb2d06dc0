"""The runbooks of an installation: the team's folder, and the few that ship with Midwatch for any system.

A shelf is read while others ask it, so all it knows is one value that `refresh` replaces at once. An edit that spoils
a document (a fence left open, front matter that is no YAML, an empty file) is reported and the version before it
stays: at 3 a.m. an old runbook is worth more than half of a new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from incidents.errors import Misconfigured
from incidents.inventory import Inventory
from runbooks.document import Document, Procedure
from runbooks.parse import parse, read
from runbooks.reading.labels import slug

ANY_SYSTEM = "*"
SUFFIXES = (".md", ".markdown")
MOST_DOCUMENTS = 5000


@dataclass(frozen=True, slots=True)
class _File:
    """One file as it was last looked at. `document` is the version in use, which may be an older one."""

    name: str
    seen: tuple[int, int]
    sha256: str
    document: Document | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Contents:
    files: Mapping[str, _File] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()
    procedures: Mapping[str, tuple[Document, Procedure]] = field(default_factory=dict)


class Shelf:
    """All documents, the problems met in reading them, and the procedures by id."""

    def __init__(self, folder: Path | None, inventory: Inventory, library: Sequence[Document] = ()) -> None:
        self._folder = folder
        self._inventory = inventory
        self._library = tuple(library)
        self._contents = _Contents()

    @classmethod
    def load(cls, folder: Path | None, inventory: Inventory, library: bool = True) -> Shelf:
        """Read a folder of runbooks. Misconfigured when the folder is not there; a bad file in it is a problem only."""
        if folder is not None and not folder.is_dir():
            raise Misconfigured(f"MIDWATCH_RUNBOOKS: {folder} is not a folder")
        shelf = cls(folder, inventory, library_documents() if library else ())
        shelf.refresh()
        return shelf

    @property
    def documents(self) -> tuple[Document, ...]:
        """The team's documents, then the library's."""
        return self._contents.documents

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read or is in doubt, one line each, with file and line."""
        return self._contents.problems

    @property
    def procedures(self) -> tuple[Procedure, ...]:
        return tuple(procedure for _, procedure in self._contents.procedures.values())

    def procedure(self, id_: str) -> Procedure | None:
        """The procedure of exactly this id."""
        found = self._contents.procedures.get(id_)
        return found[1] if found else None

    def document_of(self, procedure: Procedure) -> Document:
        """The document a procedure stands in. KeyError when it was removed meanwhile."""
        return self._contents.procedures[procedure.id][0]

    def find(self, text: str) -> list[Procedure]:
        """The procedures a person may mean: by id, by the end, beginning or a part of one, or by title."""
        wanted = text.strip().strip("/").lower()
        if not wanted:
            return []
        if exact := self.procedure(wanted):
            return [exact]
        known = self._contents.procedures.items()
        for means in (_ends_with, _is_titled, _begins_with, _holds):
            if found := [procedure for id_, (_, procedure) in known if means(id_, procedure, wanted)]:
                return found
        return []

    def documents_of(self, system: str) -> tuple[Document, ...]:
        return tuple(document for document in self.documents if document.system == system)

    def refresh(self) -> bool:
        """Take up what changed in the folder since. True when a document or a problem is another than before."""
        before = self._contents
        files = dict(self._read(before.files))
        documents, problems = self._placed(files)
        after = _Contents(MappingProxyType(files), documents, problems, MappingProxyType(_by_id(documents)))
        self._contents = after
        return (after.documents, after.problems) != (before.documents, before.problems)

    def _read(self, known: Mapping[str, _File]) -> Iterator[tuple[str, _File]]:
        if self._folder is None:
            return
        for name, path in _files_in(self._folder):
            yield name, self._file(name, path, known.get(name))

    def _file(self, name: str, path: Path, known: _File | None) -> _File:
        try:
            _refuse_outside(path, self._folder)
            stat = path.stat()
            seen = (stat.st_mtime_ns, stat.st_size)
            if known is not None and known.seen == seen:
                return known
            document = self._document(name, path)
        except (Misconfigured, OSError) as error:
            problem = f"{name}: {_plain(error, path)}"
            return _File(name, (-1, -1), "", known.document if known else None, (problem,))
        return _taken_up(known, _File(name, seen, document.sha256, document))

    def _document(self, name: str, path: Path) -> Document:
        owner = next((system for system in self._inventory.systems.values() if name in system.documents), None)
        first = read(path, owner.name if owner else None, owner.safe if owner else ())
        named = self._inventory.system(first.system)
        if owner is None and named is not None and named.safe:  # found by its own front matter or its name
            first = read(path, first.system, named.safe)
        return replace(first, path=name)

    def _placed(self, files: Mapping[str, _File]) -> tuple[tuple[Document, ...], tuple[str, ...]]:
        """The documents in use, each under ids that no other has, and all problems."""
        placed: list[Document] = []
        problems = [problem for file in files.values() for problem in file.problems]
        taken: dict[str, str] = {}
        for name in sorted(files):
            document = files[name].document
            if document is None:
                continue
            clash = next((taken[procedure.id] for procedure in document.procedures if procedure.id in taken), None)
            if clash is not None:
                problems.append(
                    f"{name}: not loaded, it has procedures of the same name and system ({document.system}) as {clash};"
                    f" say `system:` in its front matter or list it in the inventory"
                )
                continue
            taken |= {procedure.id: name for procedure in document.procedures}
            placed.append(document)
        return (*placed, *self._library), tuple(problems)


def library_documents() -> tuple[Document, ...]:
    """The runbooks that ship with Midwatch. They serve any system."""
    folder = resources.files("runbooks") / "library"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    return tuple(parse(f"library/{file.name}", file.read_text(encoding="utf-8"), ANY_SYSTEM) for file in files)


def _files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Markdown files below a folder in order, but for hidden ones. Linked folders are not followed."""
    found = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith(".") and found < MOST_DOCUMENTS:
                found += 1
                path = Path(parent, name)
                yield path.relative_to(folder).as_posix(), path


def _refuse_outside(path: Path, folder: Path | None) -> None:
    if folder is not None and path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise Misconfigured("is a link out of the folder, and was not read")
    if path.exists() and not path.is_file():
        raise Misconfigured("is no regular file")


def _taken_up(known: _File | None, new: _File) -> _File:
    """The new version, or the old one with a note when the new one is spoilt."""
    document = new.document
    assert document is not None
    spoilt = _spoilt(document, known.document if known else None)
    if known is not None and known.document is not None and spoilt:
        kept = "the version before this edit stays in use"
        return replace(new, document=known.document, problems=tuple(f"{new.name}{line}; {kept}" for line in spoilt))
    usable = document if document.commands or document.procedures or not spoilt else None
    return replace(new, document=usable, problems=tuple(f"{new.name}{line}" for line in spoilt))


def _spoilt(document: Document, before: Document | None) -> tuple[str, ...]:
    lines = [f":{warning.line}: {warning.text}" for warning in document.warnings if warning.spoils]
    if before is not None and before.procedures and not document.procedures and not lines:
        lines.append(": no procedure is left in it")
    return tuple(lines)


def _by_id(documents: Sequence[Document]) -> dict[str, tuple[Document, Procedure]]:
    return {procedure.id: (document, procedure) for document in documents for procedure in document.procedures}


def _plain(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ") if isinstance(error, Misconfigured) else error.strerror or str(error)  # type: ignore[attr-defined]  # OSError is the other one


def _ends_with(id_: str, _: Procedure, wanted: str) -> bool:
    return id_.endswith(f"/{wanted}")


def _is_titled(_: str, procedure: Procedure, wanted: str) -> bool:
    return wanted in (procedure.title.lower(), slug(procedure.title))


def _begins_with(id_: str, _: Procedure, wanted: str) -> bool:
    return id_.startswith(wanted)


def _holds(id_: str, _: Procedure, wanted: str) -> bool:
    return len(wanted) > 2 and wanted in id_
