'use strict';

// Checks arguments and flattens them to what the native half reads. Each function takes a value, where it stands
// (`request`), and the field's name there (`csr`).

const { KeyObject } = require('node:crypto');
const { invalid } = require('./errors.js');
const { Secret } = require('./secret.js');

const place = (at, field) => (field === undefined ? at : `${at}.${field}`);

function describe(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  const type = typeof value;
  return type === 'object' ? 'an object' : type === 'undefined' ? 'missing' : `a ${type}`;
}

function wrong(value, at, field, wanted) {
  return invalid(place(at, field), value === undefined ? `is missing; it must be ${wanted}` : `must be ${wanted}, not ${describe(value)}`);
}

/** `value` if it is there, checked by `check`. */
function opt(value, check, at, field) {
  return value === undefined || value === null ? value : check(value, at, field);
}

function record(value, at, field) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, at, field, 'an object');
  return value;
}

function string(value, at, field) {
  if (typeof value !== 'string') throw wrong(value, at, field, 'a string');
  return value;
}

function boolean(value, at, field) {
  if (typeof value !== 'boolean') throw wrong(value, at, field, 'true or false');
  return value;
}

function whole(most) {
  return (value, at, field) => {
    if (!Number.isInteger(value) || value < 0 || value > most) throw wrong(value, at, field, `a whole number from 0 to ${most}`);
    return value;
  };
}
const u8 = whole(255);
const u32 = whole(4294967295);

function big(least, most) {
  return (value, at, field) => {
    const number = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof number !== 'bigint') throw wrong(value, at, field, 'a bigint or a safe integer');
    if (number < least || number > most) throw invalid(place(at, field), `is not within ${least} to ${most}`);
    return number;
  };
}
const u64 = big(0n, (1n << 64n) - 1n);
const i64 = big(-(1n << 63n), (1n << 63n) - 1n);

function date(value, at, field) {
  if (!(value instanceof Date)) throw wrong(value, at, field, 'a Date');
  const time = value.getTime();
  if (Number.isNaN(time)) throw invalid(place(at, field), 'is an invalid Date');
  return Math.floor(time / 1000);
}

function bytes(value, at, field) {
  if (value instanceof Uint8Array) return value;
  throw wrong(value, at, field, 'a Uint8Array');
}

function pem(value, at, field) {
  if (value instanceof Uint8Array || typeof value === 'string') return value;
  throw wrong(value, at, field, 'a Uint8Array (DER or PEM) or a string (PEM)');
}

function secretPem(value, at, field) {
  return pem(value instanceof Secret ? value.expose() : value, at, field);
}

function secretString(value, at, field) {
  return string(value instanceof Secret ? value.expose() : value, at, field);
}

function list(value, check, at, field) {
  if (!Array.isArray(value)) throw wrong(value, at, field, 'an array');
  const where = place(at, field);
  // Not map(), which makes an array of whatever class `value` chooses.
  return Array.from(value, (item, index) => check(item, `${where}[${index}]`));
}

function pair(value, first, second, at, field) {
  if (!Array.isArray(value) || value.length !== 2) throw wrong(value, at, field, 'an array of two');
  const where = place(at, field);
  return [first(value[0], `${where}[0]`), second(value[1], `${where}[1]`)];
}

function map(value, at, field) {
  record(value, at, field);
  const where = place(at, field);
  return Object.entries(value).flatMap(([key, text]) => [key, string(text, where, key)]);
}

/** One of the names of an enumeration. */
function names(values) {
  const known = new Set(values);
  return (value, at, field) => {
    if (typeof value === 'string' && known.has(value)) return value;
    throw invalid(place(at, field), `must be one of ${values.join(', ')}`);
  };
}

function noTag(value, at, tags) {
  return invalid(`${at}.type`, `must be one of ${tags.join(', ')}`);
}

/** A public key: SPKI in DER, one of ours, or one of node:crypto. */
function publicKey(value, at, field) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof KeyObject && value.type === 'public') return value.export({ type: 'spki', format: 'der' });
  if (value?.spki instanceof Uint8Array) return value.spki;
  throw wrong(value, at, field, 'a PublicKey, a public KeyObject or its SPKI in DER');
}

/** A certificate or CRL: DER, PEM, or one that was read. */
function derOf(value, at, field) {
  if (value?.der instanceof Uint8Array) return value.der;
  return pem(value, at, field);
}

module.exports = {
  opt, record, string, boolean, u8, u32, u64, i64, date, bytes, pem, secretPem, secretString, list, pair, map, names,
  noTag, publicKey, derOf, place, wrong,
};
