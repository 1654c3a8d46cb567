"""The stack of the product page, as a stack file.

In: nothing.
Out: the text of a stack file whose answers are those that the page prints.
Must not know: how it is generated or asked.
"""

PAGE_STACK = """\
apiVersion: stacktic.io/v1
kind: Stack
name: stack-3
domain: stack-3.source-lab.io
environments:
  dev: {}
components:
  fastmcp: {type: fastmcp}
  stack-agent: {type: stack_agent}
  apisix: {type: apisix}
  keycloak: {type: keycloak}
  fastapi: {type: fastapi, attributes: {image: registry.stack-3.source-lab.io/backend:1.4.2}}
  langflow: {type: langflow}
  cnpg:
    type: cnpg
    sub_components:
      app_db: {type: database, attributes: {username: app_user}}
      keycloak_db: {type: database, attributes: {username: keycloak}}
  kafka: {type: kafka}
  prometheus: {type: prometheus}
  grafana: {type: grafana}
  valkey: {type: valkey}
links:
  - {from: fastmcp, to: stack-agent}
  - {from: apisix, to: fastapi}
  - {from: apisix, to: grafana}
  - {from: apisix, to: langflow}
  - {from: fastapi, to: cnpg/app_db, access: own}
  - {from: keycloak, to: cnpg/keycloak_db}
  - {from: prometheus, to: kafka}
"""

LISTED = [
    {"name": "kafka", "type": "kafka", "namespace": "kafka", "group": "messaging"},
    {"name": "cnpg", "type": "cnpg", "namespace": "db", "group": "databases"},
    {"name": "fastapi", "type": "fastapi", "namespace": "app", "group": "backend"},
    {"name": "apisix", "type": "apisix", "namespace": "ingress", "group": "gateway"},
]
DATABASES = [
    {"database": "app_db", "username": "app_user", "consumers": ["fastapi"]},
    {"database": "keycloak_db", "username": "keycloak", "consumers": ["keycloak"]},
]
PUBLISHED = [
    {"name": "fastapi", "command": "curl -sk https://api.stack-3.source-lab.io"},
    {"name": "grafana", "command": "curl -sk https://grafana.stack-3.source-lab.io"},
    {"name": "langflow", "command": "curl -sk https://langflow.stack-3.source-lab.io"},
]
SCRAPED_BY = [{"link": "prometheus-kafka", "component": "prometheus"}]
GATEWAY_CHECK = "curl -sk https://{subdomain}.{domain}"
DATABASE_CHECK = "PGPASSWORD={password} psql -h {host} -p {port} -U {username} -d {database} -c %s"
DIAGRAM_CHECK = "PGPASSWORD={password} psql -h {host} -U {username} -d {database} -c 'SELECT 1'"
CLUSTER_PODS = "kubectl get pods -n {namespace} -l cnpg.io/cluster --no-headers"
PODS_CHECK = (
    'pods=$(kubectl get pods -n {namespace} --no-headers | grep -c Running); test "$pods" -gt 0'
)
