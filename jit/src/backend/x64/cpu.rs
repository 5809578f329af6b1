//! What the processor can do beyond the architecture's base.

/// Features that change the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cpu {
    /// Three-operand forms of floating point instructions.
    pub avx: bool,
    /// Shifts by any register.
    pub bmi2: bool,
}

impl Cpu {
    /// Nothing beyond SSE2.
    pub const BASE: Cpu = Cpu { avx: false, bmi2: false };

    /// The processor this runs on.
    pub fn detect() -> Cpu {
        Cpu { avx: std::is_x86_feature_detected!("avx"), bmi2: std::is_x86_feature_detected!("bmi2") }
    }
}
