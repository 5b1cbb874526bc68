//! Text that arrives in pieces, which may end anywhere inside a character.

use std::str::from_utf8;

use super::Violation;

/// Collects UTF-8 piece by piece and refuses the first byte that cannot be right.
///
/// Invariant: `text` followed by `open[..open_len]` is all that was pushed, and
/// `open[..open_len]` is the beginning of one valid character or empty.
#[derive(Debug, Default)]
pub(super) struct TextBuilder {
    text: String,
    open: [u8; 4],
    open_len: usize,
}

impl TextBuilder {
    /// Appends a piece; each byte is validated once.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let piece = self.close_open_character(piece)?;
        let (whole, open) = piece.split_at(start_of_open_character(piece));
        self.text.push_str(from_utf8(whole)?);
        if is_hopeless(open) {
            return Err(Violation::InvalidUtf8);
        }
        self.open[self.open_len..self.open_len + open.len()].copy_from_slice(open);
        self.open_len += open.len();
        Ok(())
    }

    /// The whole text, provided that it does not end inside a character.
    pub(super) fn finish(self) -> Result<String, Violation> {
        if self.open_len == 0 { Ok(self.text) } else { Err(Violation::InvalidUtf8) }
    }

    /// Bytes pushed so far.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.open_len
    }

    /// Bytes of memory held.
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Completes the character left open by the piece before, and returns the rest.
    fn close_open_character<'p>(&mut self, mut piece: &'p [u8]) -> Result<&'p [u8], Violation> {
        while self.open_len > 0
            && let Some((&byte, rest)) = piece.split_first()
        {
            self.open[self.open_len] = byte;
            self.open_len += 1;
            piece = rest;
            match from_utf8(&self.open[..self.open_len]) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.open_len = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(piece)
    }
}

/// Where a character begins that needs more bytes than `piece` has left, else its length.
fn start_of_open_character(piece: &[u8]) -> usize {
    for back in 1..=piece.len().min(3) {
        let start = piece.len() - back;
        let needed = match piece[start] {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x00..=0x7f => 1,
        };
        return if needed > back { start } else { piece.len() };
    }
    piece.len()
}

/// Whether no continuation could make a character of `open`.
fn is_hopeless(open: &[u8]) -> bool {
    from_utf8(open).is_err_and(|error| error.error_len().is_some())
}

#[cfg(test)]
mod tests {
    use super::TextBuilder;

    /// How many bytes are taken one by one before the builder refuses.
    fn refused_at(bytes: &[u8]) -> Option<usize> {
        let mut builder = TextBuilder::default();
        bytes.iter().position(|byte| builder.push(&[*byte]).is_err())
    }

    #[test]
    fn a_wrong_byte_is_refused_when_it_comes() {
        assert_eq!(refused_at("κόσμε \u{10ffff}".as_bytes()), None);
        assert_eq!(refused_at(b"a\xff"), Some(1));
        assert_eq!(refused_at(b"a\xc0"), Some(1));
        assert_eq!(refused_at(b"\xf4\x90"), Some(1));
        assert_eq!(refused_at(b"\xed\xa0\x80"), Some(1));
        assert_eq!(refused_at(b"\xe2\x82a"), Some(2));
    }

    #[test]
    fn every_cut_gives_the_same_text() {
        let text = "a é € 𝄞 z\u{10ffff}";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let bytes = text.as_bytes();
                let mut builder = TextBuilder::default();
                for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    builder.push(piece).unwrap();
                }
                assert_eq!(builder.len(), text.len());
                assert_eq!(builder.finish().unwrap(), text);
            }
        }
    }

    #[test]
    fn a_text_cut_inside_a_character_is_refused_at_the_end() {
        let mut builder = TextBuilder::default();
        builder.push(b"a\xf0\x9f\x98").unwrap();
        assert!(builder.finish().is_err());
    }
}
