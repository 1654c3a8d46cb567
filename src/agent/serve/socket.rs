//! The socket that the agent listens on: `[::]` means every address of the machine, of either family.
//!
//! A cluster has IPv4, IPv6 or both, and probes come by what it has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// Connections that wait to be accepted; the kernel has a lower limit of its own.
const BACKLOG: i32 = 1024;

/// Listen on an address.
///
/// # Errors
/// It is taken, or no address of this machine.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = match address {
        SocketAddr::V6(any) if any.ip() == &Ipv6Addr::UNSPECIFIED => both_families(any)?,
        other => TcpListener::bind(other)?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn both_families(any: SocketAddrV6) -> io::Result<TcpListener> {
    match dual_stack(any) {
        Ok(listener) => Ok(listener),
        // The machine has IPv4 alone.
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) => {
            TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), any.port()))
        }
        Err(error) => Err(error.into()),
    }
}

/// One socket for both: whether `[::]` takes IPv4 as well is otherwise the machine's setting.
fn dual_stack(any: SocketAddrV6) -> Result<TcpListener, Errno> {
    let socket = rustix::net::socket_with(AddressFamily::INET6, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_ipv6_v6only(&socket, false)?;
    // Connections of the process before this one may still be closing.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &any)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn reaches(listener: &TcpListener, address: IpAddr) -> bool {
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((address, port)).is_ok()
    }

    fn has_ipv6() -> bool {
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    #[test]
    fn every_address_is_that_of_both_families() {
        let listener = bind("[::]:0".parse().unwrap()).unwrap();
        assert!(reaches(&listener, Ipv4Addr::LOCALHOST.into()));
        assert_eq!(reaches(&listener, Ipv6Addr::LOCALHOST.into()), has_ipv6());
    }

    #[test]
    fn one_address_is_that_address_alone() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(reaches(&listener, Ipv4Addr::LOCALHOST.into()));
        assert!(!reaches(&listener, Ipv6Addr::LOCALHOST.into()));
    }

    #[test]
    fn a_port_that_is_taken_is_told() {
        let listener = bind("[::]:0".parse().unwrap()).unwrap();
        let taken = bind(listener.local_addr().unwrap()).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
