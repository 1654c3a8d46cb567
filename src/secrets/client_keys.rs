//! Keys of clients, as a server's secret has them: `name:sha256hex[;expires=MOMENT][;profile=CLIENT]`, separated by commas.
//!
//! Texts go in, texts come out. An entry that is not understood stays as it stands: it is a person's.

use super::moment::Moment;
use crate::plan::OF_LINK;

const MAX_NAME: usize = 63;
const EXPIRES: &str = "expires";
const PROFILE: &str = "profile";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    pub name: String,
    pub digest: String,
    pub expires: Option<Moment>,
    /// The client whose links it opens; without it all of the server's.
    pub profile: Option<String>,
}

impl ClientKey {
    /// Of an entry that is one.
    #[must_use]
    pub fn parse(entry: &str) -> Option<Self> {
        let (name, rest) = entry.split_once(':')?;
        let mut parts = rest.split(';');
        let digest = parts.next().filter(|digest| is_digest(digest))?;
        let mut key = Self {
            name: Some(name).filter(|name| is_name(name))?.to_owned(),
            digest: digest.to_owned(),
            expires: None,
            profile: None,
        };
        for part in parts {
            match part.split_once('=')? {
                (EXPIRES, moment) if key.expires.is_none() => key.expires = Some(Moment::parse(moment)?),
                (PROFILE, client) if key.profile.is_none() => {
                    key.profile = Some(Some(client).filter(|name| is_client(name))?.to_owned());
                }
                _ => return None,
            }
        }
        Some(key)
    }

    /// Whether a link brought it, so that no person may take it away.
    #[must_use]
    pub fn is_of_link(&self) -> bool {
        self.name.starts_with(OF_LINK)
    }

    fn text(&self) -> String {
        let mut text = format!("{}:{}", self.name, self.digest);
        if let Some(moment) = self.expires {
            text += &format!(";{EXPIRES}={moment}");
        }
        if let Some(client) = &self.profile {
            text += &format!(";{PROFILE}={client}");
        }
        text
    }
}

/// What may be the name of a client, which is one of the stack file.
#[must_use]
pub fn is_client(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || b".-".contains(&byte))
}

/// What may be the name of a key.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || b"_.-".contains(&byte))
}

/// All entries, those that are none with the place at which they stand.
#[must_use]
pub fn entries(text: &str) -> Vec<Result<ClientKey, usize>> {
    let entries = (1..).zip(texts(text));
    entries
        .map(|(place, entry)| ClientKey::parse(entry).ok_or(place))
        .collect()
}

/// The text with one more entry.
///
/// # Errors
/// The name is taken, or none that a person may give.
pub fn added(text: &str, key: &ClientKey) -> Result<String, String> {
    let name = &key.name;
    if !is_name(name) {
        return Err(format!(
            "a name has lower case letters, digits, `_`, `.` and `-`, at most {MAX_NAME} of them, and begins with a letter or digit"
        ));
    }
    if key.is_of_link() {
        return Err(format!("names that begin with `{OF_LINK}` are those of links"));
    }
    if texts(text).any(|entry| name_of(entry) == name) {
        return Err(format!(
            "there is a key `{name}` already; `--rotate` adds another one beside it, and lets the older one expire"
        ));
    }
    Ok(joined(texts(text).map(str::to_owned).chain([key.text()])))
}

/// The text with a successor of `key.name` beside it, whose name has the next number; the older ones end at `end`, if they do not
/// end before. What the new key does not say, it has from the newest, and where that does not say a client either, it is of `called`.
///
/// # Errors
/// There is no key of the name.
pub fn rotated(text: &str, key: &ClientKey, called: Option<&str>, end: Moment) -> Result<(String, ClientKey), String> {
    let (base, _) = numbered(&key.name);
    let known: Vec<ClientKey> = entries(text).into_iter().filter_map(Result::ok).collect();
    let family = |key: &ClientKey| numbered(&key.name).0 == base && !key.is_of_link();
    let newest = known
        .iter()
        .filter(|key| family(key))
        .max_by_key(|key| numbered(&key.name).1);
    let Some(newest) = newest else {
        return Err(format!("there is no key `{base}` to go on from"));
    };
    let next = ClientKey {
        name: format!("{base}.{}", numbered(&newest.name).1 + 1),
        profile: key
            .profile
            .clone()
            .or_else(|| newest.profile.clone())
            .or_else(|| called.map(str::to_owned)),
        ..key.clone()
    };
    let shortened = texts(text).map(|entry| match ClientKey::parse(entry) {
        Some(old) if family(&old) && old.expires.is_none_or(|expires| end < expires) => {
            // One that is called like a client is of it, and now says so.
            let own = called.filter(|client| *client == old.name).map(str::to_owned);
            ClientKey {
                expires: Some(end),
                profile: old.profile.clone().or(own),
                ..old
            }
            .text()
        }
        _ => entry.to_owned(),
    });
    let all = joined(shortened);
    Ok((added(&all, &next)?, next))
}

/// The text without the entry of a name.
///
/// # Errors
/// There is none, or a link brought it.
pub fn revoked(text: &str, name: &str) -> Result<String, String> {
    if name.starts_with(OF_LINK) {
        return Err(format!(
            "`{name}` is the key of a link: take the link out of the stack file, or `stacktic secrets rotate` it"
        ));
    }
    if !texts(text).any(|entry| name_of(entry) == name) {
        let names: Vec<String> = texts(text)
            .map(|entry| format!("`{}`", name_of(entry)))
            .filter(|name| name.len() < 70)
            .collect();
        let there = if names.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        return Err(format!("there is no key `{name}`; {there}"));
    }
    Ok(joined(
        texts(text).filter(|entry| name_of(entry) != name).map(str::to_owned),
    ))
}

