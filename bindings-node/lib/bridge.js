'use strict';

// Calls into the native half and back: promises, callbacks, and the guard against calling back.

const { AsyncLocalStorage } = require('node:async_hooks');
const native = require('./native.js');
const { make, invalid, kindOf } = require('./errors.js');
const { Secret } = require('./secret.js');

// --- reading results ---------------------------------------------------------------------------------------------

/** The octets of the result that is being read, and how far they are. */
let octets;
let cursor = 0;

/** Above this, a piece is copied, so that a small one does not keep a large one in memory. */
const SHARED = 65536;
const nothing = Buffer.alloc(0);

const read = {
  bytes(length) {
    if (length === 0) return nothing;
    const piece = octets.subarray(cursor, (cursor += length));
    return octets.length > SHARED ? Buffer.from(piece) : piece;
  },
  secretBytes(length) {
    const piece = length === 0 ? nothing : octets.subarray(cursor, (cursor += length));
    const copy = Buffer.alloc(length);
    copy.set(piece);
    piece.fill(0);
    return new Secret(copy);
  },
  secretString(length) {
    const piece = length === 0 ? nothing : octets.subarray(cursor, (cursor += length));
    const text = piece.toString('utf8');
    piece.fill(0);
    return new Secret(text);
  },
  date: (seconds) => new Date(seconds * 1000),
  map(flat) {
    const map = {};
    for (let at = 0; at < flat.length; at += 2) {
      // A key called __proto__ is a key like any other.
      Object.defineProperty(map, flat[at], { value: flat[at + 1], enumerable: true, writable: true, configurable: true });
    }
    return map;
  },
  item(parts, decode) {
    if (parts.length === 3) return { status: 'rejected', reason: make(parts[0], parts[1], parts[2]) };
    return { status: 'fulfilled', value: decode(parts[0]) };
  },
};

function decoded(json, buffer, handle, decode) {
  octets = buffer;
  cursor = 0;
  return decode(JSON.parse(json), handle);
}

function failed(json) {
  const [code, kind, message] = JSON.parse(json);
  return make(code, kind, message);
}

// --- host objects ------------------------------------------------------------------------------------------------

/** Objects with callbacks, by the numbers that the native half knows them by. */
const hosts = new Map();
let nextHost = 1;

function hostNumber(host) {
  const number = nextHost++;
  hosts.set(number, host);
  return number;
}

/** A native handle for an object with callbacks. It is let go when the native half no longer needs it. */
function hostHandle(kind, host, spki, algorithm) {
  return settled(native.host(kind, hostNumber(host), spki, algorithm), (_, handle) => handle);
}

/** Set while a callback runs, also across its awaits. */
const inside = new AsyncLocalStorage();

function explained(error) {
  try {
    const code = typeof error?.code === 'string' ? error.code : '';
    const message = error instanceof Error ? String(error.message) : String(error);
    // Which write conflicts, or which schema was found.
    const number = error?.write ?? error?.found;
    return [code, message, Number.isInteger(number) && number >= 0 ? number : 0];
  } catch {
    return ['', 'the callback threw something that cannot be shown', 0];
  }
}

function ask(question, json, buffer, number, method) {
  const host = hosts.get(number);
  const marker = { active: true };
  const finish = (worked, value) => {
    marker.active = false;
    native.answer(question, worked, value);
  };
  const give = (value) => {
    let answer;
    try {
      answer = host.encode(method, value);
    } catch (error) {
      return finish(false, explained(error));
    }
    return finish(true, answer);
  };
  try {
    const result = inside.run(marker, () => {
      octets = buffer;
      cursor = 0;
      return host.invoke(method, JSON.parse(json), read);
    });
    if (typeof result?.then === 'function') {
      Promise.resolve(result).then(give, (error) => finish(false, explained(error)));
    } else {
      give(result);
    }
  } catch (error) {
    finish(false, explained(error));
  }
}

// --- calls -------------------------------------------------------------------------------------------------------

/** Calls under way, by number. */
const calls = new Map();
let nextCall = 1;

