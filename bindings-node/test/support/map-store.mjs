// A store over Maps: small, in order, and as careful as every store must be.

import { HostError } from 'tegata';

const signed = (key) => BigInt.asIntN(64, key);

function compare(a, b) {
  if (a instanceof Uint8Array) return Buffer.compare(a, b);
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const equal = (a, b) => (a === null || b === null ? a === b : compare(a, b) === 0);

const INDEXED = new Set(['ordered', 'unique', 'unique-searchable']);
const UNIQUE = new Set(['unique', 'unique-searchable']);

function passes(is, value) {
  if (value === null) return is.type === 'eq' && is.value === null;
  switch (is.type) {
    case 'eq':
      return equal(value, is.value);
    case 'prefix':
      return value.startsWith(is.value);
    case 'contains':
      return (typeof value === 'string' ? value : Buffer.from(value).toString('hex').toUpperCase()).includes(is.value);
    case 'range':
      return (is.from === null || compare(value, is.from) >= 0) && (is.to === null || compare(value, is.to) < 0);
    default:
      return is.values.some((one) => equal(value, one));
  }
}

/** No counter goes above this. */
const MOST = (1n << 63n) - 1n;

export class MapStore {
  #tables = new Map();
  #counters = new Map();
  #version = 0;

  migrate({ version, tables }) {
    if (this.#version > version) throw new HostError('store.schema', 'a newer version wrote this', { found: this.#version });
    this.#version = version;
    for (const table of tables) {
      if (!this.#tables.has(table.name)) this.#tables.set(table.name, new Map());
    }
  }

  reserve({ name, of }, count) {
    const taken = this.#counters.get(`${name} ${of}`) ?? 0n;
    if (taken + BigInt(count) >= MOST) throw new HostError('store.backend', `the counter ${name} is used up`);
    if (count > 0) this.#counters.set(`${name} ${of}`, taken + BigInt(count));
    return taken + 1n;
  }

  get(rows) {
    return rows.map(({ table, key }) => this.#rows(table).get(key) ?? null);
  }

  find({ table, filters, order, descending, after, limit, total }) {
    const at = order === null ? -1 : table.columns.findIndex((column) => column.name === order);
    if (order !== null && !INDEXED.has(table.columns[at]?.index)) throw new HostError('store.invalid_query', `no order ${order}`);
    const all = this.#matching(table, filters).filter((row) => at < 0 || row.values[at] !== null);
    const sign = descending ? -1 : 1;
    const rank = (a, b) => (at < 0 ? 0 : compare(a.values[at], b.values[at])) || compare(signed(a.key), signed(b.key));
    all.sort((a, b) => sign * rank(a, b));
    let rest = all;
    if (after !== null) {
      const last = { key: after.key, values: at < 0 ? [] : table.columns.map((_, i) => (i === at ? after.value : null)) };
      rest = all.filter((row) => sign * rank(row, last) > 0);
    }
    const rows = rest.slice(0, limit);
    const end = rows.at(-1);
    const next = rest.length > limit ? { value: at < 0 ? null : end.values[at], key: end.key } : null;
    return { rows, next, total: total ? all.length : null };
  }

  count({ table, filters, by, bucket }) {
    if (by === null) return [[null, this.#matching(table, filters).length]];
    const at = table.columns.findIndex((column) => column.name === by);
    const counted = [];
    for (const row of this.#matching(table, filters)) {
      let value = row.values[at];
      if (bucket !== null && value !== null) {
        const least = -(1n << 63n);
        const down = ((value % bucket) + bucket) % bucket;
        value = value - down < least ? least : value - down;
      }
      const known = counted.find(([one]) => equal(one, value));
      if (known === undefined) counted.push([value, 1]);
      else known[1] += 1;
    }
    return counted.sort(([a], [b]) => (a === null ? -1 : b === null ? 1 : compare(a, b)));
  }

  /** JavaScript does one thing at a time, so nobody sees a commit half done; what fails is undone. */
  commit(writes) {
    const undo = [];
    for (const [index, write] of writes.entries()) {
      if (!this.#apply(write, undo)) {
        for (const step of undo.reverse()) step();
        throw new HostError('store.conflict', 'somebody else was faster', { write: index });
      }
    }
  }

  #apply(write, undo) {
    if (write.type === 'add') {
      const { counter, by, atMost } = write;
      const name = `${counter.name} ${counter.of}`;
      const before = this.#counters.get(name) ?? 0n;
      const most = atMost < MOST ? atMost : MOST;
      if (before + by < 0n || before + by > most) return false;
      this.#counters.set(name, before + by);
      undo.push(() => this.#counters.set(name, before));
      return true;
    }
    const { row, expect, type } = write;
    const rows = this.#rows(row.table);
    const kept = rows.get(row.key);
    if (expect.type === 'absent' && kept !== undefined) return false;
    if (expect.type === 'version' && kept?.version !== expect.version) return false;
    if (type === 'require') return true;
    if (type === 'put') {
      const clash = row.table.columns.some(
        ({ index }, at) =>
          UNIQUE.has(index) &&
          row.values[at] !== null &&
          [...rows.values()].some((other) => other.key !== row.key && equal(other.values[at], row.values[at])),
      );
      if (clash) return false;
      rows.set(row.key, { key: row.key, version: (kept?.version ?? 0n) + 1n, values: row.values });
    } else {
      rows.delete(row.key);
    }
    undo.push(() => (kept === undefined ? rows.delete(row.key) : rows.set(row.key, kept)));
    return true;
  }

  #rows(table) {
    const rows = this.#tables.get(table.name);
    if (rows === undefined) throw new HostError('store.invalid_query', `no table ${table.name}`);
    return rows;
  }

  #matching(table, filters) {
    const columns = filters.map(({ column, is }) => [table.columns.findIndex(({ name }) => name === column), is]);
    return [...this.#rows(table).values()].filter((row) => columns.every(([at, is]) => passes(is, row.values[at])));
  }
}
