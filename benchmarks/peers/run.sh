#!/usr/bin/env bash
# Peer benchmark driver. See README.md; "run.sh help" lists the commands.
set -u
cd "$(dirname "$0")"
JAVA=${PEERS_JAVA:-java}
HEAP=${PEERS_HEAP:--Xms1g -Xmx4g}
TIME=${TIME:-}
WARMUP=${WARMUP:-}
ROUNDS=${ROUNDS:-1}
OWN_DATA=
if [ -z "${PEERS_DATA:-}" ]; then
  PEERS_DATA=$(mktemp -d "${TMPDIR:-/tmp}/peers-data.XXXXXX")
  OWN_DATA=1
fi
mkdir -p "$PEERS_DATA"
CHILD=
cleanup() {
  [ -n "$CHILD" ] && kill "$CHILD" 2>/dev/null # timeout passes it on, and kills after 5 s
  rm -rf "$PEERS_DATA"/run.*
  [ -n "$OWN_DATA" ] && rm -rf "$PEERS_DATA"
  return 0
}
trap cleanup EXIT
trap 'exit 130' INT TERM

usage() {
  cat <<'U'
run.sh build                               compile, resolve class paths
run.sh list                                the peers
run.sh one PEER [name=value | -Kname=v]... one run, its JSON line on standard output
run.sh quick [PEER...]                     about 5 minutes: 7 scenarios
run.sh full [PEER...]                      about an hour or more: one factor at a time around 1 KiB, 8 threads
run.sh cross [PEER...]                     every combination of SIZES THREADS WINDOWS PARTITIONS DURABILITIES
run.sh ab A B ROUNDS [name=value...]       A B A B ..., ratios pair by pair
run.sh verify [PEER...]                    strace: is every ack preceded by a sync? (VERIFY_THREADS=4 COUNT=100)
run.sh table FILE.jsonl...                 markdown tables of earlier runs

names: kind=append|read|recover durability=durable|buffered size= threads= window= partitions=
       warmup= time= (seconds) maxmb= (cap per run) rate= (appends/s offered, 0: closed loop)
       mb= (bytes written before read and recover)
environment: PEERS_JAVA PEERS_HEAP PEERS_JVM (more flags) PEERS_DATA (data directories)
       PEERS_LIST (more peers) TIME WARMUP ROUNDS COLD=1 (drop the files' pages before reading)
U
}

line_of() { # name -> its line in peers.list
  cat peers.list ${PEERS_LIST:-} | awk -v n="$1" '$1 == n { print; exit }'
}

all_peers() {
  cat peers.list ${PEERS_LIST:-} | awk '!/^#/ && NF { print $1 }'
}

# java_run PEER ARGS...: one JVM, bounded; the JSON line goes to $OUT (a file)
java_run() {
  local peer=$1
  shift
  local line module class knobs k flags=
  line=$(line_of "$peer")
  if [ -z "$line" ]; then
    echo "no such peer: $peer" >&2
    return 2
  fi
  read -r _ module class knobs <<<"$line"
  [ -f "$module/jvm.flags" ] && flags=$(grep -v '^#' "$module/jvm.flags" | tr '\n' ' ')
  local ks=()
  for k in $knobs; do ks+=("-K$k"); done
  case $class in *.*) ;; *) class=peers.$class ;; esac
  local tmp # unpacked native libraries and the like: a run ends without clean-up hooks
  tmp=$(mktemp -d "$PEERS_DATA/run.tmp.XXXXXX")
  # shellcheck disable=SC2086
  TMPDIR=$tmp timeout -k 5 ${LIMIT:-200} ${WRAP:-} "$JAVA" $HEAP "-Djava.io.tmpdir=$tmp" $flags ${PEERS_JVM:-} \
    -cp "$(cat "$module/target/classpath"):$module/target/classes" \
    peers.Bench peer="$peer" class="$class" "${ks[@]}" "$@" out="$OUT" \
    2>>"$ERR" >>"$ERR" &
  CHILD=$!
  local rc=0
  { wait "$CHILD" || rc=$?; } 2>/dev/null # a killed run is not worth a line
  CHILD=
  rm -rf "$tmp"
  return $rc
}

