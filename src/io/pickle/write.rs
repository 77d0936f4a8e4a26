//! Writes pickles (protocol 2, which every Python since 2.3 reads) of what PyTorch's files need: dictionaries, tuples, names of
//! classes, texts, integers and references to storages.
//!
//! What is never here: which objects a file holds, see `io/export/torch.rs`.

/// A pickle that is being written. Nothing is checked: what is put on the stack in the wrong order makes a wrong pickle.
#[derive(Debug)]
pub(crate) struct Pickler {
    bytes: Vec<u8>,
}

impl Pickler {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0x80, 2] }
    }

    /// Opens what [`Pickler::tuple`], [`Pickler::set_items`] or [`Pickler::extend`] closes.
    pub(crate) fn mark(&mut self) -> &mut Self {
        self.op(b'(')
    }

    pub(crate) fn tuple(&mut self) -> &mut Self {
        self.op(b't')
    }

    pub(crate) fn empty_tuple(&mut self) -> &mut Self {
        self.op(b')')
    }

    pub(crate) fn empty_dict(&mut self) -> &mut Self {
        self.op(b'}')
    }

    pub(crate) fn empty_list(&mut self) -> &mut Self {
        self.op(b']')
    }

    /// Puts the pairs since the mark into the dictionary below it.
    pub(crate) fn set_items(&mut self) -> &mut Self {
        self.op(b'u')
    }

    /// Puts the values since the mark into the list below it.
    pub(crate) fn extend(&mut self) -> &mut Self {
        self.op(b'e')
    }

    /// A class or function by its name.
    pub(crate) fn global(&mut self, module: &str, name: &str) -> &mut Self {
        self.op(b'c');
        for word in [module, name] {
            self.bytes.extend_from_slice(word.as_bytes());
            self.bytes.push(b'\n');
        }
        self
    }

    /// Calls the function below the tuple on top.
    pub(crate) fn reduce(&mut self) -> &mut Self {
        self.op(b'R')
    }

    /// An object of the class below the tuple on top.
    pub(crate) fn new_object(&mut self) -> &mut Self {
        self.op(0x81)
    }

    /// Gives the object below the dictionary on top its attributes.
    pub(crate) fn build(&mut self) -> &mut Self {
        self.op(b'b')
    }

    /// Remembers what is on top as number `at`.
    pub(crate) fn remember(&mut self, at: u8) -> &mut Self {
        self.bytes.extend([b'q', at]);
        self
    }

    /// What was remembered as number `at`.
    pub(crate) fn recall(&mut self, at: u8) -> &mut Self {
        self.bytes.extend([b'h', at]);
        self
    }

    /// What the tuple on top refers to outside of the pickle.
    pub(crate) fn persistent(&mut self) -> &mut Self {
        self.op(b'Q')
    }

    pub(crate) fn no(&mut self) -> &mut Self {
        self.op(0x89)
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.op(b'X');
        self.bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn whole(&mut self, value: usize) -> &mut Self {
        match (u8::try_from(value), i32::try_from(value)) {
            (Ok(small), _) => self.bytes.extend([b'K', small]),
            (_, Ok(word)) => {
                self.op(b'J');
                self.bytes.extend_from_slice(&word.to_le_bytes());
            }
            _ => {
                // 64 bits with a sign: no file counts further.
                self.bytes.extend([0x8a, 8]);
                self.bytes.extend_from_slice(&i64::try_from(value).unwrap_or(i64::MAX).to_le_bytes());
            }
        }
        self
    }

    /// A tuple of integers.
    pub(crate) fn wholes(&mut self, values: impl IntoIterator<Item = usize>) -> &mut Self {
        self.mark();
        values.into_iter().for_each(|value| {
            self.whole(value);
        });
        self.tuple()
    }

    /// The finished pickle.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.op(b'.');
        self.bytes
    }

    fn op(&mut self, code: u8) -> &mut Self {
        self.bytes.push(code);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Node, Pickle};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let numbers = [0, 255, 256, 1 << 31, 1 << 40];
        let mut pickler = Pickler::new();
        pickler.empty_dict().mark().text("größe").wholes(numbers).text("names").empty_list().mark();
        pickler.text("a").text("b").extend().set_items();
        let bytes = pickler.finish();
        let pickle = Pickle::parse(&bytes).expect("a pickle");
        let get = |key| pickle.get(pickle.root(), key).expect("the key");
        assert_eq!(pickle.sizes(get("größe")).expect("integers"), numbers);
        assert!(matches!(pickle.node(get("names")), Node::List(_)));
        let names: Vec<_> = pickle.sequence(get("names")).expect("a list").iter().map(|id| pickle.text(*id)).collect();
        assert_eq!(names, [Some("a"), Some("b")]);
    }
}
