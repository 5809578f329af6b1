//! Tables of double-byte character sets, made from those of `encoding_rs` when they are first needed.
//!
//! That crate has the tables of the web, CPython those of the standards; where they differ is written down here.

use std::sync::LazyLock;

use encoding_rs::Encoding;

/// A table in both directions. Codes are two bytes; 7-bit and 8-bit codes are the same to it but for the trail byte.
pub struct Table {
    /// By lead (seven bits) and trail; 0 for none.
    chars: Box<[u32]>,
    /// By the upper bits of a character, the number of a page of codes.
    pages: Box<[u16]>,
    codes: Vec<u16>,
}

/// Which code a character gets that has several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    First,
    Last,
}

fn index(code: u16) -> usize {
    (code & 0x7fff) as usize
}

impl Table {
    /// From codes and their characters.
    pub fn new(pairs: impl IntoIterator<Item = (u16, u32)>, prefer: Prefer) -> Table {
        let mut table = Table { chars: vec![0; 1 << 15].into(), pages: vec![0; 0x1100].into(), codes: vec![0; 256] };
        for (code, c) in pairs {
            table.chars[index(code)] = c;
            if prefer == Prefer::Last || table.encode(c).is_none() {
                table.set_code(c, code);
            }
        }
        table
    }

    /// What a character is encoded as from now on.
    pub fn set_code(&mut self, c: u32, code: u16) {
        let page = &mut self.pages[(c >> 8) as usize];
        if *page == 0 {
            *page = (self.codes.len() / 256) as u16;
            self.codes.resize(self.codes.len() + 256, 0);
        }
        self.codes[*page as usize * 256 + (c & 255) as usize] = code;
    }

    /// The character of a code.
    #[inline]
    pub fn decode(&self, lead: u8, trail: u8) -> Option<u32> {
        let c = self.chars[index(u16::from_be_bytes([lead, trail]))];
        (c != 0).then_some(c)
    }

    /// The code of a character.
    #[inline]
    pub fn encode(&self, c: u32) -> Option<u16> {
        let page = *self.pages.get((c >> 8) as usize)?;
        let code = self.codes[page as usize * 256 + (c & 255) as usize];
        (code != 0).then_some(code)
    }

    /// All codes with their characters.
    pub fn pairs(&self) -> impl Iterator<Item = (u16, u32)> {
        self.chars.iter().enumerate().filter(|&(_, &c)| c != 0).map(|(i, &c)| (i as u16 | 0x8000, c))
    }
}

/// What an encoding has for pairs of bytes with these leads, all behind `prefix`.
fn web_pairs(
    encoding: &'static Encoding,
    prefix: &[u8],
    leads: core::ops::RangeInclusive<u8>,
    trails: core::ops::RangeInclusive<u8>,
) -> Vec<(u16, u32)> {
    let mut codes = Vec::new();
    let mut bytes = Vec::new();
    for lead in leads {
        for trail in trails.clone() {
            codes.push(u16::from_be_bytes([lead, trail]));
            bytes.extend_from_slice(prefix);
            bytes.extend_from_slice(&[lead, trail, b'\n']);
        }
    }
    let (text, _) = encoding.decode_without_bom_handling(&bytes);
    let single = |line: &str| {
        let mut chars = line.chars();
        let c = chars.next().filter(|&c| c != '\u{fffd}')?;
        chars.next().is_none().then_some(c as u32)
    };
    codes.into_iter().zip(text.split('\n')).filter_map(|(code, line)| Some((code, single(line)?))).collect()
}

/// The pairs with those of `changes` in place of or besides theirs.
fn changed(mut pairs: Vec<(u16, u32)>, changes: &[(u16, u32)]) -> Vec<(u16, u32)> {
    pairs.retain(|(code, _)| changes.iter().all(|(changed, _)| changed != code));
    pairs.extend_from_slice(changes);
    pairs.sort_unstable();
    pairs
}

