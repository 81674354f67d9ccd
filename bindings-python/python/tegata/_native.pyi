"""
The extension module.
"""

from _typeshed import SupportsGetItem
from datetime import datetime
from os import PathLike
from tegata._errors import Error
from tegata._types import AnyClock, AnyRandom, AnySealer, AnySigner, AnyStore, Atomicity, AuthorityState, CampaignState, Cell, CertificateEncoding, CertificateGrouping, CertificateKind, CertificateState, CheckMethod, ClientState, CredentialKind, DeviceState, DueKind, Encoding, Enrollment, EnrollmentMode, ErrorKind, GivenBytes, GivenText, HandOut, IdentityKind, InvalidReason, KeyAlgorithm, KeyOrigin, KeyOwner, KeyState, MakeStore, OcspHash, OcspResponseStatus, Octets, OtherKey, Output, Pkcs12Target, ProductState, Progress, PskFormat, PskKind, PskState, Readable, ReissuePolicy, Release, RevocationReason, SeenState, Severity, SignatureAlgorithm, SignerLocation, Standing, Statement, SuspendCause, SuspendMode, SymmetricAlgorithm, Tampering, VersionState, WrapMethod
from typing import Any, SupportsFloat, SupportsIndex, final

__all__ = ["Assignment", "AssignmentListing", "AssignmentPages", "Attributes", "Authorities", "Authority", "AuthorityFilter", "AuthorityListing", "AuthorityPages", "Backup", "BasicConstraints", "Campaign", "CampaignFilter", "CampaignListing", "CampaignPages", "CampaignPreview", "CampaignProgress", "Campaigns", "Certificate", "CertificateCount", "CertificateExtensions", "CertificateFilter", "CertificateListing", "CertificatePages", "CertificateRecord", "CertificateWish", "Certificates", "CharacterClasses", "CheckedOcsp", "Checkpoint", "CheckpointListing", "CheckpointPages", "Client", "ClientFilter", "ClientListing", "ClientPages", "Clients", "Column", "Copied", "Counter", "Counts", "Credential", "Credentials", "Crl", "CrlEntry", "CrlOptions", "CrlPolicy", "CrlRecord", "CrlState", "Cursor", "Device", "DeviceChange", "DeviceFilter", "DeviceListing", "DevicePages", "Devices", "Due", "DueItem", "DueListing", "DuePages", "Enroll", "Enrolled", "EnrollmentPolicy", "Entity", "Event", "EventFilter", "EventListing", "EventPages", "EventProof", "Events", "ExportFormat", "FileNames", "Filter", "Finding", "FixedClock", "GeneralName", "Group", "GroupChange", "GroupListing", "GroupPages", "Groups", "ImportAuthority", "InstallationCheck", "Integrity", "Issue", "IssueWithKey", "Issued", "IssuedKey", "IssuedPsk", "IssuedWithKey", "KeyFilter", "KeyMatch", "KeyVersion", "Keys", "LogProblem", "Maintained", "MemoryStore", "NewAuthority", "NewCampaign", "NewClient", "NewDevice", "NewKey", "NewKeyOwner", "NewProduct", "NewPsk", "Ocsp", "OcspAnswer", "OcspOptions", "OcspStatus", "OpenedStore", "Options", "PackedFile", "Page", "PostgresOptions", "PostgresStore", "Presented", "Presigned", "PresignedListing", "PresignedPages", "Preview", "Principal", "PrivateKey", "Product", "ProductChange", "ProductFilter", "ProductListing", "ProductPages", "ProductSpec", "Products", "Profile", "ProfileListing", "ProfilePages", "ProfileSpec", "Profiles", "Proof", "Provision", "Provisioned", "ProxyHeaders", "PrunedEvents", "Psk", "PskFilter", "PskListing", "PskPages", "PskPolicy", "PskWish", "Psks", "PublicKey", "Purpose", "Query", "Reason", "Rebuild", "RegisteredClient", "RegisteredProduct", "Registry", "Renew", "RenewWithKey", "RequestedExtension", "Resealed", "Responder", "Retention", "Revocation", "RotateKey", "RotatePsk", "Row", "RowPage", "RowRef", "SanPolicy", "Schema", "SealingKeys", "SecretBytes", "SecretText", "Seen", "Selection", "SoftwareSealer", "SqliteOptions", "SqliteStore", "SubjectPolicy", "SymmetricKey", "SymmetricKeyListing", "SymmetricKeyPages", "SystemClock", "SystemRandom", "Table", "Tally", "Text", "TrustBundle", "TrustedProxy", "Verification", "VerifiedChain", "VerifiedCsr", "VerifyEvents", "WrappedKey", "Write", "_end", "_refuse_other_interpreters", "_words", "check_installation", "check_ocsp", "check_store", "check_value", "csr_pem", "error_table", "generate_password", "make_csr", "make_key", "make_ocsp_request", "open_store", "parse_certificate", "parse_csr", "statement_message", "unwrap_key", "verify_chain", "verify_consistency", "verify_event", "verify_export"]

@final
class Assignment:
    """
    That a certificate is attached to a device, and since when (NAV-9).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> str:
        """
        The certificate.
        """
    @property
    def device(self, /) -> str:
        """
        The device.
        """
    @property
    def since(self, /) -> datetime:
        """
        Since when.
        """

@final
class AssignmentListing:
    """
    One page of `Assignment`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Assignment: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Assignment]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class AssignmentPages:
    """
    Every `Assignment` of a list, fetched page by page.
    """
    def __iter__(self, /) -> AssignmentPages: ...
    def __next__(self, /) -> Assignment: ...

