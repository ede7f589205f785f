// SPDX-License-Identifier: MIT
//! Servers of tidewire, from the one with the least copies to the one with the least code.

use std::io;

use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use tidewire::tokio::accept_async;
use tidewire::{BufferPool, Config, Connection, Event, Sender};
use tokio::net::TcpStream;

use crate::Failure;

/// The connection without I/O, and a socket: what a program writes that wants nothing in between.
pub async fn connection(stream: TcpStream, pool: BufferPool) -> Result<(), Failure> {
    let mut conn = Connection::new(&Config::server().pool(pool))?;
    while !conn.wants().close() {
        stream.readable().await?;
        match read(&stream, &mut conn) {
            Ok(0) => return Ok(conn.receive_eof()?),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        answer_all(&mut conn)?;
        while conn.wants().write() {
            match write(&stream, &mut conn) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
                result => result?,
            }
        }
    }
    Ok(())
}

fn read(stream: &TcpStream, conn: &mut Connection) -> io::Result<usize> {
    let mut room = conn.read_buffer(0).map_err(io::Error::other)?;
    let len = stream.try_read_buf(&mut room.uninit())?;
    // SAFETY: so many bytes of the room were read into.
    unsafe { room.assume_initialized(len) };
    room.commit(len).map_err(io::Error::other)?;
    Ok(len)
}

fn answer_all(conn: &mut Connection) -> Result<(), tidewire::Error> {
    let (mut events, mut answers) = conn.events();
    while let Some(event) = events.next()? {
        answer(event, &mut answers)?;
    }
    Ok(())
}

fn write(stream: &TcpStream, conn: &mut Connection) -> io::Result<()> {
    let output = conn.output();
    let len = stream.try_write_vectored(output.io_slices())?;
    output.consume(len).map_err(io::Error::other)
}

/// All that a read brought, answered without a copy of its own.
pub async fn borrowed(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept_async(stream).await?;
    while socket.handle(answer).await? {}
    Ok(())
}

fn answer(event: Event<'_>, answers: &mut Sender<'_>) -> Result<(), tidewire::Error> {
    match event {
        Event::Text(text) => answers.send_text(text),
        Event::Binary(data) => answers.send_binary(data),
        _ => Ok(()),
    }
}

/// Messages that are fed as they come: what is queued leaves before the stream waits.
pub async fn feed(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_data() {
            socket.feed(message).await?;
        }
    }
    Ok(())
}

pub async fn forward(stream: TcpStream) -> Result<(), Failure> {
    let (sink, stream) = accept_async(stream).await?.split();
    stream.try_filter(|message| ready(message.is_data())).forward(sink).await?;
    Ok(())
}
