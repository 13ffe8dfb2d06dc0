# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Package managers of systems and languages, and build tools."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, changer, reader, written_by
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def _yes(tool: str, verbs: Verbs, flag: str = "-y") -> Judge:
    """A package manager that asks before it acts: the unattended form answers with the tool's own flag."""

    def judge(call: Invocation) -> Verdict:
        verdict = verbs(call)
        asking = {
            "install",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "remove",
            "purge",
            "autoremove",
            "update",
            "erase",
            "downgrade",
        }
        words = [text for text in call.texts if not text.startswith("-")]
        if (
            verdict.risk.value not in ("mutating", "destructive")
            or not words
            or words[0] not in asking
            or (tool == "apt" and words[0] == "update")
        ):
            return verdict
        answered = any(
            re.fullmatch(r"-[a-zA-Z]*[yq]{1}[a-zA-Z]*|--yes|--assume-?yes|--non-?interactive|--no-confirm", text)
            for text in call.texts
        )
        return verdict if answered else verdict.with_edits(call.put(_after(call, words[0]), flag))

    return judge


def _after(call: Invocation, word: str) -> int:
    return call.texts.index(word) + 1


_APT = Verbs(
    "apt",
    reads="list|show|search|policy|depends|rdepends|showsrc|madison|changelog   shows packages",
    changes="update   downloads the lists of packages\ninstall|upgrade|dist-upgrade|full-upgrade|reinstall|satisfy|build-dep|download|source|check   installs packages\nclean|autoclean   deletes downloaded packages\nedit-sources   opens an editor",
    destroys="remove|purge|autoremove|autopurge   removes packages",
    options="y q qq s o= c= t= a= yes assume-yes no-install-recommends quiet simulate dry-run installed upgradable allow-downgrades "
    "only-upgrade fix-broken f allow-unauthenticated force-yes no-upgrade target-release= option= fix-missing m d download-only",
)
_YUM = Verbs(
    "yum",
    reads="list, info, search, repolist, repoinfo, check-update, provides, whatprovides, deplist, history list, history info, history, updateinfo, repoquery, grouplist, version, module list, module info, group list, group info   shows packages",
    changes="install, update, upgrade, downgrade, reinstall, localinstall, groupinstall, makecache, distro-sync, swap, history undo, history redo, history rollback, module enable, module disable, module install, module reset, config-manager, mark, upgrade-minimal, update-minimal, system-upgrade, offline-upgrade   installs packages\nclean   deletes downloaded lists",
    destroys="remove, erase, autoremove, groupremove, module remove   removes packages",
    options="y q v C c= d= e= R= x= yes assumeyes assumeno quiet cacheonly enablerepo= disablerepo= repo= repoid= nogpgcheck exclude= "
    "setopt= showduplicates releasever= security installed available best nobest allowerasing skip-broken installroot= advisory= cve=",
)
_APT_CACHE = Verbs(
    "apt-cache",
    reads="search|show|showpkg|policy|depends|rdepends|madison|stats|pkgnames|dump|unmet|showsrc|dotty   shows packages",
    changes="gencaches|add   changes lists",
    options="o= c= q n a f",
)


def _dpkg(call: Invocation) -> Verdict:
    texts = call.texts
    if (
        texts
        and re.fullmatch(
            r"-[lLsSpWCcI]|--list|--listfiles|--status|--search|--print-avail|--audit|--get-selections|--print-architecture|--verify|-V|--version|--print-foreign-architectures|--contents|--info|--compare-versions|--show",
            texts[0],
        )
        and not any(
            re.fullmatch(
                r"-[irPAxe]+|--(?:install|remove|purge|unpack|extract|control|configure|set-.*|clear-.*|update-.*|root=.*|admindir=.*)",
                text,
            )
            for text in texts[1:]
        )
    ):
        return reads(f"{call.name} shows packages")
    return changes(f"{call.name} installs, removes or configures packages")


