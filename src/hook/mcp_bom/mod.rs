//! Values of `hooks/mcp_bom`: what each MCP server is made of, as CycloneDX. Item shapes stand in its hook.yaml.
//!
//! Image, build folder and Python files of a server go in, a bill of materials comes out. It must not know what a file does.

mod image;
mod requirements;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::catalog::{Area, Role};
use crate::name::hex;
use crate::stack::{Component, Stack};
use crate::view::object;

use image::Image;
use requirements::Package;

const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.7.schema.json";
/// References within the document.
const SERVER: &str = "server";
const IMAGE: &str = "image";
const BASE: &str = "base-image";
/// Files of a folder with which an image is built.
const DOCKERFILE: &str = "Dockerfile";
const REQUIREMENTS: &str = "requirements.txt";

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let mut boms = Vec::new();
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        boms.push(super::document(Some(server.name.as_str()), bom(stack, server)?));
    }
    Ok(object! { "boms": boms })
}

fn bom(stack: &Stack, server: &Component) -> anyhow::Result<Json> {
    let image = image_of(server).map(|text| Image::parse(&text));
    let dockerfile = build_file(server, DOCKERFILE)?;
    let base = dockerfile
        .as_deref()
        .and_then(image::base)
        .map(|text| Image::parse(&text));
    let packages = build_file(server, REQUIREMENTS)?.map_or_else(Vec::new, |text| requirements::packages(&text));
    let files = files(stack, server)?;
    let in_image = base
        .iter()
        .map(|_| BASE.to_owned())
        .chain(packages.iter().map(Package::purl));
    let in_image: Vec<String> = in_image.collect();
    let own = image
        .iter()
        .map(|_| IMAGE.to_owned())
        .chain(files.keys().map(|path| file_reference(path)));
    let dependencies = [(SERVER, own.collect()), (IMAGE, in_image)];
    let images = [(IMAGE, &image), (BASE, &base)];
    let mut components: Vec<Json> = images
        .iter()
        .filter_map(|(reference, image)| image.as_ref().map(|image| image.component(reference)))
        .collect();
    components.extend(packages.iter().map(Package::component));
    components.extend(files.iter().map(|(path, sha256)| file(path, sha256)));
    Ok(object! {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1_u32,
        "metadata": json!({
            "tools": { "components": [{ "type": "application", "name": "stacktic" }] },
            "component": { "type": "application", "bom-ref": SERVER, "group": stack.name, "name": server.name },
        }),
        "components": components,
        "dependencies": dependencies
            .into_iter()
            .filter(|(reference, _)| *reference == SERVER || image.is_some())
            .map(|(reference, parts): (&str, Vec<String>)| object! { "ref": reference, "dependsOn": parts })
            .collect::<Vec<_>>(),
        "compositions": base
            .iter()
            .map(|_| json!({ "aggregate": "incomplete", "assemblies": [BASE] }))
            .collect::<Vec<_>>(),
    })
}

/// The image that the pods of a server run.
fn image_of(server: &Component) -> Option<String> {
    let workload = server.entry.definition.install.workload()?;
    server.images.get(&workload.container).cloned()
}

/// A file of the folder from which the image is built.
fn build_file(server: &Component, name: &str) -> anyhow::Result<Option<String>> {
    let folders = server.entry.definition.folders.iter();
    let mut places = folders
        .filter(|folder| folder.area == Area::Build)
        .map(|folder| format!("{}/{name}", folder.from));
    let Some(place) = places.find(|place| server.entry.has(place)) else {
        return Ok(None);
    };
    Ok(Some(server.entry.file(&place)?.text()?.into_owned()))
}

/// The Python files of a server by their paths in the pod, with their SHA-256: those of its type, and those of its links.
fn files(stack: &Stack, server: &Component) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(package) = &server.entry.definition.package else {
        return Ok(found);
    };
    for part in &package.parts {
        for place in server.entry.folder(&format!("{}/{part}", package.folder))? {
            let sha256 = hex(&server.entry.file(&place)?.sha256());
            found.insert(place, sha256);
        }
    }
    for tools in stack
        .links_from(&server.name)
        .filter_map(|link| link.kind.tools.as_deref())
    {
        for file in tools.definition.tool_files()? {
            let place = format!("{}/{}/{}", package.folder, file.folder(), file.name);
            found.insert(place, tools.tool_file_sha256(&server.entry, file)?.into_owned());
        }
    }
    Ok(found)
}

fn file(path: &str, sha256: &str) -> Json {
    json!({ "type": "file", "bom-ref": file_reference(path), "name": path, "hashes": [hash("SHA-256", sha256)] })
}

fn file_reference(path: &str) -> String {
    format!("file:{path}")
}

fn hash(algorithm: &str, content: &str) -> Json {
    json!({ "alg": algorithm, "content": content })
}

/// A part of a package URL: all but letters, digits, `.-_~` and the colon is written by its bytes.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex(&[byte]).to_uppercase());
        }
    }
    encoded
}
