// Signers, stores, sealers, clocks, random bytes and progress in JavaScript.

import { strict as assert } from 'node:assert';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { HostError, MemoryStore, Registry, SoftwareSealer, checkStoreConformance, makeCsr, makeKey, parseCertificate, parseCsr } from 'tegata';
import { MapStore } from './support/map-store.mjs';
import { admin, open, request, setUp } from './support/registry.mjs';

const code = (wanted, text = /./) => (error) => {
  assert.equal(error.code, wanted, error.stack);
  assert.match(error.message, text);
  return true;
};

/** A key that stays with node:crypto. */
function kms({ promised = false } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { publicKey, signed: 0 };
  signer.sign = (message) => {
    signer.signed += 1;
    const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'der' });
    return promised ? delay(1).then(() => signature) : signature;
  };
  return signer;
}

for (const promised of [false, true]) {
  test(`a signer of node:crypto is a CA's key, ${promised ? 'with promises' : 'at once'}`, async () => {
    const registry = await open();
    const signer = kms({ promised });
    const { root, credential } = await setUp(registry, { signer });
    assert.equal(root.signer, 'external');
    const { issued } = await registry.devices.enroll(await request(credential), admin);
    parseCertificate(issued.der).verifySignedBy(signer.publicKey);
    assert.ok(signer.signed >= 3);
    await registry.close();
  });
}

test('a CSR is made with a key elsewhere', async () => {
  const { publicKey, sign } = kms();
  const csr = parseCsr(await makeCsr({ publicKey: publicKey.export({ type: 'spki', format: 'der' }), sign }, 'CN=unit', ['DNS:unit.local']));
  assert.equal(csr.subject, 'CN=unit');
  assert.deepEqual(csr.san, [{ type: 'dns', value: 'unit.local' }]);
});

test('a signer that fails, and how, is a typed error with its reason and nothing else', async () => {
  const registry = await open();
  const signer = kms();
  const { credential } = await setUp(registry, { signer });
  const work = signer.sign;
  const enroll = async () => registry.devices.enroll(await request(credential), admin);
  signer.sign = () => {
    throw new Error('the vault is sealed\n    at Vault.js:3');
  };
  await assert.rejects(enroll, code('signer.failed', /^the signer refused or failed: the vault is sealed$/));
  signer.sign = async () => Promise.reject(new Error('no\u0007 connection'));
  await assert.rejects(enroll, code('signer.failed', /no connection$/));
  signer.sign = () => 'signature';
  await assert.rejects(enroll, code('signer.failed', /must return a Uint8Array/));
  signer.sign = () => undefined;
  await assert.rejects(enroll, code('signer.failed'));
  signer.sign = () => randomBytes(70);
  await assert.rejects(enroll, code('signer.bad_signature'));
  signer.sign = () => {
    throw { toString: () => { throw new Error(); } };
  };
  await assert.rejects(enroll, code('signer.failed'));
  assert.equal(await registry.devices.count({}), 0);
  signer.sign = work;
  await enroll();
  assert.equal(await registry.devices.count({}), 1);
  await registry.close();
});

test('a signer must have a usable public key and a method', async () => {
  await assert.rejects(makeCsr({}), code('input.invalid', /sign\(\)/));
  await assert.rejects(makeCsr({ sign() {} }), code('input.invalid', /publicKey/));
  await assert.rejects(makeCsr({ sign() {}, publicKey: Buffer.from('no key') }), code('key.malformed'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await assert.rejects(makeCsr({ sign() {}, publicKey: privateKey }), code('input.invalid'));
  assert.ok(createPublicKey(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))));
});

test('a store over Maps passes the conformance suite', () => checkStoreConformance(() => new MapStore()));

test('a store that promises passes it too', async () => {
  const methods = ['migrate', 'reserve', 'get', 'find', 'count', 'commit'];
  await checkStoreConformance(() => {
    const store = new MapStore();
    return Object.fromEntries(methods.map((name) => [name, async (...args) => store[name](...args)]));
  });
});

test('a store that is wrong does not pass', async () => {
  class Forgetful extends MapStore {
    commit() {}
  }
  await assert.rejects(() => checkStoreConformance(() => new Forgetful()), /does not conform:\n[^]*a_row_is_put/);
  await assert.rejects(() => checkStoreConformance(() => ({})), /does not conform/);
});

test('eight concurrent enrollments with a store in JavaScript finish', async () => {
  const store = new MapStore();
  const slow = Object.fromEntries(
    ['migrate', 'reserve', 'get', 'find', 'count', 'commit'].map((name) => [
      name,
      async (...args) => {
        await delay(1);
        return store[name](...args);
      },
    ]),
  );
  const registry = await open({ store: slow });
  const { credential } = await setUp(registry);
  const requests = await Promise.all(Array.from({ length: 8 }, () => request(credential)));
  const enrolled = await Promise.all(requests.map((one) => registry.devices.enroll(one, admin)));
  assert.equal(new Set(enrolled.map(({ device }) => device.id)).size, 8);
  assert.equal(await registry.devices.count({}), 8);
  await registry.close();
});