def _rpm(call: Invocation) -> Verdict:
    texts = call.texts
    if (
        texts
        and re.fullmatch(r"-[qV][a-zA-Z]*|--query|--verify|--checksig|-K|--version|--showrc|-E|--eval", texts[0])
        and texts[0] not in ("-E", "--eval")
    ):
        return (
            reads("rpm shows packages")
            if not any(
                text.startswith(
                    (
                        "--pipe",
                        "--define",
                        "--eval",
                        "-E",
                        "--load",
                        "-D",
                        "-e",
                        "--erase",
                        "-i",
                        "-U",
                        "-F",
                        "--macros",
                        "--rcfile",
                    )
                )
                for text in texts
            )
            else unknown("rpm may run something")
        )
    return changes("rpm installs or removes packages")


_SNAP = Verbs(
    "snap",
    reads="list|info|find|version|services|changes|tasks|connections|interfaces|warnings|model|known   shows packages",
    leaks="get   shows settings",
    changes="install|refresh|enable|disable|start|stop|restart|connect|disconnect|set|unset|revert|switch|hold|run|save|restore|alias   changes packages",
    destroys="remove|forget   removes packages",
    special={
        "logs": lambda call, index: Verdict(
            Risk.READ_ONLY, "snap logs prints logs", endless=bool(written_by(call.args[index:], "f"))
        )
    },
)
_APK = Verbs(
    "apk",
    reads="info|list|search|policy|version|stats|dot|manifest|audit   shows packages",
    changes="add|update|upgrade|fix|fetch|cache|index   installs packages",
    destroys="del   removes packages",
    options="q v U X= p= no-cache quiet verbose repository=",
)
_ZYPPER = Verbs(
    "zypper",
    reads="search|se|info|if|list-updates|lu|list-patches|lp|packages|pa|repos|lr|patches|products|patterns|what-provides|wp|services|ls|locks|ll|ps|patch-check|pchk|versioncmp   shows packages",
    changes="install|in|update|up|refresh|ref|patch|dist-upgrade|dup|addrepo|ar|modifyrepo|mr|addlock|al|source-install|verify|clean|cc   installs packages",
    destroys="remove|rm|removerepo|rr|removelock|rl   removes packages",
    options="n q non-interactive quiet no-gpg-checks gpg-auto-import-keys no-refresh",
)
_PIP = Verbs(
    "pip",
    reads="list, show, freeze, check, index, debug, inspect, hash, help, cache dir, cache info, cache list   shows packages",
    changes="install, download, wheel, config, cache remove, cache purge, lock   installs packages",
    destroys="uninstall   removes packages",
    leaks="config list|get   shows settings",
    options="q v disable-pip-version-check no-input python= isolated require-virtualenv no-cache-dir timeout= proxy= index-url= i= no-color",
    writing="log=",
)
_NPM = Verbs(
    "npm",
    reads="ls, list, la, ll, view, v, info, outdated, ping, whoami, root, prefix, bin, doctor, explain, why, search, query, fund, help, version_, config get, get, sbom, docs_, repo_, audit signatures   shows packages",
    leaks="config list|ls   shows settings",
    changes="install, i, ci, add, update, up, upgrade, link, rebuild, run, run-script, start, stop, restart, test, t, exec, x, init, publish, deprecate, pack, prune, dedupe, cache, set, config, version, login, logout, token, access, owner, team, hook, shrinkwrap, audit fix, edit, explore   changes packages or runs scripts",
    destroys="uninstall|remove|rm|r|un|unpublish   removes packages",
    options="g l global long depth= json prefix= C= silent s loglevel= production omit= registry= workspace= w= all parseable",
    special={
        "audit": lambda call, index: (
            changes("npm audit fix changes packages")
            if any(text == "fix" or text.startswith("--fix") or "\x00" in text for text in call.texts[index:])
            else reads("npm audit reports known weaknesses")
        )
    },
)
_YARN = Verbs(
    "yarn",
    reads="list, info, outdated, why, audit, licenses, versions, check, workspaces info, config get, npm info, npm audit   shows packages",
    changes="install|version|add|upgrade|up|run|start|build|test|dlx|link|publish|cache|set|init|config|exec|global|dedupe|workspace   changes packages or runs scripts",
    destroys="remove   removes packages",
    bare=changes("yarn installs packages"),
)
_CARGO = Verbs(
    "cargo",
    reads="tree|metadata|search|info|locate-project|pkgid|version|verify-project|read-manifest|--list   shows packages",
    changes="build|b|install|update|add|run|r|test|t|bench|check|c|fetch|fix|publish|new|init|doc|clippy|fmt|vendor|generate-lockfile|package|login|owner|yank   builds or runs",
    destroys="uninstall|clean|remove   removes files",
    options="q v offline locked frozen color= manifest-path= C=",
)
_UV = Verbs(
    "uv",
    reads="pip list, pip show, pip freeze, pip check, pip tree, python list, python find, python dir, tool list, tool dir, cache dir, self version   shows packages",
    changes="sync, add, lock, venv, build, publish, init, export, pip install, pip sync, pip compile, python install, python pin, tool install, tool upgrade, tool run, self update, cache prune   installs packages",
    destroys="remove, pip uninstall, cache clean, python uninstall, tool uninstall   removes packages",
    options="q v offline no-cache directory= project= python= p= no-progress color=",
    special={
        "run": lambda call, index: _uv_run(call, index),
        "version": lambda call, index: _uv_looks(call, index),
        "tree": lambda call, index: _uv_looks(call, index),
    },
)
_GO = Verbs(
    "go",
    reads="version|env|list|doc|help   shows packages",
    changes="build|run|install|get|test|mod|generate|clean|fmt|vet|work|tool|fix|telemetry   builds or runs",
    writing="w u toolexec= exec= mod=",
)
_GEM = Verbs(
    "gem",
    reads="list|info|search|outdated|environment|env|specification|which|contents|dependency|help|query|stale|sources_   shows packages",
    changes="install|update|cleanup|pristine|push|build|fetch|lock|sources|signin|signout|owner|unpack|rdoc|exec   changes packages",
    destroys="uninstall|yank   removes packages",
)
_BUNDLE = Verbs(
    "bundle",
    reads="list|show|info|outdated|check|platform|licenses|doctor|version|env   shows packages",
    changes="install|update|add|lock|config|cache|package|binstubs|init|clean|pristine|open|console|viz|gem   changes packages",
    destroys="remove   removes packages",
    special={
        "exec": lambda call, index: (
            call.inner(index)
            if index < len(call.args) and not call.texts[index].startswith("-")
            else unknown("bundle exec has no command")
        )
    },
)
_COMPOSER = Verbs(
    "composer",
    reads="show|info|outdated|licenses|validate|diagnose|depends|why|prohibits|check-platform-reqs|search|audit|status|about|suggests   shows packages",
    changes="install|update|require|dump-autoload|dumpautoload|run-script|exec|create-project|self-update|config|global|clear-cache|archive|init   changes packages",
    destroys="remove   removes packages",
    options="d= n q v working-dir= no-interaction no-ansi",
)
_POETRY = Verbs(
    "poetry",
    reads="show, check, version_, env info, env list, about, search, config --list   shows packages",
    changes="install, add, update, lock, run, shell, build, publish, self, config, env use, export, init, new, sync, version   changes packages",
    destroys="remove, env remove, cache   removes packages",
)
_CONDA = Verbs(
    "conda",
    reads="list, info, search, env list, config --show, doctor   shows packages",
    changes="install, update, upgrade, create, env create, env update, env export, activate, deactivate, init, config, run, build   changes packages",
    destroys="remove, uninstall, clean, env remove   removes packages",
    options="n= p= name= prefix= json",
)


