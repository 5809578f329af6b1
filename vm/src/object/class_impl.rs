//! The bridge between the attribute macros and the object layer.
//!
//! A static type is assembled at compile time from three things: a [`ClassImpl`], which `#[pymethods]` writes (method table,
//! getset table and all C slots as constants); a [`TypeSpec`], which `#[pyclass]` writes (name, sizes, flags, offsets); and
//! [`build_type`], which puts both into a `PyTypeObject`. Nothing is registered at run time; `type_ready` later links bases
//! and fills the dict, as for any C type.
//!
//! [`glue`] is everything generated code refers to. The macros know no other path of this crate.

use core::cell::Cell;
use core::ffi::{CStr, c_char};

use super::defs::{PyGetSetDef, PyMemberDef, PyMethodDef};
use super::header::{PyObject, PyVarObject};
use super::refs::OptRef;
use super::slots::*;
use super::typeobj::PyTypeObject;

/// The tables of a type, as constants.
pub trait ClassImpl {
    /// The method table, or null. Ends with an entry whose name is null.
    const METHODS: *const PyMethodDef = core::ptr::null();
    /// The computed attributes, or null. Ends with an entry whose name is null.
    const GETSETS: *const PyGetSetDef = core::ptr::null();
    /// All C slots that the type defines itself.
    const SLOTS: Slots = Slots::EMPTY;
    /// The constructor's signature, `(iterable=(), /)`; empty if the doc shows none.
    const TEXT_SIGNATURE: &'static str = "";
}

/// A name for a static type object that constants can refer to.
///
/// # Safety
/// `TYPE` points to a static type object.
pub unsafe trait StaticType {
    /// The class name without its module.
    const NAME: &'static str;
    /// The type object.
    const TYPE: *const PyTypeObject;
}

// SAFETY: the static is `object`.
unsafe impl StaticType for PyObject {
    const NAME: &'static str = "object";
    const TYPE: *const PyTypeObject = &raw const crate::types::object::PyBaseObject_Type;
}

// SAFETY: the static is `type`.
unsafe impl StaticType for PyTypeObject {
    const NAME: &'static str = "type";
    const TYPE: *const PyTypeObject = &raw const crate::types::type_::PyType_Type;
}

/// Declares [`Slots`] and, for each suite, the functions that build it and tell whether it is needed.
macro_rules! slots {
    (
        type { $($slot:ident: $ty:ty,)* }
        $($suite:ident $build:ident $has:ident { $($member:ident: $member_ty:ty,)* })*
    ) => {
        /// Every slot of a type in one flat struct: those of the type object and those of the suites.
        #[derive(Clone, Copy)]
        pub struct Slots {
            $(pub $slot: Option<$ty>,)*
            $($(pub $member: Option<$member_ty>,)*)*
        }

        impl Slots {
            /// No slot at all.
            pub const EMPTY: Slots = Slots {
                $($slot: None,)*
                $($($member: None,)*)*
            };

            $(
                /// The suite of these slots.
                #[expect(clippy::allow_attributes, reason = "not every suite has reserved members")]
                #[allow(clippy::needless_update, reason = "not every suite has reserved members")]
                pub const fn $build(&self) -> $suite {
                    $suite {
                        $($member: Cell::new(self.$member),)*
                        ..$suite::EMPTY
                    }
                }

                /// Whether the suite has a member.
                pub const fn $has(&self) -> bool {
                    false $(|| self.$member.is_some())*
                }
            )*
        }
    };
}

