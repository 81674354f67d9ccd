'use strict';

// What users bring: signers, stores, sealers, clocks, sources of random bytes, streams. Each becomes a host object with
// `invoke(method, arguments, read)` and `encode(method, answer)`, which the native half calls.

const { hostHandle, hostNumber, native, checkStore } = require('./bridge.js');
const { invalid } = require('./errors.js');
const { Secret } = require('./secret.js');
const check = require('./check.js');
const names = require('./names.js');

function need(object, methods, at, what) {
  if (typeof object !== 'object' || object === null) throw check.wrong(object, at, undefined, what);
  for (const method of methods) {
    if (typeof object[method] !== 'function') throw invalid(at, `must be ${what}: it has no method ${method}()`);
  }
}

function octets(answer, what) {
  if (answer instanceof Uint8Array) return answer;
  throw new TypeError(`${what} must return a Uint8Array`);
}

function signer(value, at, field) {
  const where = check.place(at, field);
  need(value, ['sign'], where, 'a PrivateKey or a signer with publicKey and sign()');
  const spki = check.publicKey(value.publicKey, where, 'publicKey');
  const algorithm = check.opt(value.algorithm, names.SignatureAlgorithm, where, 'algorithm');
  const host = {
    invoke: (_, [length], read) => value.sign(Buffer.from(read.bytes(length))),
    encode: (_, answer) => octets(answer, 'sign()'),
  };
  return hostHandle('signer', host, spki, algorithm);
}

function sealer(value, at) {
  need(value, ['seal', 'open'], at, 'a SoftwareSealer or a sealer with seal() and open()');
  const host = {
    invoke(method, [first, second], read) {
      const associated = Buffer.from(read.bytes(first));
      const data = Buffer.from(read.bytes(second));
      if (method === 2) return value.isCurrent === undefined ? true : value.isCurrent(associated, data);
      return method === 0 ? value.seal(associated, data) : value.open(associated, data);
    },
    encode(method, answer) {
      if (method === 2) return check.boolean(answer, 'isCurrent()');
      return octets(answer instanceof Secret ? answer.expose() : answer, method === 0 ? 'seal()' : 'open()');
    },
  };
  return hostHandle('sealer', host);
}

function clock(value, at) {
  need(value, ['now'], at, 'a FixedClock or a clock with now()');
  return hostHandle('clock', { invoke: () => value.now(), encode: (_, answer) => check.date(answer, 'now()') });
}

function random(value, at) {
  need(value, ['fill'], at, 'a source of random bytes with fill()');
  const host = {
    invoke: (_, [length]) => value.fill(length),
    encode: (_, answer) => octets(answer, 'fill()'),
  };
  return hostHandle('random', host);
}

/** A function or a Writable to which octets go. */
function sink(value, at, field) {
  const where = check.place(at, field);
  let write = value;
  if (typeof value !== 'function') {
    need(value, ['write', 'once'], where, 'a function or a Writable stream');
    write = (chunk) => new Promise((resolve, reject) => value.write(chunk, (error) => (error ? reject(error) : resolve())));
  }
  const host = { invoke: (_, [length], read) => write(Buffer.from(read.bytes(length))), encode: () => null };
  return hostHandle('sink', host);
}

// --- stores ------------------------------------------------------------------------------------------------------

/** Reads a stored value: null, a number in a list, text, or a count of octets. */
function value(flat, read) {
  if (flat === null || typeof flat === 'string') return flat;
  return typeof flat === 'number' ? Buffer.from(read.bytes(flat)) : BigInt(flat[0]);
}

/** Checks a stored value on its way back. */
function stored(answer, at) {
  if (answer === undefined || answer === null || typeof answer === 'string' || typeof answer === 'bigint') return answer;
  if (answer instanceof Uint8Array) return answer;
  throw new TypeError(`${at} holds a value that is neither null, bigint, string nor Uint8Array`);
}

function number(answer, at) {
  if (typeof answer === 'bigint' || Number.isSafeInteger(answer)) return answer;
  throw new TypeError(`${at} must be a bigint or a safe integer`);
}

function filters(flat, read) {
  return flat.map(([column, type, first, second]) => {
    switch (type) {
      case 'eq':
        return { column, is: { type, value: value(first, read) } };
      case 'range':
        return { column, is: { type, from: value(first, read), to: value(second, read) } };
      case 'in':
        return { column, is: { type, values: first.map((item) => value(item, read)) } };
      default:
        return { column, is: { type, value: first } };
    }
  });
}

