//! The XOR that clients lay over what they send.

/// Masks or unmasks `bytes` in place; `key[0]` belongs to the first byte.
///
/// Works a word at a time. A word is assembled from its bytes, so that neither the
/// alignment of the slice nor the byte order of the machine matters, and the loop
/// compiles to vector instructions.
pub(super) fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key_byte) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key_byte;
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn every_length_at_every_alignment_equals_the_definition() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..=u8::MAX).cycle().take(300).collect();
        for start in 0..16 {
            for end in start..plain.len() {
                let mut bytes = plain.clone();
                apply(&mut bytes[start..end], key);
                for (index, byte) in bytes.iter().enumerate() {
                    let inside = (start..end).contains(&index);
                    let expected = if inside { key[(index - start) % 4] } else { 0 };
                    assert_eq!(*byte, plain[index] ^ expected, "{start}..{end} at {index}");
                }
            }
        }
    }
}
