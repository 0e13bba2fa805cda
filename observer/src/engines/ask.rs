//! Questions to container engines, and what they answer: each is asked for itself, all at once.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    failure::{EngineError, Failure, PATIENCE, Why},
    http,
};
use crate::container::is_id;

/// A container as its engine knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// 64 hex digits, as in the name of its cgroup.
    pub id: String,
    /// Its name, without the slash that Docker puts first.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// What else of it the engine's helpers may name: its addresses in the networks that it has
    /// joined by now, and the place of its network namespace.
    pub marks: Vec<String>,
}

/// What the engines answered.
#[derive(Debug, Default)]
pub struct Found {
    /// Containers, by id, each once.
    pub containers: Vec<Named>,
    /// Engines that are there and did not answer: these may know more.
    pub failures: Vec<Failure>,
}

/// Asks all engines of this machine for the containers that a name stands for, or the whole or the
/// beginning of an id. More than one when several engines know it: the caller has to choose.
///
/// The engines are those at `$DOCKER_HOST`, in `/run` and in `$XDG_RUNTIME_DIR`. Each asks for its
/// own privileges, Docker for membership in its group.
///
/// # Errors
///
/// [`EngineError`].
pub fn id_of(name: &str) -> Result<Found, EngineError> {
    Engines::of_environment().id_of(name)
}

/// Asks all engines of this machine for all of their containers, those not running included. Which
/// engines, and with what privileges: see [`id_of`].
///
/// # Errors
///
/// [`EngineError::NoEngine`].
pub fn names() -> Result<Found, EngineError> {
    Engines::of_environment().names()
}

/// Asks all engines of this machine for the containers with these whole ids, those not running
/// included. Those that no engine knows are left out. Which engines, and with what privileges: see
/// [`id_of`].
///
/// # Errors
///
/// [`EngineError::NoEngine`].
pub fn of_ids(ids: &[String]) -> Result<Found, EngineError> {
    Engines::of_environment().of_ids(ids)
}

/// As [`id_of`], of the engine that listens on this socket, if it is known; the others are asked
/// if it does not answer with one.
///
/// # Errors
///
/// [`EngineError`].
pub fn id_of_at(socket: &Path, name: &str) -> Result<Found, EngineError> {
    Engines::at(socket).id_of(name).or_else(|_unknown_there| id_of(name))
}

/// Places where engines listen.
struct Engines(Vec<PathBuf>);

