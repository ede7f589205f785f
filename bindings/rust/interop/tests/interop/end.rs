// SPDX-License-Identifier: MIT
//! One end of a connection, whichever library runs it.

use std::sync::mpsc as commands;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tidewire_interop::Data;
use tokio::net::TcpStream;
use tokio::sync::{mpsc as answers, oneshot};

use crate::{fast, ours, tungstenite};

/// What a test does with a connection. Errors are told in the words of the library.
pub trait End {
    /// Sends a message or control frame, and sees it off.
    fn send(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>>;

    /// Sends a message in fragments, where the library can.
    fn send_fragments(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        self.send(data)
    }

    /// The next message or control frame; `None` after the closing handshake.
    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Option<Data>, String>>;
}

/// The same, where calls block.
pub trait BlockingEnd {
    fn send(&mut self, data: Data) -> Result<(), String>;

    fn send_fragments(&mut self, data: Data) -> Result<(), String> {
        self.send(data)
    }

    fn receive(&mut self) -> Result<Option<Data>, String>;
}

/// What the two sides of a handshake want. A library that lacks something leaves it out.
#[derive(Clone, Default)]
pub struct Options {
    /// Offered by the client, in its order.
    pub offered: Vec<&'static str>,
    /// Supported by the server: it takes the first of these that is offered.
    pub supported: Vec<&'static str>,
    /// What another library's server answers instead, offered or not.
    pub insisted: Option<&'static str>,
    /// The server answers with status 403.
    pub refuse: bool,
    /// Permessage-deflate is offered and accepted.
    pub compression: bool,
    /// The longest message that this engine takes; 0: its default.
    pub max_message_len: u64,
}

impl Options {
    /// What another library's server answers to the value of this header.
    pub fn choose(&self, offered: Option<&[u8]>) -> Option<&'static str> {
        let offered = |name: &str| {
            let mut names = offered.unwrap_or_default().split(|byte| *byte == b',');
            names.any(|other| other.trim_ascii() == name.as_bytes())
        };
        self.insisted.or_else(|| self.supported.iter().copied().find(|name| offered(name)))
    }
}

/// An open end, and the subprotocol that it knows to be chosen.
pub type Opened<E = Box<dyn End>> = (E, Option<String>);

/// The libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Tidewire,
    TidewireBlocking,
    Tungstenite,
    TungsteniteBlocking,
    Fastwebsockets,
}

impl Library {
    /// Whether it is this engine.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Tidewire | Self::TidewireBlocking)
    }

    /// Does the client's side of the opening handshake.
    pub async fn connect(self, socket: TcpStream, options: &Options) -> Result<Opened, String> {
        match self {
            Self::Tidewire => ours::connect(socket, options).await,
            Self::Tungstenite => tungstenite::connect(socket, options).await,
            Self::Fastwebsockets => fast::connect(socket, options).await,
            Self::TidewireBlocking => on_thread(socket, options, ours::connect_blocking).await,
            Self::TungsteniteBlocking => on_thread(socket, options, tungstenite::connect_blocking).await,
        }
    }

    /// Does the server's side of the opening handshake.
    pub async fn accept(self, socket: TcpStream, options: &Options) -> Result<Opened, String> {
        match self {
            Self::Tidewire => ours::accept(socket, options).await,
            Self::Tungstenite => tungstenite::accept(socket, options).await,
            Self::Fastwebsockets => fast::accept(socket, options).await,
            Self::TidewireBlocking => on_thread(socket, options, ours::accept_blocking).await,
            Self::TungsteniteBlocking => on_thread(socket, options, tungstenite::accept_blocking).await,
        }
    }
}

enum Command {
    Send(Data),
    SendFragments(Data),
    Receive,
}

/// A blocking end in a thread of its own, which ends when this is dropped.
struct Threaded {
    commands: commands::Sender<Command>,
    answers: answers::UnboundedReceiver<Result<Option<Data>, String>>,
}

/// Opens a blocking end in a thread of its own.
async fn on_thread<E: BlockingEnd + 'static>(
    socket: TcpStream,
    options: &Options,
    open: fn(std::net::TcpStream, &Options) -> Result<Opened<E>, String>,
) -> Result<Opened, String> {
    let socket = socket.into_std().and_then(|socket| {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(Duration::from_secs(60)))?; // a guard: no test takes that long
        Ok(socket)
    });
    let socket = socket.expect("a socket");
    let options = options.clone();
    let (commands, orders) = commands::channel();
    let (replies, answers) = answers::unbounded_channel();
    let (opening, opened) = oneshot::channel();
    thread::spawn(move || {
        let (opened, end) = match open(socket, &options) {
            Ok((end, subprotocol)) => (Ok(subprotocol), Some(end)),
            Err(error) => (Err(error), None),
        };
        opening.send(opened).expect("somebody waits for it");
        let Some(mut end) = end else { return };
        while let Ok(command) = orders.recv() {
            let answer = match command {
                Command::Send(data) => end.send(data).map(|()| None),
                Command::SendFragments(data) => end.send_fragments(data).map(|()| None),
                Command::Receive => end.receive(),
            };
            replies.send(answer).expect("somebody waits for it");
        }
    });
    let subprotocol = opened.await.expect("the thread answers")?;
    Ok((Box::new(Threaded { commands, answers }), subprotocol))
}

impl Threaded {
    async fn ask(&mut self, command: Command) -> Result<Option<Data>, String> {
        self.commands.send(command).expect("the thread lives");
        self.answers.recv().await.expect("the thread answers")
    }
}

impl End for Threaded {
    fn send(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async { self.ask(Command::Send(data)).await.map(|_| ()) }.boxed_local()
    }

    fn send_fragments(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async { self.ask(Command::SendFragments(data)).await.map(|_| ()) }.boxed_local()
    }

    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Option<Data>, String>> {
        self.ask(Command::Receive).boxed_local()
    }
}
