// Wrong arguments, closed registries, worker threads, and processes that end with calls under way.

import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { inspect } from 'node:util';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  Devices, FixedClock, InvalidInputError, MemoryStore, PrivateKey, ProfileSpec, Registry, Secret, SoftwareSealer, SqliteStore,
  Statement, TegataError, csrPem, makeCsr, makeKey, parseCsr,
} from 'tegata';
import { admin, open, request, setUp } from './support/registry.mjs';

const invalid = (text = /./) => (error) => {
  assert.ok(error instanceof InvalidInputError, error.stack);
  assert.equal(error.code, 'input.invalid');
  assert.match(error.message, text);
  return true;
};

test('arguments of the wrong kind are refused by name, as a rejection', async () => {
  const registry = await open();
  const { credential } = await setUp(registry);
  const csr = await makeCsr(await makeKey('ecdsa-p256'));
  const { devices } = registry;
  for (const [args, text] of [
    [[], /request is missing; it must be an object/],
    [[null], /request must be an object, not null/],
    [['csr'], /request must be an object, not a string/],
    [[[]], /request must be an object, not an array/],
    [[{ csr }], /request.credential is missing/],
    [[{ credential, csr: 7 }], /request.csr must be .* not a number/],
    [[{ credential, csr: new Uint16Array(4) }], /request.csr/],
    [[{ credential, csr, name: 7 }], /request.name must be a string/],
    [[{ credential, csr, name: {} }], /request.name/],
    [[{ credential, csr, attributes: [] }], /request.attributes must be an object/],
    [[{ credential, csr, attributes: { more: { floor: 3 } } }], /request.attributes.more.floor/],
    [[{ credential, csr }, 'admin'], /call must be an object/],
    [[{ credential, csr }, { actor: Symbol('x') }], /call.actor/],
    [[{ credential, csr }, { requestId: 1 }], /call.requestId/],
  ]) {
    await assert.rejects(devices.enroll(...args), invalid(text));
  }
  await assert.rejects(devices.registerMany(), invalid(/new is missing/));
  await assert.rejects(devices.registerMany([{ name: 'a' }, 3]), invalid(/new\[1\] must be an object/));
  await assert.rejects(devices.registerMany([], { atomicity: 'some' }), invalid(/atomicity must be one of all, each/));
  await assert.rejects(devices.updateMany([['id']]), invalid(/changes\[0\] must be an array of two/));
  await assert.rejects(devices.disableMany([null]), invalid());
  await assert.rejects(devices.get(), invalid());
  await assert.rejects(devices.get({ toString: () => 'x' }), invalid());
  await assert.rejects(devices.find({ states: 'valid' }), invalid(/filter.states must be an array/));
  await assert.rejects(devices.find({ states: ['vaild'] }), invalid(/must be one of discovered, valid/));
  await assert.rejects(devices.find({ name: { type: 'like', value: 'x' } }), invalid(/filter.name.type must be one of contains, is, starts-with/));
  await assert.rejects(devices.find({}, { limit: -1 }), invalid(/page.limit/));
  await assert.rejects(devices.find({}, { limit: 1.5 }), invalid(/page.limit/));
  await assert.rejects(devices.find({}, { limit: 2 ** 32 }), invalid(/page.limit/));
  await assert.rejects(devices.find({}, { limit: NaN }), invalid(/page.limit/));
  await assert.rejects(registry.due({ until: '2026-01-01' }), invalid(/due.until must be a Date/));
  await assert.rejects(registry.due({ until: new Date('nonsense') }), invalid(/due.until is an invalid Date/));
  await assert.rejects(makeKey('dsa'), invalid());
  assert.throws(() => parseCsr(undefined), invalid());
  assert.throws(() => csrPem('text'), invalid());
  assert.throws(() => FixedClock.at(5), invalid());
  await registry.close();
});

