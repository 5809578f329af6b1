//! Traces as text, and back.
//!
//! ```text
//! v0:ptr = frame
//! v1:obj = load v0 [slot+96:w64]
//! guard_type v1, 0x1234 @0
//! v3:int = unbox_int v1 @0
//! loop
//! v5:int = phi v3
//! v6:int = add_ovf v5, 1 @0
//! call log(v6, true)
//! jump v6
//! snapshot 0 resume: base ip 0x10 +4 depth 2 [0 int v3, 2 obj v1]; inlined own v1 code 0x5 ip 0x20 +1 depth 0 [1 null]
//! ```
//!
//! Printed values are named by their positions; in text that is parsed, a name is any word. Constants: integers are plain,
//! floats have a point, an exponent, `inf` or `nan`, addresses are hexadecimal, those of objects have a `&` in front,
//! bools are `true` and `false`. A `#` begins a comment.

use core::fmt::{self, Display, Formatter};
use std::collections::HashMap;

use super::{
    Access, Args, CallInfo, Class, Const, ExitKind, Form, FrameState, Inlined, Inst, Kernel, Made, Op, SlotState,
    Snapshot, SnapshotId, Trace, Ty, Value, Virtual, Width, snapshot::ExitStore,
};

// ---- printing ----

/// The bits of the NaN that is written without its bits.
const PLAIN_NAN: u64 = 0x7ff8_0000_0000_0000;

impl Display for Const {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.ty {
            Ty::Obj => write!(f, "&{:#x}", self.bits),
            Ty::Ptr => write!(f, "{:#x}", self.bits),
            Ty::Int => write!(f, "{}", self.bits as i64),
            Ty::Bool => write!(f, "{}", self.bits != 0),
            Ty::Float if f64::from_bits(self.bits).is_nan() => match self.bits {
                PLAIN_NAN => f.write_str("nan"),
                bits => write!(f, "nan({bits:#x})"),
            },
            Ty::Float => write!(f, "{:?}", f64::from_bits(self.bits)),
            Ty::None => f.write_str("none"),
        }
    }
}

impl Display for Access {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}{:+}:{}]", self.class.text(), self.offset, self.width.text())
    }
}

/// A value as text: a constant, or a name.
struct Named<'a>(&'a Trace, Value);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.1.constant(), self.1.inst()) {
            (Some(i), _) => match self.0.consts.get(i) {
                Some(constant) => constant.fmt(f),
                None => write!(f, "c{i}"),
            },
            (None, i) => write!(f, "v{}", i.unwrap_or_default()),
        }
    }
}

