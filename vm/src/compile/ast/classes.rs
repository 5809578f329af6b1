//! The Python classes of the nodes, made from the grammar's table when they are first needed.

use core::cell::OnceCell;
use std::collections::HashMap;

use super::grammar::{Field, FieldType, Group, Kind, Quantity};
use super::object::PyAst;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ClassImpl, ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, shape};
use crate::protocol::call;
use crate::types::descr::doc::c_text;
use crate::types::dict::PyDict;
use crate::types::generic_alias;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::types::type_::{lookup, ready, slotdefs};
use crate::types::union;
use crate::{none, none_ref};

/// The class of a kind of node, with what building and reading nodes needs to know.
pub struct KindClass {
    pub class: Ref<PyTypeObject>,
    pub fields: Vec<(&'static PyStr, Field)>,
    /// The one instance, of operators and contexts.
    singleton: Option<ObjRef>,
}

/// All classes.
pub struct Classes {
    base: Ref<PyTypeObject>,
    groups: Vec<Ref<PyTypeObject>>,
    kinds: Vec<KindClass>,
    by_class: HashMap<*const PyTypeObject, Kind>,
}

/// Where a node stands in the source: lines from 1, columns in UTF-8 bytes from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    pub line: i32,
    pub column: i32,
    pub end_line: i32,
    pub end_column: i32,
}

struct Slot(OnceCell<Classes>);
// SAFETY: used under the GIL.
unsafe impl Sync for Slot {}
static CLASSES: Slot = Slot(OnceCell::new());

/// The classes, made if this is the first use.
///
/// # Errors
/// What making a class raises.
pub fn classes() -> PyResult<&'static Classes> {
    if let Some(classes) = CLASSES.0.get() {
        return Ok(classes);
    }
    let made = make_classes()?;
    Ok(CLASSES.0.get_or_init(|| made))
}

/// Puts the classes into the module.
///
/// # Errors
/// What making a class raises.
pub fn add_to_module(module: &PyModule) -> PyResult<()> {
    let classes = classes()?;
    let add = |class: &PyTypeObject| module.dict().set_name(class.name(), class.as_object().new_ref());
    add(&classes.base);
    for &group in Group::ALL {
        if !group.is_single() {
            add(&classes.groups[group as usize]);
        }
        for &kind in group.kinds() {
            add(&classes.kinds[kind as usize].class);
        }
    }
    Ok(())
}

/// Is it the class `expr_context`?
pub fn is_context_class(object: &PyObject) -> bool {
    CLASSES.0.get().is_some_and(|c| object.is(c.groups[Group::ExprContext as usize].as_object()))
}

/// Is it a node of any class?
pub fn is_node(object: &PyObject) -> bool {
    CLASSES.0.get().is_some_and(|c| object.ty().is_subtype(&c.base))
}

/// The one instance of an operator or a context.
///
/// # Errors
/// `SystemError` for other kinds.
pub fn singleton(kind: Kind) -> PyResult<ObjRef> {
    let class = &classes()?.kinds[kind as usize];
    class.singleton.clone().ok_or_else(|| exc::system_error("a node with fields has no single instance"))
}

impl Classes {
    /// The class of a kind.
    pub fn of(&self, kind: Kind) -> &KindClass {
        &self.kinds[kind as usize]
    }

    /// The kind of a node, also of an instance of a subclass.
    pub fn kind_of(&self, node: &PyObject) -> Option<Kind> {
        let class = node.ty();
        if let Some(&kind) = self.by_class.get(&(class as *const PyTypeObject)) {
            return Some(kind);
        }
        let mro = class.tp_mro.get()?;
        mro.items()
            .iter()
            .find_map(|&base| self.by_class.get(&(base as *const PyObject as *const PyTypeObject)).copied())
    }

    /// A new node.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn node(&self, kind: Kind, values: &[ObjRef], place: Option<Place>) -> PyResult<ObjRef> {
        let class = self.of(kind);
        debug_assert_eq!(class.fields.len(), values.len(), "{kind:?}");
        let node = allocate(&class.class)?;
        // SAFETY: classes made by `type()` without slots have MANAGED_DICT.
        unsafe {
            for ((name, _), value) in class.fields.iter().zip(values) {
                shape::set_attr(&node, name, Some(value))?;
            }
            if let Some(place) = place {
                shape::set_attr(&node, intern!("lineno"), Some(&*int(place.line)))?;
                shape::set_attr(&node, intern!("col_offset"), Some(&*int(place.column)))?;
                shape::set_attr(&node, intern!("end_lineno"), Some(&*int(place.end_line)))?;
                shape::set_attr(&node, intern!("end_col_offset"), Some(&*int(place.end_column)))?;
            }
        }
        Ok(node)
    }
}

/// An `int`.
pub fn int(value: i32) -> ObjRef {
    PyInt::from_i64(i64::from(value)).into_obj()
}

fn allocate(class: &PyTypeObject) -> PyResult<ObjRef> {
    let Some(alloc) = class.tp_alloc.get() else {
        return Err(exc::system_error("a class without an allocator"));
    };
    // SAFETY: calling the slot of a ready class as C would.
    unsafe { ObjRef::from_c_result(alloc(class as *const PyTypeObject as *mut PyTypeObject, 0)) }
}

fn tuple_of(names: impl Iterator<Item = &'static str>) -> ObjRef {
    PyTuple::new(names.map(|name| PyStr::intern_static(name).as_object().new_ref()).collect()).into_obj()
}

