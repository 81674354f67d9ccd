'use strict';

// Finds the compiled half. Each platform has its own file; this package holds those that were built for it.

const { existsSync } = require('node:fs');
const { join } = require('node:path');

/** `linux-x64-gnu` and the like: Node's platform and architecture, and on Linux the C library. */
function platform() {
  const { platform: system, arch } = process;
  if (system !== 'linux') return `${system}-${arch}`;
  // Reports name the C library's version only where it is glibc.
  const report = typeof process.report?.getReport === 'function' ? process.report.getReport() : undefined;
  const glibc = report?.header?.glibcVersionRuntime;
  return `${system}-${arch}-${glibc ? 'gnu' : 'musl'}`;
}

function load() {
  const direct = join(__dirname, '..', 'tegata.linux-x64-gnu.node');
  // Reports take a while to make: first the one platform that is built for today.
  const known = process.platform === 'linux' && process.arch === 'x64' && existsSync('/lib64/ld-linux-x86-64.so.2');
  const name = known ? 'linux-x64-gnu' : platform();
  const file = known ? direct : join(__dirname, '..', `tegata.${name}.node`);
  if (!existsSync(file)) {
    throw new Error(
      `tegata has no binary for this platform (${name}): ${file} is missing. ` +
        'Build it with `cargo build --release -p tegata-node` and copy the library there.',
    );
  }
  return require(file);
}

module.exports = load();