fn is_in(ranges: &[(u16, u16)], code: u16) -> bool {
    ranges.iter().any(|&(low, high)| low <= code && code <= high)
}

/// JIS X 0208, with 8-bit codes.
pub static JISX0208: LazyLock<Table> = LazyLock::new(|| {
    let pairs = web_pairs(encoding_rs::EUC_JP, &[], 0xa1..=0xf4, 0xa1..=0xfe);
    // Row 13 is a vendor's.
    let pairs = pairs.into_iter().filter(|&(code, _)| code >> 8 != 0xad).collect();
    let changes =
        [(0xa1c1, 0x301c), (0xa1c2, 0x2016), (0xa1dd, 0x2212), (0xa1f1, 0xa2), (0xa1f2, 0xa3), (0xa2cc, 0xac)];
    Table::new(changed(pairs, &changes), Prefer::First)
});

/// JIS X 0212, with 8-bit codes.
pub static JISX0212: LazyLock<Table> = LazyLock::new(|| {
    let pairs = web_pairs(encoding_rs::EUC_JP, &[0x8f], 0xa1..=0xfe, 0xa1..=0xfe);
    Table::new(changed(pairs, &[(0xa2b7, 0x7e)]), Prefer::First)
});

/// Code page 932: JIS X 0208 as Shift JIS has it, vendors' characters, and room for the user's.
pub static CP932: LazyLock<Table> = LazyLock::new(|| {
    let mut pairs = web_pairs(encoding_rs::SHIFT_JIS, &[], 0x81..=0x9f, 0x40..=0xfc);
    pairs.extend(web_pairs(encoding_rs::SHIFT_JIS, &[], 0xe0..=0xfc, 0x40..=0xfc));
    let mut table = Table::new(pairs, Prefer::First);
    let others = [(0xa2, 0x8191), (0xa3, 0x8192), (0xac, 0x81ca), (0x2016, 0x8161), (0x2212, 0x817c), (0x301c, 0x8160)];
    for (c, code) in others {
        table.set_code(c, code);
    }
    table
});

/// Code page 949: KS X 1001 where both bytes are at least 0xa1, and the syllables missing there elsewhere.
pub static CP949: LazyLock<Table> =
    LazyLock::new(|| Table::new(web_pairs(encoding_rs::EUC_KR, &[], 0x81..=0xfe, 0x41..=0xfe), Prefer::First));

/// The double-byte codes of GB 18030-2000.
pub static GB18030: LazyLock<Table> = LazyLock::new(|| {
    let pairs = web_pairs(encoding_rs::GB18030, &[], 0x81..=0xfe, 0x40..=0xfe);
    let changes = [
        (0xa3a0, 0xe5e5),
        (0xa6d9, 0xe78d),
        (0xa6da, 0xe78e),
        (0xa6db, 0xe78f),
        (0xa6dc, 0xe790),
        (0xa6dd, 0xe791),
        (0xa6de, 0xe792),
        (0xa6df, 0xe793),
        (0xa6ec, 0xe794),
        (0xa6ed, 0xe795),
        (0xa6f3, 0xe796),
        (0xa8bc, 0xe7c7),
        (0xfe59, 0xe81e),
        (0xfe61, 0xe826),
        (0xfe66, 0xe82b),
        (0xfe67, 0xe82c),
        (0xfe6d, 0xe832),
        (0xfe7e, 0xe843),
        (0xfe90, 0xe854),
        (0xfea0, 0xe864),
    ];
    Table::new(changed(pairs, &changes), Prefer::First)
});

