//! `_ast`: the classes of syntax trees. They, and the ways between trees, text and code, are the compiler's
//! (`rpy_vm::compile::ast`).

#[rpy_derive::pymodule(name = "_ast")]
pub mod ast_ {
    use rpy_vm::PyResult;
    use rpy_vm::compile::{ast, cf};
    use rpy_vm::types::module::PyModule;

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        ast::install();
        ast::add_to_module(module)?;
        module.add("PyCF_ALLOW_TOP_LEVEL_AWAIT", cf::ALLOW_TOP_LEVEL_AWAIT)?;
        module.add("PyCF_ONLY_AST", cf::ONLY_AST)?;
        module.add("PyCF_TYPE_COMMENTS", cf::TYPE_COMMENTS)?;
        module.add("PyCF_OPTIMIZED_AST", cf::OPTIMIZED_AST)
    }
}
