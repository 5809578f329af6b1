//! What the processor can do beyond the architecture's base.

/// Features that change the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cpu {
    /// Three-operand forms of floating point instructions.
    pub avx: bool,
    /// Vectors of 256 bits.
    pub avx2: bool,
    /// Shifts by any register.
    pub bmi2: bool,
}

impl Cpu {
    /// Nothing beyond SSE2.
    pub const BASE: Cpu = Cpu { avx: false, avx2: false, bmi2: false };

    /// The processor this runs on.
    pub fn detect() -> Cpu {
        Cpu {
            avx: std::is_x86_feature_detected!("avx"),
            avx2: std::is_x86_feature_detected!("avx2"),
            bmi2: std::is_x86_feature_detected!("bmi2"),
        }
    }
}