test('hundreds of calls that wait for callbacks, which need other threads, finish with a bounded number of threads', async () => {
  const registry = await open();
  const signer = kms();
  const { credential } = await setUp(registry, { signer });
  const plain = signer.sign;
  let most = 0;
  const threads = () => Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  let arrived = 0;
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  signer.sign = async (message) => {
    arrived += 1;
    if (arrived === 500) go();
    await Promise.race([gate, delay(5000, undefined, { ref: false })]);
    most = Math.max(most, threads());
    await makeKey('ed25519');
    return plain(message);
  };
  const requests = await Promise.all(Array.from({ length: 600 }, () => request(credential)));
  const enrolled = await Promise.all(requests.map((one) => registry.devices.enroll(one, admin)));
  assert.equal(enrolled.length, 600);
  assert.ok(arrived >= 600 && most < 700, `${most} threads`);
  await registry.close();
});

test('a registry on a store in JavaScript is there again', async () => {
  const store = new MapStore();
  const sealer = SoftwareSealer.generate();
  const first = await open({ store, sealer });
  const device = await first.devices.register({ name: 'lamp' }, admin);
  await first.close();
  const second = await open({ store, sealer });
  assert.equal((await second.devices.get(device.id)).name, 'lamp');
  await second.close();
  await assert.rejects(open({ store }), code('seal.wrong_key'));
});

test('a store says what is the matter, and what it answers is checked', async () => {
  const store = new MapStore();
  const registry = await open({ store });
  const device = await registry.devices.register({ name: 'lamp' }, admin);
  const get = () => registry.devices.get(device.id);
  const answers = async (wrong, wanted, text) => {
    store.get = wrong;
    await assert.rejects(get, code(wanted, text));
    delete store.get;
  };
  await answers(() => { throw new HostError('store.unavailable', 'the network is down'); }, 'store.unavailable', /the network is down/);
  await answers(() => { throw new HostError('store.full'); }, 'store.full');
  await answers(async () => { throw new Error('oops'); }, 'store.backend', /oops/);
  await answers(() => { throw null; }, 'store.backend');
  await answers(() => 'rows', 'store.backend', /must return an array/);
  await answers(() => [], 'store.contract');
  await answers(() => [{ key: 1n, version: 1n, values: [] }], 'store.contract');
  await answers(() => [{ key: 'one', version: 1n, values: [] }], 'store.backend', /bigint/);
  await answers(() => [{ key: 1n << 70n, version: 1n, values: [] }], 'store.contract');
  await answers((rows) => rows.map(({ key, table }) => ({ key, version: 1n, values: table.columns.map(() => ({})) })), 'store.backend', /neither/);
  await answers((rows) => rows.map(({ key, table }) => ({ key, version: -1, values: table.columns.map(() => null) })), 'store.contract');
  await answers((rows) => rows.map(({ key, table }) => ({ key, version: 1, values: table.columns.map(() => null) })), 'store.corrupt');
  store.find = () => ({ rows: null });
  await assert.rejects(registry.devices.find({ states: ['valid'] }), code('store.backend'));
  store.find = () => ({ rows: [], next: { value: Symbol('x'), key: 1n }, total: 0 });
  await assert.rejects(registry.devices.find(), code('store.backend'));
  delete store.find;
  store.reserve = () => 0;
  for (let more = 0; more < 100; more += 1) await registry.devices.register({ name: `n${more}` }, admin).catch(code('store.contract'));
  delete store.reserve;
  assert.equal((await get()).name, 'lamp');
  await registry.close();
});

test('a commit that fails leaves nothing half done', async () => {
  const store = new MapStore();
  const registry = await open({ store });
  store.commit = () => { throw new Error('the disk is gone'); };
  await assert.rejects(registry.devices.register({ name: 'lamp' }, admin), code('store.backend', /the disk is gone/));
  delete store.commit;
  assert.equal(await registry.devices.count({}), 0);
  await registry.devices.register({ name: 'lamp' }, admin);
  await registry.close();
});

/** AES-256-GCM of node:crypto. */
function vault() {
  const key = randomBytes(32);
  return {
    seal(associated, plaintext) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    async open(associated, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(associated).setAuthTag(sealed.subarray(-16));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      } catch {
        throw new HostError('seal.damaged', 'a place');
      }
    },
  };
}

