// SPDX-License-Identifier: MIT
//! Holds the declarations against what C sees: `tests/capi/layout.txt`, the text of the header, and `capi/symbols.txt`.

use std::collections::BTreeMap;
use std::fs;
use std::mem::offset_of;
use std::path::Path;

use tidewire_sys::*;

mod names;

/// A file of the checkout.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bytes of a field that `_get` selects.
fn field_len<S, F>(_get: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// The lines of layout.txt for structs and their fields.
macro_rules! lines {
    ($($name:ident { $($field:ident),* })*) => {
        vec![$(
            format!("{} {}", stringify!($name), size_of::<$name>()),
            $({
                let (offset, len) = (offset_of!($name, $field), field_len(|of: &$name| &of.$field));
                format!("{}.{} {offset} {len}", stringify!($name), stringify!($field).trim_start_matches("r#"))
            },)*
        )*]
    };
}

fn struct_lines() -> Vec<String> {
    lines! {
        tw_view { data, len }
        tw_allocator { allocate, release, context }
        tw_random { fill, context }
        tw_utf8 { state }
        tw_frame { payload, payload_len, reserved, opcode, flags, header_len, masking_key, offset }
        tw_pool_class { len, max_idle }
        tw_pool_config { struct_size, allocator, max_idle_len, classes, class_count }
        tw_pool_stats { struct_size, hits, misses, drops, in_use_len, idle_len, high_water_len, huge, class_count }
        tw_pool_class_stats { struct_size, len, max_idle, hits, misses, drops, in_use, idle, high_water }
        tw_deflate_config {
            struct_size, level, memory_level, send_window_bits, receive_window_bits, max_context_len, min_len,
            max_call_len, max_ratio, reserved
        }
        tw_deflate { enabled, flags, send_window_bits, receive_window_bits, reserved }
        tw_header { name, value }
        tw_handshake_config {
            struct_size, flags, max_head_len, max_header_count, max_line_len, host, target, origin, subprotocols,
            subprotocol_count, origins, origin_count, headers, header_count, deflate
        }
        tw_head { state }
        tw_agreement { subprotocol, deflate, accept }
        tw_log { put_line, context, level, reserved }
        tw_conn_config {
            struct_size, role, flags, max_frame_len, max_message_len, max_output_len, max_memory_len,
            output_high_len, output_low_len, max_fragments, max_control_rate, handshake_timeout_ns, idle_timeout_ns,
            ping_interval_ns, pong_timeout_ns, message_timeout_ns, close_timeout_ns, read_len, max_read_len,
            write_len, min_borrow_len, allocator, random, pool, handshake, deflate, negotiated, log
        }
        tw_event { data, len, r#type, opcode, flags, reserved, code, offset }
        tw_error { struct_size, status, close_code, offset, message, section, limit }
        tw_close { local_code, remote_code, cause }
        tw_conn_stats {
            struct_size, bytes_received, bytes_sent, messages_received, messages_sent, frames_received, frames_sent,
            control_frames_received, control_frames_sent, deflated_received_len, inflated_received_len,
            deflated_sent_len, inflated_sent_len, held_len, context_len, rtt_ns
        }
        tw_message { data, len, opcode, flags }
    }
}

#[test]
fn every_struct_has_the_layout_that_c_gives_it() {
    let mut actual = struct_lines();
    actual.push(format!("tw_status {}", size_of::<tw_status>()));
    actual.sort();
    let layout = read("tests/capi/layout.txt");
    // tw_api is the table for dlopen, which is not declared here.
    let is_ours = |line: &&str| line.starts_with("tw_") && !line.starts_with("tw_api");
    let mut expected: Vec<_> = layout.lines().filter(is_ours).collect();
    expected.sort_unstable();
    assert_eq!(actual, expected);
}

/// The numbers that a header defines, by name.
fn numbers_of(header: &str) -> BTreeMap<&str, i128> {
    let mut numbers = BTreeMap::new();
    for line in header.lines() {
        let mut words = line.split_whitespace();
        let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let digits = value.trim_matches(|c| "()u".contains(c));
        let number = match digits.strip_prefix("0x") {
            _ if digits == "UINT64_MAX" => Ok(i128::from(u64::MAX)),
            Some(digits) => i128::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        if let Ok(number) = number {
            numbers.insert(name, number);
        }
    }
    numbers
}

#[test]
fn every_constant_has_the_value_of_the_header() {
    let header = read("capi/include/tidewire/tidewire.h");
    assert_eq!(names::constants(), numbers_of(&header));
    let version = format!("#define TW_VERSION_STRING {TW_VERSION_STRING:?} ");
    assert!(header.contains(&version), "the header has another version than {version}");
}

#[test]
fn every_constant_has_the_value_of_the_golden_file() {
    let numbers = names::constants();
    let layout = read("tests/capi/layout.txt");
    let lines: Vec<_> = layout.lines().filter(|line| line.starts_with("TW_")).collect();
    assert!(lines.len() > 100, "layout.txt has constants");
    for line in lines {
        let (name, value) = line.split_once(' ').expect("a name and a value");
        assert_eq!(numbers.get(name), Some(&value.parse().expect("a number")), "{name}");
    }
}

#[test]
fn every_function_of_the_interface_is_declared_and_linked() {
    let declared = names::functions();
    let symbols = read("capi/symbols.txt");
    let stable: Vec<_> = symbols.lines().filter_map(|line| line.split_once(" 1.")).map(|(name, _)| name).collect();
    assert_eq!(declared.keys().copied().collect::<Vec<_>>(), stable);
    assert!(declared.values().all(|address| !address.is_null()));
}

#[test]
fn the_initial_structs_know_their_size_and_are_zero_otherwise() {
    assert_eq!(TW_CONN_CONFIG_INIT.struct_size, size_of::<tw_conn_config>());
    assert_eq!(TW_HANDSHAKE_CONFIG_INIT.struct_size, size_of::<tw_handshake_config>());
    assert_eq!(TW_DEFLATE_CONFIG_INIT.struct_size, size_of::<tw_deflate_config>());
    assert_eq!(TW_POOL_CONFIG_INIT.struct_size, size_of::<tw_pool_config>());
    assert_eq!(TW_POOL_STATS_INIT.struct_size, size_of::<tw_pool_stats>());
    assert_eq!(TW_POOL_CLASS_STATS_INIT.struct_size, size_of::<tw_pool_class_stats>());
    assert_eq!(TW_CONN_STATS_INIT.struct_size, size_of::<tw_conn_stats>());
    assert_eq!(TW_ERROR_INIT.struct_size, size_of::<tw_error>());
    assert_eq!(TW_CONN_CONFIG_INIT.role, TW_ROLE_SERVER);
}

#[test]
fn the_library_that_is_linked_is_new_enough() {
    let declared = TW_VERSION_MAJOR * 65536 + TW_VERSION_MINOR * 256 + TW_VERSION_PATCH;
    assert!(tw_version() >= declared, "the library is older than these declarations");
    assert!(!tw_get_api(TW_ABI_MAJOR).is_null(), "the library has another binary interface");
}
