//! The SQL of a probe: a grammar of constants and catalog views, so small that it can be read.
//!
//! ```text
//! probe  = "select" item *( "," item ) [ "from" view [ "where" term *( "and" term ) ] ] [ "limit" number ] [ ";" ]
//! item   = value [ "as" name ]
//! value  = number / string / constant / function "(" ")" / "count" "(" "*" ")" / aggregate "(" column ")" / column
//! term   = column op value / column "is" [ "not" ] "null"
//! ```
//!
//! What is not in it is refused, comments, backslashes, casts and quoted names among it; a bare `*`
//! too, since it would show columns that the list of views leaves out.

use super::sql_catalog::{AGGREGATES, CONSTANTS, FUNCTIONS, columns};

/// Check that `sql` is a read-only probe.
///
/// # Errors
/// What is wrong, as a message.
pub(super) fn check(sql: &str) -> Result<(), String> {
    let mut probe = Probe {
        tokens: lex(sql)?,
        next: 0,
        columns: Vec::new(),
    };
    probe.select()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Lower-case name or keyword.
    Name(String),
    Number,
    Text,
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 13] = ["<>", "!=", "<=", ">=", "<", ">", "=", ",", "(", ")", "*", ".", ";"];
const COMPARISONS: [&str; 7] = ["<>", "!=", "<=", ">=", "<", ">", "="];
const RESERVED: [&str; 8] = ["and", "as", "from", "is", "limit", "not", "select", "where"];