/// Which codes of GB 18030 were not in GBK yet: each row's, without the columns from 0x40 to 0xa0 where those are GBK's.
fn is_newer_than_gbk(code: u16) -> bool {
    const NEWER: [(u16, u16); 24] = [
        (0xa2ab, 0xa2b0),
        (0xa2e3, 0xa2e4),
        (0xa2ef, 0xa2f0),
        (0xa2fd, 0xa2fe),
        (0xa4f4, 0xa4fe),
        (0xa5f7, 0xa5fe),
        (0xa6b9, 0xa6c0),
        (0xa6d9, 0xa6df),
        (0xa6ec, 0xa6ed),
        (0xa6f3, 0xa6f3),
        (0xa6f6, 0xa6fe),
        (0xa7c2, 0xa7d0),
        (0xa7f2, 0xa7fe),
        (0xa896, 0xa8a0),
        (0xa8bc, 0xa8bc),
        (0xa8bf, 0xa8bf),
        (0xa8c1, 0xa8c4),
        (0xa8ea, 0xa8fe),
        (0xa958, 0xa958),
        (0xa95b, 0xa95b),
        (0xa95d, 0xa95f),
        (0xa989, 0xa995),
        (0xa997, 0xa9a3),
        (0xa9f0, 0xa9fe),
    ];
    let (lead, trail) = (code >> 8, code & 0xff);
    match lead {
        0xa1..=0xa7 if trail <= 0xa0 => true,
        0xaa..=0xaf | 0xf8..=0xfd => trail >= 0xa1,
        0xd7 => trail >= 0xfa,
        0xfe => trail >= 0x50,
        _ => is_in(&NEWER, code),
    }
}

/// GBK.
pub static GBK: LazyLock<Table> =
    LazyLock::new(|| Table::new(GB18030.pairs().filter(|&(code, _)| !is_newer_than_gbk(code)), Prefer::First));

/// GB 2312, with 8-bit codes.
pub static GB2312: LazyLock<Table> = LazyLock::new(|| {
    // What GBK added in the rows that it has from GB 2312.
    const ADDED: [(u16, u16); 3] = [(0xa2a1, 0xa2aa), (0xa6e0, 0xa6f5), (0xa8bb, 0xa8c0)];
    let is_old =
        |code: u16| matches!(code >> 8, 0xa1..=0xa9 | 0xb0..=0xf7) && code & 0xff >= 0xa1 && !is_in(&ADDED, code);
    let pairs = GBK.pairs().filter(|&(code, _)| is_old(code)).collect();
    Table::new(changed(pairs, &[(0xa1a4, 0x30fb), (0xa1aa, 0x2015)]), Prefer::First)
});

/// What the web has for Big5, with the Hong Kong characters.
static WEB_BIG5: LazyLock<Vec<(u16, u32)>> =
    LazyLock::new(|| web_pairs(encoding_rs::BIG5, &[], 0x87..=0xfe, 0x40..=0xfe));

/// Characters for which code page 950, and the web, have others.
const BIG5_SYMBOLS: [(u16, u32); 11] = [
    (0xa145, 0x2022),
    (0xa14e, 0xff64),
    (0xa1c2, 0x203e),
    (0xa1e3, 0x223c),
    (0xa1f2, 0x2641),
    (0xa1f3, 0x2609),
    (0xa241, 0xff0f),
    (0xa242, 0xff3c),
    (0xa244, 0xa5),
    (0xa246, 0xa2),
    (0xa247, 0xa3),
];

/// Kana, Cyrillic letters and numbers in circles, by their first and last characters, from 0xc6a1 on.
const BIG5_LETTERS: [(u32, u32); 13] = [
    (0x30fe, 0x30fe),
    (0x309d, 0x309e),
    (0x3005, 0x3005),
    (0x3041, 0x3093),
    (0x30a1, 0x30f6),
    (0x414, 0x415),
    (0x401, 0x401),
    (0x416, 0x41c),
    (0x423, 0x435),
    (0x451, 0x451),
    (0x436, 0x44f),
    (0x2460, 0x2469),
    (0x2474, 0x247d),
];

