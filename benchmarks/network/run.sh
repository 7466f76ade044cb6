#!/usr/bin/env bash
# Network benchmark driver. See README.md; "run.sh help" lists the commands. Everything listens on 127.0.0.1; what is started here is ended here, by its id.
set -u
cd "$(dirname "$0")" || exit 1
JAVA=${NETWORK_JAVA:-java}
HEAP=${NETWORK_HEAP:--Xms1g -Xmx1g}
PAIRS=${PAIRS:-5}
SECONDS_EACH=${SECONDS_EACH:-3}
WARMUP=${WARMUP:-6}
READ_MB=${READ_MB:-1024}
DATA=$(mktemp -d "${NETWORK_DATA:-${TMPDIR:-/tmp}}/network-data.XXXXXX") || exit 1
STARTED=()

cleanup() {
  local pid i
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do kill "$pid" 2>/dev/null; done
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do
    for i in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf "$DATA"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

usage() {
  cat <<'U'
run.sh build               Tidemark of this checkout into the local repository, Kafka from Maven Central
run.sh embedded            server and client against the embedded engine: the three loads of 1 KiB
run.sh kafka               server and client against Kafka: forced, unforced, reading
run.sh fetch               reading from the server, and from the embedded engine
run.sh tls                 the same server with TLS and without: the loads of 1 KiB, and reading; needs openssl for a certificate
run.sh all                 all of these, about 8 minutes
run.sh ab A B name=value.. any two of: embedded server tls kafka
                           kind=produce|fetch durability=synced|written|accepted size= threads= window= mb=
                           linger= batch= (Kafka's producer) pairs= seconds= warmup=
environment: NETWORK_JAVA NETWORK_HEAP NETWORK_DATA (where the data directories go) PAIRS SECONDS_EACH WARMUP READ_MB
             SERVER_CP LOAD_CP (class paths instead of what 'build' made) LOAD_OPTS SERVER_OPTS (more JVM options)
U
}

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

build() {
  (cd ../.. && mvn -B -q -Pquick -DskipTests -pl wal-server,wal-client -am install) || exit 1
  mvn -B -q package || exit 1
}

# until FILE PATTERN PID: waits for a line, at most a minute, or until the process has ended
until_line() {
  local i
  for i in $(seq 600); do
    grep -q "$2" "$1" 2>/dev/null && return 0
    kill -0 "$3" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$1" >&2
  fail "a process did not start; see above"
}

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# Each start sets SIDE: what 'Load' is told.
start_embedded() {
  SIDE=embedded:$DATA/embedded
}

# serve NAME OPTION...: a server of its own directory; sets ADDRESS
serve() {
  local jar port name=$1
  shift
  jar=$(ls ../../wal-server/target/quick/wal-server-*-all.jar 2>/dev/null | head -n 1)
  # shellcheck disable=SC2086 # several options
  "$JAVA" $HEAP ${SERVER_OPTS:-} -cp "${SERVER_CP:-$jar}" dev.tidemark.cli.Main serve --data "$DATA/$name" --port 0 "$@" \
    >"$DATA/$name.out" 2>&1 &
  local pid=$!
  STARTED+=("$pid")
  until_line "$DATA/$name.out" '^serving ' "$pid"
  port=$(sed -n 's/^serving .* on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$DATA/$name.out")
  ADDRESS=127.0.0.1:$port:$pid
}

start_server() {
  serve server
  SIDE=server:$ADDRESS
}

start_tls() {
  command -v openssl >/dev/null || fail "openssl is needed to make a certificate"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$DATA/key.pem" -out "$DATA/cert.pem" 2>"$DATA/openssl.out" \
    || { cat "$DATA/openssl.out" >&2; fail "no certificate could be made"; }
  serve tls --tls-cert "$DATA/cert.pem" --tls-key "$DATA/key.pem"
  SIDE=tls:$ADDRESS:$DATA/cert.pem
}

start_kafka() {
  local port controller cp
  port=$(free_port)
  controller=$(free_port)
  cp=$(cat broker/target/classpath) || fail "no class path of the broker: run 'run.sh build'"
  cat >"$DATA/kafka.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$DATA/kafka
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
P
  # The options of Kafka's own start script, and the heap that everybody gets here.
  # shellcheck disable=SC2086
  "$JAVA" -cp "$cp" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$DATA/kafka.properties" >"$DATA/format.out" 2>&1 \
    || { cat "$DATA/format.out" >&2; fail "the broker's directory could not be made"; }
  # shellcheck disable=SC2086
  "$JAVA" $HEAP -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -cp "$cp" kafka.Kafka "$DATA/kafka.properties" \
    >"$DATA/kafka.out" 2>&1 &
  local pid=$!
  STARTED+=("$pid")
  local i
  for i in $(seq 600); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    kill -0 "$pid" 2>/dev/null || { cat "$DATA/kafka.out" >&2; fail "the broker did not start"; }
    sleep 0.1
  done
  SIDE=kafka:127.0.0.1:$port:$pid
}

stop_all() {
  local pid
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do kill "$pid" 2>/dev/null; done
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do wait "$pid" 2>/dev/null; done
  STARTED=()
  rm -rf "${DATA:?}"/*
}

# ab A B name=value...: fresh processes, then alternating pairs
ab() {
  local a=$1 b=$2 side_a
  shift 2
  "start_$a"
  side_a=$SIDE
  "start_$b"
  # shellcheck disable=SC2086
  "$JAVA" $HEAP ${LOAD_OPTS:-} -cp "${LOAD_CP:-$(cat load/target/classpath):load/target/classes}" network.Load \
    "a=$side_a" "b=$SIDE" "pairs=$PAIRS" "seconds=$SECONDS_EACH" "warmup=$WARMUP" "mb=$READ_MB" "$@" 2>&1 | tee -a "$RES"
  stop_all
}

results() {
  mkdir -p results
  RES=results/$(date -u +%Y%m%dT%H%M%SZ)-$1.md
}

against_embedded() {
  ab embedded server threads=64 window=1 "title=64 producers, each waits"
  ab embedded server threads=8 window=256 "title=8 producers, 256 under way each"
  ab embedded server threads=1 window=1 "title=1 producer, waits"
}

against_kafka() {
  ab kafka server threads=64 window=1 "title=forced: 64 producers, each waits"
  ab kafka server threads=8 window=256 "title=forced: 8 producers, 256 under way each"
  ab kafka server durability=written threads=64 window=1 "title=not forced (WRITTEN): 64 producers, each waits"
  ab kafka server durability=written threads=8 window=256 "title=not forced (WRITTEN): 8 producers, 256 under way each"
  ab kafka server kind=fetch "title=reading a warm log"
}

fetch() {
  ab embedded server kind=fetch "title=reading a warm log"
}

tls() {
  ab server tls threads=64 window=1 "title=TLS: 64 producers, each waits"
  ab server tls threads=8 window=256 "title=TLS: 8 producers, 256 under way each"
  ab server tls threads=1 window=1 "title=TLS: 1 producer, waits"
  ab server tls kind=fetch "title=TLS: reading a warm log"
}

built() {
  [ -n "${LOAD_CP:-}" ] || [ -f load/target/classpath ] || build
}

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
  build) build ;;
  embedded | kafka | fetch | tls | all | ab)
    built
    results "$command"
    case $command in
      embedded) against_embedded ;;
      kafka) against_kafka ;;
      fetch) fetch ;;
      tls) tls ;;
      all) against_embedded; fetch; tls; against_kafka ;;
      ab) ab "$@" ;;
    esac
    echo "$RES" >&2
    ;;
  *) usage ;;
esac
exit 0