# scenario PEER ARGS...: kind=append is one JVM; read and recover are two
scenario() {
  local peer=$1 a kind=append rest=()
  shift
  for a in "$@"; do
    case $a in
      kind=*) kind=${a#kind=} ;;
      *) rest+=("$a") ;;
    esac
  done
  [ -n "$TIME" ] && rest+=("time=$TIME")
  [ -n "$WARMUP" ] && rest+=("warmup=$WARMUP")
  local dir before after
  dir=$(mktemp -d "$PEERS_DATA/run.XXXXXX")
  before=$(wc -l <"$OUT")
  case $kind in
    append) java_run "$peer" kind=append dir="$dir" ${rest[@]+"${rest[@]}"} ;;
    read | recover)
      local end=close
      [ $kind = recover ] && end=kill
      java_run "$peer" kind=fill end=$end dir="$dir" tag=$kind ${rest[@]+"${rest[@]}"}
      if [ -f "$dir/progress" ] && tail -n 1 "$OUT" | grep -qE '"status":"(ok|killed)"'; then
        if [ "${COLD:-}" = 1 ]; then
          find "$dir" -type f -exec sync -d {} + -exec dd if={} iflag=nocache count=0 status=none \;
        fi
        local scan=()
        for a in ${rest[@]+"${rest[@]}"}; do case $a in mb=*) ;; *) scan+=("$a") ;; esac done
        java_run "$peer" kind=scan dir="$dir" tag=$kind ${scan[@]+"${scan[@]}"}
      fi
      ;;
    *) echo "unknown kind $kind" >&2 ;;
  esac
  after=$(wc -l <"$OUT")
  if [ "$after" = "$before" ]; then
    echo "{\"peer\":\"$peer\",\"kind\":\"$kind\",\"status\":\"error\",\"note\":\"no result, see errors.txt\"}" >>"$OUT"
  fi
  rm -rf "$dir"
  tail -n 1 "$OUT" | awk -v p="$peer" -v s="$kind ${rest[*]+${rest[*]}}" '{
    v = "?"; if (match($0, /"(appends_s|records2_s)":[0-9.]+/)) v = substr($0, RSTART, RLENGTH)
    st = ""; if (match($0, /"status":"[a-zA-Z]+"/)) st = substr($0, RSTART + 10, RLENGTH - 11)
    printf "%-18s %-70s %-8s %s\n", p, s, st, v }' >&2
}

start_results() {
  RES=${RESULTS:-results/$(date -u +%Y%m%dT%H%M%SZ)-$1}
  mkdir -p "$RES"
  OUT=$RES/runs.jsonl
  ERR=$RES/errors.txt
  touch "$OUT" "$ERR"
}

finish_results() {
  "$JAVA" -cp "$(cat core/target/classpath):core/target/classes" peers.Report "$OUT" >"$RES/table.md"
  echo "$RES/table.md" >&2
}

built() {
  [ -f core/target/classpath ] || build
}

# Tidemark itself is built from this checkout, into the local repository; the peers come from Maven Central.
# MODULES=core,tidemark builds only those.
build() {
  (cd ../.. && mvn -B -q -Pquick -DskipTests -pl wal-core -am install) || exit 1
  mvn -B -q ${MODULES:+-pl "$MODULES"} package || exit 1
}

