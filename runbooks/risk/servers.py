# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Web and mail servers, proxies, certificates, monitoring, configuration management, clusters, and other servers' tools."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, changer, names, parsed, reader, shown, written_by
from runbooks.risk._verdict import Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def _only(does: str, pattern: str, otherwise: str) -> Judge:
    """Reads when every argument matches `pattern` (and there is one), changes otherwise."""
    known = re.compile(pattern)

    def judge(call: Invocation) -> Verdict:
        if call.args and all(known.fullmatch(text) for text in call.texts):
            return reads(f"{call.name} {does}")
        return changes(f"{call.name} {otherwise}")

    return judge


def _nginx(call: Invocation) -> Verdict:
    found = parsed(call.args, "t T v V q h ? c= p= e= s=_")
    if found.strange or not found.has("t", "T", "v", "V", "h", "?"):
        return changes("nginx starts, stops or reloads the server")
    return reads("nginx -t checks the configuration", leaks=found.has("T"))


def _apachectl(call: Invocation) -> Verdict:
    known = {
        "configtest",
        "-t",
        "-S",
        "-M",
        "-l",
        "-v",
        "-V",
        "-L",
        "status",
        "fullstatus",
        "-D",
        "DUMP_VHOSTS",
        "DUMP_MODULES",
        "DUMP_RUN_CFG",
        "DUMP_INCLUDES",
    }
    if call.args and all(text in known for text in call.texts):
        return reads(f"{call.name} shows or checks the configuration")
    return changes(f"{call.name} starts, stops or reloads the server")


def _haproxy(call: Invocation) -> Verdict:
    if any(text in ("-c", "-v", "-vv") for text in call.texts) and not any(
        text in ("-D", "-sf", "-st", "-W", "-Ws", "-db") for text in call.texts
    ):
        return reads("haproxy -c checks the configuration")
    return changes("haproxy starts or replaces the server")


_VARNISHADM_READS = {
    "ping",
    "status",
    "backend.list",
    "vcl.list",
    "vcl.show",
    "panic.show",
    "param.show",
    "ban.list",
    "storage.list",
    "banner",
    "help",
    "pid",
    "vcl.symtab",
}


def _varnishadm(call: Invocation) -> Verdict:
    found = parsed(call.args, "n= S= T= t= p", stop_at_operand=True)
    words = " ".join(arg.text for arg in found.operands).split()
    if found.strange or not words:
        return asks("varnishadm opens a prompt for a person")
    return (
        reads(f"varnishadm {words[0]} shows the state of the cache")
        if words[0] in _VARNISHADM_READS
        else changes(f"varnishadm {shown(words[0])} changes the cache")
    )


def _varnishlog(call: Invocation) -> Verdict:
    if written_by(call.args, "w= a D P="):
        return changes(f"{call.name} writes a file")
    if any(text in ("-d", "-1") for text in call.texts) or (
        call.name == "varnishstat" and any(text in ("-1", "-j", "-x", "-l") for text in call.texts)
    ):
        return reads(f"{call.name} shows what the cache did")
    flag = "-1" if call.name in ("varnishstat", "varnishtop", "varnishhist") else "-d"
    return Verdict(Risk.READ_ONLY, f"{call.name} keeps printing until it is stopped", True, (call.put(0, flag),))


# certificates and keys

_X509 = (
    "in= inform= noout text dates startdate enddate subject issuer serial fingerprint checkend= checkhost= checkip= checkemail= ext= purpose "
    "modulus pubkey hash subject_hash issuer_hash email ocsp_uri ocspid nameopt= certopt= sha1 sha256 md5 alias nocert"
)
_OPENSSL = {
    "x509": _X509,
    "s_client": "connect= servername= showcerts CAfile= CApath= cert= key= verify= verify_return_error verify_hostname= tls1 tls1_1 tls1_2 tls1_3 no_tls1 no_tls1_1 no_tls1_2 no_tls1_3 "
    "ssl3 starttls= status brief quiet cipher= ciphersuites= alpn= prexit ign_eof no_ign_eof host= port= 4 6 noservername bugs debug_ state_ msg_ crlf partial_chain "
    "x509_strict nocommands timeout no_comp tlsextdebug",
    "verify": "CAfile= CApath= untrusted= trusted= purpose= verbose partial_chain show_chain crl_check CRLfile= x509_strict verify_hostname=",
    "req": "in= inform= noout text subject verify modulus pubkey",
    "crl": "in= inform= noout text issuer lastupdate nextupdate fingerprint CAfile= hash",
    "rsa": "in= inform= noout check modulus text pubin pubout",
    "crl2pkcs7": "nocrl certfile= in= inform=",
    "ec": "in= inform= noout text check pubin",
    "pkey": "in= inform= noout check text pubin text_pub pubcheck",
    "dgst": "sha1 sha256 sha384 sha512 md5 hex r c binary hmac= verify= signature=",
    "md5": "", "sha256": "", "sha1": "", "sha512": "",
    "ciphers": "v V s tls1_2 tls1_3 stdname psk",
    "version": "a b d e f o p v m r c",
    "rand": "base64 hex",
    "asn1parse": "in= inform= i strparse= dump",
    "ocsp": "issuer= cert= url= CAfile= text resp_text no_nonce header= noverify VAfile= respin= host=",
    "base64": "d a A in= e",
    "pkcs12": "in= info noout nokeys nocerts clcerts cacerts passin= nodes password= legacy",
    "pkcs7": "in= inform= print_certs noout text",
    "errstr": "", "list": "digest-commands cipher-commands cipher-algorithms providers disabled public-key-algorithms", "help": "", "prime": "hex",
    "passwd": "1 5 6 apr1 salt= stdin",
}  # fmt: skip


def _openssl(call: Invocation) -> Verdict:
    verb = call.texts[0] if call.texts else ""
    if verb in ("--version", "--help"):
        return reads("openssl prints text")
    if verb not in _OPENSSL:
        return (
            asks("openssl opens a prompt for a person")
            if not verb
            else changes(f"openssl {shown(verb)} makes keys or certificates, or is not known")
        )
    found = parsed(call.args[1:], _OPENSSL[verb], single=True)
    if found.strange:
        return changes(f"openssl {verb} with {shown(found.strange[0])} writes a file or is not known")
    if verb == "s_client":
        return _s_client(call)
    leaks = (
        verb in ("rsa", "ec", "pkey", "pkcs12", "rand", "passwd")
        and not (found.has("noout") and not found.has("text", "info"))
        and not found.has("pubin", "pubout")
    )
    return reads(f"openssl {verb} shows or checks keys, certificates or text", leaks=leaks)


def _s_client(call: Invocation) -> Verdict:
    """s_client talks until its input ends, so it is given none."""
    verdict = reads("openssl s_client shows a server's certificate")
    if call.stdin is not None or call.piped:
        if call.stdin is not None and call.stdin.strip() not in ("", "Q", "QUIT", "quit"):
            return unknown("openssl s_client sends what it is fed")
        return verdict
    end = call.args[-1].end
    return Verdict(
        Risk.READ_ONLY, "openssl s_client waits for a person to type", True, (Edit(end, end, " </dev/null"),)
    )


