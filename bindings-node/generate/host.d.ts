
/// <reference lib="esnext.disposable" />

import type { KeyObject } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { ErrorCode, ErrorKind } from './codes.js';

export { type ErrorCode, type ErrorKind, errorCodes, errorKinds, kindOf } from './codes.js';

/** An opaque identifier: 26 lower-case letters and digits. */
export type AuthorityId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type ProfileId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type ProductId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type DeviceId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type GroupId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type CertificateId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type EventId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type PskId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type KeyId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type CampaignId = string;
/** An opaque identifier: 26 lower-case letters and digits. */
export type ClientId = string;

/** Who asks for a change, and whether it may be a repetition. */
export interface Call {
  /** Who acts, as you know them; it stands in the event. At most 255 bytes, no control characters. */
  readonly actor?: string | null;
  /** Repeating a call with the same request ID and content changes nothing and returns the first result. */
  readonly requestId?: string | null;
}

/** What happens to the rest when one item of a bulk call is refused, how it reports and how it is stopped. */
export interface BulkCall extends Call {
  /** `each` (the default) does or refuses each item on its own; `all` does everything or nothing. */
  readonly atomicity?: Atomicity | null;
  /**
   * Called now and then with how many items are done. Returning `false` stops before the next portion; what it throws
   * stops too, and is what the call rejects with. It must not call the registry.
   */
  readonly onProgress?: ((done: number, total: number) => boolean | void | Promise<boolean | void>) | null;
  /**
   * Stops the call before its next portion. What was done stays done; the items left get `input.cancelled`. A signal that
   * is aborted already rejects with its reason, and nothing is done.
   */
  readonly signal?: AbortSignal | null;
}

/** The result of one item of a bulk call, as `Promise.allSettled` has them. */
export type Outcome<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: TegataError };

/** One page of records. */
export interface Listing<T> {
  /** The records, in order. */
  readonly items: T[];
  /** What to ask for next, as the page's `after`; `null` after the last page. */
  readonly next: string | null;
  /** How many records match in all, if that was asked for. */
  readonly total: number | null;
}

/** A secret value. It is never printed or serialised; only `expose()` shows it. */
export declare class Secret<T> {
  constructor(value: T);
  /** The value itself. Every call of this is a place to check in a review. */
  expose(): T;
  toString(): string;
  toJSON(): string;
}

/** Why a call failed. There is a subclass for each kind. */
export declare class TegataError extends Error {
  constructor(code: ErrorCode, kind: ErrorKind, message: string);
  /** Stable, and meant for programs. */
  readonly code: ErrorCode;
  /** What kind of trouble it is. */
  readonly kind: ErrorKind;
  /** All codes with their kinds and sentences. */
  static table(): Reason[];
}
/** The argument itself is malformed; the same call can never succeed. */
export declare class InvalidInputError extends TegataError {
  readonly kind: 'InvalidInput';
}
/** Well-formed, but a rule or policy forbids it. */
export declare class RefusedError extends TegataError {
  readonly kind: 'Refused';
}
/** What the call names does not exist. */
export declare class NotFoundError extends TegataError {
  readonly kind: 'NotFound';
}
/** It collides with what is already there, or with a concurrent change. */
export declare class ConflictError extends TegataError {
  readonly kind: 'Conflict';
}
/** The entity's current state does not allow it. */
export declare class StateError extends TegataError {
  readonly kind: 'State';
}
/** The presenter could not show who it is. */
export declare class UnauthenticatedError extends TegataError {
  readonly kind: 'Unauthenticated';
}
/** Something needed is out of reach for now; try again later. */
export declare class UnavailableError extends TegataError {
  readonly kind: 'Unavailable';
}
/** Stored or received data is damaged. */
export declare class CorruptError extends TegataError {
  readonly kind: 'Corrupt';
}
/** Correct, but this build or version cannot do it. */
export declare class UnsupportedError extends TegataError {
  readonly kind: 'Unsupported';
}
/** A defect of this library or its surroundings. */
export declare class InternalError extends TegataError {
  readonly kind: 'Internal';
}

/** What a store or sealer of yours throws to say precisely what is the matter. Anything else counts as a failure. */
export declare class HostError extends Error {
  /**
   * For stores: `store.conflict` with the index of the write, `store.schema` with the version found, `store.unavailable`, `store.corrupt`, `store.read_only`,
   * `store.full`, `store.busy`, `store.closed`, `store.not_a_database`, `store.invalid_query`. For sealers:
   * `seal.wrong_key`, `seal.damaged`.
   */
  constructor(code: ErrorCode, message?: string, details?: { readonly write?: number; readonly found?: number });
  readonly code: ErrorCode;
  readonly write: number | undefined;
  readonly found: number | undefined;
}

