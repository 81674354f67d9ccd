#!/usr/bin/env bash
# Builds tegata-<version>.jar with the native library inside, and prints its path as the last line.
#
#   bindings-kotlin/build.sh            with the library as cargo builds it for development
#   bindings-kotlin/build.sh --release  with the optimised library
#
# Everything goes into the target folder of cargo, below kotlin/. What has not changed is not built again.
set -euo pipefail
cd "$(dirname "$0")/.."
here=bindings-kotlin

profile=debug
[ "${1:-}" != --release ] || profile=release
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
out=$target/kotlin/$profile
lib=$target/kotlin/lib
mkdir -p "$out"

say() { printf 'kotlin: %s\n' "$*" >&2; }
changed() { # changed STAMP FILES...: whether the files are others than when the stamp was made
    local stamp=$1
    shift
    sha256sum "$@" >"$stamp.new"
    ! cmp -s "$stamp" "$stamp.new"
}

# --- the native library, and what uniffi makes of it ----------------------------------------------------------------

# The generator is never optimised: it runs for a second, and would take minutes to build.
"${CARGO:-cargo}" build --quiet -p tegata-kotlin --features bindgen >&2
if [ $profile = release ]; then
    "${CARGO:-cargo}" build --quiet --release -p tegata-kotlin --lib >&2
fi
case $(uname -s) in
Darwin) library=libtegata_uniffi.dylib folder=darwin ;;
*) library=libtegata_uniffi.so folder=linux ;;
esac
case $(uname -m) in
x86_64) folder=$folder-x86-64 ;;
arm64 | aarch64) folder=$folder-aarch64 ;;
*) folder=$folder-$(uname -m) ;;
esac
native=$target/$profile/$library
rm -rf "$out/generated"
"$target/debug/uniffi-bindgen" generate "$native" --language kotlin --language swift --no-format \
    --out-dir "$out/generated" >&2
"${PYTHON:-python3}" $here/tools/native.py "$out/generated/tegata/tegata.kt" "$out/source"

# --- Kotlin ---------------------------------------------------------------------------------------------------------

if changed "$target/kotlin/lib.stamp" $here/pom.xml || [ ! -d "$lib" ]; then
    say "dependencies from Maven Central"
    rm -rf "$lib"
    mvn --quiet --batch-mode -f $here/pom.xml dependency:copy-dependencies -DoutputDirectory="$lib" >&2
    mv "$target/kotlin/lib.stamp.new" "$target/kotlin/lib.stamp"
fi
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
jar=$out/tegata-$version.jar
sources=("$out"/source/*.kt $here/src/main/kotlin/tegata/*.kt)
if changed "$out/classes.stamp" "${sources[@]}" $here/build.sh $here/pom.xml || [ ! -d "$out/classes" ]; then
    say "compiling"
    rm -rf "$out/classes"
    classpath=$(printf '%s:' "$lib"/{kotlin-stdlib,jna,kotlinx-coroutines-core-jvm}-*.jar)
    $here/tools/kotlinc.sh "$lib" "$classpath" "$out/classes" -module-name tegata "${sources[@]}"
    mv "$out/classes.stamp.new" "$out/classes.stamp"
    rm -f "$jar"
fi
if [ "$native" -nt "$jar" ] || [ ! -e "$jar" ]; then
    rm -rf "$out/jar"
    mkdir -p "$out/jar/$folder" "$out/jar/META-INF"
    cp "$native" "$out/jar/$folder/"
    strip --strip-debug "$out/jar/$folder/$library" 2>/dev/null || strip -x "$out/jar/$folder/$library"
    cp LICENSE-APACHE LICENSE-MIT "$out/jar/META-INF/"
    rm -f "$jar"
    jar --create --file "$jar" -C "$out/classes" . -C "$out/jar" . >&2
fi
# For `mvn install:install-file -Dfile=....jar -DpomFile=....pom`, which makes it a dependency like any other.
version_of() { basename "$(echo "$lib/$1"-[0-9]*.jar)" .jar | sed "s/^$1-//"; }
depends() { # depends GROUP ARTIFACT OPTIONAL
    printf '    <dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version><optional>%s</optional></dependency>\n' \
        "$1" "$2" "$(version_of "$2")" "$3"
}
cat >"${jar%.jar}.pom" <<EOF
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tegata</groupId>
  <artifactId>tegata</artifactId>
  <version>$version</version>
  <name>tegata</name>
  <description>Gives devices an identity and looks after it for life</description>
  <licenses>
    <license><name>MIT OR Apache-2.0</name></license>
  </licenses>
  <dependencies>
$(depends org.jetbrains.kotlin kotlin-stdlib false)
$(depends net.java.dev.jna jna false)
$(depends org.jetbrains.kotlinx kotlinx-coroutines-core-jvm true)
  </dependencies>
</project>
EOF
echo "$jar"
