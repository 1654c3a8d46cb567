//! Replies: JSON with its status, and what the access log tells of them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use crate::agent::check::Refusal;
use crate::agent::query::QueryError;

/// The code of a refusal, for log and metrics.
#[derive(Clone, Debug)]
pub(super) struct RefusalCode(pub(super) String);

/// `{"error": …}` with its status.
pub(super) struct ErrorReply {
    status: StatusCode,
    error: serde_json::Value,
}

impl ErrorReply {
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self {
            status,
            error: json!({ "code": code, "message": message }),
        }
    }
}

impl From<QueryError> for ErrorReply {
    fn from(error: QueryError) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error: json!(error),
        }
    }
}

impl From<Refusal> for ErrorReply {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error: json!(refusal),
        }
    }
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response<Body> {
        let mut response = json_reply(self.status, &json!({ "error": &self.error }));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(code) = self.error["code"].as_str() {
            response.extensions_mut().insert(RefusalCode(code.to_owned()));
        }
        response
    }
}

/// A JSON document.
pub(super) fn json_reply(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    let (status, bytes) = match serde_json::to_vec(document) {
        Ok(bytes) => (status, bytes),
        // Only a map with keys that are no text does not serialize, and no reply has one.
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, b"{}".to_vec()),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