/** A private key in memory. It prints without its secret. */
export declare class PrivateKey {
  private constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
  /** Reads a key in PKCS#8, SEC1 or PKCS#1, PEM or DER. */
  static fromBytes(input: Uint8Array | string | Secret<Uint8Array> | Secret<string>): PrivateKey;
  /** The same for a key that comes without its public half. */
  static fromBytesWith(
    input: Uint8Array | string | Secret<Uint8Array> | Secret<string>,
    publicKey: PublicKey | KeyObject | Uint8Array,
  ): PrivateKey;
  /** The public half. */
  readonly publicKey: PublicKey;
  /** What `sign` makes. */
  readonly algorithm: SignatureAlgorithm;
  /** The signature over `message`, which is hashed here. */
  sign(message: Uint8Array): Buffer;
  toPkcs8Der(): Secret<Buffer>;
  toPkcs8Pem(): Secret<string>;
}

/** A private key elsewhere: in an HSM, a KMS, another process. It must not call the registry that uses it. */
export interface Signer {
  /** The public half. */
  readonly publicKey: PublicKey | KeyObject | Uint8Array;
  /** What `sign` makes; by default what is usual for the key. */
  readonly algorithm?: SignatureAlgorithm;
  /** The signature over `message` (hash it): DER for ECDSA, 64 octets for Ed25519, PKCS#1 v1.5 for RSA. */
  sign(message: Buffer): Uint8Array | Promise<Uint8Array>;
}

/** Seals secrets for storage and opens them again. `associated` must be authenticated along with them. */
export interface Sealer {
  seal(associated: Buffer, plaintext: Buffer): Uint8Array | Promise<Uint8Array>;
  open(associated: Buffer, sealed: Buffer): Uint8Array | Promise<Uint8Array>;
  /** Whether `sealed` is sealed as it would be now; if not, `registry.reseal` seals it anew. Always, if this is left out. */
  isCurrent?(associated: Buffer, sealed: Buffer): boolean | Promise<boolean>;
}

/** Where the time comes from. */
export interface Clock {
  now(): Date | Promise<Date>;
}

/** Where random bytes come from. */
export interface Random {
  /** `length` unpredictable bytes. */
  fill(length: number): Uint8Array | Promise<Uint8Array>;
}

/** What surrounds a registry, besides its store and its sealing key. */
export interface Options {
  readonly clock?: FixedClock | Clock | null;
  readonly random?: Random | null;
  /** The proxies whose word about who sent a request is taken. */
  readonly proxies?: readonly TrustedProxy[] | null;
}

/** A clock that stands still until it is told otherwise, for tests and simulations. */
export declare class FixedClock {
  constructor(time: Date);
  static at(time: Date): FixedClock;
  now(): Date;
  set(time: Date): void;
  /** Moves the clock by `seconds`. */
  advance(seconds: bigint | number): void;
}

/** A store in memory: for tests, and for what need not last. */
export declare class MemoryStore {
  constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
}

/** How to open a `SqliteStore`. */
export interface SqliteOptions {
  /** Whether to make the file if there is none; by default it is made. */
  readonly create?: boolean | null;
  /** How long to wait for another process that is writing, in milliseconds. */
  readonly wait?: number | null;
  /** How many connections for reading to keep open. */
  readonly readers?: number | null;
  /** How many bytes of the file the writer may keep in memory. */
  readonly cache?: number | null;
  /** How large the file may grow, in bytes. */
  readonly maxSize?: bigint | number | null;
  /**
   * How many bytes of the file may be read through a mapping instead of being copied; none by default. Where the disk fails to
   * bring a mapped page, the system ends the process.
   */
  readonly map?: bigint | number | null;
}

/** How to connect to PostgreSQL. */
export interface PostgresOptions {
  /** Whether to make the schema if there is none; by default it is made. */
  readonly create?: boolean | null;
  /** The schema that holds the registry, unless the URL names one; `tegata` by default. One tenant, one schema. */
  readonly schema?: string | null;
  /** The password, in place of one in the URL. */
  readonly password?: string | Secret<string> | null;
  /** How long to go on trying when the server cannot be reached or a connection breaks, in milliseconds. */
  readonly wait?: number | null;
  /** How long to wait for one connection, in milliseconds. */
  readonly connectTimeout?: number | null;
  /** How long a statement may take, in milliseconds. */
  readonly statementTimeout?: number | null;
  /** How many connections write. */
  readonly writers?: number | null;
  /** How many connections read rows by key. */
  readonly getters?: number | null;
  /** How many connections search, count and reserve numbers. */
  readonly searchers?: number | null;
}

