// SPDX-License-Identifier: MIT
//! What the two sides of an opening handshake agree on.

use tidewire_interop::{Data, text};
use tokio::join;

use crate::end::{Library, Options};
use crate::{open, shake};

pub async fn subprotocols(client: Library, server: Library) {
    let cases: [(&[&str], &[&str], Option<&str>); 5] = [
        (&["chat.v1", "chat.v2"], &["chat.v2", "chat.v1"], Some("chat.v2")),
        (&["chat.v1"], &["chat.v2", "chat.v1"], Some("chat.v1")),
        (&["chat.v1"], &["chat.v3"], None),
        (&["chat.v1"], &[], None),
        (&[], &["chat.v1"], None),
    ];
    for (offered, supported, expected) in cases {
        let options = Options { offered: offered.to_vec(), supported: supported.to_vec(), ..Options::default() };
        let (client_side, server_side) = shake(client, server, &options).await;
        // tungstenite, unlike RFC 6455 4.1, wants a choice where it offers something.
        let wants_one = matches!(client, Library::Tungstenite | Library::TungsteniteBlocking);
        if wants_one && !offered.is_empty() && expected.is_none() {
            assert!(client_side.is_err_and(|error| error.contains("SubProtocol")));
            continue;
        }
        assert_eq!(client_side.expect("the client's handshake").1.as_deref(), expected);
        if server.is_ours() {
            assert_eq!(server_side.expect("the server's handshake").1.as_deref(), expected);
        }
    }
    if client.is_ours() && !server.is_ours() {
        for offered in [&[][..], &["chat.v1"]] {
            let options = Options { offered: offered.to_vec(), insisted: Some("chat.v9"), ..Options::default() };
            let (client_side, _) = shake(client, server, &options).await;
            let error = client_side.err().expect("nobody offered that");
            assert!(error.contains("Sec-WebSocket-Protocol"), "{error}");
        }
    }
}

pub async fn refused(client: Library, server: Library) {
    let options = Options { refuse: true, ..Options::default() };
    let (client, server) = shake(client, server, &options).await;
    assert_eq!(client.err().as_deref(), Some("status 403"));
    assert!(server.is_err());
}

pub async fn declined_compression(client: Library, server: Library) {
    let options = Options { compression: true, ..Options::default() };
    let (mut client, mut server) = open(client, server, &options).await;
    for len in [0, 1, 1000, 100_000] {
        let data = Data::Text(text(len));
        let (sent, received) = join!(client.send(data.clone()), server.receive());
        assert_eq!((sent, received), (Ok(()), Ok(Some(data.clone()))));
        let (sent, received) = join!(server.send(data.clone()), client.receive());
        assert_eq!((sent, received), (Ok(()), Ok(Some(data))));
    }
}
