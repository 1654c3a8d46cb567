//! `stacktic verify --audit`: audit logs from files and streams, in the order of their first lines.
//!
//! Files are read once and line by line, so that a pipe serves as well as a file.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::Streams;
use crate::cli::{OutputArg, VerifyArgs};
use crate::exit::Exit;
use crate::report;
use crate::verify::audit::{Audit, GivenLock, Head, Place, order_of};

/// No line of a log is as long: the server keeps to 64 KiB, and a log driver puts little in front.
const MAX_LINE: usize = 256 * 1024;
/// Of what somebody remembers, and of a lock.
const MAX_HEAD: u64 = 64 * 1024;
const MAX_LOCK: u64 = 64 * 1024 * 1024;
/// Standard input.
const STANDARD: &str = "-";

pub(super) fn run(args: &VerifyArgs, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let given = args.lock.as_deref().map(lock).transpose()?;
    ensure!(
        args.audit.iter().filter(|path| *path == Path::new(STANDARD)).count() < 2,
        "standard input can be read once"
    );
    let mut audit = Audit::new(given.clone());
    let mut sources = Vec::new();
    for path in &args.audit {
        sources.push(Source::open(path)?);
    }
    sources.sort_by(|one, other| one.order.cmp(&other.order));
    for path in &args.head {
        heads(path, None)?.into_iter().for_each(|head| audit.remember(head));
    }
    for (file, source) in sources.iter().enumerate() {
        let beside = beside(&source.path).filter(|path| path.is_file());
        let kept = beside.map(|path| heads(&path, Some(file))).transpose()?;
        kept.into_iter().flatten().for_each(|head| audit.remember(head));
    }
    let mut names = Vec::new();
    for (file, source) in sources.into_iter().enumerate() {
        names.push(source.name());
        source.read_into(&mut audit, file)?;
    }
    let found = audit.end(names.len());
    match args.output {
        OutputArg::Text => {
            write!(
                streams.messages,
                "{}",
                report::audit_flaws(&found, &names, streams.style)
            )?;
            write!(streams.out, "{}", report::audit_text(&found, &names))?;
        }
        OutputArg::Json => writeln!(streams.out, "{:#}", report::audit_json(&found, &names, given.as_ref()))?,
    }
    Ok(if found.flaw_count == 0 { Exit::Done } else { Exit::Error })
}

/// A file or a stream, up to its first audit line.
struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    /// What was read already.
    begin: Vec<Text>,
    order: (String, u64),
}

/// A line; of one that is too long, the beginning.
struct Text {
    bytes: Vec<u8>,
    is_whole: bool,
}

/// Most lines in front of the first of ours that are kept to find the order of files.
const MOST_BEFORE: usize = 1000;

impl Source {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let reader: Box<dyn BufRead> = match path == Path::new(STANDARD) {
            true => Box::new(BufReader::new(std::io::stdin())),
            false => {
                let told = || format!("could not read `{}`", path.display());
                let file = std::fs::File::open(path).with_context(told)?;
                ensure!(
                    !file.metadata().with_context(told)?.is_dir(),
                    "`{}` is a folder",
                    path.display()
                );
                Box::new(BufReader::new(file))
            }
        };
        let mut source = Self {
            path: path.to_owned(),
            reader,
            begin: Vec::new(),
            order: (String::new(), 0),
        };
        while source.begin.len() < MOST_BEFORE {
            let Some(text) = source.next()? else { break };
            let order = order_of(&text.bytes).filter(|_| text.is_whole);
            source.begin.push(text);
            if let Some(order) = order {
                source.order = order;
                break;
            }
        }
        Ok(source)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read_into(mut self, audit: &mut Audit, file: usize) -> anyhow::Result<()> {
        let mut begin = std::mem::take(&mut self.begin).into_iter();
        let mut line = 0;
        loop {
            let next = match begin.next() {
                Some(text) => Some(text),
                None => self.next()?,
            };
            let Some(text) = next else { return Ok(()) };
            line += 1;
            let place = Place { file, line };
            match text.is_whole {
                true => audit.line(&text.bytes, place),
                false => audit.long_line(&text.bytes, place),
            }
        }
    }

    /// The next line without its end; what is too long is passed over.
    fn next(&mut self) -> anyhow::Result<Option<Text>> {
        let name = self.name();
        let told = || format!("could not read `{name}`");
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_LINE)?;
        let read = self
            .reader
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .with_context(told)?;
        if read == 0 {
            return Ok(None);
        }
        let is_whole = bytes.ends_with(b"\n") || read < MAX_LINE;
        if !is_whole {
            self.skip_line().with_context(told)?;
        }
        if bytes.ends_with(b"\n") {
            bytes.pop();
        }
        Ok(Some(Text { bytes, is_whole }))
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (length, is_over) = (
                end.map_or(buffer.len(), |end| end + 1),
                end.is_some() || buffer.is_empty(),
            );
            self.reader.consume(length);
            if is_over {
                return Ok(());
            }
        }
    }
}

/// Where the server notes the last line of a file.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    Some(path.with_file_name(format!("{name}.head")))
}

/// What somebody remembers, a line each.
fn heads(path: &Path, file: Option<usize>) -> anyhow::Result<Vec<Head>> {
    let text = text_of(path, MAX_HEAD)?;
    let mut heads = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Some(head) = Head::parse(line) else {
            bail!(
                "`{}` holds no head of an audit log: a line is `NUMBER SHA256`",
                path.display()
            )
        };
        heads.push(Head { file, ..head });
    }
    Ok(heads)
}

fn lock(path: &Path) -> anyhow::Result<GivenLock> {
    let text = text_of(path, MAX_LOCK)?;
    let parsed = GivenLock::parse(&text).map_err(anyhow::Error::msg);
    parsed.with_context(|| format!("`{}` is no tools.lock.json", path.display()))
}

fn text_of(path: &Path, most: u64) -> anyhow::Result<String> {
    let told = || format!("could not read `{}`", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(told)?;
    let read = file.take(most).read_to_string(&mut text).with_context(told)?;
    ensure!(u64::try_from(read)? < most, "`{}` is too large", path.display());
    Ok(text)
}
