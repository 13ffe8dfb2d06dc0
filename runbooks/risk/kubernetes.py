# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""kubectl and what is built around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from runbooks.document import Risk
from runbooks.risk._options import Special, Verbs, parsed, shown, unfollowed
from runbooks.risk._verdict import Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown

_GLOBALS = (
    "n= namespace= context= kubeconfig= cluster= user= s= server= token= as= as-group= as-uid= v= request-timeout= cache-dir= "
    "certificate-authority= client-certificate= client-key= insecure-skip-tls-verify tls-server-name= A all-namespaces "
    "match-server-version warnings-as-errors profile= profile-output= l= selector= o= output= f= filename= c= container= "
    "R recursive w watch R h"
)

_READS = """
version                       shows versions
cluster-info                  shows the addresses of the cluster
api-resources|api-versions    lists what the cluster knows
explain                       describes a kind of resource
top node|nodes|no|pod|pods|po  shows what pods or nodes use
rollout history               lists earlier revisions
auth can-i|whoami             tells what this user may do
config current-context|get-contexts|get-clusters|get-users  shows which cluster is meant
options                       prints help
completion                    prints shell completion
plugin list                   lists plugins
diff                          compares manifests with the cluster
events                        lists what happened
certificate list              lists certificate requests
"""

_CHANGES = """
apply|create|replace|patch    changes resources
edit                          opens an editor and changes a resource
label|annotate                changes resources
set                           changes resources
scale|autoscale               changes the number of pods
expose                        makes a service
rollout restart|undo|pause|resume  changes a deployment
cordon|uncordon|taint         changes where pods may run
drain                         evicts the pods of a node
run|debug                     starts a new pod
cp                            copies files into or out of a pod
config use-context|set-context|set|unset|set-cluster|set-credentials|rename-context|delete-context|delete-cluster|delete-user  changes the local configuration
certificate approve|deny      decides on a certificate request
auth reconcile                changes rights
"""


def _get(call: Invocation, index: int) -> Verdict:
    """`kubectl get` reads; with `-w` it never ends; of secrets it shows the content with most outputs."""
    found = _resources(call, index)
    follows, edits = unfollowed(call, index, "w watch watch-only", "", "", "o n l f L s v")
    leaks = any(_is_secret(text) for text in found) and _shows_all(call, index)
    raw = any(text.startswith("--raw") for text in call.texts)
    reason = "kubectl get lists resources" if not raw else "kubectl get --raw reads from the cluster's API"
    if follows:
        return Verdict(Risk.READ_ONLY, "kubectl get -w keeps watching and never ends", True, edits, leaks)
    return reads(reason, leaks=leaks)


_OPTIONS = _GLOBALS + (
    " field-selector= sort-by= template= show-labels L= label-columns= no-headers ignore-not-found chunk-size= raw= subresource= "
    "show-kind show-managed-fields allow-missing-template-keys server-print output-watch-events"
)


def _resources(call: Invocation, index: int) -> list[str]:
    return [arg.text.lower() for arg in parsed(call.args[index:], _OPTIONS).operands]


def _is_secret(text: str) -> bool:
    return any(
        part.partition("/")[0].partition(".")[0] in ("secret", "secrets", "sealedsecret", "all")
        for part in text.split(",")
    )


def _shows_all(call: Invocation, index: int) -> bool:
    texts = call.texts[index:]
    for at, text in enumerate(texts):
        output = ""
        if text in ("-o", "--output") and at + 1 < len(texts):
            output = texts[at + 1]
        elif text.startswith("--output="):
            output = text[9:]
        elif text.startswith("-o"):
            output = text[2:].lstrip("=")
        if output and output not in ("wide", "name"):
            return True
    return any(text.startswith(("--template", "--raw")) for text in texts)


def _describe(call: Invocation, index: int) -> Verdict:
    return reads("kubectl describe shows a resource and its events")


