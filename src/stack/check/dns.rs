//! Rule: a cache of names is found at an address of its node, in a cluster that can have one.

use std::net::IpAddr;

use super::Checker;
use crate::finding::{Code, Finding};
use crate::topology::Resolver;

pub(super) fn check(checker: &mut Checker<'_>) {
    let topology = checker.topology;
    for (name, environment) in &topology.document.environments {
        let Some(cluster) = &environment.cluster else { continue };
        let path = ["environments", name, "cluster", "dns_cache"];
        if cluster.dns == Resolver::Openshift && !cluster.dns_cache.is_empty() {
            let message = format!("`{name}` has OpenShift's DNS, which has no NodeLocal DNSCache");
            let finding = Finding::new(Code::E_TOPOLOGY_ENV, topology.key_place(&path), message);
            checker
                .findings
                .push(finding.hint("remove it: its DNS answers on each node by itself"));
        }
        for (position, text) in cluster.dns_cache.iter().enumerate() {
            if text.parse().is_ok_and(|address| is_of_a_node(&address)) {
                continue;
            }
            let position = position.to_string();
            let span = topology.place(&[&path[..], &[&position]].concat());
            let message = format!("`{text}` is no address at which pods could ask a cache");
            let finding = Finding::new(Code::E_TOPOLOGY_HOST, span, message);
            checker
                .findings
                .push(finding.hint("write the link-local address of NodeLocal DNSCache, such as `169.254.20.10`"));
        }
    }
}

fn is_of_a_node(address: &IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("169.254.20.10", true),
            ("10.96.0.10", true),
            ("fd00::a", true),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("224.0.0.251", false),
        ] {
            assert_eq!(is_of_a_node(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