def _uv_looks(call: Invocation, index: int) -> Verdict:
    verb = call.texts[index - 1]
    if verb == "version":
        plain = all(text in ("--short", "--output-format", "json", "--frozen") for text in call.texts[index:])
        return reads("uv version shows the version") if plain else changes("uv version changes the version")
    if set(call.texts[index:]) & {"--frozen", "--locked"}:
        return reads("uv tree shows packages")
    return changes("uv tree may write the lock file first")


def _uv_run(call: Invocation, index: int) -> Verdict:
    """`uv run CMD` makes the environment fit first, which may install; what it then runs decides the rest."""
    at = index
    while at < len(call.args) and call.texts[at].startswith("-"):
        if call.texts[at] in ("-m", "--module"):
            from runbooks.risk.python import module_verdict

            return _never_less(module_verdict(call, at + 1))
        if call.texts[at] in ("--no-sync", "--frozen", "--locked", "--offline", "-q", "--quiet"):
            at += 1
            continue
        return unknown("uv run has an option we do not judge")
    if at >= len(call.args):
        return unknown("uv run has no command")
    return _never_less(call.inner(at))


def _never_less(verdict: Verdict) -> Verdict:
    return changes("uv run may install packages before it runs") if verdict.risk.value == "read_only" else verdict


def _make(call: Invocation) -> Verdict:
    if call.texts and all(text in ("--version", "-v") for text in call.texts):
        return reads("make prints its version")
    return unknown(f"{call.name} runs what its file says")