/** A store in one schema of a PostgreSQL database. */
export declare class PostgresStore {
  private constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
  /** Connects to the database at `url`, such as `postgres://user:password@host/database?schema=tenant`. */
  static connect(url: string, options?: PostgresOptions): Promise<PostgresStore>;
  /** Closes the connections when the calls under way have finished. Registries that use it refuse calls from then on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A store that was opened by its address. */
export declare class OpenedStore {
  private constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
  /** Closes it when the calls under way have finished. Registries that use it refuse calls from then on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Any store of this library. */
export type AnyStore = MemoryStore | SqliteStore | PostgresStore | OpenedStore;

/**
 * A request for the status of certificates of one issuer by OCSP (RFC 6960), to be sent to a responder as
 * `application/ocsp-request`. `nonce`, of 1 to 128 octets (RFC 9654), makes the answer fresh and costs a signature there.
 */
export declare function makeOcspRequest(
  certificates: readonly (Certificate | Uint8Array | string)[],
  issuer: Certificate | Uint8Array | string,
  hash?: OcspHash | null,
  nonce?: Uint8Array | null,
): Buffer;
/** What a responder says about `certificate`, once its signature, its authority to speak for `issuer`, the nonce and the time fit. */
export declare function checkOcsp(
  response: Uint8Array,
  certificate: Certificate | Uint8Array | string,
  issuer: Certificate | Uint8Array | string,
  nonce?: Uint8Array | null,
  at?: Date,
): CheckedOcsp;
/** Checks that a log of events holds `event`, a line of its export, by a proof that `events.prove` made; throws if not. */
export declare function verifyEvent(event: string, proof: string, publicKey: string): void;
/** Checks that a log only grew from the checkpoint `old` (its note) on, by a proof that `events.proveConsistency` made. */
export declare function verifyConsistency(old: string, proof: string, publicKey: string): void;
/**
 * Reads what `events.exportLog` wrote and tells whether anything in it was tampered with; no registry is needed. What ends without
 * a checkpoint was cut; what was cut behind one is a genuine, shorter log: hold `lastCheckpoint` against the one that you expect.
 */
export declare function verifyExport(input: Uint8Array | string, publicKey: string): Promise<Verification>;

/** Opens the store at `sqlite:path`, `postgres://...` or `memory:`. */
export declare function openStore(url: string): Promise<OpenedStore>;

/** A store in one SQLite file. */
export declare class SqliteStore {
  private constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
  /** Opens the database at `path`, or makes it. */
  static open(path: string, options?: SqliteOptions): Promise<SqliteStore>;
  /** Closes the file when the calls under way have finished. Registries that use it refuse calls from then on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Seals with a key in this process's memory. */
export declare class SoftwareSealer {
  private constructor();
  /** So that no other object is taken for one. */
  private readonly opaque: true;
  /** With a new key that exists in this process only. */
  static generate(): SoftwareSealer;
  /** With these 32 bytes. */
  static fromKey(key: Uint8Array | Secret<Uint8Array>): SoftwareSealer;
  /** With the key in a file. */
  static fromFile(path: string): Promise<SoftwareSealer>;
  /** Makes a file with a new key; refuses to replace one. */
  static createFile(path: string): Promise<SoftwareSealer>;
}

/** A ring of sealing keys, while one takes the place of another: seals with the current one and opens with whichever fits. */
export declare class SealingKeys {
  constructor(current: SoftwareSealer | SealingKeys | Sealer, previous: readonly (SoftwareSealer | SealingKeys | Sealer)[]);
  /** So that no other object is taken for one. */
  private readonly opaque: true;
}

/** What pre-shared keys are like. */
export declare const PskPolicy: {
  /** How many bits of entropy a secret has under this policy, rounded down; 0 when none meets it. */
  entropyBits(policy?: PskPolicy): number;
};

/** Headers that proxies are known to send. */
export declare const ProxyHeaders: {
  /** As nginx forwards with `$ssl_client_verify` and `$ssl_client_escaped_cert`. */
  nginx(): ProxyHeaders;
  /** As HAProxy forwards. */
  haproxy(): ProxyHeaders;
  /** As Envoy forwards. */
  envoy(): ProxyHeaders;
  /** As RFC 9440 says. */
  rfc9440(): ProxyHeaders;
};

/** What one column of one row holds. Numbers are bigints. */
export type StoredValue = null | bigint | string | Uint8Array;
export interface StoreColumn {
  readonly name: string;
  readonly kind: 'int' | 'text' | 'bytes';
  /** Unique columns hold no value twice (`null` apart). */
  readonly index: 'none' | 'ordered' | 'unique' | 'searchable' | 'unique-searchable';
  /** Whether its values are sealed: nobody reads them without the sealer. */
  readonly sealed: boolean;
}
export interface StoreTable {
  readonly name: string;
  readonly columns: readonly StoreColumn[];
}
export interface StoreSchema {
  readonly version: number;
  readonly tables: readonly StoreTable[];
}
export interface StoreRowRef {
  readonly table: StoreTable;
  /** All 64 bits may be used. Keys are ordered as signed numbers of the same bits. */
  readonly key: bigint;
}
export interface StoreRow {
  readonly key: bigint;
  /** 1 when the row was first written, one more at every write. */
  readonly version: bigint | number;
  /** One value per column, in the order of the declaration. */
  readonly values: readonly StoredValue[];
}
export interface StoreCounter {
  readonly name: string;
  readonly of: bigint;
}
export type StoreExpectation =
  | { readonly type: 'absent' }
  | { readonly type: 'any' }
  | { readonly type: 'version'; readonly version: bigint };
export type StoreMatch =
  | { readonly type: 'eq'; readonly value: StoredValue }
  | { readonly type: 'prefix'; readonly value: string }
  | { readonly type: 'contains'; readonly value: string }
  | { readonly type: 'range'; readonly from: StoredValue; readonly to: StoredValue }
  | { readonly type: 'in'; readonly values: readonly StoredValue[] };
export interface StoreFilter {
  readonly column: string;
  readonly is: StoreMatch;
}
export interface StoreCursor {
  /** The last row's value in the column of the order; `null` when ordered by key. */
  readonly value: StoredValue;
  readonly key: bigint;
}
export interface StoreQuery {
  readonly table: StoreTable;
  readonly filters: readonly StoreFilter[];
  readonly order: string | null;
  readonly descending: boolean;
  readonly after: StoreCursor | null;
  readonly limit: number;
  readonly total: boolean;
}
export interface StorePage {
  readonly rows: readonly StoreRow[];
  readonly next: StoreCursor | null;
  readonly total: bigint | number | null;
}
export interface StoreTally {
  readonly table: StoreTable;
  readonly filters: readonly StoreFilter[];
  readonly by: string | null;
  readonly bucket: bigint | null;
}
export type StoreWrite =
  | {
      readonly type: 'put';
      readonly row: StoreRowRef & { readonly values: readonly StoredValue[] };
      readonly expect: StoreExpectation;
    }
  | { readonly type: 'delete' | 'require'; readonly row: StoreRowRef; readonly expect: StoreExpectation }
  | { readonly type: 'add'; readonly counter: StoreCounter; readonly by: bigint; readonly atMost: bigint };

/**
 * A place that keeps rows, transactionally and durably, over whatever you have. `checkStoreConformance` says what every
 * store must do. Its methods must not call the registry.
 */
export interface Store {
  /** Brings an empty or older store to `schema`. */
  migrate(schema: StoreSchema): void | Promise<void>;
  /** Takes `count` numbers from a counter and returns the first; the first ever is 1. `count` 0 takes none. */
  reserve(counter: StoreCounter, count: number): bigint | number | Promise<bigint | number>;
  /** The rows named, in the order named, all from one snapshot. */
  get(rows: readonly StoreRowRef[]): readonly (StoreRow | null)[] | Promise<readonly (StoreRow | null)[]>;
  /** The rows that match. */
  find(query: StoreQuery): StorePage | Promise<StorePage>;
  /** How many rows have which value, in the order of the values. */
  count(
    tally: StoreTally,
  ): readonly (readonly [StoredValue, bigint | number])[] | Promise<readonly (readonly [StoredValue, bigint | number])[]>;
  /** Applies all writes in order, or none; throws `new HostError('store.conflict', text, { write })`. */
  commit(writes: readonly StoreWrite[]): void | Promise<void>;
}

/** Puts stores made by `make`, a new empty one each time, through all checks that a store must pass. */
export declare function checkStoreConformance(make: () => Store | Promise<Store>): Promise<void>;

/** Where an export goes: a function that takes a piece, or a stream. */
export type ExportTarget = ((chunk: Buffer) => void | Promise<void>) | Writable;

/** Functions about profiles. */
export declare const ProfileSpec: {
  /** For device certificates: an opaque subject, client authentication, one year. */
  device(): ProfileSpec;
  /** For product credentials: the product's name, client authentication, ten years, a key made by the server. */
  productCredential(): ProfileSpec;
  /** For TLS servers, such as a device's own web page. */
  tlsServer(): ProfileSpec;
  fromToml(text: string): ProfileSpec;
  fromJson(text: string): ProfileSpec;
  toJson(spec: ProfileSpecInput): string;
};

/** Functions about products. */
export declare const ProductSpec: {
  fromToml(text: string): ProductSpec;
  load(file: string): Promise<ProductSpec>;
};

/** Functions about sets of files. */
export declare const FileNames: {
  /** The usual names. */
  usual(encoding?: Encoding): FileNames;
};

/** Functions about statements. */
export declare const Statement: {
  /** What the key signs: a prefix that names the purpose, and `content`. */
  message(statement: Statement, content: Uint8Array): Buffer;
};
