//! The JSON body of a request: bounded in bytes and time, and refused in words.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use voodoo_proto::{RefusalCode, decode};

use super::door::Door;
use super::problem::Denied;

/// JSON that came in, or goes out.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Door>> for Json<T> {
    type Rejection = Denied;

    async fn from_request(request: Request, door: &Arc<Door>) -> Result<Self, Denied> {
        if !is_json(request.headers()) {
            return Err(Denied::with_status(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                RefusalCode::BadRequest,
                "the body must be application/json",
            ));
        }
        let reading = read(request.into_body(), door.options.body_bytes);
        let Ok(bytes) = tokio::time::timeout(door.options.body_timeout, reading).await else {
            return Err(Denied::with_status(
                StatusCode::REQUEST_TIMEOUT,
                RefusalCode::Timeout,
                "the body took too long to arrive",
            ));
        };
        parse(&bytes?).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

async fn read(body: Body, limit_bytes: usize) -> Result<Vec<u8>, Denied> {
    match Limited::new(body, limit_bytes).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => {
            let words = format!("the body is over {limit_bytes} bytes");
            Err(Denied::with_status(StatusCode::PAYLOAD_TOO_LARGE, RefusalCode::TooLarge, &words))
        }
        Err(_broken) => Err(bad_body()),
    }
}

/// What the reader says of a wrong body may quote it; only the field is told.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Denied> {
    let text = std::str::from_utf8(bytes).map_err(|_not_text| bad_body())?;
    serde_json::from_str(text)
        .map_err(|error| bad_body().at_field(decode::field_at_fault(text, &error)))
}

fn bad_body() -> Denied {
    let words = "the body is not the JSON that is expected here";
    Denied::with_status(StatusCode::BAD_REQUEST, RefusalCode::BadRequest, words)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("answers are plain data");
        let mut response = Response::new(Body::from(body));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