@final
class Attributes:
    """
    What is known of a device besides its name (NEC-32). Free-form entries go into `more`.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, ip: str | None = None, mac: str | None = None, host_name: str | None = None, os_name: str | None = None, more: dict[str, str] | None = None) -> Attributes: ...
    def __repr__(self, /) -> str: ...
    @property
    def host_name(self, /) -> str | None:
        """
        Its host name.
        """
    @property
    def ip(self, /) -> str | None:
        """
        Its IP address, as text.
        """
    @property
    def mac(self, /) -> str | None:
        """
        Its MAC address, as text.
        """
    @property
    def more(self, /) -> dict[str, str]:
        """
        Anything else.
        """
    @property
    def os_name(self, /) -> str | None:
        """
        Its operating system.
        """

@final
class Authorities:
    """
    Authorities: the private CA. Every generation of an authority is a record of its own.
    """
    def chain(self, /, id: str) -> list[bytes]:
        """
        The authority's certificate and those above it, in DER, its own first and the root last.

        Errors:
        `input.unknown_id`; `authority.not_installed` while its certificate is awaited.
        """
    def create_intermediate(self, /, parent: str, new: NewAuthority, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Makes an authority that `parent` certifies.

        Errors:
        As `create_root`; `authority.validity_exceeds_issuer` and `authority.path_length` when
        the parent's certificate does not allow it; the parent's state.
        """
    def create_root(self, /, new: NewAuthority, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Makes a root: an authority that certifies itself.

        Errors:
        `authority.name_taken`; `key.generation_unsupported` for RSA without the feature `aws-lc`; signer and store errors.
        """
    def crl(self, /, id: str, options: CrlOptions | None = None, *, actor: str = "", request_id: str | None = None) -> CrlRecord:
        """
        Makes a CRL of the authority anew: every certificate in its scope that is revoked, or on hold under a profile that
        says so. Certificates whose grace period has ended are revoked (superseded) first.

        Errors:
        `authority.compromised`, `authority.expired`, `authority.signer_missing`; `input.unknown_id` for a shard that the
        authority never had; `certificate.crl_no_base` for a delta before there is a complete CRL, to one that a clock
        made that was ahead, or of the list of all certificates when there are shards; signer and store errors.
        """
    def crls(self, /, id: str) -> list[CrlState]:
        """
        How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.

        Errors:
        `input.unknown_id`; store errors.
        """
    def cross_certify(self, /, id: str, by: str, *, actor: str = "", request_id: str | None = None) -> bytes:
        """
        Certifies the key and subject of `id` by `by` as well, so that those who trust only `by` (an older generation,
        another hierarchy) can follow. Returns the cross-certificate in DER; it is kept with the authority.

        Errors:
        The states of both; `authority.validity_exceeds_issuer` never: the cross-certificate ends with the earlier one.
        """
    def current_crl(self, /, id: str, options: CrlOptions | None = None) -> CrlRecord:
        """
        The newest CRL that was made.

        Errors:
        `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
        """
    def find(self, /, filter: AuthorityFilter | None = None, page: Page | None = None) -> AuthorityListing:
        """
        The authorities that match, by name.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Authority:
        """
        The authority with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def import_(self, /, import_: ImportAuthority, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Takes over an authority that exists, with its key and the certificates above it.

        Errors:
        `certificate.malformed`, `authority.not_ca` (version 1, no CA:TRUE, no keyCertSign, no cRLSign, no key
        identifier), `authority.chain_invalid`, `authority.path_length`, `authority.signer_mismatch`,
        `authority.name_taken`.
        """
    def install(self, /, id: str, certificate: Octets, chain: Octets, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Installs what the outside CA issued for `request`: the certificate, and those above it as PEM.

        Errors:
        `authority.already_installed`, `authority.signer_mismatch` when it is for another key, `authority.not_ca`,
        `authority.chain_invalid`, `authority.path_length`.
        """
    def iterate(self, /, filter: AuthorityFilter | None = None, *, page_size: SupportsIndex = 500) -> AuthorityPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def mark_compromised(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Ends all trust in the authority: it signs nothing more, nothing that it or an authority below it issued
        authenticates, and the next CRLs of its issuer and of those that certified it across list it. Those below it
        issue again once they are rebuilt below another one; until then they only sign CRLs.

        Errors:
        `authority.compromised` when that is known already.
        """
    def rebuild(self, /, id: str, rebuild: Rebuild, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires in the
        same moment: it still revokes and signs CRLs, and what it issued stays valid. What referred to the old one
        (products, renewals) is issued by the new one from now on.

        Errors:
        When the authority is not the newest generation, or waits for its certificate; `input.invalid` for a subject or a
        validity that cannot be; as
        `create_intermediate`.
        """
    def refresh_crls(self, /, until: datetime, *, actor: str = "", request_id: str | None = None) -> list[CrlState | Error]:
        """
        Makes every CRL that is due until a moment (`due` lists them), each with the times of its authority's
        policy, and answers how each stands then; those of an authority that cannot sign now carry the reason. To
        be called regularly: with the present moment, or a later one to be ahead. The request ID of `call` is not
        used.

        Errors:
        Store errors that keep it from finding out what is due.
        """
    def request(self, /, new: NewAuthority, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Makes a key and a CSR for an authority that an outside CA is to certify; `install` completes it.
        The CSR is in the record's `request`.

        Errors:
        As `create_root`.
        """
    def retire(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Ends issuing: from now on the authority only revokes and signs CRLs.

        Errors:
        `authority.retired` and the other states that do not allow it.
        """
    def set_crl_policy(self, /, id: str, policy: CrlPolicy, *, actor: str = "", request_id: str | None = None) -> Authority:
        """
        Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each
        of which belongs to one shard for good; other addresses or another number of shards open new shards, while
        the old ones are kept up for their certificates. All that is new is due at once. The list of all
        certificates, shard 0, is the one of certificates from before there were shards; beside shards it is kept
        up once it was made. A rebuilt authority begins with its predecessor's policy.

        Errors:
        `input.invalid`, naming the field; `authority.compromised`; store errors.
        """
    def use_signer(self, /, id: str, signer: AnySigner) -> None:
        """
        Connects the key of an authority that lives outside the store. To be done after every opening.

        Errors:
        `authority.signer_mismatch` when it is not the authority's key.
        """

@final
class Authority:
    """
    One generation of an authority.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        Its key's algorithm.
        """
    @property
    def certificate(self, /) -> bytes:
        """
        Its certificate in DER; empty while requested.
        """
    @property
    def created(self, /) -> datetime:
        """
        When it was made.
        """
    @property
    def crl_policy(self, /) -> CrlPolicy | None:
        """
        How its CRLs are made, if that was ever said (`authorities.set_crl_policy`).
        """
    @property
    def generation(self, /) -> int:
        """
        1 for the first, one more with every rebuild.
        """
    @property
    def id(self, /) -> str:
        """
        Names this generation.
        """
    @property
    def key_identifier(self, /) -> bytes:
        """
        Its subject key identifier (RFC 5280, 4.2.1.2).
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; all generations share it.
        """
    @property
    def not_after(self, /) -> datetime:
        """
        When its certificate ends.
        """
    @property
    def not_before(self, /) -> datetime:
        """
        When its certificate begins to be valid.
        """
    @property
    def outside(self, /) -> bytes:
        """
        The certificates above it when it was issued outside, and cross-certificates for it: concatenated DER.
        """
    @property
    def parent(self, /) -> str | None:
        """
        Who issued it; None for a root and for one issued outside.
        """
    @property
    def pem(self, /) -> str:
        """
        The certificate as PEM; empty while it is only requested.
        """
    @property
    def predecessor(self, /) -> str | None:
        """
        The generation before.
        """
    @property
    def public_key(self, /) -> bytes:
        """
        The public key (SPKI, DER).
        """
    @property
    def request(self, /) -> bytes | None:
        """
        The request in DER, while the certificate is awaited.
        """
    @property
    def signer(self, /) -> SignerLocation:
        """
        Where its private key is.
        """
    @property
    def state(self, /) -> AuthorityState:
        """
        Its state, but for expiry.
        """
    @property
    def subject(self, /) -> str:
        """
        Its subject, which is the issuer of what it issues.
        """
    @property
    def successor(self, /) -> str | None:
        """
        The generation after.
        """

@final
class AuthorityFilter:
    """
    Which authorities to list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, state: AuthorityState | None = None) -> AuthorityFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def name(self, /) -> Text | None:
        """
        By name.
        """
    @property
    def state(self, /) -> AuthorityState | None:
        """
        By state.
        """

@final
class AuthorityListing:
    """
    One page of `Authority`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Authority: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Authority]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class AuthorityPages:
    """
    Every `Authority` of a list, fetched page by page.
    """
    def __iter__(self, /) -> AuthorityPages: ...
    def __next__(self, /) -> Authority: ...

@final
class Backup:
    """
    A backup that was made.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def at(self, /) -> datetime:
        """
        When. What happened up to here is in it.
        """
    @property
    def bytes(self, /) -> int:
        """
        How large its file is, in bytes.
        """

@final
class BasicConstraints:
    """
    Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def ca(self, /) -> bool:
        """
        Whether it is a CA certificate.
        """
    @property
    def path_len(self, /) -> int | None:
        """
        How many intermediate CA certificates may follow it; only with `ca`.
        """

@final
class Campaign:
    """
    A campaign: many credentials that are replaced, wave by wave (NEC-63).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> str | None:
        """
        The algorithm that was selected.
        """
    @property
    def authority(self, /) -> str | None:
        """
        The generation of an authority whose certificates were selected.
        """
    @property
    def ended(self, /) -> datetime | None:
        """
        When it was finished or cancelled.
        """
    @property
    def grace_days(self, /) -> int:
        """
        For how long old values count beside the new ones where the registry makes them, in days.
        """
    @property
    def group(self, /) -> str | None:
        """
        The group whose devices' credentials were selected.
        """
    @property
    def id(self, /) -> str:
        """
        Names the campaign.
        """
    @property
    def issued_from(self, /) -> datetime | None:
        """
        What was issued from this moment on was selected.
        """
    @property
    def issued_to(self, /) -> datetime | None:
        """
        What was issued before this moment was selected.
        """
    @property
    def kinds(self, /) -> list[CredentialKind]:
        """
        The kinds that were selected; empty stands for all.
        """
    @property
    def listed(self, /) -> bool:
        """
        Whether the credentials were named one by one.
        """
    @property
    def name(self, /) -> str:
        """
        What people call it.
        """
    @property
    def next_wave_at(self, /) -> datetime | None:
        """
        When the next wave may begin; None after the last.
        """
    @property
    def policy(self, /) -> ReissuePolicy:
        """
        How the credentials are replaced.
        """
    @property
    def product(self, /) -> str | None:
        """
        The product whose devices' credentials were selected.
        """
    @property
    def reason(self, /) -> str | None:
        """
        Why there is a campaign, in words.
        """
    @property
    def released(self, /) -> int:
        """
        How many of them had their turn.
        """
    @property
    def revocation(self, /) -> RevocationReason:
        """
        The reason for which their certificates are revoked.
        """
    @property
    def revoke_after_days(self, /) -> int | None:
        """
        After how many days whoever has not come is shut out.
        """
    @property
    def selected(self, /) -> int:
        """
        How many credentials were selected. It does not change: what is issued after the start is not among them.
        """
    @property
    def started(self, /) -> datetime:
        """
        When it was started.
        """
    @property
    def state(self, /) -> CampaignState:
        """
        Its state.
        """
    @property
    def wave(self, /) -> int:
        """
        Which wave was released last, from 1; 0 before the first.
        """
    @property
    def wave_seconds(self, /) -> int:
        """
        How long after the beginning of a wave the next one may begin, in seconds.
        """
    @property
    def wave_size(self, /) -> int:
        """
        How many credentials one wave has.
        """

@final
class CampaignFilter:
    """
    Which campaigns to list: those that match everything given.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, state: CampaignState | None = None) -> CampaignFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def name(self, /) -> Text | None:
        """
        By name.
        """
    @property
    def state(self, /) -> CampaignState | None:
        """
        In this state.
        """

@final
class CampaignListing:
    """
    One page of `Campaign`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Campaign: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Campaign]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class CampaignPages:
    """
    Every `Campaign` of a list, fetched page by page.
    """
    def __iter__(self, /) -> CampaignPages: ...
    def __next__(self, /) -> Campaign: ...

@final
class CampaignPreview:
    """
    What a selection would select now.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificates(self, /) -> int:
        """
        Certificates.
        """
    @property
    def keys(self, /) -> int:
        """
        Symmetric keys.
        """
    @property
    def product_credentials(self, /) -> int:
        """
        Product credentials that match too, but are renewed by `renew_credential` and
        not by a campaign.
        """
    @property
    def psks(self, /) -> int:
        """
        Pre-shared keys.
        """

@final
class CampaignProgress:
    """
    How far a campaign has come.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def done(self, /) -> int:
        """
        How many of those came, or need not come any more: they were renewed (by themselves perhaps), revoked, deleted,
        or have expired.
        """
    @property
    def finished(self, /) -> bool:
        """
        Whether everybody had a turn, and nobody is waited for.
        """
    @property
    def next_wave_at(self, /) -> datetime | None:
        """
        When the next wave may begin; None after the last.
        """
    @property
    def released(self, /) -> int:
        """
        How many of them had their turn.
        """
    @property
    def selected(self, /) -> int:
        """
        How many credentials were selected.
        """
    @property
    def waiting(self, /) -> int:
        """
        How many of those are waited for: `stragglers` lists them.
        """
    @property
    def wave(self, /) -> int:
        """
        Which wave was released last, from 1; 0 before the first.
        """

@final
class Campaigns:
    """
    Campaigns: many credentials that are replaced wave by wave.
    """
    def advance(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Campaign:
        """
        Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out
        whoever has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for.
        To be called now and then, by one process or by several at once: each credential has its turn once. A campaign
        that is finished stays as it is. The request ID of `call` is not used.

        A wave is committed in portions. If the call is cut short, the next one goes on where it ended.

        Errors:
        `campaign.paused`, `campaign.cancelled`; `input.unknown_id`; store errors, after which it can be called again.
        """
    def cancel(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Campaign:
        """
        Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.

        Errors:
        `campaign.finished`, `campaign.cancelled`.
        """
    def find(self, /, filter: CampaignFilter | None = None, page: Page | None = None) -> CampaignListing:
        """
        The campaigns that match, in the order in which they were started.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Campaign:
        """
        The campaign with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def iterate(self, /, filter: CampaignFilter | None = None, *, page_size: SupportsIndex = 500) -> CampaignPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def iterate_stragglers(self, /, id: str, *, page_size: SupportsIndex = 500) -> DuePages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def pause(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Campaign:
        """
        Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out while
        it is stopped.

        Errors:
        `campaign.not_running`, `campaign.finished`, `campaign.cancelled`.
        """
    def preview(self, /, selection: Selection) -> CampaignPreview:
        """
        How many credentials a selection selects now. A million of them take about a second.

        Errors:
        `campaign.selection` with the reason; `input.unknown_id` for what does not exist.
        """
    def progress(self, /, id: str) -> CampaignProgress:
        """
        How far a campaign has come.

        Errors:
        `input.unknown_id`.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Campaign:
        """
        Lets a campaign go on where it was stopped.

        Errors:
        `campaign.not_paused`, `campaign.finished`, `campaign.cancelled`.
        """
    def start(self, /, new: NewCampaign, *, actor: str = "", request_id: str | None = None) -> Campaign:
        """
        Starts a campaign: selects its members and releases nothing yet, which `advance` does. What is
        issued from now on is not among them. A campaign that selects what another one asks for takes it over.

        A million members take some seconds and 12 MB of memory.

        Errors:
        `campaign.nothing_selected`, `campaign.selection`, `campaign.name_taken`, `input.unknown_id` for what is named and
        does not exist, `input.invalid`.
        """
    def stragglers(self, /, id: str, page: Page | None = None) -> DueListing:
        """
        Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
        still have the value that they had, or whose new value no device fetched.

        Errors:
        `input.unknown_id`; `input.page_cursor` for a cursor of another list or campaign.
        """

@final
class Certificate:
    """
    An X.509 certificate.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def der(self, /) -> bytes:
        """
        The certificate's DER.
        """
    @property
    def extensions(self, /) -> CertificateExtensions:
        """
        Its extensions.
        """
    @property
    def fingerprint_sha256(self, /) -> bytes:
        """
        SHA-256 of the DER.
        """
    @property
    def is_ca(self, /) -> bool:
        """
        Whether basicConstraints says that it is a CA.
        """
    @property
    def is_self_issued(self, /) -> bool:
        """
        Whether issuer and subject are the same.
        """
    @property
    def is_self_signed(self, /) -> bool:
        """
        Whether it is signed with its own key.
        """
    def is_valid_at(self, /, at: datetime) -> bool:
        """
        Whether the time lies within its validity.
        """
    @property
    def issuer(self, /) -> str:
        """
        Who signed it.
        """
    @staticmethod
    def many_from_pem(input: Octets) -> list[Certificate]:
        """
        All certificates of a PEM file.
        """
    @property
    def not_after(self, /) -> datetime:
        """
        Valid until, inclusive.
        """
    @property
    def not_before(self, /) -> datetime:
        """
        Valid from.
        """
    @property
    def path_len(self, /) -> int | None:
        """
        How many intermediates may follow.
        """
    @property
    def pem(self, /) -> str:
        """
        The certificate as PEM.
        """
    @property
    def public_key(self, /) -> PublicKey:
        """
        The public key.
        """
    @property
    def serial(self, /) -> bytes:
        """
        The serial number's octets.
        """
    @property
    def serial_hex(self, /) -> str:
        """
        The serial number in hexadecimal.
        """
    @property
    def signature_algorithm(self, /) -> SignatureAlgorithm | None:
        """
        How it was signed, if the algorithm is known here.
        """
    @property
    def spki(self, /) -> bytes:
        """
        The SubjectPublicKeyInfo's DER.
        """
    @property
    def subject(self, /) -> str:
        """
        Whose it is.
        """
    def verify_signed_by(self, /, issuer: PublicKey) -> None:
        """
        Checks that this key signed it.
        """
    @property
    def version(self, /) -> int:
        """
        1, 2 or 3.
        """

@final
class CertificateCount:
    """
    What a row of a count is about.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def type(self, /) -> str:
        """
        `total`, `state`, `kind`, `product`, `group`, `authority`, `profile`, `algorithm` or `due-week`.
        """
    @property
    def value(self, /) -> CertificateState | CertificateKind | KeyAlgorithm | None | str | datetime:
        """
        Which state, which product and so on. None for those without one, and for the total.
        """

@final
class CertificateExtensions:
    """
    What the extensions of a certificate say.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def all(self, /) -> list[tuple[str, bool]]:
        """
        Every extension in order: which, and whether it is critical.
        """
    @property
    def authority_key_id(self, /) -> bytes | None:
        """
        The key identifier of the issuer, if it is given that way.
        """
    @property
    def basic_constraints(self, /) -> BasicConstraints | None:
        """
        Whether it may issue others; None when the extension is missing.
        """
    @property
    def ca_issuers(self, /) -> list[str]:
        """
        Addresses of the issuer's certificate.
        """
    @property
    def crl_distribution_points(self, /) -> list[str]:
        """
        Addresses of CRLs.
        """
    @property
    def extended_key_usage(self, /) -> list[str]:
        """
        For which purposes; empty when the extension is missing.
        """
    @property
    def key_usage(self, /) -> list[str] | None:
        """
        What the key may be used for; None when the extension is missing.
        """
    @property
    def names(self, /) -> list[GeneralName]:
        """
        The names in the subjectAltName.
        """
    @property
    def ocsp(self, /) -> list[str]:
        """
        Addresses of OCSP responders.
        """
    @property
    def policies(self, /) -> list[str]:
        """
        Certificate policies.
        """
    @property
    def subject_alt_name(self, /) -> bytes | None:
        """
        The DER `GeneralNames` of the subject.
        """
    @property
    def subject_key_id(self, /) -> bytes | None:
        """
        The subject key identifier.
        """

@final
class CertificateFilter:
    """
    Which certificates to list: those that match everything given.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, serial: str | None = None, device: str | None = None, device_name: str | None = None, state: CertificateState | None = None, expired: bool | None = None, kind: CertificateKind | None = None, group: str | None = None, product: str | None = None, authority: str | None = None, profile: str | None = None, algorithm: KeyAlgorithm | None = None, due_before: datetime | None = None, deleted: bool = False, newest_first: bool = False) -> CertificateFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        With a key of this kind. The first question of this sort after an upgrade reads the certificates whose records do
        not say it yet, and completes the records (NEC-63).
        """
    @property
    def authority(self, /) -> str | None:
        """
        Issued by this generation of an authority.
        """
    @property
    def deleted(self, /) -> bool:
        """
        Deleted ones too.
        """
    @property
    def device(self, /) -> str | None:
        """
        Attached to this device.
        """
    @property
    def device_name(self, /) -> str | None:
        """
        Attached to the device with exactly this name (NAV-8).
        """
    @property
    def due_before(self, /) -> datetime | None:
        """
        Due for renewal before this moment.
        """
    @property
    def expired(self, /) -> bool | None:
        """
        Whether notAfter has passed (SOL-11).
        """
    @property
    def group(self, /) -> str | None:
        """
        Of devices in this group.
        """
    @property
    def kind(self, /) -> CertificateKind | None:
        """
        Of this kind.
        """
    @property
    def name(self, /) -> Text | None:
        """
        By the common name, exactly or by its beginning; opaque ones are not searched.
        """
    @property
    def newest_first(self, /) -> bool:
        """
        The newest first instead of the oldest.
        """
    @property
    def product(self, /) -> str | None:
        """
        Of this product or its units.
        """
    @property
    def profile(self, /) -> str | None:
        """
        Issued under this version of a profile.
        """
    @property
    def serial(self, /) -> str | None:
        """
        With these hexadecimal digits somewhere in the serial number; colons and spaces do not count (NAV-8).
        """
    @property
    def state(self, /) -> CertificateState | None:
        """
        In this stored state; what the clock adds is in `expired`.
        """

@final
class CertificateListing:
    """
    One page of `CertificateRecord`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> CertificateRecord: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[CertificateRecord]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class CertificatePages:
    """
    Every `CertificateRecord` of a list, fetched page by page.
    """
    def __iter__(self, /) -> CertificatePages: ...
    def __next__(self, /) -> CertificateRecord: ...

@final
class CertificateRecord:
    """
    A certificate's record. The DER is kept apart, see `Document`.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        What kind of key it certifies; None in records that the first version of the database wrote.
        """
    @property
    def authority(self, /) -> str:
        """
        Who issues it.
        """
    @property
    def campaign(self, /) -> str | None:
        """
        The campaign that asks for its renewal.
        """
    @property
    def confirmed(self, /) -> bool:
        """
        Whether its holder said that it is installed. First certificates need no confirmation.
        """
    @property
    def credential_of(self, /) -> str | None:
        """
        The product whose credential it is. Apart from `product`, so that a product's few credentials are found without
        a look at the certificates of all its devices.
        """
    @property
    def deleted(self, /) -> bool:
        """
        Whether it was deleted: its record stays until notAfter, but is listed only on request.
        """
    @property
    def device(self, /) -> str | None:
        """
        The device it was issued to.
        """
    @property
    def group(self, /) -> str | None:
        """
        The group of that device.
        """
    @property
    def holders(self, /) -> int:
        """
        How many devices it is attached to.
        """
    @property
    def id(self, /) -> str:
        """
        Names the certificate, from its request on.
        """
    @property
    def issued(self, /) -> datetime:
        """
        When it was issued, or requested while pending.
        """
    @property
    def key_number(self, /) -> int:
        """
        Which of the owner's keys it certifies: 1 for the first, one more with each new key (NEC-53).
        """
    @property
    def key_origin(self, /) -> KeyOrigin:
        """
        Where the private key was made.
        """
    @property
    def kind(self, /) -> CertificateKind:
        """
        What it is for.
        """
    @property
    def name(self, /) -> str | None:
        """
        The subject's common name, unless it is an opaque one.
        """
    @property
    def not_after(self, /) -> datetime:
        """
        When it ends.
        """
    @property
    def not_before(self, /) -> datetime:
        """
        When it begins to be valid.
        """
    @property
    def product(self, /) -> str | None:
        """
        The product that it is for: as its credential, or for one of its units.
        """
    @property
    def profile(self, /) -> str:
        """
        Under which profile.
        """
    @property
    def reason(self, /) -> RevocationReason | None:
        """
        Why.
        """
    @property
    def renew_at(self, /) -> datetime | None:
        """
        When it should be renewed; None when it needs no renewal (any more).
        """
    @property
    def renews(self, /) -> str | None:
        """
        The certificate that this one renews.
        """
    @property
    def retires(self, /) -> datetime | None:
        """
        When it ceases to count because its successor was issued; see the grace period.
        """
    @property
    def revoked(self, /) -> datetime | None:
        """
        When it was revoked.
        """
    @property
    def serial(self, /) -> bytes:
        """
        The serial number's octets; empty while pending.
        """
    def standing(self, /, now: datetime) -> Standing:
        """
        What it counts as at this time.
        """
    @property
    def state(self, /) -> CertificateState:
        """
        Its state, but for what the clock adds.
        """
    @property
    def successor(self, /) -> str | None:
        """
        The certificate that renews this one.
        """
    @property
    def suspended_by(self, /) -> SuspendCause | None:
        """
        Who suspended it.
        """

@final
class CertificateWish:
    """
    The certificate that a new device gets.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, profile: str, authority: str, *, csr: Octets | None = None, algorithm: KeyAlgorithm | None = None, hand_out: HandOut | None = None) -> CertificateWish: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        What kind of key is made here; the first that the profile lists by default.
        """
    @property
    def authority(self, /) -> str:
        """
        The authority; after a rebuild its newest generation issues.
        """
    @property
    def csr(self, /) -> bytes | None:
        """
        The device's own CSR (PEM or DER); without one, its key is made here.
        """
    @property
    def hand_out(self, /) -> HandOut:
        """
        When the key that is made here is handed out.
        """
    @property
    def profile(self, /) -> str:
        """
        The profile that decides what the certificate holds.
        """

@final
class Certificates:
    """
    Certificates: issued for a CSR or with a key made here, renewed, suspended, revoked, attached to devices, exported.
    """
    def approve(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Issued:
        """
        Approves a request: the certificate is issued, valid from now.

        Errors:
        `certificate.not_pending`; otherwise as `issue`, as things are now.
        """
    def attach(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> Assignment:
        """
        Attaches a certificate to a device, which can then present it as well.

        Errors:
        `certificate.already_attached`; the certificate's state, unless it is in force, suspended or not yet valid;
        `device.deleted`; `input.invalid` for a product credential.
        """
    def attachments(self, /, id: str, page: Page | None = None) -> AssignmentListing:
        """
        The devices that a certificate is attached to, and since when, the earliest first.

        Errors:
        `input.unknown_id`; store errors.
        """
    def by_serial(self, /, authority: str, serial: Octets) -> CertificateRecord:
        """
        The record of the certificate with this serial number (its octets) that `authority` issued. The serial number
        leads straight to the record; nothing is searched.

        Errors:
        `certificate.unknown`; `input.unknown_id` for an unknown authority.
        """
    def chain(self, /, id: str) -> list[bytes]:
        """
        The certificates above it in DER: its issuer first, the root last.

        Errors:
        As `issued`.
        """
    def collect_key(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> IssuedWithKey:
        """
        Hands out the private key of a certificate, once: it is erased as soon as `confirm_key`
        says that it arrived. Until then, only a call with the same request ID gets it again.

        Errors:
        `delivery.collecting`, `delivery.collected`, `delivery.lapsed`; `delivery.none` when the key was made elsewhere;
        the certificate's state, unless it is in force or not yet valid.
        """
    def confirm(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Says that the renewal of a certificate is installed: the old one is retired at once (superseded; SOL-5). `id` is
        the new certificate, or the first one of an entity whose first renewal it is; a certificate that is a renewal
        itself always means itself. Saying so twice changes nothing.

        Errors:
        `certificate.no_successor`; the new certificate's state, unless it is in force or not yet valid.
        """
    def confirm_key(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> None:
        """
        Says that a private key arrived; it is erased here and can never be read again.

        Errors:
        `delivery.not_collecting` when it was not handed out, `delivery.collected`, `delivery.lapsed`, `delivery.none`.
        """
    def count(self, /, filter: CertificateFilter | None, by: CertificateGrouping) -> list[tuple[CertificateCount, int]]:
        """
        How many certificates match, by `by`; in the order of what they are counted by.

        Errors:
        As `find`.
        """
    def delete(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Deletes a certificate, which cannot be undone (NAV-12): it is revoked first (cessationOfOperation), unless it
        has expired or is revoked already; a key that was not collected is erased; devices lose it. Its record stays,
        but is listed only on request. A pending request is denied first.

        Errors:
        `certificate.deleted`; `input.unknown_id`.
        """
    def delete_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[CertificateRecord | Error]:
        """
        `delete` for many, with a result per item.

        Errors:
        `input.` codes for the call as a whole.
        """
    def deny(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Denies a request, for good.

        Errors:
        `certificate.not_pending`; `input.unknown_id`.
        """
    def der(self, /, id: str) -> bytes:
        """
        The certificate in DER.

        Errors:
        As `issued`.
        """
    def detach(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> None:
        """
        Detaches a certificate from a device. The certificate itself stays as it is.

        Errors:
        `certificate.not_attached`; `input.unknown_id`.
        """
    def erase_uncollected(self, /, *, actor: str = "", request_id: str | None = None) -> int:
        """
        Erases the private keys that were not collected or confirmed in time, and says how many there were. They are not
        handed out after that moment anyway. The request ID of `call` is not used.

        Errors:
        Store errors.
        """
    def export(self, /, id: str, format: ExportFormat) -> list[PackedFile]:
        """
        A certificate as files.

        Errors:
        `certificate.pending` or `certificate.denied` when it was not issued; `key.` codes and `key.inconsistent` when
        the key is not the certificate's; `certificate.password_not_ascii`; `input.invalid` for an empty password or a
        file name that cannot be one.
        """
    def find(self, /, filter: CertificateFilter | None = None, page: Page | None = None) -> CertificateListing:
        """
        The certificates that match, in the order of their numbers: that in which they were requested or issued.

        Errors:
        `input.invalid` for a serial number that is not hexadecimal, `input.page_cursor`, `store.invalid_query` when
        part of a name is searched in its middle.
        """
    def get(self, /, id: str) -> CertificateRecord:
        """
        The record of a certificate, whatever its state.

        Errors:
        `input.unknown_id`.
        """
    def issue(self, /, issue: Issue, *, actor: str = "", request_id: str | None = None) -> Issued:
        """
        Issues a certificate for a CSR (NEC-5), by the same procedure with and without a device. With a device, it gets
        the device's subject and is attached to it.

        Errors:
        A `csr.` code that names what is wrong with the CSR; `profile.approval_needed`, and then
        `request` is the way; the device's state (`device.disabled` ...); the authority's state.
        """
    def issue_many(self, /, issues: SupportsGetItem[int, Issue], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Issued | Error]:
        """
        Issues many certificates, with a result per item in their order.

        Errors:
        `input.` codes for the call as a whole; each item has the errors of `issue`.
        """
    def issue_with_key(self, /, issue: IssueWithKey, *, actor: str = "", request_id: str | None = None) -> IssuedWithKey:
        """
        Makes a key and issues a certificate for it (NAV-1, NAV-15).

        Errors:
        `profile.no_server_key` and `profile.server_key_algorithm`; otherwise as `issue`.
        `delivery.collected` when a repeated request comes after the key was confirmed.
        """
    def issued(self, /, id: str) -> Issued:
        """
        The certificate with its record and the certificates above it (NEC-6, NAV-4, NEC-53).

        Errors:
        `certificate.pending` or `certificate.denied` when it was not issued; `input.unknown_id`.
        """
    def iterate(self, /, filter: CertificateFilter | None = None, *, page_size: SupportsIndex = 500) -> CertificatePages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def iterate_attachments(self, /, id: str, *, page_size: SupportsIndex = 500) -> AssignmentPages:
        """
        All devices that hold it, fetched page by page while the iterator goes on.
        """
    def pem(self, /, id: str) -> str:
        """
        The certificate in PEM.
        """
    def renew(self, /, renew: Renew, *, actor: str = "", request_id: str | None = None) -> Issued:
        """
        Renews a certificate (NEC-7): a new serial number and validity, from the newest generation of its authority
        (SOL-4), the same subject and alternative names. The old one stays in force until `confirm`
        says that the new one is installed, or until the profile's grace period ends. Renewing again before that with
        the same key returns the same certificate; with another key it replaces the one that was not confirmed.
        Renewals wait for no approval.

        Errors:
        `certificate.renewal_of_expired` unless the holder showed another proof, `certificate.renewal_of_revoked` and the other states that do not allow it;
        the device's state, such as `device.disabled`; `certificate.renewal_subject` when the CSR asks for another
        subject (where the CSR's counts) or for further alternative names; `input.invalid` for a product credential, which
        `renew_credential` renews; `csr.key_unchanged` when the profile wants a
        new key; `csr.` codes.
        """
    def renew_many(self, /, renewals: SupportsGetItem[int, Renew], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Issued | Error]:
        """
        Renews many certificates, with a result per item in their order.

        Errors:
        `input.` codes for the call as a whole; each item has the errors of `renew`.
        """
    def renew_with_key(self, /, renew: RenewWithKey, *, actor: str = "", request_id: str | None = None) -> IssuedWithKey:
        """
        Renews a certificate with a new key that is made here, and handed out as at
        `issue_with_key`.

        Errors:
        As `renew`; `profile.no_server_key` and `profile.server_key_algorithm`.
        """
    def request(self, /, issue: Issue, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Hands in a request, to be approved or denied. It works under any profile and is checked at once as if it were
        issued now.

        Errors:
        As `issue`, but for `profile.approval_needed`.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.

        Errors:
        `certificate.not_suspended`, `certificate.revoked`, `certificate.expired` ...; `device.disabled` while the device
        that alone has it is disabled, or one of several when a device's disabling suspended it.
        """
    def resume_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[CertificateRecord | Error]:
        """
        `resume` for many, with a result per item.

        Errors:
        `input.` codes for the call as a whole.
        """
    def retire_superseded(self, /, *, actor: str = "", request_id: str | None = None) -> int:
        """
        Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many
        there were. They count for nothing since that moment anyway; this brings them onto the CRL, and
        `crl` does it by itself. The request ID of `call` is not used.

        Errors:
        Store errors.
        """
    def revoke(self, /, id: str, reason: RevocationReason, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Puts a certificate out of force for good. The authority's next CRL lists it with this reason (NEC-8). With
        `keyCompromise`, its key is never certified again; that can also be said of one that was revoked for another reason.

        Errors:
        `certificate.already_revoked`, `certificate.pending`, `certificate.denied`; `input.invalid` for the reasons
        certificateHold and removeFromCRL.
        """
    def revoke_many(self, /, ids: SupportsGetItem[int, str], reason: RevocationReason, *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[CertificateRecord | Error]:
        """
        `revoke` for many, with a result per item.

        Errors:
        `input.` codes for the call as a whole.
        """
    def suspend(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Puts a certificate out of force for now, at once (NAV-11). If its profile says so, CRLs list it as on hold.

        Errors:
        The state that does not allow it: `certificate.suspended`, `certificate.revoked`, `certificate.expired` ...
        """
    def suspend_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[CertificateRecord | Error]:
        """
        `suspend` for many, with a result per item.

        Errors:
        `input.` codes for the call as a whole.
        """

@final
class CharacterClasses:
    """
    Which kinds of characters a secret has; of each at least one.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, lower: bool = True, upper: bool = True, digits: bool = True, symbols: bool = False) -> CharacterClasses: ...
    def __repr__(self, /) -> str: ...
    @property
    def digits(self, /) -> bool:
        """
        `0` to `9`.
        """
    @property
    def lower(self, /) -> bool:
        """
        `a` to `z`.
        """
    @property
    def symbols(self, /) -> bool:
        """
        `! # $ % * + - . / = ? @ _ ~`
        """
    @property
    def upper(self, /) -> bool:
        """
        `A` to `Z`.
        """

@final
class CheckedOcsp:
    """
    What a response that was checked says of a certificate.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def next_update(self, /) -> datetime | None:
        """
        Until when it may be believed, if it says so.
        """
    @property
    def produced_at(self, /) -> datetime:
        """
        When the response was made.
        """
    @property
    def status(self, /) -> OcspStatus:
        """
        How the certificate stands.
        """
    @property
    def this_update(self, /) -> datetime:
        """
        When this was so.
        """

@final
class Checkpoint:
    """
    A signed statement of how the log of events stood: how many events there were, and the hash of the tree
    over them.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def actor(self, /) -> str:
        """
        Who asked for it, as the host named the caller.
        """
    @property
    def at(self, /) -> datetime:
        """
        When it was made.
        """
    @property
    def events(self, /) -> int:
        """
        How many events it covers: all that were recorded before it.
        """
    @property
    def note(self, /) -> str:
        """
        The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
        """
    @property
    def number(self, /) -> int:
        """
        Counts the checkpoints of a registry, from 1.
        """
    @property
    def root(self, /) -> bytes:
        """
        The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
        """

@final
class CheckpointListing:
    """
    One page of `Checkpoint`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Checkpoint: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Checkpoint]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class CheckpointPages:
    """
    Every `Checkpoint` of a list, fetched page by page.
    """
    def __iter__(self, /) -> CheckpointPages: ...
    def __next__(self, /) -> Checkpoint: ...

@final
class Client:
    """
    A client, without its licence key and password, of which only keyed tags are kept.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def blocked_until(self, /) -> datetime | None:
        """
        No password is looked at before this moment, since too many wrong ones came.
        """
    @property
    def created(self, /) -> datetime:
        """
        When it was registered.
        """
    @property
    def failures(self, /) -> int:
        """
        How often in a row a wrong name or password came with its licence key, as far as it was kept.
        """
    @property
    def id(self, /) -> str:
        """
        Names it.
        """
    @property
    def name(self, /) -> str:
        """
        What it calls itself. A deleted client's name ends in `~` and its ID, so that another one can have it.
        """
    @property
    def state(self, /) -> ClientState:
        """
        Its state.
        """
    @property
    def updated(self, /) -> datetime:
        """
        When it last changed.
        """

@final
class ClientFilter:
    """
    Which clients to list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, states: SupportsGetItem[int, ClientState] | None = None) -> ClientFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def name(self, /) -> Text | None:
        """
        Called so.
        """
    @property
    def states(self, /) -> list[ClientState]:
        """
        In one of these states; all of them if empty.
        """