slots! {
    type {
        tp_dealloc: destructor,
        tp_getattr: getattrfunc,
        tp_setattr: setattrfunc,
        tp_repr: reprfunc,
        tp_hash: hashfunc,
        tp_call: ternaryfunc,
        tp_str: reprfunc,
        tp_getattro: getattrofunc,
        tp_setattro: setattrofunc,
        tp_traverse: traverseproc,
        tp_clear: inquiry,
        tp_richcompare: richcmpfunc,
        tp_iter: getiterfunc,
        tp_iternext: iternextfunc,
        tp_descr_get: descrgetfunc,
        tp_descr_set: descrsetfunc,
        tp_init: initproc,
        tp_alloc: allocfunc,
        tp_new: newfunc,
        tp_free: freefunc,
        tp_is_gc: inquiry,
        tp_del: destructor,
        tp_finalize: destructor,
        tp_vectorcall: vectorcallfunc,
    }
    PyNumberMethods number has_number {
        nb_add: binaryfunc,
        nb_subtract: binaryfunc,
        nb_multiply: binaryfunc,
        nb_remainder: binaryfunc,
        nb_divmod: binaryfunc,
        nb_power: ternaryfunc,
        nb_negative: unaryfunc,
        nb_positive: unaryfunc,
        nb_absolute: unaryfunc,
        nb_bool: inquiry,
        nb_invert: unaryfunc,
        nb_lshift: binaryfunc,
        nb_rshift: binaryfunc,
        nb_and: binaryfunc,
        nb_xor: binaryfunc,
        nb_or: binaryfunc,
        nb_int: unaryfunc,
        nb_float: unaryfunc,
        nb_inplace_add: binaryfunc,
        nb_inplace_subtract: binaryfunc,
        nb_inplace_multiply: binaryfunc,
        nb_inplace_remainder: binaryfunc,
        nb_inplace_power: ternaryfunc,
        nb_inplace_lshift: binaryfunc,
        nb_inplace_rshift: binaryfunc,
        nb_inplace_and: binaryfunc,
        nb_inplace_xor: binaryfunc,
        nb_inplace_or: binaryfunc,
        nb_floor_divide: binaryfunc,
        nb_true_divide: binaryfunc,
        nb_inplace_floor_divide: binaryfunc,
        nb_inplace_true_divide: binaryfunc,
        nb_index: unaryfunc,
        nb_matrix_multiply: binaryfunc,
        nb_inplace_matrix_multiply: binaryfunc,
    }
    PySequenceMethods sequence has_sequence {
        sq_length: lenfunc,
        sq_concat: binaryfunc,
        sq_repeat: ssizeargfunc,
        sq_item: ssizeargfunc,
        sq_ass_item: ssizeobjargproc,
        sq_contains: objobjproc,
        sq_inplace_concat: binaryfunc,
        sq_inplace_repeat: ssizeargfunc,
    }
    PyMappingMethods mapping has_mapping {
        mp_length: lenfunc,
        mp_subscript: binaryfunc,
        mp_ass_subscript: objobjargproc,
    }
    PyAsyncMethods asynchronous has_asynchronous {
        am_await: unaryfunc,
        am_aiter: unaryfunc,
        am_anext: unaryfunc,
        am_send: sendfunc,
    }
    PyBufferProcs buffer has_buffer {
        bf_getbuffer: getbufferproc,
        bf_releasebuffer: releasebufferproc,
    }
}

/// What `#[pyclass]` knows of a type.
pub struct TypeSpec {
    /// `tp_name`.
    pub name: &'static CStr,
    /// `tp_doc`, or null.
    pub doc: *const c_char,
    pub basicsize: usize,
    pub itemsize: usize,
    pub flags: u64,
    /// `tp_base`; null for `object` only.
    pub base: *const PyTypeObject,
    /// Offset of the weak reference list, or 0.
    pub weaklist: usize,
    /// Offset of the dict, or 0.
    pub dict: usize,
    /// Offset of the vectorcall pointer, or 0.
    pub vectorcall: usize,
    pub methods: *const PyMethodDef,
    pub getsets: *const PyGetSetDef,
    pub members: *const PyMemberDef,
    /// `tp_dealloc` unless a slot replaces it.
    pub dealloc: Option<destructor>,
    /// `tp_traverse` and `tp_clear` over the struct's fields, unless slots replace them.
    pub traverse: Option<traverseproc>,
    pub clear: Option<inquiry>,
    /// The suites, used where they are not empty.
    pub number: *const PyNumberMethods,
    pub sequence: *const PySequenceMethods,
    pub mapping: *const PyMappingMethods,
    pub asynchronous: *const PyAsyncMethods,
    pub buffer: *const PyBufferProcs,
}

impl TypeSpec {
    /// Nothing: the start of a definition written by hand, `build_type(&TypeSpec { name, .., ..TypeSpec::EMPTY }, &slots)`.
    pub const EMPTY: TypeSpec = TypeSpec {
        name: c"",
        doc: core::ptr::null(),
        basicsize: 0,
        itemsize: 0,
        flags: 0,
        base: core::ptr::null(),
        weaklist: 0,
        dict: 0,
        vectorcall: 0,
        methods: core::ptr::null(),
        getsets: core::ptr::null(),
        members: core::ptr::null(),
        dealloc: None,
        traverse: None,
        clear: None,
        number: core::ptr::null(),
        sequence: core::ptr::null(),
        mapping: core::ptr::null(),
        asynchronous: core::ptr::null(),
        buffer: core::ptr::null(),
    };
}

