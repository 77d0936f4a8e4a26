//! Structures of Apache Thrift's compact protocol, walked without being understood: is everything there that they count?
//!
//! A list may claim two thousand million elements without a byte for any of them, and the library that reads Parquet would go through
//! them all. What is never here: what the fields mean.
//!
//! ```text
//! struct   fields (id as a step from the last one and type in a byte, or type alone and the id as a varint), then 0
//! list     count and type in a byte, or the count as a varint behind it; then the elements
//! map      count as a varint, types of key and value in a byte, then the pairs
//! ```
//! Source: the specification of the compact protocol in Apache Thrift's repository.

use std::collections::BTreeMap;

/// Structures within structures, at most.
const MAX_DEPTH: usize = 32;

/// Why bytes are no structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It goes on behind them.
    Cut,
    /// It is none.
    Wrong,
}

/// A structure that was walked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Its bytes.
    pub(super) n_bytes: usize,
    /// Its own fields that are integers, by their ids.
    pub(super) numbers: BTreeMap<i64, i64>,
}

/// Walks the structure that `bytes` begin with.
///
/// # Errors
/// Where something that it counts is not there.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked, Fault> {
    let mut walk = Walk { bytes, at: 0 };
    let mut numbers = BTreeMap::new();
    walk.structure(0, &mut |id, value| {
        numbers.insert(id, value);
    })?;
    Ok(Walked { n_bytes: walk.at, numbers })
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, n: u64) -> Result<(), Fault> {
        let left = (self.bytes.len() - self.at) as u64;
        if n > left {
            return Err(Fault::Cut);
        }
        self.at += n as usize;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Wrong)
    }

    fn whole_number(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn structure(&mut self, depth: usize, note: &mut dyn FnMut(i64, i64)) -> Result<(), Fault> {
        if depth == MAX_DEPTH {
            return Err(Fault::Wrong);
        }
        let mut id = 0i64;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => self.whole_number()?,
                step => id.saturating_add(i64::from(step)),
            };
            match header & 0x0f {
                // The type is the value.
                1 | 2 => {}
                4..=6 => note(id, self.whole_number()?),
                kind => self.value(kind, depth + 1)?,
            }
        }
    }

    /// A value that is an element, or a field of more than a number.
    fn value(&mut self, kind: u8, depth: usize) -> Result<(), Fault> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let n_bytes = self.varint()?;
                self.skip(n_bytes)
            }
            9 | 10 => self.list(depth),
            11 => self.map(depth),
            12 => self.structure(depth, &mut |_, _| {}),
            13 => self.skip(16),
            _ => Err(Fault::Wrong),
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), Fault> {
        let header = self.byte()?;
        let n = match header >> 4 {
            15 => self.varint()?,
            n => u64::from(n),
        };
        self.elements(n, &[header & 0x0f], depth)
    }

    fn map(&mut self, depth: usize) -> Result<(), Fault> {
        match self.varint()? {
            0 => Ok(()),
            n => {
                let kinds = self.byte()?;
                self.elements(n, &[kinds >> 4, kinds & 0x0f], depth)
            }
        }
    }

    fn elements(&mut self, n: u64, kinds: &[u8], depth: usize) -> Result<(), Fault> {
        if depth == MAX_DEPTH {
            return Err(Fault::Wrong);
        }
        // Every element takes a byte at least.
        if n > (self.bytes.len() - self.at) as u64 {
            return Err(Fault::Cut);
        }
        for _ in 0..n {
            for kind in kinds {
                self.value(*kind, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_walked_and_numbers_told() {
        // 1: i32 3; 2: binary "ab"; 20: list of two i64; 21: true; stop.
        let bytes = [0x15, 6, 0x18, 2, b'a', b'b', 0x09, 40, 0x26, 1, 2, 0x11, 0, 99];
        let walked = walk(&bytes).expect("a structure");
        assert_eq!((walked.n_bytes, walked.numbers), (13, BTreeMap::from([(1, 3)])));
        assert!((1..13).all(|n| walk(&bytes[..n]) == Err(Fault::Cut)), "it goes on");
    }

    #[test]
    fn counts_without_elements_are_refused() {
        // A list of 2^31 - 1 booleans, of which none is there.
        let list = [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(walk(&list), Err(Fault::Cut));
        let map = [0x1b, 0xff, 0xff, 0xff, 0xff, 0x07, 0x11, 0];
        assert_eq!(walk(&map), Err(Fault::Cut));
        // Lists within lists, and structures within structures, without an end.
        assert_eq!(walk(&[0x19; 200]), Err(Fault::Wrong));
        assert_eq!(walk(&[0x1c; 200]), Err(Fault::Wrong));
        assert_eq!(walk(&[0x1f, 0]), Err(Fault::Wrong), "a type that there is not");
    }
}