@final
class ClientListing:
    """
    One page of `Client`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Client: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Client]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class ClientPages:
    """
    Every `Client` of a list, fetched page by page.
    """
    def __iter__(self, /) -> ClientPages: ...
    def __next__(self, /) -> Client: ...

@final
class Clients:
    """
    Clients of the host's API: programs or people that show a licence key, a name and a password.
    """
    def check_licence(self, /, licence: GivenText) -> str:
        """
        Step one of letting a client in (NEC-39): whose licence key this is. It says nothing about the password; step two is
        `registry.authenticate` with `Presented.client`, which looks at the licence key again.

        Errors:
        `authentication.licence` when it is nobody's; `client.suspended`.
        """
    def delete(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Client:
        """
        Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.

        Errors:
        `client.deleted`.
        """
    def find(self, /, filter: ClientFilter | None = None, page: Page | None = None) -> ClientListing:
        """
        The clients that match; by name if the filter has one, else in the order of their registration.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Client:
        """
        The client with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def iterate(self, /, filter: ClientFilter | None = None, *, page_size: SupportsIndex = 500) -> ClientPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def register(self, /, new: NewClient, *, actor: str = "", request_id: str | None = None) -> RegisteredClient:
        """
        Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They are
        handed out this once.

        Errors:
        `client.name_taken`, `input.invalid`; `client.handed_out` when the request ID repeats an earlier one.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Client:
        """
        Lets a suspended client in again.

        Errors:
        `client.not_suspended`, `client.deleted`.
        """
    def rotate_licence(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SecretText:
        """
        Gives the client a new licence key, which is handed out this once; the old one no longer counts.

        Errors:
        `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
        """
    def rotate_password(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SecretText:
        """
        Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that were
        counted are forgotten.

        Errors:
        `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
        """
    def suspend(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Client:
        """
        Lets the client in no more until it is resumed.

        Errors:
        `client.already_suspended`, `client.deleted`.
        """

@final
class Column:
    """
    A column of a table.
    """
    @property
    def kind(self, /) -> str:
        """
        `int`, `text` or `bytes`. Any of them may be None in a row.
        """
    @property
    def name(self, /) -> str:
        """
        Its name.
        """
    @property
    def ordered(self, /) -> bool:
        """
        Whether rows are found or ordered by it, so that an index is worth it.
        """
    @property
    def sealed(self, /) -> bool:
        """
        Whether its values are sealed: such a column holds what must not be read, and only looks random.
        """
    @property
    def searchable(self, /) -> bool:
        """
        Whether rows are found by a part of it.
        """
    @property
    def unique(self, /) -> bool:
        """
        Whether each value but None stands in one row only.
        """

@final
class Copied:
    """
    What `Registry::copy_to` did.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def deleted(self, /) -> int:
        """
        How many rows were removed that the source had no more.
        """
    @property
    def passes(self, /) -> int:
        """
        How often both sides were compared from one end to the other.
        """
    @property
    def rows(self, /) -> int:
        """
        How many rows the copy holds, each compared with its original.
        """
    @property
    def written(self, /) -> int:
        """
        How many of them were written, in all passes together.
        """

@final
class Counter:
    """
    A number that only the store changes; 0 at first.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    @property
    def name(self, /) -> str:
        """
        What is counted.
        """
    @property
    def of(self, /) -> int:
        """
        Of which record, or 0.
        """

@final
class Counts:
    """
    Numbers for a dashboard (NEC-35). Each list is complete and in the order of its first element.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificates(self, /) -> list[tuple[CertificateState, int]]:
        """
        Certificates by stored state; expiry is in `expired`.
        """
    @property
    def certificates_by_algorithm(self, /) -> list[tuple[KeyAlgorithm | None, int]]:
        """
        Certificates that are in force or suspended, by the kind of their key. None counts those that an older version
        of the database recorded, until they are asked for by algorithm for the first time.
        """
    @property
    def certificates_by_kind(self, /) -> list[tuple[CertificateKind, int]]:
        """
        Certificates by kind.
        """
    @property
    def certificates_due_by_week(self, /) -> list[tuple[datetime, int]]:
        """
        Those of certificates.
        """
    @property
    def devices(self, /) -> list[tuple[DeviceState, int]]:
        """
        Devices by state.
        """
    @property
    def devices_by_group(self, /) -> list[tuple[str | None, int]]:
        """
        Devices by group; None counts those without one.
        """
    @property
    def devices_by_product(self, /) -> list[tuple[str | None, int]]:
        """
        Devices by product; None counts those without one.
        """
    @property
    def due_by_week(self, /) -> list[tuple[datetime, int]]:
        """
        Renewals of all kinds by the week in which they are due: the week's first moment (Thursdays, counted from 1970)
        and how many.
        """
    @property
    def expired(self, /) -> int:
        """
        Certificates in force or suspended whose notAfter has passed.
        """
    @property
    def keys(self, /) -> list[tuple[KeyState, int]]:
        """
        Symmetric keys by state.
        """
    @property
    def keys_by_algorithm(self, /) -> list[tuple[SymmetricAlgorithm, int]]:
        """
        Symmetric keys that are not destroyed, by algorithm.
        """
    @property
    def keys_due_by_week(self, /) -> list[tuple[datetime, int]]:
        """
        Those of symmetric keys.
        """
    @property
    def psks(self, /) -> list[tuple[PskState, int]]:
        """
        Pre-shared keys by state.
        """
    @property
    def psks_due_by_week(self, /) -> list[tuple[datetime, int]]:
        """
        Those of pre-shared keys.
        """

@final
class Credential:
    """
    By what somebody was recognised.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def type(self, /) -> str:
        """
        `certificate` or `psk`.
        """
    @property
    def value(self, /) -> str:
        """
        Its identifier.
        """

@final
class Credentials:
    """
    All keys and certificates of a device (NEC-28), without anything secret.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificates(self, /) -> list[CertificateRecord]:
        """
        The certificates that are attached to it, the oldest attachment first, whatever their state.
        """
    @property
    def keys(self, /) -> list[SymmetricKey]:
        """
        The symmetric keys that it holds: its own, those that it shares, its group's; destroyed ones apart.
        """
    @property
    def psks(self, /) -> list[Psk]:
        """
        Its pre-shared keys, deleted ones included.
        """

@final
class Crl:
    """
    A certificate revocation list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def authority_key_id(self, /) -> bytes | None:
        """
        The issuer's key identifier.
        """
    @property
    def delta_base(self, /) -> int | None:
        """
        The number of the CRL that it adds to, if it is a delta.
        """
    @property
    def der(self, /) -> bytes:
        """
        The CRL's DER.
        """
    def entries(self, /) -> list[CrlEntry]:
        """
        What it lists.
        """
    @staticmethod
    def from_bytes(input: Octets) -> Crl:
        """
        Reads a CRL, DER or PEM.
        """
    def get(self, /, serial: Octets) -> Revocation | None:
        """
        What it says of this serial number.
        """
    @property
    def is_complete(self, /) -> bool:
        """
        Whether it covers all certificates of its issuer.
        """
    @property
    def is_empty(self, /) -> bool:
        """
        Whether it lists nothing.
        """
    def is_stale_at(self, /, at: datetime) -> bool:
        """
        Whether its `next_update` has passed.
        """
    @property
    def issuer(self, /) -> str:
        """
        Who signed it.
        """
    @property
    def next_update(self, /) -> datetime | None:
        """
        When the next one comes at the latest.
        """
    @property
    def number(self, /) -> int | None:
        """
        Its number.
        """
    @property
    def pem(self, /) -> str:
        """
        The CRL as PEM.
        """
    @property
    def signature_algorithm(self, /) -> SignatureAlgorithm | None:
        """
        How it was signed, if the algorithm is known here.
        """
    @property
    def this_update(self, /) -> datetime:
        """
        When it was made.
        """
    def verify_signed_by(self, /, issuer: PublicKey) -> None:
        """
        Checks that this key signed it.
        """

@final
class CrlEntry:
    """
    An entry of a CRL.
    """
    @property
    def at(self, /) -> datetime:
        """
        When it was revoked.
        """
    @property
    def reason(self, /) -> RevocationReason:
        """
        Why.
        """
    @property
    def serial(self, /) -> bytes:
        """
        The serial number's octets.
        """

@final
class CrlOptions:
    """
    How a CRL is made.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, next_update_hours: SupportsIndex | None = None, shard: SupportsIndex | None = None, delta: bool | None = None) -> CrlOptions: ...
    def __repr__(self, /) -> str: ...
    @property
    def delta(self, /) -> bool:
        """
        Whether the delta CRL is made: what changed since the newest complete one.
        """
    @property
    def next_update_hours(self, /) -> int:
        """
        When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
        which is a week without one.
        """
    @property
    def shard(self, /) -> int:
        """
        Which shard; 0 for the list of all certificates.
        """

@final
class CrlPolicy:
    """
    How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they
    are made. `` use tegata::model::CrlPolicy; let policy = CrlPolicy { shards: 64, urls:
    vec!["http://crl.example.com/{authority}/{shard}.crl".to_owned()], delta_urls:
    vec!["http://crl.example.com/{authority}/{shard}-delta.crl".to_owned()], delta_hours: Some(6),
    ..CrlPolicy::default() }; ``
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, shards: SupportsIndex | None = None, urls: SupportsGetItem[int, str] | None = None, delta_urls: SupportsGetItem[int, str] | None = None, next_update_hours: SupportsIndex | None = None, delta_hours: SupportsIndex | None = None, overlap_hours: SupportsIndex | None = None) -> CrlPolicy: ...
    def __repr__(self, /) -> str: ...
    @property
    def delta_hours(self, /) -> int | None:
        """
        When the next delta CRL will have come, in hours, less than `next_update_hours`; None for no delta CRLs.
        """
    @property
    def delta_urls(self, /) -> list[str]:
        """
        Where a delta CRL can be fetched, likewise. With `delta_hours`, they stand in the certificates (RFC 5280,
        4.2.1.15).
        """
    @property
    def next_update_hours(self, /) -> int:
        """
        When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year).
        """
    @property
    def overlap_hours(self, /) -> int:
        """
        How long before that a CRL is due to be made anew, in hours, so that it is at its address in time; less
        than `next_update_hours`. Of a delta CRL it is at most half its time.
        """
    @property
    def shards(self, /) -> int:
        """
        How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it
        is issued: another number of shards opens new ones, and the old ones are kept up for their certificates.
        """
    @property
    def urls(self, /) -> list[str]:
        """
        Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its
        number). They stand in the certificates (RFC 5280, 4.2.1.13) instead of the profile's `crl_urls`, and in
        the CRLs of shards, which need them.
        """

@final
class CrlRecord:
    """
    A CRL of an authority.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def authority(self, /) -> str:
        """
        Whose.
        """
    @property
    def base(self, /) -> int | None:
        """
        For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4).
        """
    @property
    def der(self, /) -> bytes:
        """
        The CRL in DER.
        """
    @property
    def entries(self, /) -> int:
        """
        How many certificates it lists.
        """
    @property
    def next_update(self, /) -> datetime:
        """
        When a newer one will have come.
        """
    @property
    def number(self, /) -> int:
        """
        Its number (RFC 5280, 5.2.3); only grows.
        """
    @property
    def pem(self, /) -> str:
        """
        As PEM.
        """
    @property
    def refresh_at(self, /) -> datetime:
        """
        When it is to be made anew, so that the newer one comes in time.
        """
    @property
    def shard(self, /) -> int:
        """
        Which shard; 0 for the list of all certificates.
        """
    @property
    def this_update(self, /) -> datetime:
        """
        When it was made.
        """

@final
class CrlState:
    """
    How one of the CRLs that an authority keeps up stands.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def addresses(self, /) -> list[str]:
        """
        Where it can be fetched, as far as the authority's policy says so.
        """
    @property
    def authority(self, /) -> str:
        """
        Whose.
        """
    @property
    def delta(self, /) -> bool:
        """
        Whether it is the delta CRL.
        """
    @property
    def next_update(self, /) -> datetime | None:
        """
        When a newer one will have come.
        """
    @property
    def number(self, /) -> int | None:
        """
        The number of the newest; None while there is none yet.
        """
    @property
    def refresh_at(self, /) -> datetime | None:
        """
        When it is to be made anew; None when it is not kept up any more.
        """
    @property
    def shard(self, /) -> int:
        """
        Which shard; 0 for the list of all certificates.
        """
    @property
    def this_update(self, /) -> datetime | None:
        """
        When that was made.
        """

@final
class Cursor:
    """
    Where a page ended.
    """
    def __new__(cls, /, value: Cell | None, key: SupportsIndex) -> Cursor:
        """
        The place of a page's last row.
        """
    @property
    def key(self, /) -> int:
        """
        The last row's key.
        """
    @property
    def value(self, /) -> int | str | bytes | None:
        """
        The last row's value in the column of the order; None when ordered by key.
        """

@final
class Device:
    """
    A device.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def attributes(self, /) -> Attributes:
        """
        What else is known.
        """
    @property
    def created(self, /) -> datetime:
        """
        When it became known.
        """
    @property
    def group(self, /) -> str | None:
        """
        Its group.
        """
    @property
    def id(self, /) -> str:
        """
        Names the device; assigned here, never taken from a CSR, never used again (NEC-31).
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; unique among devices that are not deleted.
        """
    @property
    def product(self, /) -> str | None:
        """
        The product it is a unit of.
        """
    @property
    def reason(self, /) -> InvalidReason | None:
        """
        Why, when it is invalid.
        """
    @property
    def state(self, /) -> DeviceState:
        """
        Its state.
        """
    @property
    def subject(self, /) -> str | None:
        """
        The subject of its certificates, kept at every renewal (PAP-8).
        """
    @property
    def unit(self, /) -> str | None:
        """
        The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product.
        """
    @property
    def updated(self, /) -> datetime:
        """
        When its record last changed.
        """

@final
class DeviceChange:
    """
    What of a device changes; None stays as it is.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: str | None = None, attributes: Attributes | None = None) -> DeviceChange: ...
    def __repr__(self, /) -> str: ...
    @property
    def attributes(self, /) -> Attributes | None:
        """
        All attributes at once.
        """
    @property
    def name(self, /) -> str | None:
        """
        The name.
        """