/// `type(name, (base,), namespace)`.
fn make_class(name: &str, base: &PyTypeObject, namespace: &PyDict) -> PyResult<Ref<PyTypeObject>> {
    namespace.set_str(intern!("__module__"), intern!("ast").as_object())?;
    let name = PyStr::interned(name);
    let bases = PyTuple::from_slice(&[base.as_object()]);
    let args = [name.as_object(), bases.as_object(), namespace.as_object()];
    let class = call::call(PyTypeObject::type_object().as_object(), &args)?;
    class.downcast().map_err(|_| exc::system_error("type() gave something else"))
}

/// `AST`: methods and slots come from its definition.
fn make_base() -> PyResult<Ref<PyTypeObject>> {
    let namespace = PyDict::new();
    namespace.set_str(intern!("__doc__"), none_ref())?;
    for name in ["_fields", "__match_args__", "_attributes"] {
        namespace.set_name(name, PyTuple::empty().into_obj());
    }
    let class = make_class("AST", &crate::types::object::PyBaseObject_Type, &namespace)?;
    let slots = <PyAst as ClassImpl>::SLOTS;
    class.tp_init.set(slots.tp_init);
    class.tp_repr.set(slots.tp_repr);
    // Errors name the class with its module, as that of a static type.
    class.tp_name.set(c"ast.AST".as_ptr());
    slotdefs::add_wrappers_if(&class, |name| matches!(name, "__init__" | "__repr__"))?;
    if let Some(dict) = class.tp_dict.get() {
        let mut def = <PyAst as ClassImpl>::METHODS;
        // SAFETY: the table is static and ends with a null name.
        unsafe {
            while !def.is_null() && !(*def).ml_name.is_null() {
                debug_assert!(c_text((*def).ml_name).is_some());
                ready::add_method(&class, &dict, def)?;
                def = def.add(1);
            }
        }
    }
    lookup::type_modified(&class);
    Ok(class)
}

fn make_classes() -> PyResult<Classes> {
    let base = make_base()?;
    let mut groups = Vec::new();
    let mut kinds = Vec::new();
    for &group in Group::ALL {
        let group_class = match group.is_single() {
            true => None,
            false => Some(make_group(group, &base)?),
        };
        for &kind in group.kinds() {
            let class = make_kind(kind, group_class.as_deref().unwrap_or(&base))?;
            let fields = kind.fields().into_iter().map(|field| (PyStr::intern_static(field.name), field)).collect();
            let plain = !group.has_place() && group.kinds().iter().all(|kind| kind.signature().is_empty());
            let singleton = if plain { Some(allocate(&class)?) } else { None };
            kinds.push(KindClass { class, fields, singleton });
        }
        groups.push(group_class.unwrap_or_else(|| kinds[group.kinds()[0] as usize].class.clone()));
    }
    for class in &kinds {
        set_field_types(class, &groups)?;
    }
    let by_class = Kind::ALL.iter().map(|&kind| (&*kinds[kind as usize].class as *const PyTypeObject, kind)).collect();
    Ok(Classes { base, groups, kinds, by_class })
}

fn add_attributes(group: Group, namespace: &PyDict) {
    namespace.set_name("_attributes", tuple_of(group.attributes().iter().map(|&(name, _)| name)));
    for &(name, optional) in group.attributes() {
        if optional {
            namespace.set_name(name, none());
        }
    }
}

fn make_group(group: Group, base: &PyTypeObject) -> PyResult<Ref<PyTypeObject>> {
    let namespace = PyDict::new();
    namespace.set_name("_fields", PyTuple::empty().into_obj());
    namespace.set_name("__match_args__", PyTuple::empty().into_obj());
    namespace.set_name("__doc__", PyStr::from_string(group.doc()).into_obj());
    add_attributes(group, &namespace);
    make_class(group.name(), base, &namespace)
}

fn make_kind(kind: Kind, base: &PyTypeObject) -> PyResult<Ref<PyTypeObject>> {
    let namespace = PyDict::new();
    let fields = kind.fields();
    let names = tuple_of(fields.iter().map(|field| field.name));
    namespace.set_name("_fields", names.clone());
    namespace.set_name("__match_args__", names);
    namespace.set_name("__doc__", PyStr::from_string(kind.doc()).into_obj());
    for field in &fields {
        if field.quantity == Quantity::Optional {
            namespace.set_name(field.name, none());
        }
    }
    if kind.group().is_single() {
        add_attributes(kind.group(), &namespace);
    }
    make_class(kind.name(), base, &namespace)
}

/// `_field_types`, which is also `__annotations__`.
fn set_field_types(class: &KindClass, groups: &[Ref<PyTypeObject>]) -> PyResult<()> {
    let types = PyDict::new();
    for (name, field) in &class.fields {
        let one = match field.ty {
            FieldType::Identifier | FieldType::String => crate::types::str::PyUnicode_Type.as_object(),
            FieldType::Int => PyInt::type_object().as_object(),
            FieldType::Constant => crate::types::object::PyBaseObject_Type.as_object(),
            FieldType::Node(group) => groups[group as usize].as_object(),
        };
        let or_none = || union::type_or(one, none_ref());
        let list_of = |item: &PyObject| generic_alias::new(PyList::type_object().as_object(), item);
        let ty = match field.quantity {
            Quantity::One => one.new_ref(),
            Quantity::Optional => or_none()?,
            Quantity::Many | Quantity::ManyOptional => list_of(one)?,
        };
        types.set_str(name, &ty)?;
    }
    let class = class.class.as_object();
    crate::protocol::object::setattr(class, intern!("_field_types"), Some(types.as_object()))?;
    crate::protocol::object::setattr(class, intern!("__annotations__"), Some(types.as_object()))
}
