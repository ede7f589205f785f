// SPDX-License-Identifier: MIT
//! Opening handshakes of `tidewire::tokio`, and both roles against each other over real sockets.
#![cfg(feature = "tokio")]

mod stream_support;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _, future};
use stream_support::{masked, plain};
use tidewire::handshake::{Refusal, Upgrade, is_upgrade};
use tidewire::tokio::{
    WebSocketStream, accept_async, accept_async_with_config, accept_with, client_async, connect_async,
};
use tidewire::{ClientRequest, Config, Deflate, DeflateConfig, Error, Message, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn url() -> ClientRequest {
    ClientRequest::new("ws://localhost/chat").unwrap()
}

async fn pair(request: ClientRequest, config: Config) -> [WebSocketStream<DuplexStream>; 2] {
    let (left, right) = duplex(1 << 16);
    let (client, server) = tokio::join!(client_async(request, left), accept_async_with_config(right, config));
    [client.unwrap().0, server.unwrap()]
}

/// Opens a connection over TCP as both sides.
async fn tcp_pair() -> [WebSocketStream<TcpStream>; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let accepting = async { accept_async(listener.accept().await.unwrap().0).await };
    let (client, server) = tokio::join!(connect_async(url), accepting);
    [client.unwrap().0, server.unwrap()]
}

/// What a server says to this, and how its handshake ends.
async fn server_answers(request: &str, config: Config) -> (String, Result<(), Error>) {
    let (mut client, stream) = duplex(1 << 16);
    client.write_all(request.as_bytes()).await.unwrap();
    let result = accept_async_with_config(stream, config).await.map(drop);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    (answer, result)
}

/// How a client's handshake ends when the server says this.
async fn client_hears(response: &str) -> Error {
    let (stream, mut server) = duplex(1 << 16);
    server.write_all(response.as_bytes()).await.unwrap();
    client_async(url(), stream).await.unwrap_err()
}

fn status_of(error: &Error) -> Option<Status> {
    if let Error::Failed(failure) = error { Some(failure.status()) } else { None }
}

#[tokio::test]
async fn request_and_response_say_what_was_asked_for() {
    let (left, right) = duplex(1 << 16);
    let request = url().subprotocols(["b", "a"]).origin("http://localhost").header("X-Tide", "ebb");
    let config = Config::server().subprotocols(["a", "c"]).header("X-Tide", "flow");
    let accepting = accept_with(right, config, |_, config| Ok(config));
    let (client, server) = tokio::join!(client_async(request, left), accepting);
    let ((client, response), (server, request)) = (client.unwrap(), server.unwrap());
    assert_eq!((request.method(), request.target()), ("GET", "/chat"));
    assert_eq!(request.header("x-tide"), Some(&b"ebb"[..]));
    assert_eq!(request.header("origin"), Some(&b"http://localhost"[..]));
    assert_eq!(request.header("absent"), None);
    assert_eq!((response.status(), response.header("x-TIDE")), (101, Some(&b"flow"[..])));
    assert_eq!((client.subprotocol(), server.subprotocol()), (Some("a"), Some("a")));
    assert!(response.headers().any(|header| header == ("Sec-WebSocket-Protocol", b"a")));
}

#[tokio::test]
async fn compression_is_negotiated_and_used() {
    let deflate = DeflateConfig::new();
    let request = ClientRequest::with_config("ws://localhost", Config::client("").deflate(deflate)).unwrap();
    let [mut client, mut server] = pair(request, Config::server().deflate(deflate)).await;
    let text = "tide ".repeat(2000);
    client.send(Message::text(&*text)).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text(&*text));
    server.send(Message::text(&*text)).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text(&*text));
    assert!(client.connection().stats().bytes_sent < 1000);
    assert!(server.connection().deflate().is_enabled());
}

#[tokio::test]
async fn messages_of_all_lengths_go_both_ways_over_tcp() {
    let [client, mut server] = tcp_pair().await;
    let echo = tokio::spawn(async move {
        while let Some(message) = server.next().await {
            let message = message?;
            if message.is_data() {
                server.feed(message).await?;
            }
        }
        Ok::<_, Error>(())
    });
    let messages: Vec<_> = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20]
        .into_iter()
        .flat_map(|len| [Message::binary(vec![b'b'; len]), Message::text("t".repeat(len))])
        .collect();
    let (mut sink, mut source) = client.split();
    let sent = messages.clone();
    let sending = tokio::spawn(async move {
        for message in sent {
            sink.feed(message).await?;
        }
        sink.flush().await.map(|()| sink)
    });
    for message in &messages {
        assert_eq!(source.next().await.unwrap().unwrap(), *message);
    }
    let mut client = sending.await.unwrap().unwrap().reunite(source).unwrap();
    client.close(1000, "").await.unwrap();
    echo.await.unwrap().unwrap();
}

