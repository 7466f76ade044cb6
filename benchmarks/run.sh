#!/usr/bin/env bash
# Benchmarks of the engine's parts and of the whole of it. README.md beside this file says what each measures.
set -euo pipefail
cd "$(dirname "$0")"
JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java

usage() {
    cat <<'U'
run.sh build                       compile, and resolve the class path
run.sh jmh [JMH OPTION]... [REGEX] what single parts cost, with bytes of heap: frames, checksum, append, index, cursor
run.sh scale [NAME=VALUE]...       rate, tails, CPU, heap and device as payload, producers, partitions, size and readers grow
run.sh report DIR FILE.jsonl...     a page with plots, into DIR, of what was measured

BENCH_DATA: where data goes, a directory on the disk to be measured (default: the system's temporary one)
BENCH_JAVA_OPTS: more options for the JVM
U
}

build() {
    (cd .. && mvn -B -q -Pquick -DskipTests -pl benchmarks -am package)
    mvn -B -q -Pquick dependency:build-classpath -Dmdep.outputFile=target/quick/classpath -DincludeScope=runtime >/dev/null
}

# The engine of this checkout comes first: the one in the local repository may be another.
run() {
    if [ ! -f target/quick/classpath ]; then build; fi
    mkdir -p "${BENCH_DATA:-${TMPDIR:-/tmp}}"
    # shellcheck disable=SC2086 # several options in one variable
    exec "$JAVA" ${BENCH_JAVA_OPTS:-} "-Dtidemark.bench.data=${BENCH_DATA:-${TMPDIR:-/tmp}}" \
        -cp "target/quick/classes:../wal-core/target/quick/classes:$(cat target/quick/classpath)" "$@"
}

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
    build) build ;;
    jmh) run org.openjdk.jmh.Main -prof gc -jvmArgsAppend "-Dtidemark.bench.data=${BENCH_DATA:-${TMPDIR:-/tmp}}" "$@" ;;
    scale) run dev.tidemark.benchmarks.scale.Scale "$@" ;;
    report) run dev.tidemark.benchmarks.report.Report "$@" ;;
    help | --help | -h) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
