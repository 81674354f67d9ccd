//! How the subject of a certificate comes about.

use super::{Applicant, invalid};
use crate::Result;
use crate::error::{CsrError, ProfileError};
use crate::model::SubjectPolicy;
use crate::x509::{Attribute, Name, VerifiedCsr, split_name};

/// A value with placeholders, such as `cam-{unit}`.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Literal(String),
    Id,
    Name,
    Unit,
    Csr(Attribute),
}

impl Pattern {
    pub(super) fn new(field: &str, text: &str) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (placeholder, after) = tail.split_once('}').ok_or_else(|| {
                invalid(field, "has a { without its }; placeholders are {id}, {name}, {unit}, {csr.CN}")
            })?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(match placeholder {
                "id" => Piece::Id,
                "name" => Piece::Name,
                "unit" => Piece::Unit,
                other => other.strip_prefix("csr.").and_then(|short| short.parse().ok()).map(Piece::Csr).ok_or_else(
                    || invalid(field, "has an unknown placeholder; there are {id}, {name}, {unit}, {csr.CN}"),
                )?,
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The value with a letter in each placeholder's place; a country's has two.
    fn shortest(&self, attribute: Attribute) -> String {
        let letter = if attribute == Attribute::Country && self.0.len() == 1 { "XX" } else { "X" };
        let text = |piece: &Piece| if let Piece::Literal(text) = piece { text.clone() } else { letter.to_owned() };
        self.0.iter().map(text).collect()
    }

    pub(super) fn fill(&self, applicant: &Applicant<'_>, csr: Option<&VerifiedCsr>) -> Result<String> {
        self.fill_as(applicant, csr, |_, value| Ok(value.to_owned()))
    }

    /// Each value as `write` puts it after what stands before it.
    pub(super) fn fill_as(
        &self,
        applicant: &Applicant<'_>,
        csr: Option<&VerifiedCsr>,
        write: impl Fn(&str, &str) -> Result<String>,
    ) -> Result<String> {
        let missing = |field: &str| ProfileError::SubjectValue { field: field.to_owned() };
        let mut filled = String::new();
        for piece in &self.0 {
            let values;
            let value = match piece {
                Piece::Literal(text) => {
                    filled.push_str(text);
                    continue;
                }
                Piece::Id => applicant.id,
                Piece::Name => applicant.name.ok_or_else(|| missing("name"))?,
                Piece::Unit => applicant.unit.ok_or_else(|| missing("unit"))?,
                Piece::Csr(attribute) => {
                    values = csr.map(|csr| csr.subject().values(*attribute)).unwrap_or_default();
                    values.first().ok_or_else(|| missing("an attribute of the CSR's subject"))?
                }
            };
            let value = write(&filled, value)?;
            filled.push_str(&value);
        }
        Ok(filled)
    }
}

/// A subject policy, checked.
#[derive(Debug)]
pub(super) enum SubjectRules {
    /// RDNs in the order of the DER, each value a pattern.
    Template(Vec<Vec<(Attribute, Pattern)>>),
    FromCsr {
        allow: Vec<Attribute>,
        require: Vec<Attribute>,
    },
}

fn attributes(field: &str, names: &[String]) -> Result<Vec<Attribute>> {
    names
        .iter()
        .map(|name| {
            name.parse().map_err(|_| invalid(field, "holds an unknown attribute; use short names such as CN, O, OU"))
        })
        .collect()
}

impl SubjectRules {
    pub(super) fn new(policy: &SubjectPolicy) -> Result<Self> {
        match policy {
            SubjectPolicy::Opaque { fixed } if fixed.is_empty() => Self::template("CN={id}"),
            SubjectPolicy::Opaque { fixed } => Self::template(&format!("CN={{id}},{fixed}")),
            SubjectPolicy::Template { name } => Self::template(name),
            SubjectPolicy::FromCsr { allow, require } => {
                let allow = attributes("subject.from-csr.allow", allow)?;
                let require = attributes("subject.from-csr.require", require)?;
                if !require.iter().all(|attribute| allow.contains(attribute)) {
                    return Err(invalid(
                        "subject.from-csr.require",
                        "names an attribute that is not allowed; allow it too",
                    ));
                }
                Ok(Self::FromCsr { allow, require })
            }
        }
    }

    /// The text is split as RFC 4514 says before anything is filled in, so no value can add an attribute.
    fn template(text: &str) -> Result<Self> {
        let field = "subject.template";
        let unusable = |reason: &str| invalid(field, &format!("cannot be used: {reason}"));
        let rdns: Vec<Vec<_>> = split_name(text)
            .map_err(|reason| unusable(&format!("it {reason}")))?
            .into_iter()
            .map(|rdn| rdn.into_iter().map(|(attribute, text)| Ok((attribute, Pattern::new(field, &text)?))).collect())
            .collect::<Result<_>>()?;
        // What is wrong whatever is filled in shows with the shortest values.
        name(&rdns, |attribute, pattern| Ok(pattern.shortest(attribute))).map_err(|e| unusable(&e.to_string()))?;
        Ok(Self::Template(rdns))
    }

    pub(super) fn holds_id(&self) -> bool {
        let Self::Template(rdns) = self else { return false };
        rdns.iter().flatten().any(|(_, pattern)| pattern.0.iter().any(|piece| matches!(piece, Piece::Id)))
    }

    pub(super) fn decide(&self, applicant: &Applicant<'_>, csr: Option<&VerifiedCsr>) -> Result<Name> {
        match self {
            Self::Template(rdns) => name(rdns, |_, pattern| pattern.fill(applicant, csr)),
            Self::FromCsr { allow, require } => {
                let csr = csr.ok_or(ProfileError::SubjectValue { field: "the CSR's subject".to_owned() })?;
                let refused = |reason: String| CsrError::SubjectRefused { reason };
                for part in csr.subject().attributes().iter().flatten() {
                    if !part.attribute().is_some_and(|attribute| allow.contains(&attribute)) {
                        return Err(refused(format!("it has the attribute {}", part.oid)).into());
                    }
                }
                for attribute in require {
                    if csr.subject().values(*attribute).is_empty() {
                        return Err(refused(format!("it lacks the attribute {attribute}")).into());
                    }
                }
                Ok(csr.subject().clone())
            }
        }
    }
}

/// The name whose values `fill` makes of the patterns.
fn name(rdns: &[Vec<(Attribute, Pattern)>], fill: impl Fn(Attribute, &Pattern) -> Result<String>) -> Result<Name> {
    let mut builder = Name::builder();
    for rdn in rdns {
        let values =
            rdn.iter().map(|(kind, pattern)| Ok((*kind, fill(*kind, pattern)?))).collect::<Result<Vec<_>>>()?;
        let values: Vec<_> = values.iter().map(|(kind, value)| (*kind, value.as_str())).collect();
        builder = builder.push_rdn(&values);
    }
    builder.build()
}
