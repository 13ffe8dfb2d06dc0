"""What the words of headings and labels mean, wherever they stand. Knowledge about shapes, none about a document."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Role(Enum):
    """What a label says of the text below it, inside the entry of one incident."""

    SYMPTOMS = "symptoms"
    MEANING = "meaning"
    CAUSES = "causes"
    DIAGNOSIS = "diagnosis"
    SOLUTION = "solution"
    VERIFICATION = "verification"
    SEQUENCE = "sequence"
    """Steps in order, of any kind: "Immediate Actions", "Procedure"."""
    SEVERITY = "severity"
    ASIDE = "aside"
    """Worth reading, and nothing to do: notes, references, contacts, prevention."""

    @property
    def has_steps(self) -> bool:
        return self in (Role.DIAGNOSIS, Role.SOLUTION, Role.VERIFICATION, Role.SEQUENCE)


class Area(Enum):
    """What a heading says of the sections below it."""

    INCIDENT = "incident"
    RECOVERY = "recovery"
    EMERGENCY = "emergency"
    GENERAL = "general"
    ENTRY = "entry"
    """The heading names an incident itself: "Issue: ...", "High CPU Usage", "KubePodCrashLooping"."""
    OTHER = "other"
    """Install, deploy, configure, monitor, maintain, refer: never offered."""


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(patterns)})", re.I)


_QUALIFIER = (
    r"(?:(?:initial|immediate|further|quick|first|detailed|additional|possible|common|likely|potential|typical|probable"
    r"|short|long|permanent|temporary|recommended|suggested|manual|automated|basic|next|main|key|full|emergency|detection"
    r"|general|alert|incident|steps?|and|&|/|the|of|to|for)[ -])*"
)
_TAIL = (
    r"(?:[ -](?:steps?|checks?|commands?|procedures?|actions?|guide|details?|notes|options?|info|information|plan"
    r"|checklist))*\s*[:.?!]*"
)
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (
        role,
        re.compile(rf"{_QUALIFIER}(?:{'|'.join(patterns)}){_TAIL}", re.I),
    )
    for role, patterns in (
        (
            Role.SYMPTOMS,
            (
                "symptoms?",
                "signs?(?: and symptoms?)?",
                "indicators?",
                "scenario",
                "what (?:you|users?) (?:will |may |might )?(?:see|notice)",
                "(?:when|how) (?:does )?(?:this|it) (?:alert )?(?:fires?|happens?|triggers?)",
                "observed behaviou?r",
                "error messages?",
                "conditions?",
                "triggers?",
                "detection",
            ),
        ),
        (
            Role.MEANING,
            (
                "meaning",
                "what (?:does )?(?:this|it|the alert)(?: alert)? means?",
                "(?:alert )?descriptions?",
                "summary",
                "overview",
                "background",
                "context",
                "problem(?: statement| description)?",
                "explanation",
                "impact(?: assessment| analysis)?",
                "(?:user|business|customer|service) impact",
                "consequences?",
                "issue",
            ),
        ),
        (
            Role.CAUSES,
            ("(?:root )?causes?(?: analysis)?", "reasons?", "why(?: (?:this|it) happens)?", "contributing factors"),
        ),
        (
            Role.DIAGNOSIS,
            (
                "diagnos\\w+",
                "investigat\\w+",
                "troubleshoot\\w*",
                "debug\\w*",
                "checks?",
                "triage",
                "analysis",
                "what to (?:check|look (?:for|at))",
                "how to (?:check|diagnose|investigate|debug|identify|confirm|verify)(?: .{0,30})?",
                "identif(?:y|ication)(?: the (?:issue|problem|cause))?",
                "confirm(?:ation)?(?: the (?:issue|problem|alert))?",
                "assess(?:ment)?",
                "verify the (?:issue|problem|alert)",
            ),
        ),
        (
            Role.VERIFICATION,
            (
                "verif\\w+(?: (?:the )?(?:fix|resolution|recovery|solution|success|restore))?",
                "validat\\w+(?: (?:the )?(?:fix|resolution|recovery|solution))?",
                "post[- ](?:checks?|fix checks?|recovery(?: checks?)?|resolution(?: checks?)?)",
                "how to (?:know|tell) it worked",
                "confirm (?:the )?(?:resolution|fix|recovery)",
                "success criteria",
            ),
        ),
        (
            Role.SOLUTION,
            (
                "solutions?",
                "resolutions?",
                "resolve",
                "resolving(?: the (?:issue|problem|alert))?",
                "mitigat\\w+",
                "remed\\w+",
                "fix(?:es|ing)?(?: (?:it|the (?:issue|problem)))?",
                "how (?:to|do i) (?:fix|resolve|mitigate|remediate|recover)(?: .{0,30})?",
                "corrective measures",
                "work-?arounds?",
                "repair",
                "recovery",
                "contain(?:ment)?",
                "eradicat\\w+",
                "treatment",
                "cure",
                "answer",
            ),
        ),
        (
            Role.SEQUENCE,
            (
                "actions?(?: (?:to take|items?))?",
                "steps?(?: to (?:take|follow|resolve|recover|fix|reproduce))?",
                "procedures?",
                "respon[sd]\\w*(?: procedures?)?",
                "run ?book",
                "play ?book",
                "instructions?",
                "process",
                "what to do(?: .{0,30})?",
                "to ?do",
                "(?:restore|restoration|rollback|failover)(?: of .{0,30})?",
            ),
        ),
        (Role.SEVERITY, ("severity(?: level)?", "priority", "urgency")),
        (
            Role.ASIDE,
            (
                "notes?",
                "remarks?",
                "prevent\\w+(?: measures)?",
                "references?",
                "(?:related|useful|external|see) ?(?:alerts?|links?|docs?|documentation|resources?|dashboards?)?",
                "(?:related|useful|further|see) (?:reading|runbooks?|also|issues?)",
                "links?",
                "resources?",
                "follow[- ]?ups?",
                "post[- ]?mortem",
                "history",
                "change ?log",
                "tags?",
                "dashboards?",
                "owners?(?:hip)?",
                "team",
                "contacts?",
                "escalat\\w+(?: path)?",
                "when to escalate",
                "communications?",
                "purpose",
                "dependenc(?:y|ies)",
                "examples?",
                "metrics?",
                "alerts?(?: rules?| definitions?)?",
                "default definition",
                "table of contents",
                "contents",
                "requirements",
                "prerequisites?",
                "warnings?",
                "caution",
                "important",
                "lessons learned",
                "metadata",
                "last updated",
                "file",
            ),
        ),
    )
)

_PARTS = (
    "symptoms? meaning impact causes? reasons? diagnos(?:is|tics|e) fix mitigations? resolutions? solutions?",
    "remediation",
)
STRICT = re.compile(rf"\b(?:{'|'.join(_PARTS).replace(' ', '|')})\b", re.I)
"""Labels that no section bears but one about an incident; a heading with such children is an entry itself."""

_NUMBER = re.compile(r"^\s*(?:(?:step|phase|part)\s+\d+\s*[:.)–—-]*|\(?\d+(?:\.\d+)*[.):]?|[a-z]\))\s+(?=\S)", re.I)
_PREFIX = re.compile(
    r"^(?:issue|alert(?: name)?|incident|problem|symptom|error|run ?book|playbook|scenario|case)\s*(?:#?\d+)?"
    r"\s*[:–—-]\s*",
    re.I,
)
_DECORATION = re.compile(r"^[\W_]+(?=\w)|[\s:#]+$")


def bare(heading: str) -> str:
    """A heading without its number and emoji: "2.1 Daily Operations" is "Daily Operations"."""
    return _NUMBER.sub("", _strip_symbols(heading)).strip().rstrip("#").strip() or heading.strip()


def _strip_symbols(text: str) -> str:
    return re.sub(r"^[^\w(\"'`<\[./$]+", "", text.strip())


def title_of(heading: str) -> str:
    """What a person would call the entry: without number and without "Issue:"."""
    title = bare(heading)
    return (_PREFIX.sub("", title).strip(" \"'") or title) if _PREFIX.match(title) else title


def slug(text: str) -> str:
    """Lower case, digits and hyphens: what an id is made of."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub("['’]", "", text.lower())).strip("-") or "untitled"


@lru_cache(maxsize=4096)
def role_of(label: str) -> Role | None:
    """What a label, or the heading of a part of an entry, says of what stands below; None when it is just a title."""
    text = re.sub(r"\([^()]*\)", "", bare(label)).strip(" :.-–—*_")
    if not text or len(text) > 60:
        return None
    for role, pattern in _ROLES:
        if pattern.fullmatch(text):
            return role
    return None


def is_strict(label: str) -> bool:
    """Whether a heading is a part of an entry beyond doubt, "Mitigation" for one and "Overview" not."""
    words = re.findall(r"[a-z]+", bare(label).lower())
    return bool(words) and len(words) <= 4 and role_of(label) is not None and STRICT.search(label) is not None


_TROUBLE = _words(
    r"\b(?:is|are|goes|going|went|all) down\b",
    r"\b(?:host|instance|server|service|node|cluster|member|target|database|site|app|api)s? down\b",
    r"\bdown(?:time)?$",
    r"\b(?:un|not )(?:available|reachable|responsive|responding|healthy|ready)\b",
    r"\bnot (?:running|working|starting|loading|found)\b",
    r"\bunavailab\w+",
    r"\bunreachab\w+",
    r"\b(?:won'?t|wont|can'?t|cannot|doesn'?t|does not|unable to|fails? to|failing to|failed to|could not|not) \w+",
    r"\bfail(?:s|ed|ing|ures?)?\b",
    r"\berrors?\b",
    r"\bissues?\b",
    r"\bproblems?\b",
    r"\bexhaust\w*",
    r"\b(?:is|are|disk|space|volume|storage|queue|filesystem|partition|inodes?|nearly)(?: space)? (?:full|filling)\b",
    r"\bfull$",
    r"\bout of (?:memory|disk|space|inodes|sync|date)\b",
    r"\bleaks?\b",
    r"\bexpir\w+",
    r"\btime ?d? ?outs?\b",
    r"\bslow\w*",
    r"\b(?:high|low|excessive|elevated|increased|too (?:many|high|low)|insufficient|missing|abnormal|unusual)\b.*\w",
    r"\bcrash\w*",
    r"\boom(?: ?kill\w*)?\b",
    r"\bstuck\b",
    r"\boutages?\b",
    r"\bbreach\w*",
    r"\bdata loss\b",
    r"\bcorrupt\w*",
    r"\b(?:replication|consumer|replica) lag\w*|\blag(?:ging)?$",
    r"\bexceed\w*",
    r"\bsaturat\w*",
    r"\bdegrad\w*",
    r"\bdead ?locks?\b",
    r"\bunhealthy\b",
    r"\bpending\b",
    r"\bthrottl\w*",
    r"\bsplit[- ]brain\b",
    r"\b(?:rejected|refused|denied|dropped|lost|broken|blocked|hung|hanging|absent|inconsistent|mismatch|overload\w*|overcommit\w*|flapping|stale|evicted|misconfigured|compromised|violated)\b",
    r"\b(?:attack|ddos|intrusion|malware|ransomware)\b",
    r"\bspikes?\b",
    r"\bcrash ?loop\w*",
    r"\bincident$",
    r"\b(?:4xx|5xx|50\d|40\d)s?\b",
    r"\balerts?$",
)
_NO_TROUBLE = _words(
    r"high availability",
    r"error (?:handling|codes?|reporting|tracking|budget)",
    r"issues? (?:track|weight|label|template|board|triag|workflow)\w*",
    r"reporting (?:issues|problems|errors)",
    r"(?:github|gitlab|jira) issues?",
    r"slow query log\w*",
    r"\b(?:access|error|audit|application) logs?\b",
    r"(?:setting up|configur\w+|creating|adding|silenc\w+|managing) alerts?",
    r"(?:monitoring|metrics|dashboards?|logging|observability)\b.* alerts?$",
    r"high[- ]level",
    r"low[- ]level",
    r"missing features?",
)
_ALTERNATIVES: tuple[tuple[Area, re.Pattern[str]], ...] = (
    (Area.EMERGENCY, _words(r"\bemergenc(?:y|ies)\b(?! contacts?)")),
    (
        Area.GENERAL,
        _words(
            r"^(?:general |major )?incident (?:response|management|handling)(?: and \w+)? "
            r"(?:procedure|process|plan|workflow|steps|checklist|protocol|guide)s?$",
            r"^(?:general |first |on-?call )?(?:triage|response) (?:procedure|process|steps|workflow|protocol)s?$",
            r"^first (?:response|steps)$",
            r"^on-?call (?:procedure|process)s?$",
        ),
    ),
    (
        Area.INCIDENT,
        _words(
            r"\btrouble ?-?shoot\w*",
            r"\b(?:common|known|frequent|typical|recurring|possible) (?:\w+ )?"
            r"(?:issues?|problems?|errors?|failures?|incidents?|alerts?|scenarios?)\b",
            r"\b(?:performance|operational|production|connectivity|database|network|application) "
            r"(?:issues|problems|incidents|failures|alerts)$",
            r"\bincident (?:response|management|handling|runbooks?|playbooks?|scenarios?|types?|procedures?)\b",
            r"\b(?:critical|major|minor|high|medium|low|severity|sev|p\d)\b.*\bincidents?\b",
            r"^(?:incidents?|alerts?|problems?|issues|errors|failures|outages)(?: (?:and|&) \w+)?$",
            r"\b(?:alert|incident|issue|problem|failure|error)s? "
            r"(?:run ?books?|playbooks?|responses?|handling|resolution|reference|list|scenarios?|modes?|procedures?)\b",
            r"\bfailure (?:scenarios?|modes?|handling)\b",
            r"^(?:runbooks|playbooks)$",
            r"\bdebugging\b",
            r"\bdiagnosing\b",
        ),
    ),
    (
        Area.RECOVERY,
        _words(
            r"\bdisaster[- ]recovery\b",
            r"\brecover(?:y|ing|ies)?\b",
            r"\brestor(?:e|es|ing|ation)\b",
            r"\broll(?:ing)?[- ]?backs?\b",
            r"\bfail(?:ing)?[- ]?(?:over|back)s?\b",
            r"\bpoint[- ]in[- ]time\b",
            r"\b(?:service|emergency) restarts?\b",
        ),
    ),
)
_OTHER = _words(
    r"\binstall\w*",
    r"\bset(?:ting)?[- ]?up\b",
    r"\bgetting (?:started|support|help)\b",
    r"\b(?:pre)?requisites?\b",
    r"\brequirements?\b",
    r"\bconfigur\w+",
    r"\bdeploy\w*",
    r"\bhot ?fix\w*",
    r"\barchitecture\b",
    r"\boverview\b",
    r"\bintroduction\b",
    r"\babout\b",
    r"\bmonitor\w*",
    r"\bmetrics?\b",
    r"\bdashboards?\b",
    r"\bobservability\b",
    r"\blogging\b",
    r"\blogs?\b",
    r"\bscal(?:e|ing)\b",
    r"\bload balancing\b",
    r"\bsecurity\b(?! incident| breach)",
    r"\bbest practices\b",
    r"\bmaintenance\b",
    r"\broutine\b",
    r"\b(?:daily|weekly|monthly|quarterly|annual|yearly|regular|periodic)\b",
    r"^(?:standard )?operati(?:ons|ng)(?: procedures?)?$",
    r"\breferences?\b",
    r"\bappendix\b",
    r"\bcontacts?\b",
    r"\bsupport\b",
    r"\bchange ?log\b",
    r"\bversion\w*\b",
    r"\bcontents\b",
    r"\btraining\b",
    r"\bon-?boarding\b",
    r"\btools?\b",
    r"\bback ?-?ups?\b",
    r"\bschedules?\b",
    r"\bchecklists?\b",
    r"\bglossary\b",
    r"\bresources?\b",
    r"\blinks?\b",
    r"\bescalation\b",
    r"\bseverit(?:y|ies)\b",
    r"\bquick (?:start|reference)\b",
    r"\b(?:essential|useful|handy|common) (?:commands|queries|operations|tasks)\b",
    r"\bservice management\b",
    r"\bupdat(?:e|es|ing)\b",
    r"\bupgrad\w+",
    r"\bmigrations?\b",
    r"\brotat(?:e|ion|ing)\b",
    r"\b(?:secret|certificate|user|access|key)s? management\b",
    r"\btest(?:s|ing)?\b",
    r"\bdrills?\b",
    r"\bpost-?(?:mortem|incident)s?\b",
    r"\b(?:sla|slo|rto|rpo)s?\b",
    r"\bobjectives?\b",
    r"\bcommunication plan\b",
    r"\broles(?: and responsibilities)?\b",
    r"\bprovision\w*",
    r"\bcapacity\b",
    r"\bhealth checks?\b",
    r"\bprevent\w+",
    r"\blessons\b",
)
_NO_RECOVERY = _words(
    r"\b(?:test|tests|testing|drill|drills|verif\w+|schedules?|strateg\w+|overview|objectives?|rto|rpo|polic\w+|plan(?:ning)?|checklists?)\b"
)
_MIXED = _words(r"\bback ?-?ups?\b")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")


def split_words(name: str) -> str:
    """ "KubePodCrashLooping" and "kube_pod_crash_looping" are "Kube Pod Crash Looping" and so on."""
    return re.sub(r"\s+", " ", _CAMEL.sub(" ", name)).strip()


def is_trouble(heading: str) -> bool:
    """Whether a heading names something that goes wrong."""
    title = split_words(bare(heading))
    return bool(_PREFIX.match(bare(heading))) or bool(_TROUBLE.search(title) and not _NO_TROUBLE.search(title))


@lru_cache(maxsize=4096)
def area_of(heading: str) -> Area | None:
    """What a heading opens: a kind of procedures, one incident, or something that is never offered."""
    title = bare(heading)
    if _PREFIX.match(title) and not re.match(r"(?i)(?:run ?book|playbook)\b", title):
        return Area.ENTRY
    for area, pattern in _ALTERNATIVES:
        if pattern.search(title) and not (area is Area.RECOVERY and _NO_RECOVERY.search(title)):
            return _unless_contacts(area, title)
    if is_trouble(title):
        return Area.ENTRY
    return Area.OTHER if _OTHER.search(title) else None


def _unless_contacts(area: Area, title: str) -> Area:
    return Area.OTHER if re.search(r"(?i)\b(?:contacts?|numbers|checklists?|severity levels?)\b", title) else area


def is_mixed(heading: str) -> bool:
    """ "Backup & Recovery": only those of its parts are procedures that say recovery themselves."""
    return area_of(heading) is Area.RECOVERY and _MIXED.search(bare(heading)) is not None


def severity_of(text: str) -> str | None:
    """P1 to P4 as a heading or label says it: "(P1)", "SEV-2", "Critical Incidents"."""
    if found := re.search(r"\bP([0-5])\b", text):
        return f"P{min(max(int(found[1]), 1), 4)}"
    if found := re.search(r"\bSEV(?:ERITY)?[ -]?([0-5])\b", text, re.I):
        return f"P{min(max(int(found[1]), 1), 4)}"
    if found := re.search(
        r"\b(critical|high|major|medium|moderate|low|minor)[ -](?:severity|priority|incidents?)\b", text, re.I
    ):
        return severity_word(found[1])
    return None


_SAID = re.compile(r"\b(critical|high|major|medium|moderate|low|minor)[ -](?:severity|priority|incidents?)\b", re.I)
_SEVERITY_WORDS = {
    "P1": ("critical", "disaster", "fatal", "page", "emergency", "blocker"),
    "P2": ("high", "error", "major", "urgent"),
    "P3": ("warning", "warn", "average", "medium", "moderate", "minor", "normal"),
    "P4": ("info", "informational", "low", "debug", "none", "trivial"),
}


def severity_word(text: str) -> str | None:
    """P1 to P4 for the word that a "Severity:" label holds."""
    if said := severity_of(text):
        return said
    words = re.findall(r"[a-z]+", text.lower())
    return next((level for level, known in _SEVERITY_WORDS.items() if any(word in known for word in words[:3])), None)
