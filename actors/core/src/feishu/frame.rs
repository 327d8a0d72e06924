//! Frames of the long connection: one protobuf message (`pbbp2.Frame`, proto2) in each binary WebSocket message.
//!
//! Required fields are written even if they are zero; unknown fields are skipped.

use thiserror::Error;

/// What kind of frame it is ([`Frame::method`]).
pub mod method {
    /// Ping and pong.
    pub const CONTROL: i32 = 0;
    /// An event, or the answer to one.
    pub const DATA: i32 = 1;
}

/// Headers in one frame, at most; a real one has six.
const MOST_HEADERS: usize = 64;

/// One frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The platform's number of it.
    pub seq_id: u64,
    /// The platform's number of the log.
    pub log_id: u64,
    /// The service of the connection, from the `service_id` of its address.
    pub service: i32,
    /// See [`method`].
    pub method: i32,
    /// `type`, `message_id`, `sum`, `seq`, `trace_id`, `biz_rt` …
    pub headers: Vec<(String, String)>,
    /// How the payload is encoded.
    pub payload_encoding: Option<String>,
    /// What the payload is.
    pub payload_type: Option<String>,
    /// JSON, whole or a part of it.
    pub payload: Option<Vec<u8>>,
    /// The log's name.
    pub log_id_new: Option<String>,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// They end in the middle.
    #[error("the frame ends in the middle of a field")]
    CutShort,
    /// A number has more than ten bytes, or does not fit.
    #[error("a number in the frame is too large")]
    TooLarge,
    /// A text is not UTF-8.
    #[error("a text in the frame is not UTF-8")]
    NotText,
    /// A field is of a kind that the message does not know.
    #[error("a field of the frame is of another kind than it has to be")]
    WrongKind,
    /// A field that must be there is missing.
    #[error("the frame lacks one of SeqID, LogID, service and method")]
    Incomplete,
    /// There are more headers than anybody sends.
    #[error("the frame has more than {MOST_HEADERS} headers")]
    TooManyHeaders,
}

impl Frame {
    /// A ping or a pong.
    pub fn control(service: i32, kind: &str) -> Self {
        let headers = vec![("type".to_owned(), kind.to_owned())];
        Self { service, method: method::CONTROL, headers, ..Self::default() }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The bytes that go over the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.payload.as_ref().map_or(0, Vec::len));
        for (field, value) in
            [(1, self.seq_id), (2, self.log_id), (3, sign_extended(self.service)), (4, sign_extended(self.method))]
        {
            varint(&mut bytes, field << 3);
            varint(&mut bytes, value);
        }
        for (key, value) in &self.headers {
            let mut header = Vec::with_capacity(key.len() + value.len() + 4);
            text(&mut header, 1, key.as_bytes());
            text(&mut header, 2, value.as_bytes());
            text(&mut bytes, 5, &header);
        }
        let optional = [
            (6, self.payload_encoding.as_ref().map(String::as_bytes)),
            (7, self.payload_type.as_ref().map(String::as_bytes)),
            (8, self.payload.as_deref()),
            (9, self.log_id_new.as_ref().map(String::as_bytes)),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                text(&mut bytes, field, value);
            }
        }
        bytes
    }

    /// Reads a frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut frame = Self::default();
        let mut required = [false; 4];
        let mut rest = bytes;
        while !rest.is_empty() {
            let (number, value) = field(&mut rest)?;
            match (number, value) {
                (1, Value::Number(value)) => frame.seq_id = value,
                (2, Value::Number(value)) => frame.log_id = value,
                (3, Value::Number(value)) => frame.service = truncated(value),
                (4, Value::Number(value)) => frame.method = truncated(value),
                (5, Value::Bytes(bytes)) if frame.headers.len() < MOST_HEADERS => frame.headers.push(header(bytes)?),
                (5, Value::Bytes(_)) => return Err(Malformed::TooManyHeaders),
                (6, Value::Bytes(bytes)) => frame.payload_encoding = Some(string(bytes)?),
                (7, Value::Bytes(bytes)) => frame.payload_type = Some(string(bytes)?),
                (8, Value::Bytes(bytes)) => frame.payload = Some(bytes.to_vec()),
                (9, Value::Bytes(bytes)) => frame.log_id_new = Some(string(bytes)?),
                (1..=9, _) => return Err(Malformed::WrongKind),
                (_, _) => {}
            }
            if let Some(seen) = usize::try_from(number).ok().and_then(|number| required.get_mut(number.wrapping_sub(1)))
            {
                *seen = true;
            }
        }
        if required.contains(&false) { Err(Malformed::Incomplete) } else { Ok(frame) }
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Skipped,
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u64, Value<'a>), Malformed> {
    let tag = number(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(number(rest)?),
        1 => take(rest, 8).map(|_| Value::Skipped)?,
        2 => {
            let length = usize::try_from(number(rest)?).map_err(|_| Malformed::TooLarge)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => take(rest, 4).map(|_| Value::Skipped)?,
        _ => return Err(Malformed::WrongKind),
    };
    Ok((tag >> 3, value))
}

