//! Names that many rows share, each with a number: senders, and the domains of recipients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All names, numbered in the order in which they were met, for whoever reads at the same time.
#[derive(Debug, Default)]
pub struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<[u8]>, u32>,
    names: Vec<Arc<[u8]>>,
}

/// What one reader knows of the names, so that it seldom has to ask.
#[derive(Debug)]
pub struct Remembered<'a, T> {
    names: &'a Names,
    known: HashMap<Arc<[u8]>, T>,
}

impl Names {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, name: &[u8]) -> (Arc<[u8]>, u32) {
        let mut known = self.known();
        if let Some((name, number)) = known.numbers.get_key_value(name) {
            return (name.clone(), *number);
        }
        let name: Arc<[u8]> = name.into();
        let number = u32::try_from(known.names.len()).unwrap_or(u32::MAX);
        known.names.push(name.clone());
        known.numbers.insert(name.clone(), number);
        (name, number)
    }

    /// What the number stands for.
    pub fn name(&self, number: u32) -> String {
        let known = self.known();
        known.names.get(number as usize).map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
    }
}

impl<'a, T: Copy> Remembered<'a, T> {
    pub fn of(names: &'a Names) -> Self {
        Self { names, known: HashMap::new() }
    }

    /// What is remembered of a name, in lower case; `make` makes it of the name's number when it is met first.
    pub fn get(&mut self, name: &[u8], make: impl FnOnce(u32) -> T) -> T {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let (name, number) = self.names.number(name);
        let made = make(number);
        self.known.insert(name, made);
        made
    }
}
