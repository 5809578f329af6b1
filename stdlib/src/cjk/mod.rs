//! The codecs of Chinese, Japanese and Korean encodings: `_multibytecodec`, and `_codecs_*`, which hand out codecs by name.
//!
//! | File | What |
//! |---|---|
//! | `codec` | what a codec is; the loops that encode and decode |
//! | `tables` | double-byte character sets |
//! | `double`, `hangul`, `gb`, `jisx0213`, `iso2022` | the encodings |
//! | `multibyte` | the types of `_multibytecodec` |

pub mod codec;
pub mod double;
pub mod gb;
pub mod hangul;
pub mod iso2022;
pub mod jisx0213;
pub mod multibyte;
pub mod tables;

use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyResult, exc};

use codec::{Codec, Named};
use jisx0213::Edition;

/// The codec with a name among those of a module.
fn find(codecs: &[(&'static str, &'static dyn Codec)], name: &PyStr) -> PyResult<ObjRef> {
    let name = name.as_str_lossy();
    let Some(&(name, codec)) = codecs.iter().find(|codec| codec.0 == name) else {
        return Err(exc::lookup_error("no such codec is supported."));
    };
    let needs_planes = ["_2004", "0213", "_jp_3"].iter().any(|end| name.ends_with(end));
    if needs_planes && jisx0213::PLANES.is_none() {
        return Err(exc::lookup_error(format!("{name}: the C library has no conversion for EUC-JISX0213")));
    }
    Ok(multibyte::new_codec(Named { name, codec }).into_obj())
}

/// Declares a module of codecs.
macro_rules! codecs {
    ($(#[$meta:meta])* $module:ident, $python:literal, $codecs:expr) => {
        $(#[$meta])*
        #[rpy_vm::pymodule(name = $python)]
        pub mod $module {
            use rpy_vm::types::str::PyStr;
            use rpy_vm::{ObjRef, PyObject, PyResult, exc};

            #[pyfunction]
            fn getcodec(name: &PyObject) -> PyResult<ObjRef> {
                match name.downcast_ref::<PyStr>() {
                    Some(name) => super::find(&$codecs, name),
                    None => Err(exc::type_error("encoding name must be a string.")),
                }
            }
        }
    };
}

static CN: [(&str, &dyn Codec); 4] = [
    ("gb2312", &double::Plain(&tables::GB2312)),
    ("gbk", &double::Plain(&tables::GBK)),
    ("gb18030", &gb::Gb18030),
    ("hz", &gb::Hz),
];
static HK: [(&str, &dyn Codec); 1] = [("big5hkscs", &double::Hkscs)];
static JP: [(&str, &dyn Codec); 7] = [
    ("shift_jis", &double::ShiftJis),
    ("cp932", &double::Cp932),
    ("euc_jp", &double::EucJp),
    ("shift_jis_2004", &jisx0213::ShiftJis(Edition::Of2004)),
    ("euc_jis_2004", &jisx0213::EucJis(Edition::Of2004)),
    ("euc_jisx0213", &jisx0213::EucJis(Edition::Of2000)),
    ("shift_jisx0213", &jisx0213::ShiftJis(Edition::Of2000)),
];
static KR: [(&str, &dyn Codec); 3] =
    [("euc_kr", &double::EucKr), ("cp949", &double::Plain(&tables::CP949)), ("johab", &hangul::Johab)];
static TW: [(&str, &dyn Codec); 2] =
    [("big5", &double::Plain(&tables::BIG5)), ("cp950", &double::Plain(&tables::CP950))];
static ISO2022: [(&str, &dyn Codec); 7] = [
    ("iso2022_kr", &iso2022::ISO2022_KR),
    ("iso2022_jp", &iso2022::ISO2022_JP),
    ("iso2022_jp_1", &iso2022::ISO2022_JP_1),
    ("iso2022_jp_2", &iso2022::ISO2022_JP_2),
    ("iso2022_jp_2004", &iso2022::ISO2022_JP_2004),
    ("iso2022_jp_3", &iso2022::ISO2022_JP_3),
    ("iso2022_jp_ext", &iso2022::ISO2022_JP_EXT),
];

codecs!(codecs_cn, "_codecs_cn", super::CN);
codecs!(codecs_hk, "_codecs_hk", super::HK);
codecs!(codecs_jp, "_codecs_jp", super::JP);
codecs!(codecs_kr, "_codecs_kr", super::KR);
codecs!(codecs_tw, "_codecs_tw", super::TW);
codecs!(codecs_iso2022, "_codecs_iso2022", super::ISO2022);
