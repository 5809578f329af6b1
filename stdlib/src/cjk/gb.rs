//! GB 18030, with codes of four bytes for what has none of two, and HZ, which is GB 2312 in seven bits.

use std::sync::LazyLock;

use rpy_vm::types::str::StrBuilder;

use super::codec::{Codec, Fail, State, push_code};
use super::double::pair;
use super::tables;

/// Runs of characters below 0x10000 without a code of two bytes: the first one, and how many others of the sort lie before it. Four-byte
/// codes number them in order.
static RUNS: LazyLock<Vec<(u32, u32)>> = LazyLock::new(|| {
    let mut runs = Vec::new();
    let mut count = 0;
    let mut follows = false;
    for c in 0x80..0x10000 {
        let is_free = !(0xd800..0xe000).contains(&c) && tables::GB18030.encode(c).is_none();
        if is_free {
            if !follows {
                runs.push((c, count));
            }
            count += 1;
        }
        follows = is_free;
    }
    runs
});

/// How many there are.
const FREE: u32 = 39420;
/// The number of U+10000.
const BEYOND: u32 = 189_000;

/// The number of a four-byte code.
fn number([a, b, c, d]: [u8; 4]) -> Option<u32> {
    let in_range = (0x81..=0xfe).contains(&a) && b.is_ascii_digit() && (0x81..=0xfe).contains(&c) && d.is_ascii_digit();
    in_range.then(|| (((a as u32 - 0x81) * 10 + (b as u32 - 0x30)) * 126 + (c as u32 - 0x81)) * 10 + (d as u32 - 0x30))
}

fn numbered(number: u32) -> Option<u32> {
    match number {
        0..FREE => {
            let run = RUNS.partition_point(|&(_, count)| count <= number) - 1;
            Some(RUNS[run].0 + number - RUNS[run].1)
        }
        BEYOND.. => Some(number - BEYOND + 0x10000).filter(|&c| c < 0x110000),
        _ => None,
    }
}

/// GB 18030.
pub struct Gb18030;

impl Codec for Gb18030 {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        if input[0] < 0x80 {
            out.push_char(input[0] as u32);
            return Ok(1);
        }
        let (lead, trail) = pair(input)?;
        if trail.is_ascii_digit() {
            let Some(&code) = input.first_chunk::<4>() else { return Err(Fail::TooFew) };
            out.push_char(number(code).and_then(numbered).ok_or(Fail::Illegal(1))?);
            return Ok(4);
        }
        out.push_char(tables::GB18030.decode(lead, trail).ok_or(Fail::Illegal(1))?);
        Ok(2)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            out.push(c as u8);
            return Ok(1);
        }
        if let Some(code) = tables::GB18030.encode(c) {
            push_code(out, code);
            return Ok(1);
        }
        let number = match c {
            0xd800..0xe000 => return Err(Fail::Illegal(1)),
            0x10000.. => c - 0x10000 + BEYOND,
            _ => {
                let run = RUNS.partition_point(|&(first, _)| first <= c) - 1;
                c - RUNS[run].0 + RUNS[run].1
            }
        };
        out.extend_from_slice(&[
            0x81 + (number / 12600) as u8,
            0x30 + (number / 1260 % 10) as u8,
            0x81 + (number / 10 % 126) as u8,
            0x30 + (number % 10) as u8,
        ]);
        Ok(1)
    }
}

/// HZ: between `~{` and `~}`, GB 2312 in seven bits. The first byte of the state tells whether it is there.
pub struct Hz;

impl Codec for Hz {
    fn decode(&self, state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let byte = input[0];
        let is_gb = state[0] != 0;
        if byte == b'~' {
            match (pair(input)?.1, is_gb) {
                (b'~', false) => out.push_char('~' as u32),
                (b'{', false) => state[0] = 1,
                (b'\n', false) => {}
                (b'}', true) => state[0] = 0,
                _ => return Err(Fail::Illegal(1)),
            }
            return Ok(2);
        }
        if byte >= 0x80 {
            return Err(Fail::Illegal(1));
        }
        if !is_gb {
            out.push_char(byte as u32);
            return Ok(1);
        }
        let (lead, trail) = pair(input)?;
        let c = if trail < 0x80 { tables::GB2312.decode(lead | 0x80, trail | 0x80) } else { None };
        out.push_char(c.ok_or(Fail::Illegal(1))?);
        Ok(2)
    }

    fn encode(
        &self,
        state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            self.finish(state, out);
            out.push(c as u8);
            if c == '~' as u32 {
                out.push(b'~');
            }
            return Ok(1);
        }
        let code = tables::GB2312.encode(c).ok_or(Fail::Illegal(1))?;
        if state[0] == 0 {
            out.extend_from_slice(b"~{");
            state[0] = 1;
        }
        push_code(out, code & 0x7f7f);
        Ok(1)
    }

    fn finish(&self, state: &mut State, out: &mut Vec<u8>) {
        if state[0] != 0 {
            out.extend_from_slice(b"~}");
            state[0] = 0;
        }
    }
}
