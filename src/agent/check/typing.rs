//! A meaning for every word, by the rows of the adapter table, before any variable has a value.
//!
//! Because the meaning is settled here, a value can never become a flag, a second argument or
//! another program. No record is known here.

use super::adapter::{self, Adapter, Meaning, Role};
use super::refusal::{Code, Mistake, Span};
use super::sentence::{Assignment, Command, Sentence, Test, Word};
use super::sql;

/// A sentence whose words all have a meaning.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) source: TypedCommand,
    pub(super) filters: Vec<TypedCommand>,
    pub(super) test: Option<Test>,
}

#[derive(Clone, Debug)]
pub(super) struct TypedCommand {
    pub(super) adapter: &'static Adapter,
    pub(super) switches: Vec<&'static str>,
    pub(super) arguments: Vec<Argument>,
    /// The program's own place.
    pub(super) span: Span,
}

impl TypedCommand {
    pub(super) fn has(&self, switch: &str) -> bool {
        self.switches.contains(&switch)
    }
}

/// A word that carries a value.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// The flag before it, or none for an operand.
    pub(super) flag: Option<&'static str>,
    pub(super) meaning: Meaning,
    pub(super) word: Word,
}

/// Type every word of a sentence.
pub(super) fn assign(sentence: &Sentence) -> Result<Typed, Mistake> {
    let mut commands = Vec::new();
    for (place, command) in sentence.pipeline.iter().enumerate() {
        let role = if place == 0 { Role::Source } else { Role::Filter };
        commands.push(type_command(command, role)?);
    }
    let mut commands = commands.into_iter();
    let Some(source) = commands.next() else {
        let message = "a program should stand here";
        return Err(Mistake::new(Code::E_PARSE, Span::new(0, 0), message));
    };
    Ok(Typed {
        source,
        filters: commands.collect(),
        test: sentence.test,
    })
}

fn type_command(command: &Command, role: Role) -> Result<TypedCommand, Mistake> {
    let adapter = find_adapter(&command.program, role)?;
    if let Some(assignment) = &command.assignment {
        check_assignment(adapter, assignment)?;
    }
    let mut typed = TypedCommand {
        adapter,
        switches: Vec::new(),
        arguments: Vec::new(),
        span: command.program.span,
    };
    let mut words = command.arguments.iter();
    while let Some(word) = words.next() {
        match word.literal() {
            Some(text) if text.starts_with('-') => type_flag(&mut typed, &text, word, &mut words)?,
            _ => type_operand(&mut typed, word)?,
        }
    }
    check_complete(&typed)?;
    Ok(typed)
}

fn find_adapter(program: &Word, role: Role) -> Result<&'static Adapter, Mistake> {
    let refuse = |message: String| Err(Mistake::new(Code::E_PROGRAM, program.span, message));
    let listed = || format!("`{}`", adapter::programs(role).join("`, `"));
    let Some(name) = program.literal() else {
        return refuse("a program is named without variables".to_owned());
    };
    match adapter::find(&name) {
        Some(adapter) if adapter.role == role => Ok(adapter),
        Some(_) if role == Role::Filter => refuse(format!("`{name}` does not read a pipe: {} does", listed())),
        Some(_) => refuse(format!("`{name}` needs a pipe before it")),
        None => refuse(format!("`{name}` is not a program of the check language: {}", listed())),
    }
}

fn check_assignment(adapter: &Adapter, assignment: &Assignment) -> Result<(), Mistake> {
    if !adapter.secret_slots.contains(&assignment.name.as_str()) {
        let message = format!("`{}` has no environment slot `{}`", adapter.program, assignment.name);
        return Err(Mistake::new(Code::E_ENV_NAME, assignment.span, message));
    }
    if assignment.variable() != Some(SECRET) {
        let message = format!("`{}` takes `{{{SECRET}}}` and nothing else", assignment.name);
        return Err(Mistake::new(Code::E_ENV_VALUE, assignment.span, message));
    }
    Ok(())
}

/// The variable that environment slots take.
pub const SECRET: &str = "password";

