//! The headline of a form in one language: Fluent syntax, read once, evaluated strictly.
//!
//! Only what cannot go wrong at night is accepted: text, fields, references to other messages of
//! the same wording, and choices over one field whose arms cover every case. There is no default:
//! the starred arm is an arm like any other. All of it is checked when a form is loaded, so that
//! rendering a checked message cannot miss an arm (`spec/form.md` §5).

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast;
use thiserror::Error;

use crate::form::{Field, FieldKind};
use crate::language::Language;

mod cases;

use cases::cases;
pub(crate) use cases::{Arm, fits};

/// A compiled headline.
#[derive(Clone, Debug)]
pub(crate) struct Wording {
    pub(crate) headline: Vec<Node>,
}

/// One element of a headline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Field { number: u8, part: Part },
    Choice { number: u8, arms: Vec<(Arm, Vec<Node>)> },
}

/// Which part of a field is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Lower,
    Upper,
}

/// Why a wording is not accepted.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WordingError {
    /// Not Fluent syntax.
    #[error("local wording is not Fluent syntax")]
    LocalSyntax,
    /// No message called `headline`.
    #[error("local wording has no message called headline")]
    LocalHeadlineMissing,
    /// Functions, terms, attributes, literals and nested placeables are left out on purpose.
    #[error("local wording uses a feature of Fluent that is not allowed here")]
    LocalFeature,
    /// A name that is no field of the form.
    #[error("local wording names {0}, which is not a field of the form")]
    LocalUnknownField(String),
    /// A message that does not exist, or one that refers back to itself.
    #[error("local wording refers to message {0}, which is missing or refers back to itself")]
    LocalUnknownMessage(String),
    /// A field that may be left out is painted where it may be missing.
    #[error("local wording paints {0} where it may be absent")]
    LocalMayBeAbsent(String),
    /// The ends of a range are painted outside a range arm.
    #[error("local wording paints an end of {0} outside its range arm")]
    LocalOutsideRange(String),
    /// An arm that no value of the field can reach, or that is there twice.
    #[error("local wording has an arm {arm} for {field} that cannot be reached or is repeated")]
    LocalUselessArm {
        /// The field.
        field: String,
        /// The arm's key.
        arm: String,
    },
    /// A case of the field has no arm.
    #[error("local wording has no arm {arm} for {field}")]
    LocalMissingArm {
        /// The field.
        field: String,
        /// The case without an arm.
        arm: String,
    },
}

impl Wording {
    /// Compiles and checks the wording of a form with these fields.
    pub(crate) fn compile(
        source: &str,
        language: Language,
        fields: &[Field],
    ) -> Result<Wording, WordingError> {
        let resource =
            fluent_syntax::parser::parse(source).map_err(|_| WordingError::LocalSyntax)?;
        let mut messages = BTreeMap::new();
        for entry in resource.body {
            match entry {
                ast::Entry::Message(message) => {
                    if !message.attributes.is_empty() {
                        return Err(WordingError::LocalFeature);
                    }
                    let pattern = message.value.ok_or(WordingError::LocalFeature)?;
                    messages.insert(message.id.name.to_owned(), pattern);
                }
                ast::Entry::Comment(_)
                | ast::Entry::GroupComment(_)
                | ast::Entry::ResourceComment(_) => {}
                ast::Entry::Term(_) => return Err(WordingError::LocalFeature),
                ast::Entry::Junk { .. } => return Err(WordingError::LocalSyntax),
            }
        }
        let pattern = messages.get("headline").ok_or(WordingError::LocalHeadlineMissing)?;
        let compiler = Compiler { messages: &messages, language, fields };
        let headline = compiler.pattern(pattern, &Known::default(), 0)?;
        Ok(Wording { headline })
    }
}

/// What is certain at a point of the wording because of the arms around it.
#[derive(Clone, Default)]
struct Known {
    present: BTreeSet<u8>,
    ranged: BTreeSet<u8>,
}

struct Compiler<'a, 's> {
    messages: &'a BTreeMap<String, ast::Pattern<&'s str>>,
    language: Language,
    fields: &'a [Field],
}

/// References nest at most this deep; a wording needs two.
const MAX_DEPTH: u8 = 6;