impl Engines {
    fn of_environment() -> Self {
        Self::new(env::var("DOCKER_HOST").ok(), env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
    }

    /// Only this socket; a relative path does not count.
    fn at(socket: &Path) -> Self {
        let places = [socket].into_iter().filter(|socket| socket.is_absolute());
        Self(places.map(Path::to_owned).collect())
    }

    /// A place that has two paths counts once.
    fn new(docker_host: Option<String>, runtime_folder: Option<PathBuf>) -> Self {
        let given = docker_host.filter(|host| !host.is_empty());
        let fixed = ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"];
        let own = runtime_folder.filter(|folder| folder.is_absolute()).into_iter();
        let mut places: Vec<PathBuf> = given.map(PathBuf::from).into_iter().collect();
        places.extend(fixed.map(PathBuf::from));
        places.extend(own.flat_map(|f| [f.join("docker.sock"), f.join("podman/podman.sock")]));
        let mut once = Vec::new();
        let is_new = |place: &PathBuf| {
            let real = real_path(place);
            let is_new = !once.contains(&real);
            once.push(real);
            is_new
        };
        places.retain(is_new);
        Self(places)
    }

    fn id_of(&self, name: &str) -> Result<Found, EngineError> {
        let answers = if is_part_of_a_path(name) {
            self.ask(|socket, until| inspect(socket, name, until))
        } else {
            Vec::new()
        };
        let found = found(answers)?;
        if found.containers.is_empty() {
            return Err(EngineError::NotThere { name: name.to_owned(), failures: found.failures });
        }
        Ok(found)
    }

    fn names(&self) -> Result<Found, EngineError> {
        found(self.ask(|socket, until| all(socket, "", until)))
    }

    fn of_ids(&self, ids: &[String]) -> Result<Found, EngineError> {
        let mut ids = ids.iter().filter(|id| is_id(id)).peekable();
        if ids.peek().is_none() {
            return Ok(Found::default());
        }
        let list = ids.map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        // A list, unlike a look at one, does not wait for a container that is just being started.
        let filter = format!("&filters={}", percent_encoded(&format!("{{\"id\":[{list}]}}")));
        found(self.ask(|socket, until| all(socket, &filter, until)))
    }

    /// Asks all at once, so that one that hangs takes no time from the others.
    fn ask(&self, question: impl Fn(&Path, Instant) -> Result<Vec<Named>, Why> + Sync) -> Answers {
        let until = Instant::now() + PATIENCE;
        let question = &question;
        thread::scope(|scope| {
            let ask = |place: &PathBuf| {
                let place = place.clone();
                scope.spawn(move || {
                    let answer = socket_of(&place).and_then(|socket| question(&socket, until));
                    answer.map_err(|why| Failure { socket: place, why })
                })
            };
            let threads: Vec<_> = self.0.iter().map(ask).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        })
    }
}

/// Whether a name stays what it is in a path. One that does not is no container's.
fn is_part_of_a_path(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

type Answers = Vec<Result<Vec<Named>, Failure>>;

/// What `$DOCKER_HOST` holds, or a path.
fn socket_of(place: &Path) -> Result<PathBuf, Why> {
    match place.to_str().and_then(|text| text.split_once("://")) {
        Some(("unix", path)) => Ok(PathBuf::from(path)),
        Some(_) => Err(Why::NotUnix),
        None => Ok(place.to_owned()),
    }
}

fn real_path(place: &Path) -> PathBuf {
    let socket = socket_of(place).unwrap_or_else(|_| place.to_owned());
    let folder = socket.parent().and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, socket.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => socket,
    }
}

fn found(answers: Answers) -> Result<Found, EngineError> {
    let asked = answers.len();
    let mut found = Found::default();
    for answer in answers {
        match answer {
            Ok(containers) => found.containers.extend(containers),
            Err(failure) => found.failures.push(failure),
        }
    }
    if asked > 0 && found.failures.len() == asked {
        return Err(EngineError::NoEngine(found.failures));
    }
    found.failures.retain(|failure| !failure.is_absent());
    found.containers.sort();
    found.containers.dedup_by(|one, other| one.id == other.id);
    Ok(found)
}

/// What `GET /containers/NAME/json` answers, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    config: Config,
    #[serde(default)]
    network_settings: NetworkSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    #[serde(rename = "IPAddress")]
    address: String,
    /// The place of its network namespace.
    sandbox_key: String,
    /// By name; null in the answers of some engines.
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "IPAddress")]
    address: String,
    #[serde(rename = "GlobalIPv6Address")]
    address_6: String,
}

impl NetworkSettings {
    /// Each once; of a container that is not in a network they are empty.
    fn marks(self) -> Vec<String> {
        let endpoints = self.networks.unwrap_or_default().into_values().flatten();
        let all = endpoints.flat_map(|endpoint| [endpoint.address, endpoint.address_6]);
        let mut marks: Vec<_> = all.chain([self.address]).collect();
        // Docker's for all that are in the machine's own network.
        if !self.sandbox_key.ends_with("/default") {
            marks.push(self.sandbox_key);
        }
        marks.retain(|mark| !mark.is_empty());
        marks.sort();
        marks.dedup();
        marks
    }
}

fn inspect(socket: &Path, name: &str, until: Instant) -> Result<Vec<Named>, Why> {
    let path = format!("/containers/{}/json", percent_encoded(name));
    let answer = http::get(socket, &path, until)?;
    if answer.status == 404 && message(&answer.body).to_lowercase().contains("no such container") {
        return Ok(Vec::new());
    }
    let Inspected { id, name, config, network_settings } = understand(&answer)?;
    let named = Named { marks: network_settings.marks(), ..named(id, &name, config.image)? };
    Ok(vec![named])
}

/// What `GET /containers/json` answers, for each container.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    image: String,
    #[serde(default)]
    network_settings: NetworkSettings,
}

fn all(socket: &Path, filter: &str, until: Instant) -> Result<Vec<Named>, Why> {
    let answer = http::get(socket, &format!("/containers/json?all=1{filter}"), until)?;
    let containers: Vec<Listed> = understand(&answer)?;
    containers
        .into_iter()
        .map(|Listed { id, names, image, network_settings }| {
            let marks = network_settings.marks();
            Ok(Named { marks, ..named(id, own(&names), image)? })
        })
        .collect()
}

/// Others call a container `/other/alias`; its own name has one slash.
fn own(names: &[String]) -> &str {
    names.iter().find(|name| !bare(name).contains('/')).map_or("", String::as_str)
}