/// `$slot`, or `$default` where the slot is not set (`Option::or` is not const).
macro_rules! slot_or {
    ($slot:expr, $default:expr) => {
        match $slot {
            Some(function) => Some(function),
            None => $default,
        }
    };
}

/// `$pointer` if the suite is needed, otherwise null.
macro_rules! suite_if {
    ($needed:expr, $pointer:expr) => {
        if $needed { $pointer } else { core::ptr::null() }
    };
}

/// The type object, not yet ready.
pub const fn build_type(spec: &TypeSpec, slots: &Slots) -> PyTypeObject {
    // Every field is written out: the struct holds owned references, which constants cannot drop, so there is no taking
    // the rest from `PyTypeObject::EMPTY`.
    PyTypeObject {
        ob_base: PyVarObject::new_static(&raw const crate::types::type_::PyType_Type, 0),
        tp_name: Cell::new(spec.name.as_ptr()),
        tp_basicsize: Cell::new(spec.basicsize as isize),
        tp_itemsize: Cell::new(spec.itemsize as isize),
        tp_dealloc: Cell::new(slot_or!(slots.tp_dealloc, spec.dealloc)),
        tp_vectorcall_offset: Cell::new(spec.vectorcall as isize),
        tp_getattr: Cell::new(slots.tp_getattr),
        tp_setattr: Cell::new(slots.tp_setattr),
        tp_as_async: Cell::new(suite_if!(slots.has_asynchronous(), spec.asynchronous)),
        tp_repr: Cell::new(slots.tp_repr),
        tp_as_number: Cell::new(suite_if!(slots.has_number(), spec.number)),
        tp_as_sequence: Cell::new(suite_if!(slots.has_sequence(), spec.sequence)),
        tp_as_mapping: Cell::new(suite_if!(slots.has_mapping(), spec.mapping)),
        tp_hash: Cell::new(slots.tp_hash),
        tp_call: Cell::new(slots.tp_call),
        tp_str: Cell::new(slots.tp_str),
        tp_getattro: Cell::new(slots.tp_getattro),
        tp_setattro: Cell::new(slots.tp_setattro),
        tp_as_buffer: Cell::new(suite_if!(slots.has_buffer(), spec.buffer)),
        tp_flags: Cell::new(spec.flags),
        tp_doc: Cell::new(spec.doc),
        tp_traverse: Cell::new(slot_or!(slots.tp_traverse, spec.traverse)),
        tp_clear: Cell::new(slot_or!(slots.tp_clear, spec.clear)),
        tp_richcompare: Cell::new(slots.tp_richcompare),
        tp_weaklistoffset: Cell::new(spec.weaklist as isize),
        tp_iter: Cell::new(slots.tp_iter),
        tp_iternext: Cell::new(slots.tp_iternext),
        tp_methods: Cell::new(spec.methods),
        tp_members: Cell::new(spec.members),
        tp_getset: Cell::new(spec.getsets),
        tp_base: Cell::new(spec.base),
        tp_dict: core::mem::ManuallyDrop::new(OptRef::NULL),
        tp_descr_get: Cell::new(slots.tp_descr_get),
        tp_descr_set: Cell::new(slots.tp_descr_set),
        tp_dictoffset: Cell::new(spec.dict as isize),
        tp_init: Cell::new(slots.tp_init),
        tp_alloc: Cell::new(slots.tp_alloc),
        tp_new: Cell::new(slots.tp_new),
        tp_free: Cell::new(slots.tp_free),
        tp_is_gc: Cell::new(slots.tp_is_gc),
        tp_bases: core::mem::ManuallyDrop::new(OptRef::NULL),
        tp_mro: core::mem::ManuallyDrop::new(OptRef::NULL),
        tp_cache: Cell::new(core::ptr::null_mut()),
        tp_subclasses: Cell::new(core::ptr::null_mut()),
        tp_weaklist: Cell::new(core::ptr::null_mut()),
        tp_del: Cell::new(slots.tp_del),
        tp_version_tag: Cell::new(0),
        tp_finalize: Cell::new(slots.tp_finalize),
        tp_vectorcall: Cell::new(slots.tp_vectorcall),
        tp_watched: Cell::new(0),
        tp_versions_used: Cell::new(0),
    }
}