impl<'s> Compiler<'_, 's> {
    fn pattern(
        &self,
        pattern: &ast::Pattern<&'s str>,
        known: &Known,
        depth: u8,
    ) -> Result<Vec<Node>, WordingError> {
        let mut nodes = Vec::new();
        for element in &pattern.elements {
            match element {
                ast::PatternElement::TextElement { value } => {
                    nodes.push(Node::Text(value.replace('\n', " ")));
                }
                ast::PatternElement::Placeable { expression } => {
                    self.expression(expression, known, depth, &mut nodes)?;
                }
            }
        }
        Ok(nodes)
    }

    fn expression(
        &self,
        expression: &ast::Expression<&'s str>,
        known: &Known,
        depth: u8,
        nodes: &mut Vec<Node>,
    ) -> Result<(), WordingError> {
        use ast::InlineExpression as Inline;
        match expression {
            ast::Expression::Inline(Inline::VariableReference { id }) => {
                nodes.push(self.field(id.name, known)?);
            }
            // The way to write a space, or nothing, where Fluent would trim it.
            ast::Expression::Inline(Inline::StringLiteral { value }) if !value.contains('\\') => {
                nodes.push(Node::Text((*value).to_owned()));
            }
            ast::Expression::Inline(Inline::MessageReference { id, attribute: None }) => {
                let missing = || WordingError::LocalUnknownMessage(id.name.to_owned());
                if depth >= MAX_DEPTH {
                    return Err(missing());
                }
                let pattern = self.messages.get(id.name).ok_or_else(missing)?;
                nodes.extend(self.pattern(pattern, known, depth + 1)?);
            }
            ast::Expression::Select { selector: Inline::VariableReference { id }, variants } => {
                let field = self
                    .fields
                    .iter()
                    .find(|field| field.name == id.name)
                    .ok_or_else(|| WordingError::LocalUnknownField(id.name.to_owned()))?;
                nodes.push(self.choice(field, variants, known, depth)?);
            }
            _ => return Err(WordingError::LocalFeature),
        }
        Ok(())
    }

    fn field(&self, name: &str, known: &Known) -> Result<Node, WordingError> {
        let find = |name: &str| self.fields.iter().find(|field| field.name == name);
        let (field, part) = match find(name) {
            Some(field) => (field, Part::Whole),
            None => {
                let ended = name
                    .strip_suffix("-lower")
                    .map(|name| (name, Part::Lower))
                    .or_else(|| name.strip_suffix("-upper").map(|name| (name, Part::Upper)));
                ended
                    .and_then(|(name, part)| find(name).map(|field| (field, part)))
                    .ok_or_else(|| WordingError::LocalUnknownField(name.to_owned()))?
            }
        };
        if part != Part::Whole && !known.ranged.contains(&field.number) {
            return Err(WordingError::LocalOutsideRange(name.to_owned()));
        }
        if !field.required && !known.present.contains(&field.number) {
            return Err(WordingError::LocalMayBeAbsent(name.to_owned()));
        }
        Ok(Node::Field { number: field.number, part })
    }

    fn choice(
        &self,
        field: &Field,
        variants: &[ast::Variant<&'s str>],
        known: &Known,
        depth: u8,
    ) -> Result<Node, WordingError> {
        let wanted = cases(field, self.language);
        let counts = matches!(field.kind, FieldKind::Count | FieldKind::Claims);
        let mut seen = BTreeSet::new();
        let mut arms = Vec::new();
        for variant in variants {
            let (arm, key) = match variant.key {
                ast::VariantKey::NumberLiteral { value } => {
                    (value.parse().ok().filter(|&n| counts && n >= 1).map(Arm::Exact), value)
                }
                ast::VariantKey::Identifier { name } => {
                    (wanted.iter().find(|arm| arm.key() == name).cloned(), name)
                }
            };
            let useless =
                || WordingError::LocalUselessArm { field: field.name.clone(), arm: key.to_owned() };
            let arm = arm.ok_or_else(useless)?;
            if !seen.insert(arm.clone()) {
                return Err(useless());
            }
            let mut inside = known.clone();
            if arm != Arm::Absent {
                inside.present.insert(field.number);
            }
            if arm == Arm::Range {
                inside.ranged.insert(field.number);
            }
            arms.push((arm, self.pattern(&variant.value, &inside, depth)?));
        }
        match wanted.iter().find(|arm| !seen.contains(arm)) {
            Some(arm) => Err(WordingError::LocalMissingArm {
                field: field.name.clone(),
                arm: arm.key().to_owned(),
            }),
            None => Ok(Node::Choice { number: field.number, arms }),
        }
    }
}

#[cfg(test)]
mod tests;
