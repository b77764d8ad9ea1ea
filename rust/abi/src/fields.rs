//! What C binds: named, typed values, checked against what the operation takes at that moment.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use restricted_sender_core::error::Result;

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

/// The values that are bound.
#[derive(Default)]
pub struct Fields(Vec<(&'static str, Bound)>);

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
}

impl Fields {
    /// Binds a value; one that is already bound under this name is replaced.
    ///
    /// # Errors
    /// [`Misuse`](restricted_sender_core::error::Code::Misuse) when `known` has no such name, or of another type.
    pub fn bind(&mut self, known: &[Field], name: &str, value: Bound) -> Result<()> {
        let (name, kind) = Self::known(known, name)?;
        if kind != value.cell_type() {
            return Err(misuse(&format!("{name} takes {kind:?}, not {:?}", value.cell_type())));
        }
        self.0.retain(|(bound, _)| *bound != name);
        self.0.push((name, value));
        Ok(())
    }

    /// Adds a text to a list.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn add(&mut self, known: &[Field], name: &str, text: &str) -> Result<()> {
        let text = text.to_owned();
        match self.0.iter_mut().find(|(bound, _)| *bound == name) {
            Some((_, Bound::List(texts))) => {
                texts.push(text);
                Ok(())
            }
            _ => self.bind(known, name, Bound::List(vec![text])),
        }
    }

    fn known(known: &[Field], name: &str) -> Result<Field> {
        known.iter().copied().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let names = if names.is_empty() { "nothing can be bound here".to_owned() } else { names.join(", ") };
            misuse(&format!("'{name}' cannot be bound; known are: {names}"))
        })
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

    const KNOWN: &[Field] = &[("Name", RsCellType::Text), ("Names", RsCellType::List), ("All", RsCellType::Bool)];

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
    fn what_does_not_fit_is_refused() {
        let mut fields = Fields::default();
        let unknown = fields.bind(KNOWN, "name", text("a")).unwrap_err();
        assert!(unknown.message.contains("Name, Names, All"), "{unknown}");
        let wrong = fields.bind(KNOWN, "All", text("yes")).unwrap_err();
        assert!(wrong.message.contains("All takes Bool, not Text"), "{wrong}");
        assert!(fields.add(KNOWN, "Name", "a").is_err());
        assert!(fields.bind(&[], "Name", text("a")).unwrap_err().message.contains("nothing can be bound"));
    }
}
