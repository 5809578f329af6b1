//! The C library: functions of `libexpat.so.1`, found when `pyexpat` is imported.

use core::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_ulonglong, c_void};
use std::sync::OnceLock;

use crate::shared_library::SharedLibrary;

/// `XML_Parser`.
pub type Handle = *mut c_void;
/// Text: UTF-8.
pub type Text = *const c_char;
/// The user data that callbacks get.
pub type User = *mut c_void;

/// `XML_STATUS_ERROR`, and what a handler returns to stop the parser.
pub const STATUS_ERROR: c_int = 0;
/// `XML_STATUS_OK`.
pub const STATUS_OK: c_int = 1;

/// `XML_Content`: what may stand in an element.
#[repr(C)]
pub struct Content {
    pub kind: c_int,
    pub quantifier: c_int,
    pub name: Text,
    pub count: c_uint,
    pub children: *mut Content,
}

/// `XML_Encoding`: how an unknown encoding maps bytes to characters.
#[repr(C)]
pub struct Encoding {
    pub map: [c_int; 256],
    pub data: *mut c_void,
    pub convert: Option<unsafe extern "C" fn(*mut c_void, Text) -> c_int>,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// `XML_Expat_Version`.
#[repr(C)]
pub struct Version {
    pub major: c_int,
    pub minor: c_int,
    pub micro: c_int,
}

/// `XML_Feature`.
#[repr(C)]
pub struct Feature {
    pub id: c_int,
    pub name: Text,
    pub value: c_long,
}

/// Functions of handlers.
pub mod callback {
    use super::*;

