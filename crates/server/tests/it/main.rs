//! The promises of the server crate.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod authority;
mod authority_http;
mod authority_socket;
mod fuzz_doors;
mod fuzz_doors_body;
mod http;
mod http_account;
mod http_contract;
mod http_enter;
mod http_invites;
mod http_live;
mod http_messages;
mod http_metrics;
mod http_origin;
mod http_routes;
mod http_sick;
mod http_socket;
mod http_tickets;
mod http_tls;
mod socket;
mod socket_client;
mod socket_codes;
mod socket_codes_close;
mod socket_echo;
mod socket_end;
mod socket_flood;
mod socket_frames;
mod socket_gather;
mod socket_malformed;
mod socket_moods;
mod socket_order;
mod socket_refusals;
mod socket_resume;
mod socket_retention;
mod socket_revoked;
mod socket_sick;
mod socket_slow;
mod socket_start;
mod socket_upgrade;
mod ws_codec;
mod ws_codec_autobahn;
mod ws_codec_body;
mod ws_codec_handshake;
mod ws_codec_oracle;
