//! One function a route.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::json;

use super::checks;
use super::log::{Asked, brief};
use super::reply::{ErrorReply, json_reply};
use super::router::Agent;
use crate::agent::query::{self, MAX_BODY, Query};

/// Longest time that a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /health`: it is up and has its metadata; without that it would not have started.
pub(super) async fn health() -> Response<Body> {
    json_reply(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /metrics`.
pub(super) async fn metrics(State(agent): State<Arc<Agent>>) -> Response<Body> {
    let mut response = Response::new(Body::from(agent.metrics.text(agent.executor.running())));
    let media_type = HeaderValue::from_static(METRICS_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// `GET /metadata/structure`.
pub(super) async fn structure(State(agent): State<Arc<Agent>>) -> Response<Body> {
    json_reply(StatusCode::OK, &query::structure(&agent.index))
}

/// `GET /metadata/fields/{component}`.
pub(super) async fn fields(
    State(agent): State<Arc<Agent>>,
    component: Result<Path<String>, PathRejection>,
) -> Response<Body> {
    let Ok(Path(component)) = component else {
        let message = "the path does not name a component";
        return ErrorReply::new(StatusCode::UNPROCESSABLE_ENTITY, "E_SOURCE", message).into_response();
    };
    match query::fields(&agent.index, &component) {
        Ok(fields) => json_reply(StatusCode::OK, &fields),
        Err(error) => ErrorReply::from(error).into_response(),
    }
}

/// `POST /metadata/q`.
pub(super) async fn query(State(agent): State<Arc<Agent>>, body: Body) -> Response<Body> {
    let mut asked = Asked::default();
    let mut response = match answer(&agent, body, &mut asked).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    response.extensions_mut().insert(asked);
    response
}

/// How many records, and the reply.
async fn answer_query(agent: &Arc<Agent>, query: Query) -> Result<(usize, Response<Body>), ErrorReply> {
    let work = |agent: &Agent, query: &Query| {
        let answer = query::answer(&agent.index, query)?;
        Ok((answer.records.len(), json_reply(StatusCode::OK, &answer)))
    };
    if !query.has_expression() {
        return work(agent, &query);
    }
    // The one kind of query that can take a while; the threads here are for those that do not.
    let agent = Arc::clone(agent);
    let working = tokio::task::spawn_blocking(move || work(&agent, &query));
    working.await.unwrap_or_else(|_| {
        let message = "the query was not answered";
        Err(ErrorReply::new(StatusCode::INTERNAL_SERVER_ERROR, "E_LIMIT", message))
    })
}

async fn answer(agent: &Arc<Agent>, body: Body, asked: &mut Asked) -> Result<Response<Body>, ErrorReply> {
    let bytes = read(body).await?;
    let query = Query::parse(&bytes)?;
    asked.source = Some(brief(&query.source));
    asked.target = Some(brief(&query.target));
    let Some(command) = &query.command else {
        let (records, reply) = answer_query(agent, query).await?;
        asked.records = Some(records);
        return Ok(reply);
    };
    let secrets = agent.executor.secrets().map_err(|error| {
        let message = format!("the secrets of this agent cannot be read: {}", error.kind());
        ErrorReply::new(StatusCode::INTERNAL_SERVER_ERROR, "E_VAR_UNSET", &message)
    })?;
    // A caller may have written a value where a variable belongs. The reply quotes it, for that tells nobody anything
    // new; the log is read by others.
    let logged = |sentence: &String| brief(&secrets.redactor().redact(sentence));
    asked.command = Some(logged(command));
    asked.on_success = query.on_success.as_ref().map(logged);
    asked.on_failure = query.on_failure.as_ref().map(logged);
    asked.dry_run = query.dry_run;
    let report = checks::run(agent, &query, command, &secrets).await?;
    asked.records = Some(report.len());
    asked.outcome = report.outcome();
    Ok(json_reply(StatusCode::OK, &report))
}

async fn read(body: Body) -> Result<Vec<u8>, ErrorReply> {
    let reading = tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, MAX_BODY));
    match reading.await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(_)) => {
            let message = "the body is larger than 64 KiB, or broke off";
            Err(ErrorReply::new(StatusCode::PAYLOAD_TOO_LARGE, "E_LIMIT", message))
        }
        Err(_) => {
            let message = "the body did not arrive in 10 seconds";
            Err(ErrorReply::new(StatusCode::REQUEST_TIMEOUT, "E_LIMIT", message))
        }
    }
}