/// What generated code uses, and nothing else.
///
/// The functions are the conversions at the edge: pointers to references on the way in, results to C's conventions on the way
/// out. All are `#[inline(always)]`, so that a trampoline is as small as one written by hand.
pub mod glue {
    use core::ffi::{CStr, c_char, c_int, c_void};

    pub use super::{ClassImpl, Slots, StaticType, TypeSpec, build_type};
    pub use crate::args::{ArgSpec, check_positional, vector};
    pub use crate::convert::{FromArg, IntoPy, IntoPyResult};
    pub use crate::err::{PyErr, PyResult};
    pub use crate::intern::StaticName;
    pub use crate::module_def::BuiltinModule;
    pub use crate::object::dealloc::dealloc_rust;
    pub use crate::object::defs::meth::{
        CLASS as METH_CLASS, COEXIST as METH_COEXIST, FASTCALL as METH_FASTCALL, KEYWORDS as METH_KEYWORDS,
        NOARGS as METH_NOARGS, O as METH_O, STATIC as METH_STATIC,
    };
    pub use crate::object::defs::{PyGetSetDef, PyMemberDef, PyMethodDef, member};
    pub use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
    pub use crate::object::slots::{
        PyAsyncMethods, PyBufferProcs, PyMappingMethods, PyNumberMethods, PySequenceMethods, inquiry, traverseproc,
        visitproc,
    };
    pub use crate::object::{PyObject, PyTypeObject, flags};
    pub use crate::runtime::gc::Traverse;
    pub use crate::types::dict::PyDict;
    pub use crate::types::module::PyModule;
    pub use crate::types::tuple::PyTuple;

    use crate::args;
    use crate::convert::ArgCtx;
    use crate::object::slots::{CompareOp, SendResult, getter, setter};
    use crate::runtime::gc::Visit;
    use core::cell::Cell;

    /// `PySendResult`.
    pub type CSendResult = c_int;

    // Tables.

    /// A method table entry. `function` has the type that `flags` says.
    pub const fn method_def(
        name: &'static CStr,
        function: *const c_void,
        flags: c_int,
        doc: &'static CStr,
    ) -> PyMethodDef {
        PyMethodDef { ml_name: name.as_ptr(), ml_meth: function, ml_flags: flags, ml_doc: Cell::new(doc.as_ptr()) }
    }

    /// A getset table entry.
    pub const fn getset_def(
        name: &'static CStr,
        get: Option<getter>,
        set: Option<setter>,
        doc: Option<&'static CStr>,
    ) -> PyGetSetDef {
        PyGetSetDef { name: name.as_ptr(), get, set, doc: Cell::new(doc_pointer(doc)), closure: core::ptr::null_mut() }
    }

    /// A member table entry.
    pub const fn member_def(
        name: &'static CStr,
        type_code: c_int,
        offset: usize,
        flags: c_int,
        doc: Option<&'static CStr>,
    ) -> PyMemberDef {
        PyMemberDef { name: name.as_ptr(), type_code, offset: offset as isize, flags, doc: Cell::new(doc_pointer(doc)) }
    }

    const fn doc_pointer(doc: Option<&'static CStr>) -> *const c_char {
        match doc {
            Some(doc) => doc.as_ptr(),
            None => core::ptr::null(),
        }
    }

    /// What separates the signature from the text in a doc string; `__doc__` shows what follows it.
    const SIGNATURE_END: &str = "\n--\n\n";

    /// The size of the C string that [`doc_bytes`] makes.
    pub const fn doc_size(name: &str, signature: &str, doc: &str) -> usize {
        let head = if signature.is_empty() { 0 } else { name.len() + signature.len() + SIGNATURE_END.len() };
        head + doc.len() + 1
    }

    /// `name(signature)\n--\n\ndoc`, or just `doc` without a signature; with a NUL at the end.
    pub const fn doc_bytes<const N: usize>(name: &str, signature: &str, doc: &str) -> [u8; N] {
        let mut bytes = [0; N];
        let mut end = 0;
        if !signature.is_empty() {
            end = append(&mut bytes, end, name);
            end = append(&mut bytes, end, signature);
            end = append(&mut bytes, end, SIGNATURE_END);
        }
        end = append(&mut bytes, end, doc);
        assert!(end + 1 == N);
        bytes
    }

