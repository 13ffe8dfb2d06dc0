"""Commands as other teams write them: what only reads is recognised, what would hang is bounded, the rest asks.

Written in our own words after reading runbooks of fleets that had no part in making the judge.
"""

from __future__ import annotations

import pytest

from runbooks.commands import commands_of_block, judge
from runbooks.document import Risk

READS = """
journalctl -b -1
journalctl -u web -b -1 | grep -i panic
kubectl exec -n queue broker-0 -- kafka-topics.sh --bootstrap-server b:9092 --describe --under-replicated-partitions
kubectl exec -n queue broker-0 -- kafka-consumer-groups.sh --bootstrap-server localhost:9092 --describe --group billing
kubectl get pod web-0 -n shop -o jsonpath='{.status.containerStatuses[*].restartCount}'
kubectl get events -A --sort-by=.lastTimestamp | tail -20
kubectl wait --for=condition=ready pod/web-0 -n shop --timeout=60s
oc adm node-logs --role=master -u kubelet
crictl logs $(crictl ps -q --name kube-apiserver)
podman pod ps
podman pod inspect shop
docker buildx imagetools inspect shop/web:1.2
openssl crl2pkcs7 -nocrl -certfile chain.pem | openssl pkcs7 -print_certs -noout
echo | openssl s_client -connect shop.test:443 -servername shop.test 2>/dev/null | openssl x509 -noout -enddate
az rest -m get -u https://management.azure.com/subscriptions?api-version=2020-01-01
az storage message peek --queue-name orders
vault kv get -field=value secret/shop
patronictl list
redis-cli -r 3 PING
shopt -q login_shell
declare -a hosts=("web01" "web02")
echo "arguments: $@"
for path in /health -I; do echo "$path"; done
ls logs/{web,worker}.log
du -x / | sort -rn | head
sgdisk -p /dev/sda
nmcli -f NAME,DEVICE con show --active
ipmitool -I lanplus -H bmc -U root sel list
knife node list
sleep 20
[[ $version =~ ^[0-9]+$ ]] && echo number
""".strip().splitlines()

BOUNDED = {
    "tail -n +1 -f app.log": "tail -n +1 app.log",
    "lsof -r 5": "lsof",
    "zpool status 5": "zpool status 5 3",
    "patronictl list -W": "timeout 10 patronictl list -W",
    "journalctl -b -f -u kubelet": "journalctl -n 200 --no-pager -b -u kubelet",
}

HANGS = """
kubectl wait --for=delete pod/web-0 --timeout=-1s
kubectl rollout status deployment/web --timeout=0
findmnt --poll
crictl stats --watch
snap logs -f lxd
nfsstat -Z
netstat -an 5
argocd app wait shop
chronyc waitsync
cloud-init status --wait
rq info --interval 1
cat /dev/zero
cat /dev/tty
seq 1 inf
sleep 3600
redis-cli -r 100000 -i 1 PING
""".strip().splitlines()


@pytest.mark.parametrize("text", READS)
def test_a_reader_of_another_fleet_runs_unasked(text: str) -> None:
    assert judge(text).runs_unasked


@pytest.mark.parametrize(("text", "bounded"), BOUNDED.items())
def test_a_watcher_is_given_an_end(text: str, bounded: str) -> None:
    assert judge(text).bounded == bounded


@pytest.mark.parametrize("text", HANGS)
def test_what_waits_for_ever_is_not_started(text: str) -> None:
    assert not judge(text).runs_unasked


def test_an_http_request_in_a_fence_is_no_command() -> None:
    (line,) = commands_of_block("GET /api/orders?state=stuck\n", "", 1)
    assert line.judgement.risk is Risk.NOT_A_COMMAND


def test_setting_a_plain_variable_shows_no_secret() -> None:
    assert not judge("export DEBUG=false").leaks_secret


@pytest.mark.parametrize(
    "text", ["cat /var/lib/cluster/server/node-token", "az rest -m get -u x", "vault kv get secret/x"]
)
def test_what_shows_a_secret_says_so(text: str) -> None:
    assert judge(text).leaks_secret
