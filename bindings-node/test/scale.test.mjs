// Stores by address, copies, backups, housekeeping, CRLs, OCSP and the log as evidence, as JavaScript uses them.

import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as tegata from 'tegata';

const { Registry, SoftwareSealer, FixedClock, openStore } = tegata;
const folder = mkdtempSync(join(tmpdir(), 'tegata-'));
after(() => rmSync(folder, { recursive: true }));
const address = (name) => `sqlite:${join(folder, name)}`;

test('a store is named by its address, and is closed with its registry', async () => {
  const sealer = SoftwareSealer.generate();
  const registry = await Registry.open(address('live.db'), sealer);
  const lamp = await registry.devices.register({ name: 'lamp' });
  const told = [];
  const copied = await registry.copyTo(address('copy.db'), { actor: 'admin', onProgress: (...at) => void told.push(at) });
  assert.ok(copied.rows > 0 && copied.rows === copied.written && told.length > 0);
  await assert.rejects(registry.copyTo('memory:', { onProgress: () => false }), { code: 'input.cancelled' });
  await registry.close();
  const store = await openStore(`${address('copy.db')}?create=false`);
  const copy = await Registry.open(store, sealer);
  assert.equal((await copy.devices.get(lamp.id)).name, 'lamp');
  await copy.close();
  await store.close();
  for (const wrong of ['redis://secret', 'registry.db', 'memory:x']) {
    await assert.rejects(Registry.open(wrong, sealer), (error) => error.code === 'input.invalid' && !error.message.includes('secret'));
  }
});

test('a PostgreSQL registry moves and its password is shown nowhere', { skip: !process.env.TEGATA_POSTGRES_URL }, async () => {
  const url = `${process.env.TEGATA_POSTGRES_URL}${process.env.TEGATA_POSTGRES_URL.includes('?') ? '&' : '?'}schema=node`;
  const sealer = SoftwareSealer.generate();
  const registry = await Registry.open('memory:', sealer);
  const lamp = await registry.devices.register({ name: 'lamp' });
  await registry.copyTo(url);
  const moved = await Registry.open(url, sealer);
  assert.equal((await moved.devices.get(lamp.id)).name, 'lamp');
  await moved.close();
  const refused = tegata.PostgresStore.connect('postgres://user:secret@127.0.0.1:1/x', { wait: 1, connectTimeout: 100 });
  await assert.rejects(refused, (error) => error.code === 'store.unavailable' && !error.message.includes('secret'));
});

test('a backup is a file of its own and is noticed when it is opened', async () => {
  const sealer = SoftwareSealer.generate();
  const registry = await Registry.open(address('saved.db'), sealer);
  const path = join(folder, 'backup.db');
  const backup = await registry.backup(path, { actor: 'admin' });
  assert.equal(backup.bytes, statSync(path).size);
  const later = await registry.devices.register({ name: 'later' });
  await registry.close();
  const restored = await Registry.open(address('backup.db'), sealer);
  assert.deepEqual(await restored.reportSeen([{ type: 'device', value: later.id }]), ['lost']);
  const found = await restored.checkIntegrity();
  assert.ok(found.isSound && found.rows > 0);
  await restored.close();
});

test('what goes is in the archive first, and an archive that fails keeps it', async () => {
  const clock = FixedClock.at(new Date('2026-01-01T00:00:00Z'));
  const registry = await Registry.open('memory:', SoftwareSealer.generate(), { clock });
  await registry.devices.register({ name: 'lamp' }, { requestId: 'once' });
  clock.advance(40 * 86_400);
  assert.deepEqual((await registry.maintainable()).removed, { requests: 1 });
  await assert.rejects(
    registry.maintain({}, () => {
      throw new Error('the tape is full');
    }),
  );
  let archive = '';
  const done = await registry.maintain({ requestDays: 7 }, (chunk) => void (archive += chunk), { actor: 'keeper' });
  assert.equal(done.total, 1);
  assert.equal(JSON.parse(archive).record, 'requests');
});

test('CRLs are made in shards when they are due, and OCSP answers what they say', async () => {
  const registry = await Registry.open('memory:', SoftwareSealer.generate());
  const root = await registry.authorities.createRoot({ name: 'root', subject: 'CN=Root' });
  const urls = ['http://crl.example.com/{authority}/{shard}.crl'];
  assert.equal((await registry.authorities.setCrlPolicy(root.id, { shards: 2, urls })).crlPolicy.shards, 2);
  const profile = await registry.profiles.put('device', tegata.ProfileSpec.device());
  const csr = await tegata.makeCsr(await tegata.makeKey('ecdsa-p256'), 'CN=x');
  const issued = await registry.certificates.issue({ csr, profile: profile.id, authority: root.id });
  const { shard } = issued.certificate;
  const due = [];
  for await (const item of registry.iterateDue({ until: new Date(), kinds: ['crl'] })) due.push(item.value.shard);
  assert.ok(due.includes(shard));
  assert.ok((await registry.authorities.refreshCrls(new Date())).every(({ status }) => status === 'fulfilled'));
  const request = tegata.makeOcspRequest([issued.der], root.certificate);
  const answer = await registry.ocsp.respond(request);
  assert.equal(answer.headers['Content-Type'], 'application/ocsp-response');
  assert.deepEqual(tegata.checkOcsp(answer.der, issued.der, root.certificate).status, { type: 'good' });
  await registry.certificates.revoke(issued.certificate.id, 'superseded');
  const { status } = tegata.checkOcsp((await registry.ocsp.respond(request)).der, issued.der, root.certificate);
  assert.equal(status.reason, 'superseded');
  assert.equal((await registry.authorities.crl(root.id, { shard })).entries, 1);
  assert.equal((await registry.authorities.currentCrl(root.id, { shard })).shard, shard);
});

test('an exported log is verified without the registry', async () => {
  const registry = await Registry.open('memory:', SoftwareSealer.generate());
  for (let n = 0; n < 20; n += 1) await registry.devices.register({ name: `device ${n}` });
  const checkpoint = await registry.events.checkpoint({ actor: 'auditor' });
  assert.equal((await registry.events.verify({ known: [checkpoint.note] })).first, null);
  const key = await registry.events.publicKey();
  let log = '';
  await registry.events.exportLog(null, (chunk) => void (log += chunk));
  assert.equal((await tegata.verifyExport(log, key)).first, null);
  assert.ok((await tegata.verifyExport(log.replace('device.register', 'device.registry'), key)).first.line > 0);
  const [event] = (await registry.events.find()).items;
  const proof = await registry.events.prove(event.id);
  tegata.verifyEvent(proof.event, proof.proof, key);
  assert.throws(() => tegata.verifyEvent(proof.event.replace('register', 'registry'), proof.proof, key), tegata.TegataError);
});
