//! A typed sentence and a record to what the agent runs: arguments, environment, filters, test.
//!
//! Everything is checked before anything is built. A secret appears as the name of its variable in
//! the environment, and nowhere else; the executor alone puts its value there.

use std::collections::BTreeMap;

use super::adapter::{Adapter, Meaning, Part};
use super::address::Address;
use super::bind::Binder;
use super::destination::Destination;
use super::filter::{Filter, Switches};
use super::outcome::{Outcome, shape};
use super::record::{Context, Record, Value};
use super::refusal::{Code, Mistake};
use super::sentence::{Sentence, Test};
use super::typing::{SECRET, Typed, TypedCommand};

/// A check of one record, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The sentence with values for its variables and `[secret]` for secrets: the dry run.
    pub shown: String,
    pub step: Step,
    /// What its output goes through, inside the agent.
    pub filters: Vec<Filter>,
    /// What is asked of the output, where the sentence captures it.
    pub test: Option<Test>,
}

/// The one process of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub program: &'static str,
    /// Without the program itself.
    pub arguments: Vec<String>,
    /// All of it: nothing else is inherited but `inherited`.
    pub environment: BTreeMap<&'static str, EnvironmentValue>,
    /// Names to pass on from the agent's own environment, where it has them.
    pub inherited: &'static [&'static str],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentValue {
    Plain(&'static str),
    /// The record's secret of this name.
    Secret(&'static str),
    /// The file with the certificate of the authority that signed the server's.
    Authority(String),
}

impl Compiled {
    /// What the check says, from the process's standard output and whether it succeeded.
    ///
    /// A process that failed fails the check whatever is counted in its output: no output is not
    /// the answer zero.
    #[must_use]
    pub fn conclude(&self, stdout: &str, succeeded: bool) -> Outcome {
        let mut text = stdout.to_owned();
        let mut selected = true;
        for filter in &self.filters {
            (text, selected) = filter.apply(&text);
        }
        let Some(test) = self.test else {
            let passed = succeeded && selected;
            let output = shape(&text, None, None);
            return Outcome { passed, output };
        };
        let counted = self.filters.last().and_then(Filter::counted);
        Outcome {
            passed: succeeded && test.passes(&text),
            output: shape("", Some(&text), counted.as_deref()),
        }
    }
}

/// The environment of every process, beside its row's.
const BASE: [(&str, &str); 2] = [("HOME", "/nonexistent"), ("LC_ALL", "C")];

/// Bind and compile a sentence for one record.
pub(super) fn compile(
    text: &str,
    sentence: &Sentence,
    typed: &Typed,
    record: &Record,
    context: &Context,
) -> Result<Compiled, Mistake> {
    if record.is_external {
        let message = format!("`{}` lives in another stack; nothing is run against it", record.name);
        return Err(Mistake::new(Code::E_EXTERNAL, typed.source.span, message));
    }
    if typed.source.adapter.not_for_databases && record.database.is_some() {
        let program = typed.source.adapter.program;
        let message = format!("`{}` is a database, and `{program}` is no client of one", record.name);
        return Err(Mistake::new(Code::E_DESTINATION, typed.source.span, message));
    }
    let binder = Binder::new(sentence, record)?;
    let destination = Destination { record, context };
    let source = Bound::new(&typed.source, &binder, &destination)?;
    let step = Step {
        program: typed.source.adapter.program,
        arguments: source.arguments(&destination)?,
        environment: environment(typed.source.adapter, record, source.authority(&destination)),
        inherited: typed.source.adapter.inherited,
    };
    let mut filters = Vec::new();
    for command in &typed.filters {
        filters.push(Bound::new(command, &binder, &destination)?.filter());
    }
    Ok(Compiled {
        shown: binder.show(text, sentence),
        step,
        filters,
        test: typed.test,
    })
}

/// A command whose words have their text.
struct Bound<'a> {
    command: &'a TypedCommand,
    /// In the order of the sentence; a flag, or none for an operand.
    values: Vec<(Option<&'static str>, String)>,
}

impl<'a> Bound<'a> {
    fn new(command: &'a TypedCommand, binder: &Binder<'_>, destination: &Destination<'_>) -> Result<Self, Mistake> {
        let mut bound = Self {
            command,
            values: Vec::new(),
        };
        for argument in &command.arguments {
            let word = &argument.word;
            if argument.meaning == Meaning::Probe && word.literal().is_none() {
                let message = "the SQL of a probe is written out, without variables";
                return Err(Mistake::new(Code::E_SQL, word.span, message));
            }
            let text = binder.word(word);
            let earlier = bound.operands().next_back();
            destination.check(argument.meaning, &text, earlier, word.span)?;
            bound.values.push((argument.flag, text));
        }
        Ok(bound)
    }

    fn operands(&self) -> impl DoubleEndedIterator<Item = &str> {
        let operands = self.values.iter().filter(|(flag, _)| flag.is_none());
        operands.map(|(_, text)| text.as_str())
    }

    fn given(&self, flag: &str) -> Option<&str> {
        let found = self.values.iter().find(|(given, _)| *given == Some(flag));
        found.map(|(_, text)| text.as_str())
    }

    /// The switches, each once, in the order of the row.
    fn switches(&self) -> impl Iterator<Item = &'static str> {
        let switches = self.command.adapter.switches.iter().copied();
        switches.filter(|switch| self.command.has(switch))
    }

    /// The file of the authority that signed what the server shows: that of the address, or else the record's own.
    fn authority<'b>(&self, destination: &Destination<'b>) -> Option<&'b str> {
        let is_address = |meaning: &Meaning| *meaning == Meaning::Address;
        let host = match self.command.adapter.operands.iter().position(is_address) {
            Some(position) => Address::parse(self.operands().nth(position)?).ok()?.host,
            None => destination.record.primary.as_ref()?.host.clone(),
        };
        destination.context.authorities.get(&host).map(String::as_str)
    }

    /// The argument vector by the row.
    fn arguments(&self, destination: &Destination<'_>) -> Result<Vec<String>, Mistake> {
        let mut arguments: Vec<String> = Vec::new();
        for part in self.command.adapter.argv {
            match part {
                Part::Text(text) => arguments.push((*text).to_owned()),
                Part::Own(meaning) => arguments.push(destination.own(*meaning, self.command.span)?),
                Part::Given(flag) => {
                    let value = self.given(flag);
                    arguments.extend(value.iter().flat_map(|value| [(*flag).to_owned(), (*value).to_owned()]));
                }
                Part::GivenOr(flag, otherwise) => {
                    let value = self.given(flag).unwrap_or(otherwise);
                    arguments.extend([(*flag).to_owned(), value.to_owned()]);
                }
                Part::Authority(flags) => {
                    let file = self.authority(destination);
                    arguments.extend(
                        file.iter()
                            .flat_map(|file| flags.iter().chain([file]))
                            .map(|word| (*word).to_owned()),
                    );
                }
                Part::Switches => arguments.extend(self.switches().map(str::to_owned)),
                Part::Operands => arguments.extend(self.operands().map(str::to_owned)),
            }
        }
        Ok(arguments)
    }

    fn filter(&self) -> Filter {
        Filter {
            pattern: self.operands().next().unwrap_or_default().to_owned(),
            switches: Switches {
                count: self.command.has("-c"),
                ignore_case: self.command.has("-i"),
                invert: self.command.has("-v"),
            },
        }
    }
}

/// The base, the row's own, what verifies the server by `authority`, and the record's password in every slot of the row.
fn environment(
    adapter: &Adapter,
    record: &Record,
    authority: Option<&str>,
) -> BTreeMap<&'static str, EnvironmentValue> {
    let plain = BASE.iter().chain(adapter.environment);
    let mut environment: BTreeMap<_, _> = plain
        .map(|(name, value)| (*name, EnvironmentValue::Plain(value)))
        .collect();
    if let Some(file) = authority {
        let value = |value: &Option<&'static str>| match value {
            Some(value) => EnvironmentValue::Plain(value),
            None => EnvironmentValue::Authority(file.to_owned()),
        };
        environment.extend(adapter.verified.iter().map(|(name, text)| (*name, value(text))));
    }
    if record.variables.get(SECRET) == Some(&Value::Secret) {
        let slots = adapter.secret_slots.iter();
        environment.extend(slots.map(|slot| (*slot, EnvironmentValue::Secret(SECRET))));
    }
    environment
}
