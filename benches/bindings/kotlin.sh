#!/usr/bin/env bash
# Microseconds of one enrollment from Kotlin, on one line: benches/bindings/kotlin.sh [COUNT [THREADS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
jar=$(bindings-kotlin/build.sh --release)
out=$(dirname "$jar")
lib=$(dirname "$out")/lib
classpath=$jar$(printf ':%s' "$lib"/{kotlin-stdlib,jna,kotlinx-coroutines-core-jvm}-*.jar)
if [ benches/bindings/Enroll.kt -nt "$out/bench" ] || [ "$jar" -nt "$out/bench" ]; then
    rm -rf "$out/bench"
    bindings-kotlin/tools/kotlinc.sh "$lib" "$classpath" "$out/bench" benches/bindings/Enroll.kt >&2
fi
exec java -cp "$out/bench:$classpath" EnrollKt "$@"
