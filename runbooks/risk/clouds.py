# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Cloud command lines: AWS, Google Cloud, Azure, DigitalOcean, Heroku, Fly, OpenStack and others."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, names, option_names, shown, unfollowed
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown

_AWS_READS = re.compile(
    r"(?:describe|list|get|head|batch-get|search|lookup|scan|query|select|check|estimate|preview|validate|filter|view|detect-entities|count|wait|is|has)(?:-.*)?"
)
_AWS_DESTROYS = re.compile(
    r"(?:delete|terminate|remove|purge|deregister|destroy|batch-delete|cancel|forget|release|schedule-key-deletion|abort|rm|rb|empty)(?:-.*)?"
)
_AWS_SECRETS = {
    "get-secret-value", "batch-get-secret-value", "get-parameter", "get-parameters", "get-parameters-by-path", "get-password-data", "get-login-password",
    "get-login", "get-authorization-token", "get-session-token", "get-federation-token", "get-token", "get-access-token", "get-random-password",
    "get-credentials", "get-cluster-credentials", "get-instance-access-details", "get-role-credentials", "get-api-key", "get-api-keys",
    "describe-user", "get-function", "get-function-configuration", "get-credentials-for-identity", "get-launch-template-data", "get-key-pair",
}  # fmt: skip
_AWS_EXCEPTIONS = {
    "get-query-execution-start",
    "check-domain-transferability_",
    "query-start",
    "get-and-delete",
    "list-and-delete",
}
_AWS_GLOBALS = option_names(
    "region= profile= output= query= endpoint-url= no-cli-pager debug no-verify-ssl no-paginate no-sign-request cli-read-timeout= cli-connect-timeout= color= ca-bundle= cli-auto-prompt_ no-cli-auto-prompt"
)


def _words(call: Invocation, globals_: object) -> tuple[list[str], int] | None:
    """The words before the first option of its own, and the index after them; None when an option is not known."""
    names = globals_ if isinstance(globals_, dict) else {}
    words: list[str] = []
    index = 0
    while index < len(call.args):
        arg = call.args[index]
        if arg.text.startswith("-"):
            name, sign, _ = arg.text.lstrip("-").partition("=")
            if name not in names:
                return words, index
            index += 1 if sign or names[name] != "=" else 2
            continue
        if arg.value is None or arg.globs or arg.braces:
            return words, index
        words.append(arg.text)
        index += 1
    return words, index


def _aws(call: Invocation) -> Verdict:
    if call.texts in (["--version"], ["help"]) or "help" in call.texts[-1:]:
        return reads("aws prints text")
    words, index = _words(call, _AWS_GLOBALS) or ([], 0)
    if len(words) < 2:
        return unknown("aws is used in a way we do not judge")
    service, verb, *more = words
    if service == "s3":
        return _s3(call, verb, more, index)
    if service == "configure":
        return (
            reads("aws configure shows settings", leaks=verb == "get")
            if verb in ("list", "get", "list-profiles")
            else changes("aws configure changes settings")
        )
    if service == "logs" and verb == "tail":
        follows, edits = unfollowed(call, 2, "follow", "", "")
        return Verdict(Risk.READ_ONLY, "aws logs tail prints logs", endless=follows, edits=edits)
    if service == "rds" and verb == "download-db-log-file-portion":
        return reads("aws rds prints a part of a log")
    if (service, verb) in {("ecs", "execute-command"), ("ssm", "start-session"), ("sso", "login")}:
        return asks(f"aws {service} {verb} needs a person")
    return _aws_verb(service, verb, more, index, call)


def _aws_verb(service: str, verb: str, more: list[str], index: int, call: Invocation) -> Verdict:
    if _AWS_READS.fullmatch(verb) and verb not in _AWS_EXCEPTIONS and verb != "get-activity-task":
        loose = [
            arg.text for at, arg in enumerate(call.args) if at >= index - len(more) and not arg.text.startswith("-")
        ]
        if (more and verb != "wait") or (_outfile(call, index)):
            return (
                changes(f"aws {service} {verb} writes a file")
                if loose
                else unknown("aws is used in a way we do not judge")
            )
        if verb == "check-domain-transferability" or (service in ("sqs",) and verb.startswith("receive")):
            return unknown("aws is used in a way we do not judge")
        return reads(
            f"aws {service} {verb} only reads",
            leaks=verb in _AWS_SECRETS or (service == "secretsmanager" and verb.startswith("get")),
        )
    if _AWS_DESTROYS.fullmatch(verb):
        return destroys(f"aws {service} {verb} deletes or ends something")
    return changes(f"aws {service} {shown(verb)} changes something in the account")


