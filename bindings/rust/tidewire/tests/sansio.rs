// SPDX-License-Identifier: MIT
//! What the vectors do not show: borrows, ownership, threads, and how the API refuses misuse.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tidewire::{
    BufferPool, CloseCause, Config, Connection, Deflate, DeflateConfig, Error, Event, Opcode, Outgoing, PoolClass,
    PoolConfig, Prepared, SendFlags, State, Status,
};

fn server() -> Connection {
    Connection::upgraded(&Config::server(), Deflate::default()).expect("a server")
}

fn client() -> Connection {
    Connection::upgraded(&Config::client("h"), Deflate::default()).expect("a client")
}

/// The status of a refused call.
fn rejected<T: std::fmt::Debug>(result: Result<T, Error>) -> Status {
    match result {
        Err(Error::Rejected(status)) => status,
        other => panic!("not refused: {other:?}"),
    }
}

/// Writes the output of `from` into the read buffer of `to`.
fn pass(from: &mut Connection, to: &mut Connection) {
    let output = from.output();
    let mut room = to.read_buffer(0).expect("room");
    let mut len = 0;
    for view in output.views() {
        room.initialized()[len..len + view.len()].copy_from_slice(view);
        len += view.len();
    }
    output.consume(len).expect("all that was shown");
    room.commit(len).expect("it fits");
}

#[test]
fn server_answers_while_it_looks_at_more_events_than_a_call_brings() {
    let (mut client, mut server) = (client(), server());
    for number in 0..100 {
        client.send_text(&format!("message {number}")).expect("open");
    }
    let mut data = client.output().to_vec();
    let (mut events, mut sender) = server.receive(&mut data).expect("no events are left");
    let mut count = 0;
    while let Some(event) = events.next().expect("good frames") {
        let Event::Text(text) = event else { panic!("{event:?}") };
        assert_eq!(text, format!("message {count}"));
        sender.send_text(text).expect("open");
        count += 1;
    }
    assert_eq!((count, events.rest_len()), (100, 0));
    assert_eq!(sender.output_len(), (0..100).map(|number| 2 + format!("message {number}").len()).sum());
}

#[test]
fn events_of_the_read_buffer_wait_until_they_are_looked_at() {
    let (mut client, mut server) = (client(), server());
    for _ in 0..30 {
        client.send_binary(b"tide").expect("open");
    }
    pass(&mut client, &mut server);
    assert!(server.advance().expect("an event"));
    assert_eq!(server.current(), Some(Event::Binary(b"tide")));
    let mut server = thread::spawn(move || server).join().expect("a connection may move to another thread");
    assert_eq!(server.current(), Some(Event::Binary(b"tide")));
    assert!(server.has_events());
    assert_eq!(rejected(server.read_buffer(0).map(|_| ())), Status::STATE);
    assert_eq!(rejected(server.receive(&mut []).map(|_| ())), Status::STATE);
    let mut count = 1;
    while server.advance().expect("good frames") {
        let (event, mut sender) = server.current_with_sender().expect("an event");
        let Event::Binary(data) = event else { panic!("{event:?}") };
        sender.send_binary(data).expect("open");
        count += 1;
    }
    assert_eq!((count, server.has_events(), server.current()), (30, false, None));
    server.release();
    assert!(server.read_buffer(0).is_ok());
}

#[test]
fn events_in_a_buffer_of_the_caller_end_with_it() {
    let mut server = server();
    let mut data = *b"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b";
    let (mut events, _) = server.receive(&mut data).expect("no events are left");
    assert_eq!(events.next().expect("a frame"), Some(Event::Text("a")));
    assert_eq!(events.offset(), Some(0));
    assert_eq!(server.current(), None);
    assert!(server.current_with_sender().is_none());
    assert!(!server.has_events());
    assert_eq!(rejected(server.detach()), Status::STATE);
    assert!(!server.advance().expect("nothing is wrong"));
    assert!(server.events().0.next().expect("nothing is wrong").is_none());
}