def _tar(call: Invocation) -> Verdict:
    texts = call.texts
    first = texts[0] if texts else ""
    letters = first.lstrip("-") if not first.startswith("--") else ""
    lists = ("t" in letters and not set(letters) & set("xcruAdI")) or "--list" in texts or "-t" in texts
    risky = re.compile(
        r"--(?:to-command|checkpoint-action|use-compress|info-script|new-volume|rsh|rmt|extract|get|create|append|update|delete|concatenate|catenate|diff|compare|index-file)|-[a-zA-Z]*[xcruAFI]"
    )
    if lists and not any(risky.match(text) for text in texts[1:]):
        return reads("tar -t lists an archive")
    return changes("tar writes files")


def _gzip(call: Invocation) -> Verdict:
    """To the output (`-c`, or fed by a pipe) nothing is written; otherwise the file is replaced."""
    texts = call.texts
    options = "".join(text[1:] for text in texts if re.fullmatch(r"-[a-zA-Z0-9]+", text))
    long = {text for text in texts if text.startswith("--")}
    operands = [text for text in texts if not text.startswith("-")]
    if set(options) & set("lt") or long & {"--list", "--test"}:
        return (
            reads(f"{call.name} -l looks into a compressed file")
            if "S" not in options
            else changes(f"{call.name} writes files")
        )
    if "o" in options or any(text.startswith(("--output", "-o")) for text in texts) or "--rm" in long:
        return changes(f"{call.name} writes files")
    if "c" in options or long & {"--stdout", "--to-stdout"} or (call.piped and not operands):
        return reads(f"{call.name} compresses what passes through")
    return changes(f"{call.name} replaces files by compressed ones or back")


def _unzip(call: Invocation) -> Verdict:
    if any(re.fullmatch(r"-[1q]*[lvtZzp][lvtZzqp1]*", text) for text in call.texts) and not any(
        re.search(r"[dox]", text[1:]) for text in call.texts if text.startswith("-")
    ):
        return reads(f"{call.name} -l lists an archive")
    return changes(f"{call.name} writes files")