@final
class DeviceFilter:
    """
    Which devices to list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, states: SupportsGetItem[int, DeviceState] | None = None, product: str | None = None, group: str | None = None, unit: Text | None = None, attribute: tuple[str, str] | None = None) -> DeviceFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def attribute(self, /) -> tuple[str, str] | None:
        """
        With this attribute: `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one, and its exact value.
        """
    @property
    def group(self, /) -> str | None:
        """
        Members of this group.
        """
    @property
    def name(self, /) -> Text | None:
        """
        By name. A device without a name of its own is called by its ID, and found by the whole of it.
        """
    @property
    def product(self, /) -> str | None:
        """
        Units of this product.
        """
    @property
    def states(self, /) -> list[DeviceState]:
        """
        In one of these states; empty for all, deleted ones included (NEC-29).
        """
    @property
    def unit(self, /) -> Text | None:
        """
        By the manufacturer's identifier.
        """

@final
class DeviceListing:
    """
    One page of `Device`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Device: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Device]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class DevicePages:
    """
    Every `Device` of a list, fetched page by page.
    """
    def __iter__(self, /) -> DevicePages: ...
    def __next__(self, /) -> Device: ...

@final
class Devices:
    """
    Devices: registered, enrolled, shut out, let in, deleted.
    """
    def count(self, /, filter: DeviceFilter | None = None) -> int:
        """
        How many devices match.

        Errors:
        Store errors.
        """
    def credentials(self, /, id: str) -> Credentials:
        """
        All keys and certificates of a device (NEC-28), without anything secret.

        Errors:
        `input.unknown_id`.
        """
    def delete(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Deletes a device for good (NEC-20): certificates that it alone holds are revoked (cessationOfOperation), its name
        and unit are free again, its ID is never used again. Its record stays, as a tombstone.

        Errors:
        `device.deleted`.
        """
    def delete_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Deletes many devices, with a result per item in their order (NEC-24).

        Errors:
        As `register_many`.
        """
    def disable(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Shuts a device out at once (NEC-17): none of its credentials counts. Under a profile that says so, certificates
        that it alone holds go on hold in the CRL too.

        Errors:
        `device.already_disabled`, `device.quarantined`, `device.deleted`, `device.not_enrolled`.
        """
    def disable_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Shuts many devices out, with a result per item in their order (NEC-22).

        Errors:
        As `register_many`.
        """
    def discover(self, /, new: NewDevice, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Notes a device that was seen somewhere (NEC-47). It is admitted when it enrolls or is enabled.

        Errors:
        As `register`.
        """
    def discover_many(self, /, new: SupportsGetItem[int, NewDevice], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Notes many devices, with a result per item in their order.

        Errors:
        As `register_many`.
        """
    def enable(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Lets a disabled device in again, or admits a discovered one (NEC-18). Only the holds that its disabling set are lifted;
        a revocation is never undone.

        Errors:
        `device.already_enabled`, `device.quarantined`, `device.deleted`.
        """
    def enable_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Lets many devices in, with a result per item in their order (NEC-23).

        Errors:
        As `register_many`.
        """
    def enroll(self, /, request: Enroll, *, actor: str = "", request_id: str | None = None) -> Enrolled:
        """
        Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
        certificate, in one commit.

        Errors:
        Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`, `product.suspended`, `product.discontinued`,
        `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
        key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
        """
    def enroll_many(self, /, requests: SupportsGetItem[int, Enroll], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Enrolled | Error]:
        """
        Enrolls many units, with a result per item in their order.

        Errors:
        As `register_many`.
        """
    def find(self, /, filter: DeviceFilter | None = None, page: Page | None = None) -> DeviceListing:
        """
        The devices that match: by name when a name is asked for, else in the order in which they became known.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Device:
        """
        The device with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def iterate(self, /, filter: DeviceFilter | None = None, *, page_size: SupportsIndex = 500) -> DevicePages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def provision(self, /, wish: Provision, *, actor: str = "", request_id: str | None = None) -> Provisioned:
        """
        Registers a device together with its pre-shared key, its symmetric key and its certificate, in one commit (NEC-42): it
        has all of them or does not exist.

        Errors:
        Those of `register`, `psks.issue`, `keys.issue`, `certificates.issue` and `certificates.issue_with_key`.
        """
    def provision_many(self, /, wishes: SupportsGetItem[int, Provision], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Provisioned | Error]:
        """
        Provisions many devices, with a result per item in their order. Their keys are made by all processors at once.

        Errors:
        As `register_many`.
        """
    def register(self, /, new: NewDevice, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Registers a device: it is valid from now on and gets its ID; its credentials follow.

        Errors:
        `device.name_taken`, `device.unit_taken`, `input.invalid`, `input.unknown_id` for the product or group.
        """
    def register_many(self, /, new: SupportsGetItem[int, NewDevice], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Registers many devices, with a result per item in their order (NEC-21).

        Errors:
        `input.invalid` for the call itself; store errors when everything or nothing was asked for.
        """
    def release_quarantine(self, /, id: str, release: Release, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Ends a quarantine after somebody looked at the unit.

        Errors:
        `device.not_quarantined`, `device.deleted`.
        """
    def set_group(self, /, id: str, group: str | None = None, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Moves a device into a group, or out of its group. Its certificates' due dates follow the group's interval.

        Errors:
        `device.deleted`, `input.unknown_id`.
        """
    def set_group_many(self, /, ids: SupportsGetItem[int, str], group: str | None = None, *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Moves many devices into a group, or out of theirs, with a result per item in their order.

        Errors:
        As `register_many`.
        """
    def update(self, /, id: str, change: DeviceChange, *, actor: str = "", request_id: str | None = None) -> Device:
        """
        Changes a device's information.

        Errors:
        `device.name_taken`, `device.deleted`, `input.invalid`.
        """
    def update_many(self, /, changes: SupportsGetItem[int, tuple[str, DeviceChange]], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Device | Error]:
        """
        Changes many devices' information, with a result per item in their order (NEC-25).

        Errors:
        As `register_many`.
        """

@final
class Due:
    """
    What is due: certificates, symmetric keys and pre-shared keys.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, until: datetime, *, group: str | None = None, kinds: SupportsGetItem[int, DueKind] | None = None) -> Due: ...
    def __repr__(self, /) -> str: ...
    @property
    def group(self, /) -> str | None:
        """
        Only this group's.
        """
    @property
    def kinds(self, /) -> list[DueKind]:
        """
        Only these kinds; empty stands for all.
        """
    @property
    def until(self, /) -> datetime:
        """
        Until which moment to look.
        """

@final
class DueItem:
    """
    Something to be renewed.
    """
    def __repr__(self, /) -> str: ...
    @property
    def device(self, /) -> str | None:
        """
        The device it belongs to, or the first of several.
        """
    @property
    def group(self, /) -> str | None:
        """
        The group of its device, or the one that owns it.
        """
    @property
    def renew_at(self, /) -> datetime | None:
        """
        When it is due; None once its renewal is under way.
        """
    @property
    def type(self, /) -> str:
        """
        `certificate`, `key`, `psk` or `crl`.
        """
    @property
    def value(self, /) -> CertificateRecord | SymmetricKey | Psk | CrlState:
        """
        Its record.
        """

@final
class DueListing:
    """
    One page of `DueItem`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> DueItem: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[DueItem]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class DuePages:
    """
    Every `DueItem` of a list, fetched page by page.
    """
    def __iter__(self, /) -> DuePages: ...
    def __next__(self, /) -> DueItem: ...

@final
class Enroll:
    """
    A unit's request to become a device.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, credential: Octets, csr: Octets, *, credential_signature: Octets | None = None, name: str | None = None, unit: str | None = None, claim_code: str | None = None, group: str | None = None, attributes: Attributes | None = None, former_key_signature: Octets | None = None) -> Enroll: ...
    def __repr__(self, /) -> str: ...
    @property
    def attributes(self, /) -> Attributes:
        """
        What else is known. Ignored for a device that is known already.
        """
    @property
    def claim_code(self, /) -> str | None:
        """
        A one-time claim code; needed where the product's policy says so.
        """
    @property
    def credential(self, /) -> bytes:
        """
        The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
        whoever ends the TLS session, or shown by `credential_signature`.
        """
    @property
    def credential_signature(self, /) -> bytes | None:
        """
        A signature by the credential's key over `Statement.ProductCredential` of the CSR's DER, as that key signs. When
        given, it must verify.
        """
    @property
    def csr(self, /) -> bytes:
        """
        The unit's own CSR (PEM or DER), for a key that it made itself.
        """
    @property
    def former_key_signature(self, /) -> bytes | None:
        """
        When the unit has a new key: a signature by its former key over `Statement.FormerKey` of the CSR's DER, as that
        key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256).
        """
    @property
    def group(self, /) -> str | None:
        """
        The group to join. Ignored for a device that is known already.
        """
    @property
    def name(self, /) -> str | None:
        """
        The device's name; without one, its ID serves. Ignored for a device that is known already.
        """
    @property
    def unit(self, /) -> str | None:
        """
        The unit's identifier, such as a serial number or MAC; needed where the product's policy says so.
        """

@final
class Enrolled:
    """
    An enrolled device and its certificate.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def device(self, /) -> Device:
        """
        The device.
        """
    @property
    def enrollment(self, /) -> Enrollment:
        """
        What led to it.
        """
    @property
    def issued(self, /) -> Issued:
        """
        Its certificate and chain.
        """

@final
class EnrollmentPolicy:
    """
    The conditions under which units enroll. The product credential is in every unit, so whoever extracts it can try:
    these are the limits of what that gains.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, mode: EnrollmentMode | None = None, quota: SupportsIndex | None = None, opens: datetime | None = None, closes: datetime | None = None, unit_required: bool = False, other_key: OtherKey | None = None) -> EnrollmentPolicy: ...
    def __repr__(self, /) -> str: ...
    @property
    def closes(self, /) -> datetime | None:
        """
        Until when; in a file as RFC 3339 text.
        """
    @property
    def mode(self, /) -> EnrollmentMode:
        """
        Which units.
        """
    @property
    def opens(self, /) -> datetime | None:
        """
        From when on; in a file as RFC 3339 text.
        """
    @property
    def other_key(self, /) -> OtherKey:
        """
        What happens when a known unit comes with another key.
        """
    @property
    def quota(self, /) -> int | None:
        """
        How many units in all.
        """
    @property
    def unit_required(self, /) -> bool:
        """
        Whether a unit must say its identifier. An allow-list always needs it.
        """

@final
class Entity:
    """
    What an event is about: a record of the registry.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    def __str__(self, /) -> str: ...
    @staticmethod
    def authority(value: str) -> Entity:
        """
        An authority.
        """
    @staticmethod
    def campaign(value: str) -> Entity:
        """
        A campaign.
        """
    @staticmethod
    def certificate(value: str) -> Entity:
        """
        A certificate.
        """
    @staticmethod
    def client(value: str) -> Entity:
        """
        A client of the host's API.
        """
    @staticmethod
    def device(value: str) -> Entity:
        """
        A device.
        """
    @staticmethod
    def group(value: str) -> Entity:
        """
        A group.
        """
    @staticmethod
    def key(value: str) -> Entity:
        """
        A symmetric key.
        """
    @staticmethod
    def product(value: str) -> Entity:
        """
        A product.
        """
    @staticmethod
    def profile(value: str) -> Entity:
        """
        A profile.
        """
    @staticmethod
    def psk(value: str) -> Entity:
        """
        A pre-shared key.
        """
    @property
    def type(self, /) -> str:
        """
        `authority`, `profile`, `product`, `device`, `group`, `certificate`, `psk`, `key`, `campaign` or `client`.
        """
    @property
    def value(self, /) -> str:
        """
        Its identifier.
        """

@final
class Event:
    """
    One event (NEC-38). Events are only ever added.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def action(self, /) -> str:
        """
        What, such as `device.enroll`.
        """
    @property
    def actor(self, /) -> str:
        """
        Who, as the host named the caller.
        """
    @property
    def at(self, /) -> datetime:
        """
        When.
        """
    @property
    def detail(self, /) -> str | None:
        """
        A few words more; never a secret.
        """
    @property
    def id(self, /) -> str:
        """
        Names the event.
        """
    @property
    def object(self, /) -> Entity | None:
        """
        What else took part, such as the certificate that a device got.
        """
    @property
    def subject(self, /) -> Entity | None:
        """
        What it happened to.
        """

@final
class EventFilter:
    """
    Which events to list. Written out, since `from` is a keyword of Python: here it is `from_`.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, subject: Entity | None = None, object: Entity | None = None, action: str | None = None, actor: str | None = None, from_: datetime | None = None, to: datetime | None = None, newest_first: bool = False) -> EventFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def action(self, /) -> str | None:
        """
        With this action, such as `device.enroll`.
        """
    @property
    def actor(self, /) -> str | None:
        """
        By this actor.
        """
    @property
    def from_(self, /) -> datetime | None:
        """
        From this moment on.
        """
    @property
    def newest_first(self, /) -> bool:
        """
        The newest first.
        """
    @property
    def object(self, /) -> Entity | None:
        """
        In which this record took part otherwise, such as the certificate that a device got.
        """
    @property
    def subject(self, /) -> Entity | None:
        """
        About this record.
        """
    @property
    def to(self, /) -> datetime | None:
        """
        Before this moment.
        """

@final
class EventListing:
    """
    One page of `Event`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Event: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Event]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class EventPages:
    """
    Every `Event` of a list, fetched page by page.
    """
    def __iter__(self, /) -> EventPages: ...
    def __next__(self, /) -> Event: ...

@final
class EventProof:
    """
    An event with the proof that the log holds it, both as text.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def event(self, /) -> str:
        """
        The event, as `Events::export` writes it; not one octet of it may change.
        """
    @property
    def proof(self, /) -> str:
        """
        The proof (C2SP tlog-proof), with the checkpoint that it leads to.
        """

@final
class Events:
    """
    What happened: who did what, to which record, when. Every change writes its event in the same commit.
    """
    def checkpoint(self, /, *, actor: str = "", request_id: str | None = None) -> Checkpoint:
        """
        Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree,
        RFC 9162), in a form that other people's tools read (C2SP tlog-checkpoint). It covers every event that was
        recorded before; none can be added below it later, by any process. If nothing was recorded since the
        newest, that one is the answer.

        Make one regularly, such as every hour, and keep what it says (`Checkpoint::note`) where whoever can
        change the database cannot: with it, `verify` finds out a database that was rolled back or written anew.
        An event that was altered before is covered as it is; `verify` goes on naming it. A request ID changes
        nothing here: a repetition finds nothing left to do.

        All processes that use the store must be of a version that knows checkpoints.

        Errors:
        `event.log_broken` when the newest checkpoint was altered; `store.busy`; errors of the sealer and of the
        store.
        """
    def checkpoints(self, /, page: Page | None = None) -> CheckpointListing:
        """
        The checkpoints, in the order in which they were made.

        Errors:
        Store errors.
        """
    def export(self, /, out: Output, filter: EventFilter | None = None) -> int:
        """
        Writes all events, oldest first, as JSON lines to a file opened for writing bytes. The result is how many.
        """
    def export_log(self, /, out: Output, from_: SupportsIndex | None = None) -> int:
        """
        Writes the log to `out` so that the file verifies by itself (`verify_export`), and says how many events
        there were: one JSON object a line, each event as `export` writes it, and each checkpoint behind the
        events that it covers. It begins behind checkpoint number `from`, or with the first event that is left,
        and ends at the newest checkpoint.

        Errors:
        `event.no_checkpoint`; `event.pruned` when it would begin with events that are gone; `event.log_broken`
        when events and checkpoints do not agree; `input.invalid` when `out` cannot be written to; store errors.
        """
    def find(self, /, filter: EventFilter | None = None, page: Page | None = None) -> EventListing:
        """
        The events that match, in the order in which they were recorded.

        Errors:
        Store errors.
        """
    def iterate(self, /, filter: EventFilter | None = None, *, page_size: SupportsIndex = 500) -> EventPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def iterate_checkpoints(self, /, *, page_size: SupportsIndex = 500) -> CheckpointPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def prove(self, /, id: str) -> EventProof:
        """
        Shows that the log holds an event, to somebody who knows the public key only (`verify_event`).

        Errors:
        `input.unknown_id`; `event.not_covered` when no checkpoint covers it yet, `event.pruned` when it is gone;
        `event.log_broken`; store errors.
        """
    def prove_consistency(self, /, old: SupportsIndex, new: SupportsIndex) -> str:
        """
        Shows that the log merely grew from checkpoint number `old` to checkpoint number `new`, to somebody who
        knows the public key and the old checkpoint (`verify_consistency`). The text is what a witness takes to
        cosign the new one (C2SP tlog-witness).

        Errors:
        `event.no_checkpoint`; `input.invalid` when `old` is the later; `event.pruned` when events are gone that
        this needs; `event.log_broken`; store errors.
        """
    def prune(self, /, before: datetime, archive: Output | None = None, *, actor: str = "", request_id: str | None = None) -> PrunedEvents:
        """
        Removes the oldest events: those before `before`, in whole runs of 4,096 that a checkpoint covers. The
        hashes of the trees over them stay, so everything else verifies as before. What goes is written to
        `archive` first, if there is one, as `export_log` writes it; if two processes prune at once, both may
        archive the same. Each run is one commit with its event `events.prune`; after an error, the runs before it
        are gone.

        Errors:
        `event.log_broken` when what would go is not what was recorded; `input.invalid` when `archive` cannot be
        written to; store errors.
        """
    def public_key(self, /) -> str:
        """
        The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed
        notes use (C2SP signed-note). It is made with the first checkpoint and never changes.

        Errors:
        `event.no_checkpoint` before the first checkpoint; store errors.
        """
    def verify(self, /, options: VerifyEvents | None = None, *, progress: Progress | None = None) -> Verification:
        """
        Goes through the log from the first event to the last and names the first that was altered, removed or put
        in later. An alteration shows at once, since each event carries a keyed tag; a removal from the next
        checkpoint on.

        The progress callback is told now and then of (events done, events in all); `Break` stops.

        Errors:
        `event.note_invalid` when a known checkpoint is not signed by this log's key, `event.no_checkpoint` when
        there is none to begin at; `input.cancelled` after `Break`; store errors. What is wrong with the log is no
        error but `Verification::first`.
        """

@final
class ExportFormat:
    """
    The form in which a certificate is exported.
    """
    def __repr__(self, /) -> str: ...
    @staticmethod
    def der() -> ExportFormat:
        """
        The certificate as DER.
        """
    @staticmethod
    def files(names: FileNames, encoding: Encoding | None = None, key: GivenBytes | None = None) -> ExportFormat:
        """
        A set of files under these names.
        """
    @staticmethod
    def full_chain_pem() -> ExportFormat:
        """
        The certificate and its chain as PEM.
        """
    @staticmethod
    def pem() -> ExportFormat:
        """
        The certificate as PEM.
        """
    @staticmethod
    def pkcs12(key: GivenBytes, password: GivenText, target: Pkcs12Target | None = None) -> ExportFormat:
        """
        Key, certificate and chain as PKCS#12 under a password.
        """
    @staticmethod
    def pkcs7() -> ExportFormat:
        """
        The certificate and its chain as PKCS#7.
        """

@final
class FileNames:
    """
    Which files to make, by name; None leaves one out.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, certificate: str | None = None, chain: str | None = None, full_chain: str | None = None, root: str | None = None, key: str | None = None) -> FileNames: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> str | None:
        """
        The certificate alone.
        """
    @property
    def chain(self, /) -> str | None:
        """
        The intermediate CA certificates, nearest first.
        """
    @property
    def full_chain(self, /) -> str | None:
        """
        The certificate followed by the intermediates: what most TLS servers want.
        """
    @property
    def key(self, /) -> str | None:
        """
        The private key as PKCS#8.
        """
    @property
    def root(self, /) -> str | None:
        """
        The root, for those who shall trust it.
        """
    @staticmethod
    def usual(encoding: Encoding) -> FileNames:
        """
        The names that servers commonly use.
        """

@final
class Filter:
    """
    How a column must compare. None in a row is equal to None and passes nothing else.
    """
    @property
    def below(self, /) -> int | str | bytes | None:
        """
        The first value above a `range`, if there is one.
        """
    @property
    def column(self, /) -> str:
        """
        The column's name.
        """
    @property
    def least(self, /) -> int | str | bytes | None:
        """
        The least value of a `range`, if there is one.
        """
    @property
    def type(self, /) -> str:
        """
        `eq`, `prefix`, `contains`, `range` or `in`. `contains` looks into text, or into the upper-case hexadecimal form of
        octets.
        """
    @property
    def value(self, /) -> int | str | bytes | None:
        """
        What it must equal, begin with or hold.
        """
    @property
    def values(self, /) -> list[int | str | bytes | None]:
        """
        The values of `in`.
        """

@final
class Finding:
    """
    One thing that is wrong, with what to do about it.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def code(self, /) -> str:
        """
        The stable code, such as `san_missing`; the list is `FINDINGS`.
        """
    @property
    def severity(self, /) -> Severity:
        """
        How bad it is.
        """
    @property
    def text(self, /) -> str:
        """
        A sentence that says what is wrong and what to do.
        """

@final
class FixedClock:
    """
    A clock that stands still until it is told otherwise, for tests and simulations.
    """
    def __repr__(self, /) -> str: ...
    def advance(self, /, seconds: SupportsIndex) -> None:
        """
        Moves it by so many seconds.
        """
    @staticmethod
    def at(time: datetime) -> FixedClock:
        """
        A clock that shows this time.
        """
    def now(self, /) -> datetime:
        """
        What it shows.
        """
    def set(self, /, time: datetime) -> None:
        """
        Moves it to this time, forwards or backwards.
        """

@final
class GeneralName:
    """
    A name in a subjectAltName.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    def __str__(self, /) -> str: ...
    @staticmethod
    def directory_name(value: str) -> GeneralName:
        """
        A distinguished name.
        """
    @staticmethod
    def dns(value: str) -> GeneralName:
        """
        A host name.
        """
    @staticmethod
    def email(value: str) -> GeneralName:
        """
        A mail address.
        """
    @staticmethod
    def ip(value: str) -> GeneralName:
        """
        An IPv4 or IPv6 address.
        """
    @staticmethod
    def other(type_id: str, value: Octets) -> GeneralName:
        """
        Any other name: its type and one DER element.
        """
    @staticmethod
    def parse(text: str) -> GeneralName:
        """
        Reads the text form: `DNS:camera.local`, `IP:192.0.2.7`, `email:a@example.com`, `URI:urn:dev:mac:00`, ...
        """
    @staticmethod
    def registered_id(value: str) -> GeneralName:
        """
        An object identifier.
        """
    @property
    def type(self, /) -> str:
        """
        `dns`, `ip`, `email`, `uri`, `directory-name`, `registered-id` or `other`.
        """
    @property
    def type_id(self, /) -> str | None:
        """
        The type of a name of type `other`.
        """
    @staticmethod
    def uri(value: str) -> GeneralName:
        """
        A URI.
        """
    @property
    def value(self, /) -> str | bytes:
        """
        The name; of type `other` its DER.
        """

@final
class Group:
    """
    A group of devices (NEC-36).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate_days(self, /) -> int | None:
        """
        Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
        """
    @property
    def created(self, /) -> datetime:
        """
        When it was made.
        """
    @property
    def id(self, /) -> str:
        """
        Names the group.
        """
    @property
    def key_days(self, /) -> int | None:
        """
        Symmetric keys of members are due this many days after their issue.
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; unique.
        """
    @property
    def updated(self, /) -> datetime:
        """
        When it was last changed.
        """

@final
class GroupChange:
    """
    A group's name and intervals. What is left out stays as it was; None takes an interval away.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: str | None = None, certificate_days: SupportsIndex | None = ..., key_days: SupportsIndex | None = ...) -> GroupChange:
        """
        `certificate_days`: certificates are renewed so many days after they were issued. `key_days`: keys are.
        """
    def __repr__(self, /) -> str: ...

@final
class GroupListing:
    """
    One page of `Group`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Group: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Group]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class GroupPages:
    """
    Every `Group` of a list, fetched page by page.
    """
    def __iter__(self, /) -> GroupPages: ...
    def __next__(self, /) -> Group: ...

@final
class Groups:
    """
    Groups of devices, each with its renewal intervals.
    """
    def create(self, /, name: str, settings: GroupChange, *, actor: str = "", request_id: str | None = None) -> Group:
        """
        Makes a group called `name` with the intervals in `settings`.

        Errors:
        `group.name_taken`, `input.invalid`.
        """
    def delete(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> None:
        """
        Deletes an empty group.

        Errors:
        `group.not_empty` while devices (deleted ones apart) belong to it.
        """
    def find(self, /, name: Text | None = None, page: Page | None = None) -> GroupListing:
        """
        The groups whose name matches, by name; all of them without `name`.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Group:
        """
        The group with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def iterate(self, /, name: Text | None = None, *, page_size: SupportsIndex = 500) -> GroupPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def update(self, /, id: str, change: GroupChange, *, actor: str = "", request_id: str | None = None) -> Group:
        """
        Changes a group. With a new certificate interval, the members' certificates get their new due dates in the same
        commit, which takes about a second per 20,000 members.

        Errors:
        `group.name_taken`, `input.invalid`.
        """

@final
class ImportAuthority:
    """
    An authority that exists already, with its key.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, name: str, certificate: Octets, *, chain: Octets | None = None, last_crl_number: SupportsIndex | None = None, key: GivenBytes | None = None, signer: AnySigner | None = None) -> ImportAuthority: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> bytes:
        """
        Its certificate, PEM or DER.
        """
    @property
    def chain(self, /) -> bytes:
        """
        The certificates above it up to the root, PEM; empty for a root.
        """
    @property
    def last_crl_number(self, /) -> int:
        """
        The number of the last CRL that it signed elsewhere, so that the next one here is higher (RFC 5280, 5.2.3);
        0 when it signed none.
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators will use; unique.
        """

@final
class InstallationCheck:
    """
    What an installation consists of, to be checked with `check_installation`.
    """
    def __new__(cls, /, certificate: Certificate, now: datetime, *, key: PublicKey | None = None, chain: SupportsGetItem[int, Certificate] | None = None, roots: SupportsGetItem[int, Certificate] | None = None, addresses: SupportsGetItem[int, str] | None = None, clock_set: bool | None = None) -> InstallationCheck:
        """
        The certificate and the time are needed; what else is given is checked too.
        """

@final
class Integrity:
    """
    What `Registry::check_integrity` found.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def findings(self, /) -> list[str]:
        """
        What does not fit together, a sentence each; nothing when all is well. At most a thousand.
        """
    @property
    def is_sound(self, /) -> bool:
        """
        Whether nothing was found.
        """
    @property
    def rows(self, /) -> int:
        """
        How many rows were looked at.
        """

@final
class Issue:
    """
    A certificate to be issued for a CSR.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, csr: Octets, profile: str, authority: str, *, device: str | None = None, name: str | None = None) -> Issue: ...
    def __repr__(self, /) -> str: ...
    @property
    def authority(self, /) -> str:
        """
        The authority; after a rebuild its newest generation issues.
        """
    @property
    def csr(self, /) -> bytes:
        """
        The CSR (PKCS#10), PEM or DER.
        """
    @property
    def device(self, /) -> str | None:
        """
        The device that it is for, if any; it must be valid.
        """
    @property
    def name(self, /) -> str | None:
        """
        The applicant's name, which profiles may put into the subject; not for devices, which have their own.
        """
    @property
    def profile(self, /) -> str:
        """
        The profile that decides what the certificate holds.
        """

@final
class IssueWithKey:
    """
    A certificate to be issued for a key that is made here (NAV-15).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, profile: str, authority: str, *, device: str | None = None, name: str | None = None, algorithm: KeyAlgorithm | None = None, hand_out: HandOut | None = None) -> IssueWithKey: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        What kind of key; the first that the profile lists by default.
        """
    @property
    def authority(self, /) -> str:
        """
        The authority; after a rebuild its newest generation issues.
        """
    @property
    def device(self, /) -> str | None:
        """
        The device that it is for, if any; it must be valid.
        """
    @property
    def hand_out(self, /) -> HandOut:
        """
        When the key is handed out.
        """
    @property
    def name(self, /) -> str | None:
        """
        The applicant's name, which profiles may put into the subject; not for devices, which have their own.
        """
    @property
    def profile(self, /) -> str:
        """
        The profile that decides what the certificate holds.
        """

@final
class Issued:
    """
    A certificate that was issued, with all that its holder needs besides the private key (NAV-1, NEC-53).
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> CertificateRecord:
        """
        Its record: serial number, key number, validity, state ...
        """
    @property
    def chain(self, /) -> list[bytes]:
        """
        The certificates above it in DER: its issuer first, the root last.
        """
    @property
    def der(self, /) -> bytes:
        """
        The certificate in DER.
        """
    @property
    def fullchain_pem(self, /) -> str:
        """
        The certificate and its chain as PEM, as servers want it.
        """
    @property
    def pem(self, /) -> str:
        """
        The certificate as PEM.
        """
    @property
    def root(self, /) -> bytes | None:
        """
        The root's DER, if the chain has one.
        """
    @property
    def serial(self, /) -> str:
        """
        The serial number in hexadecimal.
        """

@final
class IssuedKey:
    """
    A key with the value of one of its versions.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm:
        """
        Of what kind that version is; a rotation may change the kind.
        """
    @property
    def key(self, /) -> SymmetricKey:
        """
        Its record.
        """
    @property
    def value(self, /) -> SecretBytes:
        """
        The value: as many octets as the algorithm's keys have.
        """
    @property
    def version(self, /) -> int:
        """
        Which version the value is of.
        """

@final
class IssuedPsk:
    """
    A pre-shared key and its secret.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def hex(self, /) -> SecretText | None:
        """
        The secret in hexadecimal, as the configurations of TLS servers have it, if it is here.
        """
    @property
    def password(self, /) -> SecretText | None:
        """
        The secret as text, if it is here and is printable text.
        """
    @property
    def psk(self, /) -> Psk:
        """
        The key's record.
        """
    @property
    def secret(self, /) -> SecretBytes | None:
        """
        The secret, as the device shows it; None when a request that made a verify-only key is repeated, since nobody
        knows its secret any more: rotate the key then.
        """

@final
class IssuedWithKey:
    """
    A certificate that was issued for a key made here.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        The algorithm of the certificate's key.
        """
    @property
    def issued(self, /) -> Issued:
        """
        The certificate.
        """
    @property
    def key(self, /) -> SecretBytes | None:
        """
        The private key (PKCS#8, RFC 5208, in DER); None when it is to be collected later.
        """
    @property
    def key_pem(self, /) -> SecretText | None:
        """
        The private key as PEM (PKCS#8), if it was handed out.
        """

@final
class KeyFilter:
    """
    Which symmetric keys to list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, device: str | None = None, group: str | None = None, owner: KeyOwner | None = None, algorithm: SymmetricAlgorithm | None = None, states: SupportsGetItem[int, KeyState] | None = None, number: SupportsIndex | None = None) -> KeyFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm | None:
        """
        Of this algorithm.
        """
    @property
    def device(self, /) -> str | None:
        """
        Owned by this device, or issued to several of which it is the first.
        `credentials` names all keys that a device holds.
        """
    @property
    def group(self, /) -> str | None:
        """
        Owned by this group or by one of its members.
        """
    @property
    def number(self, /) -> int | None:
        """
        With this number among its owner's keys.
        """
    @property
    def owner(self, /) -> KeyOwner | None:
        """
        With this kind of owner.
        """
    @property
    def states(self, /) -> list[KeyState]:
        """
        In one of these states; empty for all, destroyed ones included.
        """

@final
class KeyMatch:
    """
    Which version of a key was presented.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def state(self, /) -> VersionState:
        """
        Where it stands: current, previous or compromised.
        """
    @property
    def version(self, /) -> int:
        """
        The version.
        """

@final
class KeyVersion:
    """
    One version of a symmetric key, as far as it is remembered: all of them, without their values.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm:
        """
        Of what kind its value is or was.
        """
    @property
    def ended(self, /) -> datetime | None:
        """
        When it stopped being the current one.
        """
    @property
    def issued(self, /) -> datetime:
        """
        When it was made.
        """
    @property
    def kept_until(self, /) -> datetime | None:
        """
        Until when its value is kept, while it is the version before the current one.
        """
    @property
    def state(self, /) -> VersionState:
        """
        Where it stands.
        """
    @property
    def version(self, /) -> int:
        """
        Which version.
        """

@final
class Keys:
    """
    Symmetric keys: AES and TWINE keys, each in versions that follow each other.
    """
    def check_value(self, /, id: str, method: CheckMethod, version: SupportsIndex | None = None) -> str:
        """
        The check value of a key's current version, or of `version` while it is kept, to be compared with what a device
        shows.

        Errors:
        As `get`; `key.check_method` for `cmac` of a TWINE key.
        """
    def count(self, /, filter: KeyFilter | None = None) -> int:
        """
        How many keys match.

        Errors:
        Store errors.
        """
    def deliver(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> WrappedKey:
        """
        Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that any
        channel will do (NEC-41). The device opens it with `unwrap_key`. Of several
        pre-shared keys that can be read, the one under the device's own ID counts, else the one that was issued first.
        Who got which version when is in the events (NEC-38).

        Errors:
        `key.wrap_unavailable` when the device has no active pre-shared key that can be read; `key.not_held`; the
        device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
        `psk.too_weak_to_wrap`; `input.unknown_id`.
        """
    def deliver_clear(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> IssuedKey:
        """
        Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.

        Errors:
        `key.not_held`; the device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`;
        `input.unknown_id`.
        """
    def destroy(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Destroys a key for good: all its values are erased (NEC-12). Its record and number stay, so that neither is used again.

        Errors:
        `key.destroyed`; `input.unknown_id`.
        """
    def destroy_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Destroys many keys, with a result per item in their order.

        Errors:
        As `suspend_many`.
        """
    def end_grace(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Ends a key's grace period now: the version before is destroyed.

        Errors:
        `key.version_unknown` when none is kept; `key.destroyed`; `input.unknown_id`.
        """
    def erase_expired(self, /, *, actor: str = "", request_id: str | None = None) -> int:
        """
        Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more in any
        case, and any change of a key erases them too; call this daily, so that they do not stay in the store.

        Errors:
        Store errors.
        """
    def find(self, /, filter: KeyFilter | None = None, page: Page | None = None) -> SymmetricKeyListing:
        """
        The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
        others in the order in which they were issued.

        Errors:
        Store errors.
        """
    def get(self, /, id: str, version: SupportsIndex | None = None, *, actor: str = "", request_id: str | None = None) -> IssuedKey:
        """
        The value of a key: the current version's, or that of `version` while it is kept (NEC-10). Each read leaves an
        event; a repetition under the same request ID brings the same value. The states of the devices that hold the key
        are not looked at: this is for the side of the server. What devices get goes through `deliver`.

        Errors:
        `key.suspended`, `key.destroyed`; `key.compromised` unless a version is named, so that old data can be read;
        `key.version_unknown`; `key.version_destroyed` after its grace period; `input.unknown_id`.
        """
    def get_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[IssuedKey | Error]:
        """
        The current values of many keys, with a result per item in their order (NEC-14) and an event for each.

        Errors:
        `input.invalid` for the call itself; store errors when everything or nothing was asked for.
        """
    def holders(self, /, id: str) -> list[str]:
        """
        The devices that hold a key: the one that owns it, those that share it in the order in which they came, or the members of
        its group. Nobody holds a destroyed key.

        Errors:
        `input.unknown_id`.
        """
    def issue(self, /, new: NewKey, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Issues a symmetric key (NEC-9). Its value stays here until `get` or `deliver` hands it out.

        Errors:
        `key.size` for a value of any other size than the algorithm's; `key.number_taken`; the state of a device that is to
        hold it (`device.disabled` ...); `input.invalid`, `input.unknown_id`.
        """
    def issue_many(self, /, new: SupportsGetItem[int, NewKey], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its number
        if all or none are to be issued.

        Errors:
        `input.invalid` for the call itself; store errors when everything or nothing was asked for.
        """
    def iterate(self, /, filter: KeyFilter | None = None, *, page_size: SupportsIndex = 500) -> SymmetricKeyPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def mark_compromised(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Notes that somebody else may know a key (NEC-63). It is delivered no more and due for rotation at once, `verify` says
        what it is, and its values are read only by naming their version, for data that has to be read once more.
        `rotate` puts a new value in use and destroys the old ones.

        Errors:
        `key.compromised` when that is known already; `key.destroyed`; `input.unknown_id`.
        """
    def mark_compromised_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Notes that somebody else may know many keys, with a result per item in their order.

        Errors:
        As `suspend_many`.
        """
    def record(self, /, id: str) -> SymmetricKey:
        """
        The record of a key, without its values.

        Errors:
        `input.unknown_id`.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Puts a suspended key in use again.

        Errors:
        `key.not_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
        """
    def resume_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Puts many keys in use again, with a result per item in their order.

        Errors:
        As `suspend_many`.
        """
    def rotate(self, /, id: str, rotate: RotateKey | None = None, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Gives a key its next version (NEC-11). The version before is kept for the grace period, if there is one; whatever was
        kept from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old
        values are destroyed at once, whatever the grace period (NEC-63).

        Errors:
        `key.suspended`, `key.destroyed`; `key.size`, `key.grace`; the state of the device that owns it
        (`device.disabled` ...); `input.invalid` for the value that it has already; `input.unknown_id`.
        """
    def rotate_many(self, /, ids: SupportsGetItem[int, str], rotate: RotateKey | None = None, *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Gives many keys their next versions, with a result per item in their order.

        Errors:
        `input.invalid` when `rotate` brings a value, since keys do not share one, and for the call itself; store errors
        when everything or nothing was asked for.
        """
    def share(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Lets one more device share a key that was issued for several (NEC-64).

        Errors:
        `key.owner` for a key of one device or of a group; `key.already_shared`; `key.suspended`, `key.compromised`,
        `key.destroyed`; the device's state (`device.disabled` ...); `input.unknown_id`.
        """
    def suspend(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Takes a key out of use for now: it is neither read, delivered nor rotated, and `verify` says no.

        Errors:
        `key.already_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
        """
    def suspend_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[SymmetricKey | Error]:
        """
        Takes many keys out of use, with a result per item in their order.

        Errors:
        `input.invalid` for the call itself; store errors when everything or nothing was asked for.
        """
    def unshare(self, /, id: str, device: str, *, actor: str = "", request_id: str | None = None) -> SymmetricKey:
        """
        Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got before:
        `rotate` the key if it should not. When no device is left, the key is destroyed.

        Errors:
        `key.owner` for a key of one device or of a group; `key.not_shared`; `key.destroyed`; `input.unknown_id`.
        """
    def verify(self, /, id: str, presented: GivenBytes) -> KeyMatch | None:
        """
        Whether `presented` is the key, and which version of it (NEC-13): the current one or, in its grace period, the
        one before. None for any other value, and for whatever is presented of a suspended or destroyed key. Of a compromised
        key the answer says so. It takes as long for a wrong value as for a right one. The states of devices are not looked at.

        Errors:
        `input.unknown_id`; `seal.` codes.
        """
    def verify_check_value(self, /, id: str, presented: str) -> KeyMatch | None:
        """
        Whether `presented` is the check value of the key, and of which version (NEC-13), as `verify` says. A check
        value has 24 or 40 bits: it shows a mistake, and proves nothing to somebody who may guess.

        Errors:
        `key.check_method` for a CMAC-based check value of a TWINE key; `input.unknown_id`; `seal.` codes.
        """
    def versions(self, /, id: str) -> list[KeyVersion]:
        """
        All versions that a key ever had, the oldest first: when each was made and ended, and where it stands.

        Errors:
        `input.unknown_id`.
        """

@final
class LogProblem:
    """
    The first place where the log is not what was recorded.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def checkpoint(self, /) -> int | None:
        """
        The number of the checkpoint that shows it, where one does.
        """
    @property
    def event(self, /) -> str | None:
        """
        Which event, where it is about one.
        """
    @property
    def line(self, /) -> int | None:
        """
        Of an exported log: the line, from 1.
        """
    @property
    def what(self, /) -> Tampering:
        """
        What is wrong.
        """

@final
class Maintained:
    """
    What `Registry::maintain` did, or would do.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def finished(self, /) -> bool:
        """
        Whether everything was looked at since the round began; the next call begins another one.
        """
    @property
    def freed(self, /) -> int:
        """
        How many bytes went back to the file system.
        """
    @property
    def looked_at(self, /) -> int:
        """
        How many rows were looked at.
        """
    @property
    def removed(self, /) -> dict[str, int]:
        """
        How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs
        some thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
        """
    @property
    def total(self, /) -> int:
        """
        How many records went in all.
        """

@final
class MemoryStore:
    """
    A store that ends with the process.
    """
    def __new__(cls, /) -> MemoryStore: ...

@final
class NewAuthority:
    """
    An authority to be made.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, name: str, subject: str, *, algorithm: KeyAlgorithm | None = None, validity_days: SupportsIndex | None = None, path_len: SupportsIndex | None = None, crl_urls: SupportsGetItem[int, str] | None = None, issuer_urls: SupportsGetItem[int, str] | None = None, signer: AnySigner | None = None) -> NewAuthority: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        Its key's algorithm; ignored when it brings a signer.
        """
    @property
    def crl_urls(self, /) -> list[str]:
        """
        Where the CRL of its issuer will be, for intermediates.
        """
    @property
    def issuer_urls(self, /) -> list[str]:
        """
        Where its issuer's certificate will be, for intermediates.
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; unique.
        """
    @property
    def path_len(self, /) -> int | None:
        """
        How many intermediates may follow it; None sets no limit.
        """
    @property
    def subject(self, /) -> str:
        """
        Its subject.
        """
    @property
    def validity_days(self, /) -> int:
        """
        How long its certificate is valid, in days.
        """

@final
class NewCampaign:
    """
    A campaign to be started.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, name: str, selection: Selection, *, wave_size: SupportsIndex | None = None, wave_seconds: SupportsIndex | None = None, policy: ReissuePolicy | None = None, grace_days: SupportsIndex | None = None, revoke_after_days: SupportsIndex | None = None, revocation: RevocationReason | None = None, reason: str | None = None) -> NewCampaign: ...
    def __repr__(self, /) -> str: ...
    @property
    def grace_days(self, /) -> int:
        """
        For how long old values count beside the new ones where the registry makes them, in days.
        """
    @property
    def name(self, /) -> str:
        """
        What people call it; no two campaigns have one name.
        """
    @property
    def policy(self, /) -> ReissuePolicy:
        """
        How they are replaced.
        """
    @property
    def reason(self, /) -> str | None:
        """
        Why there is a campaign; it stands in its record and its event. At most 255 bytes.
        """
    @property
    def revocation(self, /) -> RevocationReason:
        """
        The reason for which certificates are revoked then.
        """
    @property
    def revoke_after_days(self, /) -> int | None:
        """
        After how many days whoever was asked and has not come is shut out: certificates are revoked, keys suspended.
        None: never.
        """
    @property
    def selection(self, /) -> Selection:
        """
        Which credentials are to be replaced.
        """
    @property
    def wave_seconds(self, /) -> int:
        """
        How long after the beginning of a wave the next one may begin, in seconds. 0: with the next call.
        """
    @property
    def wave_size(self, /) -> int:
        """
        How many credentials one wave has; at least 1.
        """

@final
class NewClient:
    """
    A client to be registered.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, name: str) -> NewClient: ...
    def __repr__(self, /) -> str: ...
    @property
    def name(self, /) -> str:
        """
        What it will call itself: 1 to 255 bytes; no other client has the same.
        """

@final
class NewDevice:
    """
    A device to be registered.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: str | None = None, product: str | None = None, unit: str | None = None, group: str | None = None, attributes: Attributes | None = None) -> NewDevice: ...
    def __repr__(self, /) -> str: ...
    @property
    def attributes(self, /) -> Attributes:
        """
        What else is known.
        """
    @property
    def group(self, /) -> str | None:
        """
        Its group.
        """
    @property
    def name(self, /) -> str | None:
        """
        Its name; unique among devices that are not deleted. Without one, its ID serves.
        """
    @property
    def product(self, /) -> str | None:
        """
        The product it is a unit of.
        """
    @property
    def unit(self, /) -> str | None:
        """
        The manufacturer's identifier of the unit; needs a product.
        """

@final
class NewKey:
    """
    A symmetric key to be issued.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, owner: NewKeyOwner, algorithm: SymmetricAlgorithm, *, number: SupportsIndex | None = None, renew_days: SupportsIndex | None = None, value: GivenBytes | None = None) -> NewKey: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm:
        """
        Of what kind.
        """
    @property
    def number(self, /) -> int | None:
        """
        Tells it apart from the other keys of its owner: 1 or more, never used twice, not even after the key was
        destroyed. By default the first one that was not used. Keys that several devices share are numbered under the first
        of them, apart from its own keys.
        """
    @property
    def owner(self, /) -> NewKeyOwner:
        """
        Whose it is to be.
        """
    @property
    def renew_days(self, /) -> int | None:
        """
        After how many days it is due to be rotated, 1 to 36,525. By default the interval of its group counts; a key that
        several devices share belongs to none.
        """

@final
class NewKeyOwner:
    """
    Who is to own a symmetric key.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def device(value: str) -> NewKeyOwner:
        """
        One device.
        """
    @staticmethod
    def devices(value: SupportsGetItem[int, str]) -> NewKeyOwner:
        """
        Several devices, each named (NEC-64); others can be added later, and these withdrawn.
        """
    @staticmethod
    def group(value: str) -> NewKeyOwner:
        """
        A group: whoever is a member.
        """

@final
class NewProduct:
    """
    A product to be registered.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, spec: ProductSpec, authority: str, credential_profile: str, device_profile: str, *, algorithm: KeyAlgorithm | None = None, hand_out: HandOut | None = None) -> NewProduct: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        The kind of key of its credential; by default the profile's first.
        """
    @property
    def authority(self, /) -> str:
        """
        The authority that issues for it.
        """
    @property
    def credential_profile(self, /) -> str:
        """
        The profile of its credential, which must let the server make the key.
        """
    @property
    def device_profile(self, /) -> str:
        """
        The profile of its devices' certificates.
        """
    @property
    def hand_out(self, /) -> HandOut:
        """
        When the credential's private key is handed out.
        """
    @property
    def spec(self, /) -> ProductSpec:
        """
        What it is.
        """

@final
class NewPsk:
    """
    A pre-shared key to be issued. By default a device's password: checked and never read, under the device's ID.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, device: str, *, kind: PskKind | None = None, identity_kind: IdentityKind | None = None, identity: str | None = None, policy: PskPolicy | None = None, renew_days: SupportsIndex | None = None, secret: GivenBytes | None = None) -> NewPsk: ...
    def __repr__(self, /) -> str: ...
    @property
    def device(self, /) -> str:
        """
        Whose it is; the device must be valid.
        """
    @property
    def identity(self, /) -> str | None:
        """
        The identity, with the kind `chosen` and only then: 1 to 128 bytes of text.
        """
    @property
    def identity_kind(self, /) -> IdentityKind:
        """
        Where the identity comes from.
        """
    @property
    def kind(self, /) -> PskKind:
        """
        Whether the secret can be read again.
        """
    @property
    def policy(self, /) -> PskPolicy:
        """
        What the secret that is made here is like: of 64 bits of entropy or more; of 128, and 64 octets at most, when it can
        be read again, since that is for TLS and for wrapping.
        """
    @property
    def renew_days(self, /) -> int | None:
        """
        After how many days it is due to be rotated, 1 to 36,525; never by default.
        """
    @staticmethod
    def tls(device: str, *, renew_days: SupportsIndex | None = None) -> NewPsk:
        """
        A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is.
        """

@final
class Ocsp:
    """
    Whether certificates count, asked one by one (OCSP, RFC 6960).
    """
    def configure(self, /, authority: str, options: OcspOptions | None = None, *, actor: str = "", request_id: str | None = None) -> Responder:
        """
        Says how the answers about an authority's certificates are signed, and makes the certificate that signs
        them. Without this, the first request does it with `OcspOptions::default`. Each generation of an authority
        has its own.

        Errors:
        `input.invalid` for options that cannot be meant; `key.generation_unsupported` for RSA without the feature
        `aws-lc`; the states of an authority that signs nothing; `authority.signer_missing`; signer and store
        errors.
        """
    def iterate_presigned(self, /, authority: str, hash: OcspHash | None = None, *, page_size: SupportsIndex = 500) -> PresignedPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def presign(self, /, authority: str, hash: OcspHash | None = None, page: Page | None = None) -> PresignedListing:
        """
        Signs the answers about an authority's certificates that have not expired, a page at a time, in the order
        of their numbers. `hash` is the one that those who ask use; the path and the answer differ with it. All
        processors sign. Nothing is recorded. The total, if it is asked for, is counted anew for every page.

        A revocation shows when the answer is made anew, so a host makes all of them again well before
        `next_update`, and that of a certificate at once when it is revoked.

        Errors:
        The states of an authority that signs nothing; `authority.signer_missing`; `input.page_cursor`; signer and
        store errors.
        """
    def respond(self, /, request: Octets) -> OcspAnswer:
        """
        The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it.

        It says how each certificate stands at this moment:

        - *good*: issued here and not revoked, also when it has expired; - *revoked*, with its reason: also
        `superseded` from the end of the grace period on, and `certificateHold` while suspended, whether CRLs list
        that or not. Everything that an authority issued whose key others know is revoked for `cACompromise`, from
        the day of its issue on, as long as a delegated responder can say so; - *unknown*: never issued, still to
        be approved, removed from the registry, or of another issuer than the first one that is known in a
        request: an answer has one signature, and that one vouches for one issuer.

        Whoever asks with a nonce gets an answer of its own. Other answers serve again, until half of their time
        is over or what they say has changed: the registry is asked every time, so no answer is older than the
        store.

        What cannot be answered is answered too: `malformedRequest`; `unauthorized` for issuers that are not of
        this registry, or can sign no more; `tryLater` while the key that signs is out of reach.

        Errors:
        `store.closed` and other store errors; `input.called_back`; sealer errors.
        """
    def respond_get(self, /, path: str) -> OcspAnswer:
        """
        The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe
        percent-encoded (RFC 6960, A.1), with or without the slash before it. As `respond`.

        Errors:
        As there.
        """
    def responder(self, /, authority: str, *, actor: str = "", request_id: str | None = None) -> Responder:
        """
        Who signs the answers about an authority's certificates. If that certificate is missing or should be
        renewed, it is made first; answering does so by itself, but a host whose authority's key is out of reach
        at times calls this when it is there.

        Errors:
        As `configure`, unless the present certificate still serves.
        """

@final
class OcspAnswer:
    """
    The answer to an OCSP request. Also a refusal is one, and goes back with the HTTP status 200.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def cache_control(self, /) -> str:
        """
        The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
        """
    @property
    def cause(self, /) -> str | None:
        """
        Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`.
        """
    @property
    def content_type(self, /) -> str:
        """
        The `Content-Type` header.
        """
    @property
    def der(self, /) -> bytes:
        """
        The `OCSPResponse` in DER, the body of the HTTP response.
        """
    @property
    def etag(self, /) -> str | None:
        """
        The `ETag` header, if it may be kept.
        """
    @property
    def expires(self, /) -> datetime | None:
        """
        The `Expires` header, if it may be kept: the earliest nextUpdate.
        """
    @property
    def headers(self, /) -> list[tuple[str, str]]:
        """
        The headers to send it with over HTTP, each a name and a value.
        """
    @property
    def last_modified(self, /) -> datetime | None:
        """
        The `Last-Modified` header, if it may be kept: thisUpdate.
        """
    @property
    def status(self, /) -> OcspResponseStatus:
        """
        Whether it answers.
        """

@final
class OcspOptions:
    """
    How an authority's answers are signed.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, validity_hours: SupportsIndex | None = None, delegated: bool | None = None, algorithm: KeyAlgorithm | None = None, certificate_days: SupportsIndex | None = None) -> OcspOptions: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        What key that certificate has.
        """
    @property
    def certificate_days(self, /) -> int:
        """
        How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever
        takes the key can answer for this long, since such certificates are never revoked.
        """
    @property
    def delegated(self, /) -> bool:
        """
        Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
        authority's key signs each answer.
        """
    @property
    def validity_hours(self, /) -> int:
        """
        How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who
        keep answers, so short is safe; too short, and devices that are seldom online find theirs lapsed.
        """

@final
class OcspStatus:
    """
    What OCSP says of a certificate.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def at(self, /) -> datetime | None:
        """
        Since when, of `revoked`.
        """
    @property
    def reason(self, /) -> RevocationReason | None:
        """
        Why, of `revoked`.
        """
    @property
    def type(self, /) -> str:
        """
        `good`, `revoked` or `unknown`.
        """

@final
class OpenedStore:
    """
    A store that was opened by its address.
    """

@final
class Options:
    """
    What a registry is opened with besides store and sealer.
    """
    def __new__(cls, /, *, clock: AnyClock | None = None, random: AnyRandom | None = None, proxies: SupportsGetItem[int, TrustedProxy] | None = None) -> Options:
        """
        The machine's clock and the operating system's random generator, unless others are given. The word of `proxies` about
        who sent a request is taken.
        """

@final
class PackedFile:
    """
    One file: its name and what is in it.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def content(self, /) -> SecretBytes:
        """
        The content.
        """
    @property
    def name(self, /) -> str:
        """
        The name, without any folder.
        """
    @property
    def secret(self, /) -> bool:
        """
        Whether it holds a private key, so that only its owner may read it.
        """

@final
class Page:
    """
    Which part of a list: how many items, and where to begin.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, limit: SupportsIndex | None = None, after: str | None = None, total: bool | None = None) -> Page: ...
    def __repr__(self, /) -> str: ...
    @property
    def after(self, /) -> str | None:
        """
        The `next` of the page before.
        """
    @property
    def limit(self, /) -> int:
        """
        How many items at most.
        """
    @property
    def total(self, /) -> bool:
        """
        Whether to count all items, as it does unless told otherwise.
        """

@final
class PostgresOptions:
    """
    How to connect to PostgreSQL.
    """
    def __new__(cls, /, *, create: bool | None = None, schema: str | None = None, password: GivenText | None = None, wait: SupportsFloat | SupportsIndex | None = None, connect_timeout: SupportsFloat | SupportsIndex | None = None, statement_timeout: SupportsFloat | SupportsIndex | None = None, writers: SupportsIndex | None = None, getters: SupportsIndex | None = None, searchers: SupportsIndex | None = None) -> PostgresOptions:
        """
        `create`: make the schema if there is none (the default). `schema`: which one, unless the URL says so; `tegata` by
        default; one tenant, one schema. `password`: in place of one in the URL. `wait`: how many seconds to go on trying when the
        server cannot be reached. `connect_timeout` and `statement_timeout`: seconds. `writers`, `getters`, `searchers`: how many
        connections write, read rows by key, and search.
        """
    def __repr__(self, /) -> str: ...

@final
class PostgresStore:
    """
    A store in one schema of a PostgreSQL database.
    """
    @staticmethod
    def connect(url: str, options: PostgresOptions | None = None) -> PostgresStore:
        """
        Connects to the database at `url`, such as `postgres://user:password@host/database?schema=tenant`.
        """

@final
class Presented:
    """
    What someone shows to be let in.
    """
    @staticmethod
    def certificate(certificate: Octets, proof: Proof, device: str | None = None) -> Presented:
        """
        A certificate, with proof that its key is there. Where several devices hold it, `device` says which one it is.
        """
    @staticmethod
    def client(licence: GivenText, name: str, password: GivenText) -> Presented:
        """
        A client of the host's API, by all of what it was given.
        """
    @staticmethod
    def headers(headers: SupportsGetItem[int, tuple[str, GivenText]]) -> Presented:
        """
        All headers of a request as a proxy passed it on, names and values; one that came twice is here twice. Which headers
        mean what, the `TrustedProxy` of `Options` says.
        """
    @staticmethod
    def psk(identity: str, secret: GivenBytes) -> Presented:
        """
        A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
        """

@final
class Presigned:
    """
    An answer that was signed before anybody asked.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> str:
        """
        About which certificate.
        """
    @property
    def der(self, /) -> bytes:
        """
        The `OCSPResponse` in DER.
        """
    @property
    def next_update(self, /) -> datetime:
        """
        Until when it may be believed; the next one should be there before.
        """
    @property
    def path(self, /) -> str:
        """
        The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
        """
    @property
    def serial(self, /) -> bytes:
        """
        Its serial number.
        """

@final
class PresignedListing:
    """
    One page of `Presigned`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Presigned: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Presigned]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class PresignedPages:
    """
    Every `Presigned` of a list, fetched page by page.
    """
    def __iter__(self, /) -> PresignedPages: ...
    def __next__(self, /) -> Presigned: ...

@final
class Preview:
    """
    What a CSR would become under a profile.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def not_after(self, /) -> datetime:
        """
        The last second of validity.
        """
    @property
    def not_before(self, /) -> datetime:
        """
        The first second of validity.
        """
    @property
    def renew_at(self, /) -> datetime:
        """
        When it would be due for renewal.
        """
    @property
    def subject(self, /) -> str:
        """
        The subject that the certificate would have.
        """

@final
class Principal:
    """
    Who it is: a device, a unit that has its product's credential only, or a client of the host's API.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> str | None:
        """
        The certificate that was presented, if it was one.
        """
    @property
    def client(self, /) -> str | None:
        """
        The client, of `client`.
        """
    @property
    def credential(self, /) -> Credential | None:
        """
        By what the device was recognised, of `device`.
        """
    @property
    def device(self, /) -> str | None:
        """
        The device, of `device`.
        """
    @property
    def name(self, /) -> str | None:
        """
        The client's name, of `client`.
        """
    @property
    def product(self, /) -> str | None:
        """
        The product, if the device has one.
        """
    @property
    def type(self, /) -> str:
        """
        `device`, `product` or `client`.
        """
    @property
    def until(self, /) -> datetime | None:
        """
        Until when the credential counts, if nothing happens to it. None: without an end.
        """

@final
class PrivateKey:
    """
    A private key in memory. It signs; what it is stays hidden unless it is written out explicitly.
    """
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SignatureAlgorithm:
        """
        The algorithm with which it signs.
        """
    @staticmethod
    def from_bytes(input: Octets) -> PrivateKey:
        """
        Reads a key: PKCS#8, PKCS#1 or SEC1, as DER or PEM.
        """
    @staticmethod
    def from_bytes_with(input: Octets, public: PublicKey) -> PrivateKey:
        """
        Reads a key that was written without its public half.
        """
    @property
    def public_key(self, /) -> PublicKey:
        """
        The public half.
        """
    def sign(self, /, message: Octets) -> bytes:
        """
        Signs a message.
        """
    def to_pkcs8_der(self, /) -> SecretBytes:
        """
        The key as PKCS#8.
        """
    def to_pkcs8_pem(self, /) -> SecretText:
        """
        The key as PKCS#8 in PEM.
        """

@final
class Product:
    """
    A product.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def authority(self, /) -> str:
        """
        The authority that issues for it; after a rebuild its newest generation does.
        """
    @property
    def created(self, /) -> datetime:
        """
        When it was registered.
        """
    @property
    def credential_profile(self, /) -> str:
        """
        The profile of the product credential.
        """
    @property
    def device_profile(self, /) -> str:
        """
        The profile of its devices' certificates.
        """
    @property
    def id(self, /) -> str:
        """
        Names the product.
        """
    @property
    def information(self, /) -> dict[str, str]:
        """
        What is known of it: manufacturer, model, version ...
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; unique.
        """
    @property
    def policy(self, /) -> EnrollmentPolicy:
        """
        The conditions of enrollment.
        """
    @property
    def state(self, /) -> ProductState:
        """
        Its state.
        """
    @property
    def subject(self, /) -> str | None:
        """
        The subject of its credentials (PAP-8).
        """
    @property
    def updated(self, /) -> datetime:
        """
        When its record last changed.
        """

@final
class ProductChange:
    """
    What of a product changes; None stays as it is.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: str | None = None, information: dict[str, str] | None = None, authority: str | None = None, credential_profile: str | None = None, device_profile: str | None = None) -> ProductChange: ...
    def __repr__(self, /) -> str: ...
    @property
    def authority(self, /) -> str | None:
        """
        The authority that issues for it.
        """
    @property
    def credential_profile(self, /) -> str | None:
        """
        The profile of its next credentials.
        """
    @property
    def device_profile(self, /) -> str | None:
        """
        The profile of its next devices' certificates.
        """
    @property
    def information(self, /) -> dict[str, str] | None:
        """
        What is known of it, all at once.
        """
    @property
    def name(self, /) -> str | None:
        """
        The name.
        """

@final
class ProductFilter:
    """
    Which products to list.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, name: Text | None = None, state: ProductState | None = None) -> ProductFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def name(self, /) -> Text | None:
        """
        By name.
        """
    @property
    def state(self, /) -> ProductState | None:
        """
        By state.
        """

@final
class ProductListing:
    """
    One page of `Product`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Product: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Product]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class ProductPages:
    """
    Every `Product` of a list, fetched page by page.
    """
    def __iter__(self, /) -> ProductPages: ...
    def __next__(self, /) -> Product: ...