cmd=${1:-help}
[ $# -gt 0 ] && shift
case $cmd in
  build) build ;;
  list) cat peers.list ${PEERS_LIST:-} ;;
  one)
    built
    OUT=$(mktemp "$PEERS_DATA/out.XXXXXX")
    ERR=/dev/stderr
    scenario "$@"
    cat "$OUT"
    rm -f "$OUT"
    ;;
  quick)
    built
    start_results quick
    : "${TIME:=1.2}" "${WARMUP:=0.6}"
    waiting=${*:-tidemark group raw artemis-nio-t artemis-aio-t rocksdb kafka chronicle bookkeeper-t ratis jraft mvstore aeron}
    many=${*:-tidemark group raw artemis-nio-t artemis-aio-t rocksdb kafka-gb chronicle-g bookkeeper-t ratis jraft mvstore aeron}
    piped=${*:-tidemark group group-grow artemis-nio-t artemis-aio-t rocksdb-g kafka-gb chronicle-g bookkeeper-t ratis jraft mvstore aeron}
    for r in $(seq "$ROUNDS"); do
      for p in $waiting; do scenario "$p" durability=durable size=1024 threads=1; done
      for p in $many; do scenario "$p" durability=durable size=1024 threads=64; done
      for p in $piped; do scenario "$p" durability=durable size=1024 threads=8 window=256; done
      for p in $piped; do scenario "$p" durability=durable size=1024 threads=8 window=256 partitions=16; done
      for p in null crc mmap $waiting; do scenario "$p" durability=buffered size=1024 threads=2 maxmb=2048; done
      for p in mmap $piped; do
        [ "$p" = group-grow ] && continue
        w=1
        [ "$p" = kafka-gb ] && w=256 # else every record would be a batch of its own
        scenario "$p" kind=read durability=buffered size=1024 threads=2 window=$w mb=256
      done
      for p in $piped; do
        [ "$p" = group-grow ] && continue
        scenario "$p" kind=recover durability=durable size=1024 threads=8 window="${RECOVER_WINDOW:-1}" mb="${RECOVER_MB:-64}"
      done
    done
    finish_results
    ;;
  full | cross)
    built
    start_results "$cmd"
    : "${TIME:=3}" "${WARMUP:=1.5}"
    peers=${*:-$(all_peers)}
    sizes=${SIZES:-128 1024 16384}
    threads=${THREADS:-1 2 8 64}
    windows=${WINDOWS:-1 256}
    partitions=${PARTITIONS:-1 16 256 1000}
    durabilities=${DURABILITIES:-durable buffered}
    list=()
    for d in $durabilities; do
      for w in $windows; do
        [ "$d" = buffered ] && [ "$w" != 1 ] && continue
        if [ $cmd = cross ]; then
          for s in $sizes; do for t in $threads; do for n in $partitions; do
            list+=("durability=$d window=$w size=$s threads=$t partitions=$n")
          done; done; done
        else
          for s in $sizes; do list+=("durability=$d window=$w size=$s threads=8 partitions=1"); done
          for t in $threads; do
            [ "$t" != 8 ] && list+=("durability=$d window=$w size=1024 threads=$t partitions=1")
          done
          for n in $partitions; do
            [ "$n" != 1 ] && list+=("durability=$d window=$w size=1024 threads=8 partitions=$n")
          done
        fi
      done
    done
    list+=("kind=read durability=buffered size=1024 threads=2 window=1 partitions=1 mb=${READ_MB:-1024}")
    list+=("kind=read durability=buffered size=1024 threads=2 window=1 partitions=256 mb=${READ_MB:-1024}")
    list+=("kind=read durability=buffered size=1024 threads=2 window=256 partitions=1 mb=${READ_MB:-1024}")
    list+=("kind=recover durability=buffered size=1024 threads=2 window=1 partitions=1 mb=${READ_MB:-1024}")
    list+=("kind=recover durability=buffered size=1024 threads=2 window=1 partitions=256 mb=${READ_MB:-1024}")
    for r in $(seq "$ROUNDS"); do
      for s in "${list[@]}"; do
        # shellcheck disable=SC2086
        for p in $peers; do scenario "$p" $s; done
      done
    done
    finish_results
    ;;
  ab)
    built
    start_results "ab-$1-$2"
    a=$1 b=$2 rounds=$3
    shift 3
    for r in $(seq "$rounds"); do
      scenario "$a" "$@"
      scenario "$b" "$@"
    done
    "$JAVA" -cp "$(cat core/target/classpath):core/target/classes" peers.Report ab "$a" "$b" "$OUT" | tee "$RES/table.md"
    ;;
  verify)
    built
    start_results verify
    echo "| peer | verdict | acks | write, then sync | sync of mapped pages only | without sync | calls below the data directory |" | tee "$RES/table.md"
    echo "|---|---|--:|--:|--:|--:|---|" | tee -a "$RES/table.md"
    for p in ${*:-$(all_peers | grep -vx -e null -e crc)}; do
      dir=$(mktemp -d "$PEERS_DATA/run.XXXXXX")
      WRAP="strace -f -y -s 80 -o $dir/trace -e trace=fsync,fdatasync,msync,syncfs,write,pwrite64,writev,pwritev,pwritev2,io_submit,openat,newfstatat,stat,statx,access,faccessat,faccessat2" \
        java_run "$p" kind=append durability="${DURABILITY:-durable}" size=1024 threads="${VERIFY_THREADS:-1}" window=1 warmup=0 time=60 count="${COUNT:-100}" mark=true dir="$dir"
      "$JAVA" -cp "$(cat core/target/classpath):core/target/classes" peers.Trace "$p" "$dir/trace" "$dir/data" | tee -a "$RES/table.md"
      [ -n "${KEEP_TRACE:-}" ] && cp "$dir/trace" "$RES/$p.trace"
      rm -rf "$dir"
    done
    ;;
  table) "$JAVA" -cp "$(cat core/target/classpath):core/target/classes" peers.Report "$@" ;;
  *) usage ;;
esac
exit 0