def _copies(call: Invocation) -> Verdict:
    if any(re.fullmatch(r"-[a-zA-Z]*n[a-zA-Z]*|--dry-run|--list-only", text) for text in call.texts) and not any(
        text.startswith(("-e", "--rsh", "--rsync-path", "--log-file", "--write-batch", "--only-write"))
        or re.match(r"-[a-zA-Z]*e", text)
        for text in call.texts
    ):
        return reads("rsync -n only lists what it would copy")
    if any(text.startswith("--delete") or text == "--remove-source-files" for text in call.texts):
        return destroys("rsync --delete deletes files")
    return changes("rsync copies files")


TOOLS: dict[str, Judge] = {
    "apt": _yes("apt", _APT),
    "apt-get": _yes("apt", _APT),
    "aptitude": _yes("apt", _APT),
    "apt-cache": _APT_CACHE,
    "apt-mark": lambda call: reads("apt-mark shows marks") if call.texts[:1] and call.texts[0].startswith("show") else changes("apt-mark changes marks"),
    "apt-key": lambda call: reads("apt-key list shows keys") if call.texts[:1] in (["list"], ["finger"]) else changes("apt-key changes keys"),
    "add-apt-repository": changer("changes where packages come from"),
    "unattended-upgrade": changer("installs packages"),
    "dpkg": _dpkg,
    "dpkg-query": _dpkg,
    "dpkg-reconfigure": changer("configures a package"),
    "debsums": reader("checks files of packages", writing="generate= g"),
    "yum": _yes("yum", _YUM),
    "dnf": _yes("yum", _YUM),
    "microdnf": _yes("yum", _YUM),
    "yum-config-manager": changer("changes where packages come from"),
    "rpm": _rpm,
    "repoquery": reader("shows packages"),
    "snap": _SNAP,
    "apk": _APK,
    "zypper": _ZYPPER,
    "pacman": lambda call: reads("pacman shows packages") if re.fullmatch(r"-(?:Q[a-zA-Z]*|Ss|Si|Sl|Sg|F|Fl)", (call.texts or [""])[0]) else changes("pacman installs or removes packages"),
    "flatpak": Verbs("flatpak", reads="list|info|search|remotes|history   shows packages", changes="install|update|run|override|remote-add   changes packages", destroys="uninstall|remove   removes packages"),
    **dict.fromkeys(("pip", "pip3", "pip2"), _PIP),
    "pipx": Verbs("pipx", reads="list|environment   shows packages", changes="install|upgrade|upgrade-all|inject|run|ensurepath|reinstall   changes packages", destroys="uninstall|uninstall-all   removes packages"),
    "pipenv": Verbs("pipenv", reads="graph|check|--venv|requirements   shows packages", changes="install|update|lock|sync|run|shell   changes packages", destroys="uninstall|clean|--rm   removes packages"),
    "pip-compile": changer("writes a file"),
    "pip-sync": changer("installs packages"),
    "pip-audit": reader("reports known weaknesses", writing="o= output= fix"),
    "uv": _UV,
    "uvx": lambda call: unknown("uvx installs and runs a tool"),
    "npm": _NPM,
    "pnpm": _NPM,
    "npx": lambda call: unknown("npx installs and runs a tool"),
    "yarn": _YARN,
    "bun": Verbs("bun", reads="pm ls, pm bin   shows packages", changes="install|add|run|update|x|build|test   changes packages or runs scripts", destroys="remove   removes packages"),
    "cargo": _CARGO,
    "rustup": Verbs("rustup", reads="show, check, toolchain list, target list, component list, which   shows toolchains", changes="update, default, install, toolchain install, target add, component add, override, self   changes toolchains"),
    "go": _GO,
    "gem": _GEM,
    "bundle": _BUNDLE,
    "composer": _COMPOSER,
    "poetry": _POETRY,
    "conda": _CONDA,
    "mamba": _CONDA,
    "mvn": lambda call: reads("mvn prints its version") if call.texts in (["-v"], ["--version"]) else unknown("mvn builds what its file says"),
    "gradle": lambda call: unknown("gradle builds what its file says"),
    "make": _make,
    "just": _make,
    "task": _make,
    "rake": lambda call: reads("rake -T lists tasks") if call.texts and call.texts[0] in ("-T", "--tasks") else unknown("rake runs a task that could do anything"),
    "cmake": changer("writes build files"),
    "tar": _tar,
    "bsdtar": _tar,
    **dict.fromkeys(("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lz4", "pigz", "unpigz", "lzop", "pbzip2"), _gzip),
    "zip": lambda call: changes("zip writes an archive"),
    "unzip": _unzip,
    "zipinfo": reader("lists an archive"),
    "7z": lambda call: reads("7z l lists an archive") if call.texts[:1] in (["l"], ["t"]) else changes("7z writes files"),
    "jar": lambda call: reads("jar tf lists an archive") if re.match(r"-?tv?f", (call.texts or [""])[0]) else changes("jar writes files"),
    "cpio": changer("writes files"),
    "rsync": _copies,
    "scp": changer("copies files"),
    "sftp": lambda call: asks("sftp opens a prompt for a person"),
    "ftp": lambda call: asks("ftp opens a prompt for a person"),
    "rclone": Verbs("rclone", reads="ls, lsl, lsd, lsf, lsjson, size, check, cryptcheck, about, listremotes, version, tree, hashsum, md5sum, sha1sum, dedupe_, config file, config paths   shows files", leaks="cat, config show, config dump   shows content or settings", changes="copy|copyto|move|moveto|sync|bisync|mkdir|touch|rcat|link|mount|serve|config|settier|copyurl|obscure|authorize|backend   changes files", destroys="delete|deletefile|purge|rmdir|rmdirs|cleanup|dedupe   deletes files", options="config= v q P progress dry-run n transfers= include= exclude=", writing="log-file= combined= missing-on-src= missing-on-dst= match= differ= error= output= o= output-file="),
    "restic": Verbs("restic", reads="snapshots, ls, stats, diff, find, check, version, list, key list   shows backups", leaks="cat|dump   shows content", changes="backup, restore, init, unlock, copy, tag, migrate, mount, rebuild-index, repair, rewrite, key add   changes backups", destroys="forget, prune, key remove   deletes backups", options="r= p= repo= password-file= repository-file= q v no-lock json cache-dir= no-cache", writing="target= t= password-command= option= o="),
    "borg": Verbs("borg", reads="list|info|diff|check_|version   shows backups", changes="create|extract|init|mount|umount|rename|key|config|export-tar|check|compact|break-lock|serve|with-lock   changes backups", destroys="delete|prune|recreate   deletes backups"),
    "duplicity": changer("changes backups"),
    "javac": changer("writes files"),
    "gcc": changer("writes files"),
    "dotnet": lambda call: reads("dotnet shows its version") if call.texts and call.texts[0] in ("--info", "--version", "--list-sdks", "--list-runtimes") else unknown("dotnet builds or runs something"),
    "asdf": Verbs("asdf", reads="list|current|where|which|latest|info   shows versions", changes="install|global|local|plugin|reshim|update|set   changes versions", destroys="uninstall   removes versions"),
    "nvm": Verbs("nvm", reads="ls|list|current|which|ls-remote   shows versions", changes="install|use|alias|run   changes versions", destroys="uninstall   removes versions"),
    "pyenv": Verbs("pyenv", reads="versions, version, which, root, whence, install --list   shows versions", changes="install|global|local|shell|rehash   changes versions", destroys="uninstall   removes versions"),
    "update-alternatives": lambda call: reads("update-alternatives shows choices") if call.texts[:1] in (["--list"], ["--display"], ["--query"], ["--get-selections"]) else changes("update-alternatives changes choices"),
    "alternatives": lambda call: reads("alternatives shows choices") if call.texts[:1] in (["--list"], ["--display"]) else changes("alternatives changes choices"),
}  # fmt: skip