fn bare(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

fn named(id: String, name: &str, image: String) -> Result<Named, Why> {
    if !is_id(&id) {
        return Err(Why::NotUnderstood);
    }
    Ok(Named { id, name: bare(name).to_owned(), image, marks: Vec::new() })
}

fn understand<T: DeserializeOwned>(answer: &http::Answer) -> Result<T, Why> {
    if answer.status != 200 {
        return Err(Why::Refused { status: answer.status, message: message(&answer.body) });
    }
    serde_json::from_slice(&answer.body).ok().ok_or(Why::NotUnderstood)
}

/// The words of a refusal, or nothing.
fn message(body: &[u8]) -> String {
    const LONGEST: usize = 200;
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    let words = serde_json::from_slice(body).map_or_else(|_| String::new(), |r: Refusal| r.message);
    words.lines().next().unwrap_or_default().chars().take(LONGEST).collect()
}

/// RFC 3986: what is not unreserved.
fn percent_encoded(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        os::unix::net::{UnixListener, UnixStream},
        time::Duration,
    };

    use tempfile::TempDir;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const WATCHDOG: Duration = Duration::from_secs(20);

    /// Engines that answer one question each, in a folder of their own.
    struct Fakes {
        folder: TempDir,
        engines: Engines,
    }

    impl Fakes {
        fn new() -> Self {
            Self { folder: TempDir::new().unwrap(), engines: Engines(Vec::new()) }
        }

        /// With one that answers by this, given the first line of the question.
        fn with(mut self, answer: impl Fn(&str, &mut UnixStream) + Send + 'static) -> Self {
            let listener = self.listen();
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut question = [0; 4096];
                let size = stream.read(&mut question).unwrap();
                let question = str::from_utf8(&question[..size]).unwrap();
                answer(question.lines().next().unwrap(), &mut stream);
            });
            self
        }

        fn saying(self, answer: String) -> Self {
            // The one who asks hangs up when it has heard enough.
            self.with(move |_, stream| drop(stream.write_all(answer.as_bytes())))
        }

        fn listen(&mut self) -> UnixListener {
            let place = self.folder.path().join(self.engines.0.len().to_string());
            let listener = UnixListener::bind(&place).unwrap();
            self.engines.0.push(place);
            listener
        }

        fn with_none(mut self) -> Self {
            self.engines.0.push(self.folder.path().join("nobody"));
            self
        }

        fn id_of(&self, name: &str) -> Result<Found, EngineError> {
            let start = Instant::now();
            let answer = self.engines.id_of(name);
            assert!(start.elapsed() < WATCHDOG, "it took {:?}", start.elapsed());
            answer
        }

        fn assert_fails(&self, expected: &str) {
            let error = self.id_of("web").unwrap_err().to_string();
            assert!(error.starts_with("no container engine answers: "), "{error}");
            assert!(error.ends_with(expected), "{error}");
        }
    }

    fn inspected(id: &str, name: &str) -> String {
        format!(r#"{{"Id":"{id}","Name":"/{name}","Config":{{"Image":"box"}},"State":{{}}}}"#)
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}")
    }

    fn not_there() -> String {
        let body = r#"{"message":"No such container: web"}"#;
        format!("HTTP/1.0 404 Not Found\r\n\r\n{body}\n")
    }

    fn web(id: &str) -> Named {
        Named {
            id: id.to_owned(),
            name: "web".to_owned(),
            image: "box".to_owned(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_container_is_found_by_its_name() {
        let fakes = Fakes::new().with_none().with(|question, stream| {
            assert_eq!(question, "GET /containers/web/json HTTP/1.0");
            stream.write_all(ok(&inspected(ID, "web")).as_bytes()).unwrap();
        });
        let found = fakes.id_of("web").unwrap();
        assert_eq!(found.containers, [web(ID)]);
        assert!(found.failures.is_empty(), "no engine at a place is no failure");
    }

    #[test]
    fn no_name_becomes_another_question() {
        let fakes = Fakes::new().with(|question, stream| {
            assert_eq!(question, "GET /containers/a%2F..%20b%3Fx%0D%0A%C3%A4/json HTTP/1.0");
            stream.write_all(not_there().as_bytes()).unwrap();
        });
        assert!(matches!(fakes.id_of("a/.. b?x\r\nä"), Err(EngineError::NotThere { .. })));
        for name in ["", ".", "..", "../images", "a//b", "/"] {
            assert!(matches!(Fakes::new().id_of(name), Err(EngineError::NotThere { .. })));
        }
    }

    #[test]
    fn an_unknown_name_is_not_there() {
        let error = Fakes::new().saying(not_there()).with_none().id_of("web").unwrap_err();
        assert_eq!(error.to_string(), "no container is called `web`");
        let podman = r#"{"cause":"no such container","message":"no container with name or ID \"web\" found: no such container","response":404}"#;
        let fakes = Fakes::new().saying(format!("HTTP/1.1 404 Not Found\r\n\r\n{podman}"));
        assert!(matches!(fakes.id_of("web"), Err(EngineError::NotThere { .. })));
    }

    #[test]
    fn another_404_is_a_refusal() {
        let body = r#"{"message":"page not found"}"#;
        Fakes::new()
            .saying(format!("HTTP/1.0 404 Not Found\r\n\r\n{body}"))
            .assert_fails(": it answered 404: page not found");
    }

    #[test]
    fn two_engines_may_know_the_name() {
        let other = ID.replace('0', "f");
        let fakes = Fakes::new()
            .saying(ok(&inspected(&other, "web")))
            .saying(ok(&inspected(ID, "web")))
            .saying(not_there())
            .saying(ok(&inspected(ID, "web")));
        assert_eq!(fakes.id_of("web").unwrap().containers, [web(ID), web(&other)]);
    }

    #[test]
    fn an_engine_that_fails_is_told_beside_the_answer_of_another() {
        let fakes = Fakes::new()
            .saying(ok(&inspected(ID, "web")))
            .saying("HTTP/1.0 500 Oh\r\n\r\n".to_owned());
        let found = fakes.id_of("web").unwrap();
        assert_eq!(found.containers, [web(ID)]);
        assert!(matches!(
            found.failures[..],
            [Failure { why: Why::Refused { status: 500, .. }, .. }]
        ));
        let fakes = Fakes::new().saying(not_there()).saying("?".to_owned());
        let error = fakes.id_of("web").unwrap_err().to_string();
        assert!(error.contains("`web`; some engines do not answer: "), "{error}");
        assert!(error.ends_with("/1`: its answer cannot be understood"), "{error}");
    }

    #[test]
    fn without_an_engine_every_place_is_named() {
        let mut fakes = Fakes::new().with_none();
        fakes.engines.0.push("tcp://192.0.2.1:2375".into());
        let error = fakes.id_of("web").unwrap_err().to_string();
        assert!(error.contains("/nobody`: No such file"), "{error}");
        assert!(
            error.ends_with("`tcp://192.0.2.1:2375`: only unix:// sockets can be used"),
            "{error}"
        );
    }

    #[test]
    fn one_that_hangs_costs_two_seconds_and_not_the_others() {
        let mut fakes = Fakes::new().saying(ok(&inspected(ID, "web"))).with(|_, stream| {
            // Drips: each byte is in time, their end is not.
            while stream.write_all(b"H").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        });
        let _never_accepts = fakes.listen();
        let found = fakes.id_of("web").unwrap();
        assert_eq!(found.containers, [web(ID)]);
        let slow = |failure: &Failure| matches!(failure.why, Why::TooSlow);
        assert_eq!(found.failures.iter().filter(|failure| slow(failure)).count(), 2);
    }

    #[test]
    fn garbage_is_not_understood() {
        for answer in [
            String::new(),
            "\0\u{1}".repeat(1000),
            ok(""),
            ok("{}"),
            ok("[]"),
            ok(&inspected("short", "web")),
            ok(&inspected(&"../".repeat(64)[..64], "web")),
            ok(&inspected(ID, "web")[..50]),
        ] {
            Fakes::new().saying(answer).assert_fails(": its answer cannot be understood");
        }
    }

    #[test]
    fn an_answer_without_end_is_cut_off() {
        Fakes::new()
            .with(|_, stream| {
                let piece = [b' '; 4096];
                drop(stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n"));
                while stream.write_all(&piece).is_ok() {}
            })
            .assert_fails(": its answer is larger than 4 MiB");
    }

    #[test]
    fn a_redirect_is_not_followed() {
        Fakes::new()
            .saying("HTTP/1.0 301 Moved\r\nLocation: /json\r\n\r\n".to_owned())
            .assert_fails(": it answered 301");
    }

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let body = inspected(ID, "web");
        let (first, second) = body.split_at(40);
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let body = [chunk(first), chunk(second), chunk("")].concat();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n";
        let fakes = Fakes::new().saying(format!("{head}{body}"));
        assert_eq!(fakes.id_of("web").unwrap().containers, [web(ID)]);
    }

    #[test]
    fn all_containers_are_listed_by_their_own_names() {
        let other = ID.replace('0', "f");
        let body = format!(
            r#"[{{"Id":"{other}","Names":["/web/db","/db"],"Image":"x"}},
                {{"Id":"{ID}","Names":["/web"],"Image":"box"}}]"#
        );
        let fakes = Fakes::new().with(move |question, stream| {
            assert_eq!(question, "GET /containers/json?all=1 HTTP/1.0");
            stream.write_all(ok(&body).as_bytes()).unwrap();
        });
        let db = Named { id: other, name: "db".to_owned(), image: "x".to_owned(), ..web(ID) };
        assert_eq!(fakes.engines.names().unwrap().containers, [web(ID), db]);
        assert!(Fakes::new().saying(ok("[]")).engines.names().unwrap().containers.is_empty());
    }

    #[test]
    fn names_are_found_by_ids() {
        let other = ID.replace('0', "f");
        let filter = format!("%7B%22id%22%3A%5B%22{ID}%22%2C%22{other}%22%5D%7D");
        let fakes = Fakes::new().with_none().with(move |question, stream| {
            let wanted = format!("GET /containers/json?all=1&filters={filter} HTTP/1.0");
            assert_eq!(question, wanted);
            let body = format!(r#"[{{"Id":"{ID}","Names":["/web"],"Image":"box"}}]"#);
            stream.write_all(ok(&body).as_bytes()).unwrap();
        });
        let ids = [ID.to_owned(), "\"],".to_owned(), other];
        assert_eq!(fakes.engines.of_ids(&ids).unwrap().containers, [web(ID)]);
        let nobody = Fakes::new().with_none();
        assert!(matches!(nobody.engines.of_ids(&ids), Err(EngineError::NoEngine(_))));
        assert!(nobody.engines.of_ids(&[]).unwrap().containers.is_empty());
    }

    #[test]
    fn marks_come_from_all_networks() {
        let settings = r#"{"IPAddress":"172.17.0.2","SandboxKey":"/run/netns/1","Networks":{
            "bridge":{"IPAddress":"172.17.0.2","GlobalIPv6Address":""},"gone":null,
            "web":{"IPAddress":"10.0.0.5","GlobalIPv6Address":"fd00::5"}}}"#;
        let inspected = |settings| {
            let head = format!(r#"{{"Id":"{ID}","Name":"/web","Config":{{"Image":"box"}}"#);
            ok(&format!(r#"{head},"NetworkSettings":{settings}}}"#))
        };
        let marks = |found: Found| found.containers[0].marks.clone();
        let expected = ["/run/netns/1", "10.0.0.5", "172.17.0.2", "fd00::5"];
        let fakes = Fakes::new().saying(inspected(settings));
        assert_eq!(marks(fakes.id_of("web").unwrap()), expected);
        let listed = format!(r#"[{{"Id":"{ID}","Names":["/web"],"NetworkSettings":{settings}}}]"#);
        let fakes = Fakes::new().saying(ok(&listed));
        assert_eq!(marks(fakes.engines.of_ids(&[ID.to_owned()]).unwrap()), expected);
        // The machine's own network says nothing of who is in it.
        let shared = r#"{"IPAddress":"","SandboxKey":"/run/docker/netns/default","Networks":null}"#;
        let fakes = Fakes::new().saying(inspected(shared));
        assert!(marks(fakes.id_of("web").unwrap()).is_empty());
    }

    #[test]
    fn the_engine_of_a_socket_answers_alone() {
        let fakes = Fakes::new().saying(ok(&inspected(ID, "web")));
        let found = id_of_at(&fakes.engines.0[0], "web").unwrap();
        assert_eq!((found.containers, found.failures.len()), (vec![web(ID)], 0));
        for nowhere in ["", "not/absolute"] {
            assert!(Engines::at(Path::new(nowhere)).0.is_empty());
        }
    }

    #[test]
    fn each_place_is_asked_once() {
        let engines = Engines::new(Some("unix:///run/docker.sock".to_owned()), Some("/run".into()));
        let places: Vec<_> = engines.0.iter().filter_map(|place| place.to_str()).collect();
        let same = fs::canonicalize("/var/run").is_ok_and(|folder| folder == Path::new("/run"));
        let expected: &[&str] = if same {
            &["unix:///run/docker.sock", "/run/podman/podman.sock"]
        } else {
            &["unix:///run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"]
        };
        assert_eq!(places, expected);
        let engines = Engines::new(None, Some("not/absolute".into()));
        assert!(engines.0.iter().all(|place| place.is_absolute()), "{:?}", engines.0);
    }
}
