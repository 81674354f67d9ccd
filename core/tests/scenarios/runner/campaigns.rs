//! Calls of the handle for campaigns, and what they take and answer.

use serde_json::{Value as Json, json};
use tegata::model::{Campaign, CampaignState, ReissuePolicy};
use tegata::{CampaignFilter, CampaignPreview, CampaignProgress, NewCampaign, Selection};

use super::Fault;
use super::arguments::Fields;
use super::read::{Read, not};
use super::show::Show;
use super::world::{Step, World};

pub fn campaigns(s: &Step<'_>, method: &str) -> Result<Json, Fault> {
    let registry = s.world.registry()?;
    let (handle, call) = (registry.campaigns(), &s.call);
    match method {
        "preview" => s.show(&handle.preview(&s.arg("selection")?)?),
        "start" => s.show(&handle.start(&s.arg("new")?, call)?),
        "advance" => s.show(&handle.advance(s.arg("id")?, call)?),
        "get" => s.show(&handle.get(s.arg("id")?)?),
        "find" => s.show(&handle.find(&s.arg("filter")?, &s.arg("page")?)?),
        "pause" => s.show(&handle.pause(s.arg("id")?, call)?),
        "resume" => s.show(&handle.resume(s.arg("id")?, call)?),
        "cancel" => s.show(&handle.cancel(s.arg("id")?, call)?),
        "progress" => s.show(&handle.progress(s.arg("id")?)?),
        "stragglers" => s.show(&handle.stragglers(s.arg("id")?, &s.arg("page")?)?),
        _ => s.unknown(),
    }
}

/// Every field that is there, over a base.
macro_rules! over {
    ($fields:ident, $base:expr, $($field:ident)*) => {{
        let mut made = $base;
        $( if let Some(value) = $fields.optional(stringify!($field))? { made.$field = value; } )*
        $fields.finish()?;
        Ok(made)
    }};
}

impl Read for Selection {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        over!(fields, Self::default(), kinds algorithm authority product group issued_from issued_to certificates keys psks)
    }
}

impl Read for CampaignFilter {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        over!(fields, Self::default(), name state)
    }
}

impl Read for NewCampaign {
    fn read(value: &Json, world: &World) -> Result<Self, Fault> {
        let fields = Fields::of(value, world)?;
        let base = Self::new(fields.required::<String>("name")?, fields.required("selection")?);
        over!(fields, base, wave_size wave_seconds policy grace_days revoke_after_days revocation reason)
    }
}

macro_rules! named {
    ($($type:ident),*) => { $(
        impl Read for $type {
            fn read(value: &Json, _: &World) -> Result<Self, Fault> {
                let found = Self::ALL.iter().copied().find(|it| Some(it.name()) == value.as_str());
                found.ok_or_else(|| not(concat!("a ", stringify!($type)), value))
            }
        }

        impl Show for $type {
            fn show(&self, _: &World) -> Json {
                Json::from(self.name())
            }
        }
    )* };
}
named!(CampaignState, ReissuePolicy);

macro_rules! show {
    ($($type:ident: $($field:ident)*;)*) => { $(
        impl Show for $type {
            fn show(&self, world: &World) -> Json {
                json!({ $( stringify!($field): self.$field.show(world), )* })
            }
        }
    )* };
}
show! {
    Campaign: id name state kinds algorithm authority product group issued_from issued_to listed wave_size wave_seconds
        policy grace_days revoke_after_days revocation reason selected released wave next_wave_at started ended;
    CampaignPreview: certificates keys psks product_credentials;
    CampaignProgress: selected released done waiting wave next_wave_at finished;
}