def _certbot(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if words[:1] in (["certificates"], ["plugins"], ["show_account"]) or call.texts == ["--version"]:
        return reads("certbot certificates lists certificates")
    if words[:1] in (["delete"], ["revoke"], ["unregister"]):
        return destroys(f"certbot {words[0]} deletes or revokes a certificate")
    return changes("certbot gets or changes certificates")


def _ssh_keygen(call: Invocation) -> Verdict:
    if any(re.fullmatch(r"-[vE]*[lBFL][fv]*|-lf|-Lf|-lvf", text) for text in call.texts) and not any(
        text in ("-R", "-H", "-p", "-t", "-A", "-D", "-c", "-s", "-Y", "-w", "-M", "-k", "-K") for text in call.texts
    ):
        return reads("ssh-keygen -l shows a fingerprint")
    return changes("ssh-keygen makes or changes keys")


def _gpg(call: Invocation) -> Verdict:
    if (
        call.texts
        and re.fullmatch(
            r"-k|-K|--list-(?:keys|secret-keys|public-keys|sigs|signatures|config|options|packets)|--fingerprint|--check-sigs|--version|--verify|--show-keys",
            call.texts[0],
        )
        and not any(
            text.startswith(
                (
                    "--output",
                    "-o",
                    "--edit",
                    "--delete",
                    "--import",
                    "--re",
                    "--recv",
                    "--send",
                    "--search",
                    "--fetch",
                    "--gen",
                    "--quick",
                    "--sign",
                    "--update",
                    "--photo",
                    "--show-photos",
                    "--agent-program",
                    "--keyserver",
                )
            )
            for text in call.texts
        )
    ):
        return reads("gpg shows keys or checks a signature")
    return changes("gpg changes keys or files")


# mail


def _postqueue(call: Invocation) -> Verdict:
    return (
        reads("postqueue -p lists waiting mail")
        if all(text in ("-p", "-j", "-v") for text in call.texts) and call.args
        else changes("postqueue sends waiting mail")
    )


def _postconf(call: Invocation) -> Verdict:
    if any(re.match(r"-[a-zA-Z]*[eXPMF#]", text) or "=" in text for text in call.texts):
        return changes("postconf changes settings")
    return reads("postconf shows settings")


# monitoring


def _logcli(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if any(text.startswith(("--output-file", "--part-path", "--parallel")) for text in call.texts):
        return changes("logcli writes files")
    if not any(
        word
        in (
            "query",
            "instant-query",
            "labels",
            "series",
            "stats",
            "volume",
            "volume_range",
            "detected-fields",
            "fmt",
            "index_",
        )
        for word in words
    ):
        return unknown("logcli is used in a way we do not judge")
    follows = [at for at, text in enumerate(call.texts) if text in ("-f", "--tail", "-t")]
    edits = tuple(call.without(at) for at in follows)
    return Verdict(Risk.READ_ONLY, "logcli reads logs", endless=bool(follows), edits=edits)


_AMTOOL = Verbs(
    "amtool",
    reads="alert query, alert, silence query, silence, config show, config routes, config, check-config, cluster show, cluster, template render   shows alerts and silences",
    changes="silence add, silence update, silence import, alert add   changes silences or alerts",
    destroys="silence expire   ends silences",
    options="alertmanager.url= o= output= config.file= timeout= http.config.file= verbose v",
)
_PROMTOOL = Verbs(
    "promtool",
    reads="check, query, test rules, debug_, promql format   checks settings or asks a question",
    changes="tsdb create-blocks-from|push|debug   writes data",
    special={
        "tsdb": lambda call, index: (
            reads("promtool tsdb analyzes a database")
            if call.texts[index : index + 1] in (["analyze"], ["list"])
            else changes("promtool tsdb writes data")
        )
    },
)


def _influx(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    for at, text in enumerate(call.texts):
        if text in ("-execute", "--execute") and at + 1 < len(call.args):
            query = call.walker.filled(call.args[at + 1]) or "\x00"
            if all(
                re.fullmatch(r"\s*(?:show|select|explain)\b(?!.*\binto\b)[^;]*", one, re.I | re.S)
                for one in query.split(";")
                if one.strip()
            ):
                return reads("the query only reads")
            return changes("the statement changes the database")
    if words[:1] in (["ping"], ["version"]) or (
        len(words) > 1 and words[1] in ("list", "ls", "find") and words[0] not in ("delete", "write")
    ):
        return reads(f"influx {' '.join(words[:2])} only reads")
    if (
        words[:1] == ["query"]
        and not any(re.search(r"\bto\s*\(|experimental|http\.post|sql\.to", text) for text in call.texts)
        and not any(text.startswith(("-f", "--file")) for text in call.texts)
    ):
        return reads("influx query only reads")
    if not call.args:
        return asks("influx opens a prompt for a person")
    return destroys("influx delete deletes data") if words[:1] == ["delete"] else changes("influx changes something")


# configuration management


def _ansible(call: Invocation) -> Verdict:
    """An ad-hoc command: as risky as its module, and for `command` and `shell` as what they run."""
    spec = "m= a= i= u= l= f= b K k e= t= v T= c= B= P= C D o M= module-name= args= inventory= user= limit= forks= become become-user= become-method= extra-vars= private-key= one-line list-hosts timeout= connection= ask-become-pass ask-pass check diff version h vault-password-file= vault-id= ssh-common-args=_"
    found = parsed(call.args, spec)
    if found.has("version", "list-hosts", "h"):
        return reads("ansible lists hosts or prints text")
    if found.strange or found.has("t", "B", "M", "K", "k", "ask-become-pass", "ask-pass"):
        return unknown("ansible is used in a way we do not judge")
    chosen = found.get("m", "module-name")
    module = (chosen.text or "command").rpartition(".")[2] if chosen else "command"
    given = found.get("a", "args")
    if module in (
        "ping",
        "setup",
        "gather_facts",
        "service_facts",
        "package_facts",
        "stat",
        "debug",
        "win_ping",
        "getent",
        "find",
        "slurp",
        "wait_for",
        "wait_for_connection",
        "uri_",
    ):
        return reads(f"ansible {module} only asks hosts", leaks=module in ("slurp", "setup"))
    if module in ("command", "shell", "raw") and given is not None and given.value is not None:
        if re.search(r"\{\{|\{%|\b(?:chdir|creates|removes|executable|stdin)=", given.value.text):
            return unknown("ansible puts the command together from a template")
        return call.shell(given.index + 1)
    return changes(f"ansible with the module {shown(module)} changes hosts")


def _playbook(call: Invocation) -> Verdict:
    if any(
        text in ("--list-tasks", "--list-hosts", "--list-tags", "--syntax-check", "--version") for text in call.texts
    ):
        return reads("ansible-playbook only lists what it would do")
    return changes("ansible-playbook changes hosts")


_SALT_READS = re.compile(
    r"test\.(?:ping|version|versions_report|echo|fib)|grains\.(?:items|item|get|ls)|status\.\w+|disk\.(?:usage|percent|inodeusage)|service\.(?:status|get_all|available|get_running|enabled)|pkg\.(?:list_pkgs|version|latest_version|list_upgrades)|network\.(?:interfaces|ip_addrs|netstat|ping|active_tcp|connect)|sys\.(?:doc|list_functions|list_modules)|ps\.(?:top|virtual_memory|cpu_percent|disk_usage|get_pid_list)|system\.get_\w+|state\.(?:show_\w+)|file\.(?:stats|file_exists|directory_exists|readdir)|cp\.list_master|saltutil\.(?:running|find_job|is_running|list_extmods)|timezone\.get_\w+|manage\.(?:status|up|down|alived|versions|present)|jobs\.(?:list_jobs|active|list_job|lookup_jid|last_run|print_job)"
)


def _salt(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "l= L G C E N S t= b= out= output= timeout= batch= v c= static async_ hide-timeout list grain compound pcre nodegroup local retcode-passthrough state-output= log-level= no-color id= batch-size= show-timeout subset= versions-report",
    )
    words = list(found.operands)
    target = 0 if call.name in ("salt-call", "salt-run") else 1
    if found.strange or len(words) <= target:
        return unknown(f"{call.name} is used in a way we do not judge")
    function = words[target].text
    if _SALT_READS.fullmatch(function):
        return reads(f"{call.name} {function} only asks hosts")
    if function in ("pillar.items", "pillar.get", "pillar.item", "environ.items"):
        return reads(f"{call.name} {function} shows settings", leaks=True)
    if function in ("cmd.run", "cmd.shell", "cmd.run_all", "cmd.run_stdout") and len(words) == target + 2:
        return call.shell(found.at[target + 1])
    return changes(f"{call.name} {shown(function)} changes hosts")


_KNIFE_READS = {
    ("node", "list"), ("node", "show"), ("role", "list"), ("role", "show"), ("environment", "list"), ("environment", "show"),
    ("cookbook", "list"), ("cookbook", "show"), ("client", "list"), ("client", "show"), ("user", "list"), ("tag", "list"), ("ssl", "check"),
    ("vault", "list"), ("raw", "get_"), ("recipe", "list"), ("client", "list"), ("org", "list"),
}  # fmt: skip


def _knife(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if words[:1] == ["ssh"]:
        return _knife_ssh(call)
    if tuple(words[:2]) in _KNIFE_READS:
        return reads(f"knife {' '.join(words[:2])} only reads")
    if words[:3] in (["data", "bag", "list"], ["data", "bag", "show"]) or words[:2] == ["vault", "show"]:
        return reads(f"knife {' '.join(words[:2])} shows data", leaks=True)
    if words[:1] in (["status"], ["search"], ["list"], ["show"], ["diff"]):
        return reads(f"knife {words[0]} only reads")
    if "delete" in words:
        return destroys("knife delete deletes something")
    return changes(f"knife {shown(' '.join(words[:2]))} changes something")


def _knife_ssh(call: Invocation) -> Verdict:
    """`knife ssh [options] QUERY 'command'`: as risky as the command, on every host that the query finds."""
    spec = "C= a= x= p= i= m A s= P=? t= G= e k= z concurrency= attribute= ssh-user= ssh-port= manual-list ssh-timeout= identity-file= no-host-key-verify"
    found = parsed(call.args, spec)
    if found.strange or len(found.operands) < 3 or found.operands[0].text != "ssh":
        return unknown("knife ssh is used in a way we do not judge")
    if len(found.operands) == 3:
        if found.operands[2].text in ("interactive", "screen", "tmux", "macterm", "cssh"):
            return asks("knife ssh opens shells for a person")
        return call.shell(found.at[2])
    return call.inner(found.at[2])


def _puppet(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if words[:2] in (
        ["config", "print"],
        ["parser", "validate"],
        ["module", "list"],
        ["facts", "show"],
        ["cert", "list"],
        ["ca", "list"],
        ["lookup", ""],
    ) or words[:1] in (["lookup"], ["describe"], ["doc"]):
        return reads(f"puppet {' '.join(words[:2])} only reads")
    if words[:1] == ["resource"] and not any("=" in text for text in words) and not written_by(call.args, "e edit"):
        return reads("puppet resource shows the state of a resource")
    return changes("puppet changes the machine")


# GitLab's own tools

_GITLAB_CTL = Verbs(
    "gitlab-ctl",
    reads="status, service-list, show-config_, help, patroni members, repmgr cluster show, get-postgresql-primary, pgb-console_, check-config, geo-replication-status_, promotion-preflight-checks   shows the services",
    leaks="show-config   shows all settings",
    changes="start|stop|restart|reconfigure|hup|int|term|usr1|usr2|once|kill|graceful-kill|upgrade|pg-upgrade|renew-le-certs|registry-garbage-collect|backup-etc|deploy-page|set-geo-primary-node|promote-to-primary-node|geo|patroni|pgb-notify|write-pgpass|consul|registry-database|prometheus-upgrade   changes the services",
    destroys="cleanse|uninstall|remove-accounts   deletes data",
    special={
        "tail": lambda call, index: Verdict(
            Risk.READ_ONLY, "gitlab-ctl tail follows logs and never ends", True, (call.wrapped("timeout 10"),)
        )
    },
)
_GITLAB_RAKE_READS = re.compile(
    r"gitlab:(?:check|env:info|gitaly:check|gitlab_shell:check|sidekiq:check|app:check|git:fsck|artifacts:check|lfs:check|uploads:check|geo:check|doctor:secrets|storage:list_\w+|license:info|ldap:check|usage_data:dump_\w+|db:active_|features:list_|elastic:info|incoming_email:check|ci:\w+:list_)|geo:(?:status|site:role|replication:\w+_)|db:(?:migrate:status|version)|-T|--tasks|about"
)


def _gitlab_rake(call: Invocation) -> Verdict:
    words = [text for text in call.texts if "=" not in text]
    if words and all(_GITLAB_RAKE_READS.fullmatch(text.partition("[")[0]) for text in words):
        return reads(f"{call.name} only checks")
    return unknown(f"{call.name} runs a task that may change something")


def _gitlab_rails(call: Invocation) -> Verdict:
    verb = call.texts[0] if call.texts else ""
    if verb in ("console", "c", "dbconsole", "db"):
        return asks(f"gitlab-rails {verb} opens a prompt for a person")
    return unknown("gitlab-rails runs Ruby code that could do anything")


def _gitlab_psql(call: Invocation) -> Verdict:
    from dataclasses import replace

    from runbooks.risk.postgres import TOOLS as POSTGRES

    return POSTGRES["psql"](replace(call, name="psql"))


def _patronictl(call: Invocation) -> Verdict:
    from runbooks.risk.postgres import TOOLS as POSTGRES

    return POSTGRES["patronictl"](call)


def _pgb_console(call: Invocation) -> Verdict:
    """PgBouncer's own console: SHOW reads, everything else acts."""
    found = parsed(call.args, "c= U= d= h= p= x t A X q")
    codes = [option.value.text for option in found.options if option.name == "c" and option.value]
    if codes and not found.strange and all(re.fullmatch(r"\s*show\s+[\w ]+;?\s*", code, re.I) for code in codes):
        return reads("it shows the state of PgBouncer")
    return unknown("it sends commands to PgBouncer") if codes else asks("it opens a prompt for a person")


def _gitlab_redis(call: Invocation) -> Verdict:
    from dataclasses import replace

    from runbooks.risk.redis import TOOLS as REDIS

    return REDIS["redis-cli"](replace(call, name="redis-cli"))


# databases without SQL

_MONGO_CALLS = names("""status conf config printReplicationInfo printSecondaryReplicationInfo printSlaveReplicationInfo isMaster hello serverStatus stats currentOp version
    getReplicationInfo find findOne count countDocuments estimatedDocumentCount distinct aggregate explain limit sort skip pretty toArray forEach printjson
    print getCollectionNames getCollectionInfos getSiblingDB getMongo getDBNames getDBs getIndexes getIndexKeys totalSize dataSize storageSize totalIndexSize
    indexStats latencyStats hostInfo getName getCollection adminCommand runCommand getProfilingStatus getProfilingLevel isBalancerRunning getBalancerState
    getShardDistribution buildInfo connectionStatus getUsers_ getReadPrefMode setReadPref readPref secondaryOk slaveOk rsStatus_ map filter length keys
    JSON.stringify stringify Object.keys entries ObjectId ISODate Date NumberLong Timestamp EJSON.stringify serverBuildInfo serverCmdLineOpts top_ getShardVersion isCapped
    validate_ maxTimeMS itcount size hasNext next tojson tojsononeline quit exit Array from toString toISOString join slice""")
_MONGO_COMMANDS = names("""ping hello isMaster ismaster replSetGetStatus replSetGetConfig serverStatus buildInfo buildinfo dbStats dbstats collStats collstats listDatabases listCollections
    connectionStatus currentOp getLog getParameter hostInfo listShards balancerStatus top connPoolStats getCmdLineOpts isdbgrid listIndexes count
    distinct find explain whatsmyuri features netstat shardConnPoolStats lockInfo replSetGetRBID getShardMap profile_""")


def mongo_verdict(code: str) -> Verdict:
    """The verdict on JavaScript for the mongo shell: only calls that are known to read."""
    if re.search(
        r"\$(?:out|merge|where|function|accumulator|eval)\b|`|=>\s*\{|\bfunction\b|\bnew\s+(?!Date|ISODate)|\]\s*\(|\beval\b|\bload\b|\\",
        code,
    ):
        return unknown("the mongo code may write or run something")
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', code)
    if re.search(r"(?<![=!<>])=(?![=>])|\+\+|--|\bdelete\b|\[\s*\"\"\s*\]", bare):
        return unknown("the mongo code assigns something")
    for call in re.findall(r"([\w.$]+)\s*\(", bare):
        name = call.rpartition(".")[2]
        if name not in _MONGO_CALLS and call not in _MONGO_CALLS:
            return unknown(f"the mongo call {shown(name)} is not known")
    for command in re.findall(r"(?:adminCommand|runCommand)\s*\(\s*(?:\{\s*[\"']?|[\"'])(\w+)", code):
        if command not in _MONGO_COMMANDS:
            return unknown(f"the mongo command {shown(command)} may change something")
    if len(re.findall(r"(?:adminCommand|runCommand)\s*\(", code)) != len(
        re.findall(r"(?:adminCommand|runCommand)\s*\(\s*(?:\{\s*[\"']?|[\"'])\w+", code)
    ):
        return unknown("the mongo command is not known here")
    return reads("the mongo code only reads")


def _mongosh(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "u= p=? h= quiet norc nodb host= port= username= password=? authenticationDatabase= authenticationMechanism= tls ssl tlsCAFile= sslCAFile= tlsCertificateKeyFile= sslPEMKeyFile= tlsAllowInvalidCertificates sslAllowInvalidCertificates tlsAllowInvalidHostnames eval= version help verbose json=? shell_ apiVersion= retryWrites_ directConnection",
    )
    if found.has("version", "help"):
        return reads(f"{call.name} prints text")
    if found.strange or any(arg.text.endswith(".js") for arg in found.operands):
        return unknown(f"{call.name} runs a file or is used in a way we do not judge")
    codes = [
        call.walker.filled(option.value) if option.value else option.attached
        for option in found.options
        if option.name == "eval"
    ]
    if not codes and call.stdin is not None:
        codes = [
            line for line in call.stdin.splitlines() if not re.fullmatch(r"\s*(?:use \w+|show \w+|exit|quit)?\s*", line)
        ] or ["db.stats()"]
    if codes:
        bad = [
            mongo_verdict(code) if code is not None else unknown("the mongo code is not known here") for code in codes
        ]
        return max(bad, key=lambda one: one.risk is not Risk.READ_ONLY)
    return (
        unknown(f"{call.name} runs whatever it is fed")
        if call.piped
        else asks(f"{call.name} opens a prompt for a person")
    )


def _mongostat(call: Invocation) -> Verdict:
    if any(re.match(r"-n|--rowcount", text) for text in call.texts):
        return reads(f"{call.name} shows load")
    return Verdict(Risk.READ_ONLY, f"{call.name} keeps printing until it is stopped", True, (call.put(0, "-n 1"),))


_NODETOOL_READS = names(
    "status info ring describecluster tpstats compactionstats netstats gossipinfo cfstats tablestats cfhistograms tablehistograms proxyhistograms version statusbinary statusgossip statushandoff statusthrift statusbackup statusautocompaction getendpoints getcompactionthroughput getstreamthroughput getlogginglevels gettimeout getconcurrentcompactors failuredetector listsnapshots toppartitions_ describering rangekeysample gcstats getseeds clientstats compactionhistory getcompactionthreshold gettraceprobability viewbuildstatus help repair_admin_ getinterdcstreamthroughput getsstables getmaxhintwindow"
)


def _nodetool(call: Invocation) -> Verdict:
    found = parsed(call.args, "h= p= u= pw= pwf= host= port= username= password= pp", single=True, stop_at_operand=True)
    verb = found.operands[0].text if found.operands else ""
    if found.strange or not verb:
        return unknown("nodetool is used in a way we do not judge")
    if verb in _NODETOOL_READS:
        return reads(f"nodetool {verb} shows the state of the cluster")
    if verb in ("decommission", "removenode", "assassinate", "clearsnapshot", "drain"):
        return destroys(f"nodetool {verb} takes a node or data out of the cluster")
    return changes(f"nodetool {shown(verb)} changes the cluster")


# storage and clusters

_CEPH_READS = re.compile(
    r"(?:-s|status|health(?: detail)?|df(?: detail)?|version|versions|features|fsid|report|time-sync-status|quorum_status|mon (?:stat|dump|versions)|osd (?:tree|stat|df(?: tree)?|dump|ls|pool ls(?: detail)?|pool stats|pool get|perf|find|"
    r"status|blocked-by|utilization|crush (?:tree|dump|rule ls|rule dump|class ls)|getcrushmap_|metadata|versions|in_|lspools|safe-to-destroy|ok-to-stop|erasure-code-profile (?:ls|get)|pool autoscale-status)|pg (?:stat|dump|dump_stuck|ls|map|ls-by-pool|ls-by-osd)|"
    r"mds (?:stat|metadata|versions)|fs (?:ls|status|dump|get)|mgr (?:stat|dump|module ls|services|versions)|auth_|config (?:show|get|dump|log)|crash (?:ls|info|stat)|device (?:ls|info)|orch (?:status|ls|ps|host ls|device ls)|balancer status|log last|progress|insights_|telemetry status|node ls|tell \S+ (?:version)|pg \S+ query|daemon \S+ (?:ops|dump_\w+|perf dump|status|version|config (?:show|get|diff)|get_\w+|session ls|help)|tell \S+ (?:ops|dump_\w+|session ls|status))(?:\s.*)?"
)


def _ceph(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "s f= c= n= k= id= format= cluster= conf= name= keyring= connect-timeout= w_ status",
        stop_at_operand=False,
    )
    if any(text in ("-w", "--watch", "--watch-debug") for text in call.texts):
        return Verdict(
            Risk.READ_ONLY, "ceph -w follows the cluster and never ends", True, (call.wrapped("timeout 10"),)
        )
    words = " ".join(arg.text for arg in found.operands)
    if found.strange or any(re.match(r"-[oi]$|--(?:out|in)-file", text) for text in call.texts):
        return changes("ceph changes the cluster or writes a file")
    if (not words and found.has("s", "status")) or _CEPH_READS.fullmatch(words):
        return reads("ceph shows the state of the cluster")
    if re.search(r"\b(?:rm|delete|purge|destroy|zap)\b", words):
        return destroys(f"ceph {shown(words)} deletes data")
    return (
        asks("ceph opens a prompt for a person") if not words else changes(f"ceph {shown(words)} changes the cluster")
    )


_GLUSTER = Verbs(
    "gluster",
    reads="volume status|info|list|get   shows volumes\npeer status   shows peers\npool list   shows peers\nsnapshot list|info|status   shows snapshots\nvolume profile_|top   shows load\nvolume heal_   shows healing",
    changes="volume start|stop|create|set|reset|add-brick|rebalance|heal|quota|profile|replace-brick|geo-replication   changes volumes\npeer probe|detach   changes peers\nsnapshot create|restore|activate   changes snapshots",
    destroys="volume delete|remove-brick   deletes volumes\nsnapshot delete   deletes snapshots",
    options="mode= xml",
)


def _gluster(call: Invocation) -> Verdict:
    if call.texts[:2] == ["volume", "heal"] and call.texts[3:4] == ["info"]:
        return reads("gluster volume heal info shows healing")
    if call.texts[:2] == ["volume", "top"] and "clear" in call.texts:
        return changes("gluster volume top clear forgets counters")
    return _GLUSTER(call) if call.args else asks("gluster opens a prompt for a person")


_PCS = Verbs(
    "pcs",
    reads="status, resource status, resource show_, resource config, stonith status, stonith config, constraint list, constraint config, cluster status, config show, property list, property config, quorum status, quorum config, node attribute_, alert config   shows the cluster",
    changes="resource|cluster|stonith|constraint|property|node|quorum|config|acl|alert|booth|host|dr|client   changes the cluster",
    destroys="cluster destroy, resource delete, stonith delete   deletes something",
    bare=unknown("pcs is used in a way we do not judge"),
)
_CRM = Verbs(
    "crm",
    reads="status, resource status, resource list, configure show, node show, node list, history_, ra list, ra info   shows the cluster",
    changes="resource|node|configure|cluster|corosync|options|cib   changes the cluster",
    asks="configure edit   opens an editor",
    bare=asks("crm opens a prompt for a person"),
)


def _crm_mon(call: Invocation) -> Verdict:
    if any(re.match(r"-\w*1|--one-shot|-s|--simple-status", text) for text in call.texts):
        return reads("crm_mon -1 shows the cluster")
    if written_by(call.args, "external-agent= E= output-to= as-html= h="):
        return changes("crm_mon runs something or writes a file")
    return Verdict(Risk.READ_ONLY, "crm_mon refreshes a screen until it is stopped", True, (call.put(0, "-1"),))


_HDFS_READS = {
    "-ls",
    "-du",
    "-df",
    "-count",
    "-stat",
    "-test",
    "-cat",
    "-tail",
    "-text",
    "-head",
    "-find",
    "-checksum",
    "-getfacl",
    "-help",
    "-usage",
}


def _hdfs(call: Invocation) -> Verdict:
    first = call.texts[:2]
    if first[:1] in (["dfs"], ["fs"]) and first[1:] and first[1] in _HDFS_READS and "-f" not in call.texts:
        return reads(f"{call.name} {' '.join(first)} shows files")
    if first[:1] in (["dfs"], ["fs"]) and first[1:] in (["-rm"], ["-rmr"], ["-rmdir"], ["-expunge"], ["-truncate"]):
        return destroys(f"{call.name} {' '.join(first)} deletes files")
    if first in (
        ["dfsadmin", "-report"],
        ["dfsadmin", "-printTopology"],
        ["haadmin", "-getServiceState"],
        ["haadmin", "-getAllServiceState"],
        ["haadmin", "-checkHealth"],
        ["dfsadmin", "-getDatanodeInfo"],
    ) or first[:1] in (["version"], ["getconf"], ["classpath"]):
        return reads(f"{call.name} {' '.join(first)} shows the cluster")
    if first == ["dfsadmin", "-safemode"] and call.texts[2:3] == ["get"]:
        return reads("hdfs shows whether safe mode is on")
    if first[:1] == ["fsck"] and not any(text in ("-delete", "-move") for text in call.texts):
        return reads("hdfs fsck checks files")
    return changes(f"{call.name} {shown(' '.join(first))} changes the cluster")


def _virsh(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if call.texts[:1] in (["-c"], ["--connect"]):
        words = words[1:]
    verb = words[0] if words else ""
    if any(";" in text for text in call.texts):
        return unknown("virsh is given several commands")
    if re.fullmatch(
        r"(?:list|dominfo|domstate|domblklist|domblkstat|domiflist|domifaddr|dommemstat|domstats|nodeinfo|nodememstats|net-list|net-info|pool-list|pool-info|vol-list|vol-info|snapshot-list|version|hostname|uri|capabilities|freecell|vcpuinfo|vcpucount|domuuid|domid|domname|net-dhcp-leases|iface-list|nodecpustats|cpu-stats)",
        verb,
    ):
        return reads(f"virsh {verb} shows machines")
    if verb == "dumpxml":
        return reads("virsh dumpxml shows a machine's settings", leaks="--security-info" in call.texts)
    if verb in (
        "destroy",
        "undefine",
        "vol-delete",
        "pool-delete",
        "snapshot-delete",
        "net-destroy",
        "net-undefine",
        "pool-destroy",
    ):
        return destroys(f"virsh {verb} ends or deletes a machine")
    return (
        asks("virsh opens a prompt or console for a person")
        if not words or verb in ("console", "edit")
        else changes(f"virsh {shown(verb)} changes machines")
    )


def _slurm(call: Invocation) -> Verdict:
    repeating = [at for at, text in enumerate(call.texts) if re.match(r"-i|--iterate", text)]
    if repeating:
        return asks(f"{call.name} -i repeats until it is stopped")
    return reads(f"{call.name} shows jobs or nodes")


def _asterisk(call: Invocation) -> Verdict:
    if (
        call.texts[:1] in (["-rx"], ["-x"])
        and len(call.args) == 2
        and re.fullmatch(
            r"(?:core|sip|pjsip|iax2|queue|dialplan|module|database|channel|manager|voicemail|rtp|cdr|logger) show[\w ./-]*|core show[\w ./-]*|sip show[\w ./-]*|status|show [\w ]+|sofia status[\w ]*|version",
            call.texts[1],
        )
    ):
        return reads(f"{call.name} shows the state of calls")
    return (
        asks(f"{call.name} opens a prompt for a person")
        if not call.args or call.texts in (["-r"], ["-rvvv"])
        else changes(f"{call.name} changes calls or settings")
    )


def _ollama(call: Invocation) -> Verdict:
    verb = call.texts[0] if call.texts else ""
    if verb in ("list", "ls", "ps", "show", "--version", "-v", "help"):
        return reads(f"ollama {verb} shows models")
    if verb == "run":
        if len([text for text in call.texts[1:] if not text.startswith("-")]) > 1 or call.piped:
            return changes("ollama run loads a model, downloading it when it is missing")
        return asks("ollama run opens a prompt for a person")
    if verb == "rm":
        return destroys("ollama rm deletes a model")
    if verb == "serve":
        return asks("ollama serve starts a server that runs until it is stopped")
    return changes(f"ollama {shown(verb)} changes models")


def _airflow(call: Invocation) -> Verdict:
    first = " ".join(call.texts[:2])
    if re.fullmatch(
        r"(?:dags (?:list|state|show|report|details|list-runs|list-jobs|list-import-errors|next-execution)|tasks (?:list|state|states-for-dag-run|failed-deps)|jobs check|db check|pools list|version|info|providers list|users list|roles list|variables list|config get-value|plugins)(?:\s.*)?",
        first,
    ):
        if any(text.startswith(("-s", "--save", "--imgcat")) for text in call.texts):
            return changes("airflow writes a file")
        return reads(f"airflow {first} shows workflows")
    return changes(f"airflow {shown(first)} changes workflows")


def _sidekiq(call: Invocation) -> Verdict:
    return asks(f"{call.name} starts a process that runs until it is stopped")


def _tailscale(call: Invocation) -> Verdict:
    if call.texts[:1] in (["status"], ["ip"], ["version"], ["netcheck"], ["whois"]):
        return reads("tailscale status shows the network")
    return changes("tailscale changes the network")


def _appctl(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    verb = next(
        (
            text
            for text in words
            if ("/" in text and not text.startswith("/"))
            or text in ("status", "version", "connection-status", "list-commands")
        ),
        "",
    )
    if re.fullmatch(
        r"(?:cluster/status|version|status|connection-status|list-commands|(?:fdb|dpif|dpctl|bridge|bond|lacp|coverage|memory|upcall|lflow-cache|ofproto|inc-engine|nb|sb)/(?:show\w*|dump[\w-]*|list[\w-]*|stats-show|read-counter|connection-status|cluster-state))",
        verb,
    ):
        return reads(f"{call.name} {verb} shows the state of the network")
    return changes(f"{call.name} changes the network or is not known")


def _listing(reading: str, does: str = "shows the state") -> Judge:
    """A tool whose first word decides and whose reading words are these."""
    words = set(reading.split())

    def judge(call: Invocation) -> Verdict:
        first = call.texts[0] if call.texts else ""
        if any(text == "--" or ";" in text for text in call.texts):
            return unknown(f"{call.name} is given several commands")
        if first in words or " ".join(call.texts[:2]).replace(" ", "_") in words:
            return reads(f"{call.name} {first} {does}")
        if re.match(r"(?:rm|remove|delete|destroy|purge|drop|wipe)", first):
            return destroys(f"{call.name} {shown(first)} deletes something")
        return changes(f"{call.name} {shown(first)} changes something")

    return judge


TOOLS: dict[str, Judge] = {
    "nginx": _nginx,
    "openresty": _nginx,
    **dict.fromkeys(("apachectl", "apache2ctl", "httpd", "apache2"), _apachectl),
    "a2query": reader("shows which sites are on"),
    **{name: changer("switches a site or module on or off") for name in ("a2ensite", "a2dissite", "a2enmod", "a2dismod", "a2enconf", "a2disconf")},
    "haproxy": _haproxy,
    "varnishadm": _varnishadm,
    **dict.fromkeys(("varnishlog", "varnishncsa", "varnishstat", "varnishtop", "varnishhist"), _varnishlog),
    "caddy": _listing("validate version list-modules environ adapt build-info"),
    "traefik": _listing("version healthcheck"),
    "envoy": lambda call: reads("envoy checks its configuration") if ("--mode" in call.texts and "validate" in call.texts) or call.texts == ["--version"] else asks("envoy starts a server that runs until it is stopped"),
    "squidclient": lambda call: reads("squidclient shows the state of the cache") if call.texts and call.texts[-1].startswith("mgr:") and call.texts[-1] not in ("mgr:shutdown", "mgr:reconfigure", "mgr:rotate") and "purge" not in " ".join(call.texts).lower() else changes("squidclient changes the cache"),
    "php-fpm": lambda call: reads("php-fpm -t checks its configuration") if call.texts and all(text in ("-t", "-tt", "-v", "-m", "-i") for text in call.texts) else asks("php-fpm starts a server"),
    "named-checkconf": reader("checks settings"),
    "named-checkzone": reader("checks a zone", writing="o= D w=_"),
    "rndc": _listing("status recursing_ zonestatus managed-keys_"),
    "unbound-control": _listing("status stats_noreset list_stubs list_forwards list_local_zones lookup get_option dump_infra"),
    "unbound-checkconf": reader("checks settings"),
    "sshd": lambda call: reads("sshd -t checks its settings") if call.texts and all(text in ("-t", "-T", "-V", "-q") for text in call.texts) else changes("sshd starts a server"),
    "openssl": _openssl,
    "certbot": _certbot,
    "acme.sh": lambda call: reads("acme.sh --list lists certificates") if call.texts[:1] in (["--list"], ["--info"], ["--version"]) else changes("acme.sh gets or changes certificates"),
    "step": lambda call: reads("step shows a certificate") if call.texts[:2] in (["certificate", "inspect"], ["certificate", "verify"], ["certificate", "lint"], ["ca", "health"], ["ca", "roots"]) and not written_by(call.args, "out= f force") else changes("step makes or changes certificates"),
    "cfssl": lambda call: reads("cfssl shows a certificate") if call.texts[:1] in (["certinfo"], ["scan"], ["version"]) else changes("cfssl makes certificates"),
    "sslscan": reader("shows how a server encrypts", writing="xml="),
    "testssl.sh": changer("writes files and loads a server"),
    "ssh-keygen": _ssh_keygen,
    "ssh-keyscan": reader("shows the keys of a host"),
    "ssh-add": lambda call: reads("ssh-add -l lists keys") if call.texts in (["-l"], ["-L"]) else changes("ssh-add changes loaded keys"),
    "ssh-copy-id": changer("changes who may log in"),
    "gpg": _gpg,
    "gpg2": _gpg,
    "mailq": reader("lists waiting mail", options="v Ac"),
    "postqueue": _postqueue,
    "postconf": _postconf,
    "postcat": reader("shows a mail", leaks=True),
    "postsuper": lambda call: destroys("postsuper deletes or moves waiting mail"),
    "postfix": _listing("status", "shows the mail server"),
    "postmap": lambda call: reads("postmap -q looks a key up") if "-q" in call.texts else changes("postmap writes a table"),
    "exim": lambda call: reads("exim -bp lists waiting mail") if call.texts[:1] and re.fullmatch(r"-b(?:p[a-z]*|V|P|t)|-Mv[hblc]", call.texts[0]) else changes("exim changes the mail queue"),
    "exiqgrep": reader("searches the mail queue"),
    "exiwhat": reader("shows what the mail server does"),
    "qshape": reader("shows the age of waiting mail"),
    "doveadm": _listing("who log_find log_errors mailbox_list mailbox_status director_status replicator_status quota_get user stats_dump"),
    "doveconf": reader("shows settings", leaks=True),
    **{name: changer("sends a mail") for name in ("mail", "mailx", "sendmail", "mutt", "swaks", "msmtp", "sendemail")},
    "logcli": _logcli,
    "amtool": _AMTOOL,
    "promtool": _PROMTOOL,
    "prometheus": lambda call: reads("prometheus prints its version") if call.texts == ["--version"] else asks("prometheus starts a server"),
    "influx": _influx,
    "influxd": _listing("version config", "prints text"),
    "mimirtool": lambda call: reads("mimirtool only reads") if call.texts[:2] in (["rules", "list"], ["rules", "print"], ["rules", "lint"], ["rules", "check"], ["alertmanager", "get"], ["alertmanager", "verify"]) else changes("mimirtool changes settings"),
    "grafana-cli": lambda call: reads("grafana-cli lists plugins") if call.texts[-1:] in (["ls"], ["list-remote"]) else changes("grafana-cli changes grafana"),
    "datadog-agent": _listing("status health version configcheck hostname diagnose tagger-list workload-list"),
    "zabbix_get": lambda call: unknown("zabbix_get may run a command of the agent") if any(re.search(r"run\[|\x00", text) for text in call.texts) else reads("zabbix_get asks an agent a question"),
    "zabbix_sender": changer("sends a value"),
    "sensu-cli": changer("changes checks"),
    "sensuctl": lambda call: reads("sensuctl shows checks") if call.texts[1:2] in (["list"], ["info"]) else changes("sensuctl changes checks"),
    "nagios": lambda call: reads("nagios -v checks settings") if call.texts[:1] == ["-v"] else changes("nagios starts a server"),
    "check_http": reader("checks a server", writing="P= post= j= method="),
    "ansible": _ansible,
    "ansible-playbook": _playbook,
    "ansible-inventory": lambda call: changes("ansible-inventory --output writes a file") if written_by(call.args, "output=") else reads("ansible-inventory lists hosts", leaks=True),
    "ansible-config": _listing("dump list view"),
    "ansible-doc": reader("shows documentation"),
    "ansible-lint": reader("checks playbooks", writing="fix= write="),
    "ansible-galaxy": lambda call: reads("ansible-galaxy lists collections") if "list" in call.texts[:2] or "search" in call.texts[:2] or "info" in call.texts[:2] else changes("ansible-galaxy installs collections"),
    "ansible-vault": lambda call: asks("ansible-vault asks for a password or opens an editor"),
    "ansible-pull": changer("changes this machine"),
    "salt": _salt,
    "salt-call": _salt,
    "salt-run": _salt,
    "salt-key": lambda call: reads("salt-key -L lists keys") if call.texts[:1] in (["-L"], ["-l"], ["--list"], ["--list-all"], ["-F"], ["-f"]) else changes("salt-key changes who is trusted"),
    "salt-ssh": changer("changes hosts"),
    "knife": _knife,
    "chef-client": changer("changes this machine"),
    "chef-solo": changer("changes this machine"),
    "chef-server-ctl": _listing("status service-list user-list org-list test_"),
    "ohai": reader("shows facts about the machine", options=""),
    "facter": reader("shows facts about the machine", options="j json y yaml"),
    "puppet": _puppet,
    "mco": lambda call: reads("mco asks hosts") if call.texts[:1] in (["ping"], ["find"], ["inventory"], ["facts"]) else changes("mco changes hosts"),
    "bolt": changer("changes hosts"),
    "fab": changer("changes hosts"),
    "cap": changer("changes hosts"),
    "mina": changer("changes hosts"),
    "gitlab-ctl": _GITLAB_CTL,
    "gitlab-rake": _gitlab_rake,
    "gitlab-rails": _gitlab_rails,
    "gitlab-psql": _gitlab_psql,
    "gitlab-redis-cli": _gitlab_redis,
    "gitlab-patronictl": _patronictl,
    "pgb-console": _pgb_console,
    "gitlab-rails-console": lambda call: asks("gitlab-rails-console opens a prompt for a person"),
    "tsh": _listing("status ls version clusters apps_ls db_ls kube_ls"),
    "tctl": _listing("status get nodes_ls users_ls tokens_ls request_ls requests_ls version"),
    "ovs-vsctl": _listing("show list-br list-ports list-ifaces get list find br-exists", "shows switches"),
    "ovs-ofctl": _listing("show dump-flows dump-ports dump-tables dump-groups dump-ports-desc", "shows flows"),
    "ovs-dpctl": _listing("show dump-flows", "shows flows"),
    **dict.fromkeys(("ovs-appctl", "ovn-appctl"), _appctl),
    **{name: _listing("show list find get lsp-list ls-list lr-list lr-route-list lb-list acl-list lflow-list chassis-list list-ports", "shows the network") for name in ("ovn-nbctl", "ovn-sbctl")},
    "crio": _listing("status version config"),
    "odf": lambda call: reads("odf shows storage") if call.texts[1:2] == ["ls"] or call.texts[:1] in (["get"], ["version"]) else changes("odf changes storage"),
    "ocm": _listing("list get describe whoami version"),
    "rpm-ostree": _listing("status db_list db_diff --version"),
    "ostree": _listing("log ls"),
    "docker-machine": _listing("ls status ip url version inspect env", "shows machines"),
    "jsonnet": lambda call: changes("jsonnet writes files") if written_by(call.args, "o= output-file= m= multi= c") else reads("jsonnet prints what a file means"),
    "aptly": lambda call: reads("aptly shows repositories") if call.texts[1:2] in (["list"], ["show"], ["search"]) else changes("aptly changes repositories"),
    "sentry-cli": _listing("info projects organizations", "shows settings"),
    "gitlab-backup": changer("makes or restores a backup"),
    "gitlab-runner": _listing("status list verify_ --version"),
    "gitaly": _listing("check version", "checks the server"),
    "praefect": lambda call: reads("praefect only checks") if set(call.texts) & {"dataloss", "check", "list-storages", "metadata", "list-untracked-repositories", "dial-nodes", "sql-ping", "sql-migrate-status", "configuration"} and not set(call.texts) & {"set-replication-factor", "accept-dataloss", "remove-repository", "track-repository", "sql-migrate", "sql-migrate-down"} else changes("praefect changes the cluster"),
    **dict.fromkeys(("mongosh", "mongo"), _mongosh),
    "mongostat": _mongostat,
    "mongotop": _mongostat,
    "mongodump": lambda call: changes("mongodump writes files"),
    "mongorestore": lambda call: destroys("mongorestore writes over a database"),
    "mongoexport": lambda call: changes("mongoexport writes a file") if written_by(call.args, "o= out=") else reads("mongoexport prints data", leaks=True),
    "mongoimport": changer("writes into a database"),
    "mongofiles": lambda call: reads("mongofiles lists files") if "list" in call.texts and not set(call.texts) & {"put", "get", "delete"} else changes("mongofiles changes files"),
    "nodetool": _nodetool,
    "sstableutil": reader("lists data files", writing="cleanup c"),
    "couchbase-cli": _listing("server-list server-info bucket-list host-list rebalance-status setting-query_ user-manage_"),
    "cypher-shell": lambda call: asks("cypher-shell opens a prompt for a person") if not call.args else unknown("cypher-shell runs statements"),
    "riak-admin": _listing("status member-status ring-status ringready transfers member_status diag ring_status"),
    "elasticsearch-plugin": _listing("list"),
    "elasticsearch": lambda call: reads("elasticsearch prints its version") if call.texts in (["--version"], ["-V"]) else asks("elasticsearch starts a server"),
    "logstash": lambda call: reads("logstash checks its settings") if any(text in ("-t", "--config.test_and_exit", "--version") for text in call.texts) else asks("logstash starts a server"),
    "filebeat": lambda call: reads("filebeat checks its settings") if call.texts[:1] in (["test"], ["version"]) or call.texts[:2] in (["export", "config"], ["modules", "list"]) else changes("filebeat starts or changes something"),
    "fluent-bit": lambda call: reads("fluent-bit checks its settings") if "--dry-run" in call.texts or call.texts == ["--version"] else asks("fluent-bit starts a server"),
    "fluentd": lambda call: reads("fluentd checks its settings") if "--dry-run" in call.texts or call.texts == ["--version"] else asks("fluentd starts a server"),
    "vector": _listing("validate list --version"),
    "ceph": _ceph,
    "rados": lambda call: reads("rados shows pools") if call.texts[:1] in (["df"], ["lspools"], ["ls"]) or (call.texts[:1] == ["-p"] and call.texts[2:3] in (["ls"], ["stat"])) else changes("rados changes data"),
    "rbd": lambda call: reads("rbd shows images") if (call.texts[:1] and call.texts[0] in {"ls", "list", "info", "status", "du", "showmapped", "children", "diff_", "lock_ls"}) or (call.texts[:2] in (["snap", "ls"], ["lock", "ls"], ["trash", "ls"], ["mirror", "pool"], ["mirror", "image"]) and (call.texts[0] != "mirror" or call.texts[2:3] in (["status"], ["info"]))) else (destroys("rbd deletes images") if call.texts[:1] in (["rm"], ["remove"]) else changes("rbd changes images")),
    "radosgw-admin": lambda call: reads("radosgw-admin shows users or buckets", leaks=call.texts[:1] == ["user"]) if call.texts[1:2] and call.texts[1] in {"list", "info", "stats", "status", "get", "show"} else changes("radosgw-admin changes users or buckets"),
    "cephadm": _listing("ls version check-host list-networks"),
    "gluster": _gluster,
    "drbdadm": _listing("status dstate cstate role dump sh-resources"),
    "drbdsetup": _listing("status show events2_"),
    "pcs": _PCS,
    "crm": _CRM,
    "crm_mon": _crm_mon,
    "crm_resource": lambda call: reads("crm_resource shows resources") if call.texts[:1] in (["-l"], ["-L"], ["--list"], ["--locate"], ["-W"], ["--list-raw"]) else changes("crm_resource changes resources"),
    "crm_verify": reader("checks settings", writing="S= save-xml="),
    "corosync-cfgtool": lambda call: reads("corosync-cfgtool -s shows the cluster") if call.texts in (["-s"], ["-n"]) else changes("corosync-cfgtool changes the cluster"),
    "corosync-quorumtool": lambda call: reads("corosync-quorumtool shows the cluster") if call.texts in ([], ["-s"], ["-l"], ["-i"], ["-siH"]) else changes("corosync-quorumtool changes the cluster"),
    "hdfs": _hdfs,
    "hadoop": _hdfs,
    "hbase": lambda call: asks("hbase shell opens a prompt for a person") if call.texts[:1] == ["shell"] and not call.piped else unknown("hbase runs something"),
    "spark-submit": changer("starts a job"),
    "virsh": _virsh,
    "qm": _listing("list status config pending showcmd", "shows machines"),
    "pct": _listing("list status config df pending", "shows containers"),
    "pvesh": _listing("get ls usage"),
    "pvecm": _listing("status nodes"),
    "pvesm": _listing("status list path"),
    "pveversion": reader("shows versions"),
    "esxcli": lambda call: reads("esxcli shows the host") if call.texts[-1:] in (["list"], ["get"]) else changes("esxcli changes the host"),
    "lxc": _listing("list ls info version image_list network_list storage_list profile_list config_show profile_show", "shows containers"),
    "lxc-ls": reader("lists containers"),
    "lxc-info": reader("shows a container"),
    **dict.fromkeys(("squeue", "sinfo", "sacct", "sstat", "sprio", "sshare", "sdiag"), _slurm),
    "scontrol": lambda call: reads("scontrol show shows jobs or nodes") if call.texts[:1] in (["show"], ["ping"], ["version"]) else changes("scontrol changes jobs or nodes"),
    "scancel": changer("ends jobs"),
    "sbatch": changer("starts a job"),
    "qstat": reader("shows jobs"),
    "bjobs": reader("shows jobs"),
    "condor_q": reader("shows jobs"),
    "asterisk": _asterisk,
    "fs_cli": _asterisk,
    "ollama": _ollama,
    "airflow": _airflow,
    "sidekiq": _sidekiq,
    "sidekiqctl": changer("stops workers"),
    "tailscale": _tailscale,
    "cloudflared": lambda call: reads("cloudflared lists tunnels") if call.texts[:2] in (["tunnel", "list"], ["tunnel", "info"]) or call.texts[:1] in (["version"], ["--version"]) else changes("cloudflared changes or starts a tunnel"),
    "keepalived": changer("starts a server"),
    "ipvsadm": lambda call: reads("ipvsadm lists virtual servers") if call.args and all(re.fullmatch(r"-[lLncrS]+|--list|--numeric|--stats|--rate|--connection|--sort", text) for text in call.texts) and "-C" not in call.texts and "-c" not in call.texts[:1] else changes("ipvsadm changes virtual servers"),
    "birdc": lambda call: reads("birdc shows routes") if call.texts[:1] == ["show"] else changes("birdc changes routes or opens a prompt"),
    "vtysh": lambda call: reads("vtysh shows routes") if call.texts[:1] == ["-c"] and len(call.args) == 2 and re.fullmatch(r"(?:show|ping|traceroute) [\w .:/-]+", call.texts[1]) else asks("vtysh opens a prompt for a person"),
    "bpftool": lambda call: reads("bpftool shows programs") if set(call.texts) & {"show", "list"} else changes("bpftool changes programs"),
    "occ": _listing("status config:list_ app:list user:list files:scan_ maintenance:mode_ check"),
    "wp": lambda call: reads("wp shows the site") if call.texts[:2] in (["core", "version"], ["core", "check-update"], ["core", "verify-checksums"], ["plugin", "list"], ["theme", "list"], ["user", "list"], ["option", "get"], ["db", "size"], ["db", "check"], ["cron", "event"]) and "run" not in call.texts and "delete" not in call.texts else changes("wp changes the site"),
    "drush": _listing("status st pm:list pm-list core:status updatedb:status watchdog:show"),
    "artisan": changer("changes the application"),
    "jenkins-cli": changer("changes jobs"),
    "shellcheck": reader("checks a script"),
    "hadolint": reader("checks a file"),
    "yamllint": reader("checks files"),
    "kubeconform": reader("checks manifests"),
    "kubeval": reader("checks manifests"),
    "trivy": lambda call: changes("trivy writes a file") if written_by(call.args, "o= output= download-db-only") else reads("trivy reports known weaknesses"),
    "grype": reader("reports known weaknesses", writing="file="),
    "dive": lambda call: asks("dive shows a screen for a person"),
    "lazydocker": lambda call: asks("lazydocker shows a screen for a person"),
    "ctop": lambda call: asks("ctop shows a screen for a person"),
    "k9s": lambda call: asks("k9s shows a screen for a person"),
    "lnav": lambda call: asks("lnav shows a screen for a person"),
    "multitail": lambda call: asks("multitail shows a screen for a person"),
    "goaccess": changer("shows a screen or writes a report"),
}  # fmt: skip
