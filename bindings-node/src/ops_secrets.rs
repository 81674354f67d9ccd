//! The operations on pre-shared keys, symmetric keys, campaigns and clients, and those that need no registry.

use std::sync::Arc;

use tegata::model::{Campaign, Client, KeyVersion, Psk, SymmetricKey};
use tegata::store::{Sealer, SealingKeys};
use tegata::symmetric::{CheckMethod, CheckValue, PskPolicy, SymmetricAlgorithm, WrappedKey};
use tegata::{
    CampaignFilter, CampaignId, CampaignPreview, CampaignProgress, ClientFilter, ClientId, Credentials, DeviceId,
    DueItem, IssuedKey, IssuedPsk, KeyFilter, KeyId, KeyMatch, Listing, NewCampaign, NewClient, NewKey, NewPsk, Page,
    Provision, Provisioned, ProxyHeaders, PskFilter, PskFormat, PskId, RegisteredClient, Resealed, Result, RotateKey,
    RotatePsk, Secret, Selection, check_value, generate_password, unwrap_key,
};

use crate::handle::Handle;
use crate::ops::{MadeKeys, operations};

type Call = tegata::Call;
type Each<T> = Vec<Result<T>>;

operations! { LIST:
    "campaigns.advance" (id: CampaignId, call: Call) -> Campaign
        = |it| it.registry()?.campaigns().advance(id, &call)?;
    "campaigns.cancel" (id: CampaignId, call: Call) -> Campaign
        = |it| it.registry()?.campaigns().cancel(id, &call)?;
    "campaigns.find" (filter: CampaignFilter, page: Page) -> Listing<Campaign>
        = |it| it.registry()?.campaigns().find(&filter, &page)?;
    "campaigns.get" (id: CampaignId) -> Campaign
        = |it| it.registry()?.campaigns().get(id)?;
    "campaigns.pause" (id: CampaignId, call: Call) -> Campaign
        = |it| it.registry()?.campaigns().pause(id, &call)?;
    "campaigns.preview" (selection: Selection) -> CampaignPreview
        = |it| it.registry()?.campaigns().preview(&selection)?;
    "campaigns.progress" (id: CampaignId) -> CampaignProgress
        = |it| it.registry()?.campaigns().progress(id)?;
    "campaigns.resume" (id: CampaignId, call: Call) -> Campaign
        = |it| it.registry()?.campaigns().resume(id, &call)?;
    "campaigns.start" (new: NewCampaign, call: Call) -> Campaign
        = |it| it.registry()?.campaigns().start(&new, &call)?;
    "campaigns.stragglers" (id: CampaignId, page: Page) -> Listing<DueItem>
        = |it| it.registry()?.campaigns().stragglers(id, &page)?;
    "devices.credentials" (id: DeviceId) -> Credentials
        = |it| it.registry()?.devices().credentials(id)?;
    "devices.provision" (wish: Provision, call: Call) -> Provisioned
        = |it| it.registry()?.devices().provision(&wish, &call)?;
    "devices.provision_many" (wishes: Vec<Provision>, call: Call) bulk -> Each<Provisioned>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().provision_many(&wishes, bulk, &call))? };
    "keys.check_value" (id: KeyId, method: CheckMethod, version: Option<u32>) -> CheckValue
        = |it| it.registry()?.keys().check_value(id, method, version)?;
    "keys.count" (filter: KeyFilter) -> u64
        = |it| it.registry()?.keys().count(&filter)?;
    "keys.deliver" (id: KeyId, device: DeviceId, call: Call) -> WrappedKey
        = |it| it.registry()?.keys().deliver(id, device, &call)?;
    "keys.deliver_clear" (id: KeyId, device: DeviceId, call: Call) -> IssuedKey
        = |it| it.registry()?.keys().deliver_clear(id, device, &call)?;
    "keys.destroy" (id: KeyId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().destroy(id, &call)?;
    "keys.destroy_many" (ids: Vec<KeyId>, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().destroy_many(&ids, bulk, &call))? };
    "keys.end_grace" (id: KeyId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().end_grace(id, &call)?;
    "keys.erase_expired" (call: Call) -> u64
        = |it| it.registry()?.keys().erase_expired(&call)?;
    "keys.find" (filter: KeyFilter, page: Page) -> Listing<SymmetricKey>
        = |it| it.registry()?.keys().find(&filter, &page)?;
    "keys.get" (id: KeyId, version: Option<u32>, call: Call) -> IssuedKey
        = |it| it.registry()?.keys().get(id, version, &call)?;
    "keys.get_many" (ids: Vec<KeyId>, call: Call) bulk -> Each<IssuedKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().get_many(&ids, bulk, &call))? };
    "keys.holders" (id: KeyId) -> Vec<DeviceId>
        = |it| it.registry()?.keys().holders(id)?;
    "keys.issue" (new: NewKey, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().issue(&new, &call)?;
    "keys.issue_many" (new: Vec<NewKey>, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().issue_many(&new, bulk, &call))? };
    "keys.mark_compromised" (id: KeyId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().mark_compromised(id, &call)?;
    "keys.mark_compromised_many" (ids: Vec<KeyId>, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().mark_compromised_many(&ids, bulk, &call))? };
    "keys.record" (id: KeyId) -> SymmetricKey
        = |it| it.registry()?.keys().record(id)?;
    "keys.resume" (id: KeyId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().resume(id, &call)?;
    "keys.resume_many" (ids: Vec<KeyId>, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().resume_many(&ids, bulk, &call))? };
    "keys.rotate" (id: KeyId, rotate: RotateKey, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().rotate(id, &rotate, &call)?;
    "keys.rotate_many" (ids: Vec<KeyId>, rotate: RotateKey, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().rotate_many(&ids, &rotate, bulk, &call))? };
    "keys.share" (id: KeyId, device: DeviceId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().share(id, device, &call)?;
    "keys.suspend" (id: KeyId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().suspend(id, &call)?;
    "keys.suspend_many" (ids: Vec<KeyId>, call: Call) bulk -> Each<SymmetricKey>
        = |it| { it.many()?.run(|bulk| it.registry()?.keys().suspend_many(&ids, bulk, &call))? };
    "keys.unshare" (id: KeyId, device: DeviceId, call: Call) -> SymmetricKey
        = |it| it.registry()?.keys().unshare(id, device, &call)?;
    "keys.verify" (id: KeyId, presented: Secret<Vec<u8>>) -> Option<KeyMatch>
        = |it| it.registry()?.keys().verify(id, presented.expose())?;
    "keys.verify_check_value" (id: KeyId, presented: CheckValue) -> Option<KeyMatch>
        = |it| it.registry()?.keys().verify_check_value(id, &presented)?;
    "keys.versions" (id: KeyId) -> Vec<KeyVersion>
        = |it| it.registry()?.keys().versions(id)?;
    "psks.delete" (id: PskId, call: Call) -> Psk
        = |it| it.registry()?.psks().delete(id, &call)?;
    "psks.delete_many" (ids: Vec<PskId>, call: Call) bulk -> Each<Psk>
        = |it| { it.many()?.run(|bulk| it.registry()?.psks().delete_many(&ids, bulk, &call))? };
    "psks.end_grace" (id: PskId, call: Call) -> Psk
        = |it| it.registry()?.psks().end_grace(id, &call)?;
    "psks.erase_expired" (call: Call) -> u64
        = |it| it.registry()?.psks().erase_expired(&call)?;
    "psks.export" (filter: PskFilter, format: PskFormat, call: Call) -> Secret<Vec<u8>>
        = |it| it.registry()?.psks().export(&filter, format, &call)?;
    "psks.find" (filter: PskFilter, page: Page) -> Listing<Psk>
        = |it| it.registry()?.psks().find(&filter, &page)?;
    "psks.get" (id: PskId) -> Psk
        = |it| it.registry()?.psks().get(id)?;
    "psks.issue" (new: NewPsk, call: Call) -> IssuedPsk
        = |it| it.registry()?.psks().issue(&new, &call)?;
    "psks.issue_many" (new: Vec<NewPsk>, call: Call) bulk -> Each<IssuedPsk>
        = |it| { it.many()?.run(|bulk| it.registry()?.psks().issue_many(&new, bulk, &call))? };
    "psks.read" (id: PskId, call: Call) -> IssuedPsk
        = |it| it.registry()?.psks().read(id, &call)?;
    "psks.resume" (id: PskId, call: Call) -> Psk
        = |it| it.registry()?.psks().resume(id, &call)?;
    "psks.resume_many" (ids: Vec<PskId>, call: Call) bulk -> Each<Psk>
        = |it| { it.many()?.run(|bulk| it.registry()?.psks().resume_many(&ids, bulk, &call))? };
    "psks.rotate" (id: PskId, rotate: RotatePsk, call: Call) -> IssuedPsk
        = |it| it.registry()?.psks().rotate(id, &rotate, &call)?;
    "psks.rotate_many" (ids: Vec<PskId>, rotate: RotatePsk, call: Call) bulk -> Each<IssuedPsk>
        = |it| { it.many()?.run(|bulk| it.registry()?.psks().rotate_many(&ids, &rotate, bulk, &call))? };
    "psks.suspend" (id: PskId, call: Call) -> Psk
        = |it| it.registry()?.psks().suspend(id, &call)?;
    "psks.suspend_many" (ids: Vec<PskId>, call: Call) bulk -> Each<Psk>
        = |it| { it.many()?.run(|bulk| it.registry()?.psks().suspend_many(&ids, bulk, &call))? };
    "psks.verify" (identity: String, secret: Secret<Vec<u8>>) -> bool
        = |it| it.registry()?.psks().verify(&identity, secret.expose())?;
    "registry.reseal" (call: Call) bulk -> Resealed
        = |it| { it.many()?.run(|bulk| it.registry()?.reseal(bulk, &call))? };

    "clients.register" (new: NewClient, call: Call) -> RegisteredClient
        = |it| it.registry()?.clients().register(&new, &call)?;
    "clients.check_licence" (licence: Secret<String>) -> ClientId
        = |it| it.registry()?.clients().check_licence(licence.expose())?;
    "clients.get" (id: ClientId) -> Client = |it| it.registry()?.clients().get(id)?;
    "clients.find" (filter: ClientFilter, page: Page) -> Listing<Client>
        = |it| it.registry()?.clients().find(&filter, &page)?;
    "clients.rotate_password" (id: ClientId, call: Call) -> Secret<String>
        = |it| it.registry()?.clients().rotate_password(id, &call)?;
    "clients.rotate_licence" (id: ClientId, call: Call) -> Secret<String>
        = |it| it.registry()?.clients().rotate_licence(id, &call)?;
    "clients.suspend" (id: ClientId, call: Call) -> Client
        = |it| it.registry()?.clients().suspend(id, &call)?;
    "clients.resume" (id: ClientId, call: Call) -> Client
        = |it| it.registry()?.clients().resume(id, &call)?;
    "clients.delete" (id: ClientId, call: Call) -> Client
        = |it| it.registry()?.clients().delete(id, &call)?;

    "check_value" (algorithm: SymmetricAlgorithm, key: Secret<Vec<u8>>, method: CheckMethod) sync -> CheckValue
        = |_it| check_value(algorithm, key.expose(), method)?;
    "generate_password" (policy: PskPolicy) sync -> Secret<String> = |_it| generate_password(&policy)?;
    "unwrap_key" (wrapped: WrappedKey, psk: Secret<Vec<u8>>) sync -> Secret<Vec<u8>>
        = |_it| Secret::new(unwrap_key(&wrapped, psk.expose())?.expose().to_vec());
    "PskPolicy.entropy_bits" (this: PskPolicy) sync -> u32 = |_it| this.entropy_bits();
    "IssuedPsk.password" (secret: Secret<Vec<u8>>) sync -> Option<Secret<String>>
        = |_it| IssuedPsk::password_in(secret.expose()).map(|text| Secret::new(text.to_owned()));
    "IssuedPsk.hex" (secret: Secret<Vec<u8>>) sync -> Secret<String> = |_it| IssuedPsk::hex_of(secret.expose());
    "ProxyHeaders.nginx" () sync -> ProxyHeaders = |_it| ProxyHeaders::nginx();
    "ProxyHeaders.haproxy" () sync -> ProxyHeaders = |_it| ProxyHeaders::haproxy();
    "ProxyHeaders.envoy" () sync -> ProxyHeaders = |_it| ProxyHeaders::envoy();
    "ProxyHeaders.rfc9440" () sync -> ProxyHeaders = |_it| ProxyHeaders::rfc9440();
    "SealingKeys.new" (current: Arc<dyn Sealer>, previous: Vec<Arc<dyn Sealer>>) sync -> MadeKeys
        = |_it| MadeKeys(Handle::Sealer(Arc::new(SealingKeys::new(current, previous))));
}
