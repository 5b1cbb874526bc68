//! What a refusal looks like over HTTP: a problem of RFC 9457 with the socket's code.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use voodoo_core::tally::TALLY;
use voodoo_core::{Refusal, StoreError, fault};
use voodoo_proto::RefusalCode;
use voodoo_proto::http::Problem;

/// A request that is not carried out.
#[derive(Debug)]
pub(crate) struct Denied {
    status: StatusCode,
    code: RefusalCode,
    detail: String,
    field: Option<String>,
    retry_after_ms: Option<u64>,
}

impl Denied {
    /// Refuses with a status that says more than the code's own.
    pub(crate) fn with_status(status: StatusCode, code: RefusalCode, detail: &str) -> Self {
        Self { status, code, detail: detail.to_owned(), field: None, retry_after_ms: None }
    }

    /// Names the field at fault.
    pub(crate) fn at_field(mut self, field: Option<String>) -> Self {
        self.field = field;
        self
    }

    /// Calls the field at fault `to` where it is called `from`.
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        if self.field.as_deref() == Some(from) {
            self.field = Some(to.to_owned());
        }
        self
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.code.http_status());
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: refusal.code,
            detail: refusal.message,
            field: refusal.field.map(str::to_owned),
            retry_after_ms: refusal.retry_after_ms,
        }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        fault::to_refusal(error).into()
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        TALLY.refused(self.code);
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            field: self.field,
            retry_after_ms: self.retry_after_ms,
        };
        let body = serde_json::to_vec(&problem).expect("a problem is plain data");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(retry_after_ms) = self.retry_after_ms {
            let seconds = retry_after_ms.div_ceil(1_000).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
