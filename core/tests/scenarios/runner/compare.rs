//! Whether a result is what a scenario expects.

use serde_json::{Map, Value as Json};

use super::read::bytes_of;
use super::world::OBJECT;

/// The differences between what is expected and what came, each with its path; none when it fits.
///
/// # Errors
/// When the expectation itself is wrong.
pub fn differences(expected: &Json, actual: &Json) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    compare(expected, actual, "result", &mut found)?;
    Ok(found)
}

fn compare(expected: &Json, actual: &Json, path: &str, found: &mut Vec<String>) -> Result<(), String> {
    let mut differ = || found.push(format!("{path} is {} instead of {}", brief(actual), brief(expected)));
    match expected {
        Json::Object(fields) if fields.keys().any(|key| key.starts_with('$') && key != OBJECT) => {
            operator(fields, actual, path, found)
        }
        Json::Object(fields) if is_bytes(fields) && actual.get("base64").is_some() => {
            if bytes_of(expected)? != bytes_of(actual)? {
                differ();
            }
            Ok(())
        }
        Json::Object(fields) => {
            let Json::Object(actual) = actual else {
                differ();
                return Ok(());
            };
            for (key, expected) in fields.iter().filter(|(key, _)| *key != OBJECT) {
                match actual.get(key) {
                    Some(value) => compare(expected, value, &format!("{path}.{key}"), found)?,
                    None => found.push(format!("{path} has no \"{key}\"")),
                }
            }
            Ok(())
        }
        Json::Array(items) => {
            match actual {
                Json::Array(actual) if actual.len() == items.len() => {
                    for (index, (expected, actual)) in items.iter().zip(actual).enumerate() {
                        compare(expected, actual, &format!("{path}.{index}"), found)?;
                    }
                }
                Json::Array(actual) => {
                    found.push(format!("{path} has {} items instead of {}", actual.len(), items.len()));
                }
                _ => differ(),
            }
            Ok(())
        }
        _ => {
            if expected != actual {
                differ();
            }
            Ok(())
        }
    }
}

fn is_bytes(fields: &Map<String, Json>) -> bool {
    fields.len() == 1 && ["base64", "text", "concat"].iter().any(|key| fields.contains_key(*key))
}

fn operator(fields: &Map<String, Json>, actual: &Json, path: &str, found: &mut Vec<String>) -> Result<(), String> {
    let mut entries = fields.iter();
    let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
        return Err(format!("{path}: an operator stands alone in its object"));
    };
    let holds = match (name.as_str(), operand, actual) {
        ("$set", Json::Bool(wanted), _) => is_set(actual) == *wanted,
        ("$len", Json::Number(wanted), _) => length(actual)?.map(Json::from) == Some(Json::Number(wanted.clone())),
        ("$match", Json::String(pattern), Json::String(text)) => {
            regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|e| format!("{path}: {e}"))?.is_match(text)
        }
        ("$begins", Json::String(with), Json::String(text)) => text.starts_with(with.as_str()),
        ("$ends", Json::String(with), Json::String(text)) => text.ends_with(with.as_str()),
        ("$holds", Json::String(part), Json::String(text)) => text.contains(part.as_str()),
        ("$contains", Json::Array(wanted), Json::Array(items)) => {
            for wanted in wanted {
                let mut fits = false;
                for item in items {
                    fits = fits || differences(wanted, item)?.is_empty();
                }
                if !fits {
                    found.push(format!("{path} has no item like {}", brief(wanted)));
                }
            }
            true
        }
        ("$not", unwanted, _) => !differences(unwanted, actual)?.is_empty(),
        ("$match" | "$begins" | "$ends" | "$holds", Json::String(_), _) | ("$contains", Json::Array(_), _) => false,
        _ => return Err(format!("{path}: there is no operator {name} with {operand}")),
    };
    if !holds {
        found.push(format!("{path} is {}, against {}", brief(actual), Json::Object(fields.clone())));
    }
    Ok(())
}

fn is_set(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => fields.get("base64") != Some(&Json::from("")) && !fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    }
}

fn length(value: &Json) -> Result<Option<usize>, String> {
    Ok(match value {
        Json::String(text) => Some(text.chars().count()),
        Json::Array(items) => Some(items.len()),
        Json::Object(fields) if fields.contains_key("base64") => Some(bytes_of(value)?.len()),
        Json::Object(fields) => Some(fields.len()),
        _ => None,
    })
}

fn brief(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() > 300 { text.chars().take(300).chain("...".chars()).collect() } else { text }
}
