'use strict';

// The native half's own things that JavaScript holds: which object has which handle, and checks of arguments that may be
// one of them or an object with callbacks.

const hosts = require('./hosts.js');
const { invalid } = require('./errors.js');
const { wrong, place } = require('./check.js');

/** The native handles of our objects. Users cannot reach them. */
const handles = new WeakMap();

const keep = (object, kind, handle) => handles.set(object, { kind, handle });

const find = (value) => (typeof value === 'object' && value !== null ? handles.get(value) : undefined);

/** One of our objects and nothing else. */
function own(value, at, field) {
  const found = find(value);
  if (found === undefined) throw wrong(value, at, field, 'one of the objects of this library');
  return found.handle;
}

/** One of our objects of these kinds, or an object with callbacks. */
const either = (kinds, host) => (value, at, field) => {
  const found = find(value);
  if (found === undefined) return host(value, place(at, field));
  if (!kinds.includes(found.kind)) throw invalid(place(at, field), `must not be a ${found.kind}`);
  return found.handle;
};

module.exports = {
  keep,
  find,
  own,
  store: either(['MemoryStore', 'SqliteStore', 'PostgresStore', 'OpenedStore'], hosts.store),
  sealer: either(['SoftwareSealer', 'SealingKeys'], hosts.sealer),
  clock: either(['FixedClock'], hosts.clock),
  random: either([], hosts.random),
  signer: either(['PrivateKey'], hosts.signer),
  sink: hosts.sink,
};
