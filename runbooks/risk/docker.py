# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Docker, Compose in both spellings, and the tools that copy their verbs."""

from __future__ import annotations

from dataclasses import replace

from runbooks.document import Risk
from runbooks.risk._options import Special, Verbs, parsed, shown, unfollowed, written_by
from runbooks.risk._verdict import Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown, worst

_READS = """
ps                       lists containers
container ls|list|ps     lists containers
images                   lists images
image ls|list|history    lists images or their layers
history                  shows the layers of an image
version                  shows versions
info                     shows the state of the engine
system df                shows disk use
system info              shows the state of the engine
port                     shows published ports
container port           shows published ports
top                      lists the processes of a container
container top            lists the processes of a container
diff                     shows changed files of a container
container diff           shows changed files of a container
search                   searches the registry
network ls|list          lists networks
network inspect          shows a network
volume ls|list           lists volumes
volume inspect           shows a volume
image inspect            shows an image
manifest inspect         shows an image in the registry
context ls|list|show|inspect  shows contexts
node ls|ps|inspect       shows the nodes of a swarm
service ls|list|ps       lists services
stack ls|list|ps|services  lists stacks
buildx ls|du|inspect|version  shows builders
buildx imagetools inspect     shows an image in the registry
pod ps|ls|list|top|stats_|logs_|exists  lists pods
pod inspect                    shows a pod
builder du               shows disk use of the build cache
plugin ls|inspect        shows plugins
trust inspect            shows signatures
secret ls|inspect        lists secrets by name
config ls                lists configs
scout quickview|cves|version  reports on an image
"""

_LEAKS = """
inspect                  shows all settings of a container, its environment among them
container inspect        shows all settings of a container, its environment among them
service inspect          shows all settings of a service, its environment among them
config inspect           shows the content of a config
"""

_CHANGES = """
start|stop|restart       starts or stops containers
container start|stop|restart|kill|pause|unpause|rename|update|create  changes containers
kill                     kills containers
pause|unpause            freezes or thaws containers
rename                   renames a container
update                   changes the limits of a container
create                   makes a container
pull                     downloads an image
push                     uploads an image
image pull|push|tag|load|import|build  changes images
tag                      gives an image another name
build                    builds an image
buildx build|bake|create|use|rm|stop|install|imagetools create  changes builders or images
load|import              loads an image
commit                   makes an image of a container
cp                       copies files into or out of a container
container cp             copies files into or out of a container
save|export              writes an image or container to a file or to the output
network create|connect|disconnect  changes networks
volume create            makes a volume
login|logout             changes the stored logins
swarm init|join|leave|update|join-token|unlock|unlock-key|ca  changes the swarm
service create|update|scale|rollback  changes services
stack deploy|up          changes a stack
node update|promote|demote  changes the swarm
secret create            makes a secret
config create            makes a config
context create|use|update|rm|import|export  changes contexts
plugin install|enable|disable|set|upgrade|rm|create|push  changes plugins
"""

_DESTROYS = """
rm                       deletes containers
container rm|prune       deletes containers
rmi                      deletes images
image rm|prune           deletes images
system prune             deletes whatever is not in use
volume rm|prune          deletes volumes and their data
network rm|prune         deletes networks
builder prune            deletes the build cache
buildx prune             deletes the build cache
service rm               deletes services
stack rm|down            deletes a stack
node rm                  removes a node
secret rm                deletes secrets
config rm                deletes configs
"""

_GLOBALS = (
    "H= host= context= c= config= l= log-level= D debug tls tlscacert= tlscert= tlskey= tlsverify n= namespace= a= "
    "address= r= url= connection="
)


def _stats(call: Invocation, index: int) -> Verdict:
    verdict = reads("docker stats shows what containers use")
    if any(text == "--no-stream" or text.startswith("--no-stream=true") for text in call.texts[index:]):
        return verdict
    return Verdict(
        Risk.READ_ONLY,
        "docker stats keeps printing until it is stopped",
        endless=True,
        edits=(call.put(index, "--no-stream"),),
    )


def _logs(call: Invocation, index: int) -> Verdict:
    bound = "--tail 5000" if call.into else "--tail 200"
    if any(text.startswith("--since") for text in call.texts[index:]):
        bound = ""
    follows, edits = unfollowed(call, index, "f follow", bound, "tail n")
    reason = f"{call.name} logs prints a container's log"
    if follows:
        return Verdict(Risk.READ_ONLY, f"{call.name} logs -f follows a log and never ends", endless=True, edits=edits)
    return reads(reason).with_edits(*edits)


