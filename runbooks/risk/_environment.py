"""Environment variables that change what a command does, or what it runs."""

from __future__ import annotations

import re

_HARMLESS_NAME = re.compile(
    r"PG(PASSWORD|USER|HOST|PORT|DATABASE|SSLMODE|CONNECT_TIMEOUT|APPNAME|TZ|PASSFILE)|LC_[A-Z]+|LANG|LANGUAGE|TZ|KUBECONFIG"
    r"|AWS_(PROFILE|REGION|DEFAULT_REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|DEFAULT_OUTPUT)"
    r"|ETCDCTL_[A-Z0-9_]+|VAULT_(ADDR|TOKEN|NAMESPACE|SKIP_VERIFY)|CONSUL_HTTP_(ADDR|TOKEN)|NOMAD_(ADDR|TOKEN)"
    r"|DOCKER_HOST|REDISCLI_AUTH|MYSQL_PWD|CLOUDSDK_[A-Z_]+|AZURE_[A-Z_]+|COLUMNS|LINES|DEBIAN_FRONTEND|TERM"
)
_DANGEROUS_NAME = re.compile(
    r"PATH|IFS|ENV|HOME|SHELL.*|BASH.*|ZDOTDIR|LD_.*|DYLD_.*|.*PAGER.*|.*EDITOR.*|VISUAL|BROWSER|GIT_.*|PYTHON.*|PERL.*"
    r"|RUBY.*|GEM_.*|NODE_.*|JAVA_.*|JDK_.*|_JAVA.*|LESS.*|MAN.*|PROMPT_COMMAND|PS[0-9]|PSQL.*|XDG_.*|.*RC|.*_RSH|.*SSH_.*"
    r"|CDPATH|GLOBIGNORE|FPATH|.*_COMMAND|.*_CMD|.*_EXEC.*|.*DIFF.*|.*PLUGIN.*|.*HOOK.*|.*PRELOAD.*|.*LIBRARY_PATH"
    r"|.*_?(OPTIONS|OPTS|ARGS|FLAGS)|.*CONFIG(_FILE|_DIR|_HOME)?|TMPDIR|POSIXLY_CORRECT|GREP_.*|TAR_.*|CURL_.*|WGET.*"
    r"|RSYNC_.*|DOCKER_CONFIG|COMPOSE_FILE|HELM_.*|KUBE_.*|KUBECTL_.*|ANSIBLE_.*|TF_.*|MAKE.*|OPENSSL_.*|LS_COLORS",
)


def harmless_name(name: str) -> bool:
    """Whether setting this variable can not make a reading command do anything else."""
    return bool(_HARMLESS_NAME.fullmatch(name)) or not _DANGEROUS_NAME.fullmatch(name)
