// The declarations for TypeScript.

import { camel, comment } from './docs.mjs';
import { HANDLES, ITERATED, parse, safe } from './shapes.mjs';

const IN = {
  string: 'string', boolean: 'boolean', u8: 'number', u32: 'number', u64: 'bigint | number', i64: 'bigint | number',
  date: 'Date', bytes: 'Uint8Array', pem: 'Uint8Array | string',
  'secret-pem': 'Uint8Array | string | Secret<Uint8Array> | Secret<string>', 'secret-string': 'string | Secret<string>',
  map: 'Readonly<Record<string, string>>', name: 'string', oid: 'string', certificate: 'Certificate | Uint8Array | string',
  crl: 'Crl | Uint8Array | string', csr: 'VerifiedCsr | Uint8Array | string',
  'public-key': 'PublicKey | KeyObject | Uint8Array', signer: 'PrivateKey | Signer', sink: 'ExportTarget', store: 'AnyStore | Store | string',
  sealer: 'SoftwareSealer | SealingKeys | Sealer',
  GeneralNameInput: 'GeneralNameInput | string',
};
const OUT = {
  string: 'string', boolean: 'boolean', number: 'number', bigint: 'bigint', date: 'Date', bytes: 'Buffer',
  map: 'Record<string, string>', counts: 'Record<string, number>', name: 'string', oid: 'string', 'secret-bytes': 'Secret<Buffer>',
  'secret-string': 'Secret<string>', void: 'void',
};
/** Types that a function of the same name accompanies. */
const CLASSES = {
  Issued: `  /** The certificate in PEM. */
  readonly pem: string;
  /** The certificate and the intermediates above it in PEM, without the root: what a TLS endpoint sends. */
  readonly fullchainPem: string;
  /** The root in DER, which those who check the certificate must trust. */
  readonly root: Buffer | null;
  /** The serial number in upper-case hexadecimal. */
  readonly serial: string;
`,
  IssuedWithKey: `  /** What kind of key was made. */
  readonly algorithm: KeyAlgorithm;
  /** The private key in PEM, if it is here. */
  readonly keyPem: Secret<string> | null;
`,
  IssuedPsk: `  /** The secret as text, if it is here and is printable text. */
  readonly password: Secret<string> | null;
  /** The secret in hexadecimal, as the configurations of TLS servers have it, if it is here. */
  readonly hex: Secret<string> | null;
`,
  Authority: `  /** Its certificate in PEM; empty while it is awaited. */
  readonly pem: string;
`,
  OcspAnswer: `  /** The headers to send it with over HTTP, by name. */
  readonly headers: Record<string, string>;
`,
  Integrity: `  /** Whether nothing was found. */
  readonly isSound: boolean;
`,
  Maintained: `  /** How many records went in all. */
  readonly total: number;
`,
  TrustBundle: `  /** The roots in PEM. */
  readonly pem: string;
`,
  CrlRecord: `  /** The CRL in PEM. */
  readonly pem: string;
`,
  CertificateRecord: `  /** How it stands at \`now\`: its state and the clock together. */
  standing(now: Date): Standing;
`,
  Certificate: `  /** The whole certificate in PEM. */
  readonly pem: string;
  /** Whether it is self-issued and verifies with its own key. */
  readonly isSelfSigned: boolean;
  /** The subject's key, when it is of an accepted kind. */
  publicKey(): PublicKey;
  /** Whether \`at\` lies within the validity, both ends included. */
  isValidAt(at: Date): boolean;
  /** Checks the signature with the issuer's key; throws \`certificate.chain_signature\`. */
  verifySignedBy(issuer: PublicKey | KeyObject | Uint8Array): void;
  /** Reads all certificates of PEM text, in order. */
  static manyFromPem(input: Uint8Array | string): Certificate[];
`,
  CertificateExtensions: `  /** The names of the subjectAltName. */
  names(): GeneralName[];
`,
  Crl: `  /** The whole CRL in PEM. */
  readonly pem: string;
  /** All entries, by serial number. */
  entries(): CrlEntry[];
  /** The entry of the certificate with this serial number, if there is one. */
  get(serial: Uint8Array): Revocation | null;
  /** Whether its nextUpdate has passed at \`at\`. */
  isStaleAt(at: Date): boolean;
  /** Checks the signature with the issuer's key; throws \`certificate.chain_signature\`. */
  verifySignedBy(issuer: PublicKey | KeyObject | Uint8Array): void;
  /** Reads one CRL, DER or PEM. */
  static fromBytes(input: Uint8Array | string): Crl;
`,
  PublicKey: `  /** Checks that \`signature\` over \`message\` was made with the private half; throws \`key.signature_invalid\`. */
  verify(algorithm: SignatureAlgorithm, message: Uint8Array, signature: Uint8Array): void;
  /** Reads a \`SubjectPublicKeyInfo\` in DER. */
  static fromSpki(der: Uint8Array): PublicKey;
`,
  VerifiedChain: `  /** The root that it leads to. */
  readonly root: Certificate | null;
`,
  VerifiedCsr: '',
};

