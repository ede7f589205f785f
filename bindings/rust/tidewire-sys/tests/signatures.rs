// SPDX-License-Identifier: MIT
//! Holds the declared functions against the prototypes of the header, word by word: a linker would not notice if they
//! differed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The parameters of a function, and what it returns, in Rust's words.
type Signature = (Vec<String>, String);

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What follows `start`, each time up to `end`.
fn pieces<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split_once(end)).map(|(piece, _)| piece)
}

/// A text without its comments.
fn without_comments(header: &str) -> String {
    let mut parts = header.split("/*");
    let first = parts.next().expect("a part").to_owned();
    parts.fold(first, |text, part| text + part.split_once("*/").expect("an end").1)
}

/// A type of C, such as `const uint8_t *`, in Rust.
fn rust_type(c: &str) -> String {
    let spaced = c.replace('*', " * ");
    let mut is_const = false;
    let mut rust = String::new();
    for word in spaced.split_whitespace() {
        match word {
            "const" => is_const = true,
            "struct" => {}
            "*" => {
                rust = format!("*{} {rust}", if is_const { "const" } else { "mut" });
                is_const = false;
            }
            "uint8_t" => rust = "u8".into(),
            "uint16_t" => rust = "u16".into(),
            "uint32_t" => rust = "u32".into(),
            "uint64_t" => rust = "u64".into(),
            "int32_t" => rust = "i32".into(),
            "size_t" => rust = "usize".into(),
            "char" => rust = "c_char".into(),
            "void" => rust = "()".into(),
            other => rust = other.into(),
        }
    }
    rust
}

/// A type and a name of C, such as `const uint8_t key[4]`, in Rust: the name and the type.
fn rust_parameter(c: &str) -> (String, String) {
    let (declared, len) =
        c.trim().trim_end_matches(']').split_once('[').map_or((c.trim(), None), |(d, l)| (d, Some(l)));
    let start = declared.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |index| index + 1);
    let (of, name) = declared.split_at(start);
    let rust = match len {
        None => rust_type(of),
        Some(len) => {
            let pointer = if of.contains("const") { "const" } else { "mut" };
            format!("*{pointer} [{}; {len}]", rust_type(&of.replace("const", "")))
        }
    };
    (name.to_owned(), rust)
}

fn of_the_header() -> BTreeMap<String, Signature> {
    let header = without_comments(&read("capi/include/tidewire/tidewire.h"));
    let prototypes = pieces(&header, "TW_API ", ";").filter(|piece| piece.contains('('));
    let signature = |prototype: &str| {
        let (head, parameters) = prototype.split_once('(').expect("a function");
        let (name, returned) = rust_parameter(head);
        let parameters = parameters.trim_end_matches(')').split(',').filter(|parameter| *parameter != "void");
        let parameters = parameters.map(rust_parameter).map(|(name, of)| format!("{name}: {of}")).collect();
        (name, (parameters, returned))
    };
    prototypes.map(signature).collect()
}

fn of_the_crate() -> BTreeMap<String, Signature> {
    let source = read("src/functions.rs") + &read("src/conn_functions.rs");
    let code: Vec<_> =
        source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    let code = code.join(" ");
    let signature = |declared: &str| {
        let (name, rest) = declared.split_once('(').expect("a function");
        let (parameters, returned) = rest.rsplit_once(')').expect("an end");
        let parameters = parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty());
        let returned = returned.trim().strip_prefix("-> ").unwrap_or("()");
        (name.to_owned(), (parameters.map(str::to_owned).collect(), returned.to_owned()))
    };
    // A declaration ends where the line does: an array's length stands behind a semicolon too.
    pieces(&code.replace("; pub", ";\npub").replace("; }", ";\n}"), "fn ", ";\n").map(signature).collect()
}

#[test]
fn every_function_has_the_parameters_of_its_prototype() {
    let (declared, expected) = (of_the_crate(), of_the_header());
    assert!(expected.len() > 70, "the header is read");
    for (name, signature) in &expected {
        assert_eq!(declared.get(name), Some(signature), "{name}");
    }
    assert_eq!(declared.len(), expected.len());
}

#[test]
fn types_of_c_are_read_as_c_reads_them() {
    assert_eq!(rust_parameter("const uint8_t *data"), ("data".into(), "*const u8".into()));
    assert_eq!(rust_parameter("tw_conn **out_conn"), ("out_conn".into(), "*mut *mut tw_conn".into()));
    assert_eq!(rust_parameter("const char *const *names"), ("names".into(), "*const *const c_char".into()));
    assert_eq!(rust_parameter("const uint8_t key[TW_KEY_LEN]"), ("key".into(), "*const [u8; TW_KEY_LEN]".into()));
    assert_eq!(rust_parameter("tw_status tw_mask"), ("tw_mask".into(), "tw_status".into()));
}
