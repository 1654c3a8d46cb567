//! The socket: connections in, the router's answers out, and an orderly end.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

/// Most connections at one time; others wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;

/// Most connections of one address: the others' places are not its to take.
const MAX_OF_ONE: usize = 256;

/// Longest time between two requests of a connection, and for the head of one.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Longest time that a client may take to read on.
const WRITE_TIME: Duration = Duration::from_secs(10);

/// Most bytes of a request's head, and of what is read ahead of it.
const HEAD_BYTES: usize = 16 * 1024;

/// What a stopping agent waits for answers that are under way; Kubernetes kills after 30 s.
const STOP_TIME: Duration = Duration::from_secs(20);

/// Serve until `stop` is there, then let answers that are under way finish.
pub async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let peers = Peers::default();
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, for one: waiting lets connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(peer) = peers.admit(address.ip().to_canonical()) else {
            continue;
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        tokio::spawn(async move {
            let _held = (place, peer);
            // A client that breaks off is its own affair.
            let _ = connection.await;
        });
    }
    drop(listener);
    // What is not done by then ends with the runtime, and its processes with it.
    let _ = tokio::time::timeout(STOP_TIME, graceful.shutdown()).await;
}

/// Connections by address.
#[derive(Clone, Default)]
struct Peers(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One connection of an address; its place is free again when this is dropped.
struct Peer {
    peers: Peers,
    address: IpAddr,
}

impl Peers {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, address: IpAddr) -> Option<Peer> {
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count == MAX_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Peer {
            peers: self.clone(),
            address,
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut counts = self.peers.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

type Stream = TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>;
type Connection = http1::Connection<Stream, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: Router) -> Connection {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
}

/// Done when the process is told to stop: SIGTERM or SIGINT.
///
/// # Errors
/// The signals cannot be listened to.
pub fn until_told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_no_more() {
        let peers = Peers::default();
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let mut held: Vec<Peer> = (0..MAX_OF_ONE).filter_map(|_| peers.admit(one)).collect();
        assert_eq!(held.len(), MAX_OF_ONE);
        assert!(peers.admit(one).is_none());
        assert!(peers.admit(other).is_some());
        held.pop();
        assert!(peers.admit(one).is_some());
        drop(held);
        assert!(peers.counts().is_empty());
    }
}
