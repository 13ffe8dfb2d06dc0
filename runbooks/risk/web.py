# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""HTTP clients. A GET reads; anything that sends, names a method, or writes a file changes something."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runbooks.document import Risk
from runbooks.risk._options import Parsed, changer, parsed, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown

_FLAGS = (
    "s S f k L I i v g N G 0 1 2 3 4 6 a_ q_ n j_ # silent show-error fail fail-with-body fail-early insecure location head include verbose globoff "
    "no-buffer get http1.0 http1.1 http2 http2-prior-knowledge http3 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 ipv4 ipv6 compressed "
    "progress-bar no-progress-meter path-as-is raw tcp-nodelay digest basic ntlm negotiate anyauth location-trusted "
    "no-keepalive styled-output no-styled-output ssl ssl-reqd remote-time parallel retry-connrefused retry-all-errors "
    "disallow-username-in-url suppress-connect-headers xattr_ version help netrc netrc-optional haproxy-protocol cert-status"
)
_VALUED = (
    "H= A= e= b= m= u= x= w= r= o= X= y= Y= z= E= C= U= Q_= T_= d_= F_= K_= c_= D_= header= user-agent= referer= cookie= "
    "max-time= user= proxy= write-out= range= connect-timeout= retry= retry-delay= retry-max-time= resolve= connect-to= "
    "cacert= capath= cert= key= cert-type= key-type= pass= ciphers= tls13-ciphers= interface= local-port= max-redirs= "
    "limit-rate= speed-limit= speed-time= unix-socket= abstract-unix-socket= noproxy= proxy-user= oauth2-bearer= aws-sigv4= "
    "output= request= url= time-cond= max-filesize= dns-servers= doh-url= keepalive-time= tls-max= proto= proto-default= "
    "proto-redir= service-name= happy-eyeballs-timeout-ms= url-query= expect100-timeout= proxy-header= request-target= "
    "interface= pinnedpubkey= socks5= socks5-hostname= data_"
)
_CURL = " ".join(name for name in f"{_FLAGS} {_VALUED}".split() if "_" not in name)
_DATA = "d= data= data-raw= data-urlencode= data-binary= data-ascii= json="
_SENDING = {"T", "F", "upload-file", "form", "form-string", "mail-from", "mail-rcpt", "quote", "Q", "ftp-create-dirs"}
_READING_METHODS = {"GET", "HEAD", "OPTIONS"}

# POST requests by which well-known servers are only asked a question: matched against the path of the URL.
_QUERY_PATHS = re.compile(
    r"(?:/[\w.*,@%{}<>\x00-]*)?/_(?:search|msearch|count|mget|validate/query|field_caps|analyze|explain|async_search|eql/search|sql)"
    r"|(?:/[\w.-]+)*/api/v1/(?:query|query_range|series|labels|query_exemplars)|/loki/api/v1/(?:query|query_range|series|labels)"
    r"|/graphql/health"
)


def _curl(call: Invocation) -> Verdict:
    found = parsed(call.args, f"{_CURL} {_DATA}")
    if found.has("version", "help") and not found.operands:
        return reads("curl prints text")
    if found.strange:
        return _strange(found)
    method = _method(found)
    if method is None:
        return unknown("the HTTP method is not known here")
    if _writes_file(found):
        return changes("curl writes a file")
    urls = _urls(found)
    if urls is None:
        return unknown("curl has no address, or one of another protocol")
    if any(url.lower().startswith("telnet:") for url in urls):
        if call.piped:
            return unknown("curl sends whatever it is fed")
        return Verdict(Risk.READ_ONLY, "curl keeps a connection open", endless=True, edits=(call.put(0, "-m 5"),))
    return _by_method(found, method, urls)


def _strange(found: Parsed) -> Verdict:
    names = {text.lstrip("-").partition("=")[0] for text in found.strange}
    if names & {"O", "remote-name", "remote-name-all", "J", "create-dirs", "output-dir", "remote-header-name"}:
        return changes("curl writes a file")
    if names & _SENDING:
        return changes("curl uploads something")
    return unknown(f"curl has an option that may write or is not known: {shown(found.strange[0])}")


def _method(found: Parsed) -> str | None:
    given = [option.text for option in found.options if option.name in ("X", "request")]
    if given:
        named = (given[-1] or "").strip()
        return named.upper() if re.fullmatch(r"[A-Za-z]+", named) else None
    if found.has("I", "head"):
        return "HEAD"
    sends = any(option.name in ("d", "json") or option.name.startswith("data") for option in found.options)
    return "POST" if sends and not found.has("G", "get") else "GET"


def _writes_file(found: Parsed) -> bool:
    for option in found.options:
        if option.name in ("o", "output") and option.text not in ("/dev/null", "-", "/dev/stdout", "/dev/stderr"):
            return True
        if option.name in ("w", "write-out") and re.search(r"%output\{", option.text or ""):
            return True
    return False


def _urls(found: Parsed) -> list[str] | None:
    texts = [arg.text for arg in found.operands]
    texts += [option.text or "" for option in found.options if option.name == "url"]
    if not texts:
        return None
    for text in texts:
        scheme = text.partition("://")[0].lower() if "://" in text else "http"
        if scheme not in ("http", "https", "telnet", "\x00", "ws", "wss") and "\x00" not in scheme:
            return None
    return texts


