# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Message brokers and task queues: Celery, RabbitMQ, Kafka, NATS, ActiveMQ, Pulsar and others."""

from __future__ import annotations

from runbooks.document import Risk
from runbooks.risk._options import Verbs, changer, option_names, parsed, reader, shown, written_by
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown

_INSPECT = option_names(
    "ping active active_queues registered scheduled reserved revoked stats report conf query_task clock memsample memdump_ objgraph_ hello_"
)
_CELERY_GLOBALS = "A= b= app= broker= result-backend= loader= config= workdir= C no-color q quiet"


def _celery(call: Invocation) -> Verdict:
    found = parsed(call.args, _CELERY_GLOBALS + " version help", stop_at_operand=True)
    if found.has("version", "help") and not found.operands:
        return reads("celery prints text")
    if found.strange or found.has("workdir"):
        return unknown("celery has an option we do not know")
    words = [arg.text for arg in found.operands]
    verb = words[0] if words else ""
    rest = [text for text in words[1:] if not text.startswith("-")]
    if verb in ("inspect", "i"):
        return _inspected(words[1:])
    if verb in ("status", "report", "list") or (verb == "result" and rest):
        return reads(f"celery {verb} asks the workers", leaks=verb == "report")
    if verb == "events":
        return asks("celery events shows events until it is stopped")
    if verb == "purge":
        verdict = destroys("celery purge deletes all waiting tasks")
        return (
            verdict
            if any(text in ("-f", "--force") for text in words)
            else verdict.with_edits(call.put(len(call.args), "-f"))
        )
    if verb == "amqp":
        return unknown("celery amqp sends commands to the broker")
    if verb in ("worker", "beat", "flower", "shell"):
        return asks(f"celery {verb} starts a process that runs until it is stopped")
    if verb in ("control", "call", "multi", "migrate", "upgrade", "logtool"):
        return changes(f"celery {verb} changes what the workers do")
    return unknown(f"unknown command: celery {shown(verb)}")


def _inspected(words: list[str]) -> Verdict:
    """The method is the first word that is no option; options that take a value are known."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in ("-d", "-t", "--destination", "--timeout") else 1
    method = words[at] if at < len(words) else ""
    if method in _INSPECT:
        return reads(f"celery inspect {method} asks the workers", leaks=method in ("conf", "report"))
    return unknown(f"unknown command: celery inspect {shown(method)}")


_RABBIT = Verbs(
    "rabbitmqctl",
    reads="""
status|cluster_status|version|ping|help|report|autocomplete  shows the state of the broker
list_queues|list_exchanges|list_bindings|list_connections|list_channels|list_consumers|list_vhosts|list_users|list_permissions|list_user_permissions|list_topic_permissions|list_user_topic_permissions|list_policies|list_operator_policies|list_parameters|list_global_parameters|list_ciphers|list_hashes|list_feature_flags|list_unresponsive_queues|list_vhost_limits|list_user_limits|list_deprecated_features|list_node_auth_attempt_stats  lists what the broker holds
node_health_check|check_port_connectivity  checks a node
""",
    leaks="environment           shows all settings",
    changes="""
start_app|stop_app|stop|shutdown|start|wait|await_startup|await_online_nodes  starts or stops the broker
join_cluster|change_cluster_node_type|rename_cluster_node|update_cluster_nodes|force_boot|sync_queue|cancel_sync_queue  changes the cluster
add_user|change_password|clear_password|authenticate_user|set_user_tags|set_permissions|clear_permissions|set_topic_permissions|clear_topic_permissions|add_vhost|restart_vhost|set_policy|clear_policy|set_operator_policy|set_parameter|clear_parameter|set_global_parameter|set_vm_memory_high_watermark|set_disk_free_limit|set_log_level|enable_feature_flag|set_vhost_limits|clear_vhost_limits|set_cluster_name|trace_on|trace_off|set_user_limits  changes the broker
close_connection|close_all_connections|close_all_user_connections|rotate_logs|force_gc|hipe_compile|import_definitions|export_definitions|eval|exec|encode|decode|suspend_listener|resume_listener  changes the broker
""",
    destroys="reset|force_reset|purge_queue|delete_queue|delete_user|delete_vhost|forget_cluster_node|delete_shovel   deletes data",
    options="n= node= q quiet s silent t= timeout= l longnames vhost= p= formatter= script-name= erlang-cookie=",
)
_DIAGNOSTICS = Verbs(
    "rabbitmq-diagnostics",
    reads="""