fn header(mut bytes: &[u8]) -> Result<(String, String), Malformed> {
    let (mut key, mut value) = (None, None);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(bytes)) => key = Some(string(bytes)?),
            (2, Value::Bytes(bytes)) => value = Some(string(bytes)?),
            (1 | 2, _) => return Err(Malformed::WrongKind),
            (_, _) => {}
        }
    }
    key.zip(value).ok_or(Malformed::Incomplete)
}

fn number(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first().ok_or(Malformed::CutShort)?;
        if shift == 63 && byte > 1 {
            return Err(Malformed::TooLarge);
        }
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed::TooLarge)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed::CutShort)?;
    *rest = left;
    Ok(taken)
}

fn string(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed::NotText)
}

/// Negative numbers of 32 bits are written with 64.
fn sign_extended(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

#[expect(clippy::cast_possible_truncation, reason = "what protobuf says of an int32")]
const fn truncated(value: u64) -> i32 {
    value as u32 as i32
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn text(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(bytes, field << 3 | 2);
    varint(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const RECEIVED: &str = "08071009180120012a0d0a047479706512056576656e742a100a0a6d6573736167655f696412026d312a080a0373756d1201312a080a037365711201302a0e0a0874726163655f6964120274314202\
        7b7d";

    #[test]
    fn a_ping_is_the_one_that_the_sdk_sends() {
        let ping = Frame::control(33_554_678, "ping");
        assert_eq!(hex::encode(ping.encode()), "0800100018f681801020002a0c0a0474797065120470696e67");
        assert_eq!(Frame::decode(&ping.encode()).unwrap(), ping);
    }

    #[test]
    fn an_event_is_read_and_its_answer_written_as_the_sdk_does() {
        let mut frame = Frame::decode(&hex::decode(RECEIVED).unwrap()).unwrap();
        assert_eq!((frame.seq_id, frame.log_id, frame.service, frame.method), (7, 9, 1, method::DATA));
        assert_eq!(frame.header("type"), Some("event"));
        assert_eq!(frame.header("trace_id"), Some("t1"));
        assert_eq!(frame.payload.as_deref(), Some(b"{}".as_slice()));
        assert_eq!(hex::encode(frame.encode()), RECEIVED);
        frame.headers.push(("biz_rt".to_owned(), "12".to_owned()));
        frame.payload = Some(
            br#"{"code":200,"headers":null,"data":"eyJ0b2FzdCI6eyJ0eXBlIjoiaW5mbyIsImNvbnRlbnQiOiJvayJ9fQ=="}"#
                .to_vec(),
        );
        assert_eq!(
            hex::encode(frame.encode()),
            "08071009180120012a0d0a047479706512056576656e742a100a0a6d6573736167655f696412026d312a080a0373756d1201312a080a037365711201302a0e0a0874726163655f6964120274312a0c0a0662697a5f727412023132425d7b22636f6465223a3230302c2268656164657273223a6e756c6c2c2264617461223a2265794a306232467a6443493665794a306558426c496a6f696157356d62794973496d4e76626e526c626e51694f694a7661794a3966513d3d227d"
        );
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let whole = hex::decode(RECEIVED).unwrap();
        for length in 0..whole.len() {
            assert_ne!(Frame::decode(&whole[..length]), Frame::decode(&whole), "{length}");
        }
        for length in 0..8 {
            Frame::decode(&whole[..length]).unwrap_err();
        }
        assert_eq!(Frame::decode(&[]), Err(Malformed::Incomplete));
        assert_eq!(Frame::decode(&hex::decode("080010001800").unwrap()), Err(Malformed::Incomplete));
        assert_eq!(Frame::decode(&hex::decode("0a0100").unwrap()), Err(Malformed::WrongKind));
        assert_eq!(Frame::decode(&hex::decode("08ffffffffffffffffffff01").unwrap()), Err(Malformed::TooLarge));
        assert_eq!(Frame::decode(&hex::decode("08001000180020003201ff").unwrap()), Err(Malformed::NotText));
    }

    #[test]
    fn fields_that_are_not_known_are_skipped() {
        let mut bytes = Frame::control(1, "pong").encode();
        bytes.extend(hex::decode("5001590000000000000000620161").unwrap());
        assert_eq!(Frame::decode(&bytes).unwrap(), Frame::control(1, "pong"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::decode(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            seq_id in any::<u64>(), log_id in any::<u64>(), service in any::<i32>(), method in any::<i32>(),
            headers in proptest::collection::vec((".{0,8}", ".{0,8}"), 0..5), payload in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..50)),
            log_id_new in proptest::option::of(".{0,8}"),
        ) {
            let frame = Frame { seq_id, log_id, service, method, headers, payload, log_id_new, ..Frame::default() };
            prop_assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
        }
    }
}
