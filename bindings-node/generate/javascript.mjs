// The JavaScript of every operation and type: checks and flattens arguments, reads results.

import { camel } from './docs.mjs';
import { HANDLES, ITERATED, parse, safe } from './shapes.mjs';

const SIMPLE_IN = {
  string: 'c.string', boolean: 'c.boolean', u8: 'c.u8', u32: 'c.u32', u64: 'c.u64', i64: 'c.i64', date: 'c.date',
  bytes: 'c.bytes', pem: 'c.pem', 'secret-pem': 'c.secretPem', 'secret-string': 'c.secretString', map: 'c.map',
  name: 'c.string', oid: 'c.string', certificate: 'c.derOf', crl: 'c.derOf', csr: 'c.derOf', 'public-key': 'c.publicKey',
  store: 'h.store', sealer: 'h.sealer', clock: 'h.clock', random: 'h.random', signer: 'h.signer', sink: 'h.sink',
  'fixed-clock': 'h.own', PrivateKey: 'h.own', registry: 'h.own', database: 'h.own', facts: 'facts',
};

export function javascript({ operations, types }) {
  const functionFor = (node) => {
    switch (node.kind) {
      case 'maybe':
        return `(v, a, f) => c.opt(v, ${functionFor(node.of)}, a, f)`;
      case 'list':
        return `(v, a, f) => c.list(v, ${functionFor(node.of)}, a, f)`;
      case 'pair':
        return `(v, a, f) => c.pair(v, ${functionFor(node.of[0])}, ${functionFor(node.of[1])}, a, f)`;
      default:
        if (node.name.startsWith('id:')) return 'c.string';
        if (SIMPLE_IN[node.name] !== undefined) return SIMPLE_IN[node.name];
        if (types[node.name]?.names !== undefined) return `n.${node.name}`;
        return `in${node.name}`;
    }
  };
  /** Reads what `at` stands for. */
  const decode = (node, at) => {
    switch (node.kind) {
      case 'maybe': {
        const inner = decode(node.of, at);
        return inner === at ? at : `${at} === null ? null : ${inner}`;
      }
      case 'list': {
        const inner = decode(node.of, 'x');
        return inner === 'x' ? at : `${at}.map((x) => ${inner})`;
      }
      case 'item':
        return `read.item(${at}, (x) => ${decode(node.of, 'x')})`;
      case 'pair':
        return `[${decode(node.of[0], `${at}[0]`)}, ${decode(node.of[1], `${at}[1]`)}]`;
      case 'listing':
        return `{ items: ${at}[0].map((x) => ${decode(node.of, 'x')}), next: ${at}[1], total: ${at}[2] }`;
      default:
        return decodeName(node.name, at);
    }
  };
  const decodeName = (name, at) => {
    const simple = {
      date: `read.date(${at})`, bytes: `read.bytes(${at})`, map: `read.map(${at})`, counts: `read.map(${at})`, bigint: `BigInt(${at})`,
      'secret-bytes': `read.secretBytes(${at})`, 'secret-string': `read.secretString(${at})`, void: 'undefined',
    }[name];
    if (simple !== undefined) return simple;
    if (types[name]?.out !== undefined) return `new ${name}(${at})`;
    if (types[name]?.union_out !== undefined) return `out${name}(${at})`;
    if (/^(Registry|PrivateKey|MemoryStore|SqliteStore|PostgresStore|OpenedStore|SoftwareSealer|SealingKeys|FixedClock)$/.test(name)) return 'handle';
    return at;
  };

  let text = `'use strict';

const { read, run, start } = require('./bridge.js');
const c = require('./check.js');
const h = require('./handles.js');
const n = require('./names.js');
const methods = require('./values.js')((name, ...args) => run(operations[name], args));

const facts = ([state, reason, from, to, retires, now], at) => [
  state, reason, c.date(from, at), c.date(to, at), c.opt(retires, c.date, at), c.date(now, 'now'),
];

/** Gives the objects of a class its methods. */
function extend(Class) {
  const own = methods[Class.name];
  if (own !== undefined) Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(own));
}

// --- arguments ---------------------------------------------------------------------------------------------------
`;
  const fieldIn = ([name, shape, optional, nullCounts], from) => {
    const key = camel(name);
    const node = parse(shape);
    const check = functionFor(node.kind === 'maybe' ? node.of : node);
    const maybe = optional || node.kind === 'maybe' || nullCounts === 'null';
    return maybe ? `c.opt(${from}.${key}, ${check}, w, '${key}')` : `${wrap(check)}(${from}.${key}, w, '${key}')`;
  };
  const wrap = (check) => (check.startsWith('(') ? `(${check})` : check);
  for (const [name, type] of Object.entries(types)) {
    if (type.in !== undefined) {
      const fields = type.in.map((field) => `    ${fieldIn(field, 'v')},\n`).join('');
      const own = name === 'InstallationCheck' ? 'InstallationCheck' : name;
      text += `
function in${own}(v, a, f) {
  c.record(v, a, f);
  const w = c.place(a, f);
  return [
${fields}  ];
}
`;
    } else if (type.union_in !== undefined) {
      const cases = Object.entries(type.union_in)
        .map(([tag, fields]) => `    case '${tag}':\n      return ['${tag}'${fields.map((field) => `, ${fieldIn(field, 'v')}`).join('')}];\n`)
        .join('');
      const tags = Object.keys(type.union_in).map((tag) => `'${tag}'`).join(', ');
      const string = name === 'GeneralNameInput' ? `  if (typeof v === 'string') return v;\n` : '';
      text += `
function in${name}(v, a, f) {
${string}  c.record(v, a, f);
  const w = c.place(a, f);
  switch (v.type) {
${cases}    default:
      throw c.noTag(v.type, w, [${tags}]);
  }
}
`;
    }
  }
  text += '\n// --- results -----------------------------------------------------------------------------------------------------\n';
  const classes = [];
  for (const [name, type] of Object.entries(types)) {
    if (type.out !== undefined) {
      classes.push(name);
      const fields = type.out
        .map(([field, shape], at) => {
          const value = decode(parse(shape), `a[${at}]`);
          // A one-time password of SCEP is not shown along with the rest.
          if (field === 'challenge_password') {
            return `    Object.defineProperty(this, 'challengePassword', { value: ${value}, enumerable: false });\n`;
          }
          return `    this.${camel(field)} = ${value};\n`;
        })
        .join('');
      text += `\nclass ${name} {\n  constructor(a) {\n${fields}  }\n}\nextend(${name});\n`;
    } else if (type.union_out !== undefined) {
      const cases = Object.entries(type.union_out)
        .map(([tag, fields]) => {
          const parts = fields.map(([field, shape], at) => `, ${camel(field)}: ${decode(parse(shape), `a[${at + 1}]`)}`);
          return `    case '${tag}':\n      return { type: '${tag}'${parts.join('')} };\n`;
        })
        .join('');
      text += `\nfunction out${name}(a) {\n  switch (a[0]) {\n${cases}    default:\n      return { type: a[0] };\n  }\n}\n`;
    }
  }
  text += '\n// --- operations --------------------------------------------------------------------------------------------------\n\nconst operations = {\n';
  operations.forEach(([name, { params, extra, result }], number) => {
    const parts = params.map(([param, shape, optional], at) => {
      const node = parse(shape);
      const maybe = optional || node.kind === 'maybe';
      const check = functionFor(node.kind === 'maybe' ? node.of : node);
      const key = camel(param) === 'this' ? name.split('.')[0] : camel(param);
      const needed = node.kind === 'list' && !['san', 'intermediates', 'crls'].includes(param);
      return maybe && !needed ? `c.opt(a[${at}], ${check}, '${key}')` : `${wrap(check)}(a[${at}], '${key}')`;
    });
    const bulk = extra.includes('bulk');
    if (bulk) parts.push(`c.opt(a[${params.length - 1}]?.atomicity, n.Atomicity, 'atomicity')`);
    const value = decode(parse(result), 'r');
    const body = value.startsWith('{') ? `(${value})` : value;
    text += `  '${name}': {\n    number: ${number},\n    bulk: ${bulk},\n    encode: (a) => [${parts.join(', ')}],\n    decode: (r, handle) => ${body},\n  },\n`;
  });
  text += '};\n';

  const method = ([name, { params }]) => {
    const own = camel(name.split('.')[1]);
    const list = params.map(([param]) => safe(camel(param))).join(', ');
    let code = `\n  ${own}(${list}) {\n    return start(operations['${name}'], this.#core, [${list}]);\n  }\n`;
    if (ITERATED[name] !== undefined) {
      const before = params.slice(0, -1).map(([param]) => safe(camel(param)));
      const args = [...before, 'pageSize = 1000'].join(', ');
      code += `\n  async *${ITERATED[name]}(${args}) {\n    let after = null;\n    do {\n      const page = await this.${own}(${[...before, '{ limit: pageSize, after, total: false }'].join(', ')});\n      yield* page.items;\n      after = page.next;\n    } while (after !== null);\n  }\n`;
    }
    return code;
  };
  for (const [part, Class] of Object.entries(HANDLES)) {
    const own = operations.filter(([name]) => name.startsWith(`${part}.`));
    text += `\nclass ${Class} {\n  #core;\n\n  constructor(core) {\n    this.#core = core;\n  }\n${own.map(method).join('')}}\n`;
  }
  text += `\nclass RegistryBase {\n  #core;\n\n  constructor(core) {\n    this.#core = core;\n`;
  for (const [part, Class] of Object.entries(HANDLES)) text += `    this.${part} = new ${Class}(core);\n`;
  text += '  }\n';
  const own = operations.filter(([name]) => name.startsWith('registry.') && name !== 'registry.close');
  text += `${own.map(method).join('')}}\n`;
  text += `\nmodule.exports = {\n  operations, RegistryBase,\n  ${Object.values(HANDLES).join(', ')},\n  ${classes.join(', ')},\n};\n`;
  return text;
}

export function names({ types }) {
  let text = `'use strict';\n\nconst { names } = require('./check.js');\n\nmodule.exports = {\n`;
  for (const [name, type] of Object.entries(types)) {
    if (type.names !== undefined) text += `  ${name}: names([${type.names.map((one) => `'${one}'`).join(', ')}]),\n`;
  }
  return `${text}};\n`;
}