test('numbers of 64 bits and extreme dates neither wrap nor fail', async () => {
  const registry = await open();
  const { product } = await setUp(registry);
  const set = (policy) => registry.products.setEnrollmentPolicy(product.product.id, policy, admin);
  for (const quota of [2n ** 63n - 1n, 2n ** 53n + 1n, 7]) {
    assert.equal((await set({ quota })).policy.quota, BigInt(quota));
  }
  for (const quota of [-1, -1n, 2n ** 64n, 1.5, 2 ** 53, '7', NaN]) await assert.rejects(set({ quota }), invalid(/policy.quota/));
  for (const opens of [new Date(8.64e15), new Date(-8.64e15), new Date(0), new Date(-1)]) {
    const { policy } = await set({ opens });
    assert.ok(policy.opens instanceof Date && !Number.isNaN(policy.opens.getTime()));
  }
  const clock = FixedClock.at(new Date(0));
  clock.advance(2n ** 63n - 1n);
  assert.ok(clock.now().getTime() > 0);
  clock.advance(-(2n ** 63n));
  assert.ok(clock.now().getTime() < 0);
  assert.throws(() => clock.advance(2n ** 63n), invalid());
  assert.throws(() => clock.advance(0.5), invalid());
  clock.set(new Date(-8.64e15));
  await registry.close();
});

test('objects that misbehave while they are read harm nobody', async () => {
  const registry = await open();
  const boom = new Error('boom');
  const trap = { get name() { throw boom; } };
  await assert.rejects(registry.devices.register(trap), (error) => error === boom);
  await assert.rejects(registry.devices.register(new Proxy({}, { get() { throw boom; } })), (error) => error === boom);
  const more = JSON.parse('{"__proto__": "x", "constructor": "y"}');
  const device = await registry.devices.register({ name: 'lamp', attributes: { more } }, admin);
  assert.deepEqual(Object.keys(device.attributes.more).sort(), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(device.attributes.more), Object.prototype);
  assert.equal(({}).x, undefined);
  const cyclic = [];
  cyclic.push(cyclic);
  await assert.rejects(registry.devices.registerMany(cyclic), invalid());
  const odd = await registry.devices.register({ name: 'a\u2028"\\b\ud83d\ude00' }, admin).catch((error) => error);
  assert.ok(odd instanceof TegataError || odd.name.includes('\u2028'));
  await assert.rejects(registry.devices.register({ name: 'x'.repeat(1e6) }), TegataError);
  const lone = await registry.devices.register({ name: 'lone \ud800' }, admin);
  assert.equal(lone.name, 'lone \ufffd');
  await registry.close();
});

test('a list is copied, whatever class it is of', async () => {
  const registry = await open();
  let copy;
  class Odd extends Array {
    static get [Symbol.species]() {
      return function () {
        return (copy = []);
      };
    }
  }
  const states = Odd.from(['valid']);
  const filter = {
    states,
    get unit() {
      // What runs while the native half reads its arguments, and calls it.
      if (copy) Object.defineProperty(copy, 0, { get: () => FixedClock.at(new Date(0)) && 'valid' });
      return undefined;
    },
  };
  assert.deepEqual((await registry.devices.find(filter)).items, []);
  assert.equal(copy, undefined);
  await registry.close();
});

test('a signal that is none keeps no call from its end', async () => {
  const registry = await open();
  const signal = { aborted: false, addEventListener() {}, removeEventListener() { throw new Error('no'); } };
  const [one, two] = await Promise.all([
    registry.devices.registerMany([{ name: 'one' }], { signal }),
    registry.devices.register({ name: 'two' }),
  ]);
  assert.deepEqual([one[0].status, two.name], ['fulfilled', 'two']);
  await registry.close();
});

test('closing from inside a callback is refused, since each would wait for the other', async () => {
  const registry = await open();
  const progress = () => registry.close();
  const many = registry.devices.registerMany([{ name: 'one' }], { onProgress: progress });
  await assert.rejects(many, { code: 'input.called_back' });
  await registry.close();
});

test('a closed registry refuses every call, and closing waits for calls under way', async () => {
  const registry = await open();
  const { credential } = await setUp(registry);
  const requests = await Promise.all(Array.from({ length: 8 }, () => request(credential)));
  const calls = requests.map((one) => registry.devices.enroll(one).then(() => true, (error) => error.code === 'store.closed'));
  const settled = [];
  calls.forEach((call) => call.then(() => settled.push(call)));
  await registry.close();
  assert.equal(settled.length, 8);
  assert.deepEqual(await Promise.all(calls), calls.map(() => true));
  await assert.rejects(registry.devices.count({}), { code: 'store.closed', kind: 'State' });
  await assert.rejects(registry.counts(), { code: 'store.closed' });
  await registry.close();
});