impl Trace {
    /// A value as it stands in the trace's text.
    pub fn show(&self, value: Value) -> impl Display + '_ {
        Named(self, value)
    }

    fn write_inst(&self, f: &mut Formatter<'_>, position: usize, inst: &Inst) -> fmt::Result {
        if inst.ty != Ty::None {
            write!(f, "v{position}:{} = ", inst.ty.text())?;
        }
        f.write_str(inst.op.text())?;
        if let Some(id) = inst.call {
            f.write_str(" ")?;
            f.write_str(self.calls.get(id.0 as usize).map_or("?", |c| c.name))?;
            f.write_str("(")?;
        }
        for (i, &arg) in inst.args.iter().enumerate() {
            f.write_str(match (i, inst.call) {
                (0, None) => " ",
                (0, Some(_)) => "",
                _ => ", ",
            })?;
            self.show(arg).fmt(f)?;
        }
        if inst.call.is_some() {
            f.write_str(")")?;
        }
        if let Some(access) = inst.access {
            write!(f, " {access}")?;
        }
        if let Some(snapshot) = inst.snapshot {
            write!(f, " @{}", snapshot.0)?;
        }
        Ok(())
    }

    fn write_frame(&self, f: &mut Formatter<'_>, frame: &FrameState) -> fmt::Result {
        match frame.inlined {
            None if frame.address.is_some() => f.write_str("generator")?,
            None => f.write_str("base")?,
            Some(inlined) => {
                let (form, function) = (inlined.function_form.text(), self.show(inlined.function));
                write!(f, "inlined {form} {function} code {:#x}", inlined.code)?;
            }
        }
        if let Some(address) = frame.address {
            write!(f, " at {}", self.show(address))?;
        }
        write!(f, " ip {:#x} +{} depth {}", frame.ip, frame.return_offset, frame.depth)?;
        if frame.memory_depth != 0 {
            write!(f, " memory {}", frame.memory_depth)?;
        }
        f.write_str(" ")?;
        self.write_slots(f, &frame.slots)
    }

    fn write_slots(&self, f: &mut Formatter<'_>, slots: &[SlotState]) -> fmt::Result {
        f.write_str("[")?;
        for (i, slot) in slots.iter().enumerate() {
            write!(f, "{}{} {}", if i == 0 { "" } else { ", " }, slot.index, slot.form.text())?;
            if slot.form != Form::Null {
                write!(f, " {}", self.show(slot.value))?;
            }
        }
        f.write_str("]")
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (position, inst) in self.insts.iter().enumerate() {
            self.write_inst(f, position, inst)?;
            f.write_str("\n")?;
        }
        for (id, snapshot) in self.snapshots.iter().enumerate() {
            write!(f, "snapshot {id} {}", snapshot.kind.text())?;
            f.write_str(":")?;
            for (i, frame) in snapshot.frames.iter().enumerate() {
                f.write_str(if i == 0 { " " } else { "; " })?;
                self.write_frame(f, frame)?;
            }
            for object in &snapshot.virtuals {
                write!(f, "; virtual {} class {:#x} attrs {:#x} ", object.made.text(), object.class, object.attrs)?;
                self.write_slots(f, &object.fields)?;
            }
            for store in &snapshot.stores {
                write!(f, "; store {}, {} {}", self.show(store.base), self.show(store.value), store.access)?;
            }
            f.write_str("\n")?;
        }
        for (number, kernel) in self.kernels.iter().enumerate() {
            writeln!(f, "# kernel {number}: {kernel}")?;
            for (position, inst) in kernel.code.insts.iter().enumerate() {
                f.write_str("#   ")?;
                kernel.code.write_inst(f, position, inst)?;
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("finite")?;
        self.finite.iter().try_for_each(|value| write!(f, " {value:?}"))?;
        f.write_str(", last")?;
        self.last.iter().try_for_each(|(argument, value)| write!(f, " {argument}={value:?}"))?;
        f.write_str(", sums")?;
        self.sums.iter().try_for_each(|(argument, value)| write!(f, " {argument}+={value:?}"))?;
        f.write_str(", totals")?;
        self.totals.iter().try_for_each(|total| {
            let finite = if total.is_finite { " finite" } else { "" };
            write!(f, " {} {} {:?}{finite}", total.argument, total.op.text(), total.number)
        })
    }
}

// ---- parsing ----

/// Why a text is not a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

impl Display for ParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// What is accessed, behind a bracket.
fn access(cursor: &mut Cursor<'_>) -> Result<Access, String> {
    let word = cursor.word()?;
    let split = word.find(['+', '-']).ok_or("expected an offset")?;
    let (class, offset) = word.split_at(split);
    let class = Cursor(class).of(Class::ALL, "class of memory")?;
    let offset = offset.parse().map_err(|_| format!("{offset:?} is no offset"))?;
    cursor.expect(":")?;
    let access = Access { class, offset, width: cursor.of(Width::ALL, "width")? };
    cursor.expect("]")?;
    Ok(access)
}

/// Parses a trace. `calls` says what its callees are.
pub fn parse(text: &str, calls: &[CallInfo]) -> Result<Trace, ParseError> {
    let mut parser = Parser { trace: Trace::default(), calls, names: HashMap::new(), labels: HashMap::new() };
    let lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, line)| !line.is_empty());
    // Snapshots may stand anywhere and mention any value: they come last. Their labels are numbered as they appear.
    let (snapshots, insts): (Vec<_>, Vec<_>) = lines.partition(|(_, line)| line.starts_with("snapshot "));
    let at = |line: usize| move |message: String| ParseError { line, message };
    for (i, &(line, text)) in snapshots.iter().enumerate() {
        let mut cursor = Cursor(&text["snapshot ".len()..]);
        let label = cursor.number::<u32>().map_err(at(line))?;
        if parser.labels.insert(label, SnapshotId(i as u32)).is_some() {
            return Err(at(line)(format!("snapshot {label} again")));
        }
    }
    for (line, text) in insts {
        parser.inst(&mut Cursor(text)).map_err(at(line))?;
    }
    for (line, text) in snapshots {
        let snapshot = parser.snapshot(&mut Cursor(text)).map_err(at(line))?;
        parser.trace.add_snapshot(snapshot);
    }
    Ok(parser.trace)
}

