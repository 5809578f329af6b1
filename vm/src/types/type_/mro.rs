//! The method resolution order: C3 linearization, and a metaclass's own `mro()`.

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol;
use crate::types::tuple::PyTuple;
use crate::types::type_::layout::solid_base;
use crate::types::type_::{PyType_Type, lookup, ready};

/// `type.mro()`: the C3 linearization of a type over its bases.
pub fn linearize(ty: &PyTypeObject) -> PyResult<Vec<ObjRef>> {
    let Some(bases) = ty.tp_bases.get() else {
        return Ok(vec![ty.to_obj()]);
    };
    let mut sequences: Vec<Vec<ObjRef>> = Vec::with_capacity(bases.len() + 1);
    for base in bases.items() {
        let Some(base) = base.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error("bases must be types"));
        };
        let Some(mro) = base.tp_mro.get() else {
            return Err(exc::type_error(format!("Cannot extend an incomplete type '{}'", base.full_name())));
        };
        sequences.push(mro.items().iter().map(|t| t.new_ref()).collect());
    }
    let mut result = vec![ty.to_obj()];
    if let [only] = sequences.as_mut_slice() {
        result.append(only);
        return Ok(result);
    }
    let own: Vec<ObjRef> = bases.items().iter().map(|t| t.new_ref()).collect();
    for (i, base) in own.iter().enumerate() {
        if own[..i].iter().any(|b| b.is(base)) {
            // SAFETY: checked to be types above.
            let base: &PyTypeObject = unsafe { base.cast_unchecked_ref() };
            return Err(exc::type_error(format!("duplicate base class {}", base.name())));
        }
    }
    sequences.push(own);
    merge(&sequences, &mut result)?;
    Ok(result)
}

/// C3: repeatedly takes the first head that stands in no other sequence's tail.
fn merge(sequences: &[Vec<ObjRef>], result: &mut Vec<ObjRef>) -> PyResult<()> {
    let mut at = vec![0usize; sequences.len()];
    loop {
        let mut candidate = None;
        let mut open = false;
        for (sequence, &start) in sequences.iter().zip(&at) {
            let Some(head) = sequence.get(start) else { continue };
            open = true;
            let in_a_tail = sequences
                .iter()
                .zip(&at)
                .any(|(other, &from)| other.get(from + 1..).is_some_and(|tail| tail.iter().any(|t| t.is(head))));
            if !in_a_tail {
                candidate = Some(head.clone());
                break;
            }
        }
        match candidate {
            Some(next) => {
                for (sequence, start) in sequences.iter().zip(at.iter_mut()) {
                    if sequence.get(*start).is_some_and(|t| t.is(&next)) {
                        *start += 1;
                    }
                }
                result.push(next);
            }
            None if open => return Err(conflict(sequences, &at)),
            None => return Ok(()),
        }
    }
}

#[cold]
fn conflict(sequences: &[Vec<ObjRef>], at: &[usize]) -> crate::PyErr {
    let mut heads: Vec<&ObjRef> = Vec::new();
    for (sequence, &start) in sequences.iter().zip(at) {
        if let Some(head) = sequence.get(start)
            && !heads.iter().any(|h| h.is(head))
        {
            heads.push(head);
        }
    }
    let names: Vec<String> = heads
        .iter()
        .map(|h| match h.downcast_ref::<PyTypeObject>() {
            Some(ty) => ty.name().to_owned(),
            None => "?".to_owned(),
        })
        .collect();
    exc::type_error(format!("Cannot create a consistent method resolution order (MRO) for bases {}", names.join(", ")))
}

/// Computes a type's MRO, through its metaclass's `mro()` if that is overridden, and installs it. The old MRO is given back.
pub(crate) fn set_mro(ty: &PyTypeObject) -> PyResult<Option<Ref<PyTuple>>> {
    let metatype = ty.as_object().ty();
    let custom = !core::ptr::eq(metatype, &raw const PyType_Type) && overrides_mro(metatype);
    let old = ty.tp_mro.get();
    let mro = if custom {
        let made = protocol::call::call_method(ty.as_object(), crate::intern!("mro"), &[])?;
        let mro = protocol::sequence::to_tuple(&made)?;
        check_custom(ty, &mro)?;
        mro
    } else {
        PyTuple::new(linearize(ty)?)
    };
    // The custom mro() may have set `__bases__`, and with that an MRO that is newer than ours.
    let unchanged = match (&old, ty.tp_mro.get()) {
        (None, None) => true,
        (Some(a), Some(b)) => core::ptr::eq(a.as_raw(), b.as_raw()),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if !unchanged {
        return Ok(None);
    }
    lookup::type_modified(ty);
    ty.tp_mro.set(Some(mro));
    if custom {
        // What such an MRO says may change without the bases changing.
        ty.tp_version_tag.set(0);
        ty.tp_versions_used.set(lookup::NEVER_VERSIONED);
    }
    Ok(old)
}

/// Does the metatype define a `mro` method other than `type.mro`?
fn overrides_mro(metatype: &PyTypeObject) -> bool {
    let name = crate::intern!("mro");
    let default = PyType_Type.tp_dict.peek().and_then(|d| d.get_str(name));
    match (lookup::lookup(metatype, name), default) {
        (Some(found), Some(default)) => !found.is(&default),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn check_custom(ty: &PyTypeObject, mro: &PyTuple) -> PyResult<()> {
    if mro.len() == 0 {
        return Err(exc::type_error("type MRO must not be empty"));
    }
    let solid = solid_base(ty);
    for item in mro.items() {
        let Some(base) = item.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error(format!("mro() returned a non-class ('{}')", item.ty().full_name())));
        };
        if !solid.is_subtype(solid_base(base)) {
            return Err(exc::type_error(format!(
                "mro() returned base with unsuitable layout ('{}')",
                base.full_name()
            )));
        }
    }
    Ok(())
}

/// Recomputes the MROs of a type and of everything derived from it, after its bases changed. On failure all are put back.
pub(crate) fn update_hierarchy(ty: &PyTypeObject) -> PyResult<()> {
    let mut done: Vec<(Ref<PyTypeObject>, Option<Ref<PyTuple>>)> = Vec::new();
    let result = update_recursively(ty, &mut done);
    if result.is_err() {
        for (ty, old) in done.into_iter().rev() {
            if old.is_some() {
                lookup::type_modified(&ty);
                ty.tp_mro.set(old);
            }
        }
    }
    result
}

fn update_recursively(ty: &PyTypeObject, done: &mut Vec<(Ref<PyTypeObject>, Option<Ref<PyTuple>>)>) -> PyResult<()> {
    let old = set_mro(ty)?;
    let reentered = old.is_none();
    done.push((ty.to_ref(), old));
    if reentered {
        return Ok(());
    }
    for subclass in super::subclasses::list(ty) {
        update_recursively(&subclass, done)?;
    }
    Ok(())
}

/// `type.mro(cls)` as called from Python.
pub(crate) fn mro_method(cls: &PyObject) -> PyResult<Vec<ObjRef>> {
    // SAFETY: the descriptor has checked that it is a type.
    let ty: &PyTypeObject = unsafe { cls.cast_unchecked_ref() };
    debug_assert!(PyTypeObject::check(cls));
    ready::ensure_ready(ty)?;
    linearize(ty)
}