_OUTFILES = {"get-object", "get-object-torrent", "get-job-output", "get-export", "get-sdk", "get-thing-shadow", "get-snapshot-block", "get-media", "get-clip",
             "get-named-shadow", "get-raw-message-content", "get-model-template_", "get-work-graph", "get-code-artifact_", "get-package-version-asset",
             "get-archive", "get-configuration", "get-hosted-configuration-version", "get-latest-configuration", "get-code-binding-source", "get-profile", "describe-input-device-thumbnail", "get-ledger-data", "get-media-for-fragment-list", "get-images_", "get-brand", "get-extension"}  # fmt: skip


def _outfile(call: Invocation, index: int) -> bool:
    return any(text in _OUTFILES for text in call.texts[:6])


def _s3(call: Invocation, verb: str, more: list[str], index: int) -> Verdict:
    if verb == "ls":
        return reads("aws s3 ls lists objects")
    if verb == "presign":
        return reads("aws s3 presign prints a link", leaks=True)
    if verb == "cp" and more[-1:] == ["-"] and "-" not in more[:-1]:
        return reads("aws s3 cp prints an object")
    if verb == "cp" and call.texts[-1:] == ["-"]:
        return reads("aws s3 cp prints an object")
    if verb in ("rm", "rb") or (verb == "sync" and "--delete" in call.texts):
        return destroys(f"aws s3 {verb} deletes objects")
    return changes(f"aws s3 {shown(verb)} copies or changes objects")


_GCLOUD_GLOBALS = option_names(
    "project= zone= region= location= format= filter= quiet q account= configuration= verbosity= limit= page-size= sort-by= uri log-http "
    "impersonate-service-account= flatten= no-user-output-enabled user-output-enabled billing-project= cluster= instance= global"
)
_GCLOUD_READS = {"list", "describe", "get-iam-policy", "info", "get-value", "read", "version", "versions-list", "get-server-config", "list-grantable-roles", "get-serial-port-output",
                 "get-health", "list-instances", "get-named-ports", "list-usable", "search-all-resources", "search-all-iam-policies", "get-status", "get-nat-mapping-info", "get-ancestors",
                 "test-iam-permissions", "list-errors", "get-ancestors-iam-policy", "ls", "du", "hash", "help", "list-tags", "list-runs", "wait", "diagnose-list", "get-rrs", "get-guest-attributes",
                 "get-shielded-identity", "get-effective-firewalls", "list-services", "list-cluster-info", "list-failed", "get-config"}  # fmt: skip
_GCLOUD_LEAKS = {"access", "print-access-token", "print-identity-token", "get-secret", "cat"}
_GCLOUD_DESTROYS = {"delete", "destroy", "purge", "rm", "undelete_", "remove", "abandon", "reset-windows-password"}
_GCLOUD_GROUPS = names("""alpha beta projects organizations folders compute instances disks snapshots images zones regions networks subnets firewall-rules firewall-policies
    forwarding-rules backend-services backend-buckets url-maps health-checks http-health-checks https-health-checks target-pools target-http-proxies
    target-https-proxies ssl-certificates ssl-policies addresses routers routes vpn-tunnels vpn-gateways instance-groups managed unmanaged
    instance-templates machine-types project-info operations container clusters node-pools hub fleet memberships artifacts repositories docker
    packages versions sql databases users backups flags tiers logging logs sinks metrics buckets views iam service-accounts keys roles
    storage objects functions run services revisions jobs executions routes pubsub topics subscriptions schemas redis memcache dns
    record-sets managed-zones policies config configurations auth application-default secrets kms keyrings app instances
    dataflow dataproc dataform composer environments dags monitoring policies channels dashboards uptime builds triggers spanner bigtable
    firestore indexes fields filestore endpoints scheduler tasks queues workflows deploy releases rollouts targets delivery-pipelines
    recommender billing accounts budgets access-context-manager certificate-manager certificates network-connectivity network-security
    interconnects attachments error-reporting events asset source repos ai-platform models ml-engine services vpc-access connectors components
    reservations commitments accelerator-types os-login external-vpn-gateways network-endpoint-groups security-policies rules service-directory
    transfer domains registrations resource-manager tags essential-contacts org-policies identity groups quotas""")


_ALSO_VERBS = {"deploy", "transfer", "run", "source", "builds", "app"}
"""Groups that, further on, are verbs: `gcloud run deploy`."""


