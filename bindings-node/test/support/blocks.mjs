// Writes the programs of documentation pages into a folder: `js` blocks as .mjs, `cjs` as .cjs, `ts` as .mts.

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [folder, ...pages] = process.argv.slice(2);
const ENDINGS = { js: 'mjs', cjs: 'cjs', ts: 'mts' };
for (const page of pages) {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
  const programs = blocks.filter(([, language]) => ENDINGS[language] !== undefined);
  if (programs.length === 0) throw new Error(`${page} has no programs`);
  programs.forEach(([, language, text], index) => {
    writeFileSync(join(folder, `${basename(page, '.md')}-${index + 1}.${ENDINGS[language]}`), text);
  });
}