function settle(kind, number, json, buffer, handle, host, method) {
  if (kind === 2) return ask(number, json, buffer, host, method);
  if (kind === 3) return void hosts.delete(number);
  const call = calls.get(number);
  calls.delete(number);
  call.done?.();
  if (kind === 1) {
    call.reject(new Failure(json));
  } else {
    try {
      call.resolve(decoded(json, buffer, handle, call.decode));
    } catch (error) {
      call.reject(error);
    }
  }
}

if (!native.setup(settle)) throw new Error('tegata could not connect with this JavaScript environment');

function leave(core) {
  core.active -= 1;
  if (core.active === 0 && core.idle !== undefined) core.idle();
}

/** The answer of a synchronous call. */
function settled([worked, json, buffer, handle], decode) {
  if (worked) return decoded(json, buffer, handle, decode);
  throw failed(json);
}

function next() {
  const number = nextCall;
  nextCall = nextCall === 0xffffffff ? 1 : nextCall + 1;
  return number;
}

/** Runs an operation at once. */
function run(op, args) {
  return settled(native.run(op.number, op.encode(args)), op.decode);
}

/** A failure on its way to whoever awaits it. */
class Failure {
  constructor(json) {
    this.json = json;
  }
}

/** Runs an operation on another thread. `core` is the registry that it touches, if any. */
async function start(op, core, args) {
  if (core !== undefined) {
    refuseInside();
    core.active += 1;
  }
  try {
    return await begin(op, core, args);
  } catch (error) {
    // Made here and not where the answer arrives, an error knows who awaits it.
    throw error instanceof Failure ? failed(error.json) : error;
  } finally {
    if (core !== undefined) leave(core);
  }
}

function calledBack() {
  const code = 'input.called_back';
  const text = 'the registry was called from inside a callback that it waits for; return from the callback first';
  return make(code, kindOf[code], text);
}

function begin(op, core, args) {
  return new Promise((resolve, reject) => {
    const values = op.encode(args);
    const call = { resolve, reject, decode: op.decode, done: undefined };
    const number = next();
    const bulk = op.bulk ? control(number, call, args.at(-1)) : undefined;
    calls.set(number, call);
    const refused = native.start(number, op.number, core?.handle, values, bulk);
    if (refused !== null) {
      calls.delete(number);
      call.done?.();
      settled(refused);
    }
  });
}

/** Progress and stop of a bulk call. Returns the number of the callback, or 0. */
function control(number, call, options) {
  const { onProgress, signal } = options ?? {};
  if (onProgress !== undefined && onProgress !== null && typeof onProgress !== 'function') {
    throw invalid('onProgress', 'must be a function');
  }
  let thrown;
  let stop;
  if (signal !== undefined && signal !== null) {
    if (typeof signal.addEventListener !== 'function') throw invalid('signal', 'must be an AbortSignal');
    if (signal.aborted) throw signal.reason;
    stop = () => native.stop(number, false);
    signal.addEventListener('abort', stop, { once: true });
  }
  call.done = () => {
    native.stop(number, true);
    try {
      if (stop !== undefined) signal.removeEventListener('abort', stop);
    } catch {
      // A signal that is none of the engine's; the call is finished all the same.
    }
    if (thrown !== undefined) call.resolve = () => call.reject(thrown.error);
  };
  if (!onProgress) return 0;
  // What it throws stops the call, and is what the call rejects with once its last portion is finished.
  const caught = (error) => {
    thrown = { error };
    return false;
  };
  return hostNumber({
    invoke(_, [done, total]) {
      try {
        const answer = onProgress(done, total);
        return typeof answer?.then === 'function' ? answer.then((go) => go, caught) : answer;
      } catch (error) {
        return caught(error);
      }
    },
    encode: (_, answer) => answer !== false,
  });
}

/** Puts stores through the conformance suite; resolves to the failures, or null. */
function checkStore(factory) {
  return new Promise((resolve, reject) => {
    const number = next();
    calls.set(number, { resolve, reject, decode: (json) => json });
    native.checkStore(number, hostNumber(factory));
  });
}

/** Refuses what would wait for the callback that asks for it. */
function refuseInside() {
  if (inside.getStore()?.active) throw calledBack();
}

module.exports = { native, read, run, start, hostNumber, hostHandle, checkStore, refuseInside };
