// Values of scenarios: from JSON to what this binding takes, and results compared with what is expected.

import { strict as assert } from 'node:assert';
import { inspect } from 'node:util';
import { Secret } from 'tegata';

export const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

const isObject = (value) => typeof value === 'object' && value !== null;
const isPlain = (value) => isObject(value) && !Array.isArray(value);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** `a.b.0.c` of what was stored. Methods without arguments are read like fields. */
export function reference(stored, text) {
  const [name, ...path] = text.slice(1).split('.');
  if (!stored.has(name)) throw new Error(`nothing is called ${name}`);
  let value = stored.get(name);
  for (const part of path) {
    if (value instanceof Secret) value = value.expose();
    const owner = value;
    if (isObject(owner) && 'status' in owner && part === 'ok') value = owner.value;
    else value = owner?.[camel(part)];
    if (typeof value === 'function') value = value.call(owner);
    if (value === undefined) throw new Error(`${text}: no ${part} in ${inspect(owner)}`);
  }
  return value;
}

/** Bytes of a `{"base64"}`, `{"text"}` or `{"concat"}`; `undefined` for anything else. */
export function bytes(json, stored) {
  if (!isPlain(json)) {
    if (typeof json === 'string' && /^\$[^$]/.test(json)) {
      const value = reference(stored, json);
      return value instanceof Secret ? value.expose() : value;
    }
    return undefined;
  }
  const keys = Object.keys(json);
  if (keys.length !== 1) return undefined;
  if (keys[0] === 'base64') return Buffer.from(json.base64, 'base64');
  if (keys[0] === 'concat') return Buffer.concat(json.concat.map((part) => bytes(part, stored)));
  if (keys[0] !== 'text') return undefined;
  let text = json.text;
  if (/^\$[^$]/.test(text)) text = reference(stored, text);
  else if (text.startsWith('$$')) text = text.slice(1);
  return Buffer.from(text instanceof Secret ? text.expose() : text, 'utf8');
}

/** An argument. */
export function argument(json, stored, context) {
  if (typeof json === 'string') {
    if (/^\$[^$]/.test(json)) return reference(stored, json);
    if (json.startsWith('$$')) return json.slice(1);
    return TIME.test(json) ? new Date(json) : json;
  }
  if (!isObject(json)) return json;
  if (Array.isArray(json)) return json.map((item) => argument(item, stored, context));
  const octets = bytes(json, stored);
  if (octets !== undefined) return octets;
  if ('temp' in json) return context.temp(json);
  const entries = Object.entries(json).map(([key, value]) => {
    // Maps keep their keys, and some texts look like times.
    if (key === 'more' || key === 'information') return [key, value];
    if (key === 'not_before' && typeof value === 'string') return [camel(key), value];
    return [camel(key), argument(value, stored, context)];
  });
  return Object.fromEntries(entries);
}

const plain = (value) => (value instanceof Secret ? value.expose() : value ?? null);

const empty = (value) => value === null || value.length === 0 || (typeof value === 'string' && value === '');

/** Fails unless `actual` is as `expected` says. */
export function match(given, expected, stored, at) {
  const actual = plain(given);
  const fail = (what) => assert.fail(`${at}: ${what}, got ${inspect(actual)}`);
  if (expected === null) return actual === null || fail('expected nothing');
  if (typeof expected === 'string') {
    if (/^\$[^$]/.test(expected)) {
      const wanted = plain(reference(stored, expected));
      return same(actual, wanted) || fail(`expected ${expected} = ${inspect(wanted)}`);
    }
    const text = expected.startsWith('$$') ? expected.slice(1) : expected;
    if (actual instanceof Date) return actual.getTime() === new Date(text).getTime() || fail(`expected ${text}`);
    return actual === text || fail(`expected ${inspect(text)}`);
  }
  if (typeof expected === 'number') return Number(actual) === expected && actual !== null && actual !== '' || fail(`expected ${expected}`);
  if (typeof expected === 'boolean') return actual === expected || fail(`expected ${expected}`);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return fail('expected a list');
    if (actual.length !== expected.length) return fail(`expected ${expected.length} items`);
    return expected.forEach((item, index) => match(actual[index], item, stored, `${at}[${index}]`));
  }
  const octets = bytes(expected, stored);
  if (octets !== undefined) return same(actual, octets) || fail(`expected ${inspect(octets)}`);
  const operator = Object.keys(expected).find((key) => key.startsWith('$'));
  if (operator !== undefined) return operate(operator, expected[operator], actual, stored, at, fail);
  if (!isPlain(actual)) return fail('expected an object');
  if ('status' in actual && ('ok' in expected || 'error' in expected)) {
    if ('error' in expected) return actual.reason?.code === expected.error || fail(`expected the error ${expected.error}`);
    if (actual.status !== 'fulfilled') return fail('expected success');
    return match(actual.value, expected.ok, stored, `${at}.ok`);
  }
  for (const [key, value] of Object.entries(expected)) {
    let part = camel(key) in actual ? actual[camel(key)] : actual[key];
    if (typeof part === 'function') part = part.call(actual);
    match(part, value, stored, `${at}.${key}`);
  }
  return true;
}

function operate(operator, wanted, actual, stored, at, fail) {
  const text = () => {
    if (actual instanceof Date) return actual.toISOString().replace('.000Z', 'Z');
    return typeof actual === 'string' ? actual : fail('expected a text');
  };
  switch (operator) {
    case '$set':
      return (actual !== null && !empty(actual)) === wanted || fail(wanted ? 'expected something' : 'expected nothing');
    case '$len':
      return (typeof actual === 'string' ? [...actual].length : actual?.length) === wanted || fail(`expected length ${wanted}`);
    case '$contains':
      return wanted.forEach((one) => actual.some((item) => matches(item, one, stored)) || fail(`expected ${inspect(one)} among them`));
    case '$not':
      return !matches(actual, wanted, stored) || fail(`expected anything but ${inspect(wanted)}`);
    case '$begins':
      return text().startsWith(wanted) || fail(`expected it to begin with ${wanted}`);
    case '$ends':
      return text().endsWith(wanted) || fail(`expected it to end with ${wanted}`);
    case '$holds':
      return text().includes(wanted) || fail(`expected it to hold ${wanted}`);
    case '$match':
      return new RegExp(`^(?:${wanted})$`).test(text()) || fail(`expected it to match ${wanted}`);
    default:
      return fail(`unknown operator ${operator}`);
  }
}

function matches(actual, expected, stored) {
  try {
    match(actual, expected, stored, '');
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

function same(a, b) {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (typeof a === 'bigint' || typeof b === 'bigint') return Number(a) === Number(b);
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
