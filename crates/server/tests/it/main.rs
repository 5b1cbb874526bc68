//! The promises of the server crate.

mod ws_codec;
mod ws_codec_autobahn;
mod ws_codec_body;
mod ws_codec_handshake;
mod ws_codec_oracle;
