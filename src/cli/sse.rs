//! Reads server-sent events out of a stream of bytes.

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The last id that was named, in this event or before it.
    pub(super) id: Option<String>,
    /// The event's name; empty if it has none.
    pub(super) event: String,
    pub(super) data: String,
}

/// A line that is longer than any event of ours is given up, so that it cannot fill the memory.
const LONGEST_LINE: usize = 1 << 20;

/// Puts events together from pieces of a stream.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    last_id: Option<String>,
    event: String,
    data: Option<String>,
}

impl Parser {
    /// Takes the next bytes; hands out the events that are complete with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Message> {
        let mut ready = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                ready.extend(self.take_line(line.strip_suffix('\r').unwrap_or(&line)));
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(*byte);
            }
        }
        ready
    }

    fn take_line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return self.data.take().map(|data| Message { id: self.last_id.clone(), event, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.last_id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Also comments, whose field is empty.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        ": hello\n\nid: 7\nevent: audit\ndata: {\"a\":1}\n\nretry: 5\r\ndata:x\r\ndata:  y\r\n\r\nid: 9\n\ndata: late";

    fn message(id: &str, event: &str, data: &str) -> Message {
        Message { id: Some(id.to_owned()), event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let expected = [message("7", "audit", "{\"a\":1}"), message("7", "", "x\n y")];
        for size in 1..STREAM.len() {
            let mut parser = Parser::default();
            let found: Vec<Message> = STREAM.as_bytes().chunks(size).flat_map(|piece| parser.push(piece)).collect();
            assert_eq!(found, expected, "in pieces of {size}");
            assert_eq!(parser.push(b"\n\n"), [message("9", "", "late")]);
        }
    }
}
