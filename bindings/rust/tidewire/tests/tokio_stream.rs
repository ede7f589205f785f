// SPDX-License-Identifier: MIT
//! `WebSocketStream` over streams whose every step is decided here: batches, writes, cancelling, backpressure.
#![cfg(feature = "tokio")]

mod stream_support;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use stream_support::{Script, close_payload, masked, plain, unfinished};
use tidewire::tokio::WebSocketStream;
use tidewire::{Config, Deflate, Error, Event, Message, Outgoing, Prepared, Status, Utf8Bytes};

type Ws = WebSocketStream<Script>;

fn server(input: impl Into<Vec<u8>>) -> Ws {
    server_over(Script::new(input), &Config::server())
}

fn server_over(script: Script, config: &Config) -> Ws {
    WebSocketStream::from_open(script, config, Deflate::default(), &b""[..]).unwrap()
}

fn client(input: impl Into<Vec<u8>>) -> Ws {
    let config = Config::client("localhost");
    WebSocketStream::from_open(Script::new(input), &config, Deflate::default(), &b""[..]).unwrap()
}

/// Makes futures, each of which is polled once and dropped, until one is ready.
fn drop_and_retry<T>(ws: &mut Ws, mut step: impl AsyncFnMut(&mut Ws) -> T) -> T {
    for _ in 0..1_000_000 {
        let mut future = pin!(step(ws));
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
    panic!("it never gets ready");
}

/// The next message, which is there.
fn next(ws: &mut Ws) -> Message {
    ws.next().now_or_never().expect("a message is there").expect("the stream goes on").expect("no error")
}

fn failed_with(error: &Error) -> Option<Status> {
    if let Error::Failed(failure) = error { Some(failure.status()) } else { None }
}

#[test]
fn server_reads_messages_of_all_kinds_from_one_read() {
    let long = vec![7; 70_000];
    let mut ws =
        server([masked(1, "h\u{e9}".as_bytes()), masked(2, b""), masked(10, b"tick"), masked(2, &long)].concat());
    assert_eq!(next(&mut ws), Message::text("h\u{e9}"));
    assert_eq!(next(&mut ws), Message::binary(&b""[..]));
    assert_eq!(next(&mut ws), Message::Pong(b"tick"[..].into()));
    assert_eq!(next(&mut ws), Message::binary(long));
    assert!(ws.next().now_or_never().is_none());
}

#[test]
fn server_hands_out_more_events_than_one_call_of_the_engine_brings() {
    let mut ws = server((0..100).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    for n in 0..100 {
        assert_eq!(next(&mut ws), Message::binary(vec![n]));
    }
}

#[test]
fn server_assembles_fragments_with_a_ping_between() {
    let input =
        [unfinished(masked(1, b"lo")), masked(9, b"?"), unfinished(masked(0, b"w t")), masked(0, b"ide")].concat();
    let mut ws = server(input);
    assert_eq!(next(&mut ws), Message::Ping(b"?"[..].into()));
    assert_eq!(next(&mut ws), Message::text("low tide"));
    assert!(ws.next().now_or_never().is_none());
    assert_eq!(ws.get_ref().output, plain(10, b"?"));
}

#[test]
fn large_text_that_was_moved_out_outlives_the_connection() {
    let text = "\u{e9}".repeat(50_000);
    let mut ws = server(masked(1, text.as_bytes()));
    let message = next(&mut ws);
    drop(ws);
    assert_eq!(message, Message::Text(text.into()));
}

#[test]
fn next_event_lends_what_came() {
    let mut ws = server([masked(1, b"ebb"), masked(2, b"flow")].concat());
    assert_eq!(ws.next_event().now_or_never().unwrap().unwrap(), Some(Event::Text("ebb")));
    assert_eq!(ws.next_event().now_or_never().unwrap().unwrap(), Some(Event::Binary(b"flow")));
    assert!(ws.next_event().now_or_never().is_none());
}

#[test]
fn ways_to_receive_may_be_mixed() {
    let mut ws = server((0..100).flat_map(|n: u8| masked(2, &[n; 3])).collect::<Vec<_>>());
    for n in (0..100).step_by(4) {
        assert_eq!(next(&mut ws), Message::binary(vec![n; 3]));
        assert_eq!(ws.next_event().now_or_never().unwrap().unwrap(), Some(Event::Binary(&[n + 1; 3])));
        assert_eq!(next(&mut ws), Message::binary(vec![n + 2; 3]));
        assert_eq!(next(&mut ws), Message::binary(vec![n + 3; 3]));
    }
}

#[test]
fn closing_that_was_given_up_leaves_receiving_to_go_on() {
    let script = Script { step: 63, ..Script::new(masked(2, b"abc").repeat(14)) };
    let mut ws = server_over(script, &Config::server());
    assert_eq!(next(&mut ws), Message::binary(&b"abc"[..]));
    assert!(ws.close(1000, "").now_or_never().is_none());
    ws.get_mut().input.extend(masked(2, b"xyz"));
    assert_eq!(next(&mut ws), Message::binary(&b"xyz"[..]));
}

#[test]
fn forward_answers_a_whole_read_in_one_write() {
    let mut script = Script::new((0..50).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    let ws = WebSocketStream::from_open(&mut script, &Config::server(), Deflate::default(), &b""[..]).unwrap();
    let (mut sink, source) = ws.split();
    sink.flush().now_or_never().unwrap().unwrap();
    assert!(source.forward(sink).now_or_never().is_none());
    assert_eq!(script.writes, 1);
    assert_eq!(script.output, (0..50).flat_map(|n: u8| plain(2, &[n])).collect::<Vec<_>>());
}

#[test]
fn pong_leaves_in_the_next_turn_where_others_flush() {
    let mut ws = server(masked(9, b"?"));
    ws.send(Message::text("flushed")).now_or_never().unwrap().unwrap();
    assert!(next(&mut ws).is_ping());
    assert!(ws.next().now_or_never().is_none());
    assert!(ws.next().now_or_never().is_none());
    assert_eq!(ws.get_ref().output, [plain(1, b"flushed"), plain(10, b"?")].concat());
}

#[test]
fn handle_answers_a_whole_read_in_one_write() {
    let mut ws = server((0..40).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    let mut seen = 0;
    let go_on = ws.handle(|event, answers| match event {
        Event::Binary(data) => {
            seen += 1;
            answers.send_binary(data)
        }
        other => panic!("{other:?}"),
    });
    assert!(go_on.now_or_never().unwrap().unwrap());
    assert_eq!(seen, 40);
    assert_eq!(ws.get_ref().writes, 0, "the answers wait for the next call");
    assert!(ws.handle(|_, _| Ok(())).now_or_never().is_none());
    assert_eq!(ws.get_ref().writes, 1);
    assert_eq!(ws.get_ref().output, (0..40).flat_map(|n: u8| plain(2, &[n])).collect::<Vec<_>>());
}

#[test]
fn handle_goes_on_behind_the_event_that_was_refused() {
    let mut ws = server([masked(2, b"1"), masked(2, b"2"), masked(2, b"3")].concat());
    let mut seen = Vec::new();
    let refused = ws.handle(|event, _| match event {
        Event::Binary(b"2") => Err(Error::Closed),
        Event::Binary(data) => {
            seen.push(data[0]);
            Ok(())
        }
        other => panic!("{other:?}"),
    });
    assert!(matches!(refused.now_or_never().unwrap(), Err(Error::Closed)));
    assert_eq!(seen, b"1");
    assert_eq!(next(&mut ws), Message::binary(&b"3"[..]));
}

#[test]
fn handle_tells_a_failure_after_the_events_before_it() {
    let mut ws = server([masked(2, b"1"), plain(2, b"not masked")].concat());
    let mut seen = 0;
    let mut step = |ws: &mut Ws| {
        ws.handle(|_, _| {
            seen += 1;
            Ok(())
        })
        .now_or_never()
        .unwrap()
    };
    assert!(step(&mut ws).unwrap());
    assert_eq!(failed_with(&step(&mut ws).unwrap_err()), Some(Status::MASK_MISSING));
    assert!(!step(&mut ws).unwrap());
    assert_eq!(seen, 1);
}

#[test]
fn feed_only_queues_and_flush_writes_once() {
    let mut ws = server("");
    for n in 0..100_u8 {
        ws.feed(Message::binary(vec![n])).now_or_never().unwrap().unwrap();
    }
    assert_eq!(ws.get_ref().writes, 0);
    ws.flush().now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().writes, 1);
    assert_eq!(ws.get_ref().output, (0..100).flat_map(|n: u8| plain(2, &[n])).collect::<Vec<_>>());
}

#[test]
fn batch_and_prepared_message_leave_in_one_write_each() {
    let mut ws = server("");
    let messages = (0..100).map(|_| Outgoing::text("tide"));
    ws.send_batch(messages).now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().writes, 1);
    assert_eq!(ws.get_ref().output, plain(1, b"tide").repeat(100));
    let prepared = Prepared::text("ebb").unwrap();
    ws.send_prepared(&prepared).now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().writes, 2);
    assert!(ws.get_ref().output.ends_with(&plain(1, b"ebb")));
}

#[test]
fn answers_that_were_fed_leave_when_the_reader_would_wait() {
    let mut ws = server((0..50).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    for _ in 0..50 {
        let message = next(&mut ws);
        ws.feed(message).now_or_never().unwrap().unwrap();
    }
    assert_eq!(ws.get_ref().writes, 0);
    assert!(ws.next().now_or_never().is_none());
    assert_eq!(ws.get_ref().writes, 1);
}

#[test]
fn receiving_with_every_future_dropped_loses_nothing() {
    let long = vec![9; 20_000];
    let frames = [masked(1, b"one"), unfinished(masked(2, &long)), masked(9, b"p"), masked(0, b"!"), masked(8, b"")];
    let script = Script { step: 7, stutters: true, ends: true, ..Script::new(frames.concat()) };
    let mut ws = server_over(script, &Config::server());
    let mut next = || drop_and_retry(&mut ws, async |ws| ws.next().await).map(Result::unwrap);
    assert_eq!(next(), Some(Message::text("one")));
    assert_eq!(next(), Some(Message::Ping(b"p"[..].into())));
    assert_eq!(next(), Some(Message::binary([&long[..], b"!"].concat())));
    assert_eq!(next(), Some(Message::Close(None)));
    assert_eq!(next(), None);
    assert_eq!(ws.get_ref().output, [plain(10, b"p"), plain(8, b"")].concat());
    assert!(ws.get_ref().was_shut_down);
}

#[test]
fn sending_with_every_future_dropped_loses_and_repeats_nothing() {
    let answer = masked(8, &close_payload(1000, "done"));
    let script = Script { step: 3, stutters: true, ..Script::new(answer) };
    let mut ws = server_over(script, &Config::server());
    let mut expected = Vec::new();
    for n in 0..50 {
        let data = vec![n; usize::from(n) * 10];
        expected.extend(plain(2, &data));
        drop_and_retry(&mut ws, async |ws| ws.feed(Message::binary(data.clone())).await).unwrap();
        if n % 3 == 0 {
            drop_and_retry(&mut ws, async |ws| ws.flush().await).unwrap();
        }
    }
    drop_and_retry(&mut ws, async |ws| ws.close(1000, "done").await).unwrap();
    expected.extend(plain(8, &close_payload(1000, "done")));
    assert_eq!(ws.get_ref().output, expected);
}

#[test]
fn sink_is_not_ready_while_the_peer_reads_nothing() {
    let config = Config::server().output_high_len(10_000).output_low_len(1000);
    let mut ws = server_over(Script { is_full: true, ..Script::default() }, &config);
    let mut count = 0;
    while ws.feed(Message::binary(vec![0; 1000])).now_or_never().is_some() {
        count += 1;
        assert!(count < 100, "nothing holds the sender back");
    }
    assert!(count >= 9, "{count}");
    ws.get_mut().is_full = false;
    ws.feed(Message::binary(vec![0; 1000])).now_or_never().unwrap().unwrap();
    ws.flush().now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().output, plain(2, &[0; 1000]).repeat(count + 1));
}

#[test]
fn handle_reads_nothing_while_the_peer_takes_no_answers() {
    let config = Config::server().output_high_len(10_000);
    let input = masked(2, &vec![0; 20_000]).repeat(2);
    let mut ws = server_over(Script { is_full: true, step: 21_000, ..Script::new(input) }, &config);
    let mut seen = 0;
    for _ in 0..5 {
        let _ = ws
            .handle(|event, answers| {
                let Event::Binary(data) = event else { panic!("{event:?}") };
                seen += 1;
                answers.send_binary(data)
            })
            .now_or_never();
    }
    assert_eq!(seen, 1);
}

#[test]
fn message_above_the_limit_fails_once_and_tells_the_peer() {
    let script = Script::new(masked(2, &[0; 1000]));
    let mut ws = server_over(script, &Config::server().max_message_len(999));
    let error = ws.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert_eq!(failed_with(&error), Some(Status::LIMIT_MESSAGE));
    assert!(ws.next().now_or_never().unwrap().is_none());
    assert_eq!(ws.get_ref().output[..4], plain(8, &close_payload(1009, ""))[..4]);
    assert!(ws.get_ref().was_shut_down);
    assert!(matches!(ws.send(Message::text("late")).now_or_never().unwrap(), Err(Error::Closed)));
}

#[test]
fn client_masks_what_it_sends() {
    let mut ws = client("");
    ws.send(Message::text("tide")).now_or_never().unwrap().unwrap();
    let output = &ws.get_ref().output;
    assert_eq!(output[..2], [0x81, 0x84]);
    let text: Vec<u8> = output[6..].iter().zip(&output[2..6]).map(|(byte, key)| byte ^ key).collect();
    assert_eq!(text, b"tide");
}

#[test]
fn control_frame_that_is_too_long_is_rejected_and_changes_nothing() {
    let mut ws = server("");
    for result in [
        ws.ping(&[0; 126]).now_or_never().unwrap(),
        ws.send(Message::Pong(vec![0; 126].into())).now_or_never().unwrap(),
        ws.close(1000, &"x".repeat(124)).now_or_never().unwrap(),
        ws.close(1005, "").now_or_never().unwrap(),
    ] {
        assert!(matches!(result, Err(Error::Rejected(_))), "{result:?}");
    }
    ws.send(Message::text("still open")).now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().output, plain(1, b"still open"));
}

