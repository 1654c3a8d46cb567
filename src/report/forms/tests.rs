//! Each form as its own documents say it, and nothing of a text that is taken for its marks.

use serde_json::Value as Json;

use super::*;

fn notice(weight: Weight, line: usize) -> Notice {
    Notice {
        rule: "E_TOPOLOGY_LINK".to_owned(),
        weight,
        file: "a, b: c.yaml".to_owned(),
        line,
        column: 3,
        length: 4,
        text: "`x` → `y` is no <link> & 100% \"wrong\"".to_owned(),
        hint: Some("say so".to_owned()),
    }
}

const FILES: [&str; 2] = ["a, b: c.yaml", "other.yaml"];

fn printed(form: Form, notices: &[Notice]) -> String {
    print(form, notices, &FILES.map(str::to_owned))
}

#[test]
fn annotations() {
    let text = printed(Form::Github, &[notice(Weight::Error, 2), notice(Weight::Note, 0)]);
    assert_eq!(
        text,
        "::error file=a%2C b%3A c.yaml,line=2,col=3,endColumn=7,title=E_TOPOLOGY_LINK::`x` → `y` is no <link> & 100%25 \"wrong\"%0Ahint: say so\n\
         ::notice file=a%2C b%3A c.yaml,title=E_TOPOLOGY_LINK::`x` → `y` is no <link> & 100%25 \"wrong\"%0Ahint: say so\n"
    );
}

#[test]
fn issues_of_code_quality() {
    let text = printed(Form::Gitlab, &[notice(Weight::Error, 2), notice(Weight::Note, 0)]);
    let issues: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(issues[0]["severity"], "blocker");
    assert_eq!(issues[0]["location"]["lines"]["begin"], 2);
    // An issue of a whole file stands at its first line, and moving in the file makes it no other.
    assert_eq!(issues[1]["location"]["lines"]["begin"], 1);
    assert_eq!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
}

#[test]
fn results_of_code_scanning() {
    let text = printed(Form::Sarif, &[notice(Weight::Error, 2), notice(Weight::Note, 0)]);
    let log: Json = serde_json::from_str(&text).unwrap();
    let results = &log["runs"][0]["results"];
    let place = |number: usize| &results[number]["locations"][0]["physicalLocation"];
    assert_eq!(place(0)["artifactLocation"]["uri"], "a%2C%20b%3A%20c.yaml");
    assert_eq!(place(0)["region"]["endColumn"], 7);
    assert_eq!(place(1)["region"], Json::Null);
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&results[0]["level"], &results[1]["level"]),
        (&"error".into(), &"note".into())
    );
}

#[test]
fn a_file_without_an_error_is_a_test_that_passed() {
    let text = printed(Form::Junit, &[notice(Weight::Error, 2), notice(Weight::Warning, 0)]);
    assert!(
        text.contains("<testsuites name=\"stacktic\" tests=\"3\" failures=\"1\">"),
        "{text}"
    );
    assert!(
        text.contains("<testcase classname=\"other.yaml\" name=\"other.yaml\"/>"),
        "{text}"
    );
    assert!(
        text.contains("is no &lt;link&gt; &amp; 100% &quot;wrong&quot;"),
        "{text}"
    );
    assert_eq!(text.matches("<failure").count(), 1, "{text}");
}

#[test]
fn nothing_found_is_told_in_every_form() {
    for (form, expected) in [
        (Form::Markdown, "### stacktic: `a, b: c.yaml`, `other.yaml` are good\n"),
        (Form::Github, ""),
        (Form::Gitlab, "[]\n"),
    ] {
        assert_eq!(printed(form, &[]), expected);
    }
    assert!(printed(Form::Junit, &[]).contains("tests=\"2\" failures=\"0\""));
    assert!(printed(Form::Sarif, &[]).contains("\"results\": []"));
}

#[test]
fn markup_in_a_text_is_text() {
    let text = printed(Form::Markdown, &[notice(Weight::Error, 2)]);
    assert!(text.contains("is no &lt;link> &amp; 100%"), "{text}");
    assert!(text.contains("`a, b: c.yaml:2:3`"), "{text}");
}

#[test]
fn a_comment_is_never_longer_than_a_comment_may_be() {
    let many = vec![notice(Weight::Error, 2); 3000];
    let text = printed(Form::Markdown, &many);
    assert!(text.chars().count() <= 65_000);
    assert!(text.ends_with("…\n"));
}
