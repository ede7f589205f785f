// SPDX-License-Identifier: MIT
//! What the server and the client have in common.

use futures_util::{SinkExt, StreamExt};
use tidewire::tokio::WebSocketStream;
use tidewire::{Config, DeflateConfig};
use tokio::io::{AsyncRead, AsyncWrite};

/// The limits that the suite needs, and compression that keeps at most `context` bytes between messages.
pub fn limits(config: Config, context: u64) -> Config {
    config
        .max_fragments(128 * 1024) // case 9.3.1 sends 65536
        .deflate(DeflateConfig::new().max_context_len(context))
}

/// Sends back each message, until the suite has seen enough. Many of its cases break a rule to see the connection fail.
pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut connection: WebSocketStream<S>) {
    while let Some(Ok(message)) = connection.next().await {
        if message.is_data() && connection.feed(message).await.is_err() {
            return;
        }
    }
}

/// The number that an argument is.
///
/// # Panics
///
/// Where it is missing, or no number.
#[must_use]
pub fn number<T: core::str::FromStr>(argument: Option<String>) -> T {
    argument.and_then(|argument| argument.parse().ok()).expect("the arguments are PORT and CONTEXT")
}
