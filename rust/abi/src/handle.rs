//! Handles: numbers for objects that C holds. A number names its kind, a slot, and which tenant of the slot is meant,
//! so that an old or made-up number finds nothing instead of something else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restricted_sender_core::error::{Code, Error, Result};

/// The objects of one kind.
#[derive(Debug)]
pub struct Table<T> {
    kind: u8,
    name: &'static str,
    slots: Mutex<Slots<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    all: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    object: Option<Arc<T>>,
}

/// A generation has 24 bits; a slot that has used them up is retired.
const GENERATIONS: u32 = 1 << 24;

/// What a number says of itself: kind, generation and slot, 8, 24 and 32 bits from the top.
fn parts(handle: i64) -> (u8, u32, u32) {
    let [kind, g2, g1, g0, s3, s2, s1, s0] = handle.to_be_bytes();
    (kind, u32::from_be_bytes([0, g2, g1, g0]), u32::from_be_bytes([s3, s2, s1, s0]))
}

fn number(kind: u8, generation: u32, slot: u32) -> i64 {
    let [_, g2, g1, g0] = generation.to_be_bytes();
    let [s3, s2, s1, s0] = slot.to_be_bytes();
    i64::from_be_bytes([kind, g2, g1, g0, s3, s2, s1, s0])
}

impl<T> Table<T> {
    /// An empty table. `kind` (1 to 127) marks its handles, `name` its errors.
    pub const fn new(kind: u8, name: &'static str) -> Self {
        Self { kind, name, slots: Mutex::new(Slots { all: Vec::new(), free: Vec::new() }) }
    }

    /// A handle for `object`.
    pub fn insert(&self, object: Arc<T>) -> i64 {
        let mut slots = self.lock();
        let index = slots.free.pop().unwrap_or_else(|| {
            slots.all.push(Slot { generation: 0, object: None });
            u32::try_from(slots.all.len() - 1).unwrap_or(u32::MAX)
        });
        let Some(slot) = slots.all.get_mut(index as usize) else { return 0 };
        slot.generation += 1;
        slot.object = Some(object);
        number(self.kind, slot.generation, index)
    }

    /// The object of `handle`.
    ///
    /// # Errors
    /// [`Code::Misuse`], saying what is wrong with the handle.
    pub fn get(&self, handle: i64) -> Result<Arc<T>> {
        self.slot_of(&mut self.lock(), handle).and_then(|slot| slot.object.clone()).ok_or_else(|| self.wrong(handle))
    }

    /// Takes the object of `handle` out; from now on the handle is stale.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn remove(&self, handle: i64) -> Result<Arc<T>> {
        let mut slots = self.lock();
        let object = self.slot_of(&mut slots, handle).and_then(|slot| slot.object.take());
        let object = object.ok_or_else(|| self.wrong(handle))?;
        let (_, generation, index) = parts(handle);
        if generation + 1 < GENERATIONS {
            slots.free.push(index);
        }
        Ok(object)
    }

    /// Whether `handle` is one that this table gave out and that is closed by now.
    pub fn was(&self, handle: i64) -> bool {
        let (kind, generation, index) = parts(handle);
        let slots = self.lock();
        kind == self.kind
            && slots.all.get(index as usize).is_some_and(|slot| {
                generation != 0
                    && (generation < slot.generation || generation == slot.generation && slot.object.is_none())
            })
    }

    /// How many handles are open.
    pub fn live(&self) -> usize {
        self.lock().all.iter().filter(|slot| slot.object.is_some()).count()
    }

    fn slot_of<'a>(&self, slots: &'a mut MutexGuard<'_, Slots<T>>, handle: i64) -> Option<&'a mut Slot<T>> {
        let (kind, generation, index) = parts(handle);
        let slot = slots.all.get_mut(index as usize)?;
        (kind == self.kind && slot.generation == generation).then_some(slot)
    }

    fn wrong(&self, handle: i64) -> Error {
        let name = self.name;
        let why = match parts(handle).0 {
            _ if handle == 0 => format!("no {name} is given"),
            kind if kind == self.kind => format!("the {name} is closed"),
            _ => format!("the handle is not a {name}"),
        };
        Error::new(Code::Misuse, format!("Wrong handle: {why}."))
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_finds_its_object_and_nothing_else() {
        let table = Table::new(7, "thing");
        let first = table.insert(Arc::new("first"));
        assert!(first > 0);
        assert_eq!(*table.get(first).unwrap(), "first");
        assert_eq!(table.live(), 1);
        table.remove(first).unwrap();
        let second = table.insert(Arc::new("second"));
        assert_ne!(first, second, "the slot is used again, the handle is not");
        let text = |handle| table.get(handle).unwrap_err().message.clone();
        assert_eq!(text(first), "Wrong handle: the thing is closed.");
        assert_eq!(text(0), "Wrong handle: no thing is given.");
        assert_eq!(text(42), "Wrong handle: the handle is not a thing.");
        assert_eq!(text(-1), "Wrong handle: the handle is not a thing.");
        assert!(table.remove(first).is_err(), "closed twice");
        assert!(table.was(first) && !table.was(second) && !table.was(0) && !table.was(42));
        assert_eq!(table.live(), 1);
    }

    #[test]
    fn a_slot_retires_when_its_generations_are_used_up() {
        let table = Table::new(7, "thing");
        table.remove(table.insert(Arc::new(0))).unwrap();
        table.lock().all[0].generation = GENERATIONS - 2;
        let last = table.insert(Arc::new(1));
        table.remove(last).unwrap();
        let next = table.insert(Arc::new(2));
        assert_eq!(parts(next).2, 1, "another slot");
        assert!(table.get(last).is_err());
    }
}
