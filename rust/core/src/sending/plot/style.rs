//! How the picture looks. Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any
//! vision tell apart; text is in the colour of ink. No rule is needed to tell marks apart: shapes and dashes do so too.

/// The style sheet. Every rule is below the class of the picture, since a page that takes it in has rules of its own.
/// Colours are written out where they are used: not every program that shows SVG knows variables.
pub const STYLE: &str = "<style>
.rs-plot { font-family: sans-serif; max-width: 100%; height: auto; color-scheme: light dark; }
.rs-plot text { fill: #1b1f24; font-size: 13px; }
.rs-plot .paper { fill: #ffffff; }
.rs-plot .title { font-size: 22px; font-weight: bold; }
.rs-plot .name { font-size: 17px; font-weight: bold; }
.rs-plot .quiet { fill: #57606a; }
.rs-plot .strong { font-weight: bold; }
.rs-plot .mark text, .rs-plot .end { font-size: 12px; }
.rs-plot .mark text, .rs-plot .end, .rs-plot .caption { stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
.rs-plot .chart { fill: #f6f8fa; }
.rs-plot .later { fill: #d0d7de; fill-opacity: 0.35; }
.rs-plot .grid { stroke: #d0d7de; stroke-width: 1; fill: none; }
.rs-plot .base { stroke: #57606a; stroke-width: 1; fill: none; }
.rs-plot .area { fill: #0072b2; fill-opacity: 0.2; }
.rs-plot .line { stroke: #0072b2; stroke-width: 2; stroke-linejoin: round; fill: none; }
.rs-plot .limit { stroke: #1b1f24; stroke-width: 1.5; stroke-dasharray: 9 5; fill: none; }
.rs-plot .blocked { fill: #cc79a7; fill-opacity: 0.16; }
.rs-plot .hatch { stroke: #cc79a7; stroke-width: 1; fill: none; }
.rs-plot .mark path { fill: none; stroke-width: 2; }
.rs-plot .mark .shape { stroke: #ffffff; stroke-width: 1; }
.rs-plot .tripped path { stroke: #d55e00; stroke-dasharray: 2 3; }
.rs-plot .tripped .shape { fill: #d55e00; stroke-dasharray: none; }
.rs-plot .began path { stroke: #cc79a7; }
.rs-plot .began .shape { fill: #cc79a7; }
.rs-plot .unblocked path { stroke: #0072b2; stroke-dasharray: 8 4; }
.rs-plot .unblocked .shape { fill: #0072b2; stroke-dasharray: none; }
.rs-plot .released path { stroke: #009e73; stroke-dasharray: 10 3 2 3; }
.rs-plot .released .shape { fill: #009e73; stroke-dasharray: none; }
.rs-plot .again path { stroke: #57606a; stroke-dasharray: 1 4; stroke-linecap: round; }
.rs-plot .again .shape { fill: #ffffff; stroke: #57606a; stroke-width: 2; stroke-dasharray: none; }
@media screen and (prefers-color-scheme: dark) {
.rs-plot text { fill: #e6edf3; }
.rs-plot .paper { fill: #0d1117; }
.rs-plot .quiet { fill: #9da7b3; }
.rs-plot .mark text, .rs-plot .end, .rs-plot .caption { stroke: #0d1117; }
.rs-plot .chart { fill: #161b22; }
.rs-plot .later { fill: #484f58; }
.rs-plot .grid { stroke: #30363d; }
.rs-plot .base { stroke: #9da7b3; }
.rs-plot .area { fill: #56b4e9; }
.rs-plot .line { stroke: #56b4e9; }
.rs-plot .limit { stroke: #e6edf3; }
.rs-plot .blocked { fill-opacity: 0.22; }
.rs-plot .mark .shape { stroke: #0d1117; }
.rs-plot .unblocked path { stroke: #56b4e9; }
.rs-plot .unblocked .shape { fill: #56b4e9; }
.rs-plot .again path { stroke: #9da7b3; }
.rs-plot .again .shape { fill: #0d1117; stroke: #9da7b3; }
}
@media print {
.rs-plot .paper { fill: none; }
.rs-plot .chart { fill: none; }
.rs-plot text { fill: #000000; }
.rs-plot .grid { stroke: #bbbbbb; }
.rs-plot .limit { stroke: #000000; }
}
</style>
<defs><pattern id=\"rs-hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V7\"/></pattern></defs>";
