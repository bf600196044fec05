//! The daemon behind `photoprismd`.
