"""Looking at a certificate: `openssl s_client` for one that a server shows, `openssl x509 -in` for a file."""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.document import Call
from runbooks.translate._options import known, read

VERBS = ("openssl",)

_CLIENT = known(
    switches="",
    valued="-connect -servername",
    ignored="-showcerts -brief -tls1_2 -tls1_3 -prexit -no_ign_eof -ign_eof",
    ignored_valued="-CAfile -CApath -verify_hostname",
    joined=False,
)
_X509 = known(
    switches="",
    valued="-in",
    ignored="-noout -dates -enddate -startdate -subject -issuer -serial -fingerprint -sha256 -text",
    ignored_valued="-checkend -inform -ext -nameopt",
    joined=False,
)


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The certificate that `argv` looks at, or nothing."""
    verb, words = (argv[1], argv[2:]) if len(argv) > 1 else ("", ())
    if verb == "s_client":
        return _of_server(words)
    return _of_file(words) if verb == "x509" else ()


def absorbed(call: Call, argv: Sequence[str]) -> Call | None:
    """`s_client | x509 -noout -dates`: the second only prints what our look at the certificate tells anyway."""
    if call.kind != "tls" or call.args["path"] is not None or argv[:2] != ("openssl", "x509"):
        return None
    options = read(argv[2:], _X509)
    return call if options is not None and not options.operands and not options.has("-in") else None


def _of_server(words: Sequence[str]) -> tuple[Call, ...]:
    options = read(words, _CLIENT)
    address = (options.last("-connect") if options else None) or ""
    host, colon, port = address.rpartition(":")
    if options is None or not colon:
        host, port = address, "443"
    if options is None or not host or len(options.operands) or options.last("-servername") not in (None, host):
        return ()
    return (Call("tls", {"host": host.strip("[]"), "port": _port(port), "path": None}),) if _port(port) else ()


def _port(text: str) -> int | str | None:
    """A number, or a placeholder that will become one."""
    if text.isdecimal() and len(text) < 6:
        return int(text)
    return text if text and not text.isalnum() else None


def _of_file(words: Sequence[str]) -> tuple[Call, ...]:
    options = read(words, _X509)
    path = options.last("-in") if options else None
    if options is None or path is None or options.operands:
        return ()
    return (Call("tls", {"host": None, "port": None, "path": path}),)