@final
class ProductSpec:
    """
    What a product is, as it is written in a file.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, name: str, *, information: dict[str, str] | None = None, enrollment: EnrollmentPolicy | None = None) -> ProductSpec: ...
    def __repr__(self, /) -> str: ...
    @property
    def enrollment(self, /) -> EnrollmentPolicy:
        """
        Under which conditions its units enroll.
        """
    @staticmethod
    def from_toml(text: str) -> ProductSpec:
        """
        Reads a product from TOML.
        """
    @property
    def information(self, /) -> dict[str, str]:
        """
        What is known of it: manufacturer, model, version ...
        """
    @staticmethod
    def load(file: str | PathLike[str]) -> ProductSpec:
        """
        Reads a product from a TOML file.
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; unique.
        """

@final
class Products:
    """
    Products: what all units share. A product credential bootstraps its units; it names the product, never the unit.
    """
    def add_units(self, /, id: str, units: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[None | Error]:
        """
        Puts units on the product's allow-list, with a result per item in their order.

        Errors:
        `input.unknown_id`; per item `product.unit_listed` and `input.invalid`; store errors.
        """
    def credentials(self, /, id: str) -> list[CertificateRecord]:
        """
        The product's credentials, the oldest first.

        Errors:
        `input.unknown_id`.
        """
    def discontinue(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Product:
        """
        Ends enrollment for good. Enrolled devices go on and renew.

        Errors:
        `product.discontinued`.
        """
    def enrolled(self, /, id: str) -> int:
        """
        How many units have enrolled: what the quota limits.

        Errors:
        `input.unknown_id`.
        """
    def find(self, /, filter: ProductFilter | None = None, page: Page | None = None) -> ProductListing:
        """
        The products that match, by name.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Product:
        """
        The product with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def issue_claim_codes(self, /, id: str, count: SupportsIndex, expires: datetime | None = None, *, actor: str = "", request_id: str | None = None) -> list[SecretText]:
        """
        Makes `count` one-time claim codes. They are stored as keyed tags only, so this is the only time they are seen.
        Case and dashes do not matter when one is used.

        Errors:
        `input.invalid` for more than 10,000 at once or an expiry that has passed; `product.discontinued`;
        `input.request_id_reused` always for a repeated request ID, since codes cannot be read again.
        """
    def iterate(self, /, filter: ProductFilter | None = None, *, page_size: SupportsIndex = 500) -> ProductPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def register(self, /, new: NewProduct, *, actor: str = "", request_id: str | None = None) -> RegisteredProduct:
        """
        Registers a product and issues its first credential, in one commit (PAP-4, PAP-5): the server makes key and
        certificate, whose subject names the product and no unit.

        Errors:
        `product.name_taken`, `profile.no_server_key`, `profile.server_key_algorithm`, the authority's state, `input.*`.
        """
    def renew_credential(self, /, id: str, algorithm: KeyAlgorithm | None = None, hand_out: HandOut | None = None, *, actor: str = "", request_id: str | None = None) -> IssuedWithKey:
        """
        Issues another credential with a new key, for the next batch of units. Units with an earlier one go on enrolling until
        that expires or is revoked. After a rebuild, the newest generation of the product's authority issues it.

        Errors:
        `product.discontinued`, and as `register`.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Product:
        """
        Lets units enroll again.

        Errors:
        `product.not_suspended`, `product.discontinued`.
        """
    def revoke_credential(self, /, credential: str, reason: RevocationReason, *, actor: str = "", request_id: str | None = None) -> CertificateRecord:
        """
        Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.

        Errors:
        `product.credential_unknown` when the certificate is none; `certificate.already_revoked`.
        """
    def set_enrollment_policy(self, /, id: str, policy: EnrollmentPolicy, *, actor: str = "", request_id: str | None = None) -> Product:
        """
        Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.

        Errors:
        `input.invalid`, `product.discontinued`.
        """
    def suspend(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Product:
        """
        Stops enrollment for now. Enrolled devices go on.

        Errors:
        `product.suspended`, `product.discontinued`.
        """
    def update(self, /, id: str, change: ProductChange, *, actor: str = "", request_id: str | None = None) -> Product:
        """
        Changes what is known of a product, or who issues for it and how.

        Errors:
        `product.name_taken`, `input.invalid`, `input.unknown_id`.
        """

@final
class Profile:
    """
    One version of a profile. Versions are never changed, since certificates refer to them.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def created(self, /) -> datetime:
        """
        When this version was made.
        """
    @property
    def id(self, /) -> str:
        """
        Names this version.
        """
    @property
    def name(self, /) -> str:
        """
        The name that operators use; all versions share it.
        """
    @property
    def revision(self, /) -> int:
        """
        1 for the first, one more with every change.
        """
    @property
    def spec(self, /) -> ProfileSpec:
        """
        What it says.
        """

@final
class ProfileListing:
    """
    One page of `Profile`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Profile: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Profile]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class ProfilePages:
    """
    Every `Profile` of a list, fetched page by page.
    """
    def __iter__(self, /) -> ProfilePages: ...
    def __next__(self, /) -> Profile: ...

