// SPDX-License-Identifier: MIT
//! What the vector files are written in: objects of which every key is known, and DATA.

use serde_json::{Map, Value};

/// An object whose keys are taken one by one; what is left is an error of the file.
pub struct Fields<'a> {
    place: String,
    left: Map<String, Value>,
    shared: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `place` is told in panics, `shared` is the `data` of the file.
    pub fn new(place: &str, value: &Value, shared: &'a Map<String, Value>) -> Self {
        let left = value.as_object().unwrap_or_else(|| panic!("{place}: {value} is no object")).clone();
        Self { place: place.to_owned(), left, shared }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    /// The object at `key`.
    pub fn object(&mut self, key: &str) -> Option<Self> {
        self.take(key).map(|value| Fields::new(&format!("{}, {key}", self.place), &value, self.shared))
    }

    pub fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        self.take(key).map(|value| match value {
            Value::Array(list) => list,
            other => panic!("{}, {key}: {other} is no list", self.place),
        })
    }

    /// The objects in the list at `key`.
    pub fn objects(&mut self, key: &str) -> Vec<Self> {
        let list = self.list(key).unwrap_or_default();
        let place = |index| format!("{}, {key} {index}", self.place);
        list.iter().enumerate().map(|(index, value)| Fields::new(&place(index), value, self.shared)).collect()
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|value| self.string(key, &value))
    }

    pub fn texts(&mut self, key: &str) -> Vec<String> {
        self.list(key).unwrap_or_default().iter().map(|value| self.string(key, value)).collect()
    }

    pub fn number(&mut self, key: &str) -> Option<u64> {
        self.take(key).map(|value| self.integer(key, &value))
    }

    /// A number, or `"never"`: `u64::MAX`.
    pub fn time(&mut self, key: &str) -> Option<u64> {
        self.take(key).map(|value| if value == "never" { u64::MAX } else { self.integer(key, &value) })
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let place = &self.place;
        self.left
            .remove(key)
            .map(|value| value.as_bool().unwrap_or_else(|| panic!("{place}, {key}: {value} is no bool")))
    }

    /// Whether the key is there, with the only value that it may have: true.
    pub fn is_set(&mut self, key: &str) -> bool {
        let flag = self.flag(key);
        assert_ne!(flag, Some(false), "{}, {key}: false is the default", self.place);
        flag.is_some()
    }

    pub fn bytes(&mut self, key: &str) -> Option<Vec<u8>> {
        self.take(key).map(|value| self.data(&value))
    }

    /// Ends the object.
    pub fn finish(self) {
        assert!(self.left.is_empty(), "{}: unknown keys {:?}", self.place, self.left.keys().collect::<Vec<_>>());
    }

    fn string(&self, key: &str, value: &Value) -> String {
        value.as_str().unwrap_or_else(|| panic!("{}, {key}: {value} is no string", self.place)).to_owned()
    }

    fn integer(&self, key: &str, value: &Value) -> u64 {
        value.as_u64().unwrap_or_else(|| panic!("{}, {key}: {value} is no number", self.place))
    }

    /// The bytes that DATA stands for.
    fn data(&self, value: &Value) -> Vec<u8> {
        match value {
            Value::String(digits) => hex(&self.place, digits),
            Value::Array(parts) => parts.iter().flat_map(|part| self.data(part)).collect(),
            Value::Object(form) if form.len() == 1 => {
                let (name, value) = form.iter().next().expect("one entry");
                self.form(name, value)
            }
            other => panic!("{}: {other} is no DATA", self.place),
        }
    }

    fn form(&self, name: &str, value: &Value) -> Vec<u8> {
        match (name, value) {
            ("text", Value::String(text)) => text.as_bytes().to_vec(),
            ("lines", Value::Array(lines)) => {
                lines.iter().flat_map(|line| (self.string(name, line) + "\r\n").into_bytes()).collect()
            }
            ("use", Value::String(key)) => {
                self.data(self.shared.get(key).unwrap_or_else(|| panic!("{}: no data {key}", self.place)))
            }
            ("repeat", Value::Array(pair)) if pair.len() == 2 => {
                let count = usize::try_from(self.integer(name, &pair[1])).expect("a length");
                self.data(&pair[0]).repeat(count)
            }
            ("masked", Value::Array(pair)) if pair.len() == 2 => {
                let key = hex(&self.place, &self.string(name, &pair[0]));
                assert_eq!(key.len(), 4, "{}: a masking key", self.place);
                let data = self.data(&pair[1]);
                key.iter().copied().chain(data.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4])).collect()
            }
            _ => panic!("{}: {name} {value} is no DATA", self.place),
        }
    }
}

/// The bytes that hexadecimal digits, with blanks, stand for.
pub fn hex(place: &str, digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter(|c| *c != ' ').map(|c| digit(place, c)).collect();
    assert!(digits.len() % 2 == 0, "{place}: half a byte");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn digit(place: &str, c: char) -> u8 {
    let value = c.to_digit(16).unwrap_or_else(|| panic!("{place}: {c} is no hexadecimal digit"));
    u8::try_from(value).expect("four bits")
}