#[tokio::test]
async fn split_halves_in_two_tasks_carry_a_flood_both_ways() {
    const COUNT: usize = 300;
    let [client, server] = tcp_pair().await;
    let flood = |ws: WebSocketStream<TcpStream>| {
        let (mut sink, mut source) = ws.split();
        let sending = tokio::spawn(async move {
            for _ in 0..COUNT {
                sink.send(Message::binary(vec![1; 50_000])).await?;
            }
            sink.close().await
        });
        let receiving = tokio::spawn(async move {
            let mut count = 0;
            while let Some(message) = source.next().await {
                count += usize::from(message?.len() == 50_000);
            }
            Ok::<_, Error>(count)
        });
        future::join(sending, receiving)
    };
    for (sent, received) in <[_; 2]>::from(tokio::join!(flood(client), flood(server))) {
        // Whoever closes second may find the connection closing already.
        assert!(matches!(sent.unwrap(), Ok(()) | Err(Error::Closed)));
        assert!(received.unwrap().unwrap() > 0);
    }
}

#[tokio::test]
async fn forward_echoes_all_that_comes() {
    let [mut client, server] = tcp_pair().await;
    let (sink, source) = server.split();
    let echo = tokio::spawn(source.filter(|m| future::ready(m.as_ref().is_ok_and(Message::is_data))).forward(sink));
    for n in 0..200_u8 {
        client.feed(Message::binary(vec![n])).await.unwrap();
    }
    client.flush().await.unwrap();
    for n in 0..200_u8 {
        assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(vec![n]));
    }
    client.close(1000, "").await.unwrap();
    echo.await.unwrap().unwrap();
}

#[tokio::test]
async fn server_that_decides_against_a_request_tells_why() {
    let (left, right) = duplex(1 << 16);
    let accepting = accept_with(right, Config::server(), |request, _| {
        assert_eq!(request.target(), "/chat");
        Err(Refusal::new(401).header("WWW-Authenticate", "Basic")?.body("who?"))
    });
    let (client, server) = tokio::join!(client_async(url(), left), accepting);
    let Error::Refused(response) = client.unwrap_err() else { panic!("not refused") };
    assert_eq!((response.status(), response.header("www-authenticate")), (401, Some(&b"Basic"[..])));
    assert!(matches!(server.unwrap_err(), Error::Declined(401)));
}

#[tokio::test]
async fn server_decides_by_the_request_what_to_configure() {
    let (left, right) = duplex(1 << 16);
    let accepting = accept_with(right, Config::server(), |request, config| {
        Ok(if request.target() == "/chat" { config.subprotocols(["chat"]) } else { config })
    });
    let request = url().subprotocols(["chat"]);
    let (client, server) = tokio::join!(client_async(request, left), accepting);
    assert_eq!((client.unwrap().0.subprotocol(), server.unwrap().0.subprotocol()), (Some("chat"), Some("chat")));
}

#[tokio::test]
async fn server_refuses_what_breaks_a_rule_with_the_status_for_it() {
    for (request, status, line) in [
        (REQUEST.replace("GET", "POST"), Status::HTTP_METHOD, "HTTP/1.1 405 "),
        (REQUEST.replace("13\r\n", "8\r\n"), Status::VERSION, "HTTP/1.1 426 "),
        (REQUEST.replace("websocket", "h2c"), Status::HTTP_UPGRADE, "HTTP/1.1 "),
        (format!("{REQUEST}Origin: http://evil\r\n"), Status::ORIGIN, "HTTP/1.1 403 "),
        ("no request\r\n".into(), Status::HTTP_SYNTAX, "HTTP/1.1 400 "),
        (format!("{REQUEST}X: {}\r\n", "x".repeat(20_000)), Status::LIMIT_LINE, "HTTP/1.1 431 "),
    ] {
        let (answer, result) = server_answers(&format!("{request}\r\n"), Config::server()).await;
        assert_eq!(status_of(&result.unwrap_err()), Some(status));
        assert!(answer.starts_with(line), "{status:?}: {answer}");
    }
}

#[tokio::test]
async fn client_refuses_a_response_that_breaks_a_rule() {
    let head = "HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    let wrong = format!("{head}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    assert_eq!(status_of(&client_hears(&wrong).await), Some(Status::ACCEPT));
    assert_eq!(status_of(&client_hears(&format!("{head}\r\n")).await), Some(Status::ACCEPT));
    assert_eq!(status_of(&client_hears("SSH-2.0\r\n\r\n").await), Some(Status::HTTP_SYNTAX));
    assert!(matches!(client_hears("HTTP/1.1 302 \r\nLocation: /\r\n\r\n").await, Error::Refused(_)));
}

#[tokio::test]
async fn stream_that_ends_in_the_handshake_is_an_error() {
    let (client, stream) = duplex(1 << 16);
    drop(client);
    assert_eq!(status_of(&accept_async(stream).await.unwrap_err()), Some(Status::EOF));
    let (stream, mut server) = duplex(1 << 16);
    server.write_all(b"HTTP/1.1 101").await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(status_of(&client_async(url(), stream).await.unwrap_err()), Some(Status::EOF));
}

