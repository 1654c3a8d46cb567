//! Components that others deploy: in another stack, or once in the cluster.

use std::collections::BTreeMap;

/// Where a component that others deploy is found.
#[derive(Clone, Debug)]
pub enum External {
    /// In another stack, at one host.
    Stack { stack: String, host: String },
    /// In another stack, at the hosts and ports of its metadata, by the names of endpoints.
    Described {
        stack: String,
        endpoints: BTreeMap<String, (String, u16)>,
    },
    /// In the cluster, whoever brought it there.
    Cluster,
}

impl External {
    /// The stack that deploys it.
    #[must_use]
    pub fn stack(&self) -> Option<&str> {
        match self {
            Self::Stack { stack, .. } | Self::Described { stack, .. } => Some(stack),
            Self::Cluster => None,
        }
    }

    /// The one host that it answers at, where there is one that its type does not know.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Stack { host, .. } => Some(host),
            Self::Described { .. } | Self::Cluster => None,
        }
    }
}
