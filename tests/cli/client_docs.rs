//! `docs/clients`: whoever reads the page alone can connect an AI client, by a key or by signing in.

use crate::builder::{LINKED, Project};

const PAGE: &str = "out/docs/clients/README.md";
const SIGN_IN: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  valkey: {type: valkey}
  apisix: {type: apisix}
  keycloak: {type: keycloak, sub_components: {staff: {type: realm}}}
links:
  - {from: fastmcp, to: valkey, write_access: true}
  - {from: fastmcp, to: keycloak/staff, type: sign_in, with: {redirect_uri: \"https://claude.ai/api/mcp/auth_callback\"}}
  - {from: apisix, to: [fastmcp, keycloak]}
";

/// What stands below a heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The entry of a server, as it would stand in the file of an AI client.
fn entry(section: &str) -> serde_json::Value {
    let (_, rest) = section.split_once("```json\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let whole: serde_json::Value = serde_json::from_str(&format!("{{{text}}}")).unwrap();
    whole["shop-fastmcp"].clone()
}

#[test]
fn each_client_is_told_how_people_sign_in() {
    let project = Project::generated(SIGN_IN);
    let page = project.read(PAGE);
    let told = section(&page, "Signing in instead of using a key");
    let account = "fastmcp-keycloak-staff-sign-in";
    for fact in [
        "https://keycloak.shop.example.com/realms/staff",
        account,
        "| https://claude.ai/api/mcp/auth_callback |",
        "`shop:COMPONENT:read`",
        "`offline_access`",
    ] {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    // The secret is where the page says that it is.
    let key = "MCP_KEYCLOAK_SIGN_IN_CLIENT_SECRET";
    let file = "k8s/deploy/base/fastmcp/secret/cloud.env";
    assert!(told.contains(&format!("`{key}` of `{file}`")), "{told}");
    assert!(project.read(&format!("out/{file}")).contains(&format!("\n{key}=")));
    let url = "https://fastmcp.shop.example.com/mcp";
    let claude = section(&page, "Claude Desktop");
    assert!(
        claude.contains("Settings, Connectors, Add custom connector"),
        "{claude}"
    );
    let cursor = entry(section(&page, "Cursor"));
    assert_eq!(
        (&cursor["url"], &cursor["auth"]["CLIENT_ID"]),
        (&url.into(), &account.into())
    );
    assert!(section(&page, "Cursor").contains("`SHOP_FASTMCP_CLIENT_SECRET`"));
    let vscode = entry(section(&page, "VS Code"));
    assert_eq!(vscode, serde_json::json!({ "type": "http", "url": url }));
    // Keys go on beside it.
    assert!(page.contains("MCP_API_KEYS"), "{page}");
}

#[test]
fn a_page_of_keys_alone_says_nothing_of_signing_in() {
    let page = Project::generated(LINKED).read(PAGE);
    for word in ["sign in", "Signing in", "client ID", "offline_access", "```"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
}
