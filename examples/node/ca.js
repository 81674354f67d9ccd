// What the service keeps: a registry in a folder, with a CA, two profiles and a product.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProfileSpec, Registry, SoftwareSealer, SqliteStore } from 'tegata';

const setup = { actor: 'setup' };

/** Opens the registry in `folder`, or makes it. */
export async function openRegistry(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = join(folder, 'sealing.key');
  // Whoever has this file and the database has the CA's key: keep them apart, or seal with a vault of your own.
  const sealer = existsSync(keyFile) ? await SoftwareSealer.fromFile(keyFile) : await SoftwareSealer.createFile(keyFile);
  const store = await SqliteStore.open(join(folder, 'registry.db'));
  const registry = await Registry.open(store, sealer);
  const authority = await rootOf(registry, folder);
  return {
    registry,
    authority,
    async close() {
      await registry.close();
      await store.close();
    },
  };
}

/** The CA; the first time, it is made along with a product whose credential goes into every unit. */
async function rootOf(registry, folder) {
  const { items } = await registry.authorities.find({ name: { type: 'is', value: 'devices' }, state: 'active' });
  if (items.length > 0) return items[0];
  const root = await registry.authorities.createRoot({ name: 'devices', subject: 'CN=Example Devices,O=Example' }, setup);
  const forProducts = await registry.profiles.put('product', ProfileSpec.productCredential(), setup);
  const forDevices = await registry.profiles.put('device', { ...ProfileSpec.device(), validityDays: 90 }, setup);
  const { credential } = await registry.products.register(
    {
      spec: { name: 'Camera 3', enrollment: { unitRequired: true } },
      authority: root.id,
      credentialProfile: forProducts.id,
      deviceProfile: forDevices.id,
    },
    setup,
  );
  writeFileSync(join(folder, 'product.pem'), credential.issued.fullchainPem);
  writeFileSync(join(folder, 'product.key'), credential.keyPem.expose(), { mode: 0o600 });
  return root;
}