def _logs(call: Invocation, index: int) -> Verdict:
    bound = "--tail=5000" if call.into else "--tail=200"
    if any(text.startswith(("--since", "--limit-bytes")) for text in call.texts[index:]):
        bound = ""
    follows, edits = unfollowed(call, index, "f follow", bound, "tail", "n c l s v")
    if follows:
        return Verdict(Risk.READ_ONLY, "kubectl logs -f follows a log and never ends", endless=True, edits=edits)
    return reads("kubectl logs prints a pod's log").with_edits(*edits)


_EXEC = _GLOBALS + " i t it ti stdin tty q quiet pod-running-timeout="


def _exec(call: Invocation, index: int) -> Verdict:
    """`kubectl exec POD -- command`: as risky as the command."""
    dashes = next((at for at in range(index, len(call.args)) if call.texts[at] == "--"), None)
    head = call.args[index : dashes if dashes is not None else len(call.args)]
    found = parsed(head, _EXEC, stop_at_operand=dashes is None)
    if found.strange:
        return unknown(f"{call.name} exec has an option we do not know: {shown(found.strange[0])}")
    start = dashes + 1 if dashes is not None else index + found.at[1] if len(found.at) > 1 else len(call.args)
    if start >= len(call.args):
        return (
            asks(f"{call.name} exec opens a shell for a person")
            if found.has("t", "tty")
            else unknown("exec has no command")
        )
    edits = _without_terminal(call, index, start)
    return call.inner(start).with_edits(*edits)


def _without_terminal(call: Invocation, index: int, end: int) -> tuple[Edit, ...]:
    edits = []
    for at in range(index, end):
        if call.texts[at] in ("-it", "-ti", "-t", "--tty", "-i", "--stdin", "--tty=true", "--stdin=true"):
            keep = call.piped and "i" in call.texts[at].replace("tty", "")
            edits.append(call.instead(at, "-i") if keep else call.without(at))
    return tuple(edits)


def _rollout_status(call: Invocation, index: int) -> Verdict:
    verdict = reads("kubectl rollout status tells how far a rollout is")
    if _patient(call):
        return _waiting("kubectl rollout status waits longer than a check may take")
    if any(text.startswith(("--watch=false", "-w=false", "--timeout")) for text in call.texts):
        return verdict
    return verdict.with_edits(call.put(index, "--timeout=30s"))


_PATIENCE = re.compile(r"--timeout[= ](?!(?:\d{1,3}s?|10m|[1-9]m)(?:$|\s))|--timeout[= ]0+[smh]?(?:$|\s)")


def _patient(call: Invocation) -> bool:
    """Whether it is told to wait for more than minutes, or for ever."""
    return bool(_PATIENCE.search(" ".join(call.texts)))


def _waiting(reason: str) -> Verdict:
    return Verdict(Risk.READ_ONLY, reason, endless=True)


def _wait(call: Invocation, index: int) -> Verdict:
    if _patient(call):
        return _waiting("kubectl wait waits longer than a check may take")
    return reads("kubectl wait waits for a condition, 30 seconds unless told otherwise")


def _view(call: Invocation, index: int) -> Verdict:
    if any(text.startswith("--flatten") for text in call.texts) and not any("--minify" in text for text in call.texts):
        return reads("kubectl config view shows the client configuration", leaks=True)
    return reads("kubectl config view shows the client configuration", leaks=True)


def _cluster_info(call: Invocation, index: int) -> Verdict:
    if "dump" in call.texts[index:]:
        if any(text.startswith("--output-directory") for text in call.texts):
            return changes("kubectl cluster-info dump writes files")
        return reads("kubectl cluster-info dump shows everything in the cluster", leaks=True)
    return reads("kubectl cluster-info shows the addresses of the cluster")


def _dry(does: Verdict) -> Special:
    """With `--dry-run=client` nothing reaches the cluster."""

    def judge(call: Invocation, index: int) -> Verdict:
        if any(text == "--dry-run=client" for text in call.texts) and call.args:
            return reads("kubectl with --dry-run=client only prints what it would do")
        return does

    return judge