#[test]
fn the_failure_comes_behind_the_events_and_again() {
    let mut server = server();
    let mut data = *b"\x82\x80\0\0\0\0\x83\x80\0\0\0\0";
    let (mut events, _) = server.receive(&mut data).expect("no events are left");
    assert_eq!(events.next().expect("a frame"), Some(Event::Binary(b"")));
    for _ in 0..2 {
        let Err(Error::Failed(failure)) = events.next() else { panic!("opcode 3 is reserved") };
        assert_eq!((failure.status(), failure.offset()), (Status::OPCODE, 6));
        assert_eq!(failure.to_string(), "the opcode is reserved at byte 6 (RFC 6455 5.2)");
    }
    let error = std::io::Error::from(Error::Failed(server.error().expect("it has failed")));
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(server.close_info().cause, CloseCause::Error);
    assert_eq!(server.output().to_vec(), b"\x88\x02\x03\xea");
}

#[test]
fn a_read_buffer_takes_only_bytes_that_were_written() {
    let mut server = server();
    let room = server.read_buffer(0).expect("room");
    assert_eq!(rejected(room.commit(1)), Status::ARGUMENT);
    let mut room = server.read_buffer(0).expect("the room was given back");
    for (to, from) in room.uninit().iter_mut().zip(b"\x89\x80\0\0\0\0") {
        to.write(*from);
    }
    // SAFETY: six bytes were written.
    unsafe { room.assume_initialized(6) };
    room.commit(6).expect("so many are written");
    assert_eq!(server.events().0.next().expect("a ping"), Some(Event::Ping(b"")));
    let mut room = server.read_buffer(0).expect("room");
    room.initialized();
    room.uninit()[0] = std::mem::MaybeUninit::uninit();
    assert_eq!(rejected(room.commit(1)), Status::ARGUMENT);
    let mut room = server.read_buffer(0).expect("room");
    let len = room.capacity();
    assert!(room.initialized().iter().all(|byte| *byte == 0));
    assert_eq!(rejected(room.commit(len + 1)), Status::ARGUMENT);
}

#[test]
fn a_forgotten_read_buffer_does_no_harm() {
    let mut server = server();
    std::mem::forget(server.read_buffer(0).expect("room"));
    let mut data = *b"\x89\x80\0\0\0\0";
    let (mut events, _) = server.receive(&mut data).expect("no events are left");
    assert_eq!(events.next().expect("a ping"), Some(Event::Ping(b"")));
    assert!(server.read_buffer(0).is_ok());
}

#[test]
fn leases_outlive_their_connection_and_are_shared_by_threads() {
    let pool = BufferPool::new().expect("a pool");
    let config = Config::server().pool(pool.clone());
    let mut server = Connection::upgraded(&config, Deflate::default()).expect("a server");
    let mut client = client();
    // Fragments, which the engine puts together, and a frame that lies in the read buffer.
    client.send(Opcode::Text, "sea".as_bytes(), SendFlags::MORE).expect("open");
    client.send(Opcode::Continuation, "shore".as_bytes(), SendFlags::NONE).expect("open");
    client.send_binary(b"tide").expect("open");
    pass(&mut client, &mut server);
    let mut leases = Vec::new();
    while server.advance().expect("good frames") {
        leases.push(server.detach().expect("memory"));
        assert_eq!(server.current(), None);
        assert_eq!(rejected(server.detach()), Status::STATE);
    }
    drop((server, config, pool));
    let shared = leases.clone();
    let thread = thread::spawn(move || shared.iter().map(|lease| lease.to_vec()).collect::<Vec<_>>());
    assert_eq!(thread.join().expect("no panic"), [b"seashore".to_vec(), b"tide".to_vec()]);
    assert_eq!(&leases[0][..], b"seashore");
}

