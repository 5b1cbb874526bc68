//! The cookie that carries a page's token.

use http::{HeaderMap, HeaderValue, header};
use voodoo_core::Refusal;

use super::options::HttpOptions;
use super::origin::{is_this_machine, page_host};

/// Browsers keep no cookie longer; when a token ends is the server's word alone.
const MAX_AGE_S: u32 = 400 * 24 * 60 * 60;

/// Which cookie fits the way a browser comes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// `__Host-voodoo`, which browsers take and give by TLS or on this machine only.
    Secure,
    /// `voodoo`, where the operator wants plain `http://` from other machines.
    Plain,
}

impl Cookie {
    /// Chooses the cookie of a request.
    ///
    /// # Errors
    ///
    /// `forbidden` where neither can be: plain `http://` from another machine.
    pub fn of(headers: &HeaderMap, options: &HttpOptions) -> Result<Self, Refusal> {
        if options.is_secure() || page_host(headers, options).is_some_and(is_this_machine) {
            return Ok(Self::Secure);
        }
        if options.is_insecure {
            return Ok(Self::Plain);
        }
        Err(Refusal::forbidden(
            "pages of other machines need https, or http.insecure on the server",
        ))
    }

    /// How it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-voodoo",
            Self::Plain => "voodoo",
        }
    }

    fn attributes(self) -> &'static str {
        match self {
            Self::Secure => "Path=/; HttpOnly; SameSite=Strict; Secure",
            Self::Plain => "Path=/; HttpOnly; SameSite=Strict",
        }
    }

    /// The token that a request carries in it.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';'));
        pairs.find_map(|pair| pair.trim().strip_prefix(self.name())?.strip_prefix('='))
    }

    /// Sets it.
    pub(crate) fn set(self, token: &str) -> HeaderValue {
        self.written(token, MAX_AGE_S)
    }

    /// Takes it back.
    pub(crate) fn clear(self) -> HeaderValue {
        self.written("", 0)
    }

    fn written(self, value: &str, max_age_s: u32) -> HeaderValue {
        let text = format!("{}={value}; {}; Max-Age={max_age_s}", self.name(), self.attributes());
        let mut written = HeaderValue::try_from(text).expect("tokens are base64url");
        written.set_sensitive(true);
        written
    }
}