/// The name that `claude` and its successors `claude.2`, `claude.3` have in common.
#[must_use]
pub fn base(name: &str) -> &str {
    numbered(name).0
}

/// `claude.2` is the second `claude`.
fn numbered(name: &str) -> (&str, u32) {
    let number = name
        .rsplit_once('.')
        .and_then(|(base, number)| Some((base, number.parse().ok()?)));
    number.filter(|(_, number)| *number > 1).unwrap_or((name, 1))
}

fn texts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn joined(entries: impl Iterator<Item = String>) -> String {
    entries.collect::<Vec<_>>().join(",")
}

fn name_of(entry: &str) -> &str {
    entry.split_once(':').map_or("", |(name, _)| name)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: &str) -> String {
        letter.repeat(64)
    }

    fn key(name: &str, letter: &str, expires: Option<&str>) -> ClientKey {
        ClientKey {
            name: name.to_owned(),
            digest: digest(letter),
            expires: expires.map(|text| Moment::parse(text).unwrap()),
            profile: None,
        }
    }

    #[test]
    fn an_entry_is_the_same_both_ways() {
        for text in [
            format!("ci:{}", digest("a")),
            format!("ci:{};expires=2027-01-01T00:00:00Z", digest("a")),
            format!("link.apisix:{};profile=desk", digest("0")),
            format!("ci.2:{};expires=2027-01-01T00:00:00Z;profile=desk", digest("a")),
        ] {
            assert_eq!(ClientKey::parse(&text).unwrap().text(), text);
        }
        for text in [
            "",
            "ci",
            "ci:",
            "ci:abc",
            "Ci:{d}",
            "ci:{d};",
            "ci:{d};expires=soon",
            "ci:{d};profile=",
            "ci:{d};profile=a;profile=b",
            "ci:{d};x=1",
            "ci:{d};profile",
        ] {
            assert_eq!(ClientKey::parse(&text.replace("{d}", &digest("a"))), None, "{text}");
        }
    }

    #[test]
    fn no_name_is_written_over_and_no_entry_lost() {
        let strange = "mine: whatever";
        let text = added(strange, &key("ci", "a", None)).unwrap();
        let text = added(&text, &key("claude", "b", Some("2027-01-01"))).unwrap();
        assert_eq!(entries(&text).iter().filter(|entry| entry.is_ok()).count(), 2);
        assert!(text.starts_with("mine: whatever,ci:aa"));
        for name in [
            "ci",
            "claude",
            "mine",
            "link.apisix",
            "A",
            "",
            "-a",
            "a b",
            &"a".repeat(64),
        ] {
            assert!(added(&text, &key(name, "c", None)).is_err(), "{name}");
        }
        assert_eq!(revoked(&revoked(&text, "ci").unwrap(), "claude").unwrap(), strange);
        assert!(revoked(&text, "c").unwrap_err().contains("`claude`"));
        assert!(revoked("link.apisix:x", "link.apisix").is_err());
    }

    #[test]
    fn a_rotation_leaves_two_and_lets_the_older_expire() {
        let text = added("", &key("ci", "a", None)).unwrap();
        let text = added(&text, &key("ci.x", "b", None)).unwrap();
        let end = Moment::parse("2027-01-08").unwrap();
        let (text, new) = rotated(&text, &key("ci", "c", None), None, end).unwrap();
        assert_eq!(new.name, "ci.2");
        let (text, new) = rotated(&text, &key("ci.2", "d", None), None, end.plus_days(1)).unwrap();
        assert_eq!(new.name, "ci.3");
        let all: Vec<ClientKey> = entries(&text).into_iter().map(Result::unwrap).collect();
        let ends: Vec<_> = all.iter().map(|key| (key.name.as_str(), key.expires)).collect();
        assert_eq!(
            ends,
            [
                ("ci", Some(end)),
                ("ci.x", None),
                ("ci.2", Some(end.plus_days(1))),
                ("ci.3", None)
            ]
        );
        assert!(rotated("", &key("ci", "c", None), None, end).is_err());
    }

    #[test]
    fn a_successor_is_of_the_client_of_the_one_before() {
        let end = Moment::parse("2027-01-08").unwrap();
        let plain = added("", &key("claude", "a", None)).unwrap();
        let (text, new) = rotated(&plain, &key("claude", "b", None), Some("claude"), end).unwrap();
        assert_eq!(new.profile.as_deref(), Some("claude"));
        assert_eq!(entries(&text)[0].as_ref().unwrap().profile.as_deref(), Some("claude"));
        let of_desk = ClientKey {
            profile: Some("desk".to_owned()),
            ..key("claude", "c", None)
        };
        let (text, new) = rotated(&text, &of_desk, Some("claude"), end).unwrap();
        assert_eq!(new.profile.as_deref(), Some("desk"));
        let (_, new) = rotated(&text, &key("claude", "d", None), Some("claude"), end).unwrap();
        assert_eq!(new.profile.as_deref(), Some("desk"));
        let (_, new) = rotated(&plain, &key("claude", "e", None), None, end).unwrap();
        assert_eq!(new.profile, None);
    }
}
