//! Starts the real program.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The running program; killed when a test ends early.
struct Program(Child);

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_restricted-sender-sandbox"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn invitation(&mut self) -> Value {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.0.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn clock_of(invitation: &Value) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/sandbox/clock", invitation["plainUri"].as_str().unwrap());
    client.get(url).send().await.unwrap().json::<Value>().await.unwrap()["now"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn invites_serves_and_stops_politely() {
    let mut program = Program::start(&["--time-scale", "0", "--scenario", "empty", "--seed", "7"]);
    let invitation = program.invitation();
    assert_eq!(invitation["organization"], "contoso.onmicrosoft.com");
    assert_eq!(clock_of(&invitation).await, clock_of(&invitation).await, "the clock stands still");
    #[cfg(unix)]
    {
        let stopped = Command::new("kill").arg(program.0.id().to_string()).status().unwrap();
        assert!(stopped.success());
        assert_eq!(program.0.wait().unwrap().code(), Some(0));
        assert_eq!(program.errors(), "");
    }
}

#[tokio::test]
async fn the_seed_decides_the_tenant() {
    let tenant = |seed: &str| Program::start(&["--seed", seed]).invitation()["tenantId"].clone();
    assert_eq!(tenant("7"), tenant("7"));
    assert_ne!(tenant("7"), tenant("8"));
}

#[test]
fn a_port_in_use_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut program = Program::start(&["--port", &port]);
    assert_eq!(program.0.wait().unwrap().code(), Some(1));
    let errors = program.errors();
    assert!(errors.contains(&format!("port {port} is in use; choose another with --port")), "{errors}");
}

#[test]
fn a_chosen_port_is_taken() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut program = Program::start(&["--port", &port.to_string()]);
    assert_eq!(program.invitation()["uri"], format!("https://localhost:{port}"));
}

#[tokio::test]
async fn a_plan_of_faults_is_followed_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = r#"[{"match": "openid-configuration", "skip": 1, "fault": {"kind": "status", "status": 418}}]"#;
    let mut program = Program::start(&["--faults", &plan("good.json", good)]);
    let invitation = program.invitation();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (uri, tenant) = (invitation["plainUri"].as_str().unwrap(), invitation["tenantId"].as_str().unwrap());
    for status in [200, 418, 200] {
        let url = format!("{uri}/{tenant}/v2.0/.well-known/openid-configuration");
        assert_eq!(client.get(url).send().await.unwrap().status(), status);
    }

    let second = r#"[{"match": "token", "fault": {"kind": "drop"}}, {"match": "token", "fault": {"kind": "explode"}}]"#;
    for (file, says) in [
        (plan("second.json", second), "fault 2 of --faults: unknown variant `explode`"),
        (plan("none.json", "{}"), "is no JSON list of faults"),
        (folder.path().join("absent").to_str().unwrap().to_owned(), "cannot read"),
    ] {
        let mut program = Program::start(&["--faults", &file]);
        assert_eq!(program.0.wait().unwrap().code(), Some(1));
        let errors = program.errors();
        assert!(errors.contains(says), "{errors}");
    }
}

#[test]
fn arguments_that_make_no_sense() {
    for (arguments, text) in [
        (["--scenario", "huge"], "standard, empty, large"),
        (["--time-scale", "-1"], "--time-scale"),
        (["--time-scale", "NaN"], "from 0 to"),
        (["--port", "70000"], "--port"),
    ] {
        let mut program = Program::start(&arguments);
        assert_eq!(program.0.wait().unwrap().code(), Some(2));
        let errors = program.errors();
        assert!(errors.contains(text), "{errors}");
    }
}