/// What is left of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Goes over `token`, if it is next.
    fn eat(&mut self, token: &str) -> bool {
        match self.0.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected {token:?} at {:?}", self.0)) }
    }

    /// The characters up to the next separator.
    fn word(&mut self) -> Result<&'a str, String> {
        let text = self.0.trim_start();
        let end = text.find([' ', ',', ':', ';', '(', ')', '[', ']', '@', '=']).unwrap_or(text.len());
        if end == 0 {
            return Err(format!("expected a word at {text:?}"));
        }
        self.0 = &text[end..];
        Ok(&text[..end])
    }

    fn is_empty(&self) -> bool {
        self.0.trim_start().is_empty()
    }

    fn number<T: core::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("expected a number instead of {word:?}"))
    }

    fn address(&mut self) -> Result<usize, String> {
        let word = self.word()?;
        hex(word).map(|bits| bits as usize).ok_or_else(|| format!("expected an address instead of {word:?}"))
    }

    /// A word of a table.
    fn of<T: Copy>(&mut self, table: &[(T, &str)], what: &str) -> Result<T, String> {
        let word = self.word()?;
        let found = table.iter().find(|(_, text)| *text == word);
        found.map(|(item, _)| *item).ok_or_else(|| format!("{word:?} is no {what}"))
    }
}

fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

/// A constant that is one word.
fn constant(word: &str) -> Option<Const> {
    if let Some(address) = word.strip_prefix('&') {
        return Some(Const { ty: Ty::Obj, bits: hex(address)? });
    }
    if let Some(bits) = hex(word) {
        return Some(Const { ty: Ty::Ptr, bits });
    }
    match word {
        "true" | "false" => return Some(Const { ty: Ty::Bool, bits: (word == "true") as u64 }),
        "nan" => return Some(Const { ty: Ty::Float, bits: PLAIN_NAN }),
        "inf" | "-inf" => return Some(Const { ty: Ty::Float, bits: word.parse::<f64>().ok()?.to_bits() }),
        _ => {}
    }
    if !word.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        return None;
    }
    match word.parse::<i64>() {
        Ok(int) => Some(Const { ty: Ty::Int, bits: int as u64 }),
        Err(_) if word.contains(['.', 'e']) => Some(Const { ty: Ty::Float, bits: word.parse::<f64>().ok()?.to_bits() }),
        Err(_) => None,
    }
}

struct Parser<'a> {
    trace: Trace,
    calls: &'a [CallInfo],
    names: HashMap<String, Value>,
    labels: HashMap<u32, SnapshotId>,
}

