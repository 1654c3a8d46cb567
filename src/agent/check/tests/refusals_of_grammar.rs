//! What the lexer and the parser refuse, each code on the sentences that earn it.

use super::{Code, compile, refusal};

#[track_caller]
pub(super) fn check(text: &str, code: Code, token: &str) {
    assert_eq!(refusal(text), (code, token.to_owned()), "{text}");
}

#[test]
fn characters_and_length() {
    check("nc\t-z", Code::E_CHARSET, "U+0009");
    check("nc -z {host} {port}\nid", Code::E_CHARSET, "U+000A");
    check("nc -z h\u{f6}st 1", Code::E_CHARSET, "U+00F6");
    check("nc \u{202e}", Code::E_CHARSET, "U+202E");
    check("nc \0", Code::E_CHARSET, "U+0000");
    let long = format!("nc -z {{host}} {}", "1".repeat(512));
    check(&long, Code::E_TOO_LONG, "1111111111111");
    assert!(matches!(compile(&"\u{f6}".repeat(513)), Err(refusal) if refusal.code == Code::E_TOO_LONG));
}

#[test]
fn what_a_shell_would_expand() {
    for (text, token) in [
        ("nc -z {host} {port} > /tmp/x", ">"),
        ("nc -z {host} {port} < /etc/passwd", "<"),
        ("nc -z {host} {port} & id", "&"),
        ("nc -z {host} {port} && id", "&"),
        ("nc -z $HOST 1", "$"),
        ("nc -z \"$HOST\"x 1", "$"),
        ("nc -z \"${HOST}\" 1", "$"),
        ("curl $(id)", "$"),
        ("curl `id`", "`"),
        ("curl \"`id`\"", "`"),
        ("curl \"$(id)\"", "$"),
        ("curl https://*", "*"),
        ("curl https://[a]", "["),
        ("curl ~/x", "~"),
        ("curl \\x", "\\"),
        ("curl \"\\x\"", "\\"),
        ("curl #", "#"),
        ("! nc", "!"),
        ("(nc)", "("),
        ("grep a^b", "^"),
    ] {
        check(text, Code::E_TOKEN, token);
    }
}

#[test]
fn braces_and_quotes() {
    check("nc -z {Host} 1", Code::E_TOKEN, "{Host");
    check("nc -z {host 1", Code::E_TOKEN, "{host");
    check("nc -z {} 1", Code::E_TOKEN, "{");
    check("nc -z {a,b} 1", Code::E_TOKEN, "{a");
    check("nc -z {1..9} 1", Code::E_TOKEN, "{1");
    check("nc -z {_a} 1", Code::E_TOKEN, "{_a");
    check("nc -z {{host}} 1", Code::E_TOKEN, "{");
    check("nc -z host} 1", Code::E_TOKEN, "}");
    check("nc -z 'a}' 1", Code::E_TOKEN, "}");
    check("nc -z 'host 1", Code::E_TOKEN, "'host 1");
    check("nc -z \"host 1", Code::E_TOKEN, "\"host 1");
}

#[test]
fn sentences_out_of_order() {
    check("", Code::E_PARSE, "");
    check("   ", Code::E_PARSE, "");
    check("| nc", Code::E_PARSE, "|");
    check("nc |", Code::E_PARSE, "");
    check("nc || id", Code::E_PARSE, "|");
    check("nc ; id", Code::E_PARSE, ";");
    check("nc )", Code::E_PARSE, ")");
    check("PGPASSWORD={password}", Code::E_PARSE, "");
    check("PGPASSWORD={password} PGHOST=x psql", Code::E_PARSE, "PGHOST=x");
    check("nc \"$x\"", Code::E_PARSE, "\"$x\"");
    check("test 1 -gt 0 \"$x\"", Code::E_PARSE, "\"$x\"");
    check("test \"$x\" -gt 0", Code::E_PARSE, "\"$x\"");
    check("x=$(nc)", Code::E_PARSE, "");
    check("x=$(nc); id", Code::E_PARSE, "id");
    check("x=$(nc) test", Code::E_PARSE, "test");
    check("x=$(nc); test \"$y\" -gt 0", Code::E_PARSE, "\"$y\"");
    check("x=$(nc); test $x -gt 0", Code::E_TOKEN, "$");
    check("x=$(nc); test \"$x\" -a 0", Code::E_PARSE, "-a");
    check("x=$(nc); test \"$x\" -gt 1234567890", Code::E_PARSE, "1234567890");
    check("x=$(nc); test \"$x\" -gt -1", Code::E_PARSE, "-1");
    check("x=$(nc); test \"$x\" -gt 0; id", Code::E_PARSE, ";");
    check("x=$(nc); test \"$x\" -gt 0 | grep 1", Code::E_PARSE, "|");
    check("x =$(nc); test \"$x\" -gt 0", Code::E_PARSE, "x");
    check("'x'=$(nc); test \"$x\" -gt 0", Code::E_PARSE, "'x'");
    check("x=$(y=$(nc)); test \"$x\" -gt 0", Code::E_PARSE, "=$(");
    check("curl -m=$(id)", Code::E_PARSE, "=$(");
}

#[test]
fn limits() {
    let four = "kubectl get pods -n db | grep a | grep b | grep c";
    check(four, Code::E_LIMIT, "|");
    let long = format!("curl https://{}/", "{domain}".repeat(40));
    assert_eq!(refusal(&long).0, Code::E_LIMIT);
}
