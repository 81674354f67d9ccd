'use strict';

// The classes with something native behind them, and the functions that need no registry.

const { inspect } = require('node:util');
const { run: runOp, start, refuseInside } = require('./bridge.js');
const { invalid } = require('./errors.js');
const { operations, RegistryBase } = require('./generated.js');
const h = require('./handles.js');

const run = (name, ...args) => runOp(operations[name], args);
const later = (name, ...args) => start(operations[name], undefined, args);

/** Only this file makes objects of classes without a public constructor. */
const KEY = Symbol('made here');

function owned(object, kind, key, handle) {
  if (key !== KEY) throw new TypeError(`${kind} has no public constructor`);
  h.keep(object, kind, handle);
}

const shown = (name) => ({
  [inspect.custom]() {
    return `${name}(..)`;
  },
});

/** A private key in memory. It prints without its secret. */
class PrivateKey {
  constructor(key, handle) {
    owned(this, 'PrivateKey', key, handle);
  }

  static fromBytes(input) {
    return new PrivateKey(KEY, run('PrivateKey.from_bytes', input));
  }

  static fromBytesWith(input, publicKey) {
    return new PrivateKey(KEY, run('PrivateKey.from_bytes_with', input, publicKey));
  }

  get publicKey() {
    return run('PrivateKey.public_key', this);
  }

  get algorithm() {
    return run('PrivateKey.algorithm', this);
  }

  sign(message) {
    return run('PrivateKey.sign', this, message);
  }

  toPkcs8Der() {
    return run('PrivateKey.to_pkcs8_der', this);
  }

  toPkcs8Pem() {
    return run('PrivateKey.to_pkcs8_pem', this);
  }
}

/** A store in memory: for tests, and for what need not last. */
class MemoryStore {
  constructor() {
    h.keep(this, 'MemoryStore', run('MemoryStore.new'));
  }
}

/** A store in one SQLite file. */
class SqliteStore {
  constructor(key, handle) {
    owned(this, 'SqliteStore', key, handle);
  }

  static async open(path, options = {}) {
    return new SqliteStore(KEY, await later('SqliteStore.open', path, options));
  }

  /** Closes the file when the calls under way have finished. */
  close() {
    return later('SqliteStore.close', this);
  }
}

/** A store in one schema of a PostgreSQL database. */
class PostgresStore {
  constructor(key, handle) {
    owned(this, 'PostgresStore', key, handle);
  }

  static async connect(url, options = {}) {
    return new PostgresStore(KEY, await later('PostgresStore.connect', url, options));
  }

  /** Closes the connections when the calls under way have finished. */
  close() {
    return later('SqliteStore.close', this);
  }
}

/** A store that was opened by its address. */
class OpenedStore {
  constructor(key, handle) {
    owned(this, 'OpenedStore', key, handle);
  }

  /** Closes it when the calls under way have finished. */
  close() {
    return later('SqliteStore.close', this);
  }
}

const openStore = async (url) => new OpenedStore(KEY, await later('open_store', url));

/** Seals with a key in this process's memory. */
class SoftwareSealer {
  constructor(key, handle) {
    owned(this, 'SoftwareSealer', key, handle);
  }

  static generate() {
    return new SoftwareSealer(KEY, run('SoftwareSealer.generate'));
  }

  static fromKey(key) {
    return new SoftwareSealer(KEY, run('SoftwareSealer.from_key', key));
  }

  static async fromFile(path) {
    return new SoftwareSealer(KEY, await later('SoftwareSealer.from_file', path));
  }

  static async createFile(path) {
    return new SoftwareSealer(KEY, await later('SoftwareSealer.create_file', path));
  }
}

/** A ring of sealing keys: seals with the current one and opens with whichever fits. */
class SealingKeys {
  constructor(current, previous) {
    h.keep(this, 'SealingKeys', run('SealingKeys.new', current, previous));
  }
}

/** A clock that stands still until it is told otherwise. */
class FixedClock {
  constructor(time) {
    h.keep(this, 'FixedClock', run('FixedClock.at', time));
  }

  static at(time) {
    return new FixedClock(time);
  }

  now() {
    return run('FixedClock.now', this);
  }

  set(time) {
    run('FixedClock.set', this, time);
  }

  advance(seconds) {
    run('FixedClock.advance', this, seconds);
  }
}

for (const Class of [PrivateKey, MemoryStore, SqliteStore, PostgresStore, OpenedStore, SoftwareSealer, SealingKeys, FixedClock]) {
  Object.assign(Class.prototype, shown(Class.name));
}

/** A registry of devices and the authority over their credentials. */
class Registry extends RegistryBase {
  #core;
  #closing;
  #own;