    pub type Start = unsafe extern "C" fn(User, Text, *const Text);
    pub type Name = unsafe extern "C" fn(User, Text);
    pub type Data = unsafe extern "C" fn(User, Text, c_int);
    pub type Pair = unsafe extern "C" fn(User, Text, Text);
    pub type Plain = unsafe extern "C" fn(User);
    pub type Answer = unsafe extern "C" fn(User) -> c_int;
    pub type Names4 = unsafe extern "C" fn(User, Text, Text, Text, Text);
    pub type Names5 = unsafe extern "C" fn(User, Text, Text, Text, Text, Text);
    pub type External = unsafe extern "C" fn(Handle, Text, Text, Text, Text) -> c_int;
    pub type Doctype = unsafe extern "C" fn(User, Text, Text, Text, c_int);
    pub type Entity = unsafe extern "C" fn(User, Text, c_int, Text, c_int, Text, Text, Text, Text);
    pub type Declaration = unsafe extern "C" fn(User, Text, Text, c_int);
    pub type Element = unsafe extern "C" fn(User, Text, *mut Content);
    pub type Attlist = unsafe extern "C" fn(User, Text, Text, Text, Text, c_int);
    pub type Skipped = unsafe extern "C" fn(User, Text, c_int);
    pub type UnknownEncoding = unsafe extern "C" fn(*mut c_void, Text, *mut Encoding) -> c_int;
}

macro_rules! functions {
    (
        required { $($field:ident = $symbol:literal ($($arg:ty),*) $(-> $result:ty)?;)* }
        optional { $($late:ident = $late_symbol:literal ($($late_arg:ty),*) $(-> $late_result:ty)?;)* }
    ) => {
        /// The library's functions.
        pub struct Expat {
            $(pub $field: unsafe extern "C" fn($($arg),*) $(-> $result)?,)*
            $(pub $late: Option<unsafe extern "C" fn($($late_arg),*) $(-> $late_result)?>,)*
        }

        impl Expat {
            fn load() -> Result<Expat, String> {
                let library = SharedLibrary::open(c"libexpat.so.1")?;
                // SAFETY: the types are those of the library's header.
                unsafe {
                    Ok(Expat {
                        $($field: library.function($symbol)?,)*
                        $($late: library.function($late_symbol).ok(),)*
                    })
                }
            }
        }
    };
}

functions! {
    required {
        create = c"XML_ParserCreate_MM" (Text, *const c_void, Text) -> Handle;
        create_external = c"XML_ExternalEntityParserCreate" (Handle, Text, Text) -> Handle;
        free = c"XML_ParserFree" (Handle);
        set_user_data = c"XML_SetUserData" (Handle, User);
        parse = c"XML_Parse" (Handle, Text, c_int, c_int) -> c_int;
        set_encoding = c"XML_SetEncoding" (Handle, Text) -> c_int;
        set_base = c"XML_SetBase" (Handle, Text) -> c_int;
        base = c"XML_GetBase" (Handle) -> Text;
        error_code = c"XML_GetErrorCode" (Handle) -> c_int;
        error_string = c"XML_ErrorString" (c_int) -> Text;
        line = c"XML_GetCurrentLineNumber" (Handle) -> c_ulong;
        column = c"XML_GetCurrentColumnNumber" (Handle) -> c_ulong;
        byte_index = c"XML_GetCurrentByteIndex" (Handle) -> c_long;
        input_context = c"XML_GetInputContext" (Handle, *mut c_int, *mut c_int) -> Text;
        specified_attributes = c"XML_GetSpecifiedAttributeCount" (Handle) -> c_int;
        set_triplets = c"XML_SetReturnNSTriplet" (Handle, c_int);
        use_foreign_dtd = c"XML_UseForeignDTD" (Handle, c_uchar) -> c_int;
        set_param_entity_parsing = c"XML_SetParamEntityParsing" (Handle, c_int) -> c_int;
        free_content = c"XML_FreeContentModel" (Handle, *mut Content);
        version = c"XML_ExpatVersion" () -> Text;
        version_info = c"XML_ExpatVersionInfo" () -> Version;
        features = c"XML_GetFeatureList" () -> *const Feature;
        on_unknown_encoding = c"XML_SetUnknownEncodingHandler" (Handle, Option<callback::UnknownEncoding>, *mut c_void);
        on_start_element = c"XML_SetStartElementHandler" (Handle, Option<callback::Start>);
        on_end_element = c"XML_SetEndElementHandler" (Handle, Option<callback::Name>);
        on_instruction = c"XML_SetProcessingInstructionHandler" (Handle, Option<callback::Pair>);
        on_character_data = c"XML_SetCharacterDataHandler" (Handle, Option<callback::Data>);
        on_unparsed_entity = c"XML_SetUnparsedEntityDeclHandler" (Handle, Option<callback::Names5>);
        on_notation = c"XML_SetNotationDeclHandler" (Handle, Option<callback::Names4>);
        on_start_namespace = c"XML_SetStartNamespaceDeclHandler" (Handle, Option<callback::Pair>);
        on_end_namespace = c"XML_SetEndNamespaceDeclHandler" (Handle, Option<callback::Name>);
        on_comment = c"XML_SetCommentHandler" (Handle, Option<callback::Name>);
        on_start_cdata = c"XML_SetStartCdataSectionHandler" (Handle, Option<callback::Plain>);
        on_end_cdata = c"XML_SetEndCdataSectionHandler" (Handle, Option<callback::Plain>);
        on_default = c"XML_SetDefaultHandler" (Handle, Option<callback::Data>);
        on_default_expand = c"XML_SetDefaultHandlerExpand" (Handle, Option<callback::Data>);
        on_not_standalone = c"XML_SetNotStandaloneHandler" (Handle, Option<callback::Answer>);
        on_external_entity = c"XML_SetExternalEntityRefHandler" (Handle, Option<callback::External>);
        on_start_doctype = c"XML_SetStartDoctypeDeclHandler" (Handle, Option<callback::Doctype>);
        on_end_doctype = c"XML_SetEndDoctypeDeclHandler" (Handle, Option<callback::Plain>);
        on_entity = c"XML_SetEntityDeclHandler" (Handle, Option<callback::Entity>);
        on_declaration = c"XML_SetXmlDeclHandler" (Handle, Option<callback::Declaration>);
        on_element_declaration = c"XML_SetElementDeclHandler" (Handle, Option<callback::Element>);
        on_attlist = c"XML_SetAttlistDeclHandler" (Handle, Option<callback::Attlist>);
        on_skipped_entity = c"XML_SetSkippedEntityHandler" (Handle, Option<callback::Skipped>);
    }
    optional {
        set_reparse_deferral = c"XML_SetReparseDeferralEnabled" (Handle, c_uchar) -> c_uchar;
        set_amplification_threshold = c"XML_SetBillionLaughsAttackProtectionActivationThreshold" (Handle, c_ulonglong) -> c_uchar;
        set_amplification_factor = c"XML_SetBillionLaughsAttackProtectionMaximumAmplification" (Handle, f32) -> c_uchar;
    }
}

static EXPAT: OnceLock<Result<Expat, String>> = OnceLock::new();

/// The library, or why it cannot be used.
pub fn expat() -> Result<&'static Expat, &'static str> {
    EXPAT.get_or_init(Expat::load).as_ref().map_err(String::as_str)
}