#[test]
fn misuse_of_sending_is_refused_and_changes_nothing() {
    let mut server = server();
    assert_eq!(rejected(server.send(Opcode::Text, b"\xff", SendFlags::NONE)), Status::TEXT);
    assert_eq!(rejected(server.send(Opcode::Continuation, b"", SendFlags::NONE)), Status::STATE);
    assert_eq!(
        rejected(server.send(Opcode::Text, b"", SendFlags::COMPRESS | SendFlags::NO_COMPRESS)),
        Status::ARGUMENT
    );
    assert_eq!(rejected(server.ping(&[0; 126])), Status::CONTROL_LENGTH);
    assert_eq!(rejected(server.close(Some(0), "")), Status::SEND_CLOSE_CODE);
    assert_eq!(rejected(server.close(Some(1005), "")), Status::SEND_CLOSE_CODE);
    assert_eq!(rejected(server.close(None, "why")), Status::ARGUMENT);
    assert_eq!(rejected(server.close(Some(1000), &"a".repeat(124))), Status::CONTROL_LENGTH);
    assert!(server.output().is_empty());
    let (count, result) = server.send_batch(&[
        Outgoing::text("a"),
        Outgoing::new(Opcode::Text, b"\xff", SendFlags::NONE),
        Outgoing::binary(b"b"),
    ]);
    assert_eq!((count, rejected(result)), (1, Status::TEXT));
    assert_eq!(server.output().to_vec(), b"\x81\x01a");
    let output = server.output();
    assert_eq!(rejected(output.consume(4)), Status::ARGUMENT);
    assert_eq!(server.output_len(), 3);
    server.close(None, "").expect("open");
    assert_eq!(rejected(server.send_text("")), Status::STATE);
    assert_eq!(server.state(), State::Closing);
}

#[test]
fn borrowed_data_is_shown_where_it_lies() {
    let mut server = server();
    let data = vec![b's'; 100_000];
    // SAFETY: the connection goes before the data does.
    unsafe { server.send_borrowed(Opcode::Binary, &data, SendFlags::NONE) }.expect("open");
    let output = server.output();
    assert!(output.views().iter().any(|view| view.as_ptr() == data.as_ptr()));
    let slices: Vec<u8> = output.io_slices().iter().flat_map(|slice| slice.iter().copied()).collect();
    assert_eq!(slices, output.to_vec());
    drop(server);
}

#[test]
fn a_prepared_message_goes_to_connections_in_several_threads() {
    let news = Arc::new(Prepared::text("high tide").expect("memory"));
    assert_eq!(rejected(Prepared::new(Opcode::Text, b"\xff", SendFlags::NONE)), Status::TEXT);
    assert_eq!(rejected(Prepared::new(Opcode::Continuation, b"", SendFlags::NONE)), Status::ARGUMENT);
    let threads = [(); 4].map(|()| {
        let news = Arc::clone(&news);
        thread::spawn(move || {
            let mut server = server();
            server.send_prepared(&news).expect("open");
            drop(news);
            server.output().to_vec()
        })
    });
    drop(news);
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), b"\x81\x09high tide");
    }
}

#[test]
fn strings_that_a_header_cannot_carry_are_refused_when_the_connection_is_created() {
    let config = || Config::client("h");
    let refused = |config: Config| rejected(Connection::new(&config));
    assert_eq!(refused(config().target("/\r\nX: y")), Status::HEADER_INJECTION);
    assert_eq!(refused(config().target("/a\0b")), Status::HEADER_INJECTION);
    assert_eq!(refused(config().header("Cookie\0", "a")), Status::HEADER_INJECTION);
    assert_eq!(refused(config().header("Upgrade", "h2c")), Status::HEADER_INJECTION);
    assert_eq!(refused(config().subprotocols(["a", "a"])), Status::ARGUMENT);
    assert_eq!(refused(Config::client("")), Status::ARGUMENT);
    assert_eq!(refused(config().deflate(DeflateConfig::new().level(10))), Status::ARGUMENT);
    assert_eq!(config().subprotocols(["a", "b"]).subprotocol(1), Some("b"));
}

#[test]
fn times_are_those_of_the_callers_clock() {
    let config = Config::server().idle_timeout(Duration::from_secs(3)).ping_interval(None);
    let mut server = Connection::upgraded(&config, Deflate::default()).expect("a server");
    let start = Duration::from_secs(100);
    assert_eq!(server.tick(start).expect("the first tick"), Some(start + Duration::from_secs(3)));
    let Err(Error::Failed(failure)) = server.tick(start + Duration::from_secs(3)) else { panic!("it was idle") };
    assert_eq!((failure.status(), failure.limit()), (Status::TIMEOUT_IDLE, Some("idle_timeout_ns")));
    assert_eq!(std::io::Error::from(Error::Failed(failure)).kind(), std::io::ErrorKind::TimedOut);
    let never = Config::server().idle_timeout(None).ping_interval(None);
    let mut server = Connection::upgraded(&never, Deflate::default()).expect("a server");
    assert_eq!(server.tick(Duration::MAX).expect("no clock is too late"), None);
    let zero = Config::server().idle_timeout(Duration::ZERO);
    let mut server = Connection::upgraded(&zero, Deflate::default()).expect("a server");
    server.tick(Duration::ZERO).expect("the first tick");
    assert!(server.tick(Duration::from_nanos(1)).is_err(), "zero is no default");
}