function typeOf(node, side) {
  switch (node.kind) {
    case 'maybe':
      return `${typeOf(node.of, side)} | null`;
    case 'list':
      return side === IN ? `readonly ${grouped(node.of, side)}[]` : `${grouped(node.of, side)}[]`;
    case 'item':
      return `Outcome<${typeOf(node.of, side)}>`;
    case 'listing':
      return `Listing<${typeOf(node.of, side)}>`;
    case 'pair':
      return `${side === IN ? 'readonly ' : ''}[${node.of.map((one) => typeOf(one, side)).join(', ')}]`;
    default:
      if (node.name === 'id:PSK') return 'PskId';
      if (node.name.startsWith('id:')) return `${node.name[3].toUpperCase()}${node.name.slice(4)}Id`;
      return side[node.name] ?? node.name;
  }
}

function grouped(node, side) {
  const text = typeOf(node, side);
  return text.includes('|') || (text.startsWith('readonly ') && side === IN) ? `(${text})` : text;
}

const union = (names) => names.map((name) => `\n  | '${name}'`).join('');

/** Everything that is exported besides types. */
export function exported({ types }) {
  const kinds = ['InvalidInput', 'Refused', 'NotFound', 'Conflict', 'State', 'Unauthenticated', 'Unavailable', 'Corrupt', 'Unsupported', 'Internal'];
  return [
    ...Object.values(HANDLES),
    ...Object.keys(types).filter((name) => types[name].out !== undefined && CLASSES[name] !== undefined),
    'Registry', 'PrivateKey', 'MemoryStore', 'SqliteStore', 'PostgresStore', 'OpenedStore', 'SoftwareSealer', 'SealingKeys', 'FixedClock', 'Secret',
    'HostError',
    'TegataError', ...kinds.map((kind) => `${kind}Error`), 'errorCodes', 'errorKinds', 'kindOf', 'checkStoreConformance',
    'makeKey', 'makeCsr', 'csrPem', 'parseCsr', 'parseCertificate', 'checkInstallation', 'verifyChain',
    'checkValue', 'generatePassword', 'unwrapKey', 'openStore', 'makeOcspRequest', 'checkOcsp', 'verifyEvent', 'verifyConsistency',
    'verifyExport', 'PskPolicy', 'ProxyHeaders', 'ProfileSpec', 'ProductSpec', 'FileNames', 'Statement',
  ];
}

