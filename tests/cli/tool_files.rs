//! Tool files of a platform team: beside a pair of their own, or in place of one of the package.

use crate::builder::{LINKED, Project};

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  mail: {type: mailpit}
links:
  - {from: fastmcp, to: mail}
";

const MAIL: &str = "\
type: mailpit
title: mail sink
category: messaging
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: backend
object: \"{name}\"
service: MAIL
install: {manifests: true}
endpoints:
  http: {host: \"{object}.{namespace}.svc.cluster.local\", port: 8025, protocol: http, target_port: 8025}
pods: {app: \"{name}\"}
health: [\"nc -z {host} {port}\"]
provides: {http: {endpoint: http, facts: {host: \"{to.host}\"}}}
";

const BASE: &str = "out/k8s/deploy/base/fastmcp";

/// A pair with `modules`; their definitions name no tool.
fn pair(modules: &str) -> String {
    format!(
        "from: fastmcp\nto: mailpit\ntitle: mail\ninterface: http\nlevels: [read]\nkeys: {{HOST: host}}\n\
         tools: {{modules: [{modules}]}}\n"
    )
}

fn with_mail(modules: &str) -> Project {
    Project::new(STACK)
        .file("extra/catalog/mailpit/component.yaml", MAIL)
        .file("extra/link-types/pairs/fastmcp-mailpit/pair.yaml", pair(modules))
        .file("extra/link-types/pairs/fastmcp-mailpit/tools.json", "{\"tools\": []}")
}

/// What `gen` says of a catalog that does not fit.
fn refused(project: &Project) -> String {
    let run = project.run("gen --catalog extra");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{}", run.stderr);
    assert!(project.out().is_empty(), "nothing is written");
    run.stderr
}

#[test]
fn a_file_beside_the_pair_gets_the_place_of_its_service() {
    let project = with_mail("mailpit_tools.py, mailpit_shapes.py")
        .file(
            "extra/link-types/pairs/fastmcp-mailpit/mailpit_tools.py",
            "\"\"\"Mail.\"\"\"\n",
        )
        .file(
            "extra/link-types/pairs/fastmcp-mailpit/mailpit_shapes.py",
            "\"\"\"Views.\"\"\"\n",
        );
    let run = project.run("gen --catalog extra");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        project.read(&format!("{BASE}/files/mailpit_tools.py")),
        "\"\"\"Mail.\"\"\"\n"
    );
    let deployment = project.read(&format!("{BASE}/deployment.yaml"));
    let (_, map) = deployment.split_once("name: fastmcp-tools-mailpit\n").unwrap();
    assert!(
        map.contains("path: stacktic_mcp/tools/mailpit/mailpit_shapes.py"),
        "{map}"
    );
    let kustomization = project.read(&format!("{BASE}/kustomization.yaml"));
    assert!(
        kustomization.contains(
            "  - name: fastmcp-tools-mailpit\n    namespace: mcp\n    files:\n      - files/mailpit_shapes.py\n"
        ),
        "{kustomization}"
    );
    let registry: serde_json::Value =
        serde_json::from_str(&project.read(&format!("{BASE}/config/topology.json"))).unwrap();
    let modules = registry["modules"].as_array().unwrap();
    let places: Vec<_> = modules
        .iter()
        .map(|module| (&module["service"], &module["file"]))
        .collect();
    assert_eq!(
        places,
        [
            (&"mailpit".into(), &"mailpit_tools.py".into()),
            (&"mailpit".into(), &"mailpit_shapes.py".into())
        ]
    );
}

#[test]
fn a_file_of_ones_own_goes_before_that_of_the_package() {
    let own = Project::new(LINKED)
        .file(
            "extra/link-types/pairs/fastmcp-loki/pair.yaml",
            include_str!("../../link-types/pairs/fastmcp-loki/pair.yaml"),
        )
        .file(
            "extra/link-types/pairs/fastmcp-loki/tools.json",
            include_str!("../../link-types/pairs/fastmcp-loki/tools.json"),
        )
        .file(
            "extra/link-types/pairs/fastmcp-loki/loki_shapes.py",
            "\"\"\"Ours.\"\"\"\n",
        );
    let run = own.run("gen --catalog extra");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(own.read(&format!("{BASE}/files/loki_shapes.py")), "\"\"\"Ours.\"\"\"\n");
    let packaged = include_str!("../../catalog/fastmcp/stacktic_mcp/tools/loki/loki_tools.py");
    assert_eq!(own.read(&format!("{BASE}/files/loki_tools.py")), packaged);
}

#[test]
fn a_file_that_is_nowhere_is_told_with_both_places() {
    let told = refused(&with_mail("mailpit_tools.py"));
    for place in [
        "extra/link-types/pairs/fastmcp-mailpit/mailpit_tools.py",
        "catalog/fastmcp/stacktic_mcp/tools/mailpit/mailpit_tools.py",
    ] {
        assert!(told.contains(place), "{told}");
    }
}

/// What an unlinked type would offer is told where it can be read, and never needed.
#[test]
fn broken_definitions_that_no_link_uses_are_in_nobodys_way() {
    let project = Project::new(LINKED)
        .file(
            "extra/link-types/pairs/fastmcp-mailpit/pair.yaml",
            pair("mailpit_tools.py"),
        )
        .file("extra/link-types/pairs/fastmcp-mailpit/tools.json", "{");
    let run = project.run("gen --catalog extra");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_name_that_gives_no_place_is_refused() {
    for modules in ["mail.py", "mailpit_tools.py, shapes.py", "\"../mailpit_tools.py\""] {
        let told = refused(&with_mail(modules));
        assert!(told.contains("E_CATALOG_TOOLS"), "{told}");
        assert!(told.contains("`<service>_tools.py` first"), "{told}");
    }
}

/// All files of the package lie in one folder of the output: `audit_file.py` is one of the server's own.
#[test]
fn a_name_of_the_server_itself_is_taken() {
    let told = refused(
        &with_mail("audit_tools.py, audit_file.py")
            .file(
                "extra/link-types/pairs/fastmcp-mailpit/audit_tools.py",
                "\"\"\"Mail.\"\"\"\n",
            )
            .file(
                "extra/link-types/pairs/fastmcp-mailpit/audit_file.py",
                "\"\"\"Mail.\"\"\"\n",
            ),
    );
    for part in [
        "files/audit_file.py` would be two files",
        "core/audit_file.py",
        "pair fastmcp-mailpit",
    ] {
        assert!(told.contains(part), "{told}");
    }
}
