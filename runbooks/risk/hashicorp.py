# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Terraform, Vault, Consul, Nomad, Packer and Vagrant; etcd, which often stands beside them."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, parsed, unfollowed
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def _plan(call: Invocation, index: int) -> Verdict:
    """A plan takes the state's lock while it looks, which stops everybody else's work; without the lock it only reads."""
    if any(re.match(r"--?(?:out|generate-config-out)\b", text) for text in call.texts):
        return changes("terraform plan -out writes a file")
    if any(text in ("-lock=false", "--lock=false") for text in call.texts):
        return reads("terraform plan compares the plan with what is there")
    return changes("terraform plan locks the state while it compares; with -lock=false it only reads")


def _fmt(call: Invocation, index: int) -> Verdict:
    if any(text in ("-check", "--check", "-write=false") for text in call.texts) and "-write=true" not in call.texts:
        return reads("terraform fmt -check only looks")
    return changes("terraform fmt rewrites files")


def _apply(call: Invocation, index: int) -> Verdict:
    if any(text in ("-destroy", "--destroy") for text in call.texts):
        return destroys("terraform apply -destroy deletes what it manages")
    verdict = changes("terraform apply changes what it manages")
    return (
        verdict
        if any(text.startswith(("-auto-approve", "--auto-approve")) for text in call.texts)
        else asks("terraform apply asks a person before it changes what it manages")
    )


_TERRAFORM = Verbs(
    "terraform",
    reads="version, validate, graph, providers, workspace list, workspace show, get_, metadata functions, state list, modules   shows settings",
    leaks="show, output, state show, state pull   shows the state, with whatever secrets it holds",
    changes="init, import, refresh, taint, untaint, get, login, logout, test, state mv, state push, state replace-provider, workspace new, workspace select, providers lock, providers mirror, cloud   changes the state or files",
    destroys="destroy, state rm, workspace delete, force-unlock   deletes something",
    asks="console   opens a prompt for a person",
    options="chdir=",
    single=True,
    special={"plan": _plan, "fmt": _fmt, "apply": _apply},
)
_READING_VAULT = """
status|version|path-help|print_   shows the state of the vault
list, kv list, kv metadata get   lists names
secrets list, auth list, audit list, plugin list, namespace list, policy list, policy read, policy fmt_   shows settings
token capabilities, lease lookup   tells what a token may do
operator members, operator raft list-peers, operator raft autopilot state|get-config, operator key-status, operator usage   shows the cluster
"""


def _vault_read(call: Invocation, index: int) -> Verdict:
    """Reading some paths makes new credentials."""
    words = [text for text in call.texts[index:] if not text.startswith("-")]
    if (
        any(
            re.search(
                r"creds/|/issue/|/sts/|/sign|/generate|/roles?/.*/secret-id|/token/(?!lookup)|/keys?/|/token$|totp/code|/random|/snapshot$|\x00",
                text,
            )
            for text in words
        )
        or not words
    ):
        return unknown("reading this path of the vault may make new credentials")
    return reads("vault read shows a secret", leaks=True)


_VAULT = Verbs(
    "vault",
    reads=_READING_VAULT,
    leaks="kv get, token lookup, print token   shows a secret",
    changes="write, kv put, kv patch, kv rollback, kv undelete, kv enable-versioning, login, unwrap, token create, token renew, secrets enable, secrets disable, secrets tune, secrets move, auth enable, auth disable, auth tune, auth help_, policy write, audit enable, audit disable, lease renew, operator init, operator unseal, operator seal, operator step-down, operator rekey, operator rotate, operator raft join, operator raft snapshot, operator raft remove-peer, operator generate-root, operator migrate, agent, proxy, server, plugin register, plugin reload, namespace create, transit, pki, ssh   changes the vault",
    destroys="delete, kv delete, kv destroy, kv metadata delete, token revoke, lease revoke, policy delete, namespace delete, plugin deregister   deletes something",
    options="address= namespace= ca-cert= ca-path= tls-skip-verify format= field= client-cert= client-key= mount= header= non-interactive",
    single=True,
    special={"read": _vault_read, "monitor": lambda call, index: asks("vault monitor follows a log and never ends")},
)