export function declarations({ operations, types }, docs, host) {
  let text = host;
  for (const [name, type] of Object.entries(types)) {
    const source = name.replace(/Input$/, '');
    const doc = comment(docs.get(source), '');
    if (type.names !== undefined) {
      text += `\n${doc}export type ${name} =${union(type.names)};\n`;
    } else if (type.in !== undefined) {
      if (name === 'Call' || name === 'SqliteOptions' || name === 'PostgresOptions') continue;
      text += `\n${doc}export interface ${name} {\n`;
      for (const [field, shape, optional] of type.in) {
        const node = parse(shape);
        const maybe = optional || node.kind === 'maybe';
        const inner = typeOf(node.kind === 'maybe' ? node.of : node, IN);
        text += `${comment(docs.get(`${source}#${field}`), '  ')}  readonly ${camel(field)}${maybe ? '?' : ''}: ${inner}${maybe ? ' | null' : ''};\n`;
      }
      text += '}\n';
    } else if (type.out !== undefined) {
      const isClass = CLASSES[name] !== undefined;
      text += `\n${doc}export ${isClass ? 'declare class' : 'interface'} ${name} {\n`;
      if (isClass) text += '  private constructor();\n';
      for (const [field, shape] of type.out) {
        const words = docs.get(`${source}#${field}`) ?? docs.get(`${source}.${field}`);
        text += `${comment(words, '  ')}  readonly ${camel(field)}: ${typeOf(parse(shape), OUT)};\n`;
      }
      text += `${CLASSES[name] ?? ''}}\n`;
    } else {
      const [variants, side] = type.union_in === undefined ? [type.union_out, OUT] : [type.union_in, IN];
      text += `\n${doc}export type ${name} =`;
      for (const [tag, fields] of Object.entries(variants)) {
        const list = fields.map(([field, shape, optional]) => {
          const node = parse(shape);
          const maybe = side === IN && (optional || node.kind === 'maybe');
          const inner = typeOf(maybe && node.kind === 'maybe' ? node.of : node, side);
          return `; readonly ${camel(field)}${maybe ? '?' : ''}: ${inner}${maybe ? ' | null' : ''}`;
        });
        text += `\n  | { readonly type: '${tag}'${list.join('')} }`;
      }
      text += ';\n';
    }
  }
  const method = ([name, { params, extra, result }], Class) => {
    const short = name.split('.')[1];
    const own = camel(short);
    const list = [];
    let optionalFromHere = true;
    for (const [param, shape, optional] of [...params].reverse()) {
      const node = parse(shape);
      const maybe = (optional || node.kind === 'maybe') && node.kind !== 'list';
      optionalFromHere &&= maybe;
      const isCall = shape === 'Call';
      const inner = isCall ? (extra.includes('bulk') ? 'BulkCall' : 'Call') : typeOf(node.kind === 'maybe' ? node.of : node, IN);
      const label = isCall ? 'call' : safe(camel(param));
      list.unshift(optionalFromHere ? `${label}?: ${inner}${isCall ? '' : ' | null'}` : `${label}: ${inner}${maybe ? ' | null | undefined' : ''}`);
    }
    const returns = typeOf(parse(result), OUT);
    const doc = docs.get(`${Class}.${short}`);
    let code = `${comment(doc, '  ')}  ${own}(${list.join(', ')}): Promise<${returns}>;\n`;
    if (ITERATED[name] !== undefined) {
      const item = typeOf(parse(result).of, OUT);
      const before = list.slice(0, -1).concat('pageSize?: number').join(', ');
      code += `  /** The same to the end, \`pageSize\` records a call: \`for await (const one of ...)\`. */\n  ${ITERATED[name]}(${before}): AsyncGenerator<${item}, void, undefined>;\n`;
    }
    return code;
  };
  for (const [part, Class] of Object.entries(HANDLES)) {
    const own = operations.filter(([name]) => name.startsWith(`${part}.`));
    text += `\n${comment(docs.get(Class), '')}export declare class ${Class} {\n  private constructor();\n${own.map((op) => method(op, Class)).join('')}}\n`;
  }
  text += `\n${comment(docs.get('Registry'), '')}export declare class Registry {
  private constructor();
  /**
   * Opens the registry in \`store\`, or makes a new one in an empty store. \`sealer\` must be the one that the store was
   * first opened with. Rejects with \`seal.wrong_key\` when it is not.
   */
  static open(
    store: MemoryStore | SqliteStore | Store,
    sealer: SoftwareSealer | SealingKeys | Sealer,
    options?: Options,
  ): Promise<Registry>;
  /**
   * Closes the registry: calls from now on reject with \`store.closed\`. Resolves when those under way have finished. The
   * store stays open for another registry; see \`SqliteStore.close\`.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
`;
  for (const [part, Class] of Object.entries(HANDLES)) text += `${comment(docs.get(`Registry.${part}`), '  ')}  readonly ${part}: ${Class};\n`;
  for (const op of operations.filter(([name]) => name.startsWith('registry.') && name !== 'registry.close')) text += method(op, 'Registry');
  text += '}\n';
  const fn = (name, signature) => `\n${comment(docs.get(name), '')}export declare function ${camel(name)}${signature};\n`;
  text += fn('make_key', '(algorithm: KeyAlgorithm): Promise<PrivateKey>');
  text += fn('make_csr', '(\n  signer: PrivateKey | Signer,\n  subject?: string,\n  san?: readonly (GeneralNameInput | string)[],\n): Promise<Buffer>');
  text += fn('csr_pem', '(der: Uint8Array): string');
  text += fn('parse_csr', '(bytes: Uint8Array | string): VerifiedCsr');
  text += fn('parse_certificate', '(input: Uint8Array | string): Certificate');
  text += fn('check_installation', '(check: InstallationCheck): Finding[]');
  text += fn('verify_chain', `(
  leaf: Certificate | Uint8Array | string,
  intermediates: readonly (Certificate | Uint8Array | string)[],
  roots: readonly (Certificate | Uint8Array | string)[],
  crls: readonly (Crl | Uint8Array | string)[],
  purpose: Purpose,
  at: Date,
): VerifiedChain`);
  text += fn('check_value', '(algorithm: SymmetricAlgorithm, key: Uint8Array | Secret<Uint8Array>, method: CheckMethod): string');
  text += fn('generate_password', '(policy?: PskPolicy): Secret<string>');
  text += fn('unwrap_key', '(wrapped: WrappedKey | WrappedKeyInput, psk: Uint8Array | string | Secret<Uint8Array> | Secret<string>): Secret<Buffer>');
  return text;
}