status|cluster_status|ping|version|server_version|erlang_version|os_env_|listeners|alarms|memory_breakdown|maybe_stuck|resolve_hostname|resolver_info|runtime_thread_stats_|schema_info|tls_versions|cipher_suites|list_network_interfaces|list_node_auth_attempt_stats|discover_peers|disabled_plugins|is_booting|is_running|log_location|log_tail|command_line_arguments|consume_event_stream_|certificates|node_health_check|metadata_store_status|list_policies_that_match|help  shows the state of the broker
check_alarms|check_certificate_expiration|check_if_any_deprecated_features_are_used|check_if_cluster_has_classic_queue_mirroring_policy|check_if_node_is_mirror_sync_critical|check_if_node_is_quorum_critical|check_if_new_quorum_queue_replicas_have_finished_initial_sync|check_local_alarms|check_port_connectivity|check_port_listener|check_protocol_listener|check_running|check_virtual_hosts  checks the broker
""",
    leaks="environment|report   shows all settings",
    changes="log_tail_stream   follows a log",
    asks="observer|consume_event_stream|remote_shell|erlang_cookie_hash   shows a screen for a person",
    options="n= node= q quiet s silent t= timeout= l longnames formatter=",
)
_RABBIT_QUEUES = Verbs(
    "rabbitmq-queues",
    reads="quorum_status|check_if_node_is_quorum_critical|check_if_node_is_mirror_sync_critical|peek   shows queues",
    changes="rebalance|grow|shrink|add_member|delete_member|reclaim_quorum_memory   changes queues",
    options="n= node= q quiet s silent t= timeout= vhost= p=",
)
_RABBIT_PLUGINS = Verbs(
    "rabbitmq-plugins", reads="list|directories|is_enabled|help|version   lists plugins", changes="enable|disable|set   changes plugins",
    options="n= node= q quiet s silent t= timeout= l",
)  # fmt: skip


def _rabbitmqadmin(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "c= N= H= P= p= u= U= s k t= f= S= d= q host= port= vhost= username= password= base-uri= ssl quiet format= sort= depth= bash-completion version help",
        stop_at_operand=True,
    )
    words = [arg.text for arg in found.operands]
    if found.strange or not words:
        return unknown("rabbitmqadmin is used in a way we do not judge")
    if words[0] in ("list", "show"):
        return reads(f"rabbitmqadmin {words[0]} shows what the broker holds")
    if words[0] in ("delete", "purge"):
        return destroys(f"rabbitmqadmin {words[0]} deletes data")
    return changes(f"rabbitmqadmin {shown(words[0])} changes the broker")


def _kafka(reading: str, writing: str, destroying: str = "delete", valued: str = "") -> Judge:
    """One of Kafka's scripts: a reading option must be there, and no writing one, in any unambiguous spelling."""

    def judge(call: Invocation) -> Verdict:
        names = {text.lstrip("-").partition("=")[0] for text in call.texts if text.startswith("--")}
        if names <= {"version", "help"} and names:
            return reads(f"{call.name} prints text")
        if any(_meant(name, destroying) for name in names):
            return destroys(f"{call.name} --delete deletes data")
        strange = [name for name in names if name not in option_names(f"{_KAFKA} {reading} {valued}")]
        if any(_meant(name, writing) for name in names) or strange:
            return changes(f"{call.name} changes the cluster")
        if not any(name in option_names(reading) for name in names):
            return unknown(f"{call.name} is used in a way we do not judge")
        return reads(f"{call.name} shows the state of the cluster")

    return judge