def _vault(call: Invocation) -> Verdict:
    """Whatever vault reads, wrapped it becomes a new token."""
    if any(re.match(r"--?wrap-ttl", text) for text in call.texts):
        return changes("vault -wrap-ttl makes a token that holds the answer")
    return _VAULT(call)


_CONSUL = Verbs(
    "consul",
    reads="members, info, version, catalog, operator raft list-peers, operator autopilot get-config, operator autopilot state, operator usage, config list, config read, intention list, intention check, intention get, intention match, keyring -list_, acl policy list, acl policy read, acl role list, acl role read, acl auth-method list, snapshot inspect, rtt, validate, namespace list, partition list, peering list, peering read, services export_list   shows the cluster",
    leaks="kv get, kv export, acl token list, acl token read, connect ca get-config, keyring   shows values",
    changes="join, leave, force-leave, reload, kv put, kv import, maint, lock, event, exec, watch, agent, login, logout, acl bootstrap, acl token create, acl token update, acl policy create, acl policy update, intention create, config write, operator raft transfer-leader, operator autopilot set-config, services register, snapshot save, connect, tls, debug, peering, namespace, partition   changes the cluster",
    destroys="kv delete, operator raft remove-peer, services deregister, snapshot restore, acl token delete, acl policy delete, config delete, intention delete   deletes something",
    options="http-addr= token= token-file= datacenter= ca-file= client-cert= client-key= stale namespace= partition=",
    single=True,
    special={
        "monitor": lambda call, index: Verdict(
            Risk.READ_ONLY, "consul monitor follows the log and never ends", True, (call.wrapped("timeout 10"),)
        ),
        "keyring": lambda call, index: _keyring(call),
    },
)


def _keyring(call: Invocation) -> Verdict:
    if all(text in ("-list", "-list-primary") or not text.startswith("-") for text in call.texts):
        return reads("consul keyring -list shows keys", leaks=True)
    return changes("consul keyring changes keys")


def _alloc_logs(call: Invocation, index: int) -> Verdict:
    follows, edits = unfollowed(call, index, "f", "", "")
    edits += (
        ()
        if any(text in ("-tail", "-n") or text.startswith("-n=") for text in call.texts)
        else (call.put(index, "-tail -n 200"),)
    )
    return Verdict(Risk.READ_ONLY, "nomad alloc logs prints a log", endless=follows, edits=edits)


def _nomad_exec(call: Invocation, index: int) -> Verdict:
    found = parsed(
        call.args[index:],
        "task= i t job=? e= namespace= region= address= token= interactive tty",
        single=True,
        stop_at_operand=True,
    )
    if found.strange or len(found.at) < 2:
        return unknown("nomad exec is used in a way we do not judge")
    edits = tuple(
        call.without(at) for at in range(index, index + found.at[0]) if call.texts[at] in ("-t", "-i", "-it", "-tty")
    )
    return call.inner(index + found.at[1]).with_edits(*edits)


_NOMAD = Verbs(
    "nomad",
    reads="status, version, job status, job inspect, job history, job validate, job allocs, job deployments, job plan_, alloc status, alloc checks, node status, server members, deployment list, deployment status, eval status, eval list, operator raft list-peers, operator autopilot get-config, operator autopilot health, namespace list, namespace status, volume status, quota list, quota status, plugin status, scaling policy list, service list, service info, ui_, check_, agent-info, validate, inspect, job periodic_list   shows the cluster",
    leaks="var get, var list, acl token list, acl token self, acl token info   shows values",
    changes="run, job run, job scale, job restart, job promote, job revert, job dispatch, job periodic force, job eval, job plan, plan, job start, stop, job stop, alloc stop, alloc restart, alloc signal, node drain, node eligibility, deployment promote, deployment pause, deployment resume, deployment fail, server join, operator raft transfer-leadership, operator autopilot set-config, var put, namespace apply, volume create, volume register, system reconcile, acl, agent, setup, operator debug, operator snapshot   changes the cluster",
    destroys="job stop -purge, operator raft remove-peer, server force-leave, node purge, system gc, var purge, volume delete, volume deregister, namespace delete   deletes something",
    options="address= region= namespace= token= ca-cert= tls-skip-verify no-color",
    single=True,
    special={
        "alloc logs, logs": _alloc_logs,
        "alloc exec, exec": _nomad_exec,
        "monitor": lambda call, index: Verdict(
            Risk.READ_ONLY, "nomad monitor follows the log and never ends", True, (call.wrapped("timeout 10"),)
        ),
        "alloc fs": lambda call, index: (
            unknown("nomad alloc fs shows files of a task")
            if "-f" in call.texts
            else reads("nomad alloc fs shows files of a task", leaks=True)
        ),
    },
)


