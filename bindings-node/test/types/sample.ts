// What a strict compiler must accept, and what it must not.

import tegata = require('tegata');
import { generateKeyPairSync, sign } from 'node:crypto';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(_?: T): void => undefined;

export async function everyday(registry: tegata.Registry): Promise<void> {
  const enrolled = await registry.devices.enroll({ credential: Buffer.alloc(1), csr: '-----BEGIN' }, { actor: 'x' });
  same<Equal<typeof enrolled, tegata.Enrolled>>();
  same<Equal<typeof enrolled.issued.der, Buffer>>();
  same<Equal<typeof enrolled.device.product, string | null>>();
  same<Equal<typeof enrolled.enrollment, 'new' | 'admitted' | 'known' | 'renewed' | 'rekeyed'>>();

  for (const outcome of await registry.devices.disableMany([enrolled.device.id], { atomicity: 'all', signal: AbortSignal.timeout(9) })) {
    if (outcome.status === 'fulfilled') same<Equal<typeof outcome.value, tegata.Device>>();
    else same<Equal<typeof outcome.reason.code, tegata.ErrorCode>>();
  }
  for await (const device of registry.devices.iterate({ name: { type: 'starts-with', value: 'a' } })) {
    same<Equal<typeof device.created, Date>>();
  }
  const principal = await registry.authenticate({ type: 'certificate', certificate: enrolled.issued.der, proof: { type: 'tls-session' } });
  if (principal.type === 'device') same<Equal<typeof principal.device, string>>();
  const product = await registry.products.get(enrolled.device.product ?? '');
  same<Equal<typeof product.policy.quota, bigint | null>>();
  // What comes out goes in again.
  await registry.products.setEnrollmentPolicy(product.id, { ...product.policy, quota: 7 });
  const files = await registry.certificates.export(enrolled.issued.certificate.id, { type: 'files' });
  same<Equal<typeof files, tegata.PackedFile[]>>();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: tegata.Signer = { publicKey, sign: (message) => sign('sha256', message, privateKey) };
  await registry.authorities.createRoot({ name: 'root', subject: 'CN=Root', signer });
  await registry.groups.update('id', { certificateDays: null });
  same<Equal<(typeof tegata.errorCodes)[number], tegata.ErrorCode>>();

  await using second = await tegata.Registry.open(new tegata.MemoryStore(), tegata.SoftwareSealer.generate());
  same<Equal<typeof second, tegata.Registry>>();

  const made = await registry.devices.provision({ device: { name: 'meter' }, psk: { kind: 'readable' }, key: 'aes-128' });
  same<Equal<typeof made, tegata.Provisioned>>();
  if (made.psk === null || made.key === null) return;
  same<Equal<typeof made.psk.password, tegata.Secret<string> | null>>();
  same<Equal<typeof made.psk.secret, tegata.Secret<Buffer> | null>>();
  same<Equal<typeof made.key.value, tegata.Secret<Buffer>>>();
  const shown = await registry.authenticate({ type: 'psk', identity: made.psk.psk.identity, secret: made.psk.password ?? 'x' });
  if (shown.type === 'device' && shown.credential.type === 'psk') same<Equal<typeof shown.credential.value, tegata.PskId>>();
  if (shown.type === 'client') same<Equal<typeof shown.client, tegata.ClientId>>();
  const wrapped = await registry.keys.deliver(made.key.key.id, made.device.id, { actor: 'x' });
  same<Equal<ReturnType<typeof tegata.unwrapKey>, tegata.Secret<Buffer>>>();
  tegata.unwrapKey(wrapped, Buffer.alloc(16));
  for await (const due of registry.iterateDue({ until: new Date() })) {
    if (due.type === 'key') same<Equal<typeof due.value, tegata.SymmetricKey>>();
  }
  const ring = new tegata.SealingKeys(tegata.SoftwareSealer.generate(), [
    { seal: (_, plaintext) => plaintext, open: async (_, sealed) => sealed, isCurrent: async () => false },
  ]);
  const proxies = [{ name: 'edge', secrets: ['x'], headers: { ...tegata.ProxyHeaders.nginx(), verified: null } }] as const;
  await using third = await tegata.Registry.open(new tegata.MemoryStore(), ring, { proxies });
  same<Equal<Awaited<ReturnType<typeof third.reseal>>, tegata.Resealed>>();

  // @ts-expect-error a secret is no text
  made.psk.password?.toUpperCase();
  // @ts-expect-error an algorithm that does not exist
  await registry.keys.issue({ owner: { type: 'device', value: made.device.id }, algorithm: 'des' });
  // @ts-expect-error a product shows no credential
  if (shown.type === 'product') shown.credential;
  // @ts-expect-error a store does not seal
  new tegata.SealingKeys(new tegata.MemoryStore(), []);
  // @ts-expect-error a state that does not exist
  await registry.devices.find({ states: ['vaild'] });
  // @ts-expect-error a field that does not exist
  await registry.devices.register({ nam: 'x' });
  // @ts-expect-error a tag that does not exist
  await registry.devices.find({ name: { type: 'like', value: 'x' } });
  // @ts-expect-error a code that does not exist
  if (new tegata.HostError('store.full').code === 'store.fulll') return;
  // @ts-expect-error a missing field
  await registry.devices.enroll({ csr: 'x' });
  // @ts-expect-error no public constructor
  new tegata.Registry();
  // @ts-expect-error another object is no store
  await tegata.Registry.open({}, tegata.SoftwareSealer.generate());
  // @ts-expect-error a device of a product is not a product
  if (principal.type === 'product') principal.device;
  // @ts-expect-error results are read-only
  enrolled.device.name = 'x';
}