def _meant(name: str, options: str) -> bool:
    return any(option.startswith(name) for option in options.split()) if name else True


_KAFKA = (
    "bootstrap-server= zookeeper= command-config= broker-list= timeout= topic= group= all-groups all-topics bootstrap-controller= "
    "exclude-internal consumer.config= force-formatting if-exists"
)


def _kafka_consumer(call: Invocation) -> Verdict:
    """Reading messages without a group moves nobody's place."""
    spec = (
        "bootstrap-server= topic= from-beginning max-messages= timeout-ms= partition= offset= property= formatter_= key-deserializer= "
        "value-deserializer= isolation-level= skip-message-on-error zookeeper= consumer.config= whitelist= include= version help "
        "formatter-property= command-config="
    )
    found = parsed(call.args, spec)
    if found.strange:
        return unknown("reading messages as a member of a group moves the group's place")
    if found.has("max-messages", "timeout-ms", "version", "help"):
        return reads("kafka-console-consumer prints messages", leaks=False)
    return Verdict(
        Risk.READ_ONLY,
        "kafka-console-consumer follows a topic and never ends",
        endless=True,
        edits=(call.put(len(call.args), "--max-messages 20 --timeout-ms 10000"),),
    )


def _kcat(call: Invocation) -> Verdict:
    found = parsed(call.args, "b= L t= J q v C c= o= e p= f= X= F_= u Z K= D= s= r= V h m= Q")
    if found.strange:
        return changes(f"{call.name} may write messages or move a group's place")
    if found.has("L", "Q", "V"):
        return reads(f"{call.name} shows the state of the cluster")
    if not found.has("C"):
        return unknown(f"{call.name} decides by its input whether it writes")
    if found.has("e", "c"):
        return reads(f"{call.name} prints messages")
    return Verdict(
        Risk.READ_ONLY, f"{call.name} follows a topic and never ends", True, (call.put(len(call.args), "-e -c 20"),)
    )


_NATS = Verbs(
    "nats",
    reads="""
stream ls|list|info|report|get|state|subjects|find  shows streams
s ls|list|info|report            shows streams
consumer ls|list|info|report|find  shows consumers
c ls|list|info|report            shows consumers
kv ls|get|status|history         shows values
object ls|info|status            shows objects
server ls|list|info|ping|report|check  shows servers
account info|report|tls          shows accounts
rtt, context ls, context show, context info, errors lookup, errors ls  shows the connection
""",
    changes="""
pub|publish|request|req|reply|bench|latency|trace|schema|service|micro|governor|traffic  sends messages
stream add|edit|copy|backup|restore|seal|cluster  changes streams
consumer add|edit|copy|next|pause|resume|cluster  changes consumers
kv add|put|create|update|revert|compact  changes values
object add|put                   changes objects
context add|save|edit|select|copy  changes stored settings
""",
    destroys="stream rm|purge|rmm|delete   deletes streams\nconsumer rm|delete   deletes consumers\nkv del|purge|rm   deletes values\nobject del|rm   deletes objects\ncontext rm   deletes stored settings",
    asks="sub|subscribe|events|top, stream view|graph, server graph   prints messages until it is stopped",
    options="s= server= user= password= creds= nkey= tlscert= tlskey= tlsca= timeout= context= js-domain= trace no-context",
)
_PULSAR = Verbs(
    "pulsar-admin",
    reads="""
clusters list|get|list-failure-domains  shows clusters
brokers list|healthcheck|version|leader-broker|get-all-dynamic-config|list-dynamic-config|namespaces  shows brokers
tenants list|get               shows tenants
namespaces list|policies|topics|permissions|get-retention|get-message-ttl|get-backlog-quotas|bundles|get-persistence  shows namespaces
topics list|stats|stats-internal|partitioned-stats|list-partitioned-topics|subscriptions|info-internal|get-backlog-quotas|permissions|bundle-range|lookup|last-message-id|peek-messages|get-partitioned-topic-metadata|get-retention  shows topics
persistent stats|list          shows topics
bookies list-bookies|racks-placement|get-bookie-rack  shows storage
""",
    changes="topics create|create-partitioned-topic|unload|skip|expire-messages|reset-cursor|compact|grant-permission|update-partitioned-topic|terminate|create-subscription|offload   changes topics\nnamespaces create|unload|set-retention|set-message-ttl|grant-permission|set-backlog-quota   changes namespaces",
    destroys="topics delete|delete-partitioned-topic|clear-backlog|unsubscribe|truncate   deletes data\nnamespaces delete|clear-backlog   deletes data\ntenants delete   deletes a tenant",
    options="admin-url= auth-plugin= auth-params= tls-trust-cert-path=",
)


