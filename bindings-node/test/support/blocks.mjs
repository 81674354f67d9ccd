// Writes the programs of a documentation page into a folder: `js` blocks as .mjs, `cjs` as .cjs, `ts` as .mts.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [page, folder] = process.argv.slice(2);
const ENDINGS = { js: 'mjs', cjs: 'cjs', ts: 'mts' };
const blocks = [...readFileSync(page, 'utf8').matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
let count = 0;
for (const [, language, text] of blocks) {
  if (ENDINGS[language] === undefined) continue;
  count += 1;
  writeFileSync(join(folder, `block-${count}.${ENDINGS[language]}`), text);
}
if (count < 5) throw new Error(`${page} has only ${count} programs`);
