# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""git: what it shows, what it changes, and how its options start programs."""

from __future__ import annotations

import re

from runbooks.risk._options import Verbs, changer, parsed, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, changes, destroys, reads, unknown

_CHANGES = """
fetch|pull|clone|init|add|commit|merge|rebase|cherry-pick|revert|checkout|switch|restore|mv|am|apply|format-patch|archive|bundle|notes|gc|repack|prune|maintenance|worktree|submodule|bisect|update-index|update-ref|read-tree|write-tree|hash-object|pack-refs|sparse-checkout|lfs|subtree|svn|filter-repo|credential|replace|rerere|symbolic-ref|difftool|mergetool|gui|citool|send-email|instaweb|daemon|p4|fast-import|fast-export|bugreport|diagnose  changes files or history
"""
_GLOBALS = "C= no-pager p P paginate git-dir= work-tree= namespace= bare no-replace-objects literal-pathspecs no-optional-locks"


def _read(call: Invocation, index: int) -> Verdict:
    verb = call.texts[index - 1]
    for text in call.texts[index:]:
        name = text.partition("=")[0]
        if (
            name.startswith("--")
            and len(name) > 3
            and any(
                known.startswith(name)
                for known in (
                    "--output",
                    "--ext-diff",
                    "--textconv",
                    "--open-files-in-pager",
                    "--exec",
                    "--upload-pack",
                    "--filters",
                )
            )
            and name not in ("--output-indicator-new",)
        ):
            return changes(f"git {verb} {shown(text)} writes a file or runs a program")
        if verb == "grep" and text.startswith("-O"):
            return changes("git grep -O runs a program")
    if verb in ("ls-remote",) and any(
        text.startswith(("ext::", "-"))
        and text not in ("--heads", "--tags", "-h", "-t", "--refs", "-q", "--symref", "--exit-code")
        for text in call.texts[index:]
    ):
        return unknown("git ls-remote is used in a way we do not judge")
    if verb == "fsck" and any(text.startswith("--l") for text in call.texts[index:]):
        return changes("git fsck --lost-found writes files")
    return reads(f"git {verb} shows the history or the state of files")


def _branch(call: Invocation, index: int) -> Verdict:
    found = parsed(
        call.args[index:],
        "a r v l vv list all remotes verbose show-current contains=? merged=? no-merged=? points-at= sort= format= column=? no-column abbrev= color=? i ignore-case no-contains=?",
    )
    listing = found.has(
        "l",
        "list",
        "a",
        "r",
        "all",
        "remotes",
        "v",
        "vv",
        "show-current",
        "contains",
        "merged",
        "no-merged",
        "points-at",
    )
    if found.strange or (found.operands and not listing):
        if any(text in ("-D", "-d", "--delete") for text in call.texts[index:]):
            return destroys("git branch -D deletes a branch")
        return changes("git branch makes or changes a branch")
    return reads("git branch lists branches")


def _tag(call: Invocation, index: int) -> Verdict:
    found = parsed(
        call.args[index:],
        "l list n=? contains=? no-contains=? merged=? no-merged=? points-at= sort= format= column=? i ignore-case",
    )
    if found.strange or (found.operands and not found.has("l", "list", "contains", "merged", "no-merged", "points-at")):
        return changes("git tag makes or deletes a tag")
    return reads("git tag lists tags")


def _remote(call: Invocation, index: int) -> Verdict:
    words = [text for text in call.texts[index:] if text not in ("-v", "--verbose")]
    if not words or words[0] in ("show", "get-url"):
        return reads("git remote shows where code comes from")
    return changes("git remote changes where code comes from")


def _config(call: Invocation, index: int) -> Verdict:
    texts = call.texts[index:]
    known = {
        "--list",
        "-l",
        "--get",
        "--get-all",
        "--get-regexp",
        "--show-origin",
        "--show-scope",
        "--global",
        "--local",
        "--system",
        "--name-only",
        "-z",
        "list",
        "get",
    }
    options = [text for text in texts if text.startswith("-")]
    operands = [text for text in texts if not text.startswith("-")]
    shows = any(text in ("--list", "-l", "--get", "--get-all", "--get-regexp", "list", "get") for text in texts)
    if all(text in known for text in options) and (shows or (len(operands) == 1)) and len(operands) <= 2:
        return reads("git config shows settings")
    return changes("git config changes settings")


def _stash(call: Invocation, index: int) -> Verdict:
    verb = call.texts[index] if index < len(call.args) else ""
    if verb in ("list", "show"):
        return reads("git stash list shows what is put aside")
    if verb in ("drop", "clear"):
        return destroys(f"git stash {verb} deletes what is put aside")
    return changes("git stash puts changes aside or takes them back")


def _reflog(call: Invocation, index: int) -> Verdict:
    verb = call.texts[index] if index < len(call.args) else "show"
    return (
        changes("git reflog changes history")
        if verb in ("expire", "delete", "drop")
        else reads("git reflog shows where branches were")
    )


