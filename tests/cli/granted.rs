//! What the page of a stack says that a link has: all of it, and by what.
//!
//! In: small stacks. Out: rows of `docs/topology.md`, from the account on.

use crate::assert_said;
use crate::builder::Project;

const PAGE: &str = "out/docs/topology.md";
const API: &str = "api: {type: fastapi, attributes: {image: \"r/api:1\"}}";
const WEB: &str = "web: {type: nodejs, attributes: {image: \"r/web:1\"}}";

fn stack(components: &[&str], links: &[&str]) -> String {
    let head = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\n";
    let components: String = components.iter().map(|one| format!("  {one}\n")).collect();
    let links: String = links.iter().map(|one| format!("  - {one}\n")).collect();
    format!("{head}components:\n{components}links:\n{links}")
}

/// The rows of links: who, and account, grants and reach.
fn rows(project: &Project) -> String {
    let page = project.read(PAGE);
    let (_, links) = page.split_once("## Links").unwrap();
    let cells = |line: &str| -> Vec<String> { line.split(" | ").map(|cell| cell.trim().to_owned()).collect() };
    let rows = links.lines().filter(|line| line.starts_with("| ")).skip(1).map(cells);
    let told = rows.map(|row| format!("{}: {}", row[0].trim_start_matches("| "), row[4..].join(" | ")));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn links_that_share_an_account_have_what_it_has() {
    let project = Project::generated(&stack(
        &[
            "kafka: {type: kafka, sub_components: {orders: {type: topic}}}",
            API,
            WEB,
        ],
        &[
            "{from: api, to: kafka, type: fastapi-kafka_bridge}",
            "{from: web, to: kafka, type: nodejs-kafka_bridge}",
        ],
    ));
    assert_said!(rows(&project), @r"
    api: `kafka.bridge` | network edge, every caller has this account<br>group: Describe Read<br>groups: bridge-api-kafka-bridge bridge-web-kafka-bridge<br>topic: Describe Read | topics `orders` |
    web: `kafka.bridge` | network edge, every caller has this account<br>group: Describe Read<br>groups: bridge-api-kafka-bridge bridge-web-kafka-bridge<br>topic: Describe Read | topics `orders` |
    ");
}

#[test]
fn what_an_application_reaches_is_told() {
    let with_prefixes = |prefixes: &str| {
        let valkey = format!("valkey: {{type: valkey, attributes: {{key_prefixes: \"{prefixes}\"}}}}");
        stack(&[&valkey, API], &["{from: api, to: valkey}"])
    };
    let project = Project::generated(&with_prefixes("app:"));
    let before = rows(&project);
    project.write("stack.yaml", with_prefixes("app:,adm:"));
    assert_eq!(project.run("gen").code, 0);
    assert_said!(format!("{before}\n{}", rows(&project)), @r"
    api: `app_api_valkey` | again: +info<br>allow: +ping +@read +@connection +@transaction<br>deny: -@dangerous<br>keys: %R\~ | prefixes `app:` |
    api: `app_api_valkey` | again: +info<br>allow: +ping +@read +@connection +@transaction<br>deny: -@dangerous<br>keys: %R\~ | prefixes `adm:`, `app:` |
    ");
}

#[test]
fn what_nothing_here_grants_is_said_to_be_so() {
    let project = Project::generated(&stack(
        &[
            API,
            WEB,
            "fastmcp: {type: fastmcp}",
            "warehouse: {type: clickhouse, external: {stack: data, host: clickhouse.example.com}}",
        ],
        &["{from: web, to: api, access: probe}", "{from: fastmcp, to: warehouse}"],
    ));
    assert_said!(rows(&project), @r"
    fastmcp: `mcp_ro_fastmcp_warehouse` | to be granted by stack data<br>databases: SELECT; profile: stacktic_reader; quota: stacktic_mcp | |
    web:  | network edge, the level is a declaration<br>ask whether it is well | |
    ");
    let lock = project.read("out/tools.lock.json");
    assert!(lock.contains("to be granted by stack data"), "{lock}");
}

/// A gate is for tools: spans are sent, and nobody may call them.
#[test]
fn a_link_that_writes_without_tools_has_no_gate() {
    let stack = stack(
        &[
            "fastmcp: {type: fastmcp}",
            "otel: {type: otel}",
            "valkey: {type: valkey}",
        ],
        &[
            "{from: fastmcp, to: otel}",
            "{from: fastmcp, to: valkey, write_access: true}",
        ],
    );
    let settings = Project::generated(&stack).read("out/k8s/deploy/base/fastmcp/config/cloud.env");
    assert!(settings.contains("MCP_OTEL_ENDPOINT="), "{settings}");
    let gates: Vec<&str> = settings
        .lines()
        .filter(|line| line.contains("_WRITE_ACCESS="))
        .collect();
    assert_eq!(gates, ["MCP_VALKEY_WRITE_ACCESS=true"]);
}
