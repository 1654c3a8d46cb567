//! Components that others deploy: in another stack, or once in the cluster.

/// Where a component that others deploy is found.
#[derive(Clone, Debug)]
pub enum External {
    /// In another stack.
    Stack { stack: String, host: String },
    /// In the cluster, whoever brought it there.
    Cluster,
}

impl External {
    /// The stack that deploys it.
    #[must_use]
    pub fn stack(&self) -> Option<&str> {
        match self {
            Self::Stack { stack, .. } => Some(stack),
            Self::Cluster => None,
        }
    }

    /// The host that it answers at, where it is not that of its type.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Stack { host, .. } => Some(host),
            Self::Cluster => None,
        }
    }
}
