// SPDX-License-Identifier: MIT
//! What a client asks for, and of whom.

use std::string::String;

use super::url::Url;
use crate::{Config, Error, Role};

/// What a client wants to open: a URL, and what its request says besides.
///
/// ```
/// use tidewire::ClientRequest;
///
/// # fn main() -> Result<(), tidewire::Error> {
/// let request = ClientRequest::new("ws://localhost:9001/chat")?
///     .origin("https://example.com")
///     .subprotocols(["chat.v2", "chat.v1"])
///     .header("Authorization", "Bearer 5ea");
/// assert_eq!((request.host(), request.port(), request.is_secure()), ("localhost", 9001, false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest {
    secure: bool,
    host: String,
    port: u16,
    config: Config,
}

impl ClientRequest {
    /// A request to this URL, `ws://host:port/path?query` or `wss://...`, with the default configuration.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`].
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::with_config(url, Config::client(""))
    }

    /// Like [`new`](Self::new) with a configuration: limits, time-outs, compression, and what is set of the handshake.
    /// Host and target come from the URL.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`], and [`Error::Rejected`] where `config` is a server's.
    pub fn with_config(url: &str, config: Config) -> Result<Self, Error> {
        if config.role() != Role::Client {
            return Err(Error::from_status(tidewire_sys::TW_ERR_ARGUMENT, 0));
        }
        let url = Url::parse(url)?;
        let slash = if url.target.starts_with('/') { "" } else { "/" };
        let config = config.host(url.authority).target(&std::format!("{slash}{}", url.target));
        Ok(Self { secure: url.secure, host: url.host.into(), port: url.port, config })
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.config = self.config.header(name, value);
        self
    }

    /// Offers subprotocols in order of preference, behind those that were offered before.
    #[must_use]
    pub fn subprotocols<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.config = self.config.subprotocols(names);
        self
    }

    /// Sets `Origin`, which is not sent otherwise.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.config = self.config.origin(origin);
        self
    }

    /// Whether the URL begins with `wss`: the stream is to be one over TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The name or address of the host; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's default where the URL has none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The configuration, with all of this.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn into_config(self) -> Config {
        self.config
    }

    /// Refuses `wss` where no TLS is at hand.
    pub(crate) fn check_plain(&self) -> Result<(), Error> {
        if self.secure {
            return Err(Error::InvalidUrl(
                "wss needs a stream over TLS: connect it, and give it to the client function",
            ));
        }
        Ok(())
    }
}

/// What can be turned into a [`ClientRequest`]: the URL alone, or a request that was built.
pub trait IntoClientRequest {
    /// Turns `self` into a request.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`].
    fn into_client_request(self) -> Result<ClientRequest, Error>;
}

impl IntoClientRequest for ClientRequest {
    fn into_client_request(self) -> Result<ClientRequest, Error> {
        Ok(self)
    }
}

impl IntoClientRequest for &str {
    fn into_client_request(self) -> Result<ClientRequest, Error> {
        ClientRequest::new(self)
    }
}

impl IntoClientRequest for String {
    fn into_client_request(self) -> Result<ClientRequest, Error> {
        ClientRequest::new(&self)
    }
}

impl IntoClientRequest for &String {
    fn into_client_request(self) -> Result<ClientRequest, Error> {
        ClientRequest::new(self)
    }
}