@final
class ProfileSpec:
    """
    The content of a profile, as it is written in a file. Every field but the keys has a default.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, subject: SubjectPolicy | None = None, san: SanPolicy | None = None, keys: SupportsGetItem[int, KeyAlgorithm] | None = None, server_keys: SupportsGetItem[int, KeyAlgorithm] | None = None, validity_days: SupportsIndex | None = None, backdate_seconds: SupportsIndex | None = None, not_before: str | None = None, key_usage: SupportsGetItem[int, str] | None = None, extended_key_usage: SupportsGetItem[int, str] | None = None, renew_after_percent: SupportsIndex | None = None, renew_spread_percent: SupportsIndex | None = None, grace_days: SupportsIndex | None = None, new_key_at_renewal: bool = False, approval: bool = False, suspend: SuspendMode | None = None, collect_within_days: SupportsIndex | None = None, crl_urls: SupportsGetItem[int, str] | None = None, ocsp_urls: SupportsGetItem[int, str] | None = None, issuer_urls: SupportsGetItem[int, str] | None = None, policies: SupportsGetItem[int, str] | None = None) -> ProfileSpec: ...
    def __repr__(self, /) -> str: ...
    @property
    def approval(self, /) -> bool:
        """
        Whether certificates wait for an approval.
        """
    @property
    def backdate_seconds(self, /) -> int:
        """
        How far notBefore lies in the past, in seconds, for devices whose clock runs behind.
        """
    @property
    def collect_within_days(self, /) -> int:
        """
        How long a server-made key can be collected, in days.
        """
    @property
    def crl_urls(self, /) -> list[str]:
        """
        Where CRLs are published (RFC 5280, 4.2.1.13).
        """
    @staticmethod
    def device() -> ProfileSpec:
        """
        For devices: client authentication, a name made by the registry.
        """
    @property
    def extended_key_usage(self, /) -> list[str]:
        """
        Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID.
        """
    @staticmethod
    def from_json(text: str) -> ProfileSpec:
        """
        Reads a profile from JSON.
        """
    @staticmethod
    def from_toml(text: str) -> ProfileSpec:
        """
        Reads a profile from TOML.
        """
    @property
    def grace_days(self, /) -> int:
        """
        How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier.
        """
    @property
    def issuer_urls(self, /) -> list[str]:
        """
        Where the issuer's certificate is (RFC 5280, 4.2.2.1).
        """
    @property
    def key_usage(self, /) -> list[str]:
        """
        Key usage bits by their RFC 5280 names; critical.
        """
    @property
    def keys(self, /) -> list[KeyAlgorithm]:
        """
        Which kinds of key may be certified.
        """
    @property
    def new_key_at_renewal(self, /) -> bool:
        """
        Whether every renewal needs a new key.
        """
    @property
    def not_before(self, /) -> str | None:
        """
        A fixed notBefore instead, such as `1970-01-01T00:00:00Z` for devices without a clock.
        """
    @property
    def ocsp_urls(self, /) -> list[str]:
        """
        Where OCSP responders are (RFC 5280, 4.2.2.1).
        """
    @property
    def policies(self, /) -> list[str]:
        """
        Certificate policies, as dotted OIDs.
        """
    @staticmethod
    def product_credential() -> ProfileSpec:
        """
        For the credential that all units of a product share.
        """
    @property
    def renew_after_percent(self, /) -> int:
        """
        After which part of its validity a certificate is due for renewal, in percent.
        """
    @property
    def renew_spread_percent(self, /) -> int:
        """
        By how much of the validity renewals are spread so that a fleet does not come back at once, in percent.
        """
    @property
    def san(self, /) -> SanPolicy:
        """
        The alternative names.
        """
    @property
    def server_keys(self, /) -> list[KeyAlgorithm]:
        """
        Which kinds of key the server may make itself; none by default.
        """
    @property
    def subject(self, /) -> SubjectPolicy:
        """
        The subject.
        """
    @property
    def suspend(self, /) -> SuspendMode:
        """
        What suspending means.
        """
    @staticmethod
    def tls_server() -> ProfileSpec:
        """
        For TLS servers: names from the request.
        """
    def to_json(self, /) -> str:
        """
        The profile as JSON.
        """
    @property
    def validity_days(self, /) -> int:
        """
        How long a certificate is valid, in days of 86,400 seconds. Counted from now, whatever the backdating.
        """

@final
class Profiles:
    """
    Profiles: what a certificate may and will hold. Versions are never changed; `put` adds one.
    """
    def find(self, /, page: Page | None = None) -> ProfileListing:
        """
        All versions of all profiles, by name.

        Errors:
        Store errors.
        """
    def get(self, /, id: str) -> Profile:
        """
        The version with this identifier.

        Errors:
        `input.unknown_id`.
        """
    def iterate(self, /, *, page_size: SupportsIndex = 500) -> ProfilePages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def iterate_versions(self, /, name: str, *, page_size: SupportsIndex = 500) -> ProfilePages:
        """
        All versions of the profile `name`, fetched page by page while the iterator goes on.
        """
    def load(self, /, file: str | PathLike[str], *, actor: str = "", request_id: str | None = None) -> Profile:
        """
        Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's,
        without its ending.

        Errors:
        `input.invalid` when the file cannot be read, `profile.syntax`, `profile.invalid`.
        """
    def newest(self, /, name: str) -> Profile:
        """
        The newest version of the profile `name`.

        Errors:
        `input.unknown_id`.
        """
    def preview(self, /, profile: str, authority: str, csr: Octets, name: str | None = None) -> Preview:
        """
        What `csr` would become if `authority` issued it under `profile` now, to an applicant called `name` who is no
        device; nothing is issued.

        Errors:
        The very reason for which issuing would be refused.
        """
    def put(self, /, name: str, spec: ProfileSpec, *, actor: str = "", request_id: str | None = None) -> Profile:
        """
        Adds a version of the profile `name`, unless the newest already says the same.

        Errors:
        `profile.invalid`, naming the field and the reason.
        """
    def versions(self, /, name: str, page: Page | None = None) -> ProfileListing:
        """
        All versions of the profile `name`, the newest first.

        Errors:
        Store errors.
        """

@final
class Proof:
    """
    How it was proven that who presents a certificate has its key.
    """
    @staticmethod
    def proxy(name: str, token: GivenBytes) -> Proof:
        """
        The word of a proxy, which ended the TLS session and checked the chain: its name, and the secret by which it shows
        that it is the one. The caller vouches for having looked at what the proxy says of that check.
        """
    @staticmethod
    def signature(message: Octets, signature: Octets) -> Proof:
        """
        A signature by the certificate's key over `Statement.challenge` of this message.
        """
    @staticmethod
    def tls_session() -> Proof:
        """
        The TLS session in which it was presented, which the caller ended itself.
        """

@final
class Provision:
    """
    A device to be registered, and what it gets at once.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, device: NewDevice, *, psk: PskWish | None = None, key: SymmetricAlgorithm | None = None, certificate: CertificateWish | None = None) -> Provision: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> CertificateWish | None:
        """
        Its certificate.
        """
    @property
    def device(self, /) -> NewDevice:
        """
        The device.
        """
    @property
    def key(self, /) -> SymmetricAlgorithm | None:
        """
        Of what kind its symmetric key number 1 is.
        """
    @property
    def psk(self, /) -> PskWish | None:
        """
        Its password or TLS key.
        """