def _gcloud(call: Invocation) -> Verdict:
    if call.texts in (["--version"], ["version"], ["info"], ["help"]):
        return reads("gcloud prints text")
    words, _ = _words(call, _GCLOUD_GLOBALS) or ([], 0)
    for at, word in enumerate(words):
        if word in _GCLOUD_READS and at:
            return _gcloud_read(call, words, word)
        if word in _GCLOUD_LEAKS:
            return reads(f"gcloud {' '.join(words[: at + 1])} shows a secret or content", leaks=True)
        if word in _GCLOUD_DESTROYS:
            return destroys(f"gcloud {' '.join(words[: at + 1])} deletes something")
        if word in ("ssh", "connect", "connect-to-serial-port") or (word == "login" and "auth" in words):
            return asks(f"gcloud {' '.join(words[: at + 1])} needs a person")
        if word == "tail" and "logging" in words:
            return asks("gcloud logging tail follows logs and never ends")
        if word not in _GCLOUD_GROUPS or (word in _ALSO_VERBS and words[:at] not in ([], ["alpha"], ["beta"])):
            return changes(f"gcloud {shown(' '.join(words[: at + 1]))} changes something")
    return unknown("gcloud is used in a way we do not judge")


def _gcloud_read(call: Invocation, words: list[str], verb: str) -> Verdict:
    if any(text.startswith(("--destination", "--output-file", "--log-file")) for text in call.texts):
        return changes("gcloud writes a file")
    return reads(f"gcloud {' '.join(words[: words.index(verb) + 1])} only reads", leaks=verb == "get-value")