test('a sealer, a clock and random bytes in JavaScript', async () => {
  const store = new MemoryStore();
  const sealer = vault();
  let now = new Date('2026-01-01T00:00:00Z');
  let asked = 0;
  const clock = { now: () => now };
  const random = { fill: (length) => { asked += length; return randomBytes(length); } };
  const registry = await open({ store, sealer, clock, random });
  const { root } = await setUp(registry);
  assert.equal(root.created.getTime(), now.getTime());
  assert.ok(asked > 0);
  now = new Date('2026-06-01T00:00:00Z');
  assert.equal((await registry.devices.register({}, admin)).created.getTime(), now.getTime());

  const works = { now: clock.now, fill: random.fill };
  clock.now = () => { throw new Error('no time'); };
  await assert.rejects(registry.devices.register({ name: 'a' }, admin), code('internal.clock_failed', /no time/));
  clock.now = () => new Date(NaN);
  await assert.rejects(registry.devices.register({ name: 'a' }, admin), code('internal.clock_failed', /invalid Date/));
  clock.now = () => 'noon';
  await assert.rejects(registry.devices.register({ name: 'a' }, admin), code('internal.clock_failed'));
  for (const extreme of [8.64e15, -8.64e15]) {
    clock.now = () => new Date(extreme);
    const device = await registry.devices.register({}, admin);
    assert.ok(Math.abs(device.created.getTime()) < 8.64e15);
  }
  clock.now = works.now;
  random.fill = () => Buffer.alloc(3);
  await assert.rejects(setUp(registry), (error) => error.code === 'internal.random_failed' || error.code === 'authority.name_taken');
  random.fill = works.fill;
  await registry.close();
  await assert.rejects(Registry.open(store, vault()), (error) => error.code.startsWith('seal.'));
  await assert.rejects(Registry.open(new MemoryStore(), { ...vault(), seal: () => { throw new Error('no key'); } }), code('seal.failed', /no key$/));
});

test('a callback that calls the registry gets an error, also across its awaits', async () => {
  const registry = await open();
  const signer = kms();
  const { credential, root } = await setUp(registry, { signer });
  const plain = signer.sign;
  const seen = [];
  signer.sign = async (message) => {
    await registry.authorities.get(root.id).catch((error) => seen.push(error.code));
    await delay(2);
    await registry.devices.count({}).catch((error) => seen.push(error.code));
    return plain(message);
  };
  await registry.devices.enroll(await request(credential), admin);
  assert.deepEqual([...new Set(seen)], ['input.called_back']);
  signer.sign = async (message) => {
    await registry.devices.count({});
    return plain(message);
  };
  await assert.rejects(registry.devices.enroll(await request(credential), admin), code('signer.failed', /inside a callback/));
  // What a callback leaves running may call again once the callback has returned.
  let later;
  signer.sign = (message) => {
    later ??= delay(50).then(() => registry.devices.count({}));
    return plain(message);
  };
  await registry.devices.enroll(await request(credential), admin);
  assert.equal(await later, 2);
  await registry.close();
});

test('bulk calls report, stop and are aborted between portions', async () => {
  const registry = await open();
  const new_ = Array.from({ length: 1500 }, (_, n) => ({ name: `lamp ${n}` }));
  const steps = [];
  const all = await registry.devices.registerMany(new_, { ...admin, onProgress: (done, total) => void steps.push([done, total]) });
  assert.ok(all.every((one) => one.status === 'fulfilled'));
  assert.deepEqual(steps, [[512, 1500], [1024, 1500], [1500, 1500]]);
  const again = new_.map(({ name }) => ({ name: `${name}b` }));
  const stopped = await registry.devices.registerMany(again, { ...admin, onProgress: () => false });
  assert.equal(stopped.filter((one) => one.status === 'fulfilled').length, 512);
  assert.equal(stopped.at(-1).reason.code, 'input.cancelled');
  const boom = new Error('boom');
  const third = new_.map(({ name }) => ({ name: `${name}c` }));
  await assert.rejects(registry.devices.registerMany(third, { onProgress: () => { throw boom; } }), (error) => error === boom);
  await assert.rejects(registry.devices.registerMany(third, { onProgress: async () => { throw boom; } }), (error) => error === boom);

  const controller = new AbortController();
  const fourth = new_.map(({ name }) => ({ name: `${name}d` }));
  const aborted = await registry.devices.registerMany(fourth, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  assert.ok(aborted.some((one) => one.reason?.code === 'input.cancelled'));
  await assert.rejects(registry.devices.registerMany(fourth, { signal: controller.signal }), { name: 'AbortError' });
  await assert.rejects(registry.devices.registerMany(fourth, { signal: {} }), code('input.invalid'));
  await assert.rejects(registry.devices.registerMany(fourth, { onProgress: 3 }), code('input.invalid'));
  let called;
  await registry.devices.registerMany([{ name: 'x' }], { onProgress: () => { called = registry.devices.count({}).catch((e) => e.code); } });
  assert.equal(await called, 'input.called_back');
  await registry.close();
});

test('an export goes to a function or a stream, whose failure is told', async () => {
  const { Writable } = await import('node:stream');
  const registry = await open();
  for (let n = 0; n < 5; n += 1) await registry.devices.register({ name: `lamp ${n}` }, admin);
  const pieces = [];
  const stream = new Writable({ write(chunk, _, done) { pieces.push(chunk); setImmediate(done); } });
  assert.equal(await registry.events.export({ action: 'device.register' }, stream), 5);
  assert.equal(Buffer.concat(pieces).toString().trim().split('\n').length, 5);
  const broken = () => { throw new Error('disk full'); };
  await assert.rejects(registry.events.export({}, broken), (error) => error instanceof Error && /disk full|written/.test(error.message));
  await assert.rejects(registry.events.export({}, 7), code('input.invalid'));
  await registry.close();
});
