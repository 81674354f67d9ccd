#!/usr/bin/env bash
# Compiles Kotlin with the compiler from Maven Central: kotlinc.sh LIB CLASSPATH OUT [FLAGS] SOURCES...
set -euo pipefail
lib=$1 classpath=$2 out=$3
shift 3
compiler=$(printf '%s:' "$lib"/kotlin-compiler-embeddable-*.jar "$lib"/kotlin-stdlib-*.jar "$lib"/kotlin-script-runtime-*.jar \
    "$lib"/kotlin-reflect-*.jar "$lib"/kotlin-daemon-embeddable-*.jar "$lib"/annotations-*.jar "$lib"/kotlinx-coroutines-*.jar)
exec java -Xmx2g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -cp "$compiler" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler \
    -no-stdlib -no-reflect -jvm-target 11 -nowarn -cp "$classpath" -d "$out" "$@"
