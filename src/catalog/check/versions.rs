//! Rule: images, charts and revisions are exact: the same entry gives the same cluster next year.

use super::Held;
use crate::catalog::value::image_mismatch;
use crate::catalog::{AttributeKind, ChartSource, ComponentType, GitSource};
use crate::fault::Code::E_CATALOG_VERSION;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    for (name, image) in &definition.images {
        let path = ["images", name];
        let attribute = image.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match attribute.and_then(|attribute| definition.attributes.get(attribute)) {
            Some(kind) if kind.kind == AttributeKind::Image => {}
            Some(_) => {
                let fact = format!("the image `{name}` is an attribute of another type");
                held.blame(
                    E_CATALOG_VERSION,
                    &path,
                    fact,
                    "let the attribute be of the type `image`",
                );
            }
            None if attribute.is_some() => {} // told as a variable that is not known
            None => {
                if let Some(fact) = image_mismatch(image) {
                    held.blame(
                        E_CATALOG_VERSION,
                        &path,
                        format!("the image `{name}` {fact}"),
                        "write `<registry>/<name>:<tag>`",
                    );
                }
            }
        }
    }
    for (path, chart) in definition.install.charts() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self::chart(held, &path, chart);
    }
    for (path, git) in definition.install.gits() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self::git(held, &path, git);
    }
}

fn chart(held: &mut Held<'_, ComponentType>, path: &[&str], chart: &ChartSource) {
    if !is_version(&chart.version) {
        let fact = format!("`{}` is no exact version of a chart", chart.version);
        held.blame(
            E_CATALOG_VERSION,
            &[path, &["version"]].concat(),
            fact,
            "write all three numbers: `1.2.3`",
        );
    }
    repository(held, path, &chart.repository, &["https://", "oci://"]);
}

fn git(held: &mut Held<'_, ComponentType>, path: &[&str], git: &GitSource) {
    let is_commit = git.revision.len() == 40 && git.revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Some projects put a word before the version of a tag.
    let version = git.revision.strip_prefix("release-").unwrap_or(&git.revision);
    if !is_version(version) && !is_commit {
        let fact = format!("`{}` is no exact revision", git.revision);
        held.blame(
            E_CATALOG_VERSION,
            &[path, &["revision"]].concat(),
            fact,
            "write a tag such as `v1.2.3`, or a whole commit",
        );
    }
    repository(held, path, &git.repository, &["https://"]);
    for (position, image) in git.images.iter().enumerate() {
        let pinned = image.split_once('=').map(|(_, image)| image);
        if let Some(fact) = pinned.map_or(Some("is not `<name>=<image>:<tag>`"), image_mismatch) {
            let position = position.to_string();
            let path = [path, &["images", &position]].concat();
            held.blame(
                E_CATALOG_VERSION,
                &path,
                format!("the image `{image}` {fact}"),
                "write `<name>=<image>:<tag>`",
            );
        }
    }
}

fn repository(held: &mut Held<'_, ComponentType>, path: &[&str], repository: &str, schemes: &[&str]) {
    let is_plain = repository.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    if !is_plain || !schemes.iter().any(|scheme| repository.starts_with(scheme)) {
        let fact = format!("`{repository}` is no address of a repository");
        let hint = format!("begin with `{}`", schemes.join("` or `"));
        held.blame(E_CATALOG_VERSION, &[path, &["repository"]].concat(), fact, hint);
    }
}

/// `1.2.3`, `v1.2.3`, `4.44.0-rc.1`: three numbers, and what a release adds to them.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    parts.len() == 3 && parts.iter().all(is_number) && text.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions() {
        for (text, good) in [
            ("1.2.3", true),
            ("0.25.6", true),
            ("88.5.3", true),
            ("1.2.3-rc.1", true),
            ("v1.2.3", true),
            ("vv1.2.3", false),
            ("1.2", false),
            ("1.2.x", false),
            ("^1.2.3", false),
            (">=1.2.3", false),
            ("1.2.*", false),
            ("latest", false),
            ("", false),
        ] {
            assert_eq!(is_version(text), good, "{text}");
        }
    }
}