def _events(call: Invocation, index: int) -> Verdict:
    if any(text.startswith("--until") for text in call.texts[index:]):
        return reads("docker events lists what happened to containers")
    bound = "--since 10m --until 0s" if not any("--since" in text for text in call.texts[index:]) else "--until 0s"
    return Verdict(
        Risk.READ_ONLY,
        "docker events keeps printing until it is stopped",
        endless=True,
        edits=(call.put(index, bound),),
    )


_EXEC = (
    "d i t e= u= w= T it ti detach interactive tty env= user= workdir= privileged env-file= detach-keys= no-TTY index= no-tty "
    "c= container="
)


def executed(call: Invocation, index: int, *, compose: bool) -> Verdict:
    """`docker exec [-it] NAME command`: as risky as the command; a terminal is only needed by a person."""
    found = parsed(call.args[index:], _EXEC, stop_at_operand=True)
    if found.strange:
        return unknown(f"{call.name} exec has an option we do not know: {shown(found.strange[0])}")
    if found.has("d", "detach", "privileged", "env-file"):
        return worst(
            [changes("exec starts something in the background or with other rights"), _inside(call, index, found.at)]
        )
    edits = _without_terminal(call, index, index + (found.at[0] if found.at else 0))
    if compose and not found.has("T", "no-TTY", "no-tty"):
        edits = (call.put(index, "-T"), *edits)
    return _inside(call, index, found.at).with_edits(*edits)


def _inside(call: Invocation, index: int, at: list[int]) -> Verdict:
    if len(at) < 2:
        return unknown("exec has no command")
    return call.inner(index + at[1])


def _without_terminal(call: Invocation, index: int, end: int) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    for at in range(index, end):
        text = call.texts[at]
        if text in ("--tty", "--tty=true", "-t", "-it", "-ti", "--interactive", "-i"):
            needed = call.piped and "i" in text
            edits.append(call.instead(at, "-i") if needed else call.without(at))
    return tuple(edits)


def _exec(call: Invocation, index: int) -> Verdict:
    return executed(call, index, compose=False)


def _run(call: Invocation, index: int) -> Verdict:
    """A new container could do anything that its image does; a person is asked."""
    return changes(f"{call.name} run starts a new container")


def _attach(call: Invocation, index: int) -> Verdict:
    return asks("docker attach gives a terminal to a running container")


def _forced(risk: Verdict) -> Special:
    """A prompt is answered by the tool's own flag."""

    def judge(call: Invocation, index: int) -> Verdict:
        if any(
            text in ("-f", "--force") or (text.startswith("-") and not text.startswith("--") and "f" in text)
            for text in call.texts
        ):
            return risk
        return risk.with_edits(call.put(index, "-f"))

    return judge


_PRUNES = {
    f"{what} prune": _forced(destroys(f"docker {what} prune deletes {things}"))
    for what, things in (
        ("system", "whatever is not in use"),
        ("container", "stopped containers"),
        ("image", "images that are not in use"),
        ("volume", "volumes that are not in use, and their data"),
        ("network", "networks that are not in use"),
        ("builder", "the build cache"),
        ("buildx", "the build cache"),
    )
}


def _wait(call: Invocation, index: int) -> Verdict:
    return Verdict(
        Risk.READ_ONLY, "docker wait waits until a container stops", endless=True, edits=(call.wrapped("timeout 30"),)
    )


# Compose

_COMPOSE_READS = """
ps|ls                    lists containers
images                   lists the images in use
top                      lists processes
port                     shows a published port
version                  shows versions
volumes                  lists volumes
"""
_COMPOSE_CHANGES = """
start|stop|restart       stops and starts containers
pause|unpause            freezes or thaws containers
kill                     kills containers
build                    builds images
pull                     downloads images
push                     uploads images
create                   makes containers
scale                    changes the number of containers
cp                       copies files into or out of a container
run                      starts a new container
watch                    rebuilds containers whenever a file changes
attach                   gives a terminal to a running container
commit|export|publish    writes an image or file
"""
_COMPOSE_GLOBALS = (
    "f= file= p= project-name= profile= env-file= project-directory= context= H= host= c= verbose compatibility ansi= "
    "no-ansi progress= parallel= log-level= dry-run all-resources tls tlscacert= tlscert= tlskey= tlsverify"
)


def _compose_config(call: Invocation, index: int) -> Verdict:
    if written_by(call.args[index:], "o= output= lock-image-digests"):
        return changes("docker compose config -o writes a file")
    quiet = any(
        text in ("-q", "--quiet", "--services", "--volumes", "--images", "--profiles") for text in call.texts[index:]
    )
    return reads("docker compose config shows the configuration with its variables put in", leaks=not quiet)