impl Parser<'_> {
    fn inst(&mut self, cursor: &mut Cursor) -> Result<(), String> {
        let mut word = cursor.word()?;
        let mut result = None;
        if cursor.eat(":") {
            result = Some((word, cursor.of(Ty::ALL, "type")?));
            cursor.expect("=")?;
            word = cursor.word()?;
        }
        let op = Op::from_text(word).ok_or_else(|| format!("{word:?} is no operation"))?;
        let mut inst = Inst::new(op, &[]);
        inst.ty = result.map_or(Ty::None, |(_, ty)| ty);
        if op == Op::Call {
            let name = cursor.word()?;
            let info = self.calls.iter().find(|c| c.name == name).ok_or_else(|| format!("{name:?} is no callee"))?;
            inst.call = Some(self.trace.add_call(*info));
            cursor.expect("(")?;
            inst.args = self.values(cursor, ")")?;
            cursor.expect(")")?;
        } else {
            inst.args = self.values(cursor, "")?;
        }
        if cursor.eat("[") {
            inst.access = Some(access(cursor)?);
        }
        if cursor.eat("@") {
            let label = cursor.number()?;
            inst.snapshot = Some(*self.labels.get(&label).ok_or_else(|| format!("there is no snapshot {label}"))?);
        }
        if !cursor.is_empty() {
            return Err(format!("what is {:?}?", cursor.0.trim_start()));
        }
        let value = self.trace.push(inst);
        if let Some((name, _)) = result {
            self.names.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// Values with commas between them, up to `end` or whatever follows values.
    fn values(&mut self, cursor: &mut Cursor, end: &str) -> Result<Args, String> {
        let mut args = Args::new();
        let rest = cursor.0.trim_start();
        if rest.is_empty() || rest.starts_with(['[', '@']) || (!end.is_empty() && rest.starts_with(end)) {
            return Ok(args);
        }
        loop {
            args.push(self.value(cursor)?);
            if !cursor.eat(",") {
                return Ok(args);
            }
        }
    }

    fn value(&mut self, cursor: &mut Cursor) -> Result<Value, String> {
        let word = cursor.word()?;
        if let Some(&value) = self.names.get(word) {
            return Ok(value);
        }
        if word == "nan" && cursor.eat("(") {
            let bits = cursor.address()? as u64;
            cursor.expect(")")?;
            return Ok(self.trace.constant(Ty::Float, bits));
        }
        match constant(word) {
            Some(Const { ty, bits }) => Ok(self.trace.constant(ty, bits)),
            None => Err(format!("{word:?} is neither a value nor a constant")),
        }
    }

    fn snapshot(&mut self, cursor: &mut Cursor) -> Result<Snapshot, String> {
        cursor.expect("snapshot")?;
        cursor.word()?;
        let kind = cursor.of(ExitKind::ALL, "kind of exit")?;
        cursor.expect(":")?;
        let (mut frames, mut virtuals, mut stores) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if cursor.eat("store") {
                let (base, value) = (self.value(cursor)?, {
                    cursor.expect(",")?;
                    self.value(cursor)?
                });
                cursor.expect("[")?;
                stores.push(ExitStore { base, value, access: access(cursor)? });
            } else if cursor.eat("virtual") {
                virtuals.push(self.virtual_object(cursor)?);
            } else {
                frames.push(self.frame(cursor)?);
            }
            if !cursor.eat(";") {
                break;
            }
        }
        if !cursor.is_empty() {
            return Err(format!("what is {:?}?", cursor.0.trim_start()));
        }
        Ok(Snapshot { kind, frames, virtuals, stores })
    }

    fn virtual_object(&mut self, cursor: &mut Cursor) -> Result<Virtual, String> {
        let made = cursor.of(Made::ALL, "kind of object")?;
        cursor.expect("class")?;
        let class = cursor.address()?;
        cursor.expect("attrs")?;
        let attrs = cursor.address()?;
        Ok(Virtual { made, class, attrs, fields: self.slots(cursor)? })
    }

    fn frame(&mut self, cursor: &mut Cursor) -> Result<FrameState, String> {
        let inlined = match cursor.word()? {
            "base" | "generator" => None,
            "inlined" => {
                let function_form = cursor.of(Form::ALL, "form")?;
                let function = self.value(cursor)?;
                cursor.expect("code")?;
                Some(Inlined { function, function_form, code: cursor.address()? })
            }
            word => return Err(format!("{word:?} is no kind of frame")),
        };
        let address = if cursor.eat("at ") { Some(self.value(cursor)?) } else { None };
        cursor.expect("ip")?;
        let ip = cursor.address()?;
        cursor.expect("+")?;
        let return_offset = cursor.number()?;
        cursor.expect("depth")?;
        let depth = cursor.number()?;
        let memory_depth = if cursor.eat("memory") { cursor.number()? } else { 0 };
        let slots = self.slots(cursor)?;
        Ok(FrameState { inlined, address, memory_depth, ip, return_offset, depth, slots })
    }

    fn slots(&mut self, cursor: &mut Cursor) -> Result<Vec<SlotState>, String> {
        cursor.expect("[")?;
        let mut slots = Vec::new();
        while !cursor.eat("]") {
            let index = cursor.number()?;
            let form = cursor.of(Form::ALL, "form")?;
            let value = match form {
                Form::Null => self.trace.obj(0),
                _ => self.value(cursor)?,
            };
            slots.push(SlotState { index, form, value });
            cursor.eat(",");
        }
        Ok(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::CallEffect;
    use super::*;

    const CALLS: &[CallInfo] = &[
        CallInfo { name: "hash", address: 1, result: Ty::Int, effect: CallEffect::Pure },
        CallInfo { name: "log", address: 2, result: Ty::None, effect: CallEffect::Any },
    ];

    const EXAMPLE: &str = "\
v0:ptr = frame
v1:obj = load v0 [slot+96:w64]
guard_type v1, 0x1234 @0
v3:int = unbox_int v1 @1
v4:float = fadd 1.5, -0.0
v5:float = fmul v4, nan
v6:float = fmul v5, nan(0xfff8000000000001)
v7:float = fmul v6, -inf
v8:float = fmul v7, 1e300
store v0, &0x10 [slot-8:w64]
loop
v11:int = phi v3
v12:int = call hash(v11, true)
call log()
guard_calm @1
v15:int = add_ovf v11, -9223372036854775808 @1
jump v15
snapshot 0 resume: base ip 0x10 +4 depth 2 []
snapshot 1 raise: base ip 0x10 +4 depth 2 [0 int v3, 2 obj v1, 3 null]; inlined own v1 code 0x5 ip 0x20 +1 depth 0 [1 own v1, 2 virtual 0]; \
virtual instance class 0x7 attrs 0x9 [2 virtual 1, 3 float v4]; virtual tuple class 0x0 attrs 0x0 [0 own v1, 1 int v3]
";

    #[test]
    fn text_is_stable() {
        let trace = parse(EXAMPLE, CALLS).unwrap();
        assert_eq!(trace.to_string(), EXAMPLE);
        let again = parse(&trace.to_string(), CALLS).unwrap();
        assert_eq!(again.insts, trace.insts);
        assert_eq!(again.snapshots, trace.snapshots);
        assert_eq!(again.consts, trace.consts);
    }

    #[test]
    fn names_are_free() {
        let text = "
            # A comment.
            snapshot 7 resume: base ip 0x0 +0 depth 0 [0 int sum]
            base:ptr = frame
            x : int = load base [raw+0:i8]   # another
            sum:int = add_ovf x, 1 @7
            exit @7";
        let trace = parse(text, &[]).unwrap();
        assert_eq!(
            trace.to_string(),
            "v0:ptr = frame\nv1:int = load v0 [raw+0:i8]\nv2:int = add_ovf v1, 1 @0\nexit @0\n\
             snapshot 0 resume: base ip 0x0 +0 depth 0 [0 int v2]\n"
        );
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("v0:ptr = fram", "line 1: \"fram\" is no operation"),
            ("\nv0:word = frame", "line 2: \"word\" is no type"),
            ("exit @3", "line 1: there is no snapshot 3"),
            ("v0:int = add x, 1", "line 1: \"x\" is neither a value nor a constant"),
            ("call f(1)", "line 1: \"f\" is no callee"),
            ("loop 1 2", "line 1: what is \"2\"?"),
            ("v0:int = load 0x1 [slut+1:w64]", "line 1: \"slut\" is no class of memory"),
            ("snapshot 0 retire: base ip 0x0 +0 depth 0 []", "line 1: \"retire\" is no kind of exit"),
        ] {
            assert_eq!(parse(text, &[]).unwrap_err().to_string(), expected);
        }
    }
}