/// `-h value`, `--no-headers`, or `-sk` for `-s -k`.
fn type_flag<'a>(
    typed: &mut TypedCommand,
    text: &str,
    word: &Word,
    rest: &mut impl Iterator<Item = &'a Word>,
) -> Result<(), Mistake> {
    let cluster = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
    let flags: Vec<String> = match cluster {
        Some(letters) if !letters.is_empty() => letters.chars().map(|letter| format!("-{letter}")).collect(),
        _ => vec![text.to_owned()],
    };
    for (place, flag) in flags.iter().enumerate() {
        if let Some(switch) = typed.adapter.switches.iter().find(|switch| *switch == flag) {
            typed.switches.push(switch);
            continue;
        }
        let Some(option) = typed.adapter.options.iter().find(|option| option.flag == flag) else {
            return Err(argument(
                word,
                format!("`{}` has no flag `{flag}` here", typed.adapter.program),
            ));
        };
        let value = rest.next().filter(|value| !value.prefix().starts_with('-'));
        let Some(value) = value.filter(|_| place + 1 == flags.len()) else {
            return Err(argument(word, format!("`{flag}` needs a value, as a word of its own")));
        };
        if typed.arguments.iter().any(|given| given.flag == Some(option.flag)) {
            return Err(argument(word, format!("`{flag}` stands twice")));
        }
        add(typed, Some(option.flag), option.meaning, value)?;
    }
    Ok(())
}

fn type_operand(typed: &mut TypedCommand, word: &Word) -> Result<(), Mistake> {
    if word.prefix().starts_with('-') {
        return Err(argument(word, "a flag is written without variables".to_owned()));
    }
    let before = typed.arguments.iter().filter(|given| given.flag.is_none()).count();
    match typed.adapter.operands.get(before) {
        Some(meaning) => add(typed, None, *meaning, word),
        None => Err(argument(
            word,
            format!("`{}` takes no further argument", typed.adapter.program),
        )),
    }
}

/// Add an argument; what can be judged without a record is judged now.
fn add(typed: &mut TypedCommand, flag: Option<&'static str>, meaning: Meaning, word: &Word) -> Result<(), Mistake> {
    let literal = word.literal();
    match (meaning, &literal) {
        (Meaning::Word(words), text) if !text.as_deref().is_some_and(|text| words.contains(&text)) => {
            return Err(argument(
                word,
                format!("only `{}` may stand here", words.join("` or `")),
            ));
        }
        (Meaning::Seconds(most), text) if !text.as_deref().is_some_and(|text| is_seconds(text, most)) => {
            return Err(argument(word, format!("a number from 1 to {most} should stand here")));
        }
        (Meaning::Address, _) if !has_scheme(&word.prefix()) => {
            return Err(argument(
                word,
                "an address begins with `http://` or `https://`".to_owned(),
            ));
        }
        (Meaning::Probe, Some(sql)) => {
            sql::check(sql).map_err(|message| Mistake::new(Code::E_SQL, word.span, message))?;
        }
        _ => {}
    }
    typed.arguments.push(Argument {
        flag,
        meaning,
        word: word.clone(),
    });
    Ok(())
}

fn is_seconds(text: &str, most: u32) -> bool {
    !text.starts_with(['0', '+']) && text.parse().is_ok_and(|seconds: u32| seconds <= most)
}

fn has_scheme(prefix: &str) -> bool {
    prefix.starts_with("http://") || prefix.starts_with("https://")
}

/// All required flags and all operands stand.
fn check_complete(typed: &TypedCommand) -> Result<(), Mistake> {
    let adapter = typed.adapter;
    let refuse = |message| Err(Mistake::new(Code::E_ARG, typed.span, message));
    let given = |flag: &str| typed.has(flag) || typed.arguments.iter().any(|argument| argument.flag == Some(flag));
    if let Some(missing) = adapter.required.iter().find(|flag| !given(flag)) {
        return refuse(format!("`{}` needs `{missing}`", adapter.program));
    }
    let operands = typed.arguments.iter().filter(|given| given.flag.is_none()).count();
    if operands < adapter.operands.len() {
        return refuse(format!(
            "`{}` needs {} arguments",
            adapter.program,
            adapter.operands.len()
        ));
    }
    Ok(())
}

fn argument(word: &Word, message: String) -> Mistake {
    Mistake::new(Code::E_ARG, word.span, message)
}