#[tokio::test]
async fn request_in_single_bytes_with_frames_behind_it_is_accepted() {
    let (mut client, stream) = duplex(1);
    let bytes = [format!("{REQUEST}\r\n").into_bytes(), masked(1, b"early")].concat();
    let writing = tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::io::split(&mut client);
        let mut head = vec![0; 12];
        let (written, read) = tokio::join!(writer.write_all(&bytes), async {
            reader.read_exact(&mut head).await?;
            tokio::io::copy(&mut reader, &mut tokio::io::sink()).await
        });
        written.and(read).map(|_| head)
    });
    let mut server = accept_async(stream).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text("early"));
    drop(server);
    assert_eq!(writing.await.unwrap().unwrap(), b"HTTP/1.1 101");
}

#[tokio::test(start_paused = true)]
async fn handshake_that_takes_too_long_is_given_up() {
    let start = tokio::time::Instant::now();
    let (_client, stream) = duplex(1 << 16);
    let config = Config::server().handshake_timeout(Duration::from_secs(3));
    let error = accept_async_with_config(stream, config).await.unwrap_err();
    assert_eq!(status_of(&error), Some(Status::TIMEOUT_HANDSHAKE));
    let (stream, _server) = duplex(1);
    let config = Config::client("").handshake_timeout(Duration::from_secs(4));
    let request = ClientRequest::with_config("ws://localhost", config).unwrap();
    let error = client_async(request, stream).await.unwrap_err();
    assert_eq!(status_of(&error), Some(Status::TIMEOUT_HANDSHAKE));
    let (_client, stream) = duplex(1 << 16);
    let error = accept_async(stream).await.unwrap_err();
    assert_eq!(status_of(&error), Some(Status::TIMEOUT_HANDSHAKE));
    assert_eq!(start.elapsed().as_secs(), 3 + 4 + 10);
}

#[tokio::test]
async fn urls_that_cannot_be_connected_to_are_errors() {
    assert!(matches!(connect_async("http://localhost").await, Err(Error::InvalidUrl(_))));
    assert!(matches!(connect_async("wss://localhost").await, Err(Error::InvalidUrl(_))));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(matches!(connect_async(format!("ws://127.0.0.1:{port}")).await, Err(Error::Io(_))));
    assert!(ClientRequest::with_config("ws://localhost", Config::server()).is_err());
}

#[tokio::test]
async fn header_that_would_end_its_line_is_refused_before_anything_is_sent() {
    let (stream, mut server) = duplex(1 << 16);
    let request = url().header("X-Tide", "ebb\r\nX-Injected: flow");
    let error = client_async(request, stream).await.unwrap_err();
    assert!(matches!(error, Error::Rejected(Status::HEADER_INJECTION)), "{error}");
    assert_eq!(server.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn connection_goes_on_behind_an_upgrade_by_another_library() {
    let headers: Vec<(&str, &[u8])> = REQUEST
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name, value.as_bytes()))
        .chain([("Sec-WebSocket-Protocol", &b"chat"[..])])
        .collect();
    assert!(is_upgrade(headers.iter().copied()));
    assert!(!is_upgrade([("Upgrade", &b"h2c"[..])]));
    let config = Config::server().subprotocols(["chat"]);
    let upgrade = Upgrade::new(&config, "GET", "/chat", headers.iter().copied()).unwrap();
    assert!(upgrade.headers().any(|header| header == ("Sec-WebSocket-Protocol", "chat")));
    let (mut client, stream) = duplex(1 << 16);
    let mut server = WebSocketStream::from_upgrade(stream, &upgrade, masked(1, b"early")).unwrap();
    assert_eq!(server.subprotocol(), Some("chat"));
    let message = server.next().await.unwrap().unwrap();
    server.send(message).await.unwrap();
    let mut answer = [0; 7];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[..], plain(1, b"early"));
}

#[test]
fn upgrade_refuses_what_breaks_a_rule() {
    let error = Upgrade::new(&Config::server(), "GET", "/", [("Upgrade", &b"websocket"[..])]).unwrap_err();
    assert_eq!(status_of(&error), Some(Status::HTTP_HOST));
    let error = Upgrade::new(&Config::server(), "GET", "/", [("X", &b"a\r\nHost: b"[..])]).unwrap_err();
    assert_eq!(status_of(&error), Some(Status::HTTP_SYNTAX));
    let error = Upgrade::new(&Config::client("localhost"), "GET", "/", []).unwrap_err();
    assert!(error.status().is_some());
}

#[test]
fn negotiated_compression_that_the_configuration_lacks_is_refused() {
    let result = WebSocketStream::from_open(duplex(1).0, &Config::server(), Deflate::new(15, 15), &b""[..]);
    assert!(matches!(result, Err(Error::Rejected(_))));
}
