// SPDX-License-Identifier: MIT
//! The limit: no protocol at all. What was read goes back, by one write for each read.

use std::cell::RefCell;
use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Failure;

const READ_LEN: usize = 256 * 1024;

thread_local! {
    /// Shared by all connections: nobody waits while it is in use.
    static ROOM: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_LEN]);
}

pub async fn echo(mut stream: TcpStream) -> Result<(), Failure> {
    loop {
        stream.readable().await?;
        match ROOM.with_borrow_mut(|room| turn(&stream, room)) {
            Ok(Some(rest)) => stream.write_all(&rest).await?,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads and writes once. What the socket does not take is returned; `None` at the end of the stream.
fn turn(stream: &TcpStream, room: &mut [u8]) -> io::Result<Option<Vec<u8>>> {
    let len = stream.try_read(room)?;
    if len == 0 {
        return Ok(None);
    }
    let written = match stream.try_write(&room[..len]) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        result => result?,
    };
    Ok(Some(room[written..len].to_vec()))
}