#[test]
fn a_limit_may_change_while_the_connection_is_open() {
    let mut client = client();
    client.set_max_message_len(2).expect("memory");
    let mut data = *b"\x82\x02ok\x82\x03sea";
    let (mut events, _) = client.receive(&mut data).expect("no events are left");
    assert_eq!(events.next().expect("short enough"), Some(Event::Binary(b"ok")));
    let Err(Error::Failed(failure)) = events.next() else { panic!("too long") };
    assert_eq!((failure.status(), failure.limit()), (Status::LIMIT_MESSAGE, Some("max_message_len")));
    assert_eq!(failure.close_code(), Some(1009));
}

#[test]
fn compressed_messages_go_both_ways_and_inflate_over_several_calls() {
    let deflate = DeflateConfig::new().max_call_len(1 << 10).max_ratio(2000);
    let agreed = Deflate::new(15, 15);
    let mut server = Connection::upgraded(&Config::server().deflate(deflate), agreed).expect("a server");
    let mut client = Connection::upgraded(&Config::client("h").deflate(deflate), agreed).expect("a client");
    assert!(server.deflate().is_enabled());
    let text = "tide ".repeat(20_000);
    client.send_text(&text).expect("open");
    assert!(client.output_len() < 2000);
    pass(&mut client, &mut server);
    assert!(server.advance().expect("a message"));
    assert_eq!(server.current(), Some(Event::Text(&text)));
    assert!(!server.advance().expect("nothing else"));
}

#[test]
fn a_pool_lives_as_long_as_what_uses_it() {
    let config = PoolConfig::new().classes([PoolClass { len: 512, max_idle: 0 }, PoolClass { len: 4096, max_idle: 2 }]);
    let pool = BufferPool::with_config(&config).expect("a pool");
    let mut buffer = pool.acquire(100).expect("memory");
    assert_eq!((buffer.capacity(), buffer.len()), (512, 0));
    buffer.extend_from_slice(&[7; 500]).expect("room");
    assert_eq!(buffer.extend_from_slice(&[8; 13]), Err(&[8][..]));
    buffer.resize(502);
    assert_eq!(buffer[498..], [7, 7, 0, 0]);
    buffer.resize(2);
    buffer[1] = 9;
    assert_eq!(buffer[..], [7, 9]);
    assert_eq!(pool.acquire_exact(300).expect("memory").capacity(), 300);
    assert_eq!((pool.stats().in_use_len, pool.stats().class_count), (512, 2));
    drop(pool.clone());
    drop(pool);
    let buffer = thread::spawn(move || buffer).join().expect("no panic");
    assert_eq!(buffer[..], [7, 9]);
    let descending = PoolConfig::new().classes([4096, 512].map(|len| PoolClass { len, max_idle: 0 }));
    assert_eq!(rejected(BufferPool::with_config(&descending)), Status::ARGUMENT);
}

#[test]
fn a_pool_reuses_what_was_given_back() {
    let pool = BufferPool::new().expect("a pool");
    drop(pool.acquire(1000).expect("memory"));
    drop(pool.acquire(1000).expect("memory"));
    let stats = pool.stats();
    assert_eq!((stats.hits, stats.misses, stats.idle_len), (1, 1, 1024));
    pool.trim(0);
    assert_eq!(pool.stats().idle_len, 0);
}

#[test]
fn an_idle_connection_with_a_pool_is_small() {
    let pool = BufferPool::new().expect("a pool");
    let config = Config::server().pool(pool);
    let mut conns: Vec<_> =
        (0..10).map(|_| Connection::upgraded(&config, Deflate::default()).expect("a server")).collect();
    let mut data = *b"\x81\x81\0\0\0\0a";
    let last = conns.last_mut().expect("ten");
    last.receive(&mut data).expect("no events are left").0.next().expect("a message");
    last.release();
    let held = usize::try_from(last.stats().held_len).expect("bytes");
    assert!(held + size_of::<Connection>() < 1024, "{held} and {}", size_of::<Connection>());
}
