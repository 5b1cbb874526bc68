//! Whether the files in `deploy/` speak of settings, commands and paths that the program has.
//!
//! The pages of the operator are the list: tests of the program hold them to its settings,
//! commands and exit codes.

use super::Finding;
use super::facts::{Facts, File};

const SETTINGS: &str = "docs/operate/configure.md";
const COMMANDS: &str = "docs/operate/cli.md";
const ROUTES: &str = "docs/protocol/http.md";
/// Where the program stands when it is installed.
const PROGRAM: &str = "/usr/local/bin/voodoo";
const METRICS: &str = "docs/operate/monitor.md";
/// Where the program listens if nobody says otherwise: for people, and for metrics.
const PORTS: [&str; 2] = ["8080", "9600"];

/// Finds what the program does not have.
pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let samples = facts.files.iter().filter(|file| file.path.starts_with("deploy/"));
    samples.flat_map(|sample| strange(facts, sample)).map(Finding::Fail).collect()
}

fn strange(facts: &Facts, sample: &File) -> Vec<String> {
    let has = |page, what: &str| {
        let page = facts.files.iter().find(|file| file.path == page);
        page.is_some_and(|page| page.text.contains(&format!("`{what}")))
    };
    let tell =
        |what: &str| format!("{} names {what}, which the program does not have", sample.path);
    let settings = settings(&sample.text).filter(|name| !has(SETTINGS, &format!("{name}`")));
    let commands = commands(&sample.text).filter(|name| !has(COMMANDS, &format!("voodoo {name}")));
    let routes = routes(&sample.text).filter(|path| !has(ROUTES, &format!("GET {path}`")));
    let ports = ports(&sample.text).filter(|port| !PORTS.contains(port));
    let metrics = metrics(&sample.text)
        .filter(|name| !["`", "{"].iter().any(|end| has(METRICS, &format!("{name}{end}"))));
    let words = settings.map(str::to_owned);
    let words = words.chain(commands.map(|name| format!("`voodoo {name}`")));
    let words = words.chain(routes.map(str::to_owned));
    let words = words.chain(metrics.map(str::to_owned));
    let words = words.chain(ports.map(|port| format!("port {port}")));
    words.map(|what| tell(&what)).collect()
}

/// Variables that are settings: those with two underscores, and `VOODOO_DATA`.
fn settings(text: &str) -> impl Iterator<Item = &str> {
    let is_letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(move |c: char| !is_letter(c));
    words.filter(|word| {
        word.starts_with("VOODOO_") && (word.contains("__") || *word == "VOODOO_DATA")
    })
}

/// The word behind the program, in a line of words or in a list of strings.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.split(PROGRAM).skip(1).filter_map(|rest| {
        let rest = rest.lines().next()?.trim_start_matches(['"', ',', ' ']);
        let word = rest.split(|c: char| !c.is_ascii_lowercase()).next()?;
        (!word.is_empty()).then_some(word)
    })
}

/// Names of metrics in a line with an expression; of a histogram its own name.
fn metrics(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("expr: "));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_lowercase() && c != '_'));
    let words = words.filter(|word| word.starts_with("voodoo_") || word.starts_with("process_"));
    words.map(|word| word.strip_suffix("_bucket").unwrap_or(word))
}

/// Paths by which health is asked for.
fn routes(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.starts_with('/') && word.ends_with('z'))
}

/// Ports of this machine to which something is handed on.
fn ports(text: &str) -> impl Iterator<Item = &str> {
    let places = text.split("127.0.0.1:").skip(1);
    places.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sample: &str) -> Vec<Finding> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = vec![
            file(SETTINGS, "| `VOODOO_DATA` | `VOODOO_HTTP__LISTEN` |"),
            file(COMMANDS, "| `voodoo serve` | `voodoo healthcheck` |"),
            file(ROUTES, "`GET /livez` and `GET /readyz`"),
            file(METRICS, "| `voodoo_a_seconds` | `voodoo_b_total{rule}` | `process_c` |"),
            file("deploy/x", sample),
        ];
        check(&Facts { files, ..Facts::default() })
    }

    #[test]
    fn what_the_program_has_may_be_named() {
        let sample = "ENV VOODOO_DATA=/data VOODOO_HTTP__LISTEN=0.0.0.0:8080\n\
            ExecStart=/usr/local/bin/voodoo serve\nCMD [\"/usr/local/bin/voodoo\", \"healthcheck\"]\n\
            ENTRYPOINT [\"/usr/local/bin/voodoo\"]\nGET /readyz\nserver 127.0.0.1:8080;\n\
            ${VOODOO_PUBLIC_URL:-x}\ntargets: [\"127.0.0.1:9600\"]\n\
            expr: f(voodoo_a_seconds_bucket[5m]) > voodoo_b_total{rule=\"x\"} + process_c";
        assert_eq!(found(sample), []);
    }

    #[test]
    fn what_it_does_not_have_is_found() {
        let check = |sample, what| {
            let expect = format!("deploy/x names {what}, which the program does not have");
            assert_eq!(found(sample), [Finding::Fail(expect)]);
        };
        check("VOODOO_HTTP__LISTN=1", "VOODOO_HTTP__LISTN");
        check("ExecStart=/usr/local/bin/voodoo start", "`voodoo start`");
        check("path: /healthyz", "/healthyz");
        check("  expr: voodoo_a > 1", "voodoo_a");
        check("url: http://127.0.0.1:8081", "port 8081");
    }
}