@final
class Provisioned:
    """
    A device that was provisioned, with its secrets. When the request is repeated, those come again that are still kept and
    still the first ones.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> IssuedWithKey | None:
        """
        Its certificate, with the private key if that was made here and is handed out now.
        """
    @property
    def device(self, /) -> Device:
        """
        The device.
        """
    @property
    def key(self, /) -> IssuedKey | None:
        """
        Its symmetric key number 1; None also when the request is repeated after that value was destroyed.
        """
    @property
    def psk(self, /) -> IssuedPsk | None:
        """
        Its password or TLS key.
        """

@final
class ProxyHeaders:
    """
    Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`, since some servers make
    one of the other.

    The proxy must set or remove each of these in every request that it passes on, so that none that its client sent gets
    through; of what comes through twice, nothing is believed.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, proof: str | None = None, verified: str | None = ..., success: str | None = None, certificate: str | None = ..., encoding: CertificateEncoding | None = None, identity: str | None = None, secret: str | None = None, basic: bool = True) -> ProxyHeaders:
        """
        What is left out is as for nginx. None takes `verified` and `certificate` away.
        """
    def __repr__(self, /) -> str: ...
    @property
    def basic(self, /) -> bool:
        """
        Whether a PSK may come as `Authorization: Basic` (RFC 7617), with the identity as the user.
        """
    @property
    def certificate(self, /) -> str | None:
        """
        Carries the certificate; empty or missing when none was presented.
        """
    @property
    def encoding(self, /) -> CertificateEncoding:
        """
        How it is written.
        """
    @staticmethod
    def envoy() -> ProxyHeaders:
        """
        As Envoy forwards it: `x-forwarded-client-cert`.
        """
    @staticmethod
    def haproxy() -> ProxyHeaders:
        """
        As `HAProxy` forwards it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, base64 DER.
        """
    @property
    def identity(self, /) -> str | None:
        """
        Carries the identity of a PSK.
        """
    @staticmethod
    def nginx() -> ProxyHeaders:
        """
        As nginx and Apache forward it: `X-SSL-Client-Verify` and `X-SSL-Client-Cert`, percent-encoded PEM, with the secret in
        `X-Proxy-Proof`. The documentation of the Rust crate has the lines of their configurations.
        """
    @property
    def proof(self, /) -> str:
        """
        Carries the proxy's secret.
        """
    @staticmethod
    def rfc9440() -> ProxyHeaders:
        """
        As RFC 9440 has it: `Client-Cert`.
        """
    @property
    def secret(self, /) -> str | None:
        """
        Carries the secret of a PSK, as text.
        """
    @property
    def success(self, /) -> str:
        """
        The only value of `verified` that means success.
        """
    @property
    def verified(self, /) -> str | None:
        """
        Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
        """
    def with_psk_headers(self, /, identity: str, secret: str) -> ProxyHeaders:
        """
        With the PSK in two headers of its own instead of `Authorization: Basic`.
        """

@final
class PrunedEvents:
    """
    What `Events::prune` did.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def events(self, /) -> int:
        """
        How many events are gone.
        """
    @property
    def latest(self, /) -> datetime | None:
        """
        The time of the latest of them.
        """

@final
class Psk:
    """
    A pre-shared key (NEC-1), without its secret.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def blocked_until(self, /) -> datetime | None:
        """
        No secret is looked at before this moment, since too many wrong ones came.
        """
    @property
    def campaign(self, /) -> str | None:
        """
        The campaign that asks for its rotation.
        """
    @property
    def device(self, /) -> str:
        """
        Whose it is.
        """
    @property
    def failures(self, /) -> int:
        """
        How often in a row a wrong secret came, as far as it was kept (see the back-off of `authenticate`).
        """
    @property
    def group(self, /) -> str | None:
        """
        The device's group.
        """
    @property
    def id(self, /) -> str:
        """
        Names the key through all its rotations.
        """
    @property
    def identity(self, /) -> str:
        """
        What the device calls itself when it shows the secret.
        """
    @property
    def identity_kind(self, /) -> IdentityKind:
        """
        Where the identity comes from.
        """
    @property
    def issued(self, /) -> datetime:
        """
        When the current secret was made.
        """
    @property
    def kind(self, /) -> PskKind:
        """
        Whether the secret can be read again.
        """
    @property
    def previous_identity(self, /) -> str | None:
        """
        The identity before the last rotation, while it is still accepted and differs.
        """
    @property
    def previous_until(self, /) -> datetime | None:
        """
        Until when the secret before the last rotation is accepted.
        """
    @property
    def renew_at(self, /) -> datetime | None:
        """
        When it is due to be rotated.
        """
    @property
    def renew_days(self, /) -> int | None:
        """
        After how many days each secret is due to be rotated.
        """
    @property
    def state(self, /) -> PskState:
        """
        Its state.
        """
    @property
    def version(self, /) -> int:
        """
        1 at first, one more at each rotation.
        """

@final
class PskFilter:
    """
    Which pre-shared keys to list: those that match everything given.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, device: str | None = None, group: str | None = None, states: SupportsGetItem[int, PskState] | None = None, kind: PskKind | None = None, identity: str | None = None, due_before: datetime | None = None) -> PskFilter: ...
    def __repr__(self, /) -> str: ...
    @property
    def device(self, /) -> str | None:
        """
        Of this device.
        """
    @property
    def due_before(self, /) -> datetime | None:
        """
        Due to be rotated before this moment.
        """
    @property
    def group(self, /) -> str | None:
        """
        Of devices in this group.
        """
    @property
    def identity(self, /) -> str | None:
        """
        With exactly this identity, or with it until the last rotation, while that is in its grace period.
        """
    @property
    def kind(self, /) -> PskKind | None:
        """
        Of this kind.
        """
    @property
    def states(self, /) -> list[PskState]:
        """
        In one of these states; empty for all, deleted ones included.
        """

@final
class PskListing:
    """
    One page of `Psk`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> Psk: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[Psk]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class PskPages:
    """
    Every `Psk` of a list, fetched page by page.
    """
    def __iter__(self, /) -> PskPages: ...
    def __next__(self, /) -> Psk: ...

@final
class PskPolicy:
    """
    What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the
    policy.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, length: SupportsIndex | None = None, classes: CharacterClasses | None = None, look_alikes: bool = False, raw: bool = False) -> PskPolicy: ...
    def __repr__(self, /) -> str: ...
    @property
    def classes(self, /) -> CharacterClasses:
        """
        Of which kinds the characters are. Means nothing when `raw`.
        """
    def entropy_bits(self, /) -> int:
        """
        How many bits of entropy a secret has: the logarithm of how many secrets meet the policy, rounded down. 0 when
        none does.
        """
    @property
    def length(self, /) -> int:
        """
        How many characters, or octets when `raw`; 512 at most.
        """
    @property
    def look_alikes(self, /) -> bool:
        """
        Whether characters may occur that people confuse: `0 O o`, `1 l I`, `2 Z`, `5 S`, `8 B`. Means nothing when
        `raw`.
        """
    @property
    def raw(self, /) -> bool:
        """
        Whether the secret is any octets instead of text.
        """

@final
class PskWish:
    """
    The pre-shared key that a new device gets; its fields are those of `NewPsk`. By default a password.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, kind: PskKind | None = None, identity_kind: IdentityKind | None = None, identity: str | None = None, policy: PskPolicy | None = None, renew_days: SupportsIndex | None = None, secret: GivenBytes | None = None) -> PskWish: ...
    def __repr__(self, /) -> str: ...
    @property
    def identity(self, /) -> str | None:
        """
        The identity, with the kind `chosen` and only then.
        """
    @property
    def identity_kind(self, /) -> IdentityKind:
        """
        Where the identity comes from.
        """
    @property
    def kind(self, /) -> PskKind:
        """
        Whether the secret can be read again.
        """
    @property
    def policy(self, /) -> PskPolicy:
        """
        What the secret that is made here is like.
        """
    @property
    def renew_days(self, /) -> int | None:
        """
        After how many days it is due to be rotated.
        """
    @staticmethod
    def tls(*, renew_days: SupportsIndex | None = None) -> PskWish:
        """
        A key for TLS: 32 random octets that can be read, under an identity that tells nobody whose it is.
        """

@final
class Psks:
    """
    Pre-shared keys: passwords of devices, and what TLS-PSK servers and their clients share.
    """
    def delete(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Psk:
        """
        Deletes a key for good (NEC-4): its secrets are erased, its identity is free again. Its record stays.

        Errors:
        `psk.deleted`; `input.unknown_id`.
        """
    def delete_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Psk | Error]:
        """
        Deletes many keys, with a result per item in their order.

        Errors:
        As `issue_many`.
        """
    def end_grace(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Psk:
        """
        Ends a grace period early: the secret before the last rotation is erased.

        Errors:
        `psk.no_previous` outside a grace period, `psk.deleted`; `input.unknown_id`.
        """
    def erase_expired(self, /, *, actor: str = "", request_id: str | None = None) -> int:
        """
        Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that moment
        anyway. The request ID of `call` is not used.

        Errors:
        Store errors.
        """
    def export(self, /, filter: PskFilter | None, format: PskFormat, *, actor: str = "", request_id: str | None = None) -> SecretBytes:
        """
        A list for a TLS server (NEC-2): the keys that match `filter`, can be read and count now, that is, are active and of a
        valid device, in the order of their numbers. A rotated key in its grace period is there twice if its identity changed
        with it; where the identity stayed, a server looks for one secret, which is the new one.

        It is read page by page: a key that changes meanwhile is there as it was before or after, and whatever changes later
        needs another export. An export leaves one event, with the format and how many identities it has; a call's request ID
        is not looked at, since a repetition would get another list.

        Errors:
        `psk.not_readable` when `filter` asks for keys that can only be checked; `psk.identity` and `psk.too_*` when the form cannot say one
        of the keys, or its server would not take it: then there is no list rather than one that lacks somebody.
        """
    def find(self, /, filter: PskFilter | None = None, page: Page | None = None) -> PskListing:
        """
        The keys that match, in the order of their numbers.

        Errors:
        `input.page_cursor`; store errors.
        """
    def get(self, /, id: str) -> Psk:
        """
        The key with this identifier, without its secret. A key that a device shows under its own ID keeps its identifier when
        it is deleted and issued again.

        Errors:
        `input.unknown_id`.
        """
    def issue(self, /, new: NewPsk, *, actor: str = "", request_id: str | None = None) -> IssuedPsk:
        """
        Issues a pre-shared key (NEC-1, NEC-15). What is made here meets the policy. A repetition under the same request ID
        brings the secret of a readable key again; that of a verify-only key nobody knows any more.

        Errors:
        `psk.exists` when the device has a key under its own ID already, `psk.identity`, `psk.identity_taken`; `psk.policy_*`,
        `psk.too_short`, `psk.too_long`; the device's state (`device.disabled` ...).
        """
    def issue_many(self, /, new: SupportsGetItem[int, NewPsk], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[IssuedPsk | Error]:
        """
        Issues many pre-shared keys, with a result per item in their order.

        Errors:
        `input.invalid` for the call itself; store errors when everything or nothing was asked for.
        """
    def iterate(self, /, filter: PskFilter | None = None, *, page_size: SupportsIndex = 500) -> PskPages:
        """
        All of them, fetched page by page while the iterator goes on.
        """
    def read(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> IssuedPsk:
        """
        The secret of a key, suspended ones included (NEC-2). Every reading leaves an event.

        Errors:
        `psk.not_readable` for a key that can only be checked, `psk.deleted`; `input.unknown_id`.
        """
    def resume(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Psk:
        """
        Lets a suspended key count again.

        Errors:
        `psk.not_suspended`, `psk.deleted`; `input.unknown_id`.
        """
    def resume_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Psk | Error]:
        """
        Lets many keys count again, with a result per item in their order.

        Errors:
        As `issue_many`.
        """
    def rotate(self, /, id: str, rotate: RotatePsk | None = None, *, actor: str = "", request_id: str | None = None) -> IssuedPsk:
        """
        Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new identity. In the
        grace period the secret before counts as well, with the identity that went with it. A disabled device gets none. It is due
        again after its own interval, if it has one.

        Errors:
        `psk.suspended`, `psk.deleted`; the device's state; `psk.grace`, `psk.policy_*`, `psk.too_short`, `psk.too_long`.
        """
    def rotate_many(self, /, ids: SupportsGetItem[int, str], rotate: RotatePsk | None = None, *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[IssuedPsk | Error]:
        """
        Gives many keys new secrets, with a result per item in their order.

        Errors:
        As `issue_many`; `input.invalid` when a secret is brought, since no two keys may have the same.
        """
    def suspend(self, /, id: str, *, actor: str = "", request_id: str | None = None) -> Psk:
        """
        Suspends a key: its secrets are refused until it is resumed (NEC-3).

        Errors:
        `psk.already_suspended`, `psk.deleted`; `input.unknown_id`.
        """
    def suspend_many(self, /, ids: SupportsGetItem[int, str], *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> list[Psk | Error]:
        """
        Suspends many keys, with a result per item in their order.

        Errors:
        As `issue_many`.
        """
    def verify(self, /, identity: str, secret: GivenBytes) -> bool:
        """
        Whether this is an active key's secret and its device may come in: what `authenticate`
        looks at, as a yes or no (NEC-3). It is no for an identity or secret that is wrong, for a key that is suspended or
        deleted, and for a device that is not valid. A wrong secret takes as long as a right one, an unknown identity as
        long as a known one.

        Errors:
        `authentication.backed_off` after too many failures, as in `authenticate`; store errors.
        """

@final
class PublicKey:
    """
    A public key.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        The algorithm and size.
        """
    @property
    def digest(self, /) -> bytes:
        """
        SHA-256 of the SubjectPublicKeyInfo.
        """
    @staticmethod
    def from_spki(der: Octets) -> PublicKey:
        """
        Reads a SubjectPublicKeyInfo.
        """
    @property
    def key_bits(self, /) -> bytes:
        """
        The content of the BIT STRING.
        """
    @property
    def key_identifier(self, /) -> bytes:
        """
        SHA-1 of the key bits (RFC 5280, 4.2.1.2).
        """
    @property
    def spki(self, /) -> bytes:
        """
        The SubjectPublicKeyInfo's DER.
        """
    def verify(self, /, algorithm: SignatureAlgorithm, message: Octets, signature: Octets) -> None:
        """
        Checks a signature: `key.signature_invalid` is raised unless it is one.
        """

@final
class Purpose:
    """
    What a certificate is to be used for.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def any() -> Purpose:
        """
        Whatever it is for.
        """
    @staticmethod
    def client_auth() -> Purpose:
        """
        TLS client.
        """
    @staticmethod
    def other(value: str) -> Purpose:
        """
        The extended key usage of this OID.
        """
    @staticmethod
    def server_auth() -> Purpose:
        """
        TLS server.
        """

@final
class Query:
    """
    A question for rows that pass all filters, a page at a time.
    """
    @property
    def after(self, /) -> Cursor | None:
        """
        Only rows after this place.
        """
    @property
    def descending(self, /) -> bool:
        """
        Largest first.
        """
    @property
    def filters(self, /) -> list[Filter]:
        """
        All of them must pass.
        """
    @property
    def limit(self, /) -> int:
        """
        How many rows at most.
        """
    @property
    def order(self, /) -> str | None:
        """
        The column by which rows are ordered, then by key; rows with None there are left out. None: by key alone.
        """
    @property
    def table(self, /) -> str:
        """
        The table's name.
        """
    @property
    def total(self, /) -> bool:
        """
        Whether to count all rows, on all pages.
        """

@final
class Reason:
    """
    One row of the error table.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def code(self, /) -> str:
        """
        The stable dotted code, such as `csr.signature_invalid`.
        """
    @property
    def kind(self, /) -> ErrorKind:
        """
        Its kind.
        """
    @property
    def text(self, /) -> str:
        """
        The sentence that callers see; `{..}` stands for a detail.
        """

@final
class Rebuild:
    """
    How an authority is rebuilt. What is None stays as it was.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, subject: str | None = None, algorithm: KeyAlgorithm | None = None, validity_days: SupportsIndex | None = None, signer: AnySigner | None = None) -> Rebuild: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        The new key's algorithm.
        """
    @property
    def subject(self, /) -> str | None:
        """
        The new subject; by default the old one with its generation in the common name, since two authorities with
        one subject confuse every reader.
        """
    @property
    def validity_days(self, /) -> int | None:
        """
        The new certificate's validity in days; by default as long as the old one's.
        """

@final
class RegisteredClient:
    """
    A client and what it has to show, which is handed out this once: only keyed tags are kept.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def client(self, /) -> Client:
        """
        The client.
        """
    @property
    def licence(self, /) -> SecretText:
        """
        Its licence key, for the first step.
        """
    @property
    def password(self, /) -> SecretText:
        """
        Its password, for the second step.
        """

@final
class RegisteredProduct:
    """
    A registered product with its first credential.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def credential(self, /) -> IssuedWithKey:
        """
        Its credential (PAP-5), to be built into every unit.
        """
    @property
    def product(self, /) -> Product:
        """
        The product.
        """

@final
class Registry:
    """
    A registry of devices and the authority over their credentials. Any thread may use it.

    `with Registry.open(...) as registry:` closes it at the end.
    """
    def __enter__(self, /) -> Registry: ...
    def __exit__(self, /, _type: Any | None, _value: Any | None, _traceback: Any | None) -> None: ...
    def authenticate(self, /, presented: Presented) -> Principal:
        """
        Who presents a certificate, a pre-shared key or a client's licence key, name and password; or what a proxy passed on.

        Errors:
        The first reason that fails. For certificates in this order: `certificate.malformed`, the proxy's proof,
        `certificate.unknown`, `certificate.proof_invalid`, the authority's state, the certificate's, `certificate.no_holder`,
        the device's or the product's. For pre-shared keys: `authentication.backed_off` after too many failures;
        `authentication.failed` alike for an unknown identity, a wrong secret and a deleted key; and only when the secret is
        right `psk.suspended` and the device's state. Clients are told the same way, with `client.suspended`. For headers also
        `authentication.proxy_*`, `authentication.nothing_presented`, `authentication.both_kinds` and
        `authentication.header_*`.
        """
    @property
    def authorities(self, /) -> Authorities:
        """
        Authorities: the private CA.
        """
    def backup(self, /, path: str | PathLike[str], *, actor: str = "", request_id: str | None = None) -> Backup:
        """
        Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes
        on; durable when it answers. From another store than SQLite it is a copy (`copy_to`), which needs a source
        that does not change all the time. To restore it, put the file in the place of the database (without files
        called `-wal` or `-shm` beside it) and open it, or open it and copy it to where it belongs. The sealing
        key is not in it: keep that elsewhere.

        A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may
        have been given out since it was made, so that no identifier, serial number or CRL number comes twice, and
        the event `registry.restored` says so. What was issued after the backup is unknown here; whoever shows it
        gets `certificate.lost` or `input.lost_id`, and `report_seen` tells it in advance.

        Errors:
        `store.unavailable` when there is a file already, or it cannot be written; `store.not_built` for another
        store than SQLite in a build without the feature `sqlite`; `store.keeps_changing`; store errors. No file
        is left then.
        """
    @property
    def campaigns(self, /) -> Campaigns:
        """
        Campaigns that replace many credentials wave by wave.
        """
    @property
    def certificates(self, /) -> Certificates:
        """
        Certificates.
        """
    def check_integrity(self, /, *, progress: Progress | None = None) -> Integrity:
        """
        Reads everything and tells what does not fit together: what the store finds out about itself, values that
        this version cannot have written, sealed ones that do not open, records that lead to others which are not
        there, serial numbers that lead elsewhere, entries of CRLs that do not say what the certificates do, and
        numbers that may be given twice. It changes nothing and goes on beside everything else; what is written
        meanwhile is looked at twice before it is told.

        Whether events were altered or removed, `Events::verify` says.

        `progress` is called with the rows looked at and the rows there are.

        Errors:
        `input.cancelled` after `Break` from `progress`; store errors.
        """
    @property
    def clients(self, /) -> Clients:
        """
        Clients of the host's API.
        """
    def close(self, /) -> None:
        """
        Closes the registry: calls from now on raise `store.closed`, calls under way finish.
        """
    def copy_to(self, /, target: AnyStore, *, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> Copied:
        """
        Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into anything else that is a
        `Store`. The sealing key stays the same, and so do all identifiers, serial numbers and secrets.

        `target` must be empty, or hold a copy of this registry that was not opened since. What it holds already
        is compared and not written again, so a copy that was stopped (by `Break` from `progress`, an error, a
        crash) goes on where it was when it is called again. The registry may be used meanwhile: both sides are
        compared, row by row, again and again until nothing differs. The last comparison is the proof that the
        copy is complete. To move, therefore: copy; stop whoever writes; copy again, which is quick; open the
        registry in its new store. A store whose copy was not finished cannot be opened as a registry.

        `progress` is called with the rows compared in this pass and the rows there are.

        Errors:
        `store.other_registry` when `target` holds anything else, or was opened since; `store.keeps_changing`;
        `input.cancelled` after `Break`; errors of both stores.
        """
    def counts(self, /) -> Counts:
        """
        Numbers for a dashboard.
        """
    @property
    def devices(self, /) -> Devices:
        """
        Devices.
        """
    def due(self, /, due: Due, page: Page | None = None) -> DueListing:
        """
        What should be renewed until a moment, the most urgent first: by its own lifetime or its group's interval, whichever
        comes first, or because a campaign asks for it. What is suspended, revoked or destroyed is not due (NEC-36, NEC-42).

        Errors:
        `input.page_cursor` for a cursor of another list, such as one of other kinds.
        """
    @property
    def events(self, /) -> Events:
        """
        What happened.
        """
    @property
    def groups(self, /) -> Groups:
        """
        Groups of devices.
        """
    def iterate_due(self, /, due: Due, *, page_size: SupportsIndex = 500) -> DuePages:
        """
        All that is due, fetched page by page while the iterator goes on.
        """
    @property
    def keys(self, /) -> Keys:
        """
        Symmetric keys.
        """
    def maintain(self, /, retention: Retention | None = None, archive: Output | None = None, *, actor: str = "", request_id: str | None = None) -> Maintained:
        """
        Removes what is over and was remembered long enough: expired certificates with all that belongs to them,
        deleted devices, request IDs, used-up secrets, ended campaigns, and old events. To be called regularly,
        such as every minute, or in a loop until it says `finished`; it looks at `limit` rows a call, and
        everything else goes on meanwhile.

        Each record is written to `archive` first, if there is one: one JSON object a line, without secrets,
        flushed before anything is removed. After an error it may hold records that are still there; it never
        lacks one that is not. If two processes do it at once, both may archive the same.

        Numbers never come back: no identifier or serial number of what was removed is given out again, and a key
        that is known to be compromised stays refused.

        Errors:
        `input.invalid` for a retention that cannot be meant and when `archive` cannot be written to; store
        errors.
        """
    def maintainable(self, /, retention: Retention | None = None) -> Maintained:
        """
        What `maintain` would remove in a whole round, events apart. Looks at everything, whatever the limit, and
        changes nothing.

        Errors:
        `input.invalid` for a retention that cannot be meant; store errors.
        """
    @property
    def ocsp(self, /) -> Ocsp:
        """
        Whether certificates count, asked one by one (OCSP).
        """
    @staticmethod
    def open(store: AnyStore, sealer: AnySealer, options: Options | None = None) -> Registry:
        """
        Opens the registry in a store, or makes a new one in an empty store. The sealer must be the one that the store was
        first opened with.
        """
    @property
    def products(self, /) -> Products:
        """
        Products and the credentials that their units share.
        """
    @property
    def profiles(self, /) -> Profiles:
        """
        Profiles: what certificates hold.
        """
    @property
    def psks(self, /) -> Psks:
        """
        Pre-shared keys: passwords of devices, and keys for TLS-PSK.
        """
    def report_seen(self, /, seen: SupportsGetItem[int, Seen]) -> list[SeenState]:
        """
        Tells the registry what was seen in the field, with an answer for each: for the time after a restore, when
        gateways and devices know more than the store. What is lost is enrolled or issued anew; see the event
        `restore.noticed`.

        Errors:
        `certificate.malformed` and the like for what is no certificate; `input.unknown_id` for authorities that
        are not of this registry; store errors.
        """
    def reseal(self, /, *, atomicity: Atomicity | None = None, progress: Progress | None = None, actor: str = "", request_id: str | None = None) -> Resealed:
        """
        Seals anew, with the current key, whatever another key sealed. After that the other key is not needed any more.

        To replace a sealing key: open the registry with `SealingKeys(new, [old])` in every process that uses the store, call
        this in one of them, and open the registry with `new` alone from then on. It runs beside all other operations, and
        goes on where it ended if it is stopped. `progress` is told of each record twice: once it was opened, and once it was
        dealt with.

        Errors:
        `seal.wrong_key` and `seal.damaged` when something does not open: nothing was changed, unless it was written
        meanwhile. `input.cancelled` when `progress` answers False; `store.busy` when a record changes too fast.
        """
    def trust_bundle(self, /) -> TrustBundle:
        """
        The roots that those who check certificates need.
        """

@final
class Renew:
    """
    A certificate to be renewed. The subject and the alternative names stay as they are.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, certificate: str, *, csr: Octets | None = None, profile: str | None = None, other_proof: bool = False) -> Renew: ...
    def __repr__(self, /) -> str: ...
    @property
    def certificate(self, /) -> str:
        """
        The certificate to renew.
        """
    @property
    def csr(self, /) -> bytes | None:
        """
        A CSR (PKCS#10, PEM or DER) with the key of the new certificate; None certifies the old key again.
        """
    @property
    def other_proof(self, /) -> bool:
        """
        Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired
        certificate is renewed. A revoked one never is.
        """
    @property
    def profile(self, /) -> str | None:
        """
        Another profile than before, such as a newer version of it.
        """

@final
class RenewWithKey:
    """
    A certificate to be renewed with a new key that is made here.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, certificate: str, *, profile: str | None = None, algorithm: KeyAlgorithm | None = None, hand_out: HandOut | None = None) -> RenewWithKey: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm | None:
        """
        What kind of key; the first that the profile lists by default.
        """
    @property
    def certificate(self, /) -> str:
        """
        The certificate to renew.
        """
    @property
    def hand_out(self, /) -> HandOut:
        """
        When the key is handed out.
        """
    @property
    def profile(self, /) -> str | None:
        """
        Another profile than before.
        """

@final
class RequestedExtension:
    """
    An extension that a request asks for. It is a wish: the profile decides what the certificate gets.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def critical(self, /) -> bool:
        """
        Whether it was asked for as critical.
        """
    @property
    def oid(self, /) -> str:
        """
        Which one.
        """
    @property
    def value(self, /) -> bytes:
        """
        The DER inside the extnValue octets.
        """

@final
class Resealed:
    """
    What `Registry.reseal` did.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def checked(self, /) -> int:
        """
        How many records were looked at: all that have room for something sealed.
        """
    @property
    def resealed(self, /) -> int:
        """
        How many of them held something that was not sealed with the current key. Now it is.
        """

@final
class Responder:
    """
    Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> KeyAlgorithm:
        """
        What key that certificate has.
        """
    @property
    def authority(self, /) -> str:
        """
        For whose certificates.
        """
    @property
    def certificate(self, /) -> bytes | None:
        """
        The certificate in DER; None when the authority's key signs, or before the first answer.
        """
    @property
    def certificate_days(self, /) -> int:
        """
        How long that certificate is valid, in days.
        """
    @property
    def delegated(self, /) -> bool:
        """
        Whether a certificate of its own signs, or the authority's key.
        """
    @property
    def not_after(self, /) -> datetime | None:
        """
        When it ends.
        """
    @property
    def not_before(self, /) -> datetime | None:
        """
        When the certificate begins to be valid.
        """
    @property
    def renew_at(self, /) -> datetime | None:
        """
        When the next one takes its place.
        """
    @property
    def validity_hours(self, /) -> int:
        """
        How long an answer may be believed, in hours.
        """

@final
class Retention:
    """
    How long what is over is remembered, in days of 86,400 seconds, each at most 36,525.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, certificate_days: SupportsIndex | None = None, device_days: SupportsIndex | None = None, request_days: SupportsIndex | None = None, claim_code_days: SupportsIndex | None = None, secret_days: SupportsIndex | None = None, campaign_days: SupportsIndex | None = None, event_days: SupportsIndex | None = None, leap_days: SupportsIndex | None = None, limit: SupportsIndex | None = None) -> Retention: ...
    def __repr__(self, /) -> str: ...
    @property
    def campaign_days(self, /) -> int:
        """
        Campaigns: after their end.
        """
    @property
    def certificate_days(self, /) -> int:
        """
        Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until
        it may leave them, and the last certificate of a device stays as long as the device, so that one that was
        away for years is known when it comes back.
        """
    @property
    def claim_code_days(self, /) -> int:
        """
        Claim codes that nobody used: after they expired. Used ones go with the device that used them.
        """
    @property
    def device_days(self, /) -> int:
        """
        Deleted devices: after the deletion. All that they had goes with them.
        """
    @property
    def event_days(self, /) -> int | None:
        """
        Events: after they happened, once a checkpoint covers them. None keeps them for ever.
        """
    @property
    def leap_days(self, /) -> int:
        """
        How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
        Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever
        calls seldom allows more.
        """
    @property
    def limit(self, /) -> int:
        """
        How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds.
        """
    @property
    def request_days(self, /) -> int:
        """
        Request IDs: after the request, which can be repeated harmlessly until then.
        """
    @property
    def secret_days(self, /) -> int:
        """
        Deleted pre-shared keys, after they were issued, but for those under a device's ID, which go with it;
        former versions of symmetric keys, after they ended.
        """

@final
class Revocation:
    """
    When and why a certificate was revoked.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def at(self, /) -> datetime:
        """
        When.
        """
    @property
    def reason(self, /) -> RevocationReason:
        """
        Why; `Unspecified` when the CRL does not say.
        """

@final
class RotateKey:
    """
    How a key is rotated.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, grace_days: SupportsIndex | None = None, algorithm: SymmetricAlgorithm | None = None, value: GivenBytes | None = None) -> RotateKey: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm | None:
        """
        Another algorithm from now on, such as a stronger one; by default the key keeps its own.
        """
    @property
    def grace_days(self, /) -> int:
        """
        How many days the version before is kept, at most 36,525. By default it is destroyed at once.
        """

@final
class RotatePsk:
    """
    How a key gets its new secret.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, grace_days: SupportsIndex | None = None, policy: PskPolicy | None = None, secret: GivenBytes | None = None) -> RotatePsk: ...
    def __repr__(self, /) -> str: ...
    @property
    def grace_days(self, /) -> int:
        """
        For how many days the secret before is accepted too, 0 to 3,653. With 0 it ends now.
        """
    @property
    def policy(self, /) -> PskPolicy | None:
        """
        What the new secret is like. By default a password, but 32 random octets in place of a readable secret that is no text.
        """

@final
class Row:
    """
    A row.
    """
    def __new__(cls, /, table: str, key: SupportsIndex, version: SupportsIndex, values: SupportsGetItem[int, Cell | None]) -> Row:
        """
        A row to answer with.
        """
    def __repr__(self, /) -> str: ...
    @property
    def key(self, /) -> int:
        """
        The key.
        """
    @property
    def table(self, /) -> str:
        """
        The table's name.
        """
    @property
    def values(self, /) -> list[int | str | bytes | None]:
        """
        A value for each column.
        """
    @property
    def version(self, /) -> int:
        """
        1 when it was first written, one more at every write. In a `put`, ignored.
        """

@final
class RowPage:
    """
    A page of rows.
    """
    def __new__(cls, /, rows: SupportsGetItem[int, Row], next: Cursor | None = None, total: SupportsIndex | None = None) -> RowPage:
        """
        An answer to a `Query`.
        """
    @property
    def next(self, /) -> Cursor | None:
        """
        The place of the last row, if more follow.
        """
    @property
    def rows(self, /) -> list[Row]:
        """
        The rows, in order.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many rows there are on all pages, if that was asked for.
        """

@final
class RowRef:
    """
    Which row.
    """
    @property
    def key(self, /) -> int:
        """
        The key, from 0 to 2^64 - 1. Ordered as if it had a sign: from 2^63 on before 0.
        """
    @property
    def table(self, /) -> str:
        """
        The table's name.
        """

@final
class SanPolicy:
    """
    Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR; nothing is dropped silently.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, dns: SupportsGetItem[int, str] | None = None, dns_wildcards: bool = False, ip: SupportsGetItem[int, str] | None = None, uri: SupportsGetItem[int, str] | None = None, email: SupportsGetItem[int, str] | None = None, other: SupportsGetItem[int, str] | None = None, add: SupportsGetItem[int, str] | None = None, required: bool = False, max: SupportsIndex | None = None) -> SanPolicy: ...
    def __repr__(self, /) -> str: ...
    @property
    def add(self, /) -> list[str]:
        """
        Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`,
        `dns:{id}.devices.example.com`.
        """
    @property
    def dns(self, /) -> list[str]:
        """
        DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
        """
    @property
    def dns_wildcards(self, /) -> bool:
        """
        Whether wildcard names such as `*.example.com` may be certified.
        """
    @property
    def email(self, /) -> list[str]:
        """
        Domains of e-mail addresses, or `*` for any.
        """
    @property
    def ip(self, /) -> list[str]:
        """
        IP networks in CIDR notation, such as `192.168.0.0/16` or `./0`.
        """
    @property
    def max(self, /) -> int:
        """
        How many names a certificate holds at most; 0 means 32.
        """
    @property
    def other(self, /) -> list[str]:
        """
        Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
        """
    @property
    def required(self, /) -> bool:
        """
        Whether a CSR without any alternative name is refused.
        """
    @property
    def uri(self, /) -> list[str]:
        """
        Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
        """

@final
class Schema:
    """
    All tables that a store has to keep.
    """
    @property
    def tables(self, /) -> list[Table]:
        """
        The tables.
        """
    @property
    def version(self, /) -> int:
        """
        Counts up when tables or columns are added.
        """

@final
class SealingKeys:
    """
    A ring of sealing keys: seals with the current one and opens with whichever fits. It is what a registry is opened with
    while a key is replaced; `Registry.reseal` tells the whole procedure.
    """
    def __new__(cls, /, current: AnySealer, previous: SupportsGetItem[int, AnySealer]) -> SealingKeys:
        """
        Seals with `current` and opens what `current` or one of `previous` sealed.
        """
    def __repr__(self, /) -> str: ...

@final
class SecretBytes:
    """
    Octets that must not leak, such as a private key. `expose()` gives them.
    """
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    def expose(self, /) -> bytes:
        """
        The secret itself. Keep it out of logs.
        """

@final
class SecretText:
    """
    Text that must not leak, such as a private key in PEM. `expose()` gives it.
    """
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    def expose(self, /) -> str:
        """
        The secret itself. Keep it out of logs.
        """

@final
class Seen:
    """
    Something that was seen in the field: at a gateway, in a log, on a device.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def certificate(value: Octets) -> Seen:
        """
        A certificate, DER or PEM.
        """
    @staticmethod
    def certificate_id(value: str) -> Seen:
        """
        A certificate's identifier.
        """
    @staticmethod
    def device(value: str) -> Seen:
        """
        A device's identifier.
        """
    @staticmethod
    def key(id: str, version: SupportsIndex) -> Seen:
        """
        A version of a symmetric key.
        """
    @staticmethod
    def psk(id: str, version: SupportsIndex) -> Seen:
        """
        A version of a pre-shared key's secret.
        """
    @staticmethod
    def serial(authority: str, serial: Octets) -> Seen:
        """
        The serial number of a certificate of this authority. Without the certificate, nothing proves that it was issued,
        so it is looked up only.
        """