    const fn append<const N: usize>(bytes: &mut [u8; N], start: usize, text: &str) -> usize {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() {
            bytes[start + index] = text[index];
            index += 1;
        }
        start + text.len()
    }

    /// Compiles only for object layouts.
    pub const fn assert_struct<T: PyStruct>() {}

    // Arguments.

    /// Which argument of which function.
    pub const fn arg_ctx(func: &'static str, arg: &'static str) -> ArgCtx {
        ArgCtx { func, arg }
    }

    /// A borrowed object as its struct.
    ///
    /// # Safety
    /// The pointer is a live object that starts with a `T`, for as long as the result is used.
    #[inline(always)]
    pub unsafe fn receiver<'a, T: PyStruct>(object: *mut PyObject) -> &'a T {
        // SAFETY: the caller's promise.
        unsafe { &*object.cast::<T>() }
    }

    /// As [`receiver`], with NULL as `None`.
    ///
    /// # Safety
    /// As [`receiver`], or NULL.
    #[inline(always)]
    pub unsafe fn optional_pointer<'a, T: PyStruct>(object: *mut PyObject) -> Option<&'a T> {
        // SAFETY: the caller's promise.
        unsafe { object.cast::<T>().as_ref() }
    }

    /// The items of the argument tuple of a slot call.
    ///
    /// # Safety
    /// `args` is a live tuple.
    #[inline(always)]
    pub unsafe fn tuple_items<'a>(args: *mut PyObject) -> &'a [&'a PyObject] {
        // SAFETY: the caller's promise.
        unsafe { receiver::<PyTuple>(args) }.items()
    }

    /// The keywords of a slot call.
    ///
    /// # Safety
    /// `kwargs` is NULL or a live dict.
    #[inline]
    pub unsafe fn dict_keywords(kwargs: *mut PyObject) -> args::DictKeywords {
        // SAFETY: the caller's promise.
        args::DictKeywords::new(unsafe { optional_pointer(kwargs) })
    }

