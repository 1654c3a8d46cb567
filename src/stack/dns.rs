//! Who answers for names in the cluster of an environment. All pods ask it, so every policy opens it, and nothing else.
//!
//! Looked up: kubernetes/kubernetes cluster/addons/dns (the label of kube-dns, which CoreDNS has as well; nodelocaldns/README.md: the
//! cache is in the network of its node, so that an address alone names it) and openshift/cluster-dns-operator
//! assets/dns/daemonset.yaml (label, and container ports 5353, which policies compare with).

use std::net::IpAddr;

use crate::topology::{ClusterDocument, Resolver};

/// Where pods ask for names.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    resolver: Resolver,
    /// Addresses of the cache on each node.
    caches: Vec<IpAddr>,
}

impl Dns {
    /// What a checked file says of a cluster.
    pub(super) fn of(cluster: Option<&ClusterDocument>) -> Self {
        let Some(cluster) = cluster else { return Self::default() };
        Self {
            resolver: cluster.dns,
            caches: cluster.dns_cache.iter().filter_map(|text| text.parse().ok()).collect(),
        }
    }

    /// The namespace of those who answer.
    #[must_use]
    pub fn namespace(&self) -> &'static str {
        match self.resolver {
            Resolver::KubeDns => "kube-system",
            Resolver::Openshift => "openshift-dns",
        }
    }

    /// The label of those who answer, and its value.
    #[must_use]
    pub fn label(&self) -> (&'static str, &'static str) {
        match self.resolver {
            Resolver::KubeDns => ("k8s-app", "kube-dns"),
            Resolver::Openshift => ("dns.operator.openshift.io/daemonset-dns", "default"),
        }
    }

    /// Their port.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self.resolver {
            Resolver::KubeDns => 53,
            Resolver::Openshift => 5353,
        }
    }

    /// The caches, each as a block of one address.
    pub fn caches(&self) -> impl Iterator<Item = String> {
        self.caches.iter().map(|address| match address {
            IpAddr::V4(address) => format!("{address}/32"),
            IpAddr::V6(address) => format!("{address}/128"),
        })
    }
}
