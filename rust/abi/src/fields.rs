//! What C binds: named, typed values, checked against what the operation takes at that moment.

use std::borrow::Cow;

use restricted_sender_core::error::Result;
use restricted_sender_core::exchange::Value;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::border::misuse;
use crate::cell::RsCellType;

/// A value that was bound. A text may be a secret: it is wiped when dropped. Lists hold none.
#[derive(Clone)]
pub enum Bound {
    Bool(bool),
    Int(i64),
    Real(f64),
    Moment(OffsetDateTime),
    Text(Zeroizing<String>),
    List(Vec<String>),
}

/// The name and type of a value that can be bound.
pub type Field = (&'static str, RsCellType);

/// What can be bound at a moment.
#[derive(Clone, Copy)]
pub enum Takes {
    /// Values of these names and types.
    These(&'static [Field]),
    /// Whatever a cmdlet returned.
    Anything,
}

/// The values that are bound.
#[derive(Default)]
pub struct Fields(Vec<(Cow<'static, str>, Bound)>);

impl Bound {
    fn cell_type(&self) -> RsCellType {
        match self {
            Self::Bool(_) => RsCellType::Bool,
            Self::Int(_) => RsCellType::Int64,
            Self::Real(_) => RsCellType::Double,
            Self::Moment(_) => RsCellType::Ticks,
            Self::Text(_) => RsCellType::Text,
            Self::List(_) => RsCellType::List,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Real(value) => Value::Real(value),
            Self::Moment(value) => Value::Date(value),
            Self::Text(mut text) => Value::Text(std::mem::take(&mut *text)),
            Self::List(texts) => Value::List(texts.into_iter().map(Value::Text).collect()),
        }
    }
}

impl Fields {
    /// Binds a value; one that is already bound under this name is replaced.
    ///
    /// # Errors
    /// [`Misuse`](restricted_sender_core::error::Code::Misuse) when `takes` has no such name, or of another type.
    pub fn bind(&mut self, takes: Takes, name: &str, value: Bound) -> Result<()> {
        let name = match takes {
            Takes::These(known) => Cow::Borrowed(Self::known(known, name, value.cell_type())?),
            Takes::Anything => Cow::Owned(name.to_owned()),
        };
        self.0.retain(|(bound, _)| *bound != name);
        self.0.push((name, value));
        Ok(())
    }

    /// Adds a text to a list.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn add(&mut self, takes: Takes, name: &str, text: &str) -> Result<()> {
        let text = text.to_owned();
        match self.0.iter_mut().find(|(bound, _)| *bound == name) {
            Some((_, Bound::List(texts))) => {
                texts.push(text);
                Ok(())
            }
            _ => self.bind(takes, name, Bound::List(vec![text])),
        }
    }

    fn known(known: &'static [Field], name: &str, given: RsCellType) -> Result<&'static str> {
        let (name, kind) = known.iter().copied().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let names = if names.is_empty() { "nothing can be bound here".to_owned() } else { names.join(", ") };
            misuse(&format!("'{name}' cannot be bound; known are: {names}"))
        })?;
        if kind != given {
            return Err(misuse(&format!("{name} takes {kind:?}, not {given:?}")));
        }
        Ok(name)
    }

    /// All of them, as an object of Exchange.
    pub fn into_values(self) -> Vec<(String, Value)> {
        self.0.into_iter().map(|(name, bound)| (name.into_owned(), bound.into_value())).collect()
    }

    /// Takes a text out.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Bound::Text(mut text) => Some(std::mem::take(&mut *text)),
            _ => None,
        }
    }

    /// Takes a list of texts out; absent is empty.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Some(Bound::List(texts)) => texts,
            _ => Vec::new(),
        }
    }

    /// Takes a truth value out; absent is false.
    pub fn flag(&mut self, name: &str) -> bool {
        self.truth(name).unwrap_or(false)
    }

    /// Takes a truth value out that may be unknown.
    pub fn truth(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Bound::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a whole number out.
    pub fn int(&mut self, name: &str) -> Option<i64> {
        match self.take(name)? {
            Bound::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a number out.
    pub fn real(&mut self, name: &str) -> Option<f64> {
        match self.take(name)? {
            Bound::Real(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a moment out.
    pub fn moment(&mut self, name: &str) -> Option<OffsetDateTime> {
        match self.take(name)? {
            Bound::Moment(moment) => Some(moment),
            _ => None,
        }
    }

    fn take(&mut self, name: &str) -> Option<Bound> {
        let index = self.0.iter().position(|(bound, _)| *bound == name)?;
        Some(self.0.swap_remove(index).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Takes =
        Takes::These(&[("Name", RsCellType::Text), ("Names", RsCellType::List), ("All", RsCellType::Bool)]);

    fn text(text: &str) -> Bound {
        Bound::Text(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn binding_twice_replaces_and_taking_empties() {
        let mut fields = Fields::default();
        fields.bind(KNOWN, "Name", text("a")).unwrap();
        fields.bind(KNOWN, "Name", text("b")).unwrap();
        assert_eq!(fields.text("Name").as_deref(), Some("b"));
        assert_eq!(fields.text("Name"), None);
        assert!(!fields.flag("All"));
    }

    #[test]
    fn an_object_has_whatever_names_and_types_it_has() {
        let mut fields = Fields::default();
        fields.bind(Takes::Anything, "Moon", text("full")).unwrap();
        fields.bind(Takes::Anything, "Count", Bound::Int(3)).unwrap();
        fields.add(Takes::Anything, "Parts", "a").unwrap();
        fields.add(Takes::Anything, "Parts", "b").unwrap();
        let parts = Value::List(vec![Value::Text("a".into()), Value::Text("b".into())]);
        let expected = [("Moon", Value::Text("full".into())), ("Count", Value::Int(3)), ("Parts", parts)];
        assert_eq!(fields.into_values(), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut fields = Fields::default();
        let unknown = fields.bind(KNOWN, "name", text("a")).unwrap_err();
        assert!(unknown.message.contains("Name, Names, All"), "{unknown}");
        let wrong = fields.bind(KNOWN, "All", text("yes")).unwrap_err();
        assert!(wrong.message.contains("All takes Bool, not Text"), "{wrong}");
        assert!(fields.add(KNOWN, "Name", "a").is_err());
        assert!(fields
            .bind(Takes::These(&[]), "Name", text("a"))
            .unwrap_err()
            .message
            .contains("nothing can be bound"));
    }
}
