//! A hook entry: what `hooks/<name>/hook.yaml` says.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::selection::{
    AccountFilter, AccountGroup, ComponentFilter, ComponentGroup, LinkFilter, LinkGroup, Selection,
};

/// A hook: outputs made from the whole checked graph.
#[derive(Clone, Debug)]
pub struct HookType {
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The function that makes its items; `None` where it selects them.
    pub function: Option<String>,
    /// What the function reads, or templates go through beside the items.
    pub reads: Vec<String>,
    pub outputs: Vec<HookOutput>,
}

/// One kind of file that a hook makes.
#[derive(Clone, Debug)]
pub struct HookOutput {
    /// Pattern of the path.
    pub path: String,
    /// Template beside hook.yaml; absent where the item's `document` is written as JSON.
    pub template: Option<String>,
    /// Whether kustomize lists the file.
    pub resource: bool,
    /// Written once, then the user's.
    pub seeded: bool,
    /// Most bytes of a document, as a string of JSON: what is more goes into further parts.
    pub split: Option<usize>,
    pub each: Each,
}

/// What an output is made for, one file each.
#[derive(Clone, Debug)]
pub enum Each {
    Links(Selection<LinkFilter, LinkGroup>),
    Components(Selection<ComponentFilter, ComponentGroup>),
    Accounts(Selection<AccountFilter, AccountGroup>),
    /// The stack, once.
    Stack,
    /// The items of a list that the function makes.
    List(String),
}

impl Each {
    /// Names of interfaces and of component types in its conditions.
    #[must_use]
    pub fn names(&self) -> (Vec<&String>, Vec<&String>) {
        let (mut interfaces, mut types) = (Vec::new(), Vec::new());
        match self {
            Self::Links(links) => links.filters.iter().for_each(|filter| {
                interfaces.extend(filter.interface.iter());
                types.extend(filter.from_type.iter().chain(filter.to_type.iter()));
            }),
            Self::Components(components) => components.filters.iter().for_each(|filter| {
                interfaces.extend(filter.interface.iter());
                types.extend(filter.component_type.iter());
            }),
            Self::Accounts(accounts) => accounts.filters.iter().for_each(|filter| {
                interfaces.extend(filter.interface.iter());
                types.extend(filter.component_type.iter());
            }),
            Self::Stack | Self::List(_) => {}
        }
        (interfaces, types)
    }

    /// What it selects, as people read it: `links where interface smtp, by from`.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Links(links) => links.told("links"),
            Self::Components(components) => components.told("components"),
            Self::Accounts(accounts) => accounts.told("accounts"),
            Self::Stack => "the stack".to_owned(),
            Self::List(list) => format!("each of {list}"),
        }
    }
}

