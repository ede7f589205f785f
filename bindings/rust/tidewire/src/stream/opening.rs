// SPDX-License-Identifier: MIT
//! The opening handshake over a stream, for both roles.

use core::task::{Poll, ready};
use std::io::{self, ErrorKind, IoSlice};
use std::string::String;
use std::vec::Vec;

use bytes::Bytes;
use tidewire_sys as sys;

use super::limit::Limit;
use super::{Io, Session};
use crate::handshake::{self, HeadReader, Key, Refusal, Request, Response, Upgrade};
use crate::{Config, Connection, Deflate, Error};

/// Bytes of one read of a head; most heads come in one.
const READ_LEN: usize = 2048;

/// What an opening handshake leads to.
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(crate) subprotocol: Option<String>,
    /// Whether the stream needs a clock from the start.
    #[cfg(feature = "tokio")]
    pub(crate) keeps_time: bool,
}

impl Opened {
    /// A connection whose handshake was done. `rest` was read behind the head.
    pub(crate) fn new(
        config: &Config,
        negotiated: Deflate,
        subprotocol: Option<String>,
        rest: impl Into<Bytes>,
    ) -> Result<Self, Error> {
        let conn = Connection::upgraded(&config.clone().for_stream(), negotiated)?;
        Ok(Self {
            session: Session::new(conn, rest.into(), config),
            subprotocol,
            #[cfg(feature = "tokio")]
            keeps_time: config.keeps_time(),
        })
    }

    /// The connection of an accepted request.
    pub(crate) fn from_upgrade(upgrade: &Upgrade, rest: impl Into<Bytes>) -> Result<Self, Error> {
        Self::new(upgrade.config(), upgrade.negotiated(), upgrade.subprotocol().map(Into::into), rest)
    }

    fn from_agreement(config: &Config, agreement: &sys::tw_agreement, rest: Vec<u8>) -> Result<Self, Error> {
        let subprotocol = handshake::chosen(config, agreement);
        Self::new(config, Deflate::from_raw(agreement.deflate), subprotocol, rest)
    }
}

/// The bytes of a handshake on their way out and in.
struct Exchange {
    out: Bytes,
    /// Until the head was read.
    reader: Option<HeadReader>,
    limit: Limit,
}

impl Exchange {
    fn new(config: &Config, out: Vec<u8>) -> Result<Self, Error> {
        let limit = Limit::new(config.handshake_time());
        Ok(Self { out: out.into(), reader: Some(HeadReader::new(config)?), limit })
    }

    /// Writes all that is to be written.
    fn poll_write(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        while !self.out.is_empty() {
            match io.poll_write(&[IoSlice::new(&self.out)]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::Error::from(ErrorKind::WriteZero).into())),
                Poll::Ready(Ok(len)) => drop(self.out.split_to(len)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return self.poll_timeout(io).map(Err),
            }
        }
        io.poll_flush().map_err(Error::from)
    }

    /// Reads a head, and returns it with what came behind it.
    fn poll_head<I: Io>(&mut self, io: &mut I) -> Poll<Result<(handshake::Head, Vec<u8>), Error>> {
        let mut room = [0; READ_LEN];
        loop {
            let len = match io.poll_read_slice(&mut room) {
                Poll::Ready(Ok(len)) => len,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return self.poll_timeout(io).map(Err),
            };
            // `None` only after a head was returned, or an error: there is nothing left to read then.
            let Some(mut reader) = self.reader.take().filter(|_| len > 0) else {
                return Poll::Ready(Err(Error::from_status(sys::TW_ERR_EOF, 0)));
            };
            if let Some(head_len) = reader.push(&room[..len])? {
                return Poll::Ready(Ok(reader.finish(head_len)));
            }
            self.reader = Some(reader);
            // Bytes that come one by one, each in time, are to end as well.
            if let (true, Poll::Ready(error)) = (I::BLOCKS, self.poll_timeout(io)) {
                return Poll::Ready(Err(error));
            }
        }
    }

    /// Ready when the handshake has taken too long.
    fn poll_timeout(&mut self, io: &mut impl Io) -> Poll<Error> {
        self.limit.poll(io).map(|()| Error::from_status(sys::TW_ERR_TIMEOUT_HANDSHAKE, 0))
    }
}

