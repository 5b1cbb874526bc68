//! The limits that a server tells in `welcome`; each is a setting of the operator.
//!
//! A setting of another name is a mistake of the operator and refused; on the wire it is a limit
//! that a newer server knows, and left out.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A token bucket: `per_s` tokens a second, at most `burst` kept. 0 a second means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Tokens a second; 0 = off.
    pub per_s: f64,
    /// Tokens kept at most.
    pub burst: f64,
}

/// The token buckets, per user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// `send`, `edit`, `delete` and `pin`.
    pub send: Rate,
    /// `react`.
    pub react: Rate,
    /// `history`, `changes` and the other reading requests.
    pub history: Rate,
    /// `search`.
    pub search: Rate,
    /// `create` and invites.
    pub create: Rate,
    /// `join`.
    pub join: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            send: Rate { per_s: 10.0, burst: 30.0 },
            react: Rate { per_s: 5.0, burst: 20.0 },
            history: Rate { per_s: 20.0, burst: 60.0 },
            search: Rate { per_s: 1.0, burst: 5.0 },
            create: Rate { per_s: 10.0 / 60.0, burst: 10.0 },
            join: Rate { per_s: 1.0, burst: 10.0 },
        }
    }
}

/// What one request, message, conversation or user may measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A frame to the server, in bytes as it arrives.
    pub frame_in_bytes: u32,
    /// A frame to the server before `hello`, in bytes.
    pub frame_in_before_hello_bytes: u32,
    /// A frame to the client, in bytes.
    pub frame_out_bytes: u32,
    /// Requests of one session that are not yet answered.
    pub in_flight: u32,
    /// A text, in Unicode code points.
    pub text: u32,
    /// A text, in bytes of UTF-8.
    pub text_bytes: u32,
    /// A title, in Unicode code points.
    pub title: u32,
    /// A description, in Unicode code points.
    pub description: u32,
    /// Files of one message.
    pub files: u32,
    /// Distinct reactions of one message.
    pub reactions: u32,
    /// Users that one message mentions by name.
    pub mentions: u32,
    /// How long an author may edit a message, in milliseconds.
    pub edit_window_ms: u64,
    /// Members of a group.
    pub group_members: u32,
    /// Conversations of one user.
    pub conversations: u32,
    /// Live sessions of one user.
    pub sessions: u32,
    /// Users named in one `create` or `member_add`.
    pub members_per_request: u32,
    /// Conversations that one session may focus.
    pub focus: u32,
    /// Users that one session may watch.
    pub watch: u32,
    /// Users that one user may block.
    pub blocked: u32,
    /// Messages of one page, at most.
    pub page: u32,
    /// Members up to which typing, receipts by person and single reaction events exist.
    pub small_conversation: u32,
    /// Token buckets.
    pub rates: Rates,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_in_bytes: 64 * 1024,
            frame_in_before_hello_bytes: 4 * 1024,
            frame_out_bytes: 256 * 1024,
            in_flight: 32,
            text: 16_384,
            text_bytes: 48 * 1024,
            title: 128,
            description: 1_024,
            files: 10,
            reactions: 20,
            mentions: 50,
            edit_window_ms: 48 * 3_600_000,
            group_members: 10_000,
            conversations: 2_000,
            sessions: 20,
            members_per_request: 200,
            focus: 8,
            watch: 200,
            blocked: 1_000,
            page: 100,
            small_conversation: 200,
            rates: Rates::default(),
        }
    }
}

/// Reads what a server tells: limits and rates of other names are left out.
pub(crate) fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    let mut told = Value::deserialize(deserializer)?;
    let known = serde_json::to_value(Limits::default()).map_err(D::Error::custom)?;
    keep_known(&known, &mut told);
    serde_json::from_value(told).map_err(D::Error::custom)
}

fn keep_known(known: &Value, told: &mut Value) {
    let Value::Object(fields) = told else { return };
    fields.retain(|name, value| known.get(name).is_some() && !value.is_null());
    fields.iter_mut().for_each(|(name, value)| keep_known(&known[name], value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_a_newer_server_is_left_out_and_a_setting_is_not() {
        let text =
            r#"{"text":5,"moons":1,"rates":{"send":{"per_s":1.0,"burst":2.0,"x":3},"sing":1}}"#;
        let read = told(&mut serde_json::Deserializer::from_str(text)).unwrap();
        assert_eq!(read.text, 5);
        assert_eq!(read.rates.send, Rate { per_s: 1.0, burst: 2.0 });
        assert_eq!(read.rates.react, Rates::default().react);
        assert!(serde_json::from_str::<Limits>(text).is_err());
    }
}