/// A hook that selects its items, by what they are.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "values", rename_all = "lowercase")]
enum SelectingForm {
    Links(SelectionForm<LinkFilter, LinkGroup>),
    Components(SelectionForm<ComponentFilter, ComponentGroup>),
    Accounts(SelectionForm<AccountFilter, AccountGroup>),
    Stack(StackForm),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SelectionForm<F, G> {
    name: String,
    /// One line for people.
    title: String,
    /// Which items are meant; all of them without a condition.
    #[serde(rename = "where")]
    filter: Option<F>,
    /// What its templates go through beside the items: `interface <name>`.
    #[serde(default)]
    reads: Vec<String>,
    /// One file for each group of items, in place of one for each item.
    group_by: Option<G>,
    outputs: Vec<SelectedOutputForm<F, G>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SelectedOutputForm<F, G> {
    /// Pattern of the path: `{to}` is the name of what a template knows as `to`, `{to.namespace}` a text of it.
    path: String,
    /// Template beside hook.yaml.
    template: String,
    /// Whether kustomize lists the file.
    #[serde(default)]
    resource: bool,
    /// Written once, then the user's.
    #[serde(default)]
    seeded: bool,
    /// Which of the items are meant, where it is not all of them.
    #[serde(rename = "where")]
    filter: Option<F>,
    /// Instead of that of the hook.
    group_by: Option<G>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StackForm {
    name: String,
    /// One line for people.
    title: String,
    outputs: Vec<StackOutputForm>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StackOutputForm {
    path: String,
    /// Template beside hook.yaml.
    template: String,
    /// Whether kustomize lists the file.
    #[serde(default)]
    resource: bool,
    /// Written once, then the user's.
    #[serde(default)]
    seeded: bool,
}

/// A hook whose items must be computed: a function of the program makes them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FunctionForm {
    name: String,
    /// One line for people.
    title: String,
    values: Function,
    /// What the function reads: `interface <name>`, `component <part>`, `attribute <name>`, `stack <part>`.
    #[serde(default)]
    reads: Vec<String>,
    outputs: Vec<ListOutputForm>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Function {
    function: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListOutputForm {
    /// Pattern of the path; its variables are text keys of the item.
    path: String,
    /// Template beside hook.yaml; absent where the item's `document` is written as JSON.
    template: Option<String>,
    /// Whether kustomize lists the file.
    #[serde(default)]
    resource: bool,
    /// List of the values that the output is made for, once per item.
    for_each: String,
    /// Written once, then the user's.
    #[serde(default)]
    seeded: bool,
    /// Most bytes of a document, as a string of JSON: what is more goes into further parts.
    split: Option<usize>,
}

impl From<SelectingForm> for HookType {
    fn from(form: SelectingForm) -> Self {
        match form {
            SelectingForm::Links(form) => form.hook(Each::Links),
            SelectingForm::Components(form) => form.hook(Each::Components),
            SelectingForm::Accounts(form) => form.hook(Each::Accounts),
            SelectingForm::Stack(form) => Self {
                name: form.name,
                title: form.title,
                function: None,
                reads: Vec::new(),
                outputs: form.outputs.into_iter().map(HookOutput::from).collect(),
            },
        }
    }
}

impl<F: Clone, G: Copy> SelectionForm<F, G> {
    fn hook(self, each: fn(Selection<F, G>) -> Each) -> HookType {
        let output = |output: SelectedOutputForm<F, G>| HookOutput {
            path: output.path,
            template: Some(output.template),
            resource: output.resource,
            seeded: output.seeded,
            split: None,
            each: each(Selection {
                filters: self.filter.clone().into_iter().chain(output.filter).collect(),
                group_by: output.group_by.or(self.group_by),
            }),
        };
        HookType {
            name: self.name,
            title: self.title,
            function: None,
            reads: self.reads,
            outputs: self.outputs.into_iter().map(output).collect(),
        }
    }
}

impl From<StackOutputForm> for HookOutput {
    fn from(form: StackOutputForm) -> Self {
        Self {
            path: form.path,
            template: Some(form.template),
            resource: form.resource,
            seeded: form.seeded,
            split: None,
            each: Each::Stack,
        }
    }
}

impl From<FunctionForm> for HookType {
    fn from(form: FunctionForm) -> Self {
        let output = |output: ListOutputForm| HookOutput {
            path: output.path,
            template: output.template,
            resource: output.resource,
            seeded: output.seeded,
            split: output.split,
            each: Each::List(output.for_each),
        };
        Self {
            name: form.name,
            title: form.title,
            function: Some(form.values.function),
            reads: form.reads,
            outputs: form.outputs.into_iter().map(output).collect(),
        }
    }
}

/// `values` says which of the forms it is, so that a mistake is told of that form.
impl<'de> Deserialize<'de> for HookType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        let hook = if value["values"].is_object() {
            serde_json::from_value::<FunctionForm>(value).map(Self::from)
        } else {
            serde_json::from_value::<SelectingForm>(value).map(Self::from)
        };
        hook.map_err(D::Error::custom)
    }
}

impl JsonSchema for HookType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HookType".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "title": "stacktic hook",
            "description": "A hook: outputs made from the whole checked graph.",
            "anyOf": [generator.subschema_for::<SelectingForm>(), generator.subschema_for::<FunctionForm>()],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(text: &str) -> Result<HookType, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_output_narrows_what_its_hook_selects() {
        let hook = hook(
            r#"{"name": "a", "title": "t", "values": "links", "where": {"interface": "smtp"}, "group_by": "from",
                "outputs": [{"path": "docs/{from}.md", "template": "a.j2", "where": {"level": "write"}},
                            {"path": "docs/{to}.md", "template": "a.j2", "group_by": "to"}]}"#,
        );
        let outputs = hook.unwrap().outputs;
        let [Each::Links(first), Each::Links(second)] = [&outputs[0].each, &outputs[1].each] else {
            panic!("the outputs are made for links")
        };
        assert_eq!(
            super::super::selection::told(&first.filters),
            "interface smtp, level write"
        );
        assert_eq!(
            (first.group_by, second.group_by),
            (Some(LinkGroup::From), Some(LinkGroup::To))
        );
        assert_eq!(super::super::selection::told(&second.filters), "interface smtp");
    }

    #[test]
    fn a_state_that_makes_no_sense_cannot_be_written() {
        for (rest, expected) in [
            (r#""values": "link", "outputs": []"#, "unknown variant `link`"),
            (r#""outputs": []"#, "missing field `values`"),
            (
                r#""values": "stack", "where": {}, "outputs": []"#,
                "unknown field `where`",
            ),
            (
                r#""values": "components", "group_by": "from", "outputs": []"#,
                "unknown variant `from`",
            ),
            (
                r#""values": "components", "where": {"from_role": "agent"}, "outputs": []"#,
                "unknown field `from_role`",
            ),
            (
                r#""values": "links", "outputs": [{"path": "docs/a.md"}]"#,
                "missing field `template`",
            ),
            (
                r#""values": "links", "outputs": [{"path": "docs/a.md", "template": "a", "for_each": "x"}]"#,
                "unknown field `for_each`",
            ),
            (
                r#""values": {"function": "f"}, "where": {}, "outputs": []"#,
                "unknown field `where`",
            ),
            (
                r#""values": {"function": "f"}, "outputs": [{"path": "docs/a.md"}]"#,
                "missing field `for_each`",
            ),
        ] {
            let error = hook(&format!(r#"{{"name": "a", "title": "t", {rest}}}"#)).unwrap_err();
            assert!(error.starts_with(expected), "{rest}: {error}");
        }
    }
}
