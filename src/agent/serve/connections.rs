//! The socket: connections in, the router's answers out, and an orderly end.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio_io_timeout::TimeoutStream;

use super::places::{Places, Seat};

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
    let places = Places::default();
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, for one: waiting lets connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(place) = places.admit(address.ip().to_canonical()) else {
            continue;
        };
        let connection = graceful.watch(connection(stream, router.clone(), place.seat().clone()));
        tokio::spawn(async move {
            // A client that breaks off is its own affair.
            tokio::select! {
                _ = connection => {}
                () = place.seat().given_up() => {}
            }
        });
    }
    drop(listener);
    // What is not done by then ends with the runtime, and its processes with it.
    let _ = tokio::time::timeout(STOP_TIME, graceful.shutdown()).await;
}

type Stream = TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>;

fn connection(stream: TcpStream, router: Router, seat: Seat) -> impl GracefulConnection<Error = hyper::Error> {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    let stream: Stream = TokioIo::new(Box::pin(stream));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let (busy, answer) = (seat.busy(), router.call(request));
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(stream, service)
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