def _delete(call: Invocation, index: int) -> Verdict:
    return destroys(f"{call.name} delete deletes resources")


def _kustomize(call: Invocation, index: int) -> Verdict:
    if any(text.startswith(("-o", "--output", "--enable")) for text in call.texts[index:]):
        return changes("kubectl kustomize writes files or runs plugins")
    return reads("kubectl kustomize prints rendered manifests")


def _edit(call: Invocation, index: int) -> Verdict:
    return asks("kubectl edit opens an editor for a person, who changes a resource")


def _forward(call: Invocation, index: int) -> Verdict:
    return asks(f"{call.name} opens a tunnel and keeps it until it is stopped")


def _attach(call: Invocation, index: int) -> Verdict:
    return asks("kubectl attach gives a terminal to a running pod")


def _diff(call: Invocation, index: int) -> Verdict:
    return reads("kubectl diff compares manifests with the cluster")


def _kubectl(
    tool: str, extra: str = "", leaks: str = "", extra_changes: str = "", special: Mapping[str, Special] | None = None
) -> Verbs:
    return Verbs(
        tool,
        reads=_READS + extra,
        leaks=leaks,
        changes=_CHANGES + extra_changes,
        options=_GLOBALS,
        special={
            "get": _get,
            "describe": _describe,
            "logs|log": _logs,
            "exec|rsh": _exec,
            "rollout status": _rollout_status,
            "wait": _wait,
            "config view": _view,
            "cluster-info": _cluster_info,
            "delete": _delete,
            "edit": _edit,
            "kustomize": _kustomize,
            "port-forward|proxy": _forward,
            "attach": _attach,
            "apply|create|patch|scale|label|annotate|set|expose|run": _dry(
                changes("kubectl changes resources of the cluster")
            ),
            **(special or {}),
        },
    )


_OC_READS = """
adm top node|nodes|pod|pods|images   shows what pods or nodes use
adm node-logs                 prints logs of nodes
adm release info              shows a release
registry info                 shows the registry

whoami                        tells who this user is
status                        shows the state of a project
projects|project              lists projects
get-token                     prints a token
"""
_OC_LEAKS = """
extract                       shows a secret or config map
sa get-token                  prints a token
serviceaccounts get-token     prints a token
"""
_OC_CHANGES = """
adm cordon|uncordon|drain|taint|policy|upgrade|certificate|groups|prune|new-project|must-gather|inspect|migrate|restart-kubelet|reboot-machine-config-pool  changes the cluster or writes files
new-app|new-project|new-build|start-build|cancel-build|import-image|tag|login|logout|process|sa|rollback|secrets|policy|idle  changes the cluster
"""


def _oc_extract(call: Invocation, index: int) -> Verdict:
    if any(text in ("--to=-",) for text in call.texts):
        return reads("oc extract shows a secret or config map", leaks=True)
    return changes("oc extract writes files")


def _oc_upgrade(call: Invocation, index: int) -> Verdict:
    if index == len(call.args):
        return reads("oc adm upgrade without options shows whether there is an upgrade")
    return changes("oc adm upgrade changes the cluster")


def _oc_project(call: Invocation, index: int) -> Verdict:
    if any(not text.startswith("-") for text in call.texts[index:]):
        return changes("oc project with a name changes which project is meant")
    return reads("oc project shows which project is meant")


_HELM = Verbs(
    "helm",
    reads="""
list|ls                       lists releases
status                        shows the state of a release
history|hist                  lists revisions of a release
version|env                   shows settings
search repo|hub               searches charts
show chart|readme|crds|all|values  shows a chart
inspect chart|readme|values|all    shows a chart
repo list|ls                  lists repositories
plugin list|ls                lists plugins
lint                          checks a chart
verify                        checks a signature
dependency list|ls            lists dependencies
get notes|metadata|hooks      shows parts of a release
diff upgrade|revision|rollback|release  compares releases
completion                    prints shell completion
""",
    leaks="""
get values|all|manifest       shows the settings of a release
template                      prints rendered manifests
""",
    changes="""
install|upgrade|rollback      changes a release
test                          starts test pods
repo add|remove|rm|update|index  changes the list of repositories
pull|fetch|package|push|create  writes charts
plugin install|update|uninstall  changes plugins
dependency update|build       writes charts
registry login|logout         changes stored logins
""",
    destroys="uninstall|delete|del|un   deletes a release",
    options="n= namespace= kube-context= kubeconfig= debug kube-apiserver= kube-token= kube-as-user= registry-config= "
    "repository-cache= repository-config= burst-limit= A all-namespaces",
    writing="output-dir= post-renderer=",
)

