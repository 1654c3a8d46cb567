//! Routes, and what every request passes: the log, the metrics and the key.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, MatchedPath, Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::handlers;
use super::keys::Keys;
use super::log::{AccessLog, Asked, Line};
use super::metrics::Metrics;
use super::reply::{ErrorReply, RefusalCode};
use crate::agent::check::Context;
use crate::agent::exec::Executor;
use crate::agent::pipeline;
use crate::agent::query::Index;

/// Most calls with a check that run or wait.
const MAX_CHECK_CALLS: usize = 64;

/// Everything that handlers share.
pub struct Agent {
    pub(super) index: Index,
    pub(super) context: Context,
    pub(super) executor: Executor,
    pub(super) calls: Semaphore,
    pub(super) metrics: Metrics,
    keys: Keys,
    log: AccessLog,
}

impl Agent {
    #[must_use]
    pub fn new(index: Index, executor: Executor, keys: Keys, log: AccessLog) -> Self {
        let metadata = index.metadata();
        Self {
            context: pipeline::context(&index),
            metrics: Metrics::new(metadata.components.len(), metadata.links.len()),
            calls: Semaphore::new(MAX_CHECK_CALLS),
            index,
            executor,
            keys,
            log,
        }
    }
}

/// The agent's routes.
pub fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/health", get(handlers::health))
        .route("/metrics", get(handlers::metrics))
        .route("/metadata/q", post(handlers::query))
        .route("/metadata/structure", get(handlers::structure))
        .route("/metadata/fields/{component}", get(handlers::fields))
        .method_not_allowed_fallback(|| async {
            ErrorReply::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "E_METHOD",
                "this path takes another method",
            )
        })
        .fallback(|| async { ErrorReply::new(StatusCode::NOT_FOUND, "E_PATH", "the agent has no such path") })
        .layer(middleware::from_fn_with_state(Arc::clone(&agent), ensure_key))
        .layer(middleware::from_fn_with_state(Arc::clone(&agent), observe))
        .with_state(agent)
}

/// Whose key it was; set on the response, for the log.
#[derive(Clone)]
struct KeyName(Arc<str>);

/// Counts and times, and whether it is up: nothing of the stack.
const OPEN: [&str; 2] = ["/health", "/metrics"];

async fn ensure_key(State(agent): State<Arc<Agent>>, request: Request, next: Next) -> Response<Body> {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Some(name) = agent.keys.caller(request.headers()) else {
        let message = "a known API key is needed: `Authorization: Bearer <key>`";
        return ErrorReply::new(StatusCode::UNAUTHORIZED, "E_AUTH", message).into_response();
    };
    let name = KeyName(name.into());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(name);
    response
}

async fn observe(
    State(agent): State<Arc<Agent>>,
    path: Option<Extension<MatchedPath>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let started = Instant::now();
    let method = request.method().clone();
    let route = path
        .as_ref()
        .map_or("other", |Extension(path)| known_route(path.as_str()));
    let response = next.run(request).await;
    let seconds = started.elapsed().as_secs_f64();
    let extensions = response.extensions();
    let code = extensions.get::<RefusalCode>().map(|code| code.0.as_str());
    agent.metrics.request(route, response.status().as_u16(), seconds);
    if let Some(code) = code {
        agent.metrics.refusal(code);
    }
    // The kubelet and Prometheus ask every few seconds; their lines would hide the others.
    if !(OPEN.contains(&route) && response.status().is_success()) {
        let is_written = agent.log.write(&Line {
            event: "request",
            method: method.as_str(),
            route,
            status: response.status().as_u16(),
            milliseconds: (seconds * 1e6).round() / 1e3,
            key: extensions.get::<KeyName>().map(|name| &*name.0),
            code,
            asked: extensions.get::<Asked>().unwrap_or(&Asked::default()),
        });
        if !is_written {
            agent.metrics.dropped_line();
        }
    }
    response
}

/// The routes have fixed names in metrics and log: what a caller asks for is not one.
fn known_route(path: &str) -> &'static str {
    const ROUTES: [&str; 5] = [
        "/health",
        "/metrics",
        "/metadata/q",
        "/metadata/structure",
        "/metadata/fields/{component}",
    ];
    ROUTES.into_iter().find(|route| *route == path).unwrap_or("other")
}