  constructor(key, handle, own) {
    if (key !== KEY) throw new TypeError('Registry has no public constructor; use Registry.open()');
    const core = { handle, active: 0, idle: undefined };
    super(core);
    this.#core = core;
    this.#own = own;
    h.keep(this, 'Registry', handle);
  }

  static async open(store, sealer, options = {}) {
    if (typeof options !== 'object' || options === null) throw invalid('options', 'must be an object');
    // A store that is opened here by its address is closed with the registry.
    const own = typeof store === 'string' ? await openStore(store) : undefined;
    try {
      const rest = [sealer, options.clock, options.random, options.proxies ?? []];
      return new Registry(KEY, await later('Registry.open', own ?? store, ...rest), own);
    } catch (error) {
      await own?.close();
      throw error;
    }
  }

  /** Closes the registry: calls from now on are refused. Resolves when those under way have finished. */
  async close() {
    // It would wait for the call that waits for the callback.
    if (this.#core.active > 0) refuseInside();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    run('registry.close', this);
    const core = this.#core;
    if (core.active > 0) {
      await new Promise((resolve) => (core.idle = resolve));
      // Whoever awaits the last of them hears of it first.
      await new Promise(setImmediate);
    }
    await this.#own?.close();
  }

  /** Copies the whole registry into another store, or into the one at an address. */
  async copyTo(target, call) {
    const own = typeof target === 'string' ? await openStore(target) : undefined;
    try {
      return await super.copyTo(own ?? target, call);
    } finally {
      await own?.close();
    }
  }
}
Object.assign(Registry.prototype, shown('Registry'));
// Engines before Node 20.5 have no such symbol.
for (const Class of Symbol.asyncDispose === undefined ? [] : [Registry, SqliteStore, PostgresStore, OpenedStore]) {
  Object.defineProperty(Class.prototype, Symbol.asyncDispose, {
    value() {
      return this.close();
    },
  });
}

const functions = {
  async makeKey(algorithm) {
    return new PrivateKey(KEY, await later('make_key', algorithm));
  },
  makeCsr: (signer, subject = '', san = []) => later('make_csr', signer, subject, san),
  csrPem: (der) => run('csr_pem', der),
  parseCsr: (bytes) => run('parse_csr', bytes),
  parseCertificate: (input) => run('parse_certificate', input),
  checkInstallation: (check) => run('check_installation', check),
  verifyChain: (leaf, intermediates, roots, crls, purpose, at) =>
    run('verify_chain', leaf, intermediates, roots, crls, purpose, at),
  checkValue: (algorithm, key, method) => run('check_value', algorithm, key, method),
  generatePassword: (policy) => run('generate_password', policy),
  openStore,
  makeOcspRequest: (certificates, issuer, hash, nonce) => run('make_ocsp_request', certificates, issuer, hash, nonce),
  checkOcsp: (response, certificate, issuer, nonce, at = new Date()) =>
    run('check_ocsp', response, certificate, issuer, nonce, at),
  verifyEvent: (event, proof, publicKey) => run('verify_event', event, proof, publicKey),
  verifyConsistency: (old, proof, publicKey) => run('verify_consistency', old, proof, publicKey),
  verifyExport: (input, publicKey) => later('verify_export', input, publicKey),
  unwrapKey: (wrapped, psk) => run('unwrap_key', wrapped, psk),
};

/** The functions that belong to a type of plain values. */
const spaces = {
  ProfileSpec: {
    device: () => run('ProfileSpec.device'),
    productCredential: () => run('ProfileSpec.product_credential'),
    tlsServer: () => run('ProfileSpec.tls_server'),
    fromToml: (text) => run('ProfileSpec.from_toml', text),
    fromJson: (text) => run('ProfileSpec.from_json', text),
    toJson: (spec) => run('ProfileSpec.to_json', spec),
  },
  ProductSpec: {
    fromToml: (text) => run('ProductSpec.from_toml', text),
    load: (file) => later('ProductSpec.load', file),
  },
  FileNames: { usual: (encoding = 'pem') => run('FileNames.usual', encoding) },
  PskPolicy: { entropyBits: (policy) => run('PskPolicy.entropy_bits', policy) },
  ProxyHeaders: {
    nginx: () => run('ProxyHeaders.nginx'),
    haproxy: () => run('ProxyHeaders.haproxy'),
    envoy: () => run('ProxyHeaders.envoy'),
    rfc9440: () => run('ProxyHeaders.rfc9440'),
  },
  Statement: { message: (statement, content) => run('Statement.message', statement, content) },
};

module.exports = { PrivateKey, MemoryStore, SqliteStore, PostgresStore, OpenedStore, SoftwareSealer, SealingKeys, FixedClock, Registry, functions, spaces, run };
