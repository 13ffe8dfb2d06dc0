"""A folder of runbooks, read and read again: a bad file never costs a good one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.errors import Misconfigured
from incidents.inventory import Inventory, System
from runbooks.document import Risk
from runbooks.shelf import Shelf, library_documents

NOBODY = 65534
SHOP = """# Shop

## Troubleshooting

### API Not Responding
```bash
# Check
docker compose ps
# Restart
docker compose restart api
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    return runbooks


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file as an editor does, so that its time of change always differs."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))
    return path


def loaded(folder: Path | None, inventory: Inventory | None = None) -> Shelf:
    return Shelf.load(folder, inventory or Inventory(), library=False)


# -- refusals


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="nowhere is not a folder"):
        loaded(tmp_path / "nowhere")


def test_a_link_out_of_the_folder_is_refused_and_the_others_load(folder: Path, tmp_path: Path) -> None:
    outside = put(tmp_path, "secret.md", SHOP)
    (folder / "linked.md").symlink_to(outside)
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    assert [document.path for document in shelf.documents] == ["shop.md"]
    assert shelf.problems == ("linked.md: is a link out of the folder, and was not read",)


def test_a_linked_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "shop.md", SHOP)
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    assert loaded(folder).documents == ()


def test_a_link_that_stays_inside_is_read_as_mounted_config_maps_need_it(folder: Path) -> None:
    put(folder / "..data", "shop.md", SHOP)
    (folder / "shop.md").symlink_to(folder / "..data" / "shop.md")
    assert [document.path for document in loaded(folder).documents] == ["shop.md"]


def test_a_file_that_is_no_text_is_named_with_its_line_and_the_others_load(folder: Path) -> None:
    put(folder, "binary.md", b"# A\n\n" + b"\0\1" * 3000)
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    assert [document.path for document in shelf.documents] == ["shop.md"]
    assert shelf.problems == ("binary.md:3: not a text file: it holds NUL bytes throughout; nothing was read",)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of somebody who may not read every file; root, who may, becomes nobody for the time of the test."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        root = os.geteuid() == 0
        yield Path(made)
        if root:
            os.seteuid(0)


def test_a_file_that_may_not_be_read_is_named(as_nobody: Path) -> None:
    put(as_nobody, "closed.md", SHOP).chmod(0)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    assert loaded(as_nobody).problems == ("closed.md: Permission denied",)


def test_a_directory_with_the_name_of_a_document_is_passed_over(folder: Path) -> None:
    (folder / "odd.md").mkdir()
    assert loaded(folder).problems == ()


def test_two_files_of_the_same_system_and_procedures_are_a_problem_that_says_how_to_mend_it(folder: Path) -> None:
    put(folder, "a/shop.md", SHOP)
    put(folder, "b/shop.md", SHOP)
    shelf = loaded(folder)
    assert [document.path for document in shelf.documents] == ["a/shop.md"]
    assert "b/shop.md: not loaded" in shelf.problems[0]
    assert "`system:` in its front matter" in shelf.problems[0]


# -- what it knows


def test_the_inventory_says_which_system_a_file_is_about(folder: Path) -> None:
    put(folder, "ops.md", SHOP)
    inventory = Inventory({"shop": System(name="shop", documents=("ops.md",))})
    (document,) = loaded(folder, inventory).documents
    assert (document.system, document.procedures[0].id) == ("shop", "shop/troubleshooting/api-not-responding")


def test_front_matter_says_it_where_the_inventory_does_not(folder: Path) -> None:
    put(folder, "ops.md", f"---\nsystem: store\n---\n{SHOP}")
    assert loaded(folder).documents[0].system == "store"


def test_verbs_that_the_inventory_vouches_for_are_read_only(folder: Path) -> None:
    put(folder, "shop.md", SHOP.replace("docker compose ps", "./control.sh status"))
    trusting = Inventory({"shop": System(name="shop", safe=("./control.sh status",))})
    risks = [loaded(folder, inventory).procedures[0].steps[0].judgement.risk for inventory in (Inventory(), trusting)]
    assert risks == [Risk.MUTATING, Risk.READ_ONLY]


def test_a_procedure_is_found_by_its_id_a_part_of_it_or_its_title(folder: Path) -> None:
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    (procedure,) = shelf.procedures
    for text in (procedure.id, "api-not-responding", "API not responding", "shop/", "shop/troubleshooting", "respond"):
        assert shelf.find(text) == [procedure], text
    assert shelf.find("something-else") == []
    assert shelf.find("") == []
    assert shelf.document_of(procedure).path == "shop.md"


def test_without_a_folder_only_the_library_is_there() -> None:
    shelf = Shelf.load(None, Inventory())
    assert {document.system for document in shelf.documents} == {"*"}
    assert len(shelf.documents) == len(library_documents()) >= 2


# -- reading again


def test_nothing_changed_is_no_news(folder: Path) -> None:
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    before = shelf.documents
    assert shelf.refresh() is False
    assert shelf.documents[0] is before[0]


def test_a_changed_an_added_and_a_removed_document_are_taken_up(folder: Path) -> None:
    shop = put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    put(folder, "shop.md", SHOP.replace("restart api", "restart web"))
    put(folder, "store.md", SHOP)
    assert shelf.refresh() is True
    assert [document.system for document in shelf.documents] == ["shop", "store"]
    assert [step.text for step in shelf.procedures[0].steps] == ["docker compose ps", "docker compose restart web"]
    shop.unlink()
    assert shelf.refresh() is True
    assert [document.system for document in shelf.documents] == ["store"]


def test_changed_commands_change_the_digest_and_changed_words_around_them_do_not(folder: Path) -> None:
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    first = shelf.procedures[0].digest
    put(folder, "shop.md", SHOP.replace("# Shop", "# The Shop").replace("# Check", "# Look"))
    shelf.refresh()
    assert shelf.procedures[0].digest == first
    put(folder, "shop.md", SHOP.replace("restart api", "restart db"))
    shelf.refresh()
    assert shelf.procedures[0].digest != first


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "---\nsystem: [\n---\n" + SHOP,
        SHOP.removesuffix("```\n"),
        b"\0" * 500,
        "# Shop\n\nwork in progress\n",
    ],
    ids=["empty", "front matter", "open fence", "binary", "no procedures"],
)
def test_a_broken_edit_never_replaces_the_good_version(folder: Path, broken: str | bytes) -> None:
    put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    good = shelf.procedures
    put(folder, "shop.md", broken)
    assert shelf.refresh() is True
    assert shelf.procedures == good
    assert "the version before this edit stays in use" in shelf.problems[0]
    assert shelf.refresh() is False
    put(folder, "shop.md", SHOP.replace("restart api", "restart web"))
    assert shelf.refresh() is True
    assert (shelf.problems, shelf.procedures[0].steps[1].text) == ((), "docker compose restart web")


def test_a_document_that_cannot_be_read_for_a_moment_stays(folder: Path, tmp_path: Path) -> None:
    path = put(folder, "shop.md", SHOP)
    shelf = loaded(folder)
    path.unlink()
    path.symlink_to(put(tmp_path, "other.md", SHOP))
    shelf.refresh()
    assert len(shelf.procedures) == 1
    assert "link out of the folder" in shelf.problems[0]