@final
class Selection:
    """
    Which credentials a campaign is about: those in force or suspended that match everything given, or those that are
    named one by one. The credentials that the units of a product share are never among them: see
    `renew_credential`.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, kinds: SupportsGetItem[int, CredentialKind] | None = None, algorithm: str | None = None, authority: str | None = None, product: str | None = None, group: str | None = None, issued_from: datetime | None = None, issued_to: datetime | None = None, certificates: SupportsGetItem[int, str] | None = None, keys: SupportsGetItem[int, str] | None = None, psks: SupportsGetItem[int, str] | None = None) -> Selection: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> str | None:
        """
        With keys of this algorithm, such as `rsa-2048` (certificates) or `aes-128` (symmetric keys).
        """
    @property
    def authority(self, /) -> str | None:
        """
        Issued by this generation of an authority; only certificates are.
        """
    @property
    def certificates(self, /) -> list[str]:
        """
        These certificates. Whoever names credentials selects by nothing else, and at most 100,000.
        """
    @property
    def group(self, /) -> str | None:
        """
        Of devices in this group, or of the group itself.
        """
    @property
    def issued_from(self, /) -> datetime | None:
        """
        Whose present value was issued at this moment or later.
        """
    @property
    def issued_to(self, /) -> datetime | None:
        """
        Whose present value was issued before this moment.
        """
    @property
    def keys(self, /) -> list[str]:
        """
        These symmetric keys.
        """
    @property
    def kinds(self, /) -> list[CredentialKind]:
        """
        Only these kinds; empty stands for all.
        """
    @property
    def product(self, /) -> str | None:
        """
        Of this product's devices. A key that several devices share goes by the first of them.
        """
    @property
    def psks(self, /) -> list[str]:
        """
        These pre-shared keys.
        """

@final
class SoftwareSealer:
    """
    Seals with a 32-byte key that it holds in memory (AES-256-GCM).
    """
    def __repr__(self, /) -> str: ...
    @staticmethod
    def create_file(path: str | PathLike[str]) -> SoftwareSealer:
        """
        With a new key, written to this new file, which only its owner can read.
        """
    @staticmethod
    def from_file(path: str | PathLike[str]) -> SoftwareSealer:
        """
        With the key in this file.
        """
    @staticmethod
    def from_key(key: GivenBytes) -> SoftwareSealer:
        """
        With this key of 32 bytes.
        """
    @staticmethod
    def generate() -> SoftwareSealer:
        """
        With a new key that is nowhere else: for tests, and for stores that end with the process.
        """

@final
class SqliteOptions:
    """
    How a database file is opened.
    """
    def __new__(cls, /, *, create: bool | None = None, wait: SupportsFloat | SupportsIndex | None = None, readers: SupportsIndex | None = None, cache: SupportsIndex | None = None, max_size: SupportsIndex | None = None, map: SupportsIndex | None = None, log: SupportsIndex | None = None) -> SqliteOptions:
        """
        `create`: make the file if there is none (the default). `wait`: how many seconds to wait for another process.
        `readers`: how many connections read at the same time. `cache`: how much each may keep in memory. `max_size`: how
        large the file may become, in bytes. `map`: how many bytes of it may be read through a mapping instead of being copied, which
        is faster; but where the disk fails to bring a mapped page, the system ends the process. `log`: from how many bytes on
        the write-ahead log is brought into the file. What is left out has the default of the core.
        """
    def __repr__(self, /) -> str: ...

@final
class SqliteStore:
    """
    A store in a file (SQLite).
    """
    @staticmethod
    def open(path: str | PathLike[str], options: SqliteOptions | None = None) -> SqliteStore:
        """
        Opens the file, or makes it.
        """

@final
class SubjectPolicy:
    """
    Where a certificate's subject comes from.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def allow(self, /) -> list[str] | None:
        """
        The attributes allowed, of `from-csr`.
        """
    @property
    def fixed(self, /) -> str | None:
        """
        What is fixed, of `opaque`.
        """
    @staticmethod
    def from_csr(allow: SupportsGetItem[int, str], require: SupportsGetItem[int, str] | None = None) -> SubjectPolicy:
        """
        From the request: the attributes allowed, and those that must be there.
        """
    @property
    def name(self, /) -> str | None:
        """
        The template, of `template`.
        """
    @staticmethod
    def opaque(fixed: str = "") -> SubjectPolicy:
        """
        A name that tells nothing, after what is fixed.
        """
    @property
    def require(self, /) -> list[str] | None:
        """
        The attributes that must be there, of `from-csr`.
        """
    @staticmethod
    def template(name: str) -> SubjectPolicy:
        """
        From a template with placeholders.
        """
    @property
    def type(self, /) -> str:
        """
        `opaque`, `template` or `from-csr`.
        """

@final
class SymmetricKey:
    """
    A symmetric key (NEC-9), without its values.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm:
        """
        Of what kind its current value is.
        """
    @property
    def campaign(self, /) -> str | None:
        """
        The campaign that asks for its rotation.
        """
    @property
    def delivered(self, /) -> int | None:
        """
        The newest version that was handed out to a device.
        """
    @property
    def device(self, /) -> str | None:
        """
        The device that owns it, or the first of several.
        """
    @property
    def group(self, /) -> str | None:
        """
        The group that owns it, or the group of the device that owns it; None when several devices share it.
        """
    @property
    def holders(self, /) -> int:
        """
        How many devices share it, when each was added by name.
        """
    @property
    def id(self, /) -> str:
        """
        Names the key through all its versions.
        """
    @property
    def issued(self, /) -> datetime:
        """
        When the current version was made.
        """
    @property
    def number(self, /) -> int:
        """
        Tells the keys of one owner apart; another thing than the version.
        """
    @property
    def owner(self, /) -> KeyOwner:
        """
        What kind of owner it has.
        """
    @property
    def previous_until(self, /) -> datetime | None:
        """
        Until when the version before is kept.
        """
    @property
    def previous_version(self, /) -> int | None:
        """
        The version before, while its value is kept.
        """
    @property
    def renew_at(self, /) -> datetime | None:
        """
        When it is due to be rotated.
        """
    @property
    def renew_days(self, /) -> int | None:
        """
        After how many days it is due to be rotated; None follows the group's interval.
        """
    @property
    def state(self, /) -> KeyState:
        """
        Its state.
        """
    @property
    def version(self, /) -> int:
        """
        The current version: 1 at first, one more at each rotation (NEC-11).
        """

@final
class SymmetricKeyListing:
    """
    One page of `SymmetricKey`.
    """
    def __getitem__(self, index: SupportsIndex, /) -> SymmetricKey: ...
    def __len__(self, /) -> int: ...
    def __repr__(self, /) -> str: ...
    @property
    def items(self, /) -> list[SymmetricKey]:
        """
        The items of this page.
        """
    @property
    def next(self, /) -> str | None:
        """
        Where the next page begins: `Page(after=...)`. None after the last page.
        """
    @property
    def total(self, /) -> int | None:
        """
        How many items all pages hold together, if that was asked for.
        """

@final
class SymmetricKeyPages:
    """
    Every `SymmetricKey` of a list, fetched page by page.
    """
    def __iter__(self, /) -> SymmetricKeyPages: ...
    def __next__(self, /) -> SymmetricKey: ...

@final
class SystemClock:
    """
    The machine's clock.
    """
    def __new__(cls, /) -> SystemClock: ...
    def now(self, /) -> datetime:
        """
        The current time.
        """

@final
class SystemRandom:
    """
    The operating system's random generator.
    """
    def __new__(cls, /) -> SystemRandom: ...

@final
class Table:
    """
    A table: rows of values under a key.
    """
    @property
    def columns(self, /) -> list[Column]:
        """
        Its columns, in the order in which rows hold their values.
        """
    @property
    def name(self, /) -> str:
        """
        Its name.
        """

@final
class Tally:
    """
    How many rows there are for each value of a column.
    """
    @property
    def bucket(self, /) -> int | None:
        """
        Numbers count together that have the same multiple of this below them: the value to answer with.
        """
    @property
    def by(self, /) -> str | None:
        """
        The column; None: one count of all rows, under the value None.
        """
    @property
    def filters(self, /) -> list[Filter]:
        """
        All of them must pass.
        """
    @property
    def table(self, /) -> str:
        """
        The table's name.
        """

@final
class Text:
    """
    How a text must compare: `Text.is_("lamp")`, `Text.starts_with("la")`, `Text.contains("am")`.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def contains(value: str) -> Text:
        """
        Has this somewhere.
        """
    @staticmethod
    def is_(value: str) -> Text:
        """
        Equal.
        """
    @staticmethod
    def starts_with(value: str) -> Text:
        """
        Begins so.
        """
    @property
    def type(self, /) -> str:
        """
        `is`, `starts-with` or `contains`.
        """
    @property
    def value(self, /) -> str:
        """
        The text.
        """

@final
class TrustBundle:
    """
    The roots that whoever trusts this registry should trust: every generation that is still of use.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def pem(self, /) -> str:
        """
        All roots as PEM, one after the other.
        """
    @property
    def roots(self, /) -> list[bytes]:
        """
        The root certificates in DER.
        """

@final
class TrustedProxy:
    """
    A proxy whose word about who sent a request is taken.
    """
    def __new__(cls, /, name: str, secrets: SupportsGetItem[int, GivenBytes], headers: ProxyHeaders | None = None) -> TrustedProxy:
        """
        The proxy's name, its secrets of 16 to 1024 octets (several while one takes the place of the other), and its headers: nginx's
        unless told otherwise.
        """
    def __repr__(self, /) -> str: ...
    @property
    def headers(self, /) -> ProxyHeaders:
        """
        Which of its headers mean what.
        """
    @property
    def name(self, /) -> str:
        """
        Its name.
        """

@final
class Verification:
    """
    What a verification looked at, up to the first problem.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def checkpoints(self, /) -> int:
        """
        How many checkpoints were found genuine.
        """
    @property
    def events(self, /) -> int:
        """
        How many events were read and found as they were recorded.
        """
    @property
    def first(self, /) -> LogProblem | None:
        """
        The first problem; None when all is as it was recorded.
        """
    @property
    def last_checkpoint(self, /) -> int | None:
        """
        The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
        with one that covers later events, too; that one vouches for what is there, and does not count here.
        """
    @property
    def pruned(self, /) -> int:
        """
        How many events were pruned before; the hashes of the trees over them stand in for them.
        """
    @property
    def uncovered(self, /) -> int:
        """
        How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
        """

@final
class VerifiedChain:
    """
    A chain that was verified, from the leaf to the root.
    """
    def __repr__(self, /) -> str: ...
    @property
    def certificates(self, /) -> list[Certificate]:
        """
        The certificates, the leaf first.
        """
    @property
    def revocation_checked(self, /) -> int:
        """
        For how many of the certificates a CRL said whether they are revoked.
        """
    @property
    def root(self, /) -> Certificate | None:
        """
        The root.
        """

@final
class VerifiedCsr:
    """
    A certificate request whose signature holds: who made it has the key.
    """
    def __repr__(self, /) -> str: ...
    @property
    def challenge_password(self, /) -> str | None:
        """
        The challengePassword.
        """
    @property
    def der(self, /) -> bytes:
        """
        The request's DER.
        """
    @property
    def extended_key_usage(self, /) -> list[str]:
        """
        The extended key usage wished for.
        """
    @property
    def extensions(self, /) -> list[RequestedExtension]:
        """
        The extensions wished for.
        """
    @property
    def key_usage(self, /) -> list[str] | None:
        """
        The key usage wished for.
        """
    @property
    def public_key(self, /) -> PublicKey:
        """
        The key.
        """
    @property
    def san(self, /) -> list[GeneralName]:
        """
        The subjectAltName wished for.
        """
    @property
    def subject(self, /) -> str:
        """
        The subject wished for.
        """
    @property
    def wants_ca(self, /) -> bool:
        """
        Whether it wants to be a CA.
        """

@final
class VerifyEvents:
    """
    What to hold the log of events against, besides its own checkpoints.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, *, since: SupportsIndex | None = None, known: SupportsGetItem[int, str] | None = None, public_key: str | None = None) -> VerifyEvents: ...
    def __repr__(self, /) -> str: ...
    @property
    def known(self, /) -> list[str]:
        """
        Checkpoints that were kept elsewhere (`Checkpoint::note`). Each must be one of this very log, so a
        database that was rolled back, or written anew, is found out.
        """
    @property
    def public_key(self, /) -> str | None:
        """
        The public key that was kept elsewhere (`Events::public_key`).
        """
    @property
    def since(self, /) -> int | None:
        """
        Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken
        as it is.
        """

@final
class WrappedKey:
    """
    A key that only the holder of a PSK can read. It tells nothing of the key, so any channel will do.
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __new__(cls, /, method: WrapMethod, algorithm: SymmetricAlgorithm, device: str, key: str, number: SupportsIndex, version: SupportsIndex, wrapped: Octets) -> WrappedKey: ...
    def __repr__(self, /) -> str: ...
    @property
    def algorithm(self, /) -> SymmetricAlgorithm:
        """
        What it is a key of.
        """
    @property
    def device(self, /) -> str:
        """
        The ID of the device it is for.
        """
    @property
    def key(self, /) -> str:
        """
        The key's ID.
        """
    @property
    def method(self, /) -> WrapMethod:
        """
        How it is wrapped.
        """
    @property
    def number(self, /) -> int:
        """
        The key's number among those of its owner.
        """
    @property
    def version(self, /) -> int:
        """
        The key's version.
        """
    @property
    def wrapped(self, /) -> bytes:
        """
        The wrapped octets, 8 more than the key's, after it was padded to a multiple of 8; base64 in JSON.
        """

@final
class Write:
    """
    One write of a commit.
    """
    @property
    def at_most(self, /) -> int | None:
        """
        The highest value allowed afterwards, of `add`. The lowest is 0.
        """
    @property
    def by(self, /) -> int | None:
        """
        How much is added, of `add`; may be negative.
        """
    @property
    def counter(self, /) -> Counter | None:
        """
        The counter, of `add`.
        """
    @property
    def expect(self, /) -> str | None:
        """
        What must be there already: `absent`, `version` or `any`; not of `add`.
        """
    @property
    def key(self, /) -> int | None:
        """
        The key; not of `add`.
        """
    @property
    def table(self, /) -> str | None:
        """
        The table's name; not of `add`.
        """
    @property
    def type(self, /) -> str:
        """
        `put`, `delete`, `require` or `add`.
        """
    @property
    def values(self, /) -> list[int | str | bytes | None] | None:
        """
        The values, of `put`.
        """
    @property
    def version(self, /) -> int | None:
        """
        The version that must be there, if `expect` is `version`.
        """

def _end() -> None:
    """
    What `atexit` calls.
    """

def _refuse_other_interpreters() -> None:
    """
    Refuses every interpreter of this process but the first. The exceptions and other objects that are remembered here belong
    to that one, and would be used in the others.
    """

def _words() -> list[tuple[str, list[str]]]:
    """
    The words of each enum. The tests compare them with the `Literal` types.
    """

def check_installation(check: InstallationCheck) -> list[Finding]:
    """
    Checks what browsers and TLS stacks refuse about an installation.
    """

def check_ocsp(response: Octets, certificate: Certificate, issuer: Certificate, nonce: Octets | None = None, *, at: datetime) -> CheckedOcsp:
    """
    What a responder says about `certificate`, once its signature, its authority to speak for `issuer`, the nonce and the
    time fit.

    Errors:
    `certificate.ocsp_malformed`, `certificate.ocsp_unsuccessful`, `certificate.ocsp_signature`, `certificate.ocsp_nonce`,
    `certificate.ocsp_stale`, `certificate.ocsp_other`.
    """

def check_store(make: MakeStore) -> None:
    """
    Puts stores through everything that a store must do. `make()` gives a new, empty store each time. `AssertionError` says
    what it did wrong.
    """

def check_value(algorithm: SymmetricAlgorithm, key: GivenBytes, method: CheckMethod) -> str:
    """
    The check value of `key` in hexadecimal, for comparing what two parties hold. No registry is needed, so a device can ask
    as well.

    Errors:
    `key.size` when `key` has another size than the algorithm's; `key.check_method` for `cmac` of a TWINE key.
    """

def csr_pem(der: Octets) -> str:
    """
    A certificate request's DER as PEM.
    """

def error_table() -> list[Reason]:
    """
    Every reason that an error can have.
    """

def generate_password(policy: PskPolicy | None = None) -> SecretText:
    """
    A password that meets `policy`, from the operating system's generator. A raw secret comes as lower-case hexadecimal, two
    digits an octet, which is how files of PSKs hold them.

    Errors:
    `psk.policy_impossible`, saying why; `psk.policy_weak` below 64 bits.
    """

def make_csr(signer: AnySigner, subject: str = "", san: SupportsGetItem[int, GeneralName] | None = None) -> bytes:
    """
    Makes a certificate request. The result is its DER.
    """

def make_key(algorithm: KeyAlgorithm) -> PrivateKey:
    """
    Makes a private key.
    """

def make_ocsp_request(certificates: SupportsGetItem[int, Certificate], issuer: Certificate, hash: OcspHash | None = None, nonce: Octets | None = None) -> bytes:
    """
    A request for the status of certificates of one issuer, to be sent to a responder as `application/ocsp-request`. `nonce`,
    of 1 to 128 octets (RFC 9654), makes the answer fresh and costs a signature there.

    Errors:
    `input.invalid` for no certificates, too many, or a nonce of another length.
    """

def open_store(url: str) -> OpenedStore:
    """
    Opens the store at `sqlite:path`, `postgres://...` or `memory:`. Wherever a store is taken, such an address is too.

    Errors:
    `input.invalid` for what is no such address; what opening the store says.
    """

def parse_certificate(input: Octets) -> Certificate:
    """
    Reads a certificate, DER or PEM.
    """

def parse_csr(bytes: Octets) -> VerifiedCsr:
    """
    Reads a certificate request, DER or PEM, and verifies its signature.
    """

def statement_message(statement: Statement, content: Octets) -> bytes:
    """
    What is signed to say something with a key: the statement's own prefix, then the content.
    """

def unwrap_key(wrapped: WrappedKey, psk: GivenBytes) -> SecretBytes:
    """
    Opens a wrapped key. This is the device's side: it needs the secret of its PSK and nothing else.

    The device should look at whether `device` and `key` are what it asked for, and that `version` is not older than the one
    it has.

    Errors:
    `key.unwrap_failed` with another PSK, and when anything was altered; `psk.too_weak_to_wrap` for a PSK of fewer than 16
    octets.
    """

def verify_chain(leaf: Certificate, intermediates: SupportsGetItem[int, Certificate], roots: SupportsGetItem[int, Certificate], crls: SupportsGetItem[int, Crl], purpose: Purpose, at: datetime) -> VerifiedChain:
    """
    Verifies a chain from the leaf to one of the roots.
    """

def verify_consistency(old: str, proof: str, public_key: str) -> None:
    """
    Whether the log only grew between two checkpoints: `old`, which was kept, and the one at the end of
    `proof`, as `Events::prove_consistency` made it. Without a registry, a store, or a secret.

    Errors:
    As `verify_event`.
    """

def verify_event(event: str, proof: str, public_key: str) -> None:
    """
    Whether the log with this public key holds `event`, as `proof` says: without a registry, a store, or a
    secret.

    Errors:
    `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did not
    sign the checkpoint in it, `input.invalid` for what is no public key of a log.
    """

def verify_export(input: Readable, public_key: str) -> Verification:
    """
    Reads what `export_log` wrote, given as bytes or as a file opened for reading them, and tells whether anything in it was
    tampered with. No registry is needed. What ends without a checkpoint was cut; what was cut behind one is a genuine, shorter
    log: hold `last_checkpoint` against the one that you expect.

    Errors:
    `input.invalid` when `public_key` is not the key of a log, or when the input cannot be read.
    """