def _reset(call: Invocation, index: int) -> Verdict:
    if any(text.startswith("--ha") or text in ("--merge", "--keep") for text in call.texts[index:]):
        return destroys("git reset --hard throws local changes away")
    return changes("git reset changes the index or the branch")


def _clean(call: Invocation, index: int) -> Verdict:
    dry = any(re.fullmatch(r"-[a-zA-Z]*n[a-zA-Z]*|--dry-run", text) for text in call.texts[index:])
    return reads("git clean -n only lists files") if dry else destroys("git clean deletes files")


def _push(call: Invocation, index: int) -> Verdict:
    texts = call.texts[index:]
    if any(re.match(r"-[a-z]*f|--force|--delete|-d$|--mirror|--prune|\+|:\w", text) for text in texts):
        return destroys("git push with force or delete throws history of the remote away")
    return changes("git push changes the remote repository")


def _checkout(call: Invocation, index: int) -> Verdict:
    if any(text in ("-f", "--force", "--", ".") for text in call.texts[index:]):
        return destroys("git checkout throws local changes away")
    return changes("git checkout changes the files of the working tree")


_SUBMODULE = {"status", "summary"}


def _submodule(call: Invocation, index: int) -> Verdict:
    words = [text for text in call.texts[index:] if not text.startswith("-")]
    if not words or words[0] in _SUBMODULE:
        return reads("git submodule status shows submodules")
    return unknown("git submodule changes files or runs commands")


def _worktree(call: Invocation, index: int) -> Verdict:
    if call.texts[index : index + 1] == ["list"]:
        return reads("git worktree list shows working trees")
    return changes("git worktree changes working trees")


_GIT = Verbs(
    "git",
    changes=_CHANGES,
    options=_GLOBALS,
    special={
        "status|log|show|shortlog|describe|rev-parse|rev-list|ls-files|ls-tree|ls-remote|cat-file|blame|annotate|whatchanged|"
        "count-objects|name-rev|merge-base|for-each-ref|show-ref|cherry|range-diff|diff|diff-tree|diff-index|diff-files|check-ignore|"
        "show-branch|version|grep|fsck|var": _read,
        "branch": _branch,
        "tag": _tag,
        "remote": _remote,
        "config": _config,
        "stash": _stash,
        "reflog": _reflog,
        "reset": _reset,
        "clean": _clean,
        "push": _push,
        "checkout": _checkout,
        "submodule": _submodule,
        "worktree": _worktree,
    },
)

_GH = Verbs(
    "gh",
    reads="""
pr list|view|status|checks|diff       shows pull requests
issue list|view|status                shows issues
run list|view                         shows workflow runs
workflow list|view                    shows workflows
release list|view                     shows releases
repo list|view                        shows repositories
secret list                           lists secrets by name
variable list                         lists variables
auth status                           tells who is logged in
cache list                            lists caches
status|version                        shows what is going on
search                                searches
label list                            lists labels
gist list|view                        shows gists
""",
    leaks="auth token                     prints a token",
    changes="""
pr create|merge|close|reopen|edit|comment|review|ready|checkout|lock|unlock|update-branch   changes pull requests
issue create|close|reopen|edit|comment|transfer|pin|unpin|lock|unlock|develop  changes issues
run rerun|cancel|download|watch       changes or follows workflow runs
workflow run|enable|disable           starts workflows
release create|edit|upload|download   changes releases
repo create|clone|fork|edit|sync|archive|rename|set-default   changes repositories
secret set                            changes secrets
variable set                          changes variables
auth login|logout|refresh|setup-git   changes stored logins
api|alias|config|extension|codespace|ssh-key|gpg-key  changes something
""",
    destroys="repo delete   deletes a repository\nrelease delete|delete-asset   deletes a release\nissue delete   deletes an issue\nrun delete   deletes a workflow run\nsecret|variable|cache|label|gist delete   deletes it",
)

TOOLS: dict[str, Judge] = {
    "git": _GIT,
    "gh": _GH,
    "glab": Verbs("glab", reads="mr list|view   shows merge requests\nissue list|view   shows issues\nci list|status|get|lint   shows pipelines\nrelease list|view   shows releases", changes="mr|issue|ci|release|auth|api|repo|config   changes something"),
    "svn": Verbs("svn", reads="status|stat|st|log|info|list|ls|diff|cat|blame|propget|proplist   shows history or state", changes="update|up|commit|ci|checkout|co|add|merge|switch|copy|move|mkdir|import|export|lock|unlock|propset|cleanup|resolve   changes files", destroys="delete|remove|rm|revert   deletes files or changes", writing="diff-cmd= diff3-cmd= editor-cmd= config-option="),
    "hg": Verbs("hg", reads="status|log|diff|id|identify|summary|branches|tags|heads|parents|paths|root   shows history or state", changes="pull|push|update|commit|clone|add|merge|import|rebase   changes files or history", writing="config="),
    "pre-commit": changer("changes files"),
}  # fmt: skip
