"""Secrets that are known by their shape alone: the tokens of providers, hashes of passwords, webhook addresses.

A provider's line here is all that a new token format needs. `TOKENS` maps how a token begins to what follows; it
counts only where a word begins. `ANYWHERE` holds shapes that are recognised by something in their middle: a literal
that must occur, and a pattern whose group `v` is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

W = r"[A-Za-z0-9_-]"
A = r"[A-Za-z0-9]"


def _each(prefixes: str, rest: str) -> dict[str, str]:
    return dict.fromkeys(prefixes.split(), rest)


TOKENS: Mapping[str, str] = {
    "AKIA": r"[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    "ASIA": r"[A-Z0-9]{16}(?![A-Za-z0-9])",
    **_each("ghp_ gho_ ghu_ ghs_ ghr_", rf"{A}{{20,255}}"),  # GitHub
    "github_pat_": r"\w{22,255}",
    **_each("glpat- gldt- glrt- glsoat- glcbt- glptt- glft- glimt- glagent- gloas-", r"[\w.-]{20,300}"),  # GitLab
    "GR1348941": rf"{W}{{20,64}}",
    **_each("xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxd-", r"[A-Za-z0-9%/+=-]{12,400}"),  # Slack
    **_each("xoxe- xoxe. xapp-", r"[A-Za-z0-9.-]{12,400}"),
    "sk-": rf"(?=[A-Za-z_-]{{0,40}}\d){W}{{20,400}}",  # OpenAI, Anthropic and those who imitate them
    **_each("sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_", rf"{A}{{12,255}}"),  # Stripe
    "whsec_": r"[A-Za-z0-9+/=]{20,128}",
    "AIza": rf"{W}{{35}}",  # Google
    "ya29.": rf"{W}{{20,2000}}",
    "GOCSPX-": rf"{W}{{20,64}}",
    "1//0": rf"{W}{{40,400}}",
    "SG.": rf"{W}{{16,32}}\.{W}{{16,64}}",  # SendGrid
    "key-": r"[0-9a-f]{32}(?![0-9a-z])",  # Mailgun
    "SK": r"[0-9a-f]{32}(?![0-9a-f])",  # Twilio
    "npm_": rf"{A}{{36}}",
    "pypi-": rf"{W}{{50,1000}}",
    **_each("dop_v1_ doo_v1_ dor_v1_", r"[a-f0-9]{64}"),  # DigitalOcean
    **_each("hvs. hvb. hvr.", rf"{W}{{20,400}}"),  # Vault
    **_each("dckr_pat_ dckr_oat_", rf"{W}{{20,64}}"),
    "dapi": r"[0-9a-f]{32}(?:-\d)?(?![0-9a-z])",  # Databricks
    "HRKU-": rf"{W}{{20,100}}",  # Heroku
    **_each("shpat_ shpca_ shppa_ shpss_", r"[a-fA-F0-9]{32}"),  # Shopify
    **_each("sq0atp- sq0csp-", rf"{W}{{22,60}}"),  # Square
    **_each("lin_api_ figd_ PMAK- rubygems_ sbp_ pul- pnu_ bkua_ CCIPAT_ nfp_", rf"(?={W}{{0,40}}\d){W}{{20,200}}"),
    **_each("ATATT3 ATCTT3 ATBB", r"[\w=.-]{20,400}"),  # Atlassian
    **_each("NRAK- NRJS- NRII- NRAL-", rf"{A}{{20,64}}"),  # New Relic
    **_each("glsa_ glc_", r"[\w=]{20,400}"),  # Grafana
    **_each("sntrys_ sntryu_", r"[\w=+/-]{20,400}"),  # Sentry
    **_each("hf_ r8_ gsk_", rf"{A}{{30,100}}"),  # Hugging Face, Replicate, Groq
    **_each("xai- pplx-", rf"{A}{{40,120}}"),
    **_each("pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w=.-]{20,100}"),  # PlanetScale
    "tskey-": rf"{W}{{16,100}}",  # Tailscale
    **_each("dp.pt. dp.st. dp.ct. dp.sa.", r"[\w.]{20,100}"),  # Doppler
    "AGE-SECRET-KEY-1": r"[A-Z0-9]{50,70}",
    "AKCp": rf"{A}{{60,80}}",  # Artifactory
    "ntn_": rf"{A}{{40,60}}",  # Notion
    "fm2_": r"[\w+/=]{40,1000}",  # Fly
    "cio": rf"{A}{{32}}(?!{A})",  # crates.io
    "EAACEdEose0cBA": rf"{A}{{20,400}}",  # Facebook
    "eyJ": rf"{W}{{8,8000}}\.{W}{{8,64000}}(?:\.{W}*){{0,3}}",  # JWT and JWE, cut-off ones too
    **_each("pbkdf2_sha256$ pbkdf2_sha1$ bcrypt_sha256$ argon2$ scrypt$", r"[\w./$=,+-]{16,400}"),  # Django
    **_each("pbkdf2:sha256: pbkdf2:sha512: scrypt:", r"[\d:]{2,24}\$[\w./$=,+-]{16,400}"),  # Werkzeug
    "SCRAM-SHA-256$": r"[\w:+/$=]{20,400}",  # PostgreSQL
    "md5": r"[0-9a-f]{32}(?![0-9a-f])",
}

ANYWHERE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("hooks.slack.com/", re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[\w/-]{8,200})")),
    ("/api/webhooks/", re.compile(rf"/api/webhooks/\d{{8,22}}/(?P<v>{W}{{20,120}})")),  # Discord
    ("webhook.office.com/", re.compile(r"webhook\.office\.com/(?P<v>[\w@/-]{20,400})")),  # Teams
    (":AA", re.compile(rf":AA(?<=\d{{8}}:AA)(?<!\d{{11}}:AA)(?P<v>{W}{{32,36}})(?![\w-])")),  # Telegram
    ("-us", re.compile(r"(?<![0-9a-f])(?P<v>[0-9a-f]{32}-us\d{1,2})\b")),  # Mailchimp
    (".atlasv1.", re.compile(rf"(?P<v>{A}{{14}}\.atlasv1\.{W}{{50,100}})")),  # Terraform Cloud
    ("8Q~", re.compile(r"(?P<v>\w{3}8Q~[\w.~-]{31,34})")),  # Entra ID
    ("$2", re.compile(r"(?P<v>\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,53})")),  # bcrypt
    ("$", re.compile(r"(?P<v>\$(?:[1567y]|apr1|argon2i?d?)\$[\w./$=,+-]{16,400})")),  # crypt and argon2
    ("{S", re.compile(r"\{S?SHA(?:256|512)?\}(?P<v>[A-Za-z0-9+/=]{16,200})")),  # LDAP
)


_MARKS = "_-.$"
"""Signs that most tokens have after their first letters. They are rare, so a search for them passes text quickly."""


def _marked(mark: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    names = tuple(name for name in TOKENS if name[-1] == mark)
    before = "".join(sorted({re.escape(name[-2]) for name in names}))
    rest = r"[\w./$=,:+-]{12}" if mark == "$" else r"[\w.=%/+~-]{12}"
    return re.compile(rf"{re.escape(mark)}(?<=[{before}]{re.escape(mark)})(?={rest})"), names


def _unmarked() -> dict[str, list[str]]:
    """Patterns of the other tokens by their first letter: a search for one letter costs next to nothing."""
    groups: dict[str, list[str]] = {}
    for name, rest in TOKENS.items():
        if name[-1] not in _MARKS:
            groups.setdefault(name[0], []).append(re.escape(name[1:]) + rest)
    return groups


_MARKED = tuple(_marked(mark) for mark in _MARKS)
_UNMARKED = tuple(re.compile(f"{letter}(?:{'|'.join(rests)})") for letter, rests in _unmarked().items())
_ANYWHERE = tuple((re.compile(re.escape(literal)).search, pattern) for literal, pattern in ANYWHERE)
_RESTS = {name: re.compile(rest) for name, rest in TOKENS.items()}
# A token may follow what is left of an escape: \n in JSON, %3D in a URL, the m that ends a terminal colour.
_WORD_BEGINS = re.compile(r"(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<=[0-9;\[]m)")
_TAIL = re.compile(r"[\w-]*")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets of known formats stand."""
    for start, end in _candidates(text):
        if _WORD_BEGINS.match(text, start):
            yield start, _TAIL.match(text, end).end()  # type: ignore[union-attr] # it always matches
    for occurs, pattern in _ANYWHERE:
        if occurs(text):
            yield from (match.span("v") for match in pattern.finditer(text))


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    for mark, names in _MARKED:
        for found in mark.finditer(text):
            end = found.end()
            if text.endswith(names, 0, end):
                yield from _complete(text, [name for name in names if text.endswith(name, 0, end)], end)
    for pattern in _UNMARKED:
        yield from (match.span() for match in pattern.finditer(text))


def _complete(text: str, names: list[str], end: int) -> Iterator[tuple[int, int]]:
    for name in names:
        if rest := _RESTS[name].match(text, end):
            yield end - len(name), rest.end()