_READING_ARGO = """
app list|history|resources|manifests   shows an application
cluster list|get              lists clusters
repo list|get                 lists repositories
proj list|get, proj windows list  lists projects
account list|get|get-user-info|can-i  shows accounts
version                       shows versions
"""

_ARGOCD = Verbs(
    "argocd",
    reads=_READING_ARGO,
    changes="""
login|logout|relogin          changes stored logins
app sync|create|set|unset|patch|rollback|terminate-op|edit|actions|add-source|remove-source|patch-resource   changes an application
cluster add|rm|set|rotate-auth   changes clusters
repo add|rm                   changes repositories
proj create|edit|set|add-source|add-destination|role   changes projects
account update-password|generate-token|delete-token   changes accounts
""",
    destroys="app delete|delete-resource   deletes an application and its resources\nproj delete   deletes a project",
    options="server= auth-token= grpc-web insecure plaintext core N= app-namespace= config= argocd-context= loglevel= logformat=",
    special={
        "context": lambda call, index: _argo_context(call, index),
        "app logs": lambda call, index: _argo_logs(call, index),
        "app wait": lambda call, index: _waiting("argocd app wait waits until an application is in sync"),
        "app get|diff": lambda call, index: (
            changes("argocd --refresh makes the server compare again")
            if any(text.startswith(("--refresh", "--hard-refresh")) for text in call.texts)
            else reads("argocd app get shows an application")
        ),
    },
)


def _argo_context(call: Invocation, index: int) -> Verdict:
    if index < len(call.args):
        return changes("argocd context with a name changes which server is meant")
    return reads("argocd context lists servers")


def _argo_logs(call: Invocation, index: int) -> Verdict:
    follows, edits = unfollowed(call, index, "f follow", "--tail 200", "tail")
    return Verdict(Risk.READ_ONLY, "argocd app logs prints logs", endless=follows, edits=edits)


_FLUX = Verbs(
    "flux",
    reads="""
get                           lists what flux manages
check                         checks the installation
version|tree|trace|events|stats|diff|export   shows what flux manages
""",
    changes="""
reconcile|suspend|resume|create|install|bootstrap|push|pull|build|tag|migrate   changes what flux manages
""",
    destroys="delete|uninstall   deletes what flux manages",
    options="n= namespace= context= kubeconfig= A all-namespaces timeout=",
    special={"logs": lambda call, index: _flux_logs(call, index)},
)


def _flux_logs(call: Invocation, index: int) -> Verdict:
    follows, edits = unfollowed(call, index, "f follow", "", "tail")
    if follows:
        return Verdict(Risk.READ_ONLY, "flux logs -f follows logs and never ends", endless=True, edits=edits)
    return reads("flux logs prints logs")


_VELERO = Verbs(
    "velero",
    reads="""
backup get|describe|logs      shows backups
restore get|describe|logs     shows restores
schedule get|describe         shows schedules
backup-location get           shows where backups go
snapshot-location get         shows where snapshots go
get backups|backup|restores|restore|schedules|schedule|backup-locations|snapshot-locations|plugins   lists backups
describe backups|backup|restores|restore|schedules|schedule   shows backups
plugin get                    lists plugins
version                       shows versions
repo get                      lists repositories
""",
    changes="""
backup create|download        makes a backup
restore create                restores a backup over what is there
schedule create|pause|unpause  changes schedules
create backup|restore|schedule  makes a backup or restore
install                       installs velero
""",
    destroys="backup|restore|schedule delete   deletes backups\ndelete   deletes backups\nuninstall   removes velero",
    options="n= namespace= kubecontext= kubeconfig=",
)

