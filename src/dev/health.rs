//! Whether a server on loopback answers `GET /health`.
//!
//! It must not know which server it asks.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::problem::Problem;

const CONNECT: Duration = Duration::from_millis(200);
const ANSWER: Duration = Duration::from_secs(2);

/// One question; anything but `200` in time is no.
pub(super) fn answers(address: SocketAddr) -> bool {
    ask(address).is_ok_and(|status| status.starts_with(b"HTTP/1.1 200"))
}

fn ask(address: SocketAddr) -> std::io::Result<[u8; 12]> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status)
}

/// An address of this machine on which nothing listens; `0` takes any free port.
///
/// # Errors
/// Something listens there.
pub(super) fn free_address(port: u16) -> Result<SocketAddr, Problem> {
    let taken = |error: std::io::Error| {
        let problem = Problem::new(format!("port {port} of 127.0.0.1 cannot be used: {error}"));
        problem.hint("stop what listens there, or choose another with `--port`; `--port 0` takes a free one")
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
    listener.local_addr().map_err(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
        });
        address
    }

    #[test]
    fn only_200_is_healthy() {
        assert!(answers(server(b"HTTP/1.1 200 OK\r\n\r\n{}")));
        assert!(!answers(server(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")));
        assert!(!answers(server(b"HTTP")));
    }

    #[test]
    fn a_port_in_use_is_told_with_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let problem = free_address(port).unwrap_err();
        assert!(problem.message.contains(&port.to_string()), "{}", problem.message);
        assert!(problem.hint.unwrap().contains("--port 0"));
        drop(listener);
        assert_eq!(free_address(port).unwrap().port(), port);
        assert!(!answers(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
    }
}