def _zk(call: Invocation) -> Verdict:
    found = parsed(
        call.args, "server= r timeout= client-configuration= waitforconnection", single=True, stop_at_operand=True
    )
    words = [arg.text for arg in found.operands]
    if found.strange:
        return unknown(f"{call.name} is used in a way we do not judge")
    if not words:
        if call.stdin is not None:
            lines = [line.split() for line in call.stdin.splitlines() if line.split()]
            if all(line[0] in _ZK_READS or line[0] == "quit" for line in lines):
                return reads(f"{call.name} reads the tree")
        return (
            unknown(f"{call.name} runs whatever it is fed")
            if call.piped
            else asks(f"{call.name} opens a prompt for a person")
        )
    if words[0] in _ZK_READS:
        return reads(f"{call.name} {words[0]} reads the tree")
    if words[0] in ("delete", "deleteall", "rmr"):
        return destroys(f"{call.name} {words[0]} deletes data")
    return changes(f"{call.name} {shown(words[0])} changes the tree")


_ZK_READS = {
    "ls",
    "ls2",
    "get",
    "stat",
    "getAcl",
    "config",
    "getEphemerals",
    "getAllChildrenNumber",
    "history",
    "version",
    "whoami",
    "printwatches",
}


def _zk_server(call: Invocation) -> Verdict:
    if call.texts[:1] in (["status"], ["version"], ["print-cmd"]):
        return reads(f"{call.name} status shows the state of the server")
    return changes(f"{call.name} starts or stops the server")


_ARTEMIS = Verbs(
    "artemis",
    reads="queue stat   shows queues\naddress show   shows addresses\ncheck node|queue   checks the broker\nversion   shows the version",
    changes="producer|run|start|stop|create|transfer|data   changes the broker\nqueue create|update   changes queues",
    destroys="queue delete|purge   deletes data\naddress delete   deletes addresses",
    writing="produce= consume=",
)
_RQ = Verbs(
    "rq",
    reads="info   shows queues",
    changes="requeue|suspend|resume|enqueue|worker|worker-pool|cron   changes queues",
    destroys="empty   deletes waiting jobs",
    options="u= url= c= config=",
    writing="i= interval=",
)


def _mosquitto_sub(call: Invocation) -> Verdict:
    if written_by(call.args, "remove-retained") or any(text.startswith("--retained") for text in call.texts):
        return changes("mosquitto_sub may remove messages")
    if any(text.startswith(("-C", "-W")) for text in call.texts):
        return reads("mosquitto_sub prints messages")
    return Verdict(
        Risk.READ_ONLY, "mosquitto_sub prints messages until it is stopped", True, (call.put(0, "-C 20 -W 10"),)
    )