_ISTIOCTL = Verbs(
    "istioctl",
    reads="""
proxy-status|ps               shows whether proxies are in step
analyze                       checks the settings of the mesh
version|validate              shows versions
x|experimental describe|precheck|proxy-status|authz|check-inject   shows the state of the mesh
authz check                   shows rules
verify-install                checks the installation
profile list|dump|diff        shows profiles
tag list                      lists revisions
""",
    changes="install|upgrade|kube-inject|operator|tag|admin|create-remote-secret   changes the mesh",
    destroys="uninstall   removes the mesh",
    options="n= namespace= i= istioNamespace= context= kubeconfig= c=",
    special={"proxy-config|pc": lambda call, index: _proxy_config(call, index)},
)


def _proxy_config(call: Invocation, index: int) -> Verdict:
    if any(text.startswith(("--level", "--reset", "-r")) for text in call.texts[index:]):
        return changes("istioctl proxy-config log changes what a proxy logs")
    return reads("istioctl proxy-config shows the settings of a proxy")


_LINKERD = Verbs(
    "linkerd",
    reads="""
check|version|diagnostics|identity|authz   shows the state of the mesh
viz stat|edges|routes|check|list   shows traffic
stat|edges|routes             shows traffic
""",
    changes="install|upgrade|inject|uninject|prune|jaeger|multicluster   prints or changes manifests",
    options="n= namespace= context= kubeconfig= L= linkerd-namespace=",
)

_CILIUM = Verbs(
    "cilium",
    reads="""
status|version                shows the state of the network
endpoint list|get|health|log   shows endpoints
service list|get              shows services
policy get|trace|validate     shows policies
node list                     shows nodes
identity list|get             shows identities
ip list                       lists addresses
metrics list                  shows metrics
""",
    changes="install|upgrade|config|hubble|clustermesh|connectivity|encryption   changes the network",
    options="n= namespace= context= H= host=",
)


def _cilium_bpf(call: Invocation, index: int) -> Verdict:
    if any(text in ("flush", "delete", "update") for text in call.texts):
        return changes("cilium bpf changes tables of the network")
    return reads("cilium bpf shows tables of the network")


_CILIUM_ALL = replace(_CILIUM, special={"bpf": _cilium_bpf})

_CALICOCTL = Verbs(
    "calicoctl",
    reads="get|version   shows network settings\nnode status|checksystem   shows the state of a node\nipam show|check   shows addresses",
    changes="apply|create|replace|patch|label|convert   changes network settings\nipam configure|release|split   changes addresses",
    destroys="delete   deletes network settings",
    options="c= config= l= log-level= allow-version-mismatch context=",
)

_KUBEADM = Verbs(
    "kubeadm",
    reads="version   shows versions\ncerts check-expiration   shows when certificates end\nconfig view|print, config images list   shows settings\nupgrade plan|diff   shows what an upgrade would do",
    leaks="token list   shows tokens",
    changes="init|join|upgrade|certs|config|alpha|kubeconfig|token   changes the cluster",
    destroys="reset   takes a node out of the cluster and deletes its state",
    options="v= rootfs= kubeconfig=",
)


def _kubectx(call: Invocation) -> Verdict:
    if any(text not in ("-c", "--current") for text in call.texts):
        return changes(f"{call.name} with a name changes which cluster is meant")
    return reads(f"{call.name} lists what can be chosen")


_STERN_FLAGS = "n= namespace= c= container= s= since= l= selector= context= kubeconfig= A all-namespaces o= output= i= include= e= exclude= t="


