//! The settings as a whole: sources, forms, places, the report, reloads.

mod clean;
mod pipes;
mod places;
mod reload;
mod report;
mod sources;
mod values;
