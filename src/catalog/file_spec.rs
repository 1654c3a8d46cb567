//! Files of a component as data: what each is made from, where it lies, and what it is made for, one by one.

use schemars::JsonSchema;
use serde::Deserialize;

/// A file made from a template, or copied when its name does not end in `.j2`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["template"]}, {"required": ["text"]}]))]
pub struct FileSpec {
    /// Pattern of the path below the component's folder, or below that of its `area`.
    pub path: String,
    /// Where the path begins; the component's folder by default.
    #[serde(default)]
    pub area: FileArea,
    /// Template beside the entry, or a file that is copied as it is.
    pub template: Option<String>,
    /// The template itself, in place of a file beside the entry.
    pub text: Option<String>,
    /// Whether it holds Kubernetes objects that kustomize lists.
    #[serde(default)]
    pub resource: bool,
    /// Once per sub-component of a type, per account of an interface, or per link of a slot.
    pub for_each: Option<ForEach>,
    /// Written once, then the user's.
    #[serde(default)]
    pub seeded: bool,
}

/// What a file is made for, one by one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ForEach {
    /// The sub-components of this type.
    SubComponents(String),
    /// The accounts of this interface.
    Accounts(ForEachAccount),
    /// The links of this slot.
    Links(ForEachLink),
}

/// The accounts of an interface.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForEachAccount {
    pub accounts: String,
}

/// The links that begin at the component by a slot.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForEachLink {
    pub links: String,
}

/// Where a file of a component lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileArea {
    /// `k8s/deploy/base/<component>/`
    #[default]
    Deploy,
    /// `docs/`: pages for people.
    Docs,
    /// `k8s/build/base/<component>/`: what its image is built from.
    Build,
}

/// A folder that is copied as it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderSpec {
    /// Folder beside component.yaml.
    pub from: String,
    /// Folder below the component's; empty for the folder itself.
    #[serde(default)]
    pub to: String,
    pub area: Area,
}

/// Which half of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// `k8s/deploy/base/<component>/`
    Deploy,
    /// `k8s/build/base/<component>/`
    Build,
}