def _stern(call: Invocation) -> Verdict:
    """stern follows logs unless told not to."""
    if any(text.startswith("--no-follow") for text in call.texts):
        return reads(f"{call.name} prints logs of pods")
    if call.name == "kubetail":
        return Verdict(Risk.READ_ONLY, "kubetail follows logs and never ends", True, (call.put(0, "-f false"),))
    return Verdict(
        Risk.READ_ONLY,
        "stern follows logs and never ends",
        endless=True,
        edits=(call.put(0, "--no-follow --tail 200"),),
    )


_KIND = Verbs(
    "kind",
    reads="get clusters|nodes   lists clusters\nversion   shows versions",
    changes="create|load|build|export   changes clusters",
    destroys="delete   deletes clusters",
)

_MINIKUBE = Verbs(
    "minikube",
    reads="status, version, ip, profile list, addons list, service list, options, docker-env, update-check   shows the state of the cluster",
    changes="start, stop, pause, unpause, addons enable, addons disable, config, image, cache, cp, mount, tunnel, dashboard, node   changes the cluster",
    destroys="delete   deletes the cluster",
    options="p= profile=",
    special={"logs": lambda call, index: _minikube_logs(call, index)},
)


def _minikube_logs(call: Invocation, index: int) -> Verdict:
    if any(text.startswith("--file") for text in call.texts):
        return changes("minikube logs --file writes a file")
    follows, edits = unfollowed(call, index, "f follow", "-n 200", "n length")
    return Verdict(Risk.READ_ONLY, "minikube logs prints logs", endless=follows, edits=edits)


_ROLLOUTS = _kubectl("kubectl")


def _quietly(verbs: Verbs) -> Judge:
    """kubectl's own profiling writes a file, whatever it is asked."""

    def judge(call: Invocation) -> Verdict:
        own = call.texts[: call.texts.index("--")] if "--" in call.texts else call.texts
        if any(text.startswith(("--profile", "--cache-dir")) for text in own):
            return changes(f"{call.name} --profile writes a file")
        verdict = verbs(call)
        shows_token = call.name == "oc" and own[:1] == ["whoami"] and bool({"-t", "--show-token"} & set(own))
        return replace(verdict, leaks=True) if shows_token else verdict

    return judge


TOOLS: dict[str, Judge] = {
    "kubectl": _quietly(_ROLLOUTS),
    "k": _quietly(_ROLLOUTS),
    "oc": _quietly(_kubectl("oc", _OC_READS, _OC_LEAKS, _OC_CHANGES, {"project": _oc_project, "extract": _oc_extract, "adm upgrade": _oc_upgrade})),
    "k3s": Verbs(
        "k3s",
        reads="check-config   checks the machine",
        special={"kubectl": lambda call, index: call.walker.command(call.args[index - 1 :], call.stdin, call.piped, call.start)},
    ),
    "microk8s": Verbs(
        "microk8s",
        reads="status|version   shows the state of the cluster", changes="inspect|enable|disable|start|stop|reset|add-node|join|leave   changes the cluster or writes files",
        special={
            "kubectl|helm|helm3|ctr": lambda call, index: call.walker.command(
                call.args[index - 1 :], call.stdin, call.piped, call.start
            )
        },
    ),
    "helm": _HELM,
    "helm3": _HELM,
    "argocd": _ARGOCD,
    "flux": _FLUX,
    "velero": _VELERO,
    "istioctl": _ISTIOCTL,
    "linkerd": _LINKERD,
    "cilium": _CILIUM_ALL,
    "calicoctl": _CALICOCTL,
    "kubeadm": _KUBEADM,
    "kubectx": _kubectx,
    "kubens": _kubectx,
    "stern": _stern,
    "kubetail": _stern,
    "kind": _KIND,
    "minikube": _MINIKUBE,
    "kustomize": Verbs(
        "kustomize", reads="version   shows versions\ncfg tree|grep|count|cat   shows manifests", changes="edit|create|fn|localize   changes manifests",
        special={"build": lambda call, index: changes("kustomize build may write files") if any(t.startswith(("-o", "--output")) or "exec" in t or "plugin" in t for t in call.texts) else reads("kustomize build prints rendered manifests")},
    ),
}  # fmt: skip
