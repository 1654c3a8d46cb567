//! Values of secret keys: which of them are one, which have to be made, and what is left for a person.
//!
//! In: the keys that a stack wants, with what each holds, and the values that stand in its secret files. Out: what to write, and
//! the state of every key. It must not know where files lie or how they are written, and no value leaves it but in a `Value`.

pub mod client_keys;
mod digests;
mod filling;
mod moment;
mod random;
mod rotation;
mod value;

#[cfg(test)]
mod tests;

pub use filling::{Filling, KeyState, State, fill};
pub use moment::Moment;
pub use random::strong;
pub use rotation::Rotation;
pub use value::{Value, Values};