def _gsutil(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if any(text.startswith(("-o", "-h")) for text in call.texts[:2]):
        return unknown("gsutil is used in a way we do not judge")
    verb = words[0] if words else ""
    if verb in ("ls", "du", "stat", "hash", "version", "help", "cat"):
        return reads(f"gsutil {verb} shows objects", leaks=verb == "cat")
    if verb in (
        "acl",
        "iam",
        "lifecycle",
        "versioning",
        "cors",
        "logging",
        "label",
        "bucketpolicyonly",
        "ubla",
        "web",
        "retention",
        "notification",
    ) and words[1:2] in (["get"], ["list"]):
        return reads(f"gsutil {verb} get shows settings of a bucket")
    if verb in ("rm", "rb") or (verb == "rsync" and any(re.fullmatch(r"-[a-z]*d[a-z]*", text) for text in call.texts)):
        return destroys(f"gsutil {verb} deletes objects")
    return changes(f"gsutil {shown(verb)} changes objects")


_AZ_READS = re.compile(
    r"(?:show|list|get|check|exists|version|wait|query|search|download-status|validate|what-if|test-connectivity|health)(?:-.*)?"
)
_AZ_LEAKS = re.compile(
    r".*(?:keys?|connection-strings?|credentials?|access-token|secrets?|publishing-profiles|appsettings|kubeconfig|sas)$"
)


def _gets(call: Invocation) -> bool:
    method = re.search(r"(?:^| )(?:-m|--method)[= ](\S+)", " ".join(call.texts))
    sends = any(text.startswith(("-b", "--body", "--output-file")) or text == "\x00" for text in call.texts)
    return method is not None and method[1].lower() == "get" and not sends


def _az(call: Invocation) -> Verdict:
    """az takes its arguments by options, so the verb is the last word before the first of them."""
    if call.texts in (["--version"], ["version"], ["--help"]):
        return reads("az prints text")
    words: list[str] = []
    for arg in call.args:
        if arg.text.startswith("-") or arg.value is None:
            break
        words.append(arg.text)
    if words == ["rest"] and _gets(call):
        return reads("az rest sends a GET request, which only reads", leaks=True)
    if len(words) < 2:
        return (
            asks("az login needs a person")
            if words == ["login"]
            else unknown(f"unknown command: az {shown(' '.join(words))}")
        )
    verb, path = words[-1], " ".join(words)
    if path.endswith(("log tail", "logs tail")) or "--follow" in call.texts or (verb == "logs" and "-f" in call.texts):
        return asks(f"az {path} follows a log and never ends")
    if (
        path in ("aks get-credentials", "acr login", "account set", "account get-access-token")
        and verb != "get-access-token"
    ):
        return changes(f"az {path} changes local settings")
    if verb in ("logs",) or path in ("webapp log show", "monitor log-analytics query", "graph query", "resource list"):
        return reads(f"az {path} only reads")
    if path in ("storage message get", "servicebus message get") or (
        verb == "query" and words[0] not in ("graph", "monitor", "boards", "iot")
    ):
        return changes(f"az {path} takes messages or runs any query")
    if path == "storage message peek":
        return reads("az storage message peek only reads")
    if words[0] == "rest":
        return unknown("az rest sends any request")
    if (
        _AZ_READS.fullmatch(verb)
        and verb not in ("get-credentials", "get-upgrade-start")
        and not any(text.startswith("--file") or text in ("-f",) for text in call.texts)
    ):
        leaks = (
            bool(_AZ_LEAKS.match(path))
            or (words[0] == "keyvault" and words[1] == "secret")
            or (len(words) > 1 and bool(_AZ_LEAKS.match(words[-2])))
        )
        return reads(f"az {path} only reads", leaks=leaks)
    if re.match(r"delete|purge|remove|destroy|deallocate_", verb):
        return destroys(f"az {path} deletes something")
    return changes(f"az {path} changes something")


def _by_verb(
    tool: str, reading: str, destroying: str = "delete destroy rm remove", depth: int = 4, leaking: str = ""
) -> Judge:
    """A tool whose commands are `group ... verb`, options only after the verb."""
    read, gone, leaks = set(reading.split()), set(destroying.split()), set(leaking.split())

    def judge(call: Invocation) -> Verdict:
        if call.texts in (["version"], ["--version"], ["help"], ["--help"]):
            return reads(f"{tool} prints text")
        words: list[str] = []
        for arg in call.args[:depth]:
            if arg.text.startswith("-") or arg.value is None or arg.globs:
                break
            words.append(arg.text)
        path = ""
        for at, word in enumerate(words):
            path = f"{tool} {' '.join(words[: at + 1])}"
            if any(text.startswith(("--file", "--output-file")) for text in call.texts):
                return changes(f"{path} writes a file")
            if word in read or " ".join(words[: at + 1]) in read:
                return reads(f"{path} only reads", leaks=word in leaks)
            if word in gone:
                return destroys(f"{path} deletes something")
            if not re.fullmatch(r"[a-z][a-z0-9-]*", word) or word in _CHANGING:
                break
        return changes(f"{shown(path) or tool} changes something or is not known")

    return judge


_CHANGING = names("""create update set add start stop restart reboot apply run exec edit patch deploy scale attach detach enable disable import export move
    copy rename resize rebuild restore backup rollback migrate cancel promote push pull install upgrade login logout ssh connect open invoke send
    assign unassign associate grant revoke lock unlock pause resume reset rotate change modify put post save load sync tag untag allocate release""")


def _heroku(call: Invocation) -> Verdict:
    verb = call.texts[0] if call.texts else ""
    if verb == "logs":
        follows, edits = unfollowed(call, 1, "t tail", "-n 200", "n num")
        return Verdict(Risk.READ_ONLY, "heroku logs prints logs", endless=follows, edits=edits)
    if verb == "pg:outliers" and "--reset" in call.texts:
        return changes("heroku pg:outliers --reset forgets statistics")
    if verb in {"ps", "status", "releases", "apps", "addons", "domains", "buildpacks", "features", "info", "apps:info", "pg:info", "pg:ps", "pg:diagnose", "pg:outliers", "pg:locks", "pg:blocking",
                "pg:bloat", "pg:cache-hit", "pg:index-usage", "pg:long-running-queries", "pg:backups", "redis:info", "redis", "certs", "certs:info", "releases:info", "pipelines", "pipelines:info",
                "drains", "access", "maintenance", "regions", "version", "auth:whoami", "webhooks", "labs", "spaces", "members", "addons:info", "reviewapps", "pg:connection-pooling_"}:  # fmt: skip
        return reads(f"heroku {verb} only reads")
    if verb in ("config", "config:get", "pg:credentials", "pg:credentials:url", "redis:credentials", "auth:token"):
        return reads(f"heroku {verb} shows settings", leaks=True)
    if re.search(r":(?:destroy|remove|reset|unset|delete)$", verb):
        return destroys(f"heroku {verb} deletes something")
    return changes(f"heroku {shown(verb)} changes something")


def _fly(call: Invocation) -> Verdict:
    words = [text for text in call.texts if not text.startswith("-")]
    if words[:1] == ["logs"]:
        bounded = any(text in ("--no-tail", "-n") for text in call.texts)
        edits = () if bounded else (call.put(1, "--no-tail"),)
        return Verdict(Risk.READ_ONLY, "fly logs prints logs", endless=not bounded, edits=edits)
    if words[:1] and (
        words[0] in {"status", "info", "version", "regions", "doctor", "services"}
        or (words[1:2] and words[1] in {"list", "show", "status", "ls", "info", "view"} and words[0] not in _CHANGING)
    ):
        return reads(f"fly {' '.join(words[:2])} only reads")
    if "destroy" in words or "delete" in words:
        return destroys("fly destroy deletes something")
    return changes(f"fly {shown(' '.join(words[:2]))} changes something")


_LISTS = "list ls show get describe info status view inspect history"

TOOLS: dict[str, Judge] = {
    "aws": _aws,
    "awslocal": _aws,
    "gcloud": _gcloud,
    "gsutil": _gsutil,
    "az": _az,
    "doctl": _by_verb("doctl", "list get list-by-droplet list-by-image kernels neighbors"),
    "hcloud": _by_verb("hcloud", "list describe", "delete"),
    "linode-cli": _by_verb("linode-cli", "list view ls", "delete rm rebuild"),
    "scw": _by_verb("scw", "list get", "delete terminate"),
    "exo": _by_verb("exo", "list show", "delete"),
    "oci": _by_verb("oci", "list get summarize-metrics-data", "delete terminate"),
    "ibmcloud": _by_verb("ibmcloud", "list ls get regions", "delete rm"),
    "openstack": _by_verb("openstack", "list show", "delete"),
    "nova": lambda call: reads("nova shows servers") if call.texts[:1] in (["list"], ["show"], ["service-list"], ["hypervisor-list"]) else changes("nova changes servers"),
    "aliyun": lambda call: reads("aliyun only reads") if len(call.args) > 1 and re.match(r"(?:Describe|List|Get)[A-Z]", call.texts[1]) else changes("aliyun changes something"),
    "tccli": lambda call: reads("tccli only reads") if len(call.args) > 1 and re.match(r"(?:Describe|List|Get)[A-Z]", call.texts[1]) else changes("tccli changes something"),
    "yc": _by_verb("yc", "list get", "delete"),
    "heroku": _heroku,
    "fly": _fly,
    "flyctl": _fly,
    "railway": lambda call: reads("railway status only reads") if call.texts[:1] in (["status"], ["list"], ["whoami"]) else changes("railway changes something"),
    "vercel": lambda call: reads("vercel only reads") if call.texts[:1] in (["ls"], ["list"], ["inspect"], ["whoami"]) else changes("vercel changes something"),
    "netlify": lambda call: reads("netlify only reads") if call.texts[:1] in (["status"], ["sites:list"]) else changes("netlify changes something"),
    "cf": lambda call: reads("cf shows applications") if call.texts[:1] and call.texts[0] in {"apps", "app", "services", "service", "routes", "events", "orgs", "spaces", "target", "domains", "buildpacks", "stacks", "quotas", "a", "s"} and len(call.args) < 3 and call.texts[0] != "target" else changes("cf changes something"),
    "eksctl": Verbs("eksctl", reads="get|version|info   shows clusters", changes="create|update|upgrade|scale|enable|set|unset|associate|disassociate|utils|register|deregister|anywhere   changes clusters", destroys="delete|drain   deletes clusters or nodes"),
    "kops": Verbs("kops", reads="get|version|validate   shows clusters", changes="create|update|edit|rolling-update|upgrade|export|replace|import|promote   changes clusters", destroys="delete   deletes clusters", options="name= state= v="),
    "s3cmd": lambda call: reads("s3cmd lists objects") if call.texts[:1] in (["ls"], ["la"], ["du"], ["info"]) else (destroys("s3cmd deletes objects") if call.texts[:1] in (["del"], ["rm"], ["rb"]) else changes("s3cmd changes objects")),
    "mc": lambda call: reads("mc shows objects") if call.texts[:1] and (call.texts[0] in {"ls", "stat", "du", "tree", "diff"} or call.texts[:2] in (["admin", "info"], ["version", "info"])) and not {"--watch", "--json-watch"} & {*call.texts} and "--exec" not in call.texts else asks("mc may open a screen for a person"),
    "rosa": _by_verb("rosa", "list describe whoami version", "delete"),
    "ec2-metadata": lambda call: reads("it shows facts about this machine"),
    "cloud-init": Verbs("cloud-init", writing="wait", reads="status|query|analyze|schema|collect-logs_   shows facts about the machine's start", changes="init|modules|single|clean   changes the machine"),
    "session-manager-plugin": lambda call: asks("it opens a session for a person"),
}  # fmt: skip
