//! Where settings are read from, in their order, and what is said of those that are wrong.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use figment::error::Kind;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider, Source};
use serde::Serialize;

use super::sections::Config;
use super::show::{leaves, variable};

/// How the layer of variables is called.
pub(super) const ENVIRONMENT: &str = "environment";
/// With it begins every variable that is a setting.
const PREFIX: &str = "VOODOO_";
/// Where systemd and container platforms say that data may be kept.
const STATE_DIRECTORY: &str = "STATE_DIRECTORY";
/// On which port a platform wants a program to listen.
const PORT: &str = "PORT";

/// What was said on the command line.
#[derive(Debug, Default, Serialize, clap::Args)]
pub(crate) struct Overrides {
    /// Where everything is kept [default: ./data].
    #[arg(long, value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip_serializing_if = "HttpOverrides::is_empty")]
    http: HttpOverrides,
}

#[derive(Debug, Default, Serialize, clap::Args)]
struct HttpOverrides {
    /// Where to listen [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Speak TLS by this certificate, in PEM.
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_key: Option<PathBuf>,
    /// Where people find the server, such as <https://chat.example.org>.
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
}

impl HttpOverrides {
    fn is_empty(&self) -> bool {
        let files = self.tls_cert.is_none() && self.tls_key.is_none();
        files && self.listen.is_none() && self.public_url.is_none()
    }
}

/// Settings, and who said so.
pub(crate) struct Sources {
    /// What holds.
    pub(crate) config: Config,
    /// Every layer.
    pub(crate) figment: Figment,
    /// The files that were read, in their order.
    pub(crate) files: Vec<PathBuf>,
}

impl Sources {
    /// Reads all sources in their order.
    pub(crate) fn read(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Self> {
        let files = files(file)?;
        let mut figment = Figment::from(layer("default", Serialized::defaults(Config::default())));
        if let Some(state) = state_directory() {
            figment = figment.merge(layer(STATE_DIRECTORY, Serialized::default("data", state)));
        }
        for path in &files {
            figment = figment.merge(Toml::file_exact(path));
        }
        check_variables()?;
        figment = figment.merge(layer(ENVIRONMENT, environment()));
        if let Some(listen) = listen_at_port(&figment)? {
            figment = figment.merge(layer(PORT, Serialized::default("http.listen", listen)));
        }
        figment = figment.merge(layer("command line", Serialized::defaults(overrides)));
        let config: Config =
            figment.extract().map_err(|error| anyhow::anyhow!(in_words(&error)))?;
        config.check()?;
        Ok(Self { config, figment, files })
    }
}

/// One source under the name that people know it by.
struct Layer<P> {
    name: &'static str,
    provider: P,
}

fn layer<P: Provider>(name: &'static str, provider: P) -> Layer<P> {
    Layer { name, provider }
}

impl<P: Provider> Provider for Layer<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        self.provider.data()
    }
}

/// The files that there are, in their order. One that was named has to be there.
fn files(named: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    if let Some(path) = named {
        ensure!(path.is_file(), "there is no file {}", path.display());
        return Ok(vec![path.to_owned()]);
    }
    let mut files = vec![PathBuf::from("/etc/voodoo/voodoo.toml"), PathBuf::from("voodoo.toml")];
    if let Ok(folder) = std::fs::read_dir("/etc/voodoo/conf.d") {
        let mut parts: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
        parts.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        parts.sort();
        files.extend(parts);
    }
    files.retain(|path| path.is_file());
    Ok(files)
}

/// The first of the folders that systemd names, which stand with colons between them.
fn state_directory() -> Option<PathBuf> {
    let value = std::env::var_os(STATE_DIRECTORY)?;
    let first = std::env::split_paths(&value).next()?;
    (!first.as_os_str().is_empty()).then_some(first)
}

/// Variables of the program that are no settings have no double underscore.
fn environment() -> Env {
    Env::prefixed(PREFIX).filter(|key| key.as_str().contains("__") || key == "data").split("__")
}

/// A variable that would be a setting if its sections were parted right is a mistake.
fn check_variables() -> anyhow::Result<()> {
    let settings = leaves(&Config::default())?;
    let known: Vec<String> = settings.iter().map(|(name, _)| variable(name)).collect();
    let given = std::env::vars_os().filter_map(|(name, _)| OsString::into_string(name).ok());
    for name in given.map(|name| name.to_ascii_uppercase()).filter(|name| !name.contains("__")) {
        let meant = known.iter().find(|one| one.contains("__") && one.replace("__", "_") == name);
        if let Some(meant) = meant {
            anyhow::bail!("there is no setting {name} (environment); did you mean {meant}?");
        }
    }
    Ok(())
}

/// Where to listen if a platform names the port: at the address that is set, with that port.
fn listen_at_port(figment: &Figment) -> anyhow::Result<Option<SocketAddr>> {
    let Ok(port) = std::env::var(PORT) else { return Ok(None) };
    let port: u16 = port.parse().with_context(|| format!("{PORT} is {port:?}, not a port"))?;
    // An address that cannot be read is told of with all the rest.
    let listen = figment.extract_inner::<SocketAddr>("http.listen").ok();
    Ok(listen.map(|listen| SocketAddr::new(listen.ip(), port)))
}

/// Says which setting is wrong, where it stands, and what was meant.
fn in_words(error: &figment::Error) -> String {
    let texts: Vec<String> = error
        .clone()
        .into_iter()
        .map(|error| {
            let place = error.metadata.as_ref().map_or_else(String::new, place);
            let path = error.path.join(".");
            if let Kind::UnknownField(name, known) = &error.kind {
                return format!("there is no setting {name:?}{place}{}", suggestion(name, known));
            }
            let colon = if path.is_empty() { "" } else { ": " };
            format!("{path}{colon}{}{place}", error.kind)
        })
        .collect();
    texts.join("\n")
}

fn place(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(Source::File(path)) => format!(" ({})", path.display()),
        Some(_) | None => format!(" ({})", metadata.name),
    }
}

fn suggestion(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|one| (strsim::damerau_levenshtein(name, one), one)).min();
    match near {
        Some((distance, one)) if distance <= 3 => format!("; did you mean {one:?}?"),
        _ => format!("; there are: {}", known.join(", ")),
    }
}
