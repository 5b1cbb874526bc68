//! The table of refusal codes and close codes; the documents and both clients follow it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a request that was refused may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same request may succeed later.
    Same,
    /// Another request may succeed: the client or its user has to change something.
    Changed,
    /// This will not succeed.
    Never,
}

/// Why a request was understood and yet not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// A field is missing, malformed, out of range or reserved.
    BadRequest,
    /// The request's `type` is not served.
    UnknownType,
    /// The text or frame is over its limit.
    TooLarge,
    /// The log-in is missing, wrong or over.
    Unauthenticated,
    /// The role or a setting does not allow it.
    Forbidden,
    /// It does not exist, or the asker may not see it.
    NotFound,
    /// Somebody else changed it first.
    Conflict,
    /// It was deleted, used up or has expired.
    Gone,
    /// Nobody may write here at present.
    ReadOnly,
    /// One of the two has blocked the other.
    Blocked,
    /// A quota is used up.
    LimitExceeded,
    /// Too many requests; `retry_after_ms` says when.
    RateLimited,
    /// The conversation is in slow mode; `retry_after_ms` says when.
    SlowMode,
    /// The server or its store cannot take it at this moment.
    Unavailable,
    /// The store did not answer in time; the change may or may not have been made.
    Timeout,
    /// A fault of the server; the message carries an incident id.
    Internal,
}

impl RefusalCode {
    /// Every code, in the order of the documents.
    pub const ALL: [Self; 16] = [
        Self::BadRequest,
        Self::UnknownType,
        Self::TooLarge,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Gone,
        Self::ReadOnly,
        Self::Blocked,
        Self::LimitExceeded,
        Self::RateLimited,
        Self::SlowMode,
        Self::Unavailable,
        Self::Timeout,
        Self::Internal,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::ReadOnly => "read_only",
            Self::Blocked => "blocked",
            Self::LimitExceeded => "limit_exceeded",
            Self::RateLimited => "rate_limited",
            Self::SlowMode => "slow_mode",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// Whether a repeat can help.
    #[must_use]
    pub fn retry(self) -> Retry {
        match self {
            Self::RateLimited
            | Self::SlowMode
            | Self::Unavailable
            | Self::Timeout
            | Self::Internal => Retry::Same,
            Self::BadRequest | Self::Conflict | Self::LimitExceeded => Retry::Changed,
            Self::UnknownType
            | Self::TooLarge
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Gone
            | Self::ReadOnly
            | Self::Blocked => Retry::Never,
        }
    }

    /// The HTTP status that carries this code beside the socket.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadRequest | Self::UnknownType => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::ReadOnly | Self::Blocked => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::LimitExceeded => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::RateLimited | Self::SlowMode => 429,
            Self::Internal => 500,
            Self::Unavailable | Self::Timeout => 503,
        }
    }
}

/// Whether a client may come back after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// At once or by the reconnect window.
    Yes,
    /// By the window that `welcome.retry_window_ms` or `goaway` gave.
    ByWindow,
    /// Not before 30 s are over.
    AfterThirtySeconds,
    /// After logging in again.
    AfterLogIn,
    /// Only when the user asks for it.
    OnUserAction,
    /// After loading the page anew, once.
    AfterReload,
    /// Not at all.
    No,
}

/// Why the server closed the socket, beyond the codes of RFC 6455.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: the conversation of both programs is over in good order.
    Normal,
    /// 1002: a frame breaks RFC 6455.
    WebSocket,
    /// 1003: binary frames are not spoken here.
    Binary,
    /// 1007: text that is not UTF-8.
    NotUtf8,
    /// 1009: a frame over the limit.
    TooBig,
    /// 1011: a fault of the server.
    Fault,
    /// 4400: not the protocol.
    Protocol,
    /// 4401: the log-in is over.
    LogInAgain,
    /// 4403: the user may not be here.
    NotAllowed,
    /// 4408: no `hello` in time.
    NoHello,
    /// 4409: too many sessions of one user.
    TooManySessions,
    /// 4410: the client's version is no longer served.
    Version,
    /// 4420: the socket took nothing for too long.
    TooSlow,
    /// 4429: refusals did not stop a flood.
    Flooding,
    /// 4503: draining, overloaded, or another epoch began.
    Unavailable,
}

impl CloseCode {
    /// Every code, in the order of the documents.
    pub const ALL: [Self; 15] = [
        Self::Normal,
        Self::WebSocket,
        Self::Binary,
        Self::NotUtf8,
        Self::TooBig,
        Self::Fault,
        Self::Protocol,
        Self::LogInAgain,
        Self::NotAllowed,
        Self::NoHello,
        Self::TooManySessions,
        Self::Version,
        Self::TooSlow,
        Self::Flooding,
        Self::Unavailable,
    ];

    /// The number in the close frame.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::WebSocket => 1002,
            Self::Binary => 1003,
            Self::NotUtf8 => 1007,
            Self::TooBig => 1009,
            Self::Fault => 1011,
            Self::Protocol => 4400,
            Self::LogInAgain => 4401,
            Self::NotAllowed => 4403,
            Self::NoHello => 4408,
            Self::TooManySessions => 4409,
            Self::Version => 4410,
            Self::TooSlow => 4420,
            Self::Flooding => 4429,
            Self::Unavailable => 4503,
        }
    }

    /// What the close frame says in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "good-bye",
            Self::WebSocket => "a frame breaks RFC 6455",
            Self::Binary => "text frames only",
            Self::NotUtf8 => "text is not UTF-8",
            Self::TooBig => "frame over the limit",
            Self::Fault => "a fault of the server",
            Self::Protocol => "not the protocol",
            Self::LogInAgain => "log in again",
            Self::NotAllowed => "not allowed",
            Self::NoHello => "no hello in time",
            Self::TooManySessions => "too many sessions",
            Self::Version => "version no longer served",
            Self::TooSlow => "socket took nothing for too long",
            Self::Flooding => "too many refusals",
            Self::Unavailable => "draining or overloaded",
        }
    }

    /// Whether the client may come back.
    #[must_use]
    pub fn may_return(self) -> Return {
        match self {
            Self::Normal | Self::Fault | Self::NoHello | Self::TooSlow => Return::Yes,
            Self::Unavailable => Return::ByWindow,
            Self::Flooding => Return::AfterThirtySeconds,
            Self::LogInAgain => Return::AfterLogIn,
            Self::TooManySessions => Return::OnUserAction,
            Self::Version | Self::Protocol => Return::AfterReload,
            Self::WebSocket | Self::Binary | Self::NotUtf8 | Self::TooBig | Self::NotAllowed => {
                Return::No
            }
        }
    }

    /// Finds the code of a number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_name_is_the_serialised_name() {
        for code in RefusalCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn close_codes_are_found_by_their_number() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::from_number(code.number()), Some(code));
        }
        assert_eq!(CloseCode::from_number(4999), None);
    }
}
