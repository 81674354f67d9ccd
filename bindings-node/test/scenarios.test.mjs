// Runs core/tests/scenarios/*.json, as every binding does.

import { strict as assert } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support/paths.mjs';
import { Runner } from './support/runner.mjs';

const folder = join(ROOT, 'core', 'tests', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('there are scenarios', () => assert.ok(files.length > 20));

for (const file of files) {
  const scenario = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  test(scenario.name, async () => {
    const runner = new Runner(scenario);
    try {
      await runner.run();
    } finally {
      await runner.close();
    }
  });
}