#[test]
fn bytes_behind_the_head_are_read_first() {
    let rest = [masked(1, b"early"), masked(1, b"bird")].concat();
    let (rest, input) = rest.split_at(9);
    let config = Config::server();
    let mut ws = WebSocketStream::from_open(Script::new(input), &config, Deflate::default(), rest.to_vec()).unwrap();
    assert_eq!(next(&mut ws), Message::text("early"));
    assert_eq!(next(&mut ws), Message::text("bird"));
}

#[test]
fn large_messages_of_a_server_are_lent_until_they_are_written() {
    let data = Bytes::from(vec![5; 100_000]);
    let text = Utf8Bytes::from("\u{e9}".repeat(5000));
    let mut ws = server_over(Script { step: 1000, ..Script::default() }, &Config::server());
    ws.feed(Message::text("first")).now_or_never().unwrap().unwrap();
    ws.feed(Message::Binary(data.clone())).now_or_never().unwrap().unwrap();
    ws.feed(Message::Text(text.clone())).now_or_never().unwrap().unwrap();
    assert!(!data.is_unique());
    ws.flush().now_or_never().unwrap().unwrap();
    assert!(data.is_unique(), "what is written is given back");
    let expected = [plain(1, b"first"), plain(2, &data), plain(1, text.as_bytes())].concat();
    assert_eq!(ws.get_ref().output, expected);
}

#[test]
fn large_messages_are_given_back_when_the_connection_is_dropped() {
    let data = Bytes::from(vec![5; 100_000]);
    let mut ws = server_over(Script { is_full: true, ..Script::default() }, &Config::server());
    ws.feed(Message::Binary(data.clone())).now_or_never().unwrap().unwrap();
    assert!(!data.is_unique());
    drop(ws);
    assert!(data.is_unique());
}
