"""The messages of an incident, as pure functions: rows in, text and blocks out.

One card per incident, edited in place, and in its thread one message per run, per fix, and at the end. Foreign text
stands in plain or rich text, where nothing is parsed; buttons carry ids and a digest and never any authority.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.slack import text as t
from bot.slack.story import Story
from bot.slack.text import Block
from bot.slack.wording import (
    LEVELS,
    PRIORITIES,
    RISKS,
    STATUSES,
    command_of,
    name_of,
    place_of,
    risk_of,
    state_of,
    title_of,
)
from incidents.alert import Priority
from incidents.lifecycle import ENDED, IncidentStatus, StepState
from incidents.models import Approval, Incident, Run, Step, TimelineEvent
from incidents.severity import acknowledge_by
from runbooks.document import Procedure
from workers.verdict import ILL, WELL, tally

FALLBACK = 1_000
"""Longest top-level text: what a notification shows and a screen reader reads."""

FACTS = 3
LINES = 40
"""Most steps that a thread message lists; the pages show the rest."""

ROOM = 8_500
"""Characters of JSON that all blocks of one message may take, well under what Slack was seen to refuse."""

MESSAGE_CHARACTERS = 10_000
"""What no message of ours exceeds, structure included."""

UNCHANGED = "nothing that the checks can see"
LABELS = {"timeline": "Timeline", "postmortem": "Post-mortem"}

SINKS = (StepState.DENIED, StepState.EXPIRED, StepState.SUPERSEDED)


@dataclass(frozen=True)
class Message:
    """What Slack should show: `text` for notifications and screen readers, `blocks` for eyes."""

    text: str
    blocks: Sequence[Block]

    @property
    def digest(self) -> str:
        """The same for two messages that look the same."""
        canonical = json.dumps([self.text, list(self.blocks)], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """A message that an incident should have. Without `thread` it stands in the channel itself.

    What is `loud` stands in the thread, and in the channel too.
    """

    key: str
    message: Message
    thread: bool = True
    loud: bool = False


def wanted(story: Story) -> list[Wanted]:
    """All messages that Slack should show for an incident now, the most telling first."""
    fixes = [step for step in story.steps if _was_decided(story, step)]
    closing_ = [Wanted("closing", closing(story))] if story.reopened or not story.open else []
    again = [Wanted(f"returned:{story.returned.seq}", returned(story), loud=True)] if story.returned else []
    return [
        Wanted("card", card(story), thread=False),
        *again,
        *(Wanted(f"fix:{step.id}", fix(story, step)) for step in fixes),
        *closing_,
        *(Wanted(f"checks:{run.id}", checks(story, run)) for run in story.runs),
    ]


# ---- the card


def card(story: Story) -> Message:
    """The one message of an incident: what is wrong, what the checks say, and the one step that a person may allow."""
    blocks = [
        t.header(_headline(story.incident)),
        t.context(_status(story)),
        *_banners(story),
        *_findings(story),
        *(_question(story) if story.open else _what_was_done(story)),
        *_next(story),
        *_ending(story),
    ]
    return Message(_fallback(story), blocks)


def _headline(incident: Incident) -> str:
    ended = {
        IncidentStatus.RESOLVED: "✅ Resolved",
        IncidentStatus.CLOSED: "✅ Closed",
        IncidentStatus.MERGED: "Merged",
        IncidentStatus.FALSE_ALARM: "False alarm",
        IncidentStatus.MITIGATED: f"🟢 Mitigated ({incident.priority})",
    }
    word = ended.get(IncidentStatus(incident.status)) or PRIORITIES.get(incident.priority, incident.priority)
    return f"{word}: {incident.title}"


def _status(story: Story) -> str:
    incident = story.incident
    parts = [
        f"*{name_of(incident)}*",
        STATUSES.get(incident.status, incident.status),
        f"lead {t.who(incident.lead)}" if incident.lead else "",
        f"since {t.moment(incident.started_at)}",
        _due(story),
        _place(incident),
        _alert_count(story),
        _urgency(incident) if story.open else "",
    ]
    return " · ".join(part for part in parts if part)


def _due(story: Story) -> str:
    incident = story.incident
    if incident.status != IncidentStatus.TRIGGERED:
        return f"resolved {t.moment(incident.resolved_at)}" if incident.resolved_at else ""
    begun = story.returned.at if story.returned else incident.detected_at
    by = acknowledge_by(Priority(incident.priority), begun)
    return f"acknowledge by {t.moment(by, '{time}')}" if by else "acknowledge by the next business day"


def _urgency(incident: Incident) -> str:
    """Why this priority. A person is not named here: on a new card a mention would ring their phone."""
    if incident.priority_by in ("rule", "runbook"):
        return f"{incident.priority}: {_brief(incident.priority_reason)}"
    said = incident.priority_reason
    return f"{incident.priority}: set by hand" + (
        "" if said == f"set by {incident.priority_by}" else f", {_brief(said)}"
    )


def _place(incident: Incident) -> str:
    return " / ".join(_brief(name) for name in dict.fromkeys((incident.system, incident.service)) if name)


def _alert_count(story: Story) -> str:
    return f"{story.alerts} alerts, {story.firing} firing" if story.alerts > 1 else ""


def _brief(text: str) -> str:
    return t.escape(t.clip(t.one_line(text), 120))


def _banners(story: Story) -> list[Block]:
    run, said = story.run, []
    if story.paused and story.open:
        _, _, reason = story.paused.partition(": ")
        said.append("⏸️ *Paused*: no step runs until `/runbook resume`." + (f" {_brief(reason)}" if reason else ""))
    if run is not None and run.mode == "shadow" and story.open:
        said.append(
            "👥 *Shadow*: this procedure is new here, so it plans and runs nothing. "
            f"To let it run: `/runbook promote {_brief(run.procedure_id)}`"
        )
    return [t.section(line) for line in said]


def _findings(story: Story) -> list[Block]:
    """What the alert says, the verdict, and up to three facts behind it; while checks run, how far they are."""
    run, incident = story.run, story.incident
    heard = [("Alert", t.clip(incident.summary, 300))] if _adds_something(incident) and story.open else []
    if run is None:
        return [t.rich(*_labelled(heard), t.line(t.words(_without_runbook(story))))]
    lines = _labelled([*heard, *_said(story, run)])
    facts = [t.line(*t.quoted(fact, limit=300)) for fact in _facts(story, run)]
    if facts and run.round > 1:
        lines.append(t.line(t.words("After the fix:", bold=True)))
    heading = t.clip(run.heading[-1] if run.heading else run.procedure_id, 200)
    source = _labelled([("Runbook", f"{heading} ({run.document}:{run.line})")])
    return [t.rich(*lines, *([t.bullets(facts)] if facts else []), *source)]


def _labelled(said: Sequence[tuple[str, str]]) -> list[Block]:
    return [t.line(t.words(f"{label}: ", bold=True), *t.quoted(text)) for label, text in said]


def _adds_something(incident: Incident) -> bool:
    return bool(incident.summary.strip()) and incident.summary.strip() != incident.title.strip()


def _without_runbook(story: Story) -> str:
    if story.incident.triaged_at is None:
        return "Looking for a runbook." if story.open else "No runbook was started."
    return "No runbook answers this alert. /runbook list shows what there is, /runbook run starts one."


def _said(story: Story, run: Run) -> list[tuple[str, str]]:
    mine = story.checks_of(run)
    running = [step for step in mine if step.state not in ENDED]
    again = " after the fix" if run.round > 1 else ""
    said = []
    if running and story.open:
        said.append((f"Checks{again}", f"{len(mine) - len(running)} of {len(mine)} done"))
    if run.verdict and not (running and run.round == 1):
        said.append(("Verdict before the fix" if running and again else "Verdict", t.clip(run.verdict, 600)))
    elif run.mode == "shadow":
        said.append(("Plan", _plan(story, run)))
    elif mine and not running:
        said.append(("Checks", tally(mine)))
    if tried := _tried(story):
        said.append(("Tried", "; ".join(f"{title_of(step)} ({_word_of(step)})" for step in tried)))
    return said


def _tried(story: Story) -> list[Step]:
    """The fixes that ran before the one that the card speaks of now."""
    asked = {approval.step_id for approval in story.approvals}
    run = story.run
    mine = [step for step in story.steps_of(run) if step.id in asked and step.state in WELL | ILL]
    return [step for step in mine if step is not story.fix]


def _word_of(step: Step) -> str:
    """The state of a step without its symbol."""
    return state_of(step).partition(" ")[2]


def _plan(story: Story, run: Run) -> str:
    mine = story.steps_of(run)
    steps = [step for step in mine if step.text is not None and step.state == StepState.PLANNED]
    reads = sum(step.risk == "read_only" for step in steps)
    counts = {"only to read": reads, "to ask for first": len(steps) - reads, "left to you": len(_by_hand(mine))}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    steps_said = "1 step" if sum(counts.values()) == 1 else f"{sum(counts.values())} steps"
    return f"{steps_said}: {said}; the thread shows them all" if said else "no step could run from here"


def _by_hand(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.text is None]


def _facts(story: Story, run: Run) -> list[str]:
    """What the newest checks found, worst first, without what the verdict says already.

    What is well is only worth its line where nothing else is to be said.
    """
    order = list(LEVELS)
    found = [
        (order.index(finding["level"]), f"{LEVELS[finding['level']]}: {_subject(finding)}{finding['text']}")
        for step in story.checks_of(run)
        for finding in step.findings
        if finding.get("level") in LEVELS and str(finding.get("text")) not in (run.verdict or "")
    ]
    lost = [(1, f"⚠️ Could not run: {title_of(s)} ({_cause(s)})") for s in story.checks_of(run) if _could_not_run(s)]
    ranked = sorted(dict.fromkeys(found + lost), key=lambda fact: fact[0])
    ranked = [fact for fact in ranked if fact[0] < order.index("ok")] or ranked
    return [t.one_line(fact) for _, fact in ranked[:FACTS]]


def _subject(finding: dict[str, object]) -> str:
    subject, said = str(finding.get("subject") or ""), str(finding.get("text"))
    return f"{subject}: " if subject and subject.lower() not in said.lower() else ""


def _could_not_run(step: Step) -> bool:
    return step.state == StepState.SKIPPED and step.summary.startswith("could not run")


def _cause(step: Step) -> str:
    return step.summary.removeprefix("could not run").lstrip(": ") or "no reason given"


# ---- the question that the card puts


def _question(story: Story) -> list[Block]:
    if (unsettled := story.unsettled) is not None:
        return _what_happened(unsettled)
    step = story.fix
    if step is None:
        return []
    approval = story.approval_of(step)
    if step.state == StepState.AWAITING_APPROVAL and approval is not None:
        return _ask(story, step, approval)
    return _answered(step, approval)


def _ask(story: Story, step: Step, approval: Approval) -> list[Block]:
    """The one recommended step, exactly as it would run, and who may allow it until when."""
    value = f"{approval.id}:{approval.digest}"
    sure = None
    if step.risk == "destructive":
        sure = t.confirmation("This may destroy something", f"{command_of(step)} on {place_of(step)}", "Run it")
    buttons = [
        t.button("Approve", "step_approve", value, "primary", sure),
        t.button("Deny", "step_deny", value, "danger"),
        t.button("Details", "step_details", f"{step.id}:{step.digest}"),
    ]
    return [
        {"type": "divider"},
        t.rich(
            t.line(t.words(f"{_offer_of(story, step)}: ", bold=True), t.words(title_of(step), limit=200)),
            *_exactly(step, 1_500),
            t.line(t.words(_risk(step), limit=400)),
        ),
        t.context(_terms(approval)),
        {"type": "actions", "block_id": f"ask:{approval.id}", "elements": buttons},
    ]


def _offer_of(story: Story, step: Step) -> str:
    """Nothing is recommended that no check speaks for; it is what the runbook says next."""
    run = next((run for run in story.runs if run.id == step.run_id), None)
    word = "Recommended" if any(check.state in ILL for check in story.checks_of(run)) else "The runbook's next step"
    if run is None or run is story.run:
        return word
    return f"{word}, of {t.clip(run.heading[-1] if run.heading else run.procedure_id, 100)}"


def _exactly(step: Step, limit: int) -> list[Block]:
    command = command_of(step)
    return [t.preformatted(command, limit)] if command.strip() else []


def _risk(step: Step) -> str:
    where = f"on {place_of(step)}" if step.target else ""
    parts = [t.clip(risk_of(step), 250), where, step.condition or ""]
    return " · ".join(t.one_line(part) for part in parts if part)


def _terms(approval: Approval) -> str:
    people = ", ".join(t.who(name) if not name.startswith("@") else _brief(name) for name in approval.approvers[:20])
    voted = f" · {len(approval.votes)} of {approval.needed} approvals given" if approval.needed > 1 else ""
    if not people:
        return f"nobody may approve: no approver is configured · until {t.moment(approval.expires_at, '{time}')}"
    allowed = f"Approve runs exactly this, once, and then the checks again · may approve: {people}"
    return f"{allowed} · until {t.moment(approval.expires_at, '{time}')}{voted}"


def _what_happened(step: Step) -> list[Block]:
    value = f"{step.id}:{step.epoch}"
    said = " was running when its worker died. It may or may not have finished, and it is not run again. What happened?"
    buttons = [
        t.button("It worked", "step_worked", value, "primary"),
        t.button("It failed", "step_failed", value, "danger"),
        t.button("Details", "step_details", f"{step.id}:{step.digest}"),
    ]
    where = f" on {place_of(step)}" if step.target else ""
    return [
        {"type": "divider"},
        t.rich(
            t.line(
                t.words("❓ Outcome unknown: ", bold=True),
                t.words(f"{title_of(step)}{where}", limit=300),
                t.words(said),
            ),
            *_exactly(step, 1_500),
        ),
        {"type": "actions", "block_id": f"unknown:{step.id}", "elements": buttons},
    ]


def _answered(step: Step, approval: Approval | None) -> list[Block]:
    """The fix once it was decided, with a way to ask once more for what was not allowed."""
    blocks = _outcome(step, approval)
    if step.state in SINKS:
        again = t.button("Ask again", "step_again", f"{step.id}:{step.digest}")
        blocks.append({"type": "actions", "block_id": f"again:{step.id}", "elements": [again]})
    return blocks


def _what_was_done(story: Story) -> list[Block]:
    step = story.fix
    return _outcome(step, story.approval_of(step)) if step is not None and step.state in WELL | ILL else []


def _outcome(step: Step, approval: Approval | None) -> list[Block]:
    """Where a fix is now, and by whose word."""
    blocks = [t.rich(t.line(t.words(f"{state_of(step)}: ", bold=True), t.words(title_of(step), limit=200)))]
    if approval is not None and approval.decided_by:
        blocks.append(t.context(f"{approval.decision} by {t.who(approval.decided_by)}{_because(approval)}"))
    return [{"type": "divider"}, *blocks]


def _because(approval: Approval) -> str:
    return f": {_brief(approval.reason)}" if approval.reason else ""


HANDS = 5
"""Most steps for people that a card lists; the thread shows all."""


def _next(story: Story) -> list[Block]:
    """What is left to people, once nothing of the runbook waits for them."""
    run, incident = story.run, story.incident
    if run is None or not story.open or story.unsettled is not None or _is_undecided(story.fix):
        return []
    if incident.status == IncidentStatus.MITIGATED:
        alone = " It resolves by itself when the alert ends." if story.firing else ""
        return [t.rich(_labelled([("Next", f"look for yourself, then press Resolve.{alone}")])[0])]
    hands = _by_hand(story.steps_of(run))
    if run.state != "finished" and run.mode != "shadow":
        return []
    shown = [t.line(t.words(t.one_line(title_of(step)), limit=300)) for step in hands[:HANDS]]
    more = [t.line(t.words(f"and {len(hands) - HANDS} more in the thread"))] if len(hands) > HANDS else []
    if hands:
        return [t.rich(t.line(t.words("By hand, says the runbook:", bold=True)), t.bullets([*shown, *more]))]
    if run.mode == "shadow" or (story.fix is not None and story.fix.state in SINKS):
        return []
    said = "the runbook has no further step that could run from here. When it is over, press Resolve."
    return [t.rich(_labelled([("Next", said)])[0])]


def _is_undecided(step: Step | None) -> bool:
    return step is not None and step.state not in ENDED


def _ending(story: Story) -> list[Block]:
    incident = story.incident
    links = _links(story)
    if not story.open:
        return [*links, t.context(_postmortem(story))]
    buttons = []
    if incident.status == IncidentStatus.TRIGGERED:
        asking = story.unsettled is not None or (
            story.fix is not None and story.fix.state == StepState.AWAITING_APPROVAL
        )
        buttons.append(t.button("Acknowledge", "incident_ack", str(incident.id), None if asking else "primary"))
    sure = t.confirmation("Resolve this incident?", f"{name_of(incident)}: {incident.title}", "Resolve")
    buttons.append(t.button("Resolve", "incident_resolve", str(incident.id), confirm=sure))
    return [*links, {"type": "actions", "block_id": f"incident:{incident.id}", "elements": buttons}]


def _links(story: Story) -> list[Block]:
    if story.alert is None:
        return []
    urls = [story.alert.runbook_url or "", *(str(entry.get("url", "")) for entry in story.alert.links)]
    made = [part for part in map(t.link, dict.fromkeys(filter(None, urls))) if part][:FACTS]
    return [t.rich(t.line(t.words("Links: "), *_spaced(made)))] if made else []


def _spaced(parts: Sequence[Block]) -> list[Block]:
    return [piece for part in parts for piece in (part, {"type": "text", "text": "  "})][:-1]


def _postmortem(story: Story) -> str:
    name = name_of(story.incident)
    links = [f"<{url}|{LABELS[page]}>" for page, url in story.links.items()]
    return " · ".join(links) or f"Post-mortem: `/incident postmortem {name}`"


def _fallback(story: Story) -> str:
    """The card in sentences, the most urgent first."""
    incident, run, step = story.incident, story.run, story.fix
    sentences = [f"{_headline(incident)} ({name_of(incident)}).", f"{STATUSES.get(incident.status, incident.status)}."]
    if run is not None and run.verdict:
        sentences.append(f"Verdict: {run.verdict}.")
    elif run is None and incident.triaged_at is not None:
        sentences.append(_without_runbook(story))
    if story.open and story.unsettled is not None:
        sentences.append(f"Please say what happened: {title_of(story.unsettled)}.")
    elif story.open and step is not None and step.state == StepState.AWAITING_APPROVAL:
        sentences.append(f"Waits for approval: {title_of(step)}: {command_of(step)} ({RISKS.get(step.risk, '')}).")
    if story.paused and story.open:
        sentences.append("Running of steps is paused.")
    return _top(" ".join(sentences))


def _top(text: str) -> str:
    return t.escape(t.clip(t.one_line(text) or t.NOTHING, FALLBACK))


# ---- the thread


def checks(story: Story, run: Run) -> Message:
    """What a run did, one line a step, with the output of what failed."""
    steps = story.steps_of(run)
    title = run.heading[-1] if run.heading else run.procedure_id
    newest = story.checks_of(run)
    parts: list[Block] = [t.line(t.words(f"{title}: ", bold=True, limit=200), t.words(tally(newest)))]
    for round_ in story.rounds_of(run):
        heading = "Checks" if round_ == 1 else f"Checks after the fix, round {round_}"
        parts += _listed(heading, story.checks_of(run, round_))
    checked = {step.id for round_ in story.rounds_of(run) for step in story.checks_of(run, round_)}
    rest = [step for step in steps if step.id not in checked and step.round == 1]
    parts += _listed("Fixes and further commands", [step for step in rest if step.text is not None])
    parts += _listed("By hand", [step for step in rest if step.text is None])
    parts = _within(parts, ROOM * 2 // 3)
    parts += _outputs([step for step in newest if step.state in ILL], ROOM - _weight(parts))
    return Message(_top(f"{title}: {tally(newest)}"), [t.rich(*parts)])


def _listed(heading: str, steps: Sequence[Step]) -> list[Block]:
    if not steps:
        return []
    lines = [_row(step) for step in steps[:LINES]]
    if len(steps) > LINES:
        lines.append(t.line(t.words(f"and {len(steps) - LINES} more")))
    return [t.line(t.words(heading, bold=True)), t.bullets(lines)]


def _row(step: Step) -> Block:
    """State, title, command, how long it took, and what it said; shortened so that many fit."""
    if step.text is None:
        return t.line(t.words(t.one_line(title_of(step)), limit=300))
    parts = [t.words(f"{state_of(step)} ", bold=True)]
    if step.title:
        parts.append(t.words(f"{t.one_line(step.title)} ", limit=120))
    parts.append(t.words(t.one_line(command_of(step)), code=True, limit=160))
    said = _cause(step) if _could_not_run(step) else step.summary
    if (took := _took(step)) is not None and not _TIMED.search(said):
        parts.append(t.words(f" in {took}"))
    if said:
        parts += t.quoted(f" · {t.one_line(said)}", limit=200)
    return t.line(*parts)


_TIMED = re.compile(r" in [0-9.]+ (?:ms|s|min)\b")
"""A result that says itself how long it took."""


def _took(step: Step) -> str | None:
    if step.started_at is None or step.finished_at is None:
        return None
    return t.lasted(max(0.0, (step.finished_at - step.started_at).total_seconds()))


def _outputs(steps: Sequence[Step], room: int) -> list[Block]:
    """The outputs of the failed checks, as many as fit, each with its beginning and its end."""
    said = [step for step in steps if step.output.strip()]
    share = min(2_500, room // max(1, min(len(said), 3)) - 250)
    if share < 200:
        return []
    return [
        part
        for step in said[:3]
        for part in (
            t.line(t.words(f"Output of {t.one_line(title_of(step))}", bold=True, limit=120)),
            _shrunk(step.output, share),
        )
    ]


def _shrunk(output: str, room: int) -> Block:
    """Output as a block that takes at most about `room` characters of JSON, whatever the output consists of."""
    limit = room
    while _weight([block := t.preformatted(output, limit)]) > room + 120 and limit > 60:
        limit = limit * 2 // 3
    return block


def _within(parts: list[Block], room: int) -> list[Block]:
    """As much of a message as its room allows, with a line that says how much was left out."""
    left_out = 0
    while _weight(parts) > room:
        lists = [part for part in parts if part["type"] == "rich_text_list" and part["elements"]]
        if not lists:
            break
        longest = max(lists, key=lambda part: len(part["elements"]))
        longest["elements"] = longest["elements"][:-1]
        left_out += 1
    kept = [part for part in parts if part["type"] != "rich_text_list" or part["elements"]]
    if left_out:
        kept.append(t.line(t.words(f"{left_out} more lines stand on the incident's page and in its post-mortem.")))
    return kept


def _weight(parts: Sequence[Block]) -> int:
    return t.size(json.dumps(list(parts), ensure_ascii=False))


def fix(story: Story, step: Step) -> Message:
    """A fix that was decided: what ran, by whose word, how it ended, and what the checks saw before and after."""
    approval = story.approval_of(step)
    head = [t.words(f"{state_of(step)}: ", bold=True), t.words(title_of(step), limit=200)]
    parts = [t.line(*head), *_exactly(step, 1_500), t.line(t.words(_risk(step), limit=400))]
    if (result := _result(step)) is not None:
        parts.append(t.line(t.words("Result: ", bold=True), *t.quoted(result, limit=400)))
    if (changed := _changed(story, step)) is not None:
        parts.append(t.line(t.words("What the checks saw before and after:", bold=True)))
        parts.append(t.bullets([t.line(*t.quoted(t.one_line(line), limit=300)) for line in changed[:8] or [UNCHANGED]]))
    if step.output.strip():
        parts.append(_shrunk(step.output, min(3_000, ROOM - _weight(parts))))
    blocks = [t.rich(*parts)]
    if approval is not None and approval.decided_at is not None:
        # The card names who decided. Here, in a new message, a mention would ring the phone of who just clicked.
        blocks.append(t.context(f"{approval.decision} {t.moment(approval.decided_at)}{_because(approval)}"))
    return Message(_top(f"{state_of(step)}: {title_of(step)}. {_result(step) or ''}"), blocks)


def _was_decided(story: Story, step: Step) -> bool:
    undecided = (StepState.PLANNED, StepState.AWAITING_APPROVAL, StepState.SUPERSEDED)
    return story.approval_of(step) is not None and step.state not in undecided


def _result(step: Step) -> str | None:
    told = step.exit_code is None or "exit code" in step.summary
    code = "" if told else f"exit code {step.exit_code}"
    took = None if _TIMED.search(step.summary) else _took(step)
    parts = [part for part in (step.summary, code, took) if part]
    return t.one_line(", ".join(parts)) if parts else None


def _changed(story: Story, step: Step) -> list[str] | None:
    """What the checks saw before and after a fix; None while nobody has looked again."""
    run = next((run for run in story.runs if run.id == step.run_id), None)
    if step.finished_at is None or step.state not in WELL | ILL:
        return None
    rounds = {round_: story.checks_of(run, round_) for round_ in story.rounds_of(run)}
    later = [number for number, found in rounds.items() if _looked_after(found, step)]
    if not later or later[0] - 1 not in rounds:
        return None
    return _changes(rounds[later[0] - 1], rounds[later[0]])


def _changes(before: Sequence[Step], after: Sequence[Step]) -> list[str]:
    """A line for each check that says something else than it did before."""
    earlier = {step.text: step for step in before}
    pairs = [(earlier[step.text], step) for step in after if step.text in earlier]
    return [
        f"{title_of(now).rstrip('?:.!')}: {was.summary or was.state} → {now.summary or now.state}"
        for was, now in pairs
        if (was.state, was.summary) != (now.state, now.summary)
    ]


def _looked_after(found: Sequence[Step], fix_: Step) -> bool:
    ended = all(step.state in ENDED for step in found)
    begun = [step.started_at for step in found if step.started_at]
    return ended and bool(begun) and fix_.finished_at is not None and min(begun) >= fix_.finished_at


def closing(story: Story) -> Message:
    """The last word in the thread: how long it took, the post-mortem, and the anchor of the timeline's chain.

    The anchor stands outside the database, so that a timeline whose tail was cut off is found out.
    """
    incident = story.incident
    if story.open:
        text = f"{name_of(incident)} was opened again. The closing line follows when it is resolved."
        return Message(_top(text), [t.section(t.escape(text))])
    ended = incident.resolved_at or incident.closed_at
    after = f" after {t.lasted((ended - incident.started_at).total_seconds())}" if ended else ""
    lines = [
        f"✅ *{name_of(incident)}: {STATUSES.get(incident.status, incident.status).lower()}*{after}.",
        _postmortem(story),
        f"Timeline: {incident.events} events, head `{incident.head or '-'}`",
    ]
    word = STATUSES.get(incident.status, incident.status).lower()
    return Message(
        _top(f"{name_of(incident)} is {word}{after}. The post-mortem is ready."), [t.section("\n".join(lines))]
    )


def returned(story: Story) -> Message:
    """Said aloud when an incident that was over is open again: its card stands far up in the channel by now."""
    assert story.returned is not None
    why = t.one_line(story.returned.text).removeprefix("reopened: ")
    said = f"🔁 {name_of(story.incident)} is open again: {why}"
    return Message(_top(said), [t.rich(t.line(t.words(said, limit=600)))])


# ---- private answers


def details(story: Story, step: Step) -> Message:
    """Everything about one step that helps to decide: what, where, why, from which line of which runbook."""
    run = next((run for run in story.runs if run.id == step.run_id), None)
    facts = [
        ("Runs as", f"{step.kind} on {place_of(step) or 'no target'}, at most {t.lasted(step.timeout)}"),
        ("In", str(step.call.get("args", {}).get("cwd") or "")),
        ("Risk", risk_of(step)),
        ("When", step.condition or ""),
        ("From", f"{run.document}:{step.line}, {' > '.join(run.heading)}" if run else ""),
        ("Chosen because", run.why if run else ""),
        ("State", state_of(step)),
        ("Bound to", f"digest {step.digest[:16]}: another command, target or runbook asks again"),
    ]
    parts: list[Block] = [t.line(t.words(title_of(step), bold=True, limit=200)), *_exactly(step, 2_500)]
    parts += [
        t.line(t.words(f"{label}: ", bold=True), t.words(t.one_line(text), limit=500)) for label, text in facts if text
    ]
    return Message(_top(f"{title_of(step)}: {command_of(step)}"), [t.rich(*parts)])


def timeline_of(incident: Incident, events: Sequence[TimelineEvent], most: int = 20) -> Message:
    """The last events of an incident, oldest first."""
    shown = events[-most:]
    lines = [
        t.section(f"{t.moment(event.at, '{date_num} {time_secs}')} · {t.who(event.actor)}\n{_plain_event(event)}")
        for event in shown
    ]
    earlier = f", the last {most}" if len(events) > most else ""
    heading = f"Timeline of {name_of(incident)}: {len(events)} events{earlier}"
    return Message(heading, [t.section(f"*{heading}*"), *lines])


def _plain_event(event: TimelineEvent) -> str:
    return t.escape(t.clip(t.one_line(event.text) or event.kind, 250))


def procedures(found: Sequence[Procedure], live: Collection[str], *, more: int) -> Message:
    """Procedures by name and id, each with its state in this installation."""
    lines = [
        t.line(
            t.words(procedure.title, bold=True, limit=120),
            t.words(f"  {_mode(procedure, live)}, {len(procedure.steps)} steps  "),
            t.words(procedure.id, code=True, limit=200),
        )
        for procedure in found
    ]
    parts: list[Block] = _within([t.bullets(lines)], ROOM)
    if more > 0:
        parts.append(t.line(t.words(f"and {more} more; add a word to find them")))
    return Message(f"{len(found) + max(0, more)} procedures", [t.rich(*parts)])


def _mode(procedure: Procedure, live: Collection[str]) -> str:
    return "live" if procedure.id in live else "shadow"


def procedure_shown(procedure: Procedure, document: str, live: bool) -> Message:
    """What a procedure would do, step by step, with what each could change."""
    heading = f"{procedure.title} ({'live' if live else 'shadow'})"
    lines = [
        t.line(
            t.words(f"{step.phase}: "),
            *([t.words(t.one_line(step.title) + " ", limit=150)] if step.title else []),
            *([t.words(t.one_line(step.judgement.bounded or step.text), code=True, limit=300)] if step.text else []),
            *(
                [t.words(f" {RISKS.get(step.judgement.risk, '')}: {step.judgement.reason}", limit=200)]
                if step.text
                else []
            ),
        )
        for step in procedure.steps[:LINES]
    ]
    parts = [
        t.line(t.words(heading, bold=True, limit=200)),
        t.line(
            t.words(f"{procedure.id}  ", code=True, limit=300), t.words(f"  {document}:{procedure.line}", limit=300)
        ),
        *([t.bullets(lines)] if lines else [t.line(t.words("This procedure has no steps."))]),
    ]
    return Message(_top(f"{heading}: {len(procedure.steps)} steps"), [t.rich(*_within(parts, ROOM))])
