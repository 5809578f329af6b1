//! The `is...` methods.

use super::data::{StrData, for_data};
use super::{CharUnit, PyStr, unicode};

impl PyStr {
    /// Not empty, and every character has the property.
    #[inline]
    fn all_chars(&self, property: impl Fn(u32) -> bool) -> bool {
        !self.is_empty() && for_data!(self.data(), s => s.iter().all(|c| property(c.to_u32())))
    }

    pub fn is_alpha(&self) -> bool {
        self.all_chars(unicode::is_alpha)
    }

    pub fn is_alnum(&self) -> bool {
        self.all_chars(unicode::is_alnum)
    }

    pub fn is_decimal(&self) -> bool {
        self.all_chars(unicode::is_decimal)
    }

    pub fn is_digit(&self) -> bool {
        self.all_chars(unicode::is_digit)
    }

    pub fn is_numeric(&self) -> bool {
        self.all_chars(unicode::is_numeric)
    }

    pub fn is_space(&self) -> bool {
        self.all_chars(unicode::is_space)
    }

    pub fn is_printable(&self) -> bool {
        self.is_empty() || self.all_chars(unicode::is_printable)
    }

    /// No uppercase or titlecase character, and at least one lowercase one.
    pub fn is_lower(&self) -> bool {
        let mut cased = false;
        for c in self.data().iter() {
            if unicode::is_upper(c) || unicode::is_title(c) {
                return false;
            }
            cased = cased || unicode::is_lower(c);
        }
        cased
    }

    /// No lowercase or titlecase character, and at least one uppercase one.
    pub fn is_upper(&self) -> bool {
        let mut cased = false;
        for c in self.data().iter() {
            if unicode::is_lower(c) || unicode::is_title(c) {
                return false;
            }
            cased = cased || unicode::is_upper(c);
        }
        cased
    }

    /// Uppercase and titlecase characters only follow uncased ones, lowercase characters only cased ones.
    pub fn is_title(&self) -> bool {
        let mut cased = false;
        let mut previous_cased = false;
        for c in self.data().iter() {
            if unicode::is_upper(c) || unicode::is_title(c) {
                if previous_cased {
                    return false;
                }
                previous_cased = true;
                cased = true;
            } else if unicode::is_lower(c) {
                if !previous_cased {
                    return false;
                }
                cased = true;
            } else {
                previous_cased = false;
            }
        }
        cased
    }

    /// Could it be a name in Python source?
    pub fn is_identifier(&self) -> bool {
        let mut chars = self.data().iter();
        chars.next().is_some_and(unicode::is_id_start) && chars.all(unicode::is_id_continue)
    }

    /// All characters below 128 (as the type's state already tells).
    pub fn only_ascii(&self) -> bool {
        match self.data() {
            StrData::Latin1(_) => self.is_ascii(),
            _ => false,
        }
    }
}
