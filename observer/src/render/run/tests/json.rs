use serde_json::{Value, json};

use super::{story::*, *};

fn document(account: &Account<'_>) -> Value {
    serde_json::from_slice(&crate::render::run::json(account, setting(&machine()))).unwrap()
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[test]
fn a_container_is_joined_to_its_client_and_its_processes_to_it() {
    let document: Value = docker_run().with(|report| {
        serde_json::from_slice(&crate::render::run::json::document(report)).unwrap()
    });
    assert!(!has_null(&document), "{document}");
    let client = "1f3a9c02-4711-500";
    assert_eq!(
        document["containers"],
        json!([{
            "id": ID, "runtime": "docker", "name": "web", "image": "alpine:3",
            "addresses": ["172.17.0.2"], "because": {"fact": "socket", "of": client}, "started": true,
        }])
    );
    let becauses: Vec<_> =
        document["processes"].as_array().unwrap().iter().map(|it| it["because"].clone()).collect();
    assert_eq!(becauses[0], json!({"fact": "parent", "of": "1f3a9c02-4700-400"}));
    assert_eq!(becauses[1], json!({"fact": "argv", "of": ID}));
    assert_eq!(becauses[3], json!({"fact": "cgroup", "of": ID}));
    assert_eq!(becauses[4], json!({"fact": "parent", "of": "1f3a9c02-4731-521"}));
    let killed = &document["processes"][4];
    assert_eq!(killed["container"], json!({"id": ID, "runtime": "docker", "name": "web"}));
    assert_eq!(killed["role"], "container process");
    assert_eq!(
        killed["process"]["exit"],
        json!({"signal": 9, "name": "SIGKILL", "core_dumped": false})
    );
}

#[test]
fn a_process_has_its_life_what_it_used_and_what_it_ran() {
    let mut told = Told::command(10);
    told.exec(key(10, 0), &[b"sh", b"-c", b"x"]);
    told.exec(key(10, 0), &[b"\xffed"]);
    told.exit(key(10, 0), 50, Some(Status::Code(3)));
    let command = [Bytes::from_static(b"sh"), Bytes::from_static(b"\xff")];
    let account = Account { status: Some(Status::Code(3)), ..account(&command, &told.0) };
    let document = document(&account);
    assert!(!has_null(&document), "{document}");
    assert_eq!(document["v"], 1);
    assert_eq!(document["command"], json!(["sh", "\u{fffd}"]));
    assert_eq!(document["raw"], json!({"command": ["c2g=", "/w=="]}));
    assert_eq!(document["exit"], json!({"code": 3}));
    assert_eq!(document["begin"]["boot_ns"], "5000000000");
    assert_eq!(
        [&document["duration_ns"], &document["watched_ns"]],
        [50_000_000, 2_000_000_000_u64]
    );
    let process = &document["processes"][0];
    assert_eq!(process["process"]["id"], "1f3a9c02-10-500");
    assert_eq!(process["process"]["exit"], json!({"code": 3}));
    assert_eq!([&process["start_offset_ns"], &process["duration_ns"]], [0, 50_000_000]);
    assert_eq!(process["cpu_time_ns"], 3_000_000);
    assert_eq!([&process["user_time_ns"], &process["system_time_ns"]], [2_000_000, 1_000_000]);
    assert_eq!(process["max_rss"], 4_096_000);
    assert_eq!(process.get("running"), None);
    let exec = &process["execs"][0];
    assert_eq!(exec["executable"], json!({"path": "sh"}));
    assert_eq!(exec["command_args"], json!(["sh", "-c", "x"]));
    assert_eq!([&exec["start_offset_ns"], &process["execs"][1]["start_offset_ns"]], [1_000_000; 2]);
    assert_eq!(exec.get("raw"), None);
    let exact = json!({"command_args": ["/2Vk"], "executable_path": "/2Vk"});
    assert_eq!(process["execs"][1]["raw"], exact);
    assert_eq!(process["execs"][1]["command_args"], json!(["\u{fffd}ed"]));
    assert_eq!(
        document["totals"],
        json!({
            "processes": 1, "running": 0, "execs": 2, "failures": 1, "containers": 0,
            "cpu_time_ns": 3_000_000,
            "longest": {"id": "1f3a9c02-10-500", "duration_ns": 50_000_000},
        })
    );
}

#[test]
fn what_is_not_known_is_absent() {
    let told = Told::command(10);
    let command = words("x");
    let account = Account { status: None, lost: 2, ..account(&command, &told.0) };
    let document = document(&account);
    assert!(!has_null(&document), "{document}");
    assert_eq!(document.get("exit"), None);
    assert_eq!([&document["lost"], &document["complete"]], [&json!(2), &json!(false)]);
    let process = &document["processes"][0];
    assert_eq!(process["running"], true);
    assert_eq!(process["duration_ns"], 2_000_000_000_u64);
    for absent in ["cpu_time_ns", "max_rss", "container"] {
        assert_eq!(process.get(absent), None, "{absent}");
    }
    assert_eq!(process["process"].get("exit"), None);
    assert_eq!(process["execs"], json!([]));
}