    /// A required argument.
    #[inline(always)]
    pub fn required<'a, T: FromArg<'a>>(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<T> {
        T::from_arg(object, ctx)
    }

    /// A required argument that may be None.
    #[inline(always)]
    pub fn nullable<'a, T: FromArg<'a>>(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Option<T>> {
        if crate::is_none(object) { Ok(None) } else { T::from_arg(object, ctx).map(Some) }
    }

    /// An optional argument: absent is `None`; Python's None is a value like any other.
    #[inline(always)]
    pub fn optional<'a, T: FromArg<'a>>(object: Option<&'a PyObject>, ctx: &ArgCtx) -> PyResult<Option<T>> {
        match object {
            Some(object) => T::from_arg(object, ctx).map(Some),
            None => Ok(None),
        }
    }

    /// An optional argument whose default is None: absent and None are the same.
    #[inline(always)]
    pub fn optional_or_none<'a, T: FromArg<'a>>(object: Option<&'a PyObject>, ctx: &ArgCtx) -> PyResult<Option<T>> {
        match object {
            Some(object) => nullable(object, ctx),
            None => Ok(None),
        }
    }

    /// The entry of a required parameter after binding.
    #[inline(always)]
    pub fn filled(entry: Option<&PyObject>) -> &PyObject {
        match entry {
            Some(object) => object,
            None => unfilled(),
        }
    }

    #[cold]
    #[inline(never)]
    fn unfilled() -> ! {
        unreachable!("binding reports missing required arguments")
    }

    /// See [`args::no_keywords`].
    ///
    /// # Errors
    /// `TypeError`.
    ///
    /// # Safety
    /// `kwargs` is NULL or a live dict.
    #[inline(always)]
    pub unsafe fn no_keywords(fname: &str, kwargs: *mut PyObject) -> PyResult<()> {
        // SAFETY: the caller's promise.
        args::no_keywords(fname, unsafe { optional_pointer(kwargs) })
    }

    /// See [`args::no_keyword_names`].
    ///
    /// # Errors
    /// `TypeError`.
    ///
    /// # Safety
    /// `kwnames` is NULL or a live tuple.
    #[inline(always)]
    pub unsafe fn no_keyword_names(fname: &str, kwnames: *mut PyObject) -> PyResult<()> {
        // SAFETY: the caller's promise.
        args::no_keyword_names(fname, unsafe { optional_pointer(kwnames) })
    }

    /// Rejects all arguments of a slot call.
    ///
    /// # Errors
    /// `TypeError`.
    ///
    /// # Safety
    /// `args` is a live tuple, `kwargs` is NULL or a live dict.
    #[inline]
    pub unsafe fn no_arguments(fname: &str, args: *mut PyObject, kwargs: *mut PyObject) -> PyResult<()> {
        // SAFETY: the caller's promise.
        unsafe {
            args::no_positional(fname, tuple_items(args).len())?;
            no_keywords(fname, kwargs)
        }
    }

    /// Rejects all arguments of a vectorcall.
    ///
    /// # Errors
    /// `TypeError`.
    ///
    /// # Safety
    /// `kwnames` is NULL or a live tuple.
    #[inline]
    pub unsafe fn no_vector_arguments(fname: &str, nargsf: usize, kwnames: *mut PyObject) -> PyResult<()> {
        args::no_positional(fname, vectorcall_nargs(nargsf))?;
        // SAFETY: the caller's promise.
        unsafe { no_keyword_names(fname, kwnames) }
    }

    /// The argument count of a vectorcall, without the `PY_VECTORCALL_ARGUMENTS_OFFSET` bit.
    #[inline(always)]
    pub fn vectorcall_nargs(nargsf: usize) -> usize {
        nargsf & !(1 << (usize::BITS - 1))
    }

    /// Whether `T`'s `__new__`, called for the class `cls`, has to reject arguments it does not know: yes, unless a subclass
    /// has an `__init__` of its own which may want them.
    ///
    /// # Safety
    /// `cls` is a live type.
    pub unsafe fn new_is_strict<T: StaticType>(cls: *mut PyObject) -> bool {
        // SAFETY: the caller's promise, and the trait's.
        let (cls, own) = unsafe { (&*cls.cast::<PyTypeObject>(), &*T::TYPE) };
        let address = |ty: &PyTypeObject| ty.tp_init.get().map(|init| init as usize);
        core::ptr::eq(cls, own) || address(cls) == address(own)
    }

    /// Whether `T`'s `__init__` has to reject arguments it does not know: yes, unless a subclass has a `__new__` of its own.
    ///
    /// # Safety
    /// `object` is live.
    pub unsafe fn init_is_strict<T: StaticType>(object: *mut PyObject) -> bool {
        // SAFETY: the caller's promise, and the trait's.
        let (cls, own) = unsafe { ((*object).ty(), &*T::TYPE) };
        let address = |ty: &PyTypeObject| ty.tp_new.get().map(|new| new as usize);
        core::ptr::eq(cls, own) || address(cls) == address(own)
    }

    /// The operator of a rich comparison.
    #[inline(always)]
    pub fn compare_op(op: c_int) -> CompareOp {
        CompareOp::from_c(op)
    }

    // Results.

    /// A value, or a result with one.
    pub trait IntoResult<T> {
        /// The result.
        ///
        /// # Errors
        /// The exception.
        fn into_result(self) -> PyResult<T>;
    }

    impl<T> IntoResult<T> for T {
        #[inline(always)]
        fn into_result(self) -> PyResult<T> {
            Ok(self)
        }
    }

    impl<T> IntoResult<T> for PyResult<T> {
        #[inline(always)]
        fn into_result(self) -> PyResult<T> {
            self
        }
    }

    /// A `PyResult<T>` of either.
    ///
    /// # Errors
    /// The exception.
    #[inline(always)]
    pub fn into_result<T, R: IntoResult<T>>(result: R) -> PyResult<T> {
        result.into_result()
    }

    /// A new reference, or NULL with the exception set.
    #[inline(always)]
    pub fn return_object(result: PyResult<ObjRef>) -> *mut PyObject {
        match result {
            Ok(object) => object.into_raw(),
            Err(error) => error.restore_null(),
        }
    }

    /// A new reference, NULL at the end of an iteration, or NULL with the exception set.
    #[inline(always)]
    pub fn return_next<T: IntoPy>(result: impl IntoResult<Option<T>>) -> *mut PyObject {
        match result.into_result() {
            Ok(Some(value)) => return_object(value.into_py()),
            Ok(None) => core::ptr::null_mut(),
            Err(error) => error.restore_null(),
        }
    }

    /// 0 or 1, or -1 with the exception set.
    #[inline(always)]
    pub fn return_bool(result: impl IntoResult<bool>) -> c_int {
        match result.into_result() {
            Ok(value) => c_int::from(value),
            Err(error) => error.restore_int(),
        }
    }

    /// 0, or -1 with the exception set.
    #[inline(always)]
    pub fn return_unit(result: impl IntoResult<()>) -> c_int {
        match result.into_result() {
            Ok(()) => 0,
            Err(error) => error.restore_int(),
        }
    }

    /// A length, or -1 with the exception set.
    #[inline(always)]
    pub fn return_length(result: impl IntoResult<usize>) -> isize {
        match result.into_result() {
            Ok(length) => length as isize,
            Err(error) => error.restore_int() as isize,
        }
    }

    /// A hash, or -1 with the exception set; the hash -1 is therefore -2.
    #[inline(always)]
    pub fn return_hash(result: impl IntoResult<isize>) -> isize {
        match result.into_result() {
            Ok(-1) => -2,
            Ok(hash) => hash,
            Err(error) => error.restore_int() as isize,
        }
    }

    /// `PYGEN_RETURN`, `PYGEN_NEXT` or `PYGEN_ERROR`, with the value in `*out`.
    ///
    /// # Safety
    /// `out` may be written to.
    #[inline(always)]
    pub unsafe fn return_send(result: impl IntoResult<SendResult>, out: *mut *mut PyObject) -> CSendResult {
        let (code, value) = match result.into_result() {
            Ok(SendResult::Return(value)) => (0, value.into_raw()),
            Ok(SendResult::Next(value)) => (1, value.into_raw()),
            Err(error) => (-1, error.restore_null()),
        };
        // SAFETY: the caller's promise.
        unsafe { out.write(value) };
        code
    }

    // Garbage collection.

    /// Runs a traversal.
    ///
    /// # Safety
    /// `visit` may be called with `arg`.
    #[inline(always)]
    pub unsafe fn traverse_with(visit: visitproc, arg: *mut c_void, traverse: impl FnOnce(&mut Visit<'_>)) -> c_int {
        // SAFETY: the caller's promise.
        let mut visit = unsafe { Visit::new(visit, arg) };
        traverse(&mut visit);
        visit.result()
    }

    /// The base type's part of a traversal.
    ///
    /// # Safety
    /// As for any `tp_traverse`; the object is an instance of `T`.
    pub unsafe fn traverse_base<T: StaticType>(object: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
        // SAFETY: the caller's promise, and the trait's.
        unsafe {
            match (*T::TYPE).tp_traverse.get() {
                Some(traverse) => traverse(object, visit, arg),
                None => 0,
            }
        }
    }

    /// The base type's part of `tp_clear`.
    ///
    /// # Safety
    /// As for any `tp_clear`; the object is an instance of `T`.
    pub unsafe fn clear_base<T: StaticType>(object: *mut PyObject) {
        // SAFETY: the caller's promise, and the trait's.
        unsafe {
            if let Some(clear) = (*T::TYPE).tp_clear.get() {
                clear(object);
            }
        }
    }

    // Modules.

    /// Sets a module attribute.
    ///
    /// # Errors
    /// Those of setting an attribute.
    pub fn add_attribute(module: &PyModule, name: &str, value: ObjRef) -> PyResult<()> {
        module.add(name, value)
    }

    /// Readies a class that is no attribute of its module.
    ///
    /// # Errors
    /// Those of making a type ready.
    pub fn ready_class<T: StaticType>() -> PyResult<()> {
        // SAFETY: the trait's promise.
        crate::types::type_::ensure_ready(unsafe { &*T::TYPE })
    }

    /// Makes a class ready and adds it to a module under its name.
    ///
    /// # Errors
    /// Those of making a type ready and of setting an attribute.
    pub fn add_class<T: StaticType>(module: &PyModule) -> PyResult<()> {
        // SAFETY: the trait's promise.
        let class: &'static PyTypeObject = unsafe { &*T::TYPE };
        crate::types::type_::type_ready(class)?;
        module.add(T::NAME, class.to_obj())
    }
}