fn lex(sql: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start_matches(' ');
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphabetic() || first == '_' {
            let length = run(rest, |next| next.is_ascii_alphanumeric() || next == '_');
            tokens.push(Token::Name(rest[..length].to_ascii_lowercase()));
            length
        } else if first.is_ascii_digit() {
            let length = run(rest, |next| next.is_ascii_alphanumeric() || next == '_');
            if length > 9 || !rest[..length].bytes().all(|byte| byte.is_ascii_digit()) {
                return Err("a number of a probe has at most nine digits and nothing else".to_owned());
            }
            tokens.push(Token::Number);
            length
        } else if first == '\'' {
            tokens.push(Token::Text);
            text(rest)?
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{first}` is not part of a read-only probe"))?;
            tokens.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[length..].trim_start_matches(' ');
    }
    Ok(tokens)
}

fn run(text: &str, within: impl Fn(char) -> bool) -> usize {
    text.find(|next| !within(next)).unwrap_or(text.len())
}

/// Length of `'…'`, quotes included.
fn text(rest: &str) -> Result<usize, String> {
    let inside = run(&rest[1..], |next| {
        next.is_ascii_alphanumeric() || " _.:/@+-".contains(next)
    });
    match rest[1 + inside..].chars().next() {
        Some('\'') if !rest[2 + inside..].starts_with('\'') => Ok(inside + 2),
        _ => Err("a text of a probe is letters, digits, spaces and `_.:/@+-` in single quotes".to_owned()),
    }
}

struct Probe {
    tokens: Vec<Token>,
    next: usize,
    /// Columns that were named, to be looked up in the view.
    columns: Vec<String>,
}

impl Probe {
    fn select(&mut self) -> Result<(), String> {
        self.keyword("select")?;
        self.item()?;
        while self.sign(",") {
            self.item()?;
        }
        let mut view = None;
        if self.has_keyword("from") {
            view = Some(self.view()?);
            if self.has_keyword("where") {
                self.term()?;
                while self.has_keyword("and") {
                    self.term()?;
                }
            }
        }
        if self.has_keyword("limit") && !self.take(|token| *token == Token::Number) {
            return Err("`limit` takes a number".to_owned());
        }
        let _closed = self.sign(";");
        if self.next < self.tokens.len() {
            return Err(format!("the probe should end before {}", self.shown()));
        }
        self.check_columns(view.as_deref())
    }

    fn item(&mut self) -> Result<(), String> {
        self.value()?;
        if self.has_keyword("as") {
            self.name()?;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<(), String> {
        if self.take(|token| matches!(token, Token::Number | Token::Text)) {
            return Ok(());
        }
        let name = self.name()?;
        if !self.sign("(") {
            if !CONSTANTS.contains(&name.as_str()) {
                self.columns.push(name);
            }
            return Ok(());
        }
        self.arguments(&name)?;
        if self.sign(")") {
            return Ok(());
        }
        Err(format!("`)` of `{name}` should stand before {}", self.shown()))
    }

    fn arguments(&mut self, function: &str) -> Result<(), String> {
        if FUNCTIONS.contains(&function) || (function == "count" && self.sign("*")) {
            return Ok(());
        }
        if AGGREGATES.contains(&function) {
            let column = self.name()?;
            self.columns.push(column);
            return Ok(());
        }
        Err(format!("`{function}` is not a function of read-only probes"))
    }

    fn view(&mut self) -> Result<String, String> {
        let name = self.name()?;
        if name == "pg_catalog" && self.sign(".") {
            return self.name();
        }
        Ok(name)
    }

    fn term(&mut self) -> Result<(), String> {
        let column = self.name()?;
        self.columns.push(column);
        if self.has_keyword("is") {
            let _negated = self.has_keyword("not");
            return self.keyword("null");
        }
        if self.take(|token| matches!(token, Token::Sign(sign) if COMPARISONS.contains(sign))) {
            return self.value();
        }
        Err(format!("a comparison should stand before {}", self.shown()))
    }

    fn check_columns(&self, view: Option<&str>) -> Result<(), String> {
        let known = match view {
            None => &[],
            Some(view) => columns(view).ok_or_else(|| format!("`{view}` is not a view of read-only probes"))?,
        };
        match self.columns.iter().find(|column| !known.contains(&column.as_str())) {
            None => Ok(()),
            Some(column) => Err(format!("`{column}` is not a column that a probe may name here")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.next) {
            Some(Token::Name(name)) if !RESERVED.contains(&name.as_str()) => {
                self.next += 1;
                Ok(name.clone())
            }
            _ => Err(format!("a name should stand before {}", self.shown())),
        }
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.has_keyword(keyword) {
            return Ok(());
        }
        Err(format!("`{keyword}` should stand before {}", self.shown()))
    }

    fn has_keyword(&mut self, keyword: &str) -> bool {
        self.take(|token| matches!(token, Token::Name(name) if name == keyword))
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.take(|token| matches!(token, Token::Sign(found) if *found == sign))
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let found = self.tokens.get(self.next).is_some_and(wanted);
        self.next += usize::from(found);
        found
    }

    /// The next token in a message.
    fn shown(&self) -> String {
        match self.tokens.get(self.next) {
            None => "the end".to_owned(),
            Some(Token::Name(name)) => format!("`{name}`"),
            Some(Token::Number) => "a number".to_owned(),
            Some(Token::Text) => "a text".to_owned(),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepted(sql: &str) {
        assert_eq!(check(sql), Ok(()), "{sql}");
    }

    #[track_caller]
    fn refused(sql: &str) {
        assert!(check(sql).is_err(), "{sql}");
    }

    #[test]
    fn constants_and_functions() {
        accepted("SELECT 1");
        accepted("select 1;");
        accepted("  SELECT  1 ,'ok' , TRUE AS up ; ");
        accepted("SELECT version(), now() AS t, current_user, current_database()");
        accepted("SELECT pg_is_in_recovery()");
    }

    #[test]
    fn catalog_views() {
        accepted("SELECT count(*) FROM pg_stat_activity");
        accepted("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database()");
        accepted("SELECT datname, numbackends FROM pg_catalog.pg_stat_database WHERE numbackends > 0 LIMIT 5");
        accepted("SELECT max(xact_start) FROM pg_stat_activity WHERE wait_event IS NOT NULL");
        accepted("SELECT extname FROM pg_extension WHERE extversion IS NULL");
    }

    #[test]
    fn statements_other_than_a_select() {
        refused("");
        refused(";");
        refused("SHOW all");
        refused("DROP TABLE users");
        refused("INSERT INTO t VALUES (1)");
        refused("SET default_transaction_read_only = off");
        refused("COPY (SELECT 1) TO PROGRAM 'id'");
        refused("WITH x AS (DELETE FROM t RETURNING 1) SELECT 1");
        refused("SELECT 1; SELECT 2");
        refused("SELECT 1; DROP TABLE users");
        refused("SELECT 1 INTO t");
        refused("SELECT 1 UNION SELECT 2");
    }

    #[test]
    fn user_tables_and_hidden_columns() {
        refused("SELECT * FROM users");
        refused("SELECT count(*) FROM users");
        refused("SELECT count(*) FROM public.pg_stat_activity");
        refused("SELECT * FROM pg_stat_activity");
        refused("SELECT query FROM pg_stat_activity");
        refused("SELECT datname FROM pg_stat_activity WHERE query = 'x'");
        refused("SELECT rolpassword FROM pg_authid");
        refused("SELECT count(*) FROM pg_shadow");
        refused("SELECT datname");
        refused("SELECT count(*) FROM pg_stat_activity, pg_locks");
        refused("SELECT (SELECT 1)");
    }

    #[test]
    fn functions_that_do_things() {
        refused("SELECT pg_sleep(10)");
        refused("SELECT pg_sleep()");
        refused("SELECT pg_read_file('/etc/passwd')");
        refused("SELECT lo_import('/etc/passwd')");
        refused("SELECT pg_terminate_backend(1)");
        refused("SELECT set_config('a', 'b', false)");
        refused("SELECT count(1)");
        refused("SELECT pg_catalog.version()");
        refused("SELECT nextval('s')");
    }

    #[test]
    fn signs_that_hide_things() {
        refused("\\! id");
        refused("SELECT 1 \\gexec");
        refused("SELECT 1 -- x");
        refused("SELECT /* x */ 1");
        refused("SELECT $$x$$");
        refused("SELECT \"query\" FROM pg_stat_activity");
        refused("SELECT E'\\x41'");
        refused("SELECT 'it''s'");
        refused("SELECT 'open");
        refused("SELECT '");
        refused("SELECT 1::text");
        refused("SELECT 1e9");
        refused("SELECT 0x1F");
        refused("SELECT 1234567890");
        refused("SELECT 1 AS from");
        refused("SELECT 1 LIMIT x");
        refused("SELECT :name");
    }
}