/// Big5 without Hong Kong's characters and without those in `others`.
fn plain_big5(others: &[(u16, u16)]) -> Vec<(u16, u32)> {
    let is_plain = |code: u16| code >= 0xa140 && !(0xc6a1..=0xc8fe).contains(&code) && !is_in(others, code);
    let mut pairs: Vec<_> = WEB_BIG5.iter().copied().filter(|&(code, _)| is_plain(code)).collect();
    let trails = || (0x40..=0x7eu16).chain(0xa1..=0xfe);
    let codes = (0xc6..=0xc7u16).flat_map(|lead| trails().map(move |trail| lead << 8 | trail));
    let letters = BIG5_LETTERS.iter().flat_map(|&(first, last)| first..=last);
    pairs.extend(codes.filter(|&code| code >= 0xc6a1).zip(letters));
    pairs.sort_unstable();
    pairs
}

/// Big5.
pub static BIG5: LazyLock<Table> = LazyLock::new(|| {
    let pairs = plain_big5(&[(0xa3c0, 0xa3e1), (0xf9d6, 0xfefe)]);
    Table::new(changed(pairs, &BIG5_SYMBOLS), Prefer::Last)
});

/// Code page 950.
pub static CP950: LazyLock<Table> = LazyLock::new(|| {
    let pairs = plain_big5(&[(0xa3c0, 0xa3e0), (0xfa40, 0xfefe)]);
    let mut table = Table::new(changed(pairs, &[(0xf9fe, 0x2593)]), Prefer::First);
    // The characters for which it has others in their places go to the same codes.
    for (code, c) in BIG5_SYMBOLS {
        if table.encode(c).is_none() {
            table.set_code(c, code);
        }
    }
    table.set_code(0x5341, 0xa451);
    table.set_code(0x5345, 0xa4ca);
    table
});

/// Big5 with the Hong Kong Supplementary Character Set of 2004.
pub static BIG5HKSCS: LazyLock<Table> = LazyLock::new(|| {
    // What came later.
    const LATER: &[u16] = &[
        0x8e69, 0x8e6f, 0x8e7e, 0x8eab, 0x8eb4, 0x8ecd, 0x8ed0, 0x8f57, 0x8f69, 0x8f6e, 0x8fcb, 0x8fcc, 0x8ffe, 0x906d,
        0x907a, 0x90dc, 0x90f1, 0x91bf, 0x9244, 0x92af, 0x92b0, 0x92b1, 0x92b2, 0x92c8, 0x92d1, 0x9447, 0x94ca, 0x95d9,
        0x9644, 0x96ed, 0x96fc, 0x9b76, 0x9b78, 0x9b7b, 0x9bc6, 0x9bde, 0x9bec, 0x9bf6, 0x9c42, 0x9c53, 0x9c62, 0x9c68,
        0x9c6b, 0x9c77, 0x9cbc, 0x9cbd, 0x9cd0, 0x9d57, 0x9d5a, 0x9dc4, 0x9ea9, 0x9eef, 0x9efd, 0x9f60, 0x9f66, 0x9fcb,
        0x9fd8, 0xa063, 0xa077, 0xa0d5, 0xa0df, 0xa0e4, 0xc6cf, 0xc6d3, 0xc6d5, 0xc6d7, 0xc6de, 0xc6df, 0xfa5f, 0xfa66,
        0xfabd, 0xfac5, 0xfad5, 0xfb48, 0xfbb8, 0xfbf3, 0xfbf9, 0xfc4f, 0xfc6c, 0xfcb9, 0xfce2, 0xfcf1, 0xfdb7, 0xfdb8,
        0xfdbb, 0xfdf1, 0xfe52, 0xfe6f, 0xfeaa, 0xfedd,
    ];
    const LATER_RANGES: [(u16, u16); 2] = [(0x877a, 0x87df), (0xa3c0, 0xa3e1)];
    let pairs = WEB_BIG5.iter().copied().filter(|&(code, _)| !is_in(&LATER_RANGES, code) && !LATER.contains(&code));
    Table::new(changed(pairs.collect(), &BIG5_SYMBOLS), Prefer::Last)
});