_RISKY_GET = re.compile(
    r"/(?:-/(?:reload|quit)|_shutdown|shutdown|quitquitquit|abortabortabort|reset_counters|_flush|flushall|purge|delete|drain"
    r"|restart|reboot|stop|reload|clear-?cache|cleanup|heapdump|_forcemerge)(?:[/?]|$)",
    re.IGNORECASE,
)


def _by_method(found: Parsed, method: str, urls: list[str]) -> Verdict:
    paths = [_path(url) for url in urls]
    if method in _READING_METHODS:
        acts = next((path for path in paths if _RISKY_GET.search(path)), None)
        if acts is not None:
            return unknown(f"a GET of {shown(acts)} looks as if it did something")
        return reads(f"curl sends a {method} request, which only reads", leaks=False)
    if method == "POST" and all(_QUERY_PATHS.fullmatch(path) for path in paths):
        return reads("this POST only asks a question")
    if method == "DELETE":
        return destroys("curl -X DELETE deletes what the address names")
    return changes(f"curl sends a {method} request, which may change something")


def _path(url: str) -> str:
    try:
        return urlsplit(url if "://" in url else f"http://{url}").path.rstrip("/")
    except ValueError:
        return url


def _wget(call: Invocation) -> Verdict:
    """wget saves what it fetches, unless it is told to print or only to look."""
    spec = (
        "q nv S O= T= t= nc v no-check-certificate spider server-response output-document= timeout= tries= quiet no-verbose header= "
        "user-agent= user= password= method= no-proxy content-on-error max-redirect= 4 6 inet4-only inet6-only connect-timeout= "
        "read-timeout= dns-timeout= waitretry= retry-connrefused progress= show-progress auth-no-challenge U= http-user= http-password= "
        "ca-certificate= no-hsts version help"
    )
    found = parsed(call.args, spec)
    if found.has("version", "help"):
        return reads("wget prints text")
    strange = [text for text in found.strange if text not in ("-n",)]
    if strange:
        return changes("wget saves files or is used in a way we do not judge")
    method = found.get("method")
    if method is not None and (method.text or "").upper() not in _READING_METHODS:
        return changes("wget sends a request that may change something")
    output = found.get("O", "output-document")
    to_output = output is not None and output.text in ("-", "/dev/null", "/dev/stdout")
    if not to_output and not found.has("spider"):
        return changes("wget saves a file")
    if any(_RISKY_GET.search(_path(arg.text)) for arg in found.operands):
        return unknown("this address looks as if it did something")
    return reads("wget fetches an address and prints it")


def _httpie(call: Invocation) -> Verdict:
    args = [text for text in call.texts if not text.startswith("-")]
    options = [text for text in call.texts if text.startswith("-")]
    known = {"-v", "-h", "-b", "--headers", "--body", "--verbose", "--check-status", "--follow", "-F", "--verify=no", "--ignore-stdin",
             "--print=h", "--print=b", "--print=hb", "-j", "--json", "--pretty=none", "--pretty=all"}  # fmt: skip
    if any(text not in known for text in options):
        return unknown(f"{call.name} has an option we do not judge")
    if any(text == "\x00" or arg.braces for text, arg in zip(call.texts, call.args, strict=True)):
        return unknown(f"{call.name} is given a method or data that is not known here")
    if len(args) > 1 and args[0].isalpha():
        if args[0].upper() not in _READING_METHODS:
            return changes(f"{call.name} sends a {args[0]} request, which may change something")
        args = args[1:]
    if not args or any("=" in text.partition("://")[2].partition("?")[0] for text in args[:1]):
        return unknown(f"{call.name} has no address")
    if any(re.search(r"^[\w-]+(:=|=|@)", text) for text in args[1:]) or call.piped:
        return changes(f"{call.name} sends data")
    return reads(f"{call.name} sends a GET request, which only reads")


def _open(call: Invocation) -> Verdict:
    return asks(f"{call.name} opens a window for a person")


def _grpcurl(call: Invocation) -> Verdict:
    spec = (
        "plaintext insecure v vv emit-defaults format= d= H= rpc-header= reflect-header= import-path= proto= protoset= cacert= "
        "cert= key= authority= servername= connect-timeout= max-time= keepalive-time= max-msg-sz= use-reflection"
    )
    found = parsed(call.args, spec, single=True)
    texts = [arg.text for arg in found.operands]
    if found.strange or not 1 < len(texts) < 4:
        return unknown("grpcurl is used in a way we do not judge")
    if texts[1] in ("list", "describe"):
        return reads("grpcurl lists services")
    if len(texts) == 2 and texts[1].endswith(("Health/Check", "Health.Check")):
        return reads("grpcurl asks a service whether it is well")
    return unknown("grpcurl calls a method that could do anything")


TOOLS: dict[str, Judge] = {
    "curl": _curl,
    "wget": _wget,
    "http": _httpie,
    "https": _httpie,
    "xh": _httpie,
    "grpcurl": _grpcurl,
    "open": _open,
    "xdg-open": _open,
    "ab": changer("puts a server under load"),
    "wrk": changer("puts a server under load"),
    "hey": changer("puts a server under load"),
    "k6": changer("puts a server under load"),
    "siege": changer("puts a server under load"),
    "vegeta": changer("puts a server under load"),
    "ngrok": changer("opens a tunnel"),
    "aria2c": changer("saves files"),
}
