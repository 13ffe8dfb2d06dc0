"""files.*: the upload in three steps (ask for an address, send the bytes, say where it belongs)."""

from __future__ import annotations

import mimetypes
import secrets
from typing import Any

from bot.standin.api import Call, method
from bot.standin.errors import Refused, invalid_arguments
from bot.standin.roster import BOT
from bot.standin.store import Json
from bot.standin.workspace import Workspace, file_of, of_bot

LARGEST = 16 * 1024 * 1024
PREVIEW_LINES = 12
PREVIEW_CHARACTERS = 2_000


@method("files.getUploadURLExternal", tier=4, reads_json=False)
def upload_url(call: Call) -> Json:
    """An address for exactly `length` bytes."""
    name = call.string("filename")
    length = str(call.args.get("length") or "")
    if not name or not length:
        raise Refused("missing_argument")
    if not length.isdecimal() or int(length) < 1:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    if int(length) > LARGEST:
        raise Refused("file_upload_size_restricted")
    file_id, key = f"F0{secrets.token_hex(5).upper()}", secrets.token_urlsafe(18)
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    file = {
        "id": file_id,
        "name": name,
        "title": name,
        "mimetype": kind,
        "size": int(length),
        "user": BOT.id,
        "key": key,
    }
    call.workspace.store.save_file(file, None)
    return {"upload_url": f"{call.workspace.base_url}/upload/{file_id}/{key}", "file_id": file_id}


@method("files.completeUploadExternal", tier=4)
def complete_upload(call: Call) -> Json:
    """Put uploaded files into a channel or thread, as one message."""
    wanted = call.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise invalid_arguments("missing required field: files")
    files = [_completed(call, entry) for entry in wanted]
    if call.string("channel_id"):
        _share(call, files)
    return {"files": files}


@method("files.info", tier=4, reads_json=False)
def info(call: Call) -> Json:
    """What is known of a file."""
    return {"file": described(call.workspace, file_of(call.workspace, call.needed("file"))[0])}


def _share(call: Call, files: list[Json]) -> None:
    channel = call.joined("channel_id")
    if channel["is_archived"]:
        raise Refused("posting_to_channel_denied")
    thread = call.string("thread_ts")
    if thread and call.workspace.store.message(channel["id"], thread) is None:
        raise Refused("thread_not_found")
    message = of_bot(
        text=call.string("initial_comment") or "", files=files, **({"thread_ts": thread} if thread else {})
    )
    call.workspace.post(channel["id"], message)


def _completed(call: Call, entry: Any) -> Json:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise invalid_arguments("missing required field: id [json-pointer:/files/0]")
    file, content = file_of(call.workspace, entry["id"])
    if content is None:
        raise Refused("file_not_found")
    titled = {**file, "title": entry.get("title") or file["title"]}
    call.workspace.store.save_file(titled, content)
    return described(call.workspace, titled)


def described(workspace: Workspace, file: Json) -> Json:
    """A file as messages carry it, with the beginning of its text."""
    public = {name: value for name, value in file.items() if name != "key"}
    content = file_of(workspace, file["id"])[1] or b""
    private = f"{workspace.base_url}/files/{file['id']}"
    public |= {"url_private": private, "url_private_download": private, "mode": "snippet", "filetype": "text"}
    if file["mimetype"].startswith("text/") or file["mimetype"] == "application/json":
        lines = content.decode("utf-8", "replace").splitlines()
        public["preview"] = "\n".join(lines[:PREVIEW_LINES])[:PREVIEW_CHARACTERS]
        public["lines"] = len(lines)
    return public


def receive(workspace: Workspace, file_id: str, key: str, content: bytes) -> str | None:
    """Take the bytes of an announced file. Answers what is wrong, or None."""
    found = workspace.store.file(file_id)
    if found is None or not secrets.compare_digest(found[0]["key"].encode(), key.encode()):
        return "no such upload"
    if len(content) != found[0]["size"]:
        workspace.violations.add("wrong_length", "upload", f"{len(content)} bytes, announced {found[0]['size']}")
        return f"announced {found[0]['size']} bytes, got {len(content)}"
    workspace.store.save_file(found[0], content)
    return None
