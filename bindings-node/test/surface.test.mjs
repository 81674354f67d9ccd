// The package offers every operation and every error of the core's lists, in JavaScript and in its declarations.

import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as tegata from 'tegata';
import { ROOT } from './support/paths.mjs';
import { FUNCTIONS, OPERATIONS } from './support/runner.mjs';
import { camel } from './support/values.mjs';

const require = createRequire(import.meta.url);
const declared = readFileSync(join(dirname(require.resolve('tegata/package.json')), 'index.d.ts'), 'utf8');

/** The declaration of a class, an interface or a constant. */
function body(name) {
  const found = new RegExp(`^export (?:declare )?(?:class|interface|const) ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm');
  const all = [...declared.matchAll(new RegExp(found, 'gm'))].map((match) => match[1]);
  return all.length === 0 ? undefined : all.join('\n');
}

/** Names that differ: constructors. */
const CONSTRUCTED = { 'MemoryStore.new': 'MemoryStore', 'SealingKeys.new': 'SealingKeys', 'Error.table': 'TegataError' };
const HANDLES = {
  registry: 'Registry', authorities: 'Authorities', profiles: 'Profiles', products: 'Products', devices: 'Devices',
  groups: 'Groups', certificates: 'Certificates', events: 'Events', psks: 'Psks', keys: 'Keys', campaigns: 'Campaigns',
  clients: 'Clients', ocsp: 'Ocsp',
};
/** Records that are plain: their fields are own properties of results, which the scenarios read. */
const isValue = (operation) => operation.on !== undefined;

for (const [name, operation] of OPERATIONS) {
  const [area, member] = name.split('.');
  const own = camel(member ?? area);
  test(`${name} is there`, () => {
    if (member === undefined) {
      assert.equal(typeof tegata[own], 'function');
    } else if (HANDLES[area] !== undefined) {
      assert.equal(typeof tegata[HANDLES[area]].prototype[own], 'function');
    } else if (CONSTRUCTED[name] !== undefined) {
      assert.equal(typeof tegata[CONSTRUCTED[name]], 'function');
    } else if (!isValue(operation) || FUNCTIONS.has(name)) {
      assert.equal(typeof tegata[area][own], 'function');
    }
  });
  test(`${name} is declared`, () => {
    if (member === undefined) {
      assert.match(declared, new RegExp(`^export declare function ${own}\\(`, 'm'));
      return;
    }
    const text = body(HANDLES[area] ?? (area === 'Error' ? 'TegataError' : area));
    assert.ok(text !== undefined, `${area} is declared`);
    assert.match(text, new RegExp(`\\b${member === 'new' ? 'constructor' : own}[(:]`));
  });
}

test('every error of the table has its code, its kind and a class', () => {
  const table = JSON.parse(readFileSync(join(ROOT, 'core', 'tests', 'errors.json'), 'utf8'));
  assert.deepEqual(tegata.errorCodes, table.map((row) => row.code));
  for (const { code, kind } of table) {
    assert.equal(tegata.kindOf[code], kind);
    assert.ok(tegata[`${kind}Error`].prototype instanceof tegata.TegataError);
    assert.match(declared, new RegExp(`^export declare class ${kind}Error extends TegataError`, 'm'));
  }
  assert.deepEqual(tegata.TegataError.table().map(({ code, kind, text }) => ({ code, kind, text })), table);
});

test('CommonJS and modules export the same', () => {
  const common = require('tegata');
  for (const name of Object.keys(tegata)) assert.equal(tegata[name], common[name], name);
});