_KAFKA_TOOLS: dict[str, Judge] = {
    "kafka-topics": _kafka(
        "list describe under-replicated-partitions unavailable-partitions topics-with-overrides at-min-isr-partitions under-min-isr-partitions",
        "create alter add-partitions", valued="topic-id= topic-id-type= partition-size-limit-per-response=",
    ),
    "kafka-consumer-groups": _kafka(
        "list describe", "reset-offsets execute delete-offsets export to-earliest to-latest to-offset shift-by by-duration from-file",
        valued="state=? members verbose offsets type=? all-groups",
    ),
    "kafka-configs": _kafka(
        "describe", "alter add-config delete-config add-config-file",
        destroying="zzz", valued="entity-type= entity-name= entity-default all broker= broker-defaults brokers clients ips topic= topics user-defaults users client= user= broker-logger= groups group=",
    ),
    "kafka-acls": _kafka("list", "add remove", destroying="zzz", valued="principal= authorizer= authorizer-properties= cluster resource-pattern-type= transactional-id="),
    "kafka-broker-api-versions": _kafka("bootstrap-server=", "zzz", "zzz"),
    "kafka-log-dirs": _kafka("describe", "zzz", "zzz", valued="topic-list= broker-list="),
    "kafka-metadata-quorum": lambda call: reads("kafka-metadata-quorum describes the quorum") if "describe" in call.texts and not set(call.texts) & {"add-controller", "remove-controller"} else changes("kafka-metadata-quorum changes the quorum"),
    "kafka-get-offsets": _kafka("bootstrap-server= broker-list=", "zzz", "zzz", valued="time= partitions= topic-partitions= exclude-internal-topics"),
    "kafka-run-class": lambda call: reads("GetOffsetShell shows offsets") if call.texts[:1] in (["kafka.tools.GetOffsetShell"], ["org.apache.kafka.tools.GetOffsetShell"]) else unknown("kafka-run-class runs any class"),
    "kafka-reassign-partitions": _kafka("verify list", "execute generate cancel throttle additional replica-alter-log-dirs-throttle", "zzz", valued="reassignment-json-file= preserve-throttles"),
    "kafka-replica-verification": changer("reads all replicas and loads the cluster"),
    "kafka-delete-records": lambda call: destroys("kafka-delete-records deletes messages"),
    "kafka-leader-election": changer("moves leaders of partitions"),
    "kafka-preferred-replica-election": changer("moves leaders of partitions"),
    "kafka-console-producer": changer("writes messages"),
    "kafka-producer-perf-test": changer("writes messages"),
    "kafka-console-consumer": _kafka_consumer,
    "kafka-server-start": lambda call: asks("it starts a broker that runs until it is stopped"),
    "kafka-server-stop": changer("stops a broker"),
    "kafka-storage": changer("formats storage"),
    "kafka-transactions": lambda call: reads("kafka-transactions shows transactions") if set(call.texts) & {"list", "describe", "describe-producers", "find-hanging"} and "abort" not in call.texts else changes("kafka-transactions changes transactions"),
    "kafka-dump-log": reader("prints log segments"),
    "zkCli": _zk,
    "zkServer": _zk_server,
    "zookeeper-shell": lambda call: unknown("zookeeper-shell is used in a way we do not judge") if len(call.args) < 2 else (reads("zookeeper-shell reads the tree") if call.texts[1] in _ZK_READS else changes("zookeeper-shell changes the tree")),
    "connect-distributed": lambda call: asks("it starts a worker that runs until it is stopped"),
}  # fmt: skip

TOOLS: dict[str, Judge] = {
    "celery": _celery,
    "rq": _RQ,
    "rabbitmqctl": _RABBIT,
    "rabbitmq-diagnostics": _DIAGNOSTICS,
    "rabbitmq-queues": _RABBIT_QUEUES,
    "rabbitmq-plugins": _RABBIT_PLUGINS,
    "rabbitmqadmin": _rabbitmqadmin,
    **_KAFKA_TOOLS,
    **{f"{name}.sh": judge for name, judge in _KAFKA_TOOLS.items()},
    "kcat": _kcat,
    "kafkacat": _kcat,
    "nats": _NATS,
    "nats-server": lambda call: asks("nats-server starts a server that runs until it is stopped"),
    "pulsar-admin": _PULSAR,
    "artemis": _ARTEMIS,
    "mosquitto_sub": _mosquitto_sub,
    "mosquitto_pub": changer("sends a message"),
    "nsq_stat": lambda call: Verdict(Risk.READ_ONLY, "nsq_stat repeats", True, (call.put(len(call.args), "-count 1"),)),
}  # fmt: skip