def _compose_up(call: Invocation, index: int) -> Verdict:
    """In the foreground `up` shows logs until it is stopped, so the unattended form detaches."""
    detached = any(text in ("-d", "--detach", "--no-start", "--wait") for text in call.texts[index:])
    detached = detached or any(
        text.startswith("-") and not text.startswith("--") and "d" in text for text in call.texts[index:]
    )
    verdict = changes("docker compose up creates and starts containers")
    kept = [
        call.without(at) for at in range(index, len(call.args)) if call.texts[at].startswith("--abort-on-container")
    ]
    return verdict if detached else verdict.with_edits(call.put(index, "-d"), *kept)


def _compose_down(call: Invocation, index: int) -> Verdict:
    for text in call.texts[index:]:
        short = text.startswith("-") and not text.startswith("--")
        if text.startswith("--volumes") or (short and "v" in text):
            return destroys("docker compose down -v deletes containers and their volumes with all data")
        if text.startswith("--rmi"):
            return destroys("docker compose down --rmi deletes containers and images")
    return changes("docker compose down stops and removes containers and networks")


def _compose_rm(call: Invocation, index: int) -> Verdict:
    short = [text for text in call.texts[index:] if text.startswith("-") and not text.startswith("--")]
    edits = () if any("f" in text for text in short) or "--force" in call.texts else (call.put(index, "-f"),)
    return destroys("docker compose rm deletes containers").with_edits(*edits)


def _compose_exec(call: Invocation, index: int) -> Verdict:
    return executed(call, index, compose=True)


_COMPOSE = Verbs(
    "docker compose",
    reads=_COMPOSE_READS,
    changes=_COMPOSE_CHANGES,
    options=_COMPOSE_GLOBALS,
    bare=reads("docker compose without a verb prints its help"),
    special={
        "config|convert": _compose_config,
        "logs": _logs,
        "stats": _stats,
        "events": _wait,
        "up": _compose_up,
        "down": _compose_down,
        "rm": _compose_rm,
        "exec": _compose_exec,
        "wait": _wait,
    },
)


def _compose(call: Invocation, index: int) -> Verdict:
    before = call.args[:index]
    rest = replace(call, name="docker compose", args=call.args[index:], end=before[-1].end if before else call.end)
    return _COMPOSE(rest)


def _compose_tool(call: Invocation) -> Verdict:
    return _COMPOSE(replace(call, name="docker compose"))


_DOCKER = Verbs(
    "docker",
    reads=_READS,
    leaks=_LEAKS,
    changes=_CHANGES,
    destroys=_DESTROYS,
    options=_GLOBALS,
    writing="bootstrap output=",
    special={
        "stats": _stats,
        "container stats": _stats,
        "logs": _logs,
        "container logs": _logs,
        "service logs": _logs,
        "events": _events,
        "system events": _events,
        "exec": _exec,
        "container exec": _exec,
        "run": _run,
        "container run": _run,
        "attach": _attach,
        "container attach": _attach,
        "wait": _wait,
        "compose": _compose,
        **_PRUNES,
    },
)

_CRICTL = Verbs(
    "crictl",
    reads="""
ps|pods|images|img|info|version|imagefsinfo|statsp|inspectp|inspecti   shows containers and images
""",
    leaks="inspect          shows all settings of a container",
    changes="start|stop|create|run|runp|stopp|pull|update|config|checkpoint   changes containers",
    destroys="rm|rmp|rmi      deletes containers or images",
    options="r= runtime-endpoint= i= image-endpoint= t= timeout= c= config= D debug",
    special={
        "logs": _logs,
        "stats": lambda call, index: Verdict(
            Risk.READ_ONLY,
            "crictl stats shows what containers use",
            endless=bool(written_by(call.args[index:], "w watch")),
        ),
        "exec": _exec,
    },
)

_CTR = Verbs(
    "ctr",
    reads="""
images|i|image ls|list|check    lists images
containers|c|container ls|list  lists containers
tasks|t|task ls|list|ps|metrics  lists tasks
namespaces|ns|namespace ls|list  lists namespaces
snapshots|snapshot ls|list|usage|info|tree  lists snapshots
content ls|list     lists content
plugins|plugin ls|list  lists plugins
version|info        shows versions
""",
    leaks="containers|c|container info   shows all settings of a container",
    destroys="""
images|i|image rm|remove|delete|prune   deletes images
containers|c|container rm|delete        deletes containers
""",
    options="n= namespace= a= address= timeout= connect-timeout= debug",
)

TOOLS: dict[str, Judge] = {
    "docker": _DOCKER,
    "podman": _DOCKER,
    "nerdctl": _DOCKER,
    "docker-compose": _compose_tool,
    "podman-compose": _compose_tool,
    "crictl": _CRICTL,
    "ctr": _CTR,
}
