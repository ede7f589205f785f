// SPDX-License-Identifier: MIT
//! This engine's streams, asynchronous and blocking, in both roles, with other libraries at the other end of a socket.

mod end;
mod fast;
mod handshakes;
mod messages;
mod ours;
mod tungstenite;

use std::time::Duration;

use end::{End, Library, Opened, Options};
use tokio::join;
use tokio::net::{TcpListener, TcpStream};

/// Two ends of a TCP connection.
async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback interface is there");
    let address = listener.local_addr().expect("it is bound");
    let (client, server) = join!(TcpStream::connect(address), listener.accept());
    (client.expect("it listens"), server.expect("it connects").0)
}

/// What became of an opening handshake, on each side.
async fn shake(
    client: Library,
    server: Library,
    options: &Options,
) -> (Result<Opened, String>, Result<Opened, String>) {
    let (client_socket, server_socket) = sockets().await;
    join!(client.connect(client_socket, options), server.accept(server_socket, options))
}

/// The two ends of an open connection.
async fn open(client: Library, server: Library, options: &Options) -> (Box<dyn End>, Box<dyn End>) {
    let (client, server) = shake(client, server, options).await;
    (client.expect("the client's handshake").0, server.expect("the server's handshake").0)
}

/// Runs a test to its end, or says that it hangs.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let guarded = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    runtime.block_on(guarded).expect("the test does not hang");
}

/// Makes the tests of a module for each pair of libraries, as a client and a server.
macro_rules! pairs {
    ($($name:ident: $client:ident => $server:ident,)*) => {
        $(mod $name {
            use crate::end::Library::{$client, $server};

            #[test]
            fn messages_of_every_length_cross() {
                crate::run(crate::messages::every_length($client, $server));
            }

            #[test]
            fn pipelined_messages_keep_their_order() {
                crate::run(crate::messages::pipelined($client, $server));
            }

            #[test]
            fn fragmented_messages_arrive_whole() {
                crate::run(crate::messages::fragmented($client, $server));
            }

            #[test]
            fn pings_are_answered() {
                crate::run(crate::messages::pings($client, $server));
            }

            #[test]
            fn either_side_closes_with_a_code() {
                crate::run(crate::messages::closing($client, $server));
            }

            #[test]
            fn a_message_over_the_limit_is_answered_with_1009() {
                crate::run(crate::messages::over_the_limit($client, $server));
            }

            #[test]
            fn an_end_that_vanishes_is_an_error() {
                crate::run(crate::messages::vanishing($client, $server));
            }

            #[test]
            fn the_server_chooses_among_the_offered_subprotocols() {
                crate::run(crate::handshakes::subprotocols($client, $server));
            }

            #[test]
            fn the_client_sees_why_it_is_refused() {
                crate::run(crate::handshakes::refused($client, $server));
            }

            #[test]
            fn compression_that_one_side_lacks_is_not_used() {
                crate::run(crate::handshakes::declined_compression($client, $server));
            }
        })*
    };
}

pairs! {
    tokio_client_with_tungstenite: Tidewire => Tungstenite,
    tokio_client_with_blocking_tungstenite: Tidewire => TungsteniteBlocking,
    tokio_client_with_fastwebsockets: Tidewire => Fastwebsockets,
    tokio_server_with_tungstenite: Tungstenite => Tidewire,
    tokio_server_with_blocking_tungstenite: TungsteniteBlocking => Tidewire,
    tokio_server_with_fastwebsockets: Fastwebsockets => Tidewire,
    blocking_client_with_tungstenite: TidewireBlocking => Tungstenite,
    blocking_client_with_blocking_tungstenite: TidewireBlocking => TungsteniteBlocking,
    blocking_client_with_fastwebsockets: TidewireBlocking => Fastwebsockets,
    blocking_server_with_tungstenite: Tungstenite => TidewireBlocking,
    blocking_server_with_blocking_tungstenite: TungsteniteBlocking => TidewireBlocking,
    blocking_server_with_fastwebsockets: Fastwebsockets => TidewireBlocking,
    blocking_client_with_tokio_server: TidewireBlocking => Tidewire,
    tokio_client_with_blocking_server: Tidewire => TidewireBlocking,
}