const expectation = (flat) => (typeof flat === 'string' ? { type: flat } : { type: 'version', version: BigInt(flat[0]) });

function row(answer, at) {
  if (answer === undefined || answer === null) return null;
  if (!Array.isArray(answer.values)) throw new TypeError(`${at} has no values`);
  return [number(answer.key, `${at}.key`), number(answer.version, `${at}.version`), Array.from(answer.values, (v) => stored(v, at))];
}

function listOf(answer, at) {
  if (!Array.isArray(answer)) throw new TypeError(`${at} must return an array`);
  return Array.from(answer);
}

const METHODS = ['migrate', 'reserve', 'get', 'find', 'count', 'commit'];

/** The host object of a store with the six methods. */
function storeHost(object, at) {
  need(object, METHODS, at, 'a MemoryStore, a SqliteStore, a PostgresStore or a store with migrate(), reserve(), get(), find(), count() and commit()');
  /** The tables of the schema, by name, so that every call names the same objects. */
  let tables = new Map();
  const table = (name) => tables.get(name) ?? { name, columns: [] };
  const invoke = [
    ([version, flat]) => {
      const schema = { version, tables: [] };
      for (const [name, ...rest] of flat) {
        const columns = [];
        for (let i = 0; i < rest.length; i += 4) {
          columns.push({ name: rest[i], kind: rest[i + 1], index: rest[i + 2], sealed: rest[i + 3] });
        }
        schema.tables.push({ name, columns });
      }
      tables = new Map(schema.tables.map((one) => [one.name, one]));
      return object.migrate(schema);
    },
    ([name, of, count]) => object.reserve({ name, of: BigInt(of) }, count),
    (flat) => {
      const rows = [];
      for (let i = 0; i < flat.length; i += 2) rows.push({ table: table(flat[i]), key: BigInt(flat[i + 1]) });
      return object.get(rows);
    },
    ([name, where, order, descending, after, limit, total], read) =>
      object.find({
        table: table(name),
        filters: filters(where, read),
        order,
        descending,
        after: after === null ? null : { value: value(after[0], read), key: BigInt(after[1]) },
        limit,
        total,
      }),
    ([name, where, by, bucket], read) =>
      object.count({
        table: table(name),
        filters: filters(where, read),
        by,
        bucket: bucket === null ? null : BigInt(bucket),
      }),
    (flat, read) =>
      object.commit(
        flat.map(([type, name, ...rest]) => {
          if (type === 'add') {
            const [of, by, atMost] = rest.map(BigInt);
            return { type, counter: { name, of }, by, atMost };
          }
          const write = { type, row: { table: table(name), key: BigInt(rest[0]) }, expect: expectation(rest[1]) };
          if (type === 'put') write.row.values = rest[2].map((item) => value(item, read));
          return write;
        }),
      ),
  ];
  const encode = [
    () => null,
    (answer) => number(answer, 'reserve()'),
    (answer) => listOf(answer, 'get()').map((one) => row(one, 'get()')),
    (answer) => {
      const { rows, next, total } = answer ?? {};
      const cursor = next === undefined || next === null ? null : [stored(next.value, 'find().next'), number(next.key, 'find().next')];
      const count = total === undefined || total === null ? null : number(total, 'find().total');
      return [listOf(rows, 'find().rows').map((one) => row(one, 'find()')), cursor, count];
    },
    (answer) =>
      listOf(answer, 'count()').map((one) => {
        const [counted, count] = listOf(one, 'count()');
        return [stored(counted, 'count()'), number(count, 'count()')];
      }),
    () => null,
  ];
  return {
    invoke: (method, flat, read) => invoke[method](flat, read),
    encode: (method, answer) => encode[method](answer),
  };
}

const store = (object, at) => hostHandle('store', storeHost(object, at));

/**
 * Puts stores made by `make`, a new empty one each time, through all checks that a store must pass. Rejects with an
 * error that lists the failed ones.
 */
async function checkStoreConformance(make) {
  if (typeof make !== 'function') throw invalid('make', 'must be a function that returns a new store');
  const failures = await checkStore({
    invoke: () => make(),
    encode: (_, object) => hostNumber(storeHost(object, 'make()')),
  });
  if (failures !== null) throw new Error(`the store does not conform:\n${failures}`);
}

module.exports = { signer, sealer, clock, random, sink, store, checkStoreConformance, native };