def _etcd_watch(call: Invocation, index: int) -> Verdict:
    if "--" in call.texts:
        return unknown("etcdctl watch runs a command on every change")
    return Verdict(
        Risk.READ_ONLY, "etcdctl watch waits for changes and never ends", True, (call.wrapped("timeout 10"),)
    )


_ETCD = Verbs(
    "etcdctl",
    reads="endpoint health|status|hashkv   shows the cluster\nmember list   shows the cluster\nalarm list   shows alarms\nlease list|timetolive   shows leases\nuser list|get   shows users\nrole list|get   shows roles\nauth status   shows settings\nversion, ls, cluster-health, snapshot status   shows the cluster",
    leaks="get   shows values",
    changes="put, set, mk, mkdir, update, txn, compaction, compact, defrag, move-leader, lease grant, lease keep-alive, snapshot save, member add, member update, member promote, alarm disarm, auth enable, auth disable, user add, user passwd, user grant-role, role add, role grant-permission, check, make-mirror, lock, elect, downgrade, backup   changes the cluster",
    destroys="del, rm, rmdir, lease revoke, member remove, snapshot restore, user delete, role delete   deletes data",
    options="endpoints= cacert= cert= key= user= password= w= write-out= command-timeout= dial-timeout= debug hex insecure-transport insecure-skip-tls-verify ca-file= cert-file= key-file= peers= endpoint= C= d= discovery-srv= cluster",
    special={"watch": _etcd_watch},
)
_ETCDUTL = Verbs(
    "etcdutl",
    reads="snapshot status|version   shows a snapshot",
    changes="defrag|backup|migrate   changes data",
    destroys="snapshot restore   overwrites data",
    options="w= write-out=",
)


TOOLS: dict[str, Judge] = {
    "terraform": _TERRAFORM,
    "tofu": _TERRAFORM,
    "tf": _TERRAFORM,
    "terragrunt": lambda call: unknown("terragrunt runs hooks and may initialize what it looks at"),
    "tflint": lambda call: changes("tflint --fix changes files") if any(text.startswith(("--fix", "--init")) for text in call.texts) else reads("tflint checks files"),
    "vault": _vault,
    "bao": _vault,
    "consul": _CONSUL,
    "nomad": _NOMAD,
    "etcdctl": _ETCD,
    "etcdutl": _ETCDUTL,
    "packer": Verbs("packer", reads="validate, version, inspect, fmt -check   checks templates", changes="build|init|fmt|fix|hcl2_upgrade   builds images"),
    "vagrant": Verbs("vagrant", reads="status, global-status, version, box list, port, plugin list, validate   shows machines", leaks="ssh-config   shows settings", changes="up, halt, reload, suspend, resume, provision, snapshot, init, package, box add, box update, plugin install   changes machines", destroys="destroy, box remove   deletes machines", asks="ssh   opens a shell for a person"),
    "pulumi": Verbs("pulumi", reads="version, whoami, stack ls, stack history, about, plugin ls   shows stacks", leaks="stack output, config, stack export, stack   shows values", changes="up, refresh, import, cancel, login, logout, new, preview, config set, stack select, stack init   changes what it manages", destroys="destroy, stack rm, state delete   deletes something"),
}  # fmt: skip
