//! An event as one line of JSON: what is exported, and what the tree of the log is made over.

use super::super::Inner;
use crate::model::Event;
use crate::store::record::Record;
use crate::store::{Row, StoreError};

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn or_null(text: Option<String>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| quoted(&text))
}

/// The event in the canonical form of RFC 8785: members by name, no white space. Its octets are an entry of the log, so this
/// never changes; a member that comes later may stand only where it has a value.
pub(super) fn line(event: &Event) -> String {
    format!(
        r#"{{"action":{},"actor":{},"at":"{}","detail":{},"id":"{}","object":{},"subject":{}}}"#,
        quoted(&event.action),
        quoted(&event.actor),
        event.at,
        or_null(event.detail.clone()),
        event.id,
        or_null(event.object.map(|entity| entity.to_string())),
        or_null(event.subject.map(|entity| entity.to_string())),
    )
}

impl Inner {
    /// The event in `row`, as its line.
    pub(super) fn line_of(&self, row: Row) -> Result<String, StoreError> {
        Ok(line(&Event::read(row, &self.ids)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::env::Timestamp;
    use crate::id::NumberCipher;
    use crate::model::Entity;

    #[test]
    fn an_events_line_never_changes() {
        let ids = NumberCipher::new(&[1; 16]);
        let event = Event {
            id: ids.id(1),
            at: Timestamp::from_unix(1_795_305_600),
            actor: "\"a\"\\ \u{7f}川é".to_owned(),
            action: "device.enroll".to_owned(),
            subject: Some(Entity::Device(ids.id(2))),
            object: None,
            detail: Some("two\nlines\u{1}".to_owned()),
            tag: Some(vec![1]),
        };
        assert_eq!(
            line(&event),
            format!(
                r#"{{"action":"device.enroll","actor":"\"a\"\\ {}川é","at":"2026-11-22T00:00:00Z","detail":"two\nlines\u0001","id":"{}","object":null,"subject":"device:{}"}}"#,
                '\u{7f}',
                event.id,
                ids.id::<crate::id::DeviceKind>(2)
            )
        );
        let read: serde_json::Value = serde_json::from_str(&line(&event)).unwrap();
        assert_eq!(read["actor"], event.actor.as_str());
    }
}