/// A client's opening handshake under way.
pub(crate) struct ClientOpening {
    exchange: Exchange,
    config: Config,
    key: Key,
}

impl ClientOpening {
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let key = handshake::generate_key()?;
        let request = handshake::build_request(&config, &key)?;
        Ok(Self { exchange: Exchange::new(&config, request)?, config, key })
    }

    pub(crate) fn poll(&mut self, io: &mut impl Io) -> Poll<Result<(Opened, Response), Error>> {
        ready!(self.exchange.poll_write(io))?;
        let (head, rest) = ready!(self.exchange.poll_head(io))?;
        let response = Response::new(head);
        if response.status() != 101 {
            return Poll::Ready(Err(Error::Refused(response.into())));
        }
        let agreement = handshake::check_response(&response, &self.config, &self.key)?;
        Poll::Ready(Ok((Opened::from_agreement(&self.config, &agreement, rest)?, response)))
    }
}

/// A server's opening handshake under way. `F` sees the request, and may change the configuration.
pub(crate) struct ServerOpening<F> {
    exchange: Exchange,
    /// Until the request was read.
    undecided: Option<(F, Config)>,
    /// From then on, until the response is written.
    outcome: Option<Result<(Opened, Request), Error>>,
}

impl<F: FnOnce(&Request, Config) -> Result<Config, Refusal>> ServerOpening<F> {
    pub(crate) fn new(config: Config, decide: F) -> Result<Self, Error> {
        let exchange = Exchange::new(&config, Vec::new())?;
        Ok(Self { exchange, undecided: Some((decide, config)), outcome: None })
    }

    pub(crate) fn poll(&mut self, io: &mut impl Io) -> Poll<Result<(Opened, Request), Error>> {
        if self.undecided.is_some() {
            let head = ready!(self.exchange.poll_head(io));
            if let Some((decide, config)) = self.undecided.take() {
                let (response, outcome) = answer(head, config, decide);
                self.exchange.out = response.into();
                self.outcome = Some(outcome);
            }
        }
        let written = ready!(self.exchange.poll_write(io));
        if let Some(Err(_)) = &self.outcome {
            // The refusal is out as far as it goes: its reason is worth more than an error of the stream.
            let _ = ready!(io.poll_shutdown());
        } else {
            written?;
        }
        Poll::Ready(self.outcome.take().unwrap_or(Err(Error::Closed)))
    }
}

/// The response to what was read as a request, and what it means for us.
fn answer(
    head: Result<(handshake::Head, Vec<u8>), Error>,
    config: Config,
    decide: impl FnOnce(&Request, Config) -> Result<Config, Refusal>,
) -> (Vec<u8>, Result<(Opened, Request), Error>) {
    let (request, rest) = match head {
        Ok((head, rest)) => (Request::new(head), rest),
        Err(error) => return (handshake::build_refusal(&error).unwrap_or_default(), Err(error)),
    };
    let config = match decide(&request, config) {
        Ok(config) => config,
        Err(refusal) => return (refusal.to_bytes(), Err(Error::Declined(refusal.status()))),
    };
    let accepted = handshake::check_request(&request, &config).and_then(|agreement| {
        let response = handshake::build_response(&config, &agreement)?;
        Ok((response, Opened::from_agreement(&config, &agreement, rest)?))
    });
    match accepted {
        Ok((response, opened)) => (response, Ok((opened, request))),
        Err(error) => {
            let refusal = handshake::build_refusal(&error).unwrap_or_else(|| Refusal::new(500).to_bytes());
            (refusal, Err(error))
        }
    }
}