test('a closed database refuses its registries and is there for others', async () => {
  const { mkdtempSync, rmSync, existsSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/tegata-node-');
  const file = `${folder}/r.db`;
  const sealer = await SoftwareSealer.createFile(`${folder}/key`);
  const store = await SqliteStore.open(file);
  const registry = await open({ store, sealer });
  await registry.devices.register({ name: 'lamp' }, admin);
  await store.close();
  assert.ok(!existsSync(`${file}-wal`), 'the log is folded in');
  await assert.rejects(registry.devices.count({}), { code: 'store.closed' });
  await assert.rejects(open({ store, sealer }), { code: 'store.closed' });
  const again = await SqliteStore.open(file, { create: false, maxSize: 1n << 30n });
  const second = await open({ store: again, sealer: await SoftwareSealer.fromFile(`${folder}/key`) });
  assert.equal(await second.devices.count({}), 1);
  if (Symbol.asyncDispose !== undefined) {
    await second[Symbol.asyncDispose]();
    await again[Symbol.asyncDispose]();
  }
  rmSync(folder, { recursive: true });
});

test('our objects cannot be forged or confused', async () => {
  assert.throws(() => new Registry(), TypeError);
  assert.throws(() => new PrivateKey(), TypeError);
  assert.throws(() => new SqliteStore(), TypeError);
  await assert.rejects(new Devices({}).get('aaaaaaaaaaaaaaaaaaaaaaaaaa'), invalid());
  await assert.rejects(new Devices().get('aaaaaaaaaaaaaaaaaaaaaaaaaa'), invalid());
  const key = await makeKey('ed25519');
  await assert.rejects(Registry.open(key, SoftwareSealer.generate()), invalid(/store must not be a PrivateKey/));
  await assert.rejects(Registry.open(new MemoryStore(), new MemoryStore()), invalid(/sealer/));
  await assert.rejects(Registry.open(new MemoryStore(), SoftwareSealer.generate(), 3), invalid(/options/));
  await assert.rejects(Registry.open(), invalid(/store/));
  assert.throws(() => PrivateKey.prototype.sign.call({}, Buffer.alloc(1)), invalid());
  assert.throws(() => Object.create(PrivateKey.prototype).sign(Buffer.alloc(1)), invalid());
  assert.throws(() => key.sign('text'), invalid(/message/));
  assert.throws(() => Statement.message('nothing', Buffer.alloc(1)), invalid());
  assert.throws(() => SoftwareSealer.fromKey(Buffer.alloc(31)), { code: 'seal.key_length' });
  assert.throws(() => ProfileSpec.toJson({ keys: ['rsa-1'] }), invalid(/keys\[0\]/));
});

test('an error says who called', async () => {
  const registry = await open();
  const whoCalled = async () => {
    await registry.devices.get('aaaaaaaaaaaaaaaaaaaaaaaaaa');
  };
  await assert.rejects(whoCalled(), (error) => {
    assert.match(error.stack, /^NotFoundError: no device/);
    return /whoCalled/.test(error.stack);
  });
  await registry.close();
});

test('secrets are not shown', async () => {
  const key = await makeKey('ecdsa-p256');
  const pem = key.toPkcs8Pem();
  for (const text of [inspect(pem), String(pem), JSON.stringify({ pem }), inspect({ deep: { pem } }, { depth: 9, showHidden: true }), `${key}`, inspect(key)]) {
    assert.doesNotMatch(text, /PRIVATE|MIG/);
  }
  assert.match(pem.expose(), /^-----BEGIN PRIVATE KEY/);
  assert.ok(pem instanceof Secret);
  assert.ok(Buffer.isBuffer(key.toPkcs8Der().expose()));
  const again = PrivateKey.fromBytes(pem);
  assert.deepEqual(again.publicKey.spki, key.publicKey.spki);
  const registry = await open();
  const { product } = await setUp(registry);
  assert.doesNotMatch(inspect(product, { depth: 9 }), /PRIVATE KEY/);
  assert.match(product.credential.keyPem.expose(), /PRIVATE KEY/);
  await registry.close();
});

/** Runs a program with the package and resolves to its exit code and output; it must end by itself. */
function program(source) {
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', source];
    execFile(process.execPath, args, { timeout: 20_000, cwd: import.meta.dirname ?? new URL('.', import.meta.url).pathname }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}

const PRELUDE = `
import * as t from 'tegata';
const registry = await t.Registry.open(new t.MemoryStore(), t.SoftwareSealer.generate());
`;

test('a program ends when it has nothing left to do', async () => {
  const { code, stdout, stderr } = await program(`${PRELUDE} console.log(await registry.devices.count({}));`);
  assert.deepEqual([code, stdout], [0, '0\n'], stderr);
});

test('calls under way keep a program alive', async () => {
  const { code, stdout } = await program(`${PRELUDE}
    const many = Array.from({ length: 3000 }, (_, n) => ({ name: 'n' + n }));
    registry.devices.registerMany(many).then((all) => console.log(all.length));`);
  assert.deepEqual([code, stdout], [0, '3000\n']);
});

test('a callback that never answers does not keep a program alive', async () => {
  const { code, stderr } = await program(`
    import * as t from 'tegata';
    const sealer = { seal: () => new Promise(() => {}), open: () => new Promise(() => {}) };
    t.Registry.open(new t.MemoryStore(), sealer).then(() => console.log('opened'));`);
  assert.equal(code, 0, stderr);
});

test('a program may exit with calls under way', async () => {
  for (const wait of [0, 1, 5]) {
    const { code, stderr } = await program(`${PRELUDE}
      const many = Array.from({ length: 20000 }, (_, n) => ({ name: 'n' + n }));
      registry.devices.registerMany(many, { onProgress: () => {} });
      for (let n = 0; n < 50; n += 1) t.makeKey('ecdsa-p384');
      setTimeout(() => process.exit(7), ${wait});`);
    assert.equal(code, 7, stderr);
  }
});

test('a program may exit inside a callback', async () => {
  const { code, stderr } = await program(`
    import * as t from 'tegata';
    await t.Registry.open(new t.MemoryStore(), { seal: () => process.exit(9), open() {} });`);
  assert.equal(code, 9, stderr);
});

const WORKER = `
const { parentPort } = require('node:worker_threads');
const t = require('tegata');
(async () => {
  const registry = await t.Registry.open(new t.MemoryStore(), t.SoftwareSealer.generate());
  await registry.devices.register({ name: 'lamp' });
  parentPort.postMessage(await registry.devices.count({}));
  parentPort.on('message', async (what) => {
    if (what === 'busy') {
      const many = Array.from({ length: 20000 }, (_, n) => ({ name: 'n' + n }));
      registry.devices.registerMany(many, { onProgress: () => parentPort.postMessage('working') });
      const never = { seal: () => new Promise(() => {}), open() {} };
      t.Registry.open(new t.MemoryStore(), never);
    } else {
      await registry.close();
      parentPort.close();
    }
  });
})();
`;

test('worker threads have registries of their own', async () => {
  const workers = Array.from({ length: 3 }, () => new Worker(WORKER, { eval: true }));
  const counts = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
  assert.deepEqual(counts, [1, 1, 1]);
  const exits = workers.map((worker) => once(worker, 'exit'));
  workers.forEach((worker) => worker.postMessage('end'));
  assert.deepEqual(await Promise.all(exits), [[0], [0], [0]]);
});

test('a worker can be terminated with calls under way, and the others go on', async () => {
  const registry = await open();
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(WORKER, { eval: true });
    await once(worker, 'message');
    worker.postMessage('busy');
    await once(worker, 'message');
    await worker.terminate();
    await registry.devices.register({}, admin);
  }
  assert.equal(await registry.devices.count({}), 5);
  await registry.close();
});

test('a program that only uses a worker ends well after it is terminated', async () => {
  const { code, stderr, stdout } = await program(`
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true, execArgv: [] });
    await once(worker, 'message');
    worker.postMessage('busy');
    await once(worker, 'message');
    await worker.terminate();
    await new Promise((done) => setTimeout(done, 300));
    console.log('well');`);
  assert.deepEqual([code, stdout], [0, 'well\n'], stderr);
});
