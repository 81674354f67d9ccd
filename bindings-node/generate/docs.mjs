// The documentation of the core, item by item: `Devices.enroll`, `Device`, `Device#created`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** Rust's documentation in the words of JavaScript. */
function reword(lines) {
  const kept = [];
  let code = false;
  let errors = false;
  for (const line of lines) {
    if (line.startsWith('```')) {
      code = !code;
      continue;
    }
    if (code) continue;
    if (/^# Errors/.test(line)) {
      errors = true;
      continue;
    }
    kept.push(errors && line !== '' ? `Rejects with: ${line}` : line);
    if (line !== '') errors = false;
  }
  return kept
    .join('\n')
    .replace(/\[`([^`]+)`\]\([^)]*\)/g, '`$1`')
    .replace(/\[`([^`]+)`\]/g, '`$1`')
    .replace(/`(?:Self|[A-Z]\w+)::(\w+)`/g, (_, name) => `\`${camel(name)}\``)
    .replace(/`([a-z]+(?:_[a-z0-9]+)+)`/g, (_, name) => `\`${camel(name)}\``)
    .replace(/`None`/g, '`null`')
    .replace(/\*\//g, '* /')
    .trim();
}

function read(folder, into) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) read(path, into);
    else if (entry.name.endsWith('.rs')) scan(readFileSync(path, 'utf8'), path.includes('/model/'), into);
  }
}

/** One file: what is documented, in which `impl` or type. */
function scan(source, isModel, into) {
  let type;
  let within;
  let doc = [];
  for (const line of source.split('#[cfg(test)]\nmod ')[0].split('\n')) {
    const text = line.trim();
    if (text.startsWith('///')) {
      doc.push(text.slice(3).replace(/^ /, ''));
      continue;
    }
    if (text.startsWith('#[')) continue;
    let found;
    if ((found = /^(?:pub )?(?:struct|enum|trait) (\w+)/.exec(text)) && /^pub|^(?:struct|enum)/.test(text)) {
      type = rename(found[1], isModel);
      if (text.startsWith('pub') && doc.length > 0) into.set(type, into.get(type) ?? reword(doc));
      within = type;
    } else if ((found = /^impl(?:<[^>]*>)? (?:\w+ for )?(\w+)/.exec(text))) {
      within = rename(found[1], isModel);
    } else if ((found = /^([A-Z]\w+) \{$/.exec(text)) && doc.length > 0 && line.startsWith('    ')) {
      // An enumeration that a macro declares.
      into.set(found[1], into.get(found[1]) ?? reword(doc));
    } else if ((found = /^pub (?:const |unsafe )*fn (\w+)/.exec(text)) && doc.length > 0) {
      const name = line.startsWith(' ') ? `${within}.${found[1]}` : found[1];
      into.set(name, reword(doc));
    } else if ((found = /^(?:pub )?(\w+): /.exec(text)) && doc.length > 0 && within !== undefined) {
      const name = `${within}#${found[1]}`;
      if (!into.has(name)) into.set(name, reword(doc));
    }
    doc = [];
  }
}

/** The records that share a name with what is read from DER. */
function rename(name, isModel) {
  return isModel && (name === 'Certificate' || name === 'Crl') ? `${name}Record` : name;
}

export function documentation(folder) {
  const into = new Map();
  read(folder, into);
  return into;
}

/** A comment for TypeScript. */
export function comment(text, indent) {
  if (text === undefined || text === '') return '';
  const lines = text.split('\n');
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`).join('')}${indent} */\n`;
}

export { camel };
