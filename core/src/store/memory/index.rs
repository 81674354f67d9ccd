//! The values of one column in order, and which stretch of them a filter can match.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::store::check::after_prefix;
use crate::store::{Match, Value};

/// The keys of all rows that have a value there, by value.
#[derive(Debug)]
pub(super) enum Ordering {
    Repeating(BTreeSet<(Value, i64)>),
    Unique(BTreeMap<Value, i64>),
}

/// From where to where in an index.
pub(super) type Bounds = (Bound<(Value, i64)>, Bound<(Value, i64)>);

impl Ordering {
    pub(super) fn insert(&mut self, value: Value, key: i64) {
        match self {
            Self::Repeating(set) => drop(set.insert((value, key))),
            Self::Unique(map) => drop(map.insert(value, key)),
        }
    }

    pub(super) fn remove(&mut self, value: &Value, key: i64) {
        match self {
            Self::Repeating(set) => drop(set.remove(&(value.clone(), key))),
            Self::Unique(map) => drop(map.remove(value)),
        }
    }

    /// The entries within `bounds`, in order.
    pub(super) fn walk<'a>(&'a self, bounds: &'a Bounds) -> Box<dyn DoubleEndedIterator<Item = (&'a Value, i64)> + 'a> {
        if is_empty(bounds) {
            return Box::new(std::iter::empty());
        }
        match self {
            Self::Repeating(set) => Box::new(set.range((bounds.0.as_ref(), bounds.1.as_ref())).map(|(v, k)| (v, *k))),
            Self::Unique(map) => {
                // One key per value: walk the values, then see that the pair lies within.
                let value = |bound: &'a Bound<(Value, i64)>| match bound {
                    Bound::Included((value, _)) | Bound::Excluded((value, _)) => Bound::Included(value),
                    Bound::Unbounded => Bound::Unbounded,
                };
                let pairs = map.range::<Value, _>((value(&bounds.0), value(&bounds.1)));
                Box::new(pairs.map(|(v, k)| (v, *k)).filter(|(v, k)| within(bounds, v, *k)))
            }
        }
    }
}

fn is_empty((from, to): &Bounds) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
        _ => false,
    }
}

fn within(bounds: &Bounds, value: &Value, key: i64) -> bool {
    let from = match &bounds.0 {
        Bound::Included((v, k)) => (value, key) >= (v, *k),
        Bound::Excluded((v, k)) => (value, key) > (v, *k),
        Bound::Unbounded => true,
    };
    from && match &bounds.1 {
        Bound::Included((v, k)) => (value, key) <= (v, *k),
        Bound::Excluded((v, k)) => (value, key) < (v, *k),
        Bound::Unbounded => true,
    }
}

/// The stretches of an index that can hold what `is` matches; `None` when it can be anywhere or is not in the index.
pub(super) fn stretches(is: &Match) -> Option<Vec<Bounds>> {
    let one = |value: &Value| (Bound::Included((value.clone(), i64::MIN)), Bound::Included((value.clone(), i64::MAX)));
    let from = |value: Value| Bound::Included((value, i64::MIN));
    let to = |value: Option<Value>| value.map_or(Bound::Unbounded, |v| Bound::Excluded((v, i64::MIN)));
    match is {
        Match::Eq(Value::Null) | Match::Contains(_) => None,
        Match::Eq(value) => Some(vec![one(value)]),
        Match::In(values) => {
            let values: BTreeSet<&Value> = values.iter().filter(|v| **v != Value::Null).collect();
            Some(values.into_iter().map(one).collect())
        }
        Match::Range { from: first, to: end } => {
            Some(vec![(first.clone().map_or(Bound::Unbounded, from), to(end.clone()))])
        }
        Match::Prefix(prefix) => {
            Some(vec![(from(Value::Text(prefix.clone())), to(after_prefix(prefix).map(Value::Text)))])
        }
    }
}
