//! Who may be connected: so many in all, so many of one address, and the one that waits the longest goes first.
//!
//! Connections that send half a head, or nothing, cost their maker nothing; without this they would keep everybody else
//! out until their time is over. It must not know HTTP.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Most connections at one time.
const MAX_CONNECTIONS: usize = 512;

/// Most connections of one address: the others' places are not its to take.
const MAX_OF_ONE: usize = 256;

/// All connections, the oldest first.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<Vec<Seat>>>);

/// One connection.
#[derive(Clone)]
pub(super) struct Seat(Arc<State>);

struct State {
    address: IpAddr,
    /// Requests that are being answered.
    busy: AtomicUsize,
    given_up: Notify,
}

/// A connection's place; it is free again when this is dropped.
pub(super) struct Place {
    places: Places,
    seat: Seat,
}

impl Places {
    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of `address`, if need be that of one that waits; none where all are being answered.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Place> {
        let mut seats = self.seats();
        let of_address = seats.iter().filter(|seat| seat.0.address == address).count();
        if of_address >= MAX_OF_ONE {
            give_up(&mut seats, |seat| seat.0.address == address)?;
        } else if seats.len() >= MAX_CONNECTIONS {
            give_up(&mut seats, |_| true)?;
        }
        let seat = Seat(Arc::new(State {
            address,
            busy: AtomicUsize::new(0),
            given_up: Notify::new(),
        }));
        seats.push(seat.clone());
        drop(seats);
        Some(Place {
            places: self.clone(),
            seat,
        })
    }
}

/// End the oldest that waits among those that `may` go.
fn give_up(seats: &mut Vec<Seat>, may: impl Fn(&Seat) -> bool) -> Option<()> {
    let waits = |seat: &Seat| may(seat) && seat.0.busy.load(Ordering::Relaxed) == 0;
    let oldest = seats.iter().position(waits)?;
    // `notify_one` is kept for a task that does not listen yet.
    seats.remove(oldest).0.given_up.notify_one();
    Some(())
}

impl Seat {
    /// Done when the place is another's.
    pub(super) async fn given_up(&self) {
        self.0.given_up.notified().await;
    }

    /// A request is being answered until this is dropped.
    pub(super) fn busy(&self) -> impl Drop + use<> {
        self.0.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }
}

struct Busy(Seat);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Place {
    pub(super) fn seat(&self) -> &Seat {
        &self.seat
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.places.seats();
        seats.retain(|seat| !Arc::ptr_eq(&seat.0, &self.seat.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
    const THIRD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 3));

    fn fill(places: &Places, address: IpAddr, count: usize) -> Vec<Place> {
        (0..count).filter_map(|_| places.admit(address)).collect()
    }

    fn is_given_up(place: &Place) -> bool {
        let seats = place.places.seats();
        !seats.iter().any(|seat| Arc::ptr_eq(&seat.0, &place.seat.0))
    }

    #[test]
    fn the_oldest_of_an_address_that_waits_makes_room() {
        let places = Places::default();
        let held = fill(&places, ONE, MAX_OF_ONE);
        let busy = held[0].seat().busy();
        assert!(places.admit(ONE).is_some());
        let gone: Vec<bool> = held.iter().take(3).map(is_given_up).collect();
        assert_eq!(gone, [false, true, false], "the first is being answered");
        drop(busy);
        drop(held);
        assert!(places.seats().is_empty());
    }

    #[test]
    fn whoever_comes_when_all_places_are_taken_gets_one_that_waits() {
        let places = Places::default();
        let (one, other) = (fill(&places, ONE, MAX_OF_ONE), fill(&places, OTHER, MAX_OF_ONE));
        assert_eq!(places.seats().len(), MAX_CONNECTIONS);
        assert!(places.admit(THIRD).is_some());
        assert!(is_given_up(&one[0]));
        assert!(!is_given_up(&other[0]));
    }

    #[test]
    fn none_that_is_answered_is_given_up() {
        let places = Places::default();
        let held = fill(&places, ONE, MAX_OF_ONE);
        let busy: Vec<_> = held.iter().map(|place| place.seat().busy()).collect();
        assert!(places.admit(ONE).is_none());
        assert!(places.admit(OTHER).is_some(), "the others' places are not its to take");
        drop(busy);
        assert!(places.admit(ONE).is_some());
    }
}
